#include "mechanisms/position.hpp"

#include <fmt/format.h>

#include <bit>
#include <cmath>

#include "attn_viz/core/error.hpp"

namespace attn_viz {
namespace {

using Shape = std::vector<std::size_t>;

void expect_shape(const Tensor& tensor, const Shape& expected, std::string_view meaning,
                  const std::string& place) {
  const Shape got = tensor.shape();
  if (got == expected) return;
  Error error(ErrorCode::kInvalid, fmt::format("expected shape {} ({}), got {}",
                                               shape_text(expected), meaning, shape_text(got)));
  if (got.size() == 2 && got == Shape(expected.rbegin(), expected.rend())) {
    error.hint("it looks transposed");
  }
  throw error.at(place);
}

Error invalid(const std::string& place, std::string message) {
  Error error(ErrorCode::kInvalid, std::move(message));
  error.at(place);
  return error;
}

std::string_view name_of(PositionType type) {
  return kPositionNames[static_cast<std::size_t>(type)];
}

// ---- added to the embeddings ----

void check_table(const Tensor& table, std::size_t n, std::size_t d, const std::string& of,
                 const std::string& place) {
  if (table.columns() != d) {
    throw invalid(place, fmt::format("expected rows of {} numbers (one for each column of {}), "
                                     "got {}",
                                     d, of, table.columns()));
  }
  if (table.rows() < n) {
    throw invalid(place, fmt::format("expected at least {} rows (one for each row of {}), got {}",
                                     n, of, table.rows()))
        .hint("a learned table ends; \"sinusoidal\" goes on for ever");
  }
}

void check_flow(const FlowSettings& flow, std::size_t d, const std::string& place) {
  expect_shape(flow.initial, {d}, "embedding", place + "/initial");
  const std::size_t r = flow.w_2 ? flow.w_1.columns() : d;
  expect_shape(flow.w_1, {d + 1, r},
               flow.w_2 ? "embedding and time × hidden size" : "embedding and time × embedding",
               place + "/W_1");
  if (flow.b_1) expect_shape(*flow.b_1, {r}, "columns of W_1", place + "/b_1");
  if (flow.w_2 && flow.w_2->shape() != Shape{r + 1, d}) {
    expect_shape(*flow.w_2, {r, d}, "hidden size × embedding", place + "/W_2");
  }
  if (flow.b_2) {
    if (!flow.w_2) throw invalid(place + "/b_2", "expected W_2 beside b_2");
    expect_shape(*flow.b_2, {d}, "embedding", place + "/b_2");
  }
}

/// Checks one sequence of n rows of d numbers.
/// @param of  its place in the document: "/embeddings".
void check_sequence(const PositionSettings& settings, const Tensor& rows, const AxisInfo& axis,
                    const std::string& of, const std::string& place) {
  if (settings.type == PositionType::kSinusoidal2d) {
    if (!axis.grid) {
      throw invalid(place, fmt::format("\"sinusoidal-2d\" needs patches, but {} has tokens", of))
          .hint(
              "give \"patches\" (rows and columns) instead of \"tokens\", or take \"sinusoidal\"");
    }
    if (rows.columns() % 2 != 0) {
      throw invalid(place,
                    fmt::format("\"sinusoidal-2d\" needs an even number of columns (half "
                                "for the row of a patch, half for its column), but {} has {}",
                                of, rows.columns()));
    }
  }
  if (settings.type == PositionType::kLearned) {
    check_table(settings.table.value(), rows.rows(), rows.columns(), of, place + "/table");
  }
  if (settings.type == PositionType::kFloater) {
    check_flow(settings.flow.value(), rows.columns(), place);
  }
}

/// The parameters of an added encoding as steps, in the order in which the operation reads them.
std::vector<StepId> record_added_parameters(Recorder& input, const PositionSettings& settings,
                                            Attributes& constants) {
  std::vector<StepId> steps;
  if (settings.type == PositionType::kLearned) {
    steps.push_back(input.parameter("position_table", "T", settings.table.value()));
  }
  if (settings.type != PositionType::kFloater) return steps;
  const FlowSettings& flow = settings.flow.value();
  std::vector<std::string> names;
  const auto give = [&](const char* name, const Tensor& value) {
    steps.push_back(input.parameter(fmt::format("position_{}", name), name, value));
    names.emplace_back(name);
  };
  give("p_0", flow.initial);
  give("W_1", flow.w_1);
  if (flow.b_1) give("b_1", *flow.b_1);
  if (flow.w_2) give("W_2", *flow.w_2);
  if (flow.b_2) give("b_2", *flow.b_2);
  constants.set("parameters", names);
  return steps;
}

/// Constants of an added encoding, as steps and settings tell them.
Attributes constants_of_added(const PositionSettings& settings) {
  if (settings.type == PositionType::kLearned) return {};
  if (settings.type != PositionType::kFloater) return {{"base", settings.base}};
  const FlowSettings& flow = settings.flow.value();
  return {{"activation", flow.activation},
          {"step", flow.step},
          {"substeps", flow.substeps},
          {"method", flow.method}};
}

}  // namespace

bool adds_to_embeddings(PositionType type) {
  return type == PositionType::kSinusoidal || type == PositionType::kSinusoidal2d ||
         type == PositionType::kLearned || type == PositionType::kFloater;
}

void check_added(const PositionSettings& settings, const Problem& problem,
                 const std::string& place) {
  if (!adds_to_embeddings(settings.type)) return;
  check_sequence(settings, problem.embeddings, problem.axis, "/embeddings", place);
  if (!problem.context) return;
  check_sequence(settings, problem.context->embeddings, problem.context->axis,
                 "/context/embeddings", place);
}

PositionedSteps record_added(Recorder& input, const PositionSettings& settings, Sequence x,
                             std::optional<Sequence> y) {
  Attributes constants = constants_of_added(settings);
  const std::vector<StepId> parameters = record_added_parameters(input, settings, constants);
  const Operation& operation = *find_operation(name_of(settings.type));
  const auto add = [&](const Sequence& sequence, const std::string& prefix, const char* p_symbol,
                       const char* sum_symbol) {
    std::vector<StepId> read{sequence.rows};
    read.insert(read.end(), parameters.begin(), parameters.end());
    Attributes own = constants;
    if (settings.type == PositionType::kSinusoidal2d) {
      own.set("rows", sequence.grid->first);
      own.set("columns", sequence.grid->second);
    }
    const StepId p = input.step(prefix + "positions", p_symbol, operation, std::move(read), own);
    return input.step(prefix + "positioned", sum_symbol, ops::add, {sequence.rows, p});
  };
  const StepId x_p = add(x, "", "P", "X_P");
  return {x_p, y ? add(*y, "context_", "P_Y", "Y_P") : x_p};
}

// ---- of a head ----

namespace {

void check_even(std::size_t size, const char* what, const std::string& place) {
  if (size % 2 == 0) return;
  throw invalid(place, fmt::format("\"rope\" turns pairs of numbers and needs an even {} size, "
                                   "got {}",
                                   what, size))
      .hint("choose another number of heads, or another head_size");
}

void check_rope(const PositionSettings& settings, const PositionSizes& sizes,
                const std::string& place) {
  check_even(sizes.query, "query", place);
  check_even(sizes.key, "key", place);
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
                 "buckets × heads", table_place);
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
  expect_shape(*table, expected,
               fmt::format("{}2 · max_distance + 1 × {}", each ? "heads × " : "", meaning), place);
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
    const std::size_t reach = settings.max_distance.value_or((keys.size(keys.rank() - 2) - 1) / 2);
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
    return head.step("position_bias", "B", ops::alibi, {x, y}, {{"slope", position.slope}});
  }
  if (settings.type == PositionType::kT5) {
    return head.step("position_bias", "B", ops::t5_bias, {x, y, position.table.value()},
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

// ---- as a trace tells it ----

Attribute describe(const PositionSettings& settings, const std::vector<HeadPosition>& heads) {
  if (settings.type == PositionType::kNone) return "none";
  Attributes all{{"type", name_of(settings.type)}};
  const auto take = [&](const Attributes& constants) {
    for (const auto& [name, value] : constants) all.set(name, value);
  };
  if (adds_to_embeddings(settings.type)) take(constants_of_added(settings));
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
