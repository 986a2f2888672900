// Exact derivatives of operations: how the numbers of a result change with those of its inputs.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "attn_viz/ops/operation.hpp"

namespace attn_viz {

/// What a derivative written by hand reads, and where it adds. All tensors are float64.
struct Pullback {
  Inputs inputs;
  const Attributes& attributes;
  const Tensor& values;          ///< what the operation gives for the inputs
  std::span<const double> from;  ///< ∂f/∂(each number of the result), for some number f
  /// ∂f/∂(each number of input k) is added to into[k]; empty where nobody asks.
  std::span<const std::span<double>> into;

  bool wants(std::size_t input) const { return !into[input].empty(); }
};

/// The derivative of one step: of its operation, at its inputs. A derivative goes backward, from
/// the result to the inputs (reverse mode). It comes from the operation's `pull` if there is one,
/// else from the terms of its cells, differentiated by the rules of calculus.
///
/// Where an operation has a kink it is one of the one-sided derivatives or what lies between: of
/// max(x, 0) and |x| at 0 it is 0, of several largest numbers the first counts, of a length 0 it is
/// 0. Where an operation jumps (`Operation::jumps`) it is 0.
class Derivative {
 public:
  /// @param inputs  float64, as `values`; all must outlive this
  /// @param wanted  for each input, whether its numbers may change
  /// @throws Error kInvalid if the derivative is infinite at these inputs
  ///         Error kLimit   if it has more numbers than fit into 1 GiB
  Derivative(const Operation& operation, std::vector<const Tensor*> inputs,
             const Attributes& attributes, const Tensor& values, std::vector<bool> wanted);

  /// Adds to `into` the derivatives by the inputs of a number f whose derivatives by the result are
  /// `from`. What is not wanted may be empty. May be called from several threads.
  void pull(std::span<const double> from, std::span<const std::span<double>> into) const;

 private:
  /// How one cell changes with a cell of an input, or with another cell of the same result.
  struct Partial {
    std::uint32_t input;
    std::uint32_t position;
    double value;
  };
  static constexpr std::uint32_t kOwn = UINT32_MAX;
  static constexpr std::size_t kBlock = 256;

  std::span<const Partial> partials(std::size_t cell) const {
    const std::size_t first = cell % kBlock == 0 ? 0 : end_[cell - 1];
    return std::span(blocks_[cell / kBlock]).subspan(first, end_[cell] - first);
  }

  void differentiate_terms(const std::vector<bool>& wanted);
  void order_cells();
  std::vector<Partial> partials_of(std::size_t position, const std::vector<bool>& wanted) const;

  const Operation& operation_;
  std::vector<const Tensor*> inputs_;
  const Attributes& attributes_;
  const Tensor& values_;
  std::vector<std::vector<Partial>> blocks_ = {};  // the partials of kBlock cells each
  std::vector<std::size_t> end_ = {};              // where those of a cell end in its block
  std::vector<std::uint32_t> order_ = {};  // a cell stands before those that it reads; empty: any
};

}  // namespace attn_viz
