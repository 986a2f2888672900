// Derivatives of normalisers and norms. A hidden key has weight 0 and passes nothing on.
#include <cmath>

#include "ops/pull_rows.hpp"

namespace attn_viz::ops {

using namespace pulls;

namespace {

using Row = Eigen::ArrayXd;

/// Row by row: from the scores z, the weights w and the derivatives by the weights, those by the
/// scores.
template <class Slopes>
void each_row_of_scores(const Pullback& back, Slopes slopes) {
  const ConstRows by = from_rows(back), w = matrix_of<double>(back.values), z = input_rows(back, 0);
  each_row(back, [&](Eigen::Index i) {
    into_rows(back, 0).row(i).array() +=
        slopes(z.row(i).array().transpose(), w.row(i).array().transpose(),
               by.row(i).array().transpose())
            .transpose();
  });
}

/// 1 where a score is positive.
Row is_positive(const Row& z) {
  return (z > 0).cast<double>();
}

/// By the weights of the power 2 − α, which is 0 where a key has none: s ∘ (w̄ − Σ s w̄ / Σ s).
/// Source: Peters, Niculae and Martins 2019, proposition 3.
Row entmax_slopes(const Row& w, const Row& by, double alpha) {
  const Row s = (w > 0).select(w.pow(2 - alpha), 0);
  const double total = s.sum();
  if (total == 0) return Row::Zero(w.size());
  return s * (by - (s * by).sum() / total);
}

}  // namespace

/// w ∘ (w̄ − Σ w w̄) / temperature; a sink beside the keys changes nothing.
void softmax_pull(const Pullback& back) {
  const double temperature = back.attributes.get_or("temperature", 1.0);
  each_row_of_scores(back, [=](const Row&, const Row& w, const Row& by) -> Row {
    return w * (by - (w * by).sum()) / temperature;
  });
}

void sigmoid_pull(const Pullback& back) {
  each_row_of_scores(
      back, [](const Row&, const Row& w, const Row& by) -> Row { return w * (1 - w) * by; });
}

void relu_pull(const Pullback& back) {
  each_row_of_scores(
      back, [](const Row& z, const Row&, const Row& by) -> Row { return is_positive(z) * by; });
}

void relu_mean_pull(const Pullback& back) {
  each_row_of_scores(back, [](const Row& z, const Row&, const Row& by) -> Row {
    const auto visible = static_cast<double>((z != -HUGE_VAL).count());
    return is_positive(z) * by / (visible > 0 ? visible : 1);
  });
}

void relu_normalized_pull(const Pullback& back) {
  each_row_of_scores(back, [](const Row& z, const Row& w, const Row& by) -> Row {
    const double total = (z > 0).select(z, 0).sum();
    if (total == 0) return Row::Zero(z.size());
    return is_positive(z) * (by - (w * by).sum()) / total;
  });
}

void sparsemax_pull(const Pullback& back) {
  each_row_of_scores(
      back, [](const Row&, const Row& w, const Row& by) -> Row { return entmax_slopes(w, by, 2); });
}

void entmax_pull(const Pullback& back) {
  const double alpha = back.attributes.get<double>("alpha");
  each_row_of_scores(back, [=](const Row&, const Row& w, const Row& by) -> Row {
    return entmax_slopes(w, by, alpha);
  });
}

// ---- rows of one size ----

namespace {

/// y = (x − center) / size ∘ gain + bias, the center being the mean or 0; inputs x[, gain[, bias]].
void norm_pull(const Pullback& back, bool centered) {
  const ConstRows by = from_rows(back), x = input_rows(back, 0);
  const double epsilon = back.attributes.get<double>("epsilon");
  const auto d = static_cast<double>(x.cols());
  const auto vector = [&](std::size_t input) {
    return Eigen::Map<const Row>(back.inputs[input]->values<double>().data(), x.cols());
  };
  const auto add = [&](std::size_t input, const Row& what) {
    if (back.inputs.size() > input && back.wants(input))
      Eigen::Map<Row>(back.into[input].data(), x.cols()) += what;
  };
  each_row(back, [&](Eigen::Index i) {
    Row away = x.row(i).array().transpose(), of_unit = by.row(i).array().transpose();
    if (centered) away -= away.mean();
    const double size = std::sqrt(away.square().sum() / d + epsilon);
    const Row unit = away / size;
    add(1, of_unit * unit);
    add(2, of_unit);
    if (!back.wants(0)) return;
    if (back.inputs.size() > 1) of_unit *= vector(1);
    Row of_x = (of_unit - unit * (unit * of_unit).sum() / d) / size;
    if (centered) of_x -= of_x.mean();
    into_rows(back, 0).row(i).array() += of_x.transpose();
  });
}

}  // namespace

void layer_norm_pull(const Pullback& back) {
  norm_pull(back, true);
}
void rms_norm_pull(const Pullback& back) {
  norm_pull(back, false);
}

// ---- maps ----

namespace {

/// Calls slopes(x, y, ȳ) → x̄ for each channel of maps.
template <class Slopes>
void each_map(const Pullback& back, Slopes slopes) {
  const Tensor& x = *back.inputs[0];
  const std::size_t area = x.axes()[x.rank() - 2].size * x.axes().back().size;
  const auto size = static_cast<Eigen::Index>(area);
  for (std::size_t first = 0; first < x.count(); first += area) {
    const auto part = [&](const double* all) { return Eigen::Map<const Row>(all + first, size); };
    const Row by = part(back.from.data());
    if ((by == 0).all()) continue;
    Eigen::Map<Row>(back.into[0].data() + first, size) += slopes(
        Row(part(x.values<double>().data())), Row(part(back.values.values<double>().data())), by);
  }
}

}  // namespace

void spatial_softmax_pull(const Pullback& back) {
  each_map(back, [](const Row&, const Row& y, const Row& by) -> Row {
    return y * (by - (y * by).sum());
  });
}

void map_l2_normalize_pull(const Pullback& back) {
  each_map(back, [](const Row& x, const Row& y, const Row& by) -> Row {
    const double length = x.matrix().stableNorm();
    if (length == 0) return Row::Zero(x.size());
    return (by - y * (y * by).sum()) / length;
  });
}

}  // namespace attn_viz::ops
