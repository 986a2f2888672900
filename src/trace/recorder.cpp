#include "attn_viz/trace/recorder.hpp"

#include <fmt/format.h>

#include <atomic>
#include <cmath>
#include <limits>

#include "attn_viz/core/error.hpp"
#include "attn_viz/core/parallel.hpp"

namespace attn_viz {
namespace {

/// The position of the first value that is not finite (−∞ may be allowed), or the count.
template <class T>
std::size_t first_not_finite(const Tensor& tensor, bool may_mask) {
  const auto values = tensor.values<T>();
  const auto refused = [=](T value) {
    return !std::isfinite(value) && !(may_mask && value == -std::numeric_limits<T>::infinity());
  };
  std::atomic<bool> found{false};
  parallel_for(values.size(), rows_per_block(1), [&](std::size_t first, std::size_t last) {
    bool here = false;
    for (std::size_t i = first; i < last; ++i) here |= refused(values[i]);
    if (here) found = true;
  });
  std::size_t position = 0;
  while (position < values.size() && (!found || !refused(values[position]))) ++position;
  return found ? position : values.size();
}

void expect_finite(const Tensor& tensor, bool may_mask, const std::string& id) {
  dispatch(tensor.dtype(), [&](auto zero) {
    const std::size_t position = first_not_finite<decltype(zero)>(tensor, may_mask);
    if (position == tensor.count()) return;
    throw Error(ErrorCode::kInvalid,
                fmt::format("the value of row {}, column {} overflows {}; expected finite values",
                            position / tensor.columns(), position % tensor.columns(),
                            name_of(tensor.dtype())))
        .at(id)
        .hint("make the embeddings or the matrices smaller, or use the score \"cosine\"");
  });
}

}  // namespace

Recorder Recorder::below(std::string_view name) const {
  Recorder below = *this;
  below.prefix_ += std::string(name) + "/";
  return below;
}

Recorder Recorder::side(Place::Side side) const {
  return below(side == Place::Side::kEncoder ? "encoder" : "decoder").at([=](Place& place) {
    place.side = side;
  });
}

Recorder Recorder::layer(std::size_t layer) const {
  return below(fmt::format("layer{}", layer)).at([=](Place& place) { place.layer = layer; });
}

Recorder Recorder::cross() const {
  return below("cross").at([](Place& place) { place.block = Place::Block::kCross; });
}

Recorder Recorder::head(std::size_t head) const {
  return below(fmt::format("head{}", head)).at([=](Place& place) { place.head = head; });
}

Recorder Recorder::branch(std::string_view name) const {
  return below(name).at(
      [=](Place& place) { place.branch += (place.branch.empty() ? "" : "/") + std::string(name); });
}

Recorder Recorder::pass(std::string_view name, std::size_t number) const {
  return below(fmt::format("{}{}", name, number)).at([=](Place& place) { place.pass = number; });
}

StepId Recorder::give(Role role, const Operation& operation, std::string_view name,
                      std::string symbol, Tensor values) {
  trace_->steps.push_back({.id = full_id(name),
                           .role = role,
                           .place = place_,
                           .symbol = std::move(symbol),
                           .op = std::string(operation.name),
                           .equation = {},
                           .inputs = {},
                           .attributes = {},
                           .findings = {},
                           .values = std::move(values)});
  return trace_->steps.size() - 1;
}

StepId Recorder::input(std::string_view name, std::string symbol, Tensor values, Role role) {
  return give(role, ops::input, name, std::move(symbol), std::move(values));
}

StepId Recorder::parameter(std::string_view name, std::string symbol, Tensor values) {
  return give(Role::kParameter, ops::parameter, name, std::move(symbol), std::move(values));
}

StepId Recorder::step(Role role, std::string_view name, std::string symbol,
                      const Operation& operation, std::vector<StepId> inputs,
                      Attributes attributes) {
  std::vector<const Tensor*> tensors;
  std::vector<std::string> symbols;
  for (const StepId input : inputs) {
    tensors.push_back(&trace_->steps[input].values);
    symbols.push_back(trace_->steps[input].symbol);
  }
  Outcome outcome;
  try {
    outcome = operation.evaluate(tensors, attributes);
  } catch (Error& error) {
    throw error.at(full_id(name));
  }
  expect_finite(outcome.values, operation.may_mask, full_id(name));
  std::string equation = symbol + " = " + operation.equation(symbols, attributes);
  trace_->steps.push_back({.id = full_id(name),
                           .role = role,
                           .place = place_,
                           .symbol = std::move(symbol),
                           .op = std::string(operation.name),
                           .equation = std::move(equation),
                           .inputs = std::move(inputs),
                           .attributes = std::move(attributes),
                           .findings = std::move(outcome.findings),
                           .values = std::move(outcome.values)});
  return trace_->steps.size() - 1;
}

}  // namespace attn_viz
