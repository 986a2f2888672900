// How far apart positions are when a layer joins some pairs of them: the paths that a signal takes
// through copies of that layer, one upon another.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace attn_viz::analysis {

/// Which positions a layer's outputs read: an n × m matrix of bits.
class Links {
 public:
  Links(std::size_t outputs, std::size_t inputs);

  std::size_t outputs() const { return outputs_; }
  std::size_t inputs() const { return inputs_; }
  /// Also what the other joins, of the same size.
  void join_all(const Links& other);
  /// Output i reads input j.
  void join(std::size_t i, std::size_t j) { row(i)[j / 64] |= std::uint64_t{1} << (j % 64); }
  bool joined(std::size_t i, std::size_t j) const { return (row(i)[j / 64] >> (j % 64) & 1) != 0; }
  /// How many inputs output i reads.
  std::size_t reads(std::size_t i) const;
  /// Pairs that are joined.
  std::size_t count() const;

  /// What the outputs of this layer read through the layer before it.
  /// @pre  inputs() is before.outputs()
  Links after(const Links& before) const;

 private:
  friend struct PathFinder;
  std::uint64_t* row(std::size_t i) { return bits_.data() + i * words_; }
  const std::uint64_t* row(std::size_t i) const { return bits_.data() + i * words_; }

  std::size_t outputs_, inputs_, words_;
  std::vector<std::uint64_t> bits_;
};

struct Paths {
  /// The most layers of this kind that a signal must pass between two different positions, over all
  /// pairs that are joined by any number of layers; absent if no pair is.
  std::optional<std::size_t> longest;
  /// Ordered pairs of different positions that no number of layers joins.
  std::size_t never = 0;
};

/// Breadth-first search from every output.
/// @pre  as many inputs as outputs
/// Example: a window of one neighbour at each side on n positions → longest n − 1, never 0; a
/// causal mask → longest 1, never n (n − 1) / 2.
Paths paths_of(const Links& links);

}  // namespace attn_viz::analysis
