// Between maps and the rows that attention reads, and maps put together.
#include <algorithm>

#include "ops/maps.hpp"
#include "ops/terms.hpp"

namespace attn_viz::ops {
namespace {

/// What the rows run over: the rows or the columns of a strip, else "pixel" where the trace names
/// rows and columns.
Axis pixel_axis(const Tensor& x, const Planes& planes) {
  if (planes.height == 1 && !column_axis(x).name.empty()) return column_axis(x);
  if (planes.width == 1 && !row_axis(x).name.empty()) return row_axis(x);
  const bool named = !row_axis(x).name.empty() && !column_axis(x).name.empty();
  return {planes.area(), named ? "pixel" : ""};
}

/// [C, H, W] → [H·W, C], row by row.
Outcome evaluate_pixels(Inputs inputs, const Attributes&) {
  expect_inputs(inputs, 1);
  const Tensor& x = *inputs[0];
  const Planes planes = planes_of(x);
  const Axis channel = x.rank() == 3 ? x.axes()[0] : Axis{1};
  Tensor y(x.dtype(), {pixel_axis(x, planes), channel});
  dispatch(x.dtype(), [&](auto zero) {
    using T = decltype(zero);
    const T* from = x.values<T>().data();
    T* to = y.values<T>().data();
    const std::size_t area = planes.area();
    parallel_for(area, rows_per_block(planes.channels), [&](std::size_t first, std::size_t last) {
      for (std::size_t p = first; p < last; ++p) {
        for (std::size_t c = 0; c < planes.channels; ++c) {
          to[p * planes.channels + c] = from[c * area + p];
        }
      }
    });
  });
  return {std::move(y)};
}

/// (rows [H·W, C], maps whose rows and columns it gets) → [C, H, W].
Outcome evaluate_rows_as_maps(Inputs inputs, const Attributes&) {
  expect_inputs(inputs, 2);
  const Tensor &rows = *inputs[0], &like = *inputs[1];
  const Planes planes = planes_of(like);
  if (rows.rank() != 2) throw Error(ErrorCode::kInvalid, "expected rows [pixels, channels]");
  expect_equal_sizes(rows.rows(), planes.area(), "the rows and the pixels");
  const std::size_t channels = rows.columns(), area = planes.area();
  Tensor y(rows.dtype(), {rows.axes().back(), row_axis(like), column_axis(like)});
  each_channel(rows.dtype(), channels, area, [&](auto zero, std::size_t c) {
    using T = decltype(zero);
    const T* from = rows.values<T>().data();
    T* to = y.values<T>().data() + c * area;
    for (std::size_t p = 0; p < area; ++p) to[p] = from[p * channels + c];
  });
  return {std::move(y)};
}

/// x [C, H, W] → [H·W, H·W]: 1 where two pixels share a row or a column.
Outcome evaluate_criss_cross(Inputs inputs, const Attributes&) {
  expect_inputs(inputs, 1);
  const Tensor& x = *inputs[0];
  const Planes planes = planes_of(x);
  const std::size_t n = planes.area(), width = planes.width;
  const Axis pixel = pixel_axis(x, planes);
  Tensor y(x.dtype(), {pixel, pixel});
  dispatch(x.dtype(), [&](auto zero) {
    using T = decltype(zero);
    T* to = y.values<T>().data();
    parallel_for(n, rows_per_block(n), [&](std::size_t first, std::size_t last) {
      for (std::size_t p = first; p < last; ++p) {
        for (std::size_t q = 0; q < n; ++q) {
          to[p * n + q] = static_cast<T>(p / width == q / width || p % width == q % width);
        }
      }
    });
  });
  return {std::move(y)};
}

Outcome evaluate_concat_maps(Inputs inputs, const Attributes&) {
  expect_inputs(inputs, 1);
  const Tensor& x = *inputs[0];
  const Planes planes = planes_of(x);
  std::size_t channels = 0;
  for (const Tensor* maps : inputs) {
    expect_equal_grids(planes, planes_of(*maps));
    channels += planes_of(*maps).channels;
  }
  Tensor y(x.dtype(), {Axis{channels}, row_axis(x), column_axis(x)});
  dispatch(x.dtype(), [&](auto zero) {
    using T = decltype(zero);
    T* to = y.values<T>().data();
    for (const Tensor* maps : inputs) to = std::copy_n(maps->values<T>().data(), maps->count(), to);
  });
  return {std::move(y)};
}

/// Maps of any sizes → all their values as one vector.
Outcome evaluate_flatten(Inputs inputs, const Attributes&) {
  expect_inputs(inputs, 1);
  std::size_t count = 0;
  for (const Tensor* maps : inputs) count += maps->count();
  Tensor y(inputs[0]->dtype(), {Axis{count}});
  dispatch(y.dtype(), [&](auto zero) {
    using T = decltype(zero);
    T* to = y.values<T>().data();
    for (const Tensor* maps : inputs) to = std::copy_n(maps->values<T>().data(), maps->count(), to);
  });
  return {std::move(y)};
}

std::string listed(std::span<const std::string> symbols) {
  std::string list = "[";
  for (const std::string& symbol : symbols) list += (list.size() > 1 ? ", " : "") + symbol;
  return list + "]";
}

}  // namespace

const Operation pixels_as_rows{
    .name = "pixels-as-rows",
    .meaning = "the channels of each pixel as one row, row by row of the image",
    .source = "Wang, Girshick, Gupta, He 2018 (non-local networks), section 3",
    .equation = [](std::span<const std::string> s,
                   const Attributes&) { return "pixels of " + s[0] + " as rows"; },
    .evaluate = evaluate_pixels,
    .terms = pixels_as_rows_terms,
};

const Operation rows_as_maps{
    .name = "rows-as-maps",
    .meaning = "rows of pixels back on the grid of the image, a map for each channel",
    .source = "Wang, Girshick, Gupta, He 2018 (non-local networks), section 3",
    .equation = [](std::span<const std::string> s,
                   const Attributes&) { return s[0] + " on the grid of " + s[1]; },
    .evaluate = evaluate_rows_as_maps,
    .terms = rows_as_maps_terms,
};

const Operation criss_cross_mask{
    .name = "criss-cross-mask",
    .meaning = "1 where two pixels share a row or a column, else 0",
    .source = "Huang et al. 2019 (CCNet), section 3.2",
    .equation = [](std::span<const std::string> s,
                   const Attributes&) { return "same row or column in " + s[0]; },
    .evaluate = evaluate_criss_cross,
    .terms = criss_cross_mask_terms,
};

const Operation concat_maps{
    .name = "concat-maps",
    .meaning = "the channels of several maps, one after another",
    .source = "",
    .equation = [](std::span<const std::string> s, const Attributes&) { return listed(s); },
    .evaluate = evaluate_concat_maps,
    .terms = concat_maps_terms,
};

const Operation flatten_maps{
    .name = "flatten-maps",
    .meaning = "all values of several maps as one vector: map by map, channel by channel",
    .source = "He et al. 2014 (SPP-net), section 2.2",
    .equation = [](std::span<const std::string> s,
                   const Attributes&) { return "values of " + listed(s); },
    .evaluate = evaluate_flatten,
    .terms = flatten_maps_terms,
};

}  // namespace attn_viz::ops
