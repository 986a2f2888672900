// Convolution over the rows of a matrix, which stand on a grid row by row (a sequence is a grid of
// one row), and the encoding of positions with which attention does the same.
#include <vector>

#include "attn_viz/core/parallel.hpp"
#include "ops/grid.hpp"
#include "ops/terms.hpp"

namespace attn_viz::ops {
namespace {

/// (X [n, c], K [taps, c, c_out][, b [c_out]]) → [n, c_out]: Σ over the taps of the row that stands
/// at their shift, times their matrix.
Outcome evaluate_grid_convolution(Inputs inputs, const Attributes& attributes) {
  expect_inputs(inputs, 2);
  const Tensor &x = *inputs[0], &kernel = *inputs[1];
  const Grid grid = grid_of(attributes, x);
  const auto& row_shifts = attributes.get<std::vector<double>>("row_shifts");
  const auto& column_shifts = attributes.get<std::vector<double>>("column_shifts");
  const bool replicate = attributes.get<std::string>("padding") == "replicate";
  if (kernel.rank() != 3) throw Error(ErrorCode::kInvalid, "expected a kernel of 3 axes");
  const std::size_t taps = kernel.size(0), c = kernel.size(1), c_out = kernel.size(2);
  expect_equal_sizes(c, x.columns(), "the channels of the kernel and the columns");
  expect_equal_sizes(row_shifts.size(), taps, "the row shifts and the taps");
  expect_equal_sizes(column_shifts.size(), taps, "the column shifts and the taps");
  const Tensor* bias = inputs.size() > 2 ? inputs[2] : nullptr;
  if (bias != nullptr) expect_equal_sizes(bias->count(), c_out, "the bias and the channels");

  Tensor y(x.dtype(), {x.axes()[0], Axis{c_out}});
  dispatch(x.dtype(), [&](auto zero) {
    using T = decltype(zero);
    parallel_for(x.rows(), rows_per_block(taps * c * c_out),
                 [&](std::size_t first, std::size_t last) {
                   std::vector<double> sum(c_out);
                   for (std::size_t i = first; i < last; ++i) {
                     for (std::size_t o = 0; o < c_out; ++o) sum[o] = bias ? bias->at(o) : 0;
                     const auto row = static_cast<double>(i / grid.columns);
                     const auto column = static_cast<double>(i % grid.columns);
                     for (std::size_t tap = 0; tap < taps; ++tap) {
                       std::size_t r = 0, k = 0;
                       if (!place_on(row + row_shifts[tap], grid.rows, replicate, r)) continue;
                       if (!place_on(column + column_shifts[tap], grid.columns, replicate, k)) {
                         continue;
                       }
                       const T* from = x.values<T>().data() + (r * grid.columns + k) * c;
                       const T* weights = kernel.values<T>().data() + tap * c * c_out;
                       for (std::size_t a = 0; a < c; ++a) {
                         for (std::size_t o = 0; o < c_out; ++o) {
                           sum[o] += static_cast<double>(from[a]) * static_cast<double>(*weights++);
                         }
                       }
                     }
                     for (std::size_t o = 0; o < c_out; ++o) {
                       y.values<T>()[i * c_out + o] = static_cast<T>(sum[o]);
                     }
                   }
                 });
  });
  return {std::move(y)};
}

/// X [rows · columns, d] → the same grid with places of zeros around it; attribute "axis" names
/// what the rows then run over.
Outcome evaluate_pad_grid(Inputs inputs, const Attributes& attributes) {
  expect_inputs(inputs, 1);
  const Tensor& x = *inputs[0];
  const Grid grid = grid_of(attributes, x), border = border_of(attributes);
  const std::size_t columns = grid.columns + 2 * border.columns,
                    places = (grid.rows + 2 * border.rows) * columns, d = x.columns();
  Tensor y(x.dtype(), {Axis{places, attributes.get_or<std::string>("axis", "")}, x.axes()[1]});
  dispatch(x.dtype(), [&](auto zero) {
    using T = decltype(zero);
    T* to = y.values<T>().data();
    std::fill_n(to, places * d, zero);
    for (std::size_t row = 0; row < grid.rows; ++row) {
      std::copy_n(x.values<T>().data() + row * grid.columns * d, grid.columns * d,
                  to + ((row + border.rows) * columns + border.columns) * d);
    }
  });
  return {std::move(y)};
}

/// (X [n, …] on a grid, Y [m, …] on the same grid with its border) → [n, m, 3]: (‖δ‖², δ₁, δ₂) of
/// the shift δ from each query to each key.
Outcome evaluate_quadratic_encoding(Inputs inputs, const Attributes& attributes) {
  expect_inputs(inputs, 2);
  const Grid grid = grid_of(attributes, *inputs[0]), border = border_of(attributes);
  const std::size_t columns = grid.columns + 2 * border.columns;
  expect_equal_sizes((grid.rows + 2 * border.rows) * columns, inputs[1]->rows(),
                     "the grid with its border and the keys");
  Tensor encoding(inputs[0]->dtype(), {inputs[0]->axes()[0], inputs[1]->axes()[0], Axis{3}});
  dispatch(encoding.dtype(), [&](auto zero) {
    using T = decltype(zero);
    T* to = encoding.values<T>().data();
    const auto number = [](std::size_t size) { return static_cast<double>(size); };
    for (std::size_t i = 0; i < inputs[0]->rows(); ++i) {
      for (std::size_t j = 0; j < inputs[1]->rows(); ++j) {
        const double down = number(j / columns) - number(border.rows) - number(i / grid.columns);
        const double right =
            number(j % columns) - number(border.columns) - number(i % grid.columns);
        *to++ = static_cast<T>(down * down + right * right);
        *to++ = static_cast<T>(down);
        *to++ = static_cast<T>(right);
      }
    }
  });
  return {std::move(encoding)};
}

/// (R [n, m, e], v [e]) → [n, m].
Outcome evaluate_encoding_scores(Inputs inputs, const Attributes&) {
  expect_inputs(inputs, 2);
  const Tensor &encoding = *inputs[0], &v = *inputs[1];
  if (encoding.rank() != 3) throw Error(ErrorCode::kInvalid, "expected encodings of 3 axes");
  const std::size_t e = encoding.size(2);
  expect_equal_sizes(e, v.count(), "an encoding and v");
  Tensor s(encoding.dtype(), {encoding.axes()[0], encoding.axes()[1]});
  dispatch(s.dtype(), [&](auto zero) {
    using T = decltype(zero);
    const T* from = encoding.values<T>().data();
    for (T& score : s.values<T>()) {
      double sum = 0;
      for (std::size_t k = 0; k < e; ++k) {
        sum += static_cast<double>(*from++) * static_cast<double>(v.values<T>()[k]);
      }
      score = static_cast<T>(sum);
    }
  });
  return {std::move(s)};
}

}  // namespace

const Operation grid_convolution{
    .name = "grid-convolution",
    .meaning = "each row from the rows at fixed shifts around it, each times its own matrix",
    .source = "Cordonnier, Loukas, Jaggi 2020, eq. 17",
    .equation =
        [](std::span<const std::string> s, const Attributes&) {
          return "Σ_δ " + s[0] + "_(i+δ) " + s[1] + "_δ" + (s.size() > 2 ? " + " + s[2] : "");
        },
    .evaluate = evaluate_grid_convolution,
    .terms = grid_convolution_terms,
};

const Operation pad_grid{
    .name = "pad-grid",
    .meaning = "places of zeros around a grid",
    .source = "Cordonnier, Loukas, Jaggi 2020, section 3 (padding)",
    .equation = [](std::span<const std::string> s,
                   const Attributes&) { return s[0] + " with zeros around it"; },
    .evaluate = evaluate_pad_grid,
    .terms = pad_grid_terms,
};

const Operation quadratic_encoding{
    .name = "quadratic-encoding",
    .meaning = "the shift from each query to each key, and its square",
    .source = "Cordonnier, Loukas, Jaggi 2020, eq. 9",
    .equation = [](std::span<const std::string>,
                   const Attributes&) { return std::string("(‖δ‖², δ₁, δ₂) for δ = key − query"); },
    .evaluate = evaluate_quadratic_encoding,
    .terms = quadratic_encoding_terms,
};

const Operation encoding_scores{
    .name = "encoding-scores",
    .meaning = "scores from positions alone",
    .source = "Cordonnier, Loukas, Jaggi 2020, eq. 8",
    .equation = [](std::span<const std::string> s,
                   const Attributes&) { return s[0] + "_δ · " + s[1]; },
    .evaluate = evaluate_encoding_scores,
    .terms = encoding_scores_terms,
};

}  // namespace attn_viz::ops
