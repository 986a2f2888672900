// Attention maps of activations, as self attention distillation compares them. This "attention" is
// the energy of activations; it has no queries and keys.
#include <algorithm>
#include <limits>

#include "ops/maps.hpp"
#include "ops/pull.hpp"
#include "ops/terms.hpp"

namespace attn_viz::ops {
namespace {

/// [C, H, W] → [H, W]: over the channels, Σ |A_c|^p or max |A_c|^p.
/// Attributes "reduction" ("sum" or "maximum") and "power" p.
Outcome evaluate_energy(Inputs inputs, const Attributes& attributes) {
  expect_inputs(inputs, 1);
  const Tensor& x = *inputs[0];
  const Planes planes = planes_of(x);
  const std::string& reduction = attributes.get<std::string>("reduction");
  const double power = attributes.get<double>("power");
  if (reduction != "sum" && reduction != "maximum") {
    throw Error(ErrorCode::kInvalid, "expected the reduction \"sum\" or \"maximum\"");
  }
  if (!(power > 0)) throw Error(ErrorCode::kInvalid, "expected a power > 0");
  const bool sum = reduction == "sum";
  const auto raised = [=](double value) {
    if (power == 1) return value;
    return power == 2 ? value * value : std::pow(value, power);
  };
  Tensor y(x.dtype(), {row_axis(x), column_axis(x)});
  dispatch(x.dtype(), [&](auto zero) {
    using T = decltype(zero);
    const T* from = x.values<T>().data();
    const std::size_t area = planes.area();
    parallel_for(area, rows_per_block(planes.channels), [&](std::size_t first, std::size_t last) {
      for (std::size_t p = first; p < last; ++p) {
        double energy = 0;
        for (std::size_t c = 0; c < planes.channels; ++c) {
          const double term = raised(std::abs(static_cast<double>(from[c * area + p])));
          energy = sum ? energy + term : std::max(energy, term);
        }
        y.values<T>()[p] = static_cast<T>(energy);
      }
    });
  });
  return {std::move(y)};
}

/// All values of a map become shares of 1 by a softmax over all of its cells.
Outcome evaluate_spatial_softmax(Inputs inputs, const Attributes&) {
  expect_inputs(inputs, 1);
  const Tensor& x = *inputs[0];
  const Planes planes = planes_of(x);
  Tensor y(x.dtype(), x.axes());
  each_channel(x.dtype(), planes.channels, 20 * planes.area(), [&](auto zero, std::size_t c) {
    using T = decltype(zero);
    const T* from = x.values<T>().data() + c * planes.area();
    T* to = y.values<T>().data() + c * planes.area();
    const auto most = static_cast<double>(*std::max_element(from, from + planes.area()));
    double sum = 0;
    std::vector<double> powers(planes.area());
    for (std::size_t p = 0; p < planes.area(); ++p) {
      sum += powers[p] = std::exp(static_cast<double>(from[p]) - most);
    }
    for (std::size_t p = 0; p < planes.area(); ++p) to[p] = static_cast<T>(powers[p] / sum);
  });
  return {std::move(y)};
}

/// A map divided by the root of the sum of its squares; a map of zeros stays.
Outcome evaluate_map_norm(Inputs inputs, const Attributes&) {
  expect_inputs(inputs, 1);
  const Tensor& x = *inputs[0];
  const Planes planes = planes_of(x);
  Tensor y(x.dtype(), x.axes());
  each_channel(x.dtype(), planes.channels, planes.area(), [&](auto zero, std::size_t c) {
    using T = decltype(zero);
    const T* from = x.values<T>().data() + c * planes.area();
    T* to = y.values<T>().data() + c * planes.area();
    // Divided by the largest first, so that no square overflows.
    double most = 0, sum = 0;
    for (std::size_t p = 0; p < planes.area(); ++p) {
      most = std::max(most, std::abs(static_cast<double>(from[p])));
    }
    if (most == 0) most = 1;
    for (std::size_t p = 0; p < planes.area(); ++p) {
      const double value = static_cast<double>(from[p]) / most;
      sum += value * value;
    }
    const double length = sum > 0 ? std::sqrt(sum) : 1;
    for (std::size_t p = 0; p < planes.area(); ++p) {
      to[p] = static_cast<T>(static_cast<double>(from[p]) / most / length);
    }
  });
  return {std::move(y)};
}

/// (a, b) of one shape → a number [1]; attribute "reduction": "mean", "sum" or "norm" (the root of
/// the sum) of the squared differences.
Outcome evaluate_squared_error(Inputs inputs, const Attributes& attributes) {
  expect_inputs(inputs, 2);
  const Tensor &a = *inputs[0], &b = *inputs[1];
  expect_equal_grids(planes_of(a), planes_of(b));
  expect_equal_sizes(a.count(), b.count(), "the maps");
  const std::string& reduction = attributes.get<std::string>("reduction");
  double sum = 0;
  dispatch(a.dtype(), [&](auto zero) {
    using T = decltype(zero);
    for (std::size_t p = 0; p < a.count(); ++p) {
      const double difference =
          static_cast<double>(a.values<T>()[p]) - static_cast<double>(b.values<T>()[p]);
      sum += difference * difference;
    }
  });
  if (reduction == "mean") {
    sum /= static_cast<double>(a.count());
  } else if (reduction == "norm") {
    sum = std::sqrt(sum);
  } else if (reduction != "sum") {
    throw Error(ErrorCode::kInvalid, "expected the reduction \"mean\", \"sum\" or \"norm\"");
  }
  return {Tensor({Axis{1}}, Buffer<double>{sum}).as(a.dtype())};
}

/// Numbers [1] → their sum [1], each times its factor; attribute "factors".
Outcome evaluate_weighted_sum(Inputs inputs, const Attributes& attributes) {
  expect_inputs(inputs, 1);
  const auto& factors = attributes.get<std::vector<double>>("factors");
  expect_equal_sizes(factors.size(), inputs.size(), "the factors and the numbers");
  double sum = 0;
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    expect_equal_sizes(inputs[i]->count(), 1, "the inputs and single numbers");
    sum += factors[i] * inputs[i]->at(0);
  }
  return {Tensor({Axis{1}}, Buffer<double>{sum}).as(inputs[0]->dtype())};
}

std::string number_text(double number) {
  std::string text = std::to_string(number);
  text.erase(text.find_last_not_of('0') + 1);
  if (text.back() == '.') text.pop_back();
  return text;
}

}  // namespace

