// How much each output of a mechanism depends on each of its inputs.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <vector>

#include "attn_viz/core/tensor.hpp"
#include "attn_viz/trace/trace.hpp"

namespace attn_viz::analysis {

/// The positions that a step has: tokens, pixels of maps, or single numbers.
struct Positions {
  AxisInfo axis;             ///< its name, labels and, of pixels and patches, its grid
  std::size_t features = 1;  ///< numbers at each position
  bool by_maps = false;      ///< [features, positions] in memory, else [positions, features]
};

/// Rows of a matrix; pixels of feature maps, whose last two axes are rows and columns; of a vector
/// or a single number each number.
Positions positions_of(const Trace& trace, const Step& step);

/// J[i, j] = ‖∂ output i / ∂ input j‖, the Frobenius norm of a matrix of derivatives.
/// Source: the comparison of layers by what they can see: Luo et al. 2016, Understanding the
/// effective receptive field.
struct Influence {
  std::string title;  ///< the trace's
  std::string
      name;  ///< short, as tables and panels call the mechanism; the title if nobody sets it
  std::string from, to;             ///< the ids of the steps
  AxisInfo inputs, outputs;         ///< all positions of the two steps
  std::vector<std::size_t> places;  ///< of the outputs that were asked for, in order
  Tensor values;                    ///< [places, inputs], float64, ≥ 0
  /// Steps on the way that choose: their results jump, and no derivative goes through them.
  std::vector<std::string> jumps = {};
};

struct InfluenceOptions {
  std::vector<std::size_t> outputs = {};            ///< places; empty: all
  std::size_t memory_limit = std::size_t{1} << 30;  ///< of the values, in bytes
  /// Told how many of how many outputs are done; may be empty; one call at a time.
  std::function<void(std::size_t, std::size_t)> progress = {};
};

/// The exact influence of one step on another, by reverse differentiation of the steps between.
/// @throws Error kInvalid  if `to` is not computed from `from`, or if a derivative is not finite
///         Error kLimit    if there are too many pairs
Influence influence_of(const Trace& trace, const Step& from, const Step& to,
                       const InfluenceOptions& options = {});

/// The step that holds what a mechanism gives: its result before an output head.
/// @throws Error kInvalid if nothing is computed
const Step& usual_output(const Trace& trace);

/// The given data that a step is computed from: embeddings, contexts, targets, maps. Not what is
/// given as a fact: labels, masks, the numbers of words.
std::vector<const Step*> usual_inputs(const Trace& trace, const Step& to);

/// What an influence amounts to.
struct Reach {
  std::size_t nothing = 0;  ///< pairs of which J is exactly 0
  double largest = 0;
  /// Whether outputs and inputs are the same positions; else the next three mean nothing.
  bool same_positions = false;
  /// The farthest input before and after an output that it depends on; of a grid in row-major
  /// order.
  std::size_t before = 0, after = 0;
  double mean_distance = 0;  ///< |i − j|, of a grid between the places on it; weighted by J
};
Reach reach_of(const Influence& influence);

}  // namespace attn_viz::analysis
