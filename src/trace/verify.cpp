// What weights claim, checked before anybody shows them.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "attn_viz/core/error.hpp"
#include "attn_viz/trace/evaluate.hpp"
#include "attn_viz/trace/verify.hpp"
#include "attn_viz/trace/visibility.hpp"

namespace attn_viz {
namespace {

/// The sum of a row in float64.
double row_sum(const Tensor& tensor, std::size_t row) {
  return dispatch(tensor.dtype(), [&](auto zero) {
    double sum = 0;
    const auto values = tensor.values<decltype(zero)>();
    const std::size_t m = tensor.columns();
    for (const auto value : values.subspan(row * m, m)) sum += static_cast<double>(value);
    return sum;
  });
}

/// Rows of differential attention: the sum of the first map's row minus λ times the second's; with
/// maps whose rows sum to 1, that is 1 − λ.
void verify_difference(const Trace& trace, const Step& weights) {
  const auto bad_inputs =
      Error(ErrorCode::kInvalid, "expected two maps of its shape, and λ").at(weights.id);
  if (weights.inputs.size() != 3) throw bad_inputs;
  const Step& first = trace.steps[weights.inputs[0]];
  const Step& second = trace.steps[weights.inputs[1]];
  const Tensor& number = trace.steps[weights.inputs[2]].values;
  const std::vector<Axis>& axes = weights.values.axes();
  if (first.values.axes() != axes || second.values.axes() != axes || number.count() != 1) {
    throw bad_inputs;
  }
  verify_weights(trace, first);
  verify_weights(trace, second);
  const double lambda = number.at(0);
  const bool wide = weights.values.dtype() == DType::kFloat64;
  const double tolerance = (wide ? 1e-9 : 1e-4) * std::max(1.0, std::abs(lambda));
  for (std::size_t i = 0; i < weights.values.rows(); ++i) {
    const double wanted = row_sum(first.values, i) - lambda * row_sum(second.values, i);
    const double sum = row_sum(weights.values, i);
    if (std::abs(sum - wanted) <= tolerance) continue;
    throw Error(
        ErrorCode::kInvalid,
        fmt::format("row {}: expected weights with sum {:.6g}, got sum {:.6g}", i, wanted, sum))
        .at(weights.id);
  }
}

/// Compares weights with what their operation makes of the steps that they name.
void verify_computed(const Trace& trace, const Step& weights) {
  std::vector<const Tensor*> inputs;
  for (const StepId input : weights.inputs) inputs.push_back(&trace.steps[input].values);
  const Tensor computed = evaluate(weights, inputs);
  const Tensor& given = weights.values;
  if (computed.shape() != given.shape()) {
    throw Error(ErrorCode::kInvalid,
                fmt::format("expected shape {}, got {}", shape_text(computed.shape()),
                            shape_text(given.shape())))
        .at(weights.id);
  }
  const double tolerance = given.dtype() == DType::kFloat64 ? 1e-9 : 1e-4;
  for (std::size_t i = 0; i < given.count(); ++i) {
    const double wanted = computed.at(i), got = given.at(i);
    if (std::abs(got - wanted) <= tolerance * std::max(1.0, std::abs(wanted))) continue;
    throw Error(ErrorCode::kInvalid,
                fmt::format("row {}, column {}: expected weight {:.6g}, as \"{}\" computes it, got "
                            "{:.6g}",
                            i / given.columns(), i % given.columns(), wanted, weights.op, got))
        .at(weights.id);
  }
}

}  // namespace

void verify_weights(const Trace& trace, const Step& weights) {
  const Operation* operation = find_operation(weights.op);
  const bool sums_to_one = operation != nullptr && operation->rows_sum_to_one;
  const bool weighs = sums_to_one || (operation != nullptr && operation->gives_weights);
  if (!weighs && weights.role != Role::kWeights) return;
  if (weights.values.rank() != 2) {
    throw Error(ErrorCode::kInvalid, fmt::format("expected weights [queries, keys], got {}",
                                                 shape_text(weights.values.shape())))
        .at(weights.id);
  }
  if (weights.op == ops::differential.name) verify_difference(trace, weights);
  const Tensor& a = weights.values;
  const Visibility visibility = visibility_of(trace, weights);
  const auto zero_rows = weights.findings.get_or("zero_rows", std::vector<double>{});
  const double tolerance = a.dtype() == DType::kFloat64 ? 1e-9 : 1e-4;
  const auto refuse = [&](std::size_t row, const std::string& what) {
    throw Error(ErrorCode::kInvalid, fmt::format("row {}: {}", row, what)).at(weights.id);
  };
  dispatch(a.dtype(), [&](auto zero) {
    using T = decltype(zero);
    const std::size_t m = a.columns();
    for (std::size_t i = 0; i < a.rows(); ++i) {
      const T* row = a.values<T>().data() + i * m;
      const T* told =
          visibility.step == nullptr ? nullptr : visibility.step->values.values<T>().data() + i * m;
      double sum = 0;
      bool visible = false, leaks = false, outside = false;
      for (std::size_t j = 0; j < m; ++j) {
        sum += static_cast<double>(row[j]);
        const bool masked = told != nullptr && visibility.hides(told[j]);
        visible |= !masked;
        leaks |= masked && row[j] != 0;
        outside |= !(row[j] >= 0 && row[j] <= 1);
      }
      if (leaks) refuse(i, "expected weight 0 where a key is masked");
      if (!sums_to_one) continue;
      if (outside) refuse(i, "expected weights from 0 to 1");
      const bool listed =
          std::find(zero_rows.begin(), zero_rows.end(), static_cast<double>(i)) != zero_rows.end();
      visible &= !listed;
      if (std::abs(sum - (visible ? 1 : 0)) > tolerance) {
        refuse(i,
               fmt::format("expected weights with sum {}, got sum {:.6g}", visible ? 1 : 0, sum));
      }
    }
  });
  const bool difference = weights.op == ops::differential.name;
  if (!sums_to_one && !difference && operation != nullptr && !weights.inputs.empty())
    verify_computed(trace, weights);
}

}  // namespace attn_viz