const Operation channel_energy{
    .name = "channel-energy",
    .meaning = "the energy of all channels at each pixel: how much is active there",
    .source = "Zagoruyko, Komodakis 2017, section 3.1; Hou, Ma, Liu, Loy 2019 (SAD), section 3.1",
    .equation =
        [](std::span<const std::string> s, const Attributes& attributes) {
          const bool sum = attributes.get<std::string>("reduction") == "sum";
          const double power = attributes.get<double>("power");
          std::string text = sum ? "Σ_c |" : "max_c |";
          text += s[0] + "_c|";
          if (power != 1) text.append("^").append(number_text(power));
          return text;
        },
    .evaluate = evaluate_energy,
    .terms = channel_energy_terms,
};

const Operation spatial_softmax{
    .name = "spatial-softmax",
    .meaning = "a softmax over all cells of a map, so that they sum to 1",
    .source = "Hou, Ma, Liu, Loy 2019 (SAD), section 3.1",
    .equation = [](std::span<const std::string> s,
                   const Attributes&) { return "softmax over all cells of " + s[0]; },
    .evaluate = evaluate_spatial_softmax,
    .terms = spatial_softmax_terms,
    .pull = spatial_softmax_pull,
};

const Operation map_l2_normalize{
    .name = "map-l2-normalize",
    .meaning = "a map divided by its length, the root of the sum of its squares",
    .source = "Zagoruyko, Komodakis 2017, eq. 2",
    .equation = [](std::span<const std::string> s,
                   const Attributes&) { return s[0] + " / ‖" + s[0] + "‖"; },
    .evaluate = evaluate_map_norm,
    .terms = map_l2_normalize_terms,
    .pull = map_l2_normalize_pull,
};

const Operation squared_error{
    .name = "squared-error",
    .meaning = "how far two maps lie apart: their squared differences, summed or averaged",
    .source = "Hou, Ma, Liu, Loy 2019 (SAD), eq. 2",
    .equation =
        [](std::span<const std::string> s, const Attributes& attributes) {
          const std::string& reduction = attributes.get<std::string>("reduction");
          std::string text = reduction == "norm" ? "‖" : reduction == "sum" ? "Σ (" : "mean of (";
          text += s[0] + " − " + s[1];
          text += reduction == "norm" ? "‖" : ")²";
          return text;
        },
    .evaluate = evaluate_squared_error,
    .terms = squared_error_terms,
};

const Operation weighted_sum{
    .name = "weighted-sum",
    .meaning = "a sum of numbers, each times a factor",
    .source = "Hou, Ma, Liu, Loy 2019 (SAD), eq. 3",
    .equation =
        [](std::span<const std::string> s, const Attributes& attributes) {
          const auto& factors = attributes.get<std::vector<double>>("factors");
          std::string sum;
          for (std::size_t i = 0; i < s.size() && i < factors.size(); ++i) {
            if (i > 0) sum += " + ";
            if (factors[i] != 1) sum.append(number_text(factors[i])).append(" ");
            sum += s[i];
          }
          return sum;
        },
    .evaluate = evaluate_weighted_sum,
    .terms = weighted_sum_terms,
};

}  // namespace attn_viz::ops
