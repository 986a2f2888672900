// Feature maps, for the operations: [channels, rows, columns], or [rows, columns] for one channel.
#pragma once

#include <cmath>
#include <string>
#include <string_view>
#include <vector>

#include "attn_viz/core/parallel.hpp"
#include "ops/expect.hpp"

namespace attn_viz::ops {

/// The extents of maps.
struct Planes {
  std::size_t channels = 1, height = 0, width = 0;
  std::size_t area() const { return height * width; }
};

/// @throws Error kInvalid unless it has two or three axes, none of them empty.
inline Planes planes_of(const Tensor& maps) {
  if ((maps.rank() != 2 && maps.rank() != 3) || maps.count() == 0) {
    throw Error(
        ErrorCode::kInvalid,
        "expected maps [channels, rows, columns] with at least one of each, got the shape " +
            shape_text(maps.shape()));
  }
  const std::size_t last = maps.rank() - 1;
  return {maps.rank() == 3 ? maps.size(0) : 1, maps.size(last - 1), maps.size(last)};
}

/// @throws Error kInvalid unless both have as many rows and columns.
inline void expect_equal_grids(const Planes& a, const Planes& b) {
  if (a.height == b.height && a.width == b.width) return;
  throw Error(ErrorCode::kInvalid, "maps of unequal size: " + std::to_string(a.height) + " × " +
                                       std::to_string(a.width) + " and " +
                                       std::to_string(b.height) + " × " + std::to_string(b.width));
}

/// The row and the column axis of maps.
inline Axis row_axis(const Tensor& maps) {
  return maps.axes()[maps.rank() - 2];
}
inline Axis column_axis(const Tensor& maps) {
  return maps.axes().back();
}

/// Maps with the channels of `like` over other rows and columns; uninitialised.
inline Tensor maps_over(const Tensor& like, Axis row, Axis column) {
  std::vector<Axis> axes = like.axes();
  axes[axes.size() - 2] = std::move(row);
  axes.back() = std::move(column);
  return Tensor(like.dtype(), std::move(axes));
}

/// A whole number among the attributes.
/// @throws Error kInvalid unless it is one, from `least` to 2³⁰.
inline std::size_t whole_attribute(const Attributes& attributes, std::string_view name,
                                   std::size_t least) {
  const double value = attributes.get<double>(name);
  constexpr double kMost = 1 << 30;
  if (!(value >= static_cast<double>(least) && value <= kMost) || value != std::floor(value)) {
    throw Error(ErrorCode::kInvalid, "expected a whole number ≥ " + std::to_string(least) +
                                         " as attribute \"" + std::string(name) + "\"");
  }
  return static_cast<std::size_t>(value);
}

/// Rows ⌊iH/h⌋ … ⌈(i+1)H/h⌉ − 1 of H are bin i of h; bins may overlap, and repeat if h > H.
struct Bin {
  std::size_t first, last;  ///< last is one beyond
};

inline Bin bin_of(std::size_t i, std::size_t bins, std::size_t size) {
  return {i * size / bins, ((i + 1) * size + bins - 1) / bins};
}

/// A row or a column that `interpolate` reads, and how much of it.
struct Share {
  std::size_t index;
  double share;
};

/// What row (or column) i of `out` reads of `in` rows, each once; src/ops/interpolation.cpp.
std::vector<Share> shares_read(const Attributes& attributes, std::size_t in, std::size_t out,
                               std::size_t i);

/// Calls body(T, channel) for each channel, on all cores.
template <class Body>
void each_channel(DType dtype, std::size_t channels, std::size_t cost, Body body) {
  dispatch(dtype, [&](auto zero) {
    parallel_for(channels, rows_per_block(cost), [&](std::size_t first, std::size_t last) {
      for (std::size_t c = first; c < last; ++c) body(zero, c);
    });
  });
}

}  // namespace attn_viz::ops
