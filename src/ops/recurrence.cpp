// Recurrent cells over a whole sequence: what row t gives depends on what row t − 1 gave. States
// are rounded to the dtype before the next row reads them.
#include <cmath>
#include <vector>

#include "ops/expect.hpp"
#include "ops/terms.hpp"

namespace attn_viz::ops {
namespace {

/// The rows of a sequence in the order of time; attribute "reverse" turns it.
class Time {
 public:
  Time(std::size_t rows, const Attributes& attributes)
      : rows_(rows), reverse_(attributes.get_or("reverse", false)) {}
  std::size_t row(std::size_t step) const { return reverse_ ? rows_ - 1 - step : step; }

 private:
  std::size_t rows_;
  bool reverse_;
};

/// The state before the first step: the input of this number, or zeros.
std::vector<double> initial_state(Inputs inputs, std::size_t number, std::size_t size) {
  std::vector<double> state(size, 0);
  if (inputs.size() <= number) return state;
  expect_equal_sizes(inputs[number]->count(), size, "the first state and a hidden state");
  for (std::size_t k = 0; k < size; ++k) state[k] = inputs[number]->at(k);
  return state;
}

/// Row `row` of P plus h U, in float64.
template <class T>
void project(const Tensor& p, std::size_t row, const std::vector<double>& h, const Tensor& u,
             std::vector<double>& sums) {
  const std::size_t d = h.size();
  const T* from = p.values<T>().data() + row * d;
  sums.assign(from, from + d);
  const T* weights = u.values<T>().data();
  for (std::size_t k = 0; k < d; ++k) {
    for (std::size_t j = 0; j < d; ++j) sums[j] += h[k] * static_cast<double>(*weights++);
  }
}

void expect_state_matrix(const Tensor& p, const Tensor& u) {
  expect_equal_sizes(u.rows(), p.columns(), "the rows of U and a hidden state");
  expect_equal_sizes(u.columns(), p.columns(), "the columns of U and a hidden state");
}

/// 1 / (1 + e^−x), without a power that overflows.
double logistic(double x) {
  const double power = std::exp(-std::abs(x));
  return (x >= 0 ? 1 : power) / (1 + power);
}

/// (P [n, h], U [h, h][, h_0 [h]]) → [n, h].
Outcome evaluate_rnn(Inputs inputs, const Attributes& attributes) {
  expect_inputs(inputs, 2);
  const Tensor &p = *inputs[0], &u = *inputs[1];
  expect_state_matrix(p, u);
  const std::size_t n = p.rows(), d = p.columns();
  const Time time(n, attributes);
  std::vector<double> h = initial_state(inputs, 2, d), sums(d);
  Tensor states(p.dtype(), p.axes());
  dispatch(p.dtype(), [&](auto zero) {
    using T = decltype(zero);
    for (std::size_t step = 0; step < n; ++step) {
      const std::size_t row = time.row(step);
      project<T>(p, row, h, u, sums);
      T* to = states.values<T>().data() + row * d;
      for (std::size_t j = 0; j < d; ++j) {
        to[j] = static_cast<T>(std::tanh(sums[j]));
        h[j] = static_cast<double>(to[j]);
      }
    }
  });
  return {std::move(states)};
}

/// (P_z, P_r, P [n, h], U_z, U_r, U [h, h][, h_0 [h]]) → [n, 4h]: z, r, h̃ and h side by side.
Outcome evaluate_gru(Inputs inputs, const Attributes& attributes) {
  expect_inputs(inputs, 6);
  const std::size_t n = inputs[0]->rows(), d = inputs[0]->columns();
  for (std::size_t gate = 0; gate < 3; ++gate) {
    expect_equal_sizes(inputs[gate]->rows(), n, "the rows of the gates");
    expect_equal_sizes(inputs[gate]->columns(), d, "the columns of the gates");
    expect_state_matrix(*inputs[gate], *inputs[gate + 3]);
  }
  const Time time(n, attributes);
  std::vector<double> h = initial_state(inputs, 6, d), z(d), r(d), candidate(d), kept(d);
  Tensor states(inputs[0]->dtype(), {inputs[0]->axes()[0], Axis{4 * d}});
  dispatch(states.dtype(), [&](auto zero) {
    using T = decltype(zero);
    const auto rounded = [](double x) { return static_cast<double>(static_cast<T>(x)); };
    for (std::size_t step = 0; step < n; ++step) {
      const std::size_t row = time.row(step);
      project<T>(*inputs[0], row, h, *inputs[3], z);
      project<T>(*inputs[1], row, h, *inputs[4], r);
      for (std::size_t j = 0; j < d; ++j) {
        z[j] = rounded(logistic(z[j]));
        r[j] = rounded(logistic(r[j]));
        kept[j] = r[j] * h[j];
      }
      project<T>(*inputs[2], row, kept, *inputs[5], candidate);
      T* to = states.values<T>().data() + row * 4 * d;
      for (std::size_t j = 0; j < d; ++j) {
        candidate[j] = rounded(std::tanh(candidate[j]));
        h[j] = rounded((1 - z[j]) * h[j] + z[j] * candidate[j]);
        to[j] = static_cast<T>(z[j]);
        to[d + j] = static_cast<T>(r[j]);
        to[2 * d + j] = static_cast<T>(candidate[j]);
        to[3 * d + j] = static_cast<T>(h[j]);
      }
    }
  });
  return {std::move(states)};
}

/// "h_(t−1)", or of a sequence that is read from its end "h_(t+1)".
std::string state_before(const Attributes& attributes) {
  return attributes.get_or("reverse", false) ? "h_(t+1)" : "h_(t−1)";
}

}  // namespace

const Operation rnn{
    .name = "rnn",
    .meaning = "each state from its own input and from the state before it",
    .source = "Elman 1990; as in Goodfellow, Bengio, Courville 2016, eq. 10.8 and 10.9",
    .equation =
        [](std::span<const std::string> s, const Attributes& attributes) {
          return "tanh(" + s[0] + "_t + " + state_before(attributes) + " " + s[1] + ")";
        },
    .evaluate = evaluate_rnn,
    .terms = rnn_terms,
};

const Operation gru{
    .name = "gru",
    .meaning = "gates, candidate and state of a gated recurrent unit, side by side",
    .source = "Cho et al. 2014, eq. 5 to 8; Bahdanau et al. 2015, appendix A.1.1",
    .equation =
        [](std::span<const std::string> s, const Attributes& attributes) {
          const std::string h = state_before(attributes);
          return "[z, r, h̃, h]: z = σ(" + s[0] + "_t + " + h + " " + s[3] + "), r = σ(" + s[1] +
                 "_t + " + h + " " + s[4] + "), h̃ = tanh(" + s[2] + "_t + (r ∘ " + h + ") " + s[5] +
                 "), h = (1 − z) ∘ " + h + " + z ∘ h̃";
        },
    .evaluate = evaluate_gru,
    .terms = gru_terms,
};

}  // namespace attn_viz::ops
