// Positions that flow: p(t) solves dp/dt = h(t, p) from a given p(0), in steps of fixed size.
#include <algorithm>
#include <cmath>
#include <vector>

#include "ops/expect.hpp"
#include "ops/matrix.hpp"
#include "ops/pull.hpp"
#include "ops/terms.hpp"

namespace attn_viz::ops {
namespace {

using Vector = Eigen::RowVectorXd;

/// h(t, p) = activation([p; t] W_1 + b_1) W_2 + b_2, with what is given of it.
class Flow {
 public:
  /// Inputs X, then as the attribute "parameters" names them.
  Flow(Inputs inputs, const Attributes& attributes) {
    const auto& names = attributes.get<std::vector<std::string>>("parameters");
    expect_inputs(inputs, names.size() + 1);
    const auto find = [&](std::string_view name) {
      for (std::size_t i = 0; i < names.size(); ++i) {
        if (names[i] == name) return matrix_of<double>(inputs[i + 1]->as(DType::kFloat64)).eval();
      }
      return RowMajor<double>();
    };
    initial_ = find("p_0"), w_1_ = find("W_1"), b_1_ = find("b_1");
    w_2_ = find("W_2"), b_2_ = find("b_2");
    relu_ = attributes.get_or<std::string>("activation", "relu") == "relu";
    expect_shapes(static_cast<Eigen::Index>(inputs[0]->columns()));
  }

  Vector initial() const { return initial_; }

  Vector operator()(double t, const Vector& p) const {
    Vector h = product_of(p, w_1_) + t * w_1_.bottomRows(1);
    if (b_1_.size() > 0) h += b_1_;
    if (relu_) h = h.cwiseMax(0.0).eval();
    if (w_2_.size() == 0) return h;
    Vector dp = product_of(h, w_2_);
    if (w_2_.rows() > h.size()) dp += t * w_2_.bottomRows(1);
    if (b_2_.size() > 0) dp += b_2_;
    return dp;
  }

 private:
  /// A row times as many rows of a matrix as it has numbers.
  static Vector product_of(const Vector& row, const RowMajor<double>& matrix) {
    Vector result = Vector::Zero(matrix.cols());
    add_row_product(row.data(),
                    {matrix.data(), static_cast<std::size_t>(row.size()),
                     static_cast<std::size_t>(matrix.cols())},
                    result.data());
    return result;
  }

  void expect_shapes(Eigen::Index d) const {
    const auto r = w_1_.cols();
    const bool first = initial_.size() == d && w_1_.rows() == d + 1 && r > 0;
    const bool bias = b_1_.size() == 0 || b_1_.size() == r;
    const bool second = w_2_.size() == 0
                            ? r == d && b_2_.size() == 0
                            : w_2_.cols() == d && (w_2_.rows() == r || w_2_.rows() == r + 1);
    if (first && bias && second && (b_2_.size() == 0 || b_2_.size() == d)) return;
    throw Error(ErrorCode::kInvalid, "the parameters of the flow do not fit together");
  }

