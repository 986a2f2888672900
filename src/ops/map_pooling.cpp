// Pooling of feature maps: over the bins of a grid, and over strips.
#include <algorithm>

#include "ops/maps.hpp"
#include "ops/terms.hpp"

namespace attn_viz::ops {
namespace {

/// Every bin of every channel becomes reduce(channel's plane, rows of the bin, columns).
template <class Reduce>
Outcome pool_bins(Inputs inputs, const Attributes& attributes, Reduce reduce) {
  expect_inputs(inputs, 1);
  const Tensor& x = *inputs[0];
  const Planes planes = planes_of(x);
  const std::size_t rows = whole_attribute(attributes, "rows", 1),
                    columns = whole_attribute(attributes, "columns", 1);
  const auto axis = [](Axis of_x, std::size_t size) {
    return of_x.size == size ? of_x : Axis{size};
  };
  Tensor y = maps_over(x, axis(row_axis(x), rows), axis(column_axis(x), columns));
  each_channel(x.dtype(), planes.channels, planes.area() + rows * columns,
               [&](auto zero, std::size_t c) {
                 using T = decltype(zero);
                 const T* plane = x.values<T>().data() + c * planes.area();
                 T* to = y.values<T>().data() + c * rows * columns;
                 for (std::size_t i = 0; i < rows; ++i) {
                   const Bin down = bin_of(i, rows, planes.height);
                   for (std::size_t j = 0; j < columns; ++j) {
                     const Bin across = bin_of(j, columns, planes.width);
                     *to++ = reduce(plane, planes.width, down, across);
                   }
                 }
               });
  return {std::move(y)};
}

template <class T>
T mean_of(const T* plane, std::size_t width, Bin down, Bin across) {
  double sum = 0;
  for (std::size_t i = down.first; i < down.last; ++i) {
    for (std::size_t j = across.first; j < across.last; ++j) {
      sum += static_cast<double>(plane[i * width + j]);
    }
  }
  const std::size_t count = (down.last - down.first) * (across.last - across.first);
  return static_cast<T>(sum / static_cast<double>(count));
}

template <class T>
T maximum_of(const T* plane, std::size_t width, Bin down, Bin across) {
  T most = plane[down.first * width + across.first];
  for (std::size_t i = down.first; i < down.last; ++i) {
    const T* row = plane + i * width;
    most = std::max(most, *std::max_element(row + across.first, row + across.last));
  }
  return most;
}

Outcome evaluate_average(Inputs inputs, const Attributes& attributes) {
  return pool_bins(inputs, attributes,
                   [](const auto* plane, std::size_t width, Bin down, Bin across) {
                     return mean_of(plane, width, down, across);
                   });
}

Outcome evaluate_maximum(Inputs inputs, const Attributes& attributes) {
  return pool_bins(inputs, attributes,
                   [](const auto* plane, std::size_t width, Bin down, Bin across) {
                     return maximum_of(plane, width, down, across);
                   });
}

/// Attribute "strips": "rows" gives the mean of each row [C, H, 1], "columns" of each column
/// [C, 1, W].
Outcome evaluate_strip_pool(Inputs inputs, const Attributes& attributes) {
  expect_inputs(inputs, 1);
  const Tensor& x = *inputs[0];
  const Planes planes = planes_of(x);
  const std::string& strips = attributes.get<std::string>("strips");
  if (strips != "rows" && strips != "columns") {
    throw Error(ErrorCode::kInvalid, "expected strips \"rows\" or \"columns\"");
  }
  const bool by_row = strips == "rows";
  Tensor y = by_row ? maps_over(x, row_axis(x), Axis{1}) : maps_over(x, Axis{1}, column_axis(x));
  each_channel(x.dtype(), planes.channels, planes.area(), [&](auto zero, std::size_t c) {
    using T = decltype(zero);
    const T* plane = x.values<T>().data() + c * planes.area();
    const std::size_t count = by_row ? planes.height : planes.width;
    T* to = y.values<T>().data() + c * count;
    for (std::size_t k = 0; k < count; ++k) {
      const Bin down = by_row ? Bin{k, k + 1} : Bin{0, planes.height};
      const Bin across = by_row ? Bin{0, planes.width} : Bin{k, k + 1};
      to[k] = mean_of(plane, planes.width, down, across);
    }
  });
  return {std::move(y)};
}

/// (a value for each row [C, H, 1], one for each column [C, 1, W]) → their sums [C, H, W].
Outcome evaluate_expand_strips(Inputs inputs, const Attributes&) {
  expect_inputs(inputs, 2);
  const Tensor &rows = *inputs[0], &columns = *inputs[1];
  const Planes down = planes_of(rows), across = planes_of(columns);
  expect_equal_sizes(down.channels, across.channels, "the channels of the strips");
  expect_equal_sizes(down.width, 1, "a strip of rows and a single column");
  expect_equal_sizes(across.height, 1, "a strip of columns and a single row");
  Tensor y = maps_over(rows, row_axis(rows), column_axis(columns));
  each_channel(y.dtype(), down.channels, down.height * across.width, [&](auto zero, std::size_t c) {
    using T = decltype(zero);
    const T* row = rows.values<T>().data() + c * down.height;
    const T* column = columns.values<T>().data() + c * across.width;
    T* to = y.values<T>().data() + c * down.height * across.width;
    for (std::size_t i = 0; i < down.height; ++i) {
      for (std::size_t j = 0; j < across.width; ++j) *to++ = row[i] + column[j];
    }
  });
  return {std::move(y)};
}

/// "2 × 3".
std::string grid_text(const Attributes& attributes) {
  const auto number = [&](std::string_view name) {
    return std::to_string(static_cast<long long>(attributes.get<double>(name)));
  };
  return number("rows") + " × " + number("columns");
}

}  // namespace

const Operation adaptive_average_pool{
    .name = "adaptive-average-pool",
    .meaning = "the mean of each bin of a grid; bin i of h holds rows ⌊iH/h⌋ to ⌈(i+1)H/h⌉ − 1",
    .source = "Zhao et al. 2017 (PSPNet), section 3.2; bins as in PyTorch",
    .equation =
        [](std::span<const std::string> s, const Attributes& attributes) {
          return "mean of " + s[0] + " in " + grid_text(attributes) + " bins";
        },
    .evaluate = evaluate_average,
    .terms = adaptive_average_pool_terms,
};

const Operation adaptive_maximum_pool{
    .name = "adaptive-maximum-pool",
    .meaning = "the maximum of each bin of a grid; bin i of h holds rows ⌊iH/h⌋ to ⌈(i+1)H/h⌉ − 1",
    .source = "He et al. 2014 (SPP-net), section 2.2; bins as in PyTorch",
    .equation =
        [](std::span<const std::string> s, const Attributes& attributes) {
          return "maximum of " + s[0] + " in " + grid_text(attributes) + " bins";
        },
    .evaluate = evaluate_maximum,
    .terms = adaptive_maximum_pool_terms,
};

const Operation strip_pool{
    .name = "strip-pool",
    .meaning = "the mean of each row, or of each column",
    .source = "Hou, Zhang, Cheng, Feng 2020 (Strip Pooling), eqs. 2 and 3",
    .equation =
        [](std::span<const std::string> s, const Attributes& attributes) {
          const bool rows = attributes.get<std::string>("strips") == "rows";
          return std::string("mean of each ") + (rows ? "row" : "column") + " of " + s[0];
        },
    .evaluate = evaluate_strip_pool,
    .terms = strip_pool_terms,
};

const Operation expand_strips{
    .name = "expand-strips",
    .meaning = "for each pixel the value of its row plus that of its column",
    .source = "Hou, Zhang, Cheng, Feng 2020 (Strip Pooling), eq. 4",
    .equation = [](std::span<const std::string> s,
                   const Attributes&) { return s[0] + "[row] + " + s[1] + "[column]"; },
    .evaluate = evaluate_expand_strips,
    .terms = expand_strips_terms,
};

}  // namespace attn_viz::ops
