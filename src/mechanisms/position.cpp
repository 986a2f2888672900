#include "mechanisms/position.hpp"

#include <fmt/format.h>

#include <bit>
#include <cmath>

#include "mechanisms/parameters.hpp"
#include "mechanisms/position_checks.hpp"

namespace attn_viz {

// ---- checks ----

namespace positions {

Error invalid(const std::string& place, std::string message) {
  Error error(ErrorCode::kInvalid, std::move(message));
  error.at(place);
  return error;
}

std::string_view name_of(PositionType type) {
  return kPositionNames[static_cast<std::size_t>(type)];
}

}  // namespace positions

namespace {

using positions::invalid;
using positions::name_of;

void check_rope(const PositionSettings& settings, const PositionSizes& sizes,
                const std::string& place) {
  for (const std::size_t size : {sizes.query, sizes.key}) {
    if (size % 2 == 0) continue;
    throw invalid(place, fmt::format("\"rope\" turns pairs of numbers and needs an even head size, "
                                     "got {}",
                                     size))
        .hint("choose another number of heads, or another head_size");
  }
  if (settings.frequencies.empty()) return;
  for (const std::size_t size : {sizes.query, sizes.key}) {
    if (settings.frequencies.size() == size / 2) continue;
    throw invalid(place + "/frequencies",
                  fmt::format("expected {} frequencies, one for each pair, got {}", size / 2,
                              settings.frequencies.size()));
  }
}

void resolve_t5(const PositionSettings& settings, std::vector<HeadPosition>& heads,
                const std::string& place) {
  const Tensor& table = settings.table.value();
  const std::string table_place = place + "/table";
  const std::size_t buckets = table.size(0);
  if (table.rank() == 2) {
    expect_shape(table, {buckets == heads.size() ? table.size(1) : buckets, heads.size()},
                 table_place, "buckets × heads");
  }
  constexpr std::size_t kMost = 4096;
  const std::size_t least = settings.bidirectional ? 4 : 2;
  if (buckets < least || buckets > kMost || (settings.bidirectional && buckets % 2 != 0)) {
    throw invalid(table_place,
                  fmt::format("expected {} number of buckets from {} to {}, got {}",
                              settings.bidirectional ? "an even" : "a", least, kMost, buckets))
        .hint(settings.bidirectional ? "half of them are for keys after the query" : "");
  }
  const std::size_t exact = buckets / (settings.bidirectional ? 4 : 2);
  if (settings.max_distance.value() <= exact) {
    throw invalid(
        place + "/max_distance",
        fmt::format("expected more than {}, up to which each distance has a bucket of its "
                    "own, got {}",
                    exact, *settings.max_distance));
  }
  for (std::size_t i = 0; i < heads.size(); ++i) {
    heads[i].table =
        table.rank() == 1 ? table : table.slice_columns(i, 1).with_axes({Axis{buckets}});
  }
}

/// Each head's relative vectors: one table for all, or one each.
void resolve_relative(const std::optional<Tensor>& table, std::optional<Tensor> HeadPosition::*part,
                      std::size_t reach, std::size_t size, std::string_view meaning,
                      std::vector<HeadPosition>& heads, const std::string& place) {
  if (!table) return;
  const bool each = table->rank() == 3;
  Shape expected{2 * reach + 1, size};
  if (each) expected.insert(expected.begin(), heads.size());
  expect_shape(*table, expected, place,
               fmt::format("{}2 · max_distance + 1 × {}", each ? "heads × " : "", meaning));
  for (std::size_t i = 0; i < heads.size(); ++i) heads[i].*part = each ? table->part(i) : *table;
}

}  // namespace

std::vector<double> alibi_slopes(std::size_t heads) {
  std::vector<double> slopes;
  const std::size_t power = std::bit_floor(heads);
  const auto slope = [](std::size_t h, std::size_t n) {
    return std::exp2(-8 * static_cast<double>(h) / static_cast<double>(n));
  };
  for (std::size_t h = 1; h <= power; ++h) slopes.push_back(slope(h, power));
  for (std::size_t h = 1; slopes.size() < heads; h += 2) slopes.push_back(slope(h, 2 * power));
  return slopes;
}

std::vector<HeadPosition> resolve_head_positions(const PositionSettings& settings, ScoreType score,
                                                 const PositionSizes& sizes,
                                                 const std::string& place) {
  std::vector<HeadPosition> heads(sizes.heads);
  if (settings.type == PositionType::kRope) check_rope(settings, sizes, place);
  if (settings.type == PositionType::kT5) resolve_t5(settings, heads, place);
  if (settings.type == PositionType::kAlibi) {
    const auto slopes = settings.slopes.empty() ? alibi_slopes(sizes.heads) : settings.slopes;
    if (slopes.size() != sizes.heads) {
      throw invalid(place + "/slopes",
                    fmt::format("expected {} slope{}, one for each head, got {}", sizes.heads,
                                sizes.heads == 1 ? "" : "s", slopes.size()));
    }
    for (std::size_t i = 0; i < sizes.heads; ++i) heads[i].slope = slopes[i];
  }
  if (settings.type == PositionType::kRelative) {
    if (score != ScoreType::kDotProduct && score != ScoreType::kScaledDotProduct) {
      throw invalid(place, fmt::format("\"relative\" changes the dot product, but the score is "
                                       "\"{}\"",
                                       kScoreNames[static_cast<std::size_t>(score)]))
          .hint("take the score \"scaled-dot-product\" or \"dot-product\"");
    }
    const Tensor& keys = settings.keys.value();
    const std::size_t distances = keys.size(keys.rank() - 2);
    if (!settings.max_distance && distances % 2 == 0) {
      throw invalid(place + "/keys",
                    fmt::format("expected an odd number of rows, for the distances from −K to K, "
                                "got {}",
                                distances));
    }
    const std::size_t reach = settings.max_distance.value_or(distances / 2);
    resolve_relative(settings.keys, &HeadPosition::keys, reach, sizes.key, "head size", heads,
                     place + "/keys");
    resolve_relative(settings.values, &HeadPosition::values, reach, sizes.value, "value size",
                     heads, place + "/values");
  }
  return heads;
}

HeadPositionSteps record_parameters(Recorder& head, HeadPosition position) {
  const auto give = [&](const char* name, const char* symbol,
                        std::optional<Tensor>& value) -> std::optional<StepId> {
    if (!value) return std::nullopt;
    return head.parameter(name, symbol, std::move(*value));
  };
  HeadPositionSteps steps{.slope = position.slope, .table = {}, .keys = {}, .values = {}};
  steps.table = give("position_table", "T", position.table);
  steps.keys = give("relative_keys", "a_K", position.keys);
  steps.values = give("relative_values", "a_V", position.values);
  return steps;
}

std::optional<StepId> record_bias(Recorder& head, const PositionSettings& settings,
                                  const HeadPositionSteps& position, StepId x, StepId y) {
  if (settings.type == PositionType::kAlibi) {
    return head.step(Role::kBias, "position_bias", "B", ops::alibi, {x, y},
                     {{"slope", position.slope}});
  }
  if (settings.type == PositionType::kT5) {
    return head.step(Role::kBias, "position_bias", "B", ops::t5_bias,
                     {x, y, position.table.value()},
                     {{"bidirectional", settings.bidirectional},
                      {"max_distance", settings.max_distance.value()}});
  }
  return std::nullopt;
}

Attributes rotation_of(const PositionSettings& settings) {
  Attributes constants{{"layout", settings.half_layout ? "half" : "interleaved"}};
  if (settings.frequencies.empty()) {
    constants.set("base", settings.base);
  } else {
    constants.set("frequencies", settings.frequencies);
  }
  return constants;
}

double position_numbers(const AttentionSettings& settings, const InputSizes& sizes,
                        std::size_t key_size) {
  const auto number = [](std::size_t size) { return static_cast<double>(size); };
  const double n = number(sizes.queries), m = number(sizes.keys);
  if (settings.key_position) {  // its own for queries, and for keys
    return 2 * (n * number(sizes.embedding) + m * number(sizes.context)) / number(settings.heads);
  }
  switch (settings.position.type) {
    case PositionType::kNone:
    case PositionType::kRelative:
      return 0;
    case PositionType::kRope:
      return (n + m) * number(key_size);
    case PositionType::kAlibi:
    case PositionType::kT5:  // the bias, and its sum with the scores
      return n * m * (settings.bias ? 1 : 2);
    default:  // added to the embeddings, once for all heads
      return 2 * (n * number(sizes.embedding) + m * number(sizes.context)) / number(settings.heads);
  }
}

// ---- as a trace tells it ----

Attribute describe(const PositionSettings& settings, const std::vector<HeadPosition>& heads) {
  if (settings.type == PositionType::kNone) return "none";
  Attributes all{{"type", name_of(settings.type)}};
  const auto take = [&](const Attributes& constants) {
    for (const auto& [name, value] : constants) all.set(name, value);
  };
  if (is_added(settings.type)) take(constants_of_added(settings));
  if (settings.to_queries_and_keys) all.set("add_to", "queries-and-keys");
  if (settings.type == PositionType::kRope) take(rotation_of(settings));
  if (settings.table) all.set("table", "given");
  if (settings.flow) {
    for (const char* name : {"initial", "W_1"}) all.set(name, "given");
    all.set("b_1", settings.flow->b_1 ? "given" : "none");
    all.set("W_2", settings.flow->w_2 ? "given" : "none");
    all.set("b_2", settings.flow->b_2 ? "given" : "none");
  }
  if (settings.type == PositionType::kAlibi) {
    std::vector<double> slopes;
    for (const HeadPosition& head : heads) slopes.push_back(head.slope);
    all.set("slopes", slopes);
  }
  if (settings.type == PositionType::kT5) {
    all.set("bidirectional", settings.bidirectional);
    all.set("max_distance", settings.max_distance.value());
  }
  if (settings.type == PositionType::kRelative) {
    all.set("max_distance", heads[0].keys->rows() / 2);
    all.set("keys", "given");
    all.set("values", settings.values ? "given" : "none");
  }
  return all;
}

}  // namespace attn_viz
