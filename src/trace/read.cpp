// The reader of traces.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <unordered_map>

#include "attn_viz/trace/json.hpp"
#include "trace/upgrade.hpp"

namespace attn_viz {
namespace {

using json::Kind;
using json::Value;

Attributes read_attributes(const Value& object);

/// Constants as they were written; lists are told apart by their first element.
Attribute read_attribute(const Value& value) {
  const json::Node& node = value.node();
  switch (node.kind) {
    case Kind::kBoolean:
      return node.boolean;
    case Kind::kNumber:
      return node.number;
    case Kind::kText:
      return node.text;
    case Kind::kObject:
      return read_attributes(value);
    case Kind::kNumbers:
      if (node.shape.size() == 1)
        return std::vector<double>(node.numbers.begin(), node.numbers.end());
      break;
    case Kind::kArray:
      if (node.items[0].kind == Kind::kText) return value.texts();
      if (node.items[0].kind == Kind::kBoolean) return value.booleans();
      if (node.items[0].kind == Kind::kObject) {
        std::vector<Attributes> list;
        for (std::size_t i = 0; i < node.items.size(); ++i) {
          list.push_back(
              read_attributes(Value(node.items[i], fmt::format("{}/{}", value.pointer(), i))));
        }
        return list;
      }
      break;
    case Kind::kNull:
      break;
  }
  throw value.unexpected(
      "a constant: true, false, a number, a text, a list of one kind, or an object");
}

Attributes read_attributes(const Value& object) {
  Attributes attributes;
  for (const auto& [name, value] : object.members()) {
    attributes.set(std::string(name), read_attribute(value));
  }
  return attributes;
}

/// Whole numbers from `least` to 2⁵³.
bool are_whole(const Buffer<double>& numbers, double least) {
  return std::all_of(numbers.begin(), numbers.end(), [=](double number) {
    return number >= least && number <= 0x1p53 && number == std::floor(number);
  });
}

AxisInfo read_axis(std::string_view name, const Value& value) {
  value.allow_keys({"labels", "grid", "extra", "image"});
  AxisInfo axis{.name = std::string(name),
                .labels = value.require("labels").texts(),
                .grid = std::nullopt,
                .image = {}};
  if (const auto extra = value.find("extra")) {
    axis.extra = static_cast<std::size_t>(extra->whole_number(1));
    if (axis.extra >= axis.labels.size()) {
      throw extra->unexpected(fmt::format("a number below the {} labels", axis.labels.size()));
    }
  }
  const std::size_t patches = axis.labels.size() - axis.extra;
  if (const auto grid = value.find("grid")) {
    const Tensor sizes = grid->tensor(1, "[rows, columns]", DType::kFloat64);
    if (sizes.count() != 2 || !are_whole(grid->node().numbers, 1) ||
        sizes.at(0) * sizes.at(1) != static_cast<double>(patches)) {
      throw grid->unexpected(fmt::format("[rows, columns] of {} patches", patches));
    }
    axis.grid = {static_cast<std::size_t>(sizes.at(0)), static_cast<std::size_t>(sizes.at(1))};
  }
  if (const auto image = value.find("image")) axis.image = image->text();
  return axis;
}

std::vector<std::size_t> read_shape(const Value& shape) {
  const json::Node& node = shape.node();
  if (shape.length() > 0 &&
      (!shape.is(Kind::kNumbers) || node.shape.size() != 1 || !are_whole(node.numbers, 0))) {
    throw shape.unexpected("a list of whole numbers ≥ 0");
  }
  return {node.numbers.begin(), node.numbers.end()};
}

/// Data of a shape. Without values they nest as far as the first extent of 0.
Tensor read_data(const Value& data, const std::vector<std::size_t>& sizes, bool may_mask,
                 DType dtype) {
  std::vector<Axis> axes;
  for (const std::size_t size : sizes) axes.push_back({size});
  const std::string what = fmt::format("numbers of shape {}", shape_text(sizes));
  const auto wrong_shape = [&] {
    return data.error(
        fmt::format("expected shape {}, got {}", shape_text(sizes), shape_text(data.node().shape)));
  };
  const auto zero = std::find(sizes.begin(), sizes.end(), std::size_t{0});
  if (zero != sizes.end()) {
    if (!data.is(Kind::kNumbers)) throw data.unexpected(what);
    if (data.node().shape != std::vector<std::size_t>(sizes.begin(), zero + 1)) throw wrong_shape();
    return Tensor(dtype, std::move(axes));
  }
  Tensor values = may_mask ? data.tensor_with_nulls(sizes.size(), what, dtype)
                           : data.tensor(sizes.size(), what, dtype);
  if (values.shape() != sizes) throw wrong_shape();
  return values;
}

/// The values of a step, under its axes, after comparing them with what the step says.
Tensor read_values(const Value& step, const Trace& trace, bool may_mask) {
  const std::vector<std::size_t> sizes = read_shape(step.require("shape"));
  const std::size_t rank = sizes.size();
  Tensor values = read_data(step.require("data"), sizes, may_mask, trace.dtype);

  const Value names = step.require("axes");
  const auto& packed = names.node().numbers;  // of [null, null], each −∞
  const bool all_null = std::all_of(packed.begin(), packed.end(), [](double number) {
    return number == -std::numeric_limits<double>::infinity();
  });
  if (names.length() != rank || !all_null) {
    throw names.unexpected(fmt::format("a list of {} axis names or null", rank));
  }
  std::vector<Axis> axes = values.axes();
  for (std::size_t axis = 0; axis < rank; ++axis) {
    if (names.is(Kind::kNumbers)) break;  // all null
    const json::Node& name = names.node().items[axis];
    if (name.kind == Kind::kNull) continue;
    const AxisInfo* info = name.kind == Kind::kText ? trace.axis(name.text) : nullptr;
    if (info == nullptr || info->labels.size() != sizes[axis]) {
      throw names.error(
          fmt::format("expected an axis of {} labels, got {}", sizes[axis], json::describe(name)));
    }
    axes[axis].name = name.text;
  }
  return std::move(values).with_axes(std::move(axes));
}

Role read_role(const Value& value) {
  const std::string& name = value.text();
  const auto* known = std::find(std::begin(kRoleNames), std::end(kRoleNames), name);
  if (known == std::end(kRoleNames))
    throw unknown_name(ErrorCode::kInvalid, "role", name, kRoleNames).at(value.pointer());
  return static_cast<Role>(known - std::begin(kRoleNames));
}

/// One of two words.
bool read_choice(const Value& value, std::string_view first, std::string_view second) {
  if (value.text() == first) return false;
  if (value.text() == second) return true;
  throw value.unexpected(fmt::format("\"{}\" or \"{}\"", first, second));
}

Place read_place(const Value& value) {
  value.allow_keys({"side", "layer", "block", "head", "branch", "pass"});
  Place place;
  const auto number = [&](const char* key) -> std::optional<std::size_t> {
    const auto found = value.find(key);
    if (!found) return std::nullopt;
    return static_cast<std::size_t>(found->whole_number(0));
  };
  if (const auto side = value.find("side"))
    place.side = static_cast<Place::Side>(read_choice(*side, "encoder", "decoder"));
  place.layer = number("layer");
  if (const auto block = value.find("block"))
    place.block = static_cast<Place::Block>(read_choice(*block, "self", "cross"));
  place.head = number("head");
  if (const auto branch = value.find("branch")) {
    place.branch = branch->text();
    if (place.branch.empty()) throw branch->unexpected("a name");
  }
  place.pass = number("pass");
  return place;
}

Step read_step(const Value& value, const Trace& trace, bool says_its_role,
               const std::unordered_map<std::string, StepId>& known) {
  Step step;
  step.id = value.require("id").text();
  if (says_its_role) {
    step.role = read_role(value.require("role"));
    step.place = read_place(value.require("place"));
  }
  step.symbol = value.require("symbol").text();
  step.op = value.require("op").text();
  if (known.count(step.id) > 0) {
    throw value.require("id").error(fmt::format("the step \"{}\" is repeated", step.id));
  }
  if (const auto equation = value.find("equation")) step.equation = equation->text();
  for (const std::string& input : value.require("inputs").texts()) {
    const auto found = known.find(input);
    if (found == known.end()) {
      throw value.require("inputs").error(
          fmt::format("expected the ids of earlier steps, got \"{}\"", input));
    }
    step.inputs.push_back(found->second);
  }
  if (const auto attributes = value.find("attributes")) {
    step.attributes = read_attributes(*attributes);
  }
  constexpr std::string_view kFixed[] = {"id",    "role",     "place",  "symbol",     "op",
                                         "data",  "equation", "inputs", "attributes", "axes",
                                         "shape", "comment",  "$schema"};
  for (const auto& [name, finding] : value.members()) {
    if (std::find(std::begin(kFixed), std::end(kFixed), name) == std::end(kFixed)) {
      step.findings.set(std::string(name), read_attribute(finding));
    }
  }
  // An operation of a later version may mask, for all we know.
  const Operation* operation = find_operation(step.op);
  step.values = read_values(value, trace, operation == nullptr || operation->may_mask);
  return step;
}

}  // namespace

bool is_trace(const json::Node& document) {
  if (document.kind != Kind::kObject) return false;
  return std::any_of(document.members.begin(), document.members.end(), [](const auto& member) {
    return member.first == "format" && member.second.text == "attn-viz trace";
  });
}

Trace read_trace(const Value& document) {
  document.allow_keys(
      {"format", "version", "generator", "title", "dtype", "settings", "axes", "steps"});
  if (document.require("format").text() != "attn-viz trace") {
    throw document.require("format").unexpected("\"attn-viz trace\"");
  }
  const double version = document.require("version").number();
  if (version != 1 && version != 2) throw document.require("version").unexpected("1 or 2");

  Trace trace;
  if (const auto generator = document.find("generator")) trace.generator = generator->text();
  if (const auto title = document.find("title")) trace.title = title->text();
  const Value dtype = document.require("dtype");
  if (dtype.text() == "float32") {
    trace.dtype = DType::kFloat32;
  } else if (dtype.text() != "float64") {
    throw dtype.unexpected("\"float64\" or \"float32\"");
  }
  if (const auto settings = document.find("settings")) trace.settings = read_attributes(*settings);
  for (const auto& [name, axis] : document.require("axes").members()) {
    trace.axes.push_back(read_axis(name, axis));
  }

  std::unordered_map<std::string, StepId> known;
  const Value steps = document.require("steps");
  for (std::size_t i = 0; i < steps.length(); ++i) {
    if (!steps.is(Kind::kArray)) throw steps.unexpected("a list of steps");
    const Value step(steps.node().items[i], fmt::format("{}/{}", steps.pointer(), i));
    trace.steps.push_back(read_step(step, trace, version == 2, known));
    known.emplace(trace.steps.back().id, i);
  }
  if (version == 1) upgrade_from_version_1(trace);
  return trace;
}

Trace read_trace(std::string_view text) {
  const json::Node document = json::parse(text);
  return read_trace(Value(document, ""));
}

}  // namespace attn_viz
