#include "attn_viz/ops/derivative.hpp"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <numbers>
#include <utility>

#include "attn_viz/core/error.hpp"
#include "attn_viz/core/parallel.hpp"
#include "attn_viz/ops/arithmetic.hpp"

namespace attn_viz {
namespace {

/// Goes backward through the formula of one cell: from the derivative by an expression to those by
/// its parts, down to cells (`reached`) and definitions.
template <class Reached>
class Backward {
 public:
  Backward(const Arithmetic& arithmetic, Inputs inputs, const Tensor& values, Reached reached)
      : arithmetic_(arithmetic),
        known_(values_of_definitions(arithmetic, inputs, values)),
        numbers_{inputs, values, known_},
        by_definition_(known_.size(), 0.0),
        reached_(std::move(reached)) {}

  void run() {
    descend(arithmetic_.result, 1);
    // A definition is used by what comes after it alone.
    for (std::size_t d = known_.size(); d-- > 0;) {
      if (by_definition_[d] != 0) descend(arithmetic_.definitions[d].value, by_definition_[d]);
    }
  }

 private:
  double value(const Expression& expression) const { return value_of(expression, numbers_); }

  /// @param by  the derivative of the cell by this expression
  void descend(const Expression& expression, double by) {
    using Kind = Expression::Kind;
    const std::vector<Expression>& parts = expression.parts;
    switch (expression.kind) {
      case Kind::kNumber:
        return;
      case Kind::kInput:
      case Kind::kOwn:
        reached_(expression, by);
        return;
      case Kind::kDefined:
        by_definition_[expression.index] += by;
        return;
      case Kind::kSum:
        for (const Expression& each : parts) descend(each, by);
        return;
      case Kind::kProduct:
        descend_product(parts, by);
        return;
      case Kind::kMaximum:
        descend(
            *std::max_element(parts.begin(), parts.end(),
                              [&](const auto& a, const auto& b) { return value(a) < value(b); }),
            by);
        return;
      case Kind::kDifference:
        descend(parts[0], by);
        descend(parts[1], -by);
        return;
      case Kind::kQuotient: {
        const double below = value(parts[1]);
        descend(parts[0], by / below);
        if (!is_constant(parts[1])) descend(parts[1], -by * value(parts[0]) / (below * below));
        return;
      }
      case Kind::kPower:
        descend_power(parts, by);
        return;
      case Kind::kRemainder:
        descend(parts[0], by);  // of whole numbers, which do not change, in all that we have
        return;
      default:
        descend_function(expression.kind, parts[0], by);
    }
  }

  void descend_product(const std::vector<Expression>& parts, double by) {
    for (std::size_t i = 0; i < parts.size(); ++i) {
      if (is_constant(parts[i])) continue;
      double others = by;
      for (std::size_t k = 0; k < parts.size(); ++k) {
        if (k != i) others *= value(parts[k]);
      }
      descend(parts[i], others);
    }
  }

  void descend_power(const std::vector<Expression>& parts, double by) {
    const double base = value(parts[0]), exponent = value(parts[1]);
    if (!is_constant(parts[0])) {
      descend(parts[0], by * exponent * std::pow(base, exponent - 1));
    }
    if (!is_constant(parts[1])) {
      descend(parts[1], by * std::pow(base, exponent) * std::log(base));
    }
  }

  void descend_function(Expression::Kind kind, const Expression& part, double by) {
    using Kind = Expression::Kind;
    const double x = value(part);
    const auto slope = [&] {
      switch (kind) {
        case Kind::kNegative:
          return -1.0;
        case Kind::kRoot:
          return x > 0 ? 0.5 / std::sqrt(x) : 0;
        case Kind::kAbsolute:
          return x > 0 ? 1.0 : x < 0 ? -1.0 : 0.0;
        case Kind::kExp:
          return std::exp(x);
        case Kind::kLog:
          return 1 / x;
        case Kind::kSin:
          return std::cos(x);
        case Kind::kCos:
          return -std::sin(x);
        case Kind::kTanh:
          return 1 - std::tanh(x) * std::tanh(x);
        case Kind::kErfc:
          return -2 / std::sqrt(std::numbers::pi) * std::exp(-x * x);
        default:
          throw Error(ErrorCode::kBug, "an expression without a derivative");
      }
    };
    descend(part, by * slope());
  }

  bool is_constant(const Expression& expression) const {
    return expression.kind == Expression::Kind::kNumber;
  }

