#include "mechanisms/cell.hpp"

#include <fmt/format.h>

#include "attn_viz/core/error.hpp"
#include "mechanisms/limit.hpp"
#include "mechanisms/parameters.hpp"
#include "mechanisms/shapes.hpp"

namespace attn_viz {
namespace {

/// The columns of a matrix that tells the hidden size, or none.
std::optional<std::size_t> hidden_of(const CellMatrices& matrices) {
  for (const GateMatrices* gate : {&matrices.candidate, &matrices.update, &matrices.reset}) {
    if (gate->w) return gate->w->columns();
    if (gate->u) return gate->u->columns();
    if (gate->b) return gate->b->count();
  }
  return std::nullopt;
}

std::size_t hidden_size(const CellSettings& settings, std::size_t input) {
  if (settings.type == CellType::kNone) return input;
  if (settings.hidden) return *settings.hidden;
  const auto* given = std::get_if<CellMatrices>(&settings.weights);
  return given == nullptr ? input : hidden_of(*given).value_or(input);
}

/// The gates of one direction, made by `make(gate, suffix)`.
template <class Make>
DirectionParameters direction(CellType type, const CellMatrices& matrices, Make make) {
  DirectionParameters gates;
  if (type == CellType::kGru) {
    gates.push_back(make(matrices.update, "_z"));
    gates.push_back(make(matrices.reset, "_r"));
  }
  if (type != CellType::kNone) gates.push_back(make(matrices.candidate, ""));
  return gates;
}

/// Matrices as given; a missing W is the identity where the sizes allow.
DirectionParameters given_direction(CellType type, const CellMatrices& matrices, std::size_t input,
                                    std::size_t hidden, DType dtype, const std::string& place) {
  return direction(type, matrices, [&](const GateMatrices& gate, const char* suffix) {
    const auto at = [&](const char* name) { return fmt::format("{}/{}{}", place, name, suffix); };
    if (!gate.w && input != hidden) {
      throw Error(ErrorCode::kInvalid,
                  fmt::format("missing: the identity would need rows of {} numbers, but they have "
                              "{}",
                              hidden, input))
          .at(at("W"))
          .hint("give the matrix (input × hidden)");
    }
    if (gate.w) expect_shape(*gate.w, {input, hidden}, at("W"), "input × hidden");
    if (gate.u) expect_shape(*gate.u, {hidden, hidden}, at("U"), "hidden × hidden");
    if (gate.b) expect_shape(*gate.b, {hidden}, at("b"), "hidden");
    return GateParameters{suffix, gate.w ? *gate.w : identity_matrix(hidden, dtype),
                          gate.u ? *gate.u : identity_matrix(hidden, dtype), gate.b};
  });
}

DirectionParameters random_direction(CellType type, std::size_t input, std::size_t hidden,
                                     std::uint64_t seed, const std::string& stream, DType dtype) {
  return direction(type, {}, [&](const GateMatrices&, const char* suffix) {
    const auto draw = [&](std::size_t rows, const char* name) {
      return glorot_uniform(rows, hidden, seed, fmt::format("{}/{}{}", stream, name, suffix),
                            dtype);
    };
    return GateParameters{suffix, draw(input, "W"), draw(hidden, "U"), std::nullopt};
  });
}

/// The bytes of a cell's parameters and steps.
double bytes_of_cell(const CellSettings& settings, std::size_t hidden, CellInput input,
                     DType dtype) {
  if (settings.type == CellType::kNone) return 0;
  const auto number = [](std::size_t size) { return static_cast<double>(size); };
  const double h = number(hidden), n = number(input.rows);
  const bool gated = settings.type == CellType::kGru;
  const double each = (gated ? 3 : 1) * h * (number(input.size) + h + n) + (gated ? 8 : 1) * n * h;
  return bytes_of(each * (settings.bidirectional ? 2 : 1) + 2 * n * h, dtype);
}

}  // namespace

CellParameters resolve_cell(const CellSettings& settings, CellInput read, DType dtype,
                            const std::string& place, const std::string& stream,
                            std::size_t limit) {
  const std::size_t input = read.size;
  CellParameters cell;
  cell.type = settings.type;
  cell.hidden = hidden_size(settings, input);
  cell.bytes = bytes_of_cell(settings, cell.hidden, read, dtype);
  expect_bytes(cell.bytes, limit,
               fmt::format("{} rows through a hidden size of {}", read.rows, cell.hidden), place,
               "take fewer tokens, a smaller hidden size, or --dtype float32");
  if (const auto* random = std::get_if<RandomWeights>(&settings.weights)) {
    const auto draw = [&](const char* name) {
      return random_direction(settings.type, input, cell.hidden, random->seed, stream + name,
                              dtype);
    };
    cell.forward = draw(settings.bidirectional ? "/forward" : "");
    if (settings.bidirectional) cell.backward = draw("/backward");
    return cell;
  }
  const auto* given = std::get_if<CellMatrices>(&settings.weights);
  const CellMatrices matrices = given == nullptr ? CellMatrices{} : *given;
  const std::string weights = place + "/weights";
  const auto resolve = [&](const CellMatrices& from, const std::string& at) {
    return given_direction(settings.type, from, input, cell.hidden, dtype, at);
  };
  cell.forward = resolve(matrices, weights);
  if (settings.bidirectional) {
    cell.backward = settings.backward_weights
                        ? resolve(*settings.backward_weights, place + "/backward_weights")
                        : resolve(matrices, weights);
  }
  return cell;
}

DirectionSteps record_parameters(Recorder& record, DirectionParameters parameters) {
  DirectionSteps steps;
  for (GateParameters& gate : parameters) {
    const auto give = [&](const char* name, Tensor value) {
      return record.parameter(name + gate.suffix, name + gate.suffix, std::move(value));
    };
    GateSteps step{gate.suffix, give("W", std::move(gate.w)), give("U", std::move(gate.u)), {}};
    if (gate.b) step.b = give("b", std::move(*gate.b));
    steps.push_back(std::move(step));
  }
  return steps;
}

StepId record_states(Recorder& record, const DirectionSteps& steps, StepId x,
                     std::optional<StepId> first, bool reverse, const std::string& symbol) {
  std::vector<StepId> inputs;
  for (const GateSteps& gate : steps) {
    std::vector<StepId> projected{x, gate.w};
    if (gate.b) projected.push_back(*gate.b);
    inputs.push_back(record.step(Role::kHidden, "projected" + gate.suffix, "P" + gate.suffix,
                                 ops::linear, std::move(projected)));
  }
  for (const GateSteps& gate : steps) inputs.push_back(gate.u);
  if (first) inputs.push_back(*first);
  Attributes attributes;
  if (reverse) attributes.set("reverse", true);
  if (steps.size() == 1)
    return record.step(Role::kState, "hidden", symbol, ops::rnn, inputs, attributes);

  // One operation runs the recurrence, for each of its parts needs the others; then they part.
  const std::size_t h = record.values(steps[0].u).columns();
  const StepId all =
      record.step(Role::kState, "states", "G", ops::gru, std::move(inputs), attributes);
  const auto cut = [&](Role role, const char* name, const std::string& part, std::size_t number) {
    return record.step(role, name, part, ops::slice_columns, {all},
                       {{"first", number * h}, {"columns", h}});
  };
  cut(Role::kGate, "update_gate", "Z", 0);
  cut(Role::kGate, "reset_gate", "R", 1);
  cut(Role::kState, "candidate", "H̃", 2);
  return cut(Role::kState, "hidden", symbol, 3);
}

CellStates record_cell(Recorder record, CellParameters parameters, StepId x,
                       std::optional<StepId> first, const std::string& symbol) {
  if (parameters.type == CellType::kNone) return {x};
  if (!parameters.backward) {
    const DirectionSteps steps = record_parameters(record, std::move(parameters.forward));
    return {record_states(record, steps, x, first, false, symbol)};
  }
  CellStates result{0};
  for (const bool reverse : {false, true}) {
    Recorder below = record.branch(reverse ? "backward" : "forward");
    const DirectionSteps steps =
        record_parameters(below, std::move(reverse ? *parameters.backward : parameters.forward));
    (reverse ? result.backward : result.forward) =
        record_states(below, steps, x, first, reverse, (reverse ? "←" : "→") + symbol);
  }
  result.states =
      record.step(Role::kState, "hidden", symbol, ops::concat, {*result.forward, *result.backward});
  return result;
}

Attributes settings_of(const CellSettings& settings, const CellParameters& parameters) {
  Attributes described{{"type", kCellNames[static_cast<std::size_t>(settings.type)]}};
  if (settings.type == CellType::kNone) return described;
  described.set("hidden", parameters.hidden);
  described.set("bidirectional", settings.bidirectional);
  if (const auto* random = std::get_if<RandomWeights>(&settings.weights)) {
    described.set("weights", Attributes{{"random", static_cast<double>(random->seed)}});
  } else {
    const bool given = std::holds_alternative<CellMatrices>(settings.weights);
    described.set("weights", given ? "given" : "identity");
    if (settings.bidirectional) {
      described.set("backward_weights", settings.backward_weights ? "given" : "as forward");
    }
  }
  return described;
}

}  // namespace attn_viz
