// Terms of self attention distillation and of the losses of lanes.
#include <numeric>

#include "ops/maps.hpp"
#include "ops/terms_many.hpp"

namespace attn_viz::ops {

using namespace terms;

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
