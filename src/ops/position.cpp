// Positions as vectors: encodings of [n, d] that are added to embeddings, and rotations of queries
// and keys. All angles are taken in float64.
#include <algorithm>
#include <cmath>
#include <numbers>
#include <vector>

#include "attn_viz/core/parallel.hpp"
#include "ops/expect.hpp"
#include "ops/terms.hpp"

namespace attn_viz::ops {
namespace {

/// base^(−2t / size) for the pairs t of `size` numbers; a last one without a partner counts.
std::vector<double> frequencies_of(double base, std::size_t size) {
  std::vector<double> frequencies;
  for (std::size_t t = 0; 2 * t < size; ++t) {
    frequencies.push_back(1 /
                          std::pow(base, 2 * static_cast<double>(t) / static_cast<double>(size)));
  }
  return frequencies;
}

/// Writes sin and cos of a position in turn; an odd last place gets the sine alone.
template <class T>
void write_waves(double position, std::span<const double> frequencies, std::span<T> to) {
  for (std::size_t c = 0; c < to.size(); ++c) {
    const double angle = position * frequencies[c / 2];
    to[c] = static_cast<T>(c % 2 == 0 ? std::sin(angle) : std::cos(angle));
  }
}

/// A tensor like x, each row written by write(row, its values).
template <class Write>
Tensor encodings_like(const Tensor& x, Write write) {
  Tensor p(x.dtype(), x.axes());
  dispatch(x.dtype(), [&](auto zero) {
    using T = decltype(zero);
    const std::size_t d = x.columns();
    parallel_for(x.rows(), rows_per_block(30 * d), [&](std::size_t first, std::size_t last) {
      for (std::size_t i = first; i < last; ++i) write(i, p.values<T>().subspan(i * d, d));
    });
  });
  return p;
}

Outcome evaluate_sinusoidal(Inputs inputs, const Attributes& attributes) {
  expect_inputs(inputs, 1);
  const auto frequencies = frequencies_of(attributes.get<double>("base"), inputs[0]->columns());
  return {encodings_like(*inputs[0], [&](std::size_t i, auto row) {
    write_waves(static_cast<double>(i), frequencies, row);
  })};
}

/// A coordinate from 0 to size − 1 as what is encoded; normalised as in the authors' code, counted
/// from 1 and made 2π at the end.
double coordinate(std::size_t at, double size, bool normalize) {
  const auto place = static_cast<double>(at);
  return normalize ? (place + 1) / (size + kNormalizeEpsilon) * (2 * std::numbers::pi) : place;
}

/// Attributes "rows" and "columns" of the grid, and "normalize"; row i is the patch (i / columns,
/// i % columns).
Outcome evaluate_sinusoidal_2d(Inputs inputs, const Attributes& attributes) {
  expect_inputs(inputs, 1);
  const double rows = attributes.get<double>("rows"), columns = attributes.get<double>("columns");
  const std::size_t d = inputs[0]->columns();
  if (!(columns >= 1) || rows * columns != static_cast<double>(inputs[0]->rows())) {
    throw Error(ErrorCode::kInvalid, "the grid does not have as many patches as there are rows");
  }
  if (d % 2 != 0) {
    throw Error(ErrorCode::kInvalid, "expected an even embedding size, got " + std::to_string(d));
  }
  const auto frequencies = frequencies_of(attributes.get<double>("base"), d / 2);
  const auto width = static_cast<std::size_t>(columns);
  const bool normalize = attributes.get_or("normalize", false);
  return {encodings_like(*inputs[0], [&](std::size_t i, auto row) {
    write_waves(coordinate(i / width, rows, normalize), frequencies, row.first(d / 2));
    write_waves(coordinate(i % width, columns, normalize), frequencies, row.last(d / 2));
  })};
}

/// Inputs X [n, d] and the table [L, d], L ≥ n.
Outcome evaluate_learned(Inputs inputs, const Attributes&) {
  expect_inputs(inputs, 2);
  const Tensor &x = *inputs[0], &table = *inputs[1];
  expect_equal_sizes(x.columns(), table.columns(), "an embedding and a row of the table");
  if (table.rows() < x.rows()) {
    throw Error(ErrorCode::kInvalid, "expected a table of at least " + std::to_string(x.rows()) +
                                         " rows, got " + std::to_string(table.rows()));
  }
  return {encodings_like(x, [&](std::size_t i, auto row) {
    using T = typename decltype(row)::value_type;
    std::copy_n(table.values<T>().data() + i * row.size(), row.size(), row.data());
  })};
}

/// Attributes: "layout", and "base" or "frequencies" [d / 2]. Row i is turned by i.
Outcome evaluate_rotate(Inputs inputs, const Attributes& attributes) {
  expect_inputs(inputs, 1);
  const Tensor& x = *inputs[0];
  const std::size_t d = x.columns();
  if (d % 2 != 0) {
    throw Error(ErrorCode::kInvalid, "expected an even head size, got " + std::to_string(d));
  }
  const bool half = attributes.get<std::string>("layout") == "half";
  auto frequencies = attributes.get_or("frequencies", std::vector<double>{});
  if (frequencies.empty()) frequencies = frequencies_of(attributes.get<double>("base"), d);
  expect_equal_sizes(frequencies.size(), d / 2, "the frequencies and the pairs");
  return {encodings_like(x, [&](std::size_t i, auto row) {
    using T = typename decltype(row)::value_type;
    const T* from = x.values<T>().data() + i * d;
    for (std::size_t t = 0; t < d / 2; ++t) {
      const std::size_t first = half ? t : 2 * t, second = half ? t + d / 2 : 2 * t + 1;
      const double angle = static_cast<double>(i) * frequencies[t];
      const double a = from[first], b = from[second];
      row[first] = static_cast<T>(a * std::cos(angle) - b * std::sin(angle));
      row[second] = static_cast<T>(a * std::sin(angle) + b * std::cos(angle));
    }
  })};
}

}  // namespace

const Operation sinusoidal{
    .name = "sinusoidal",
    .meaning = "sines and cosines of the position, from fast to slow waves",
    .source = "Vaswani et al. 2017, section 3.5",
    .equation =
        [](std::span<const std::string>, const Attributes&) {
          return std::string("[sin(i ω_t), cos(i ω_t)], ω_t = base^(−2t/d)");
        },
    .evaluate = evaluate_sinusoidal,
    .terms = sinusoidal_terms,
};

const Operation sinusoidal_2d{
    .name = "sinusoidal-2d",
    .meaning = "sines and cosines of a patch's row, then of its column",
    .source = "Carion et al. 2020, appendix A.4",
    .equation =
        [](std::span<const std::string>, const Attributes& attributes) {
          return std::string(attributes.get_or("normalize", false)
                                 ? "[sinusoidal(2π (row + 1) / rows), "
                                   "sinusoidal(2π (column + 1) / columns)]"
                                 : "[sinusoidal(row), sinusoidal(column)]");
        },
    .evaluate = evaluate_sinusoidal_2d,
    .terms = sinusoidal_2d_terms,
};

const Operation learned{
    .name = "learned",
    .meaning = "row i of a table for position i",
    .source = "Vaswani et al. 2017, section 3.5; Devlin et al. 2019",
    .equation = [](std::span<const std::string> s,
                   const Attributes&) { return s[1] + "[0 … n − 1]"; },
    .evaluate = evaluate_learned,
    .terms = learned_terms,
};

const Operation rotate{
    .name = "rotate",
    .meaning = "each pair of numbers turned by an angle that grows with the position",
    .source = "Su et al. 2021, section 3.2",
    .equation =
        [](std::span<const std::string> s, const Attributes& attributes) {
          const bool given = attributes.find("frequencies") != nullptr;
          return "rotate(" + s[0] + ", i ω_t)" + (given ? "" : ", ω_t = base^(−2t/d)");
        },
    .evaluate = evaluate_rotate,
    .terms = rotate_terms,
};

}  // namespace attn_viz::ops
