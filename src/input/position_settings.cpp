// "position": a name, or an object with parameters.
#include <fmt/format.h>

#include <iterator>

#include "attn_viz/input/document.hpp"
#include "input/attention_settings.hpp"
#include "input/fields.hpp"

namespace attn_viz {

using json::Kind;
using json::Value;

namespace {

/// One of these names.
std::string_view choice(const Value& value, std::string_view kind,
                        std::span<const std::string_view> known) {
  for (const std::string_view name : known) {
    if (value.text() == name) return name;
  }
  throw unknown_name(ErrorCode::kInvalid, kind, value.text(), known).at(value.pointer());
}

std::size_t whole_number(const Value& value, std::uint64_t least, std::uint64_t most) {
  const std::uint64_t number = value.whole_number(least);
  if (number <= most) return number;
  throw value.unexpected(fmt::format("a whole number from {} to {}", least, most));
}

double base_of(const Value& value) {
  if (value.is(Kind::kNumber) && value.number() >= 1) return value.number();
  throw value.unexpected("a number ≥ 1");
}

std::vector<double> numbers(const Value& value, std::string_view what) {
  const Tensor list = value.tensor(1, what, DType::kFloat64);
  if (list.count() == 0) throw value.unexpected(what);
  return {list.values<double>().begin(), list.values<double>().end()};
}

Tensor require_array(const Value& object, std::string_view key, std::size_t least, std::size_t most,
                     std::string_view what, DType dtype) {
  const Value value = object.require(key);
  Tensor array = read_array(value, least, most, what, dtype);
  if (array.count() == 0) throw value.unexpected(what);
  return array;
}

FlowSettings read_flow(const Value& value, DType dtype) {
  value.allow_keys({"type", "initial", "W_1", "b_1", "W_2", "b_2", "activation", "step", "substeps",
                    "method", "add_to"});
  constexpr std::string_view kList = "a list of numbers", kMatrix = "a matrix";
  FlowSettings flow;
  flow.initial = require_array(value, "initial", 1, 1, kList, dtype);
  flow.w_1 = require_array(value, "W_1", 2, 2, kMatrix, dtype);
  flow.b_1 = find_array(value, "b_1", 1, 1, kList, dtype);
  flow.w_2 = find_array(value, "W_2", 2, 2, kMatrix, dtype);
  flow.b_2 = find_array(value, "b_2", 1, 1, kList, dtype);
  flow.step = positive(value.require("step"));
  constexpr std::uint64_t kMostSubsteps = 10'000;
  if (const auto n = value.find("substeps")) flow.substeps = whole_number(*n, 1, kMostSubsteps);
  if (const auto name = value.find("activation")) {
    flow.activation = choice(*name, "activation", kFlowActivations);
  }
  if (const auto name = value.find("method")) flow.method = choice(*name, "method", kFlowMethods);
  return flow;
}

void read_rope(const Value& value, PositionSettings& position) {
  value.allow_keys({"type", "layout", "base", "frequencies"});
  constexpr std::string_view kLayouts[] = {"interleaved", "half"};
  if (const auto layout = value.find("layout")) {
    position.half_layout = choice(*layout, "layout", kLayouts) == kLayouts[1];
  }
  if (const auto frequencies = value.find("frequencies")) {
    if (value.find("base")) throw frequencies->error("expected base or frequencies, got both");
    position.frequencies = numbers(*frequencies, "a list of numbers, one for each pair");
  }
}

void read_relative(const Value& value, PositionSettings& position, DType dtype) {
  value.allow_keys({"type", "max_distance", "keys", "values"});
  constexpr std::string_view kTable = "a matrix (distances × size), or one for each head";
  position.keys = require_array(value, "keys", 2, 3, kTable, dtype);
  if (value.find("values")) {
    position.values = require_array(value, "values", 2, 3, kTable, dtype);
  }
  if (const auto reach = value.find("max_distance")) {
    position.max_distance = whole_number(*reach, 0, 1'000'000);
  }
}

/// Where an encoding is added.
bool read_to_queries_and_keys(const Value& value) {
  constexpr std::string_view kPlaces[] = {"embeddings", "queries-and-keys"};
  const auto place = value.find("add_to");
  return place && choice(*place, "place", kPlaces) == kPlaces[1];
}

/// The parameters of an encoding that is given as an object.
void read_parameters(const Value& value, PositionSettings& position, DType dtype) {
  switch (position.type) {
    case PositionType::kSinusoidal:
      value.allow_keys({"type", "base", "add_to"});
      break;
    case PositionType::kSinusoidal2d:
      value.allow_keys({"type", "base", "normalize", "add_to"});
      if (const auto normalize = value.find("normalize")) position.normalize = normalize->boolean();
      break;
    case PositionType::kLearned:
      value.allow_keys({"type", "table", "add_to"});
      position.table =
          require_array(value, "table", 2, 2, "a matrix (positions × embedding)", dtype);
      break;
    case PositionType::kFloater:
      position.flow = read_flow(value, dtype);
      break;
    case PositionType::kRope:
      read_rope(value, position);
      break;
    case PositionType::kAlibi:
      value.allow_keys({"type", "slopes"});
      if (const auto slopes = value.find("slopes")) {
        position.slopes = numbers(*slopes, "a list of numbers, one for each head");
      }
      break;
    case PositionType::kT5:
      value.allow_keys({"type", "table", "bidirectional", "max_distance"});
      position.table = require_array(value, "table", 1, 2,
                                     "a list of numbers, one for each bucket, or a matrix "
                                     "(buckets × heads)",
                                     dtype);
      position.max_distance = 128;
      if (const auto distance = value.find("max_distance")) {
        position.max_distance = whole_number(*distance, 1, 1'000'000);
      }
      if (const auto both = value.find("bidirectional")) position.bidirectional = both->boolean();
      break;
    case PositionType::kRelative:
      read_relative(value, position, dtype);
      break;
    case PositionType::kNone:
      value.allow_keys({"type"});
  }
  if (const auto base = value.find("base")) position.base = base_of(*base);
  position.to_queries_and_keys = read_to_queries_and_keys(value);
}

}  // namespace

PositionSettings read_position(const Value& value, DType dtype) {
  const Value name = type_of(value, "position");
  PositionSettings position;
  position.type = static_cast<PositionType>(index_of(name, "position", kPositionNames));
  if (value.is(Kind::kObject)) {
    read_parameters(value, position, dtype);
  } else if (needs_parameters(position.type)) {
    throw value
        .error(fmt::format("expected an object, since \"{}\" has parameters without a default",
                           name.text()))
        .hint(fmt::format("write {{\"type\": \"{}\", …}}", name.text()));
  }
  return position;
}

PositionSettings read_key_position(const Value& value, DType dtype) {
  if (value.is(Kind::kObject) && value.find("add_to")) {
    throw value.find("add_to")->error("\"key_position\" is added to the keys alone");
  }
  PositionSettings position = read_position(value, dtype);
  const PositionType type = position.type;
  if (type != PositionType::kSinusoidal && type != PositionType::kSinusoidal2d &&
      type != PositionType::kLearned && type != PositionType::kFloater) {
    throw type_of(value, "position")
        .unexpected("sinusoidal, sinusoidal-2d, learned or floater, which are added");
  }
  position.to_queries_and_keys = true;
  return position;
}

std::optional<PositionType> find_position(std::string_view name) {
  for (std::size_t i = 0; i < std::size(kPositionNames); ++i) {
    if (kPositionNames[i] == name) return static_cast<PositionType>(i);
  }
  return std::nullopt;
}

void override_position(PositionSettings& position, PositionType type) {
  if (position.type == type) return;
  if (needs_parameters(type)) {
    throw Error(ErrorCode::kUsage, fmt::format("\"{}\" has parameters without a default",
                                               kPositionNames[static_cast<std::size_t>(type)]))
        .at("--position")
        .hint("give them in the document, under attention/position");
  }
  position = PositionSettings{};
  position.type = type;
}

}  // namespace attn_viz
