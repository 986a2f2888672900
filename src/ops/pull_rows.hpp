// What derivatives read and add to, as rows of Eigen.
#pragma once

#include <algorithm>
#include <vector>

#include "ops/matrix.hpp"
#include "ops/pull.hpp"

namespace attn_viz::ops::pulls {

using Rows = RowMajor<double>;
using ConstRows = Eigen::Map<const Rows>;
using RowsTo = Eigen::Map<Rows>;

/// The derivatives by the result, as rows like the result's.
inline ConstRows from_rows(const Pullback& back) {
  return {back.from.data(), static_cast<Eigen::Index>(back.values.rows()),
          static_cast<Eigen::Index>(back.values.columns())};
}

/// Where the derivatives by an input are added, as rows like the input's.
inline RowsTo into_rows(const Pullback& back, std::size_t input) {
  const Tensor& x = *back.inputs[input];
  return {back.into[input].data(), static_cast<Eigen::Index>(x.rows()),
          static_cast<Eigen::Index>(x.columns())};
}

inline ConstRows input_rows(const Pullback& back, std::size_t input) {
  return matrix_of<double>(*back.inputs[input]);
}

/// The rows of the result whose derivatives are not all 0: of one output, that is often a single
/// row.
inline std::vector<Eigen::Index> live_rows(const Pullback& back) {
  const std::size_t columns = back.values.columns();
  std::vector<Eigen::Index> live;
  for (std::size_t i = 0; i < back.values.rows(); ++i) {
    const auto row = back.from.subspan(i * columns, columns);
    if (std::any_of(row.begin(), row.end(), [](double by) { return by != 0; }))
      live.push_back(static_cast<Eigen::Index>(i));
  }
  return live;
}

/// Calls body(i) for each of them.
template <class Body>
void each_row(const Pullback& back, Body body) {
  for (const Eigen::Index i : live_rows(back)) body(i);
}

/// Calls body(first, count) for runs of rows that hold all of them: all rows where most are live,
/// since one product of matrices is faster than many of rows.
template <class Body>
void each_run(const Pullback& back, Body body) {
  const std::vector<Eigen::Index> live = live_rows(back);
  if (live.size() * 4 > back.values.rows()) {
    body(Eigen::Index{0}, static_cast<Eigen::Index>(back.values.rows()));
  } else {
    for (const Eigen::Index i : live) body(i, Eigen::Index{1});
  }
}

}  // namespace attn_viz::ops::pulls
