// Terms of what is done to feature maps.
#include <algorithm>
#include <cmath>
#include <numeric>

#include "ops/maps.hpp"
#include "ops/terms.hpp"

namespace attn_viz::ops {

using namespace terms;

namespace {

/// Sums of more terms are given as one number: nobody reads them, and the tree would be huge.
constexpr std::size_t kMany = 4096;

/// Where the cell stands in maps.
struct Place {
  std::size_t channel, row, column;
};

Place place_of(const Cell& cell) {
  const Planes planes = planes_of(cell.values);
  const std::size_t pixel = cell.position % planes.area();
  return {cell.position / planes.area(), pixel / planes.width, pixel % planes.width};
}

/// The sum of term(0) … term(count − 1), which use no definitions.
template <class Term>
Expression sum_of_all(Arithmetic& arithmetic, const Cell& cell, std::size_t count, Term term) {
  if (count <= kMany || cell.whole) {
    std::vector<Expression> parts;
    parts.reserve(count);
    for (std::size_t i = 0; i < count; ++i) parts.push_back(term(i));
    return sum(std::move(parts));
  }
  double total = 0;
  for (std::size_t i = 0; i < count; ++i) {
    total += value_of(term(i), {cell.inputs, cell.values, {}});
  }
  arithmetic.remarks.push_back(Remark::kSumOfMany);
  return arithmetic.define("Σ", number(total));
}

/// The first of the largest among `count` cells of an input, from `first` on, `step` apart.
std::size_t largest_of(const Tensor& x, std::size_t first, std::size_t count, std::size_t step) {
  std::size_t best = first;
  for (std::size_t k = 1; k < count; ++k) {
    if (x.at(first + k * step) > x.at(best)) best = first + k * step;
  }
  return best;
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

// ---- self attention distillation ----

Arithmetic channel_energy_terms(const Cell& cell) {
  const Planes planes = planes_of(*cell.inputs[0]);
  const double exponent = cell.attributes.get<double>("power");
  std::vector<Expression> parts;
  for (std::size_t c = 0; c < planes.channels; ++c) {
    Expression length = absolute(in(0, c * planes.area() + cell.position));
    parts.push_back(exponent == 1 ? std::move(length) : power(std::move(length), number(exponent)));
  }
  const bool is_sum = cell.attributes.get<std::string>("reduction") == "sum";
  return {.result = is_sum ? sum(std::move(parts)) : maximum(std::move(parts))};
}

namespace {

/// Softmax's share of one of `count` cells, from `first` on, `step` apart.
Arithmetic share_of_cell(const Cell& cell, std::size_t first, std::size_t count, std::size_t step) {
  Arithmetic arithmetic;
  if (count <= kMany) {
    std::vector<std::size_t> keys(count);
    std::iota(keys.begin(), keys.end(), std::size_t{0});
    std::vector<Expression> scores;
    scores.reserve(count);
    for (const std::size_t k : keys) scores.push_back(in(0, first + k * step));
    arithmetic.result =
        softmax_share(arithmetic, keys, scores, (cell.position - first) / step, nullptr, nullptr);
    arithmetic.remarks.clear();  // which speak of a row
  } else {
    const std::size_t best = largest_of(*cell.inputs[0], first, count, step);
    const auto raised = [&](std::size_t p) { return exponential(in(0, p) - in(0, best)); };
    const Expression total = sum_of_all(arithmetic, cell, count,
                                        [&](std::size_t k) { return raised(first + k * step); });
    arithmetic.result = raised(cell.position) / total;
  }
  arithmetic.remarks.push_back(Remark::kLargestSubtracted);
  return arithmetic;
}

}  // namespace

Arithmetic spatial_softmax_terms(const Cell& cell) {
  const std::size_t area = planes_of(cell.values).area();
  return share_of_cell(cell, cell.position / area * area, area, 1);
}

Arithmetic map_l2_normalize_terms(const Cell& cell) {
  const std::size_t area = planes_of(cell.values).area();
  const std::size_t first = cell.position / area * area;
  Arithmetic arithmetic;
  Expression squares =
      sum_of_all(arithmetic, cell, area, [&](std::size_t k) { return square(in(0, first + k)); });
  const Expression length = arithmetic.define("length", root(std::move(squares)));
  bool nothing = true;
  for (std::size_t k = 0; k < area; ++k) nothing = nothing && cell.inputs[0]->at(first + k) == 0;
  if (nothing) {
    arithmetic.remarks.push_back(Remark::kZeroLength);
  } else {
    arithmetic.result = in(0, cell.position) / length;
  }
  return arithmetic;
}

Arithmetic squared_error_terms(const Cell& cell) {
  const std::size_t count = cell.inputs[0]->count();
  const std::string& reduction = cell.attributes.get<std::string>("reduction");
  Arithmetic arithmetic;
  Expression total = sum_of_all(arithmetic, cell, count,
                                [](std::size_t p) { return square(in(0, p) - in(1, p)); });
  if (reduction == "mean") total = std::move(total) / number(count);
  arithmetic.result = reduction == "norm" ? root(std::move(total)) : std::move(total);
  return arithmetic;
}

Arithmetic weighted_sum_terms(const Cell& cell) {
  const auto& factors = cell.attributes.get<std::vector<double>>("factors");
  std::vector<Expression> parts;
  for (std::size_t i = 0; i < factors.size(); ++i) {
    parts.push_back(factors[i] == 1 ? in(i, 0) : number(factors[i]) * in(i, 0));
  }
  return {.result = sum(std::move(parts))};
}

// ---- the losses of lanes ----

Arithmetic channel_softmax_terms(const Cell& cell) {
  const Planes planes = planes_of(cell.values);
  return share_of_cell(cell, cell.position % planes.area(), planes.channels, planes.area());
}

Arithmetic channel_argmax_terms(const Cell& cell) {
  const Planes planes = planes_of(*cell.inputs[0]);
  const auto best = static_cast<std::size_t>(cell.values.at(cell.position));
  const auto score = [&](std::size_t c) { return in(0, c * planes.area() + cell.position); };
  std::vector<Expression> scores;
  for (std::size_t c = 0; c < planes.channels; ++c) scores.push_back(score(c));
  Arithmetic arithmetic{.result = number(best)};
  arithmetic.conditions = {{{score(best), Relation::kEqual, maximum(std::move(scores))}}};
  for (std::size_t c = 0; c < best; ++c) {  // the first of equals
    arithmetic.conditions.push_back({{score(best), Relation::kGreater, score(c)}});
  }
  return arithmetic;
}

namespace {

/// −ln of the label's share of a softmax: ln Σ exp(x − m) + m − x[label], m the largest.
Expression surprise(const Tensor& logits, const Planes& planes, std::size_t pixel,
                    std::size_t label) {
  const std::size_t most = largest_of(logits, pixel, planes.channels, planes.area()),
                    is = label * planes.area() + pixel;
  std::vector<Expression> powers;
  powers.reserve(planes.channels);
  for (std::size_t c = 0; c < planes.channels; ++c) {
    powers.push_back(exponential(in(0, c * planes.area() + pixel) - in(0, most)));
  }
  Expression log = of_one(Expression::Kind::kLog, sum(std::move(powers)));
  return most == is ? log : std::move(log) + (in(0, most) - in(0, is));
}

}  // namespace

Arithmetic pixel_cross_entropy_terms(const Cell& cell) {
  const Tensor &logits = *cell.inputs[0], &labels = *cell.inputs[1];
  const Planes planes = planes_of(logits);
  const auto& weights = cell.attributes.get<std::vector<double>>("class_weights");
  const auto label = [&](std::size_t pixel) { return static_cast<std::size_t>(labels.at(pixel)); };
  const auto weight = [&](std::size_t k) { return number(weights[k], indexed("w", k)); };
  Arithmetic arithmetic;
  Expression total;
  if (planes.area() <= kMany) {
    std::vector<Expression> parts;
    for (std::size_t p = 0; p < planes.area(); ++p) {
      const Expression loss =
          arithmetic.define(indexed("l", p), surprise(logits, planes, p, label(p)));
      parts.push_back(weight(label(p)) * loss);
    }
    total = arithmetic.define("Σ", sum(std::move(parts)));
  } else {
    total = sum_of_all(arithmetic, cell, planes.area(), [&](std::size_t p) {
      return weight(label(p)) * surprise(logits, planes, p, label(p));
    });
  }
  std::vector<std::size_t> pixels(planes.channels);
  for (std::size_t p = 0; p < planes.area(); ++p) ++pixels[label(p)];
  std::vector<Expression> parts;
  for (std::size_t k = 0; k < pixels.size(); ++k) {
    if (pixels[k] > 0) parts.push_back(number(pixels[k]) * weight(k));
  }
  arithmetic.result = total / arithmetic.define("W", sum(std::move(parts)));
  arithmetic.remarks.push_back(Remark::kWeightsOfPixels);
  return arithmetic;
}

Arithmetic binary_cross_entropy_terms(const Cell& cell) {
  const std::size_t count = cell.inputs[0]->count();
  const auto term = [](std::size_t i) {
    return maximum({in(0, i), number(0.0)}) - in(0, i) * in(1, i) +
           of_one(Expression::Kind::kLog, number(1.0) + exponential(-absolute(in(0, i))));
  };
  Arithmetic arithmetic;
  Expression total = sum_of_all(arithmetic, cell, count, term);
  arithmetic.result = count == 1 ? std::move(total) : std::move(total) / number(count);
  return arithmetic;
}

Arithmetic lane_iou_loss_terms(const Cell& cell) {
  const Tensor &predicted = *cell.inputs[0], &labels = *cell.inputs[1];
  std::size_t n_p = 0, n_g = 0, n_o = 0;
  for (std::size_t i = 0; i < predicted.count(); ++i) {
    const bool p = predicted.at(i) != 0, g = labels.at(i) != 0;
    n_p += p, n_g += g, n_o += p && g;
  }
  Arithmetic arithmetic;
  const Expression of_p = arithmetic.define("N_p", number(n_p)),
                   of_g = arithmetic.define("N_g", number(n_g)),
                   common = arithmetic.define("N_o", number(n_o));
  arithmetic.remarks.push_back(Remark::kLanePixels);
  if (n_p + n_g == 0) {
    arithmetic.conditions = {{{of_p + of_g, Relation::kEqual, number(0.0)}}};
  } else {
    arithmetic.result = number(1.0) - common / (of_p + of_g - common);
  }
  return arithmetic;
}

}  // namespace attn_viz::ops
