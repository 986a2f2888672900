// The position-wise feed-forward network. Source: Vaswani et al. 2017, eq. 2; with a gate: Shazeer
// 2020, "GLU variants improve transformer".
#include <fmt/format.h>

#include "attn_viz/core/error.hpp"
#include "mechanisms/limit.hpp"
#include "mechanisms/recipe.hpp"

namespace attn_viz {

FeedForwardParameters resolve_feed_forward(const FeedForwardSettings& settings, std::size_t rows,
                                           std::size_t embedding, DType dtype,
                                           const std::string& place, const std::string& name,
                                           std::size_t limit) {
  const std::size_t d = (2 * settings.window + 1) * embedding;
  const auto limited = [&](std::size_t hidden, std::size_t output, std::size_t matrices) {
    const auto number = [](std::size_t size) { return static_cast<double>(size); };
    const double steps = number(rows) * (number(d) + 3 * number(hidden) + 2 * number(output));
    const double weights = number(hidden) * (number(d) * number(matrices) + number(output));
    const double bytes = bytes_of(steps + weights, dtype);
    expect_bytes(bytes, limit, fmt::format("{} rows through a hidden size of {}", rows, hidden),
                 place);
    return bytes;
  };

  FeedForwardParameters result;
  if (settings.random) {
    const std::size_t r = settings.hidden.value_or(4 * d);
    const std::uint64_t seed = settings.random->seed;
    result.bytes = limited(r, embedding, settings.gated ? 2 : 1);
    result.w_1 = glorot_uniform(d, r, seed, name + "/W_1", dtype);
    if (settings.gated) result.w_gate = glorot_uniform(d, r, seed, name + "/W_gate", dtype);
    result.w_2 = glorot_uniform(r, embedding, seed, name + "/W_2", dtype);
    result.output_size = embedding;
    return result;
  }

  // The size that the wrong axis has would be misleading in "expected shape …".
  const auto columns_of = [](const Tensor& w, std::size_t rows_expected) {
    return w.rows() != rows_expected && w.columns() == rows_expected ? w.rows() : w.columns();
  };
  const std::size_t r = columns_of(*settings.w_1, d);
  const auto expect = [&](const std::optional<Tensor>& given, const char* key,
                          const std::vector<std::size_t>& shape, const char* meaning) {
    if (given) expect_shape(*given, shape, fmt::format("{}/{}", place, key), meaning);
  };
  const char* rows_read =
      settings.window == 0 ? "embedding × hidden size" : "window · embedding × hidden size";
  expect(settings.w_1, "W_1", {d, r}, rows_read);
  expect(settings.b_1, "b_1", {r}, "hidden size");
  expect(settings.w_gate, "W_gate", {d, r}, rows_read);
  expect(settings.b_gate, "b_gate", {r}, "hidden size");
  const std::size_t output = settings.w_2 ? columns_of(*settings.w_2, r) : r;
  expect(settings.w_2, "W_2", {r, output}, "hidden size × output size");
  expect(settings.b_2, "b_2", {output}, "output size");
  result.bytes = limited(r, output, settings.w_gate ? 2 : 1);
  result.w_1 = *settings.w_1;
  result.b_1 = settings.b_1;
  result.w_gate = settings.w_gate;
  result.b_gate = settings.b_gate;
  result.w_2 = settings.w_2;
  result.b_2 = settings.b_2;
  result.output_size = output;
  return result;
}

StepId record_feed_forward(Recorder record, const FeedForwardSettings& settings,
                           FeedForwardParameters parameters, StepId x) {
  const auto given = [&](const char* name, std::optional<Tensor>& value) -> std::optional<StepId> {
    if (!value) return std::nullopt;
    return record.parameter(name, name, std::move(*value));
  };
  const auto product = [&](Role role, const char* name, const char* symbol, StepId rows, StepId w,
                           std::optional<StepId> b) {
    std::vector<StepId> inputs{rows, w};
    if (b) inputs.push_back(*b);
    return record.step(role, name, symbol, ops::linear, std::move(inputs));
  };
  const StepId w_1 = record.parameter("W_1", "W_1", std::move(parameters.w_1));
  const auto b_1 = given("b_1", parameters.b_1);
  const auto w_gate = given("W_gate", parameters.w_gate);
  const auto b_gate = given("b_gate", parameters.b_gate);
  const auto w_2 = given("W_2", parameters.w_2);
  const auto b_2 = given("b_2", parameters.b_2);

  if (settings.window > 0) {
    x = record.step(Role::kHidden, "windowed", "X_window", ops::window_rows, {x},
                    {{"window", settings.window}});
  }
  const StepId hidden = product(Role::kHidden, "hidden", "U", x, w_1, b_1);
  StepId last = hidden;
  if (w_gate) last = product(Role::kGate, "gate", "G", x, *w_gate, b_gate);
  if (settings.activation != Activation::kIdentity) {
    const auto name = kActivationNames[static_cast<std::size_t>(settings.activation)];
    last = record.step(Role::kHidden, "activated", w_gate ? "G_act" : "U_act", ops::activation,
                       {last}, {{"function", name}});
  }
  if (w_gate) last = record.step(Role::kHidden, "gated", "U_gated", ops::multiply, {last, hidden});
  if (w_2) last = product(Role::kOutput, "output", "F", last, *w_2, b_2);
  return last;
}

}  // namespace attn_viz