  RowMajor<double> initial_, w_1_, b_1_, w_2_, b_2_;
  bool relu_ = true;
};

/// The slopes that a step from p takes the mean of.
using Slopes = std::vector<Vector>;

Slopes rk4_slopes(const Flow& h, double t, const Vector& p, double size) {
  const Vector k_1 = h(t, p);
  const Vector k_2 = h(t + size / 2, p + size / 2 * k_1);
  const Vector k_3 = h(t + size / 2, p + size / 2 * k_2);
  return {k_1, k_2, k_3, h(t + size, p + size * k_3)};
}

Slopes three_eighths_slopes(const Flow& h, double t, const Vector& p, double size) {
  const Vector k_1 = h(t, p);
  const Vector k_2 = h(t + size / 3, p + size / 3 * k_1);
  const Vector k_3 = h(t + 2 * size / 3, p + size * (k_2 - k_1 / 3));
  return {k_1, k_2, k_3, h(t + size, p + size * (k_1 - k_2 + k_3))};
}

using Step = Vector (*)(const Flow&, double t, const Vector& p, double size);

Vector euler(const Flow& h, double t, const Vector& p, double size) {
  return p + size * h(t, p);
}

Vector rk4(const Flow& h, double t, const Vector& p, double size) {
  const Slopes k = rk4_slopes(h, t, p, size);
  return p + size / 6 * (k[0] + 2 * k[1] + 2 * k[2] + k[3]);
}

/// Kutta's 3/8 rule, also of fourth order: what the authors' program uses.
Vector rk4_three_eighths(const Flow& h, double t, const Vector& p, double size) {
  const Slopes k = three_eighths_slopes(h, t, p, size);
  return p + size / 8 * (k[0] + 3 * k[1] + 3 * k[2] + k[3]);
}

Step step_of(const std::string& method) {
  if (method == "rk4") return rk4;
  if (method == "rk4-3/8") return rk4_three_eighths;
  if (method == "euler") return euler;
  throw Error(ErrorCode::kInvalid, "unknown method \"" + method + "\"");
}

/// Attributes: "parameters", "activation", "step" (Δt), "substeps", "method". In float64.
Outcome evaluate_floater(Inputs inputs, const Attributes& attributes) {
  expect_inputs(inputs, 3);
  const Flow h(inputs, attributes);
  const double between = attributes.get<double>("step");
  const double substeps = attributes.get<double>("substeps");
  const Step next = step_of(attributes.get<std::string>("method"));
  if (!(between > 0) || !(substeps >= 1 && substeps <= 1e4)) {
    throw Error(ErrorCode::kInvalid, "expected a step > 0 and 1 to 10000 substeps");
  }
  const Tensor& x = *inputs[0];
  Tensor encodings(DType::kFloat64, x.axes());
  Vector p = h.initial();
  for (std::size_t i = 0; i < x.rows(); ++i) {
    if (i > 0) {
      const double start = static_cast<double>(i - 1) * between, size = between / substeps;
      for (double s = 0; s < substeps; ++s) p = next(h, start + s * size, p, size);
    }
    if (!p.allFinite()) {
      throw Error(ErrorCode::kInvalid,
                  "the flow left the finite numbers before position " + std::to_string(i))
          .hint("make the matrices or the step smaller");
    }
    rows_of<double>(encodings, i, 1) = p;
  }
  return {encodings.as(x.dtype())};
}

std::string floater_equation(std::span<const std::string>, const Attributes& attributes) {
  const auto names = attributes.get_or("parameters", std::vector<std::string>{});
  const auto has = [&](std::string_view name) {
    for (const std::string& known : names) {
      if (known == name) return true;
    }
    return false;
  };
  std::string h = std::string("[p; t] W_1") + (has("b_1") ? " + b_1" : "");
  const bool relu = attributes.get_or<std::string>("activation", "relu") == "relu";
  if (relu || (has("W_2") && has("b_1"))) h = (relu ? "relu(" : "(") + h + ")";
  if (has("W_2")) h += " W_2";
  if (has("b_2")) h += " + b_2";
  return "p(i · step), dp/dt = " + h;
}

}  // namespace

/// The last of the small steps that lead to this position.
Arithmetic floater_terms(const Cell& cell) {
  using namespace terms;
  const auto& names = cell.attributes.get<std::vector<std::string>>("parameters");
  const std::size_t column = cell.column(), d = cell.values.columns();
  const auto c = static_cast<Eigen::Index>(column);
  if (cell.row() == 0) {
    const auto initial = std::find(names.begin(), names.end(), "p_0") - names.begin();
    return {.result = in(static_cast<std::size_t>(initial) + 1, column)};
  }
  const Flow h(cell.inputs, cell.attributes);
  const std::string& method = cell.attributes.get<std::string>("method");
  const double between = cell.attributes.get<double>("step");
  const double substeps = cell.attributes.get<double>("substeps"), size = between / substeps;
  const double start = static_cast<double>(cell.row() - 1) * between;
  Vector p(static_cast<Eigen::Index>(d));
  for (std::size_t t = 0; t < d; ++t) {
    p[static_cast<Eigen::Index>(t)] = cell.values.at(cell.row() - 1, t);
  }
  double s = 0;
  for (; s + 1 < substeps; ++s) p = step_of(method)(h, start + s * size, p, size);

  Arithmetic arithmetic;
  const double t = start + s * size;
  const Expression before = arithmetic.define("p", number(p[c]));
  const Expression delta =
      arithmetic.define("δ", attribute(cell, "step") / attribute(cell, "substeps"));
  const bool thirds = method == "rk4-3/8";
  const Slopes slopes = method == "euler" ? Slopes{h(t, p)}
                        : thirds          ? three_eighths_slopes(h, t, p, size)
                                          : rk4_slopes(h, t, p, size);
  std::vector<Expression> k;
  for (std::size_t n = 0; n < slopes.size(); ++n) {
    k.push_back(arithmetic.define("k_" + std::to_string(n + 1), number(slopes[n][c])));
  }
  arithmetic.remarks.push_back(Remark::kFlow);
  if (k.size() == 1) {
    arithmetic.result = before + delta * k[0];
    return arithmetic;
  }
  const Expression weight = number(thirds ? 3.0 : 2.0);
  arithmetic.result =
      before + delta / number(thirds ? 8.0 : 6.0) * (k[0] + weight * k[1] + weight * k[2] + k[3]);
  return arithmetic;
}

/// The embeddings say how many positions there are, no more.
void floater_pull(const Pullback& back) {
  for (std::size_t k = 1; k < back.inputs.size(); ++k) {
    if (!back.wants(k)) continue;
    throw Error(ErrorCode::kInvalid,
                "expected embeddings; the derivative of a flow by its "
                "parameters is not computed");
  }
}

const Operation floater{
    .name = "floater",
    .meaning = "positions on a curve whose slope is a small network",
    .source = "Liu et al. 2020, section 3",
    .equation = floater_equation,
    .evaluate = evaluate_floater,
    .terms = floater_terms,
    .pull = floater_pull,
};

}  // namespace attn_viz::ops
