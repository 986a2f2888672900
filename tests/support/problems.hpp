// Problems in a line, and the steps of their traces.
#pragma once

#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "attn_viz/mechanisms/attention.hpp"
#include "support/tensors.hpp"

namespace attn_viz::test {

/// Labels "0", "1", … for n rows.
inline AxisInfo numbered_axis(std::size_t n) {
  AxisInfo axis{.name = {}, .labels = {}, .grid = std::nullopt, .image = {}};
  for (std::size_t i = 0; i < n; ++i) axis.labels.push_back(std::to_string(i));
  return axis;
}

inline Problem problem_of(Tensor embeddings, AttentionSettings attention = {}) {
  Problem problem;
  problem.title = "test";
  problem.dtype = embeddings.dtype();
  problem.axis = numbered_axis(embeddings.rows());
  problem.embeddings = std::move(embeddings);
  problem.attention = std::move(attention);
  return problem;
}

inline Context context_of(Tensor embeddings, std::optional<Tensor> values = {}) {
  return {numbered_axis(embeddings.rows()), embeddings, std::move(values)};
}

/// The values of the step of this id.
inline const Tensor& values_of(const Trace& trace, const std::string& id) {
  const Step* step = trace.find(id);
  if (step == nullptr) throw std::runtime_error("no step " + id);
  return step->values;
}

/// The values of "layer0/head<H>/<name>".
inline const Tensor& head_values(const Trace& trace, std::size_t head, const std::string& name) {
  return values_of(trace, "layer0/head" + std::to_string(head) + "/" + name);
}

/// The values of "layer0/attention_output".
inline const Tensor& output_of(const Trace& trace) {
  return values_of(trace, "layer0/attention_output");
}

/// The ids of all steps, in order.
inline std::vector<std::string> ids_of(const Trace& trace) {
  std::vector<std::string> ids;
  for (const Step& step : trace.steps) ids.push_back(step.id);
  return ids;
}

}  // namespace attn_viz::test