  const Arithmetic& arithmetic_;
  std::vector<double> known_;
  Numbers numbers_;
  std::vector<double> by_definition_;
  Reached reached_;
};

}  // namespace

Derivative::Derivative(const Operation& operation, std::vector<const Tensor*> inputs,
                       const Attributes& attributes, const Tensor& values, std::vector<bool> wanted)
    : operation_(operation), inputs_(std::move(inputs)), attributes_(attributes), values_(values) {
  if (operation.jumps || operation.pull != nullptr) return;
  if (operation.terms == nullptr) {
    throw Error(ErrorCode::kBug, "the operation has no terms").at(std::string(operation.name));
  }
  differentiate_terms(wanted);
}

std::vector<Derivative::Partial> Derivative::partials_of(std::size_t position,
                                                         const std::vector<bool>& wanted) const {
  std::vector<Partial> partials;
  const Arithmetic arithmetic =
      operation_.terms({inputs_, attributes_, values_, position, /*whole=*/true});
  const auto reached = [&](const Expression& cell, double by) {
    const bool own = cell.kind == Expression::Kind::kOwn;
    if (by == 0 || (!own && !wanted[cell.index])) return;
    if (!std::isfinite(by)) {
      throw Error(ErrorCode::kInvalid,
                  "the derivative of cell " + std::to_string(position) + " is not finite");
    }
    partials.push_back({own ? kOwn : static_cast<std::uint32_t>(cell.index),
                        static_cast<std::uint32_t>(cell.position), by});
  };
  Backward(arithmetic, inputs_, values_, reached).run();
  return partials;
}

void Derivative::differentiate_terms(const std::vector<bool>& wanted) {
  constexpr std::size_t kMost = (std::size_t{1} << 30) / sizeof(Partial);
  const std::size_t cells = values_.count();
  blocks_.resize((cells + kBlock - 1) / kBlock);
  end_.resize(cells);
  std::atomic<std::size_t> count = 0;
  std::atomic<bool> any_own = false;
  parallel_for(blocks_.size(), 1, [&](std::size_t index, std::size_t) {
    std::vector<Partial>& block = blocks_[index];
    for (std::size_t c = index * kBlock; c < std::min(cells, (index + 1) * kBlock); ++c) {
      const std::vector<Partial> of_cell = partials_of(c, wanted);
      block.insert(block.end(), of_cell.begin(), of_cell.end());
      end_[c] = block.size();
      for (const Partial& partial : of_cell) any_own = any_own || partial.input == kOwn;
    }
    block.shrink_to_fit();
    if ((count += block.size()) <= kMost) return;
    throw Error(ErrorCode::kLimit, "its derivative has more numbers than fit into 1 GiB")
        .hint("take a smaller input");
  });
  if (any_own) order_cells();
}

/// A walk in depth, without recursion: a recurrence over many rows is a long chain.
void Derivative::order_cells() {
  const std::size_t cells = values_.count();
  std::vector<bool> seen(cells, false);
  std::vector<std::pair<std::size_t, std::size_t>> path;  // a cell, and how many partials were seen
  order_.reserve(cells);
  for (std::size_t start = 0; start < cells; ++start) {
    if (seen[start]) continue;
    seen[start] = true;
    path.push_back({start, 0});
    while (!path.empty()) {
      const std::size_t cell = path.back().first;
      if (path.back().second == partials(cell).size()) {
        order_.push_back(static_cast<std::uint32_t>(cell));
        path.pop_back();
        continue;
      }
      const Partial& partial = partials(cell)[path.back().second++];
      if (partial.input != kOwn || seen[partial.position]) continue;
      seen[partial.position] = true;
      path.push_back({partial.position, 0});
    }
  }
  std::reverse(order_.begin(), order_.end());
}

void Derivative::pull(std::span<const double> from, std::span<const std::span<double>> into) const {
  if (operation_.jumps) return;
  if (operation_.pull != nullptr) {
    operation_.pull({inputs_, attributes_, values_, from, into});
    return;
  }
  std::vector<double> with_own;  // what a cell gets from cells of the same result
  if (!order_.empty()) with_own.assign(from.begin(), from.end());
  for (std::size_t k = 0; k < from.size(); ++k) {
    const std::size_t cell = order_.empty() ? k : order_[k];
    const double by = order_.empty() ? from[cell] : with_own[cell];
    if (by == 0) continue;
    for (const Partial& partial : partials(cell)) {
      double& to = partial.input == kOwn ? with_own[partial.position]
                                         : into[partial.input][partial.position];
      to += by * partial.value;
    }
  }
}

}  // namespace attn_viz
