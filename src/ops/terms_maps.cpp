// Terms of what is done to feature maps.
#include <algorithm>

#include "ops/maps.hpp"
#include "ops/terms_many.hpp"

namespace attn_viz::ops {

using namespace terms;

namespace {

/// Where the cell stands in maps.
struct Place {
  std::size_t channel, row, column;
};

Place place_of(const Cell& cell) {
  const Planes planes = planes_of(cell.values);
  const std::size_t pixel = cell.position % planes.area();
  return {cell.position / planes.area(), pixel / planes.width, pixel % planes.width};
}

// ---- bins ----

/// Some rows and columns of one channel of the first input.
struct Region {
  std::size_t first, width;  ///< its first cell; the cells of a row of the map
  std::size_t rows, columns;
  std::size_t count() const { return rows * columns; }
  std::size_t cell(std::size_t k) const { return first + k / columns * width + k % columns; }
};

Region region_of(const Planes& planes, std::size_t channel, Bin down, Bin across) {
  return {channel * planes.area() + down.first * planes.width + across.first, planes.width,
          down.last - down.first, across.last - across.first};
}

Region bin_of_cell(const Cell& cell) {
  const Planes from = planes_of(*cell.inputs[0]), to = planes_of(cell.values);
  const Place at = place_of(cell);
  return region_of(from, at.channel, bin_of(at.row, to.height, from.height),
                   bin_of(at.column, to.width, from.width));
}

Arithmetic mean_of_region(const Cell& cell, const Region& region) {
  Arithmetic arithmetic;
  Expression total = sum_of_all(arithmetic, cell, region.count(),
                                [&](std::size_t k) { return in(0, region.cell(k)); });
  arithmetic.result =
      region.count() == 1 ? std::move(total) : std::move(total) / number(region.count());
  return arithmetic;
}

}  // namespace

// ---- convolution and its norm ----

/// What lies beyond the edges is left out if it is 0.
Arithmetic convolution_2d_terms(const Cell& cell) {
  const Tensor& kernel = *cell.inputs[1];
  const Planes planes = planes_of(*cell.inputs[0]);
  const Place at = place_of(cell);
  const std::size_t rows = kernel.size(2), columns = kernel.size(3);
  const auto dilation = whole_attribute(cell.attributes, "dilation", 1);
  const std::string& padding = cell.attributes.get<std::string>("padding");
  const bool none = padding == "none", repeat = padding == "replicate";
  const std::size_t top = none ? 0 : dilation * (rows - 1) / 2,
                    left = none ? 0 : dilation * (columns - 1) / 2;
  bool beyond = false;
  std::vector<Expression> parts;
  for (std::size_t c = 0; c < planes.channels; ++c) {
    for (std::size_t tap = 0; tap < rows * columns; ++tap) {
      // The pixel's row and column, counted from the first one of the padding.
      const std::size_t i = at.row + tap / columns * dilation,
                        j = at.column + tap % columns * dilation;
      const std::size_t y = std::clamp(i, top, top + planes.height - 1),
                        x = std::clamp(j, left, left + planes.width - 1);
      beyond = beyond || y != i || x != j;
      if ((y != i || x != j) && !repeat) continue;
      const std::size_t pixel = (c * planes.height + y - top) * planes.width + x - left;
      parts.push_back(in(1, (at.channel * planes.channels + c) * rows * columns + tap) *
                      in(0, pixel));
    }
  }
  if (cell.inputs.size() > 2) parts.push_back(in(2, at.channel));
  Arithmetic arithmetic{.result = sum(std::move(parts))};
  if (beyond) {
    arithmetic.remarks.push_back(repeat ? Remark::kEdgeRepeated : Remark::kBeyondTheEdges);
  }
  return arithmetic;
}

Arithmetic batch_norm_terms(const Cell& cell) {
  const std::size_t c = place_of(cell).channel;
  const Expression epsilon = number(cell.attributes.get<double>("epsilon"), "ε");
  return {.result =
              (in(0, cell.position) - in(1, c)) / root(in(2, c) + epsilon) * in(3, c) + in(4, c)};
}

// ---- pooling ----

Arithmetic adaptive_average_pool_terms(const Cell& cell) {
  return mean_of_region(cell, bin_of_cell(cell));
}

Arithmetic adaptive_maximum_pool_terms(const Cell& cell) {
  const Region region = bin_of_cell(cell);
  Arithmetic arithmetic;
  std::vector<Expression> parts;
  if (region.count() <= kMany) {
    for (std::size_t k = 0; k < region.count(); ++k) parts.push_back(in(0, region.cell(k)));
  } else {
    std::size_t best = region.first;
    for (std::size_t row = 0; row < region.rows; ++row) {
      const std::size_t here =
          largest_of(*cell.inputs[0], region.first + row * region.width, region.columns, 1);
      if (cell.inputs[0]->at(here) > cell.inputs[0]->at(best)) best = here;
    }
    parts.push_back(in(0, best));
    arithmetic.remarks.push_back(Remark::kLargestOfMany);
  }
  arithmetic.result = maximum(std::move(parts));
  return arithmetic;
}

Arithmetic strip_pool_terms(const Cell& cell) {
  const Planes planes = planes_of(*cell.inputs[0]);
  const Place at = place_of(cell);
  const bool by_row = cell.attributes.get<std::string>("strips") == "rows";
  const Bin all_rows{0, planes.height}, all_columns{0, planes.width};
  return mean_of_region(cell,
                        region_of(planes, at.channel, by_row ? Bin{at.row, at.row + 1} : all_rows,
                                  by_row ? all_columns : Bin{at.column, at.column + 1}));
}

Arithmetic expand_strips_terms(const Cell& cell) {
  const Planes planes = planes_of(cell.values);
  const Place at = place_of(cell);
  return {.result = in(0, at.channel * planes.height + at.row) +
                    in(1, at.channel * planes.width + at.column)};
}

Arithmetic interpolate_terms(const Cell& cell) {
  const Planes from = planes_of(*cell.inputs[0]), to = planes_of(cell.values);
  const Place at = place_of(cell);
  const std::vector<Share> down = shares_read(cell.attributes, from.height, to.height, at.row),
                           across = shares_read(cell.attributes, from.width, to.width, at.column);
  std::vector<Expression> parts;
  for (const Share& i : down) {
    for (const Share& j : across) {
      Expression pixel = in(0, (at.channel * from.height + i.index) * from.width + j.index);
      const double share = i.share * j.share;
      parts.push_back(share == 1 ? std::move(pixel) : number(share) * std::move(pixel));
    }
  }
  return {.result = sum(std::move(parts))};
}

// ---- the same numbers elsewhere ----

/// Also of maps one after another: there, the channels of the first come first.
Arithmetic flatten_maps_terms(const Cell& cell) {
  std::size_t which = 0, position = cell.position;
  while (position >= cell.inputs[which]->count()) position -= cell.inputs[which++]->count();
  return {.result = in(which, position)};
}

Arithmetic concat_maps_terms(const Cell& cell) {
  return flatten_maps_terms(cell);
}

Arithmetic pixels_as_rows_terms(const Cell& cell) {
  const std::size_t area = planes_of(*cell.inputs[0]).area();
  return {.result = in(0, cell.column() * area + cell.row())};
}

Arithmetic rows_as_maps_terms(const Cell& cell) {
  const std::size_t area = planes_of(cell.values).area();
  return {.result = in(cell, 0, cell.position % area, cell.position / area)};
}

Arithmetic criss_cross_mask_terms(const Cell& cell) {
  const std::size_t width = planes_of(*cell.inputs[0]).width, i = cell.row(), j = cell.column();
  const bool visible = cell.values.at(cell.position) != 0;
  const Relation relation = visible ? Relation::kEqual : Relation::kUnequal;
  const Condition rows{number(i / width, "row_i"), relation, number(j / width, "row_j")};
  const Condition columns{number(i % width, "column_i"), relation, number(j % width, "column_j")};
  Arithmetic arithmetic{.result = number(visible ? 1.0 : 0.0)};
  if (visible) {
    arithmetic.conditions = {{rows, columns}};  // one of them
  } else {
    arithmetic.conditions = {{rows}, {columns}};  // both
  }
  return arithmetic;
}

}  // namespace attn_viz::ops
