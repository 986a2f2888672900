// "mask": what hides keys.
#include <fmt/format.h>

#include <cmath>

#include "input/attention_settings.hpp"
#include "input/fields.hpp"

namespace attn_viz {

using json::Kind;
using json::Value;

namespace {

std::pair<double, double> read_window(const Value& value) {
  if (value.is(Kind::kNumbers) && value.node().shape == std::vector<std::size_t>{2}) {
    const auto left = value.node().numbers[0], right = value.node().numbers[1];
    const bool whole = left == std::floor(left) && right == std::floor(right);
    if (whole && left >= 0 && right >= 0) return {left, right};
  }
  throw value.unexpected("[left, right], two whole numbers ≥ 0");
}

/// Refuses what is no index; whether it is small enough, the mechanism checks.
void expect_index(double number, const std::string& place) {
  if (number >= 0 && number == std::floor(number)) return;
  const std::string got = std::isfinite(number) ? fmt::format("{}", number) : "null";
  throw Error(ErrorCode::kInvalid, fmt::format("expected a whole number ≥ 0, got {}", got))
      .at(place);
}

Tensor read_edges(const Value& value, DType dtype) {
  Tensor edges = value.tensor(2, "a list of [query, key]", dtype);
  if (edges.columns() != 2 || edges.count() == 0) throw value.unexpected("a list of [query, key]");
  for (std::size_t i = 0; i < edges.count(); ++i) {
    expect_index(edges.at(i), fmt::format("{}/{}/{}", value.pointer(), i / 2, i % 2));
  }
  return edges;
}

std::vector<double> read_tokens(const Value& value) {
  const Tensor tokens = value.tensor(1, "a list of tokens by number", DType::kFloat64);
  for (std::size_t i = 0; i < tokens.count(); ++i) {
    expect_index(tokens.at(i), fmt::format("{}/{}", value.pointer(), i));
  }
  return {tokens.values<double>().begin(), tokens.values<double>().end()};
}

/// A list of keys for each query, as pairs.
void read_random_keys(const Value& value, PatternSettings& pattern, DType dtype) {
  constexpr std::string_view kExpected = "a list of keys for each query";
  Buffer<double> pairs;
  const auto add = [&](std::size_t query, std::size_t place, double key) {
    expect_index(key, fmt::format("{}/{}/{}", value.pointer(), query, place));
    pairs.push_back(static_cast<double>(query));
    pairs.push_back(key);
  };
  const json::Node& node = value.node();
  if (value.is(Kind::kNumbers) && node.shape.size() == 2) {  // as many for each
    for (std::size_t i = 0; i < node.numbers.size(); ++i) {
      add(i / node.shape[1], i % node.shape[1], node.numbers[i]);
    }
  } else if (value.is(Kind::kArray)) {
    for (std::size_t query = 0; query < node.items.size(); ++query) {
      const json::Node& keys = node.items[query];
      if (keys.kind != Kind::kNumbers || keys.shape.size() != 1) throw value.unexpected(kExpected);
      for (std::size_t k = 0; k < keys.numbers.size(); ++k) add(query, k, keys.numbers[k]);
    }
  }
  if (pairs.empty()) throw value.unexpected(kExpected);
  pattern.random_lists = value.length();
  const std::size_t count = pairs.size() / 2;
  pattern.random_keys = Tensor({Axis{count}, Axis{2}}, std::move(pairs)).as(dtype);
}

PatternSettings read_pattern(const Value& value, DType dtype) {
  const Value name = type_of(value, "pattern");
  PatternSettings pattern;
  pattern.type = static_cast<PatternType>(index_of(name, "pattern", kPatternNames));
  // As small as in the course's example of six tokens.
  if (pattern.type == PatternType::kStrided || pattern.type == PatternType::kSinks) {
    pattern.window = 2;
  }
  if (value.is(Kind::kText)) return pattern;
  const auto number = [&](const char* key, std::uint64_t least, std::size_t& into) {
    if (const auto given = value.find(key)) into = given->whole_number(least);
  };
  number("window", 0, pattern.window);
  switch (pattern.type) {
    case PatternType::kDilated:
      value.allow_keys({"type", "window", "step"});
      number("step", 1, pattern.step);
      break;
    case PatternType::kStrided:
      value.allow_keys({"type", "window", "stride"});
      number("stride", 1, pattern.stride);
      break;
    case PatternType::kSinks:
      value.allow_keys({"type", "window", "sinks"});
      number("sinks", 0, pattern.sinks);
      break;
    case PatternType::kBigBird:
      value.allow_keys({"type", "window", "global", "random", "seed", "random_keys"});
      number("random", 0, pattern.random);
      if (const auto seed = value.find("seed")) pattern.seed = seed->whole_number(0);
      if (const auto keys = value.find("random_keys")) {
        for (const char* other : {"random", "seed"}) {
          if (!value.find(other)) continue;
          throw value.find(other)->error("expected either random_keys or keys drawn at random");
        }
        read_random_keys(*keys, pattern, dtype);
      }
      break;
    case PatternType::kLongformer:
      value.allow_keys({"type", "window", "global"});
      break;
  }
  if (const auto global = value.find("global")) pattern.global = read_tokens(*global);
  return pattern;
}

}  // namespace

MaskSettings read_mask(const Value& value, DType dtype) {
  value.allow_keys({"causal", "window", "padding", "allow", "edges", "self_loops", "pattern"});
  MaskSettings mask;
  if (const auto causal = value.find("causal")) mask.causal = causal->boolean();
  if (const auto window = value.find("window")) mask.window = read_window(*window);
  if (const auto padding = value.find("padding")) {
    mask.padding = padding->booleans();
    if (mask.padding.empty()) throw padding->unexpected("true or false for each key");
  }
  if (const auto allow = value.find("allow")) {
    mask.allow = allow->tensor(2, "rows of 0 and 1 (queries × keys)", dtype);
    for (std::size_t i = 0; i < mask.allow->count(); ++i) {
      const double entry = mask.allow->at(i);
      if (entry == 0 || entry == 1) continue;
      const std::size_t columns = mask.allow->columns();
      throw Error(ErrorCode::kInvalid, fmt::format("expected 0 or 1, got {}", entry))
          .at(fmt::format("{}/{}/{}", allow->pointer(), i / columns, i % columns));
    }
  }
  if (const auto edges = value.find("edges")) mask.edges = read_edges(*edges, dtype);
  if (const auto self_loops = value.find("self_loops")) {
    mask.self_loops = self_loops->boolean();
    if (!mask.edges) throw self_loops->error("expected edges beside self_loops");
  }
  if (const auto pattern = value.find("pattern")) mask.pattern = read_pattern(*pattern, dtype);
  return mask;
}

}  // namespace attn_viz
