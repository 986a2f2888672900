// Places on a grid whose rows stand one after another as the rows of a matrix.
#pragma once

#include "ops/expect.hpp"
#include "ops/whole.hpp"

namespace attn_viz::ops {

struct Grid {
  std::size_t rows, columns;
};

/// Attributes "rows" and "columns". @throws Error kInvalid unless there is a place for each row.
inline Grid grid_of(const Attributes& attributes, const Tensor& x) {
  const Grid grid{whole(attributes, "rows"), whole(attributes, "columns")};
  expect_equal_sizes(grid.rows * grid.columns, x.rows(), "the grid and the rows");
  return grid;
}

/// The rows of zeros around a grid: attributes "row_border" and "column_border", 0 if absent.
inline Grid border_of(const Attributes& attributes) {
  const auto width = [&](const char* name) {
    const std::size_t asked = attributes.find(name) == nullptr ? 0 : whole(attributes, name);
    constexpr std::size_t kWidest = 1'000'000;
    if (asked <= kWidest) return asked;
    throw Error(ErrorCode::kInvalid, "expected a border of at most 1000000 places");
  };
  return {width("row_border"), width("column_border")};
}

/// A place from 0 to size − 1, or none: beyond the ends, `replicate` takes the nearest place.
inline bool place_on(double place, std::size_t size, bool replicate, std::size_t& result) {
  const double last = static_cast<double>(size) - 1;
  if (!replicate && !(place >= 0 && place <= last)) return false;
  result = static_cast<std::size_t>(place < 0 ? 0 : place > last ? last : place);
  return true;
}

}  // namespace attn_viz::ops
