// The values of a step computed again, and by how much they may be off.
#pragma once

#include <algorithm>
#include <iterator>
#include <memory>
#include <span>
#include <string_view>

#include "attn_viz/trace/evaluate.hpp"
#include "attn_viz/trace/trace.hpp"

namespace attn_viz::check {

/// Whether a list of names has this one.
template <class List>
bool contains(const List& list, std::string_view name) {
  return std::find(std::begin(list), std::end(list), name) != std::end(list);
}

/// float64 values and, unless they are exact, by how much each may be off.
struct Value {
  std::shared_ptr<const Tensor> values = {};
  std::shared_ptr<const Tensor> slack = {};
};

/// By how much the result may be off because its inputs may be. Null if they are exact.
///
/// For sums and products it is a bound: with each |x| made larger by its slack, the result cannot
/// grow by more. Else it is twice the most that the result moves when the inputs are moved to the
/// ends of their slack, all alike and in random directions.
std::shared_ptr<const Tensor> slack_of(const Step& step, std::span<const Value> inputs,
                                       const Tensor& result);

/// Values moved by their slack, each in a random direction. @param round  names the directions;
/// 0 moves all up, 1 all down
Tensor moved(const Value& value, std::size_t round, StepId step);

/// How many times inputs are moved.
inline constexpr std::size_t kRounds = 24;

}  // namespace attn_viz::check
