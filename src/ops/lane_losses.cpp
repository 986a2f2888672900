// The losses of a network that finds lanes: what kind each pixel is, whether a lane exists, and how
// well the areas overlap.
#include <algorithm>

#include "ops/maps.hpp"
#include "ops/terms.hpp"

namespace attn_viz::ops {
namespace {

/// A class for each pixel, as a whole number below `classes`.
template <class T>
std::size_t class_of(const Tensor& labels, std::size_t pixel, std::size_t classes) {
  const auto label = static_cast<double>(labels.values<T>()[pixel]);
  if (!(label >= 0 && label < static_cast<double>(classes)) || label != std::floor(label)) {
    throw Error(ErrorCode::kInvalid, "expected the number of a class, 0 to " +
                                         std::to_string(classes - 1) + ", for row " +
                                         std::to_string(pixel / labels.columns()) + ", column " +
                                         std::to_string(pixel % labels.columns()));
  }
  return static_cast<std::size_t>(label);
}

Tensor number(double value, DType dtype) {
  return Tensor({Axis{1}}, Buffer<double>{value}).as(dtype);
}

/// [K, H, W] → the same: at each pixel a softmax over the channels.
Outcome evaluate_channel_softmax(Inputs inputs, const Attributes&) {
  expect_inputs(inputs, 1);
  const Tensor& x = *inputs[0];
  const Planes planes = planes_of(x);
  Tensor y(x.dtype(), x.axes());
  dispatch(x.dtype(), [&](auto zero) {
    using T = decltype(zero);
    const T* from = x.values<T>().data();
    T* to = y.values<T>().data();
    const std::size_t area = planes.area();
    parallel_for(area, rows_per_block(20 * planes.channels),
                 [&](std::size_t first, std::size_t last) {
                   std::vector<double> powers(planes.channels);
                   for (std::size_t p = first; p < last; ++p) {
                     double most = static_cast<double>(from[p]), sum = 0;
                     for (std::size_t c = 1; c < planes.channels; ++c) {
                       most = std::max(most, static_cast<double>(from[c * area + p]));
                     }
                     for (std::size_t c = 0; c < planes.channels; ++c) {
                       sum += powers[c] = std::exp(static_cast<double>(from[c * area + p]) - most);
                     }
                     for (std::size_t c = 0; c < planes.channels; ++c) {
                       to[c * area + p] = static_cast<T>(powers[c] / sum);
                     }
                   }
                 });
  });
  return {std::move(y)};
}

/// [K, H, W] → [H, W]: the channel that is largest, the first of equals.
Outcome evaluate_channel_argmax(Inputs inputs, const Attributes&) {
  expect_inputs(inputs, 1);
  const Tensor& x = *inputs[0];
  const Planes planes = planes_of(x);
  Tensor y(x.dtype(), {row_axis(x), column_axis(x)});
  dispatch(x.dtype(), [&](auto zero) {
    using T = decltype(zero);
    const T* from = x.values<T>().data();
    for (std::size_t p = 0; p < planes.area(); ++p) {
      std::size_t best = 0;
      for (std::size_t c = 1; c < planes.channels; ++c) {
        if (from[c * planes.area() + p] > from[best * planes.area() + p]) best = c;
      }
      y.values<T>()[p] = static_cast<T>(best);
    }
  });
  return {std::move(y)};
}

/// (logits [K, H, W], labels [H, W]) → [1]: −Σ w(label) ln p(label) / Σ w(label).
/// Attribute "class_weights": K numbers w.
Outcome evaluate_pixel_cross_entropy(Inputs inputs, const Attributes& attributes) {
  expect_inputs(inputs, 2);
  const Tensor &logits = *inputs[0], &labels = *inputs[1];
  const Planes planes = planes_of(logits);
  expect_equal_grids(planes, planes_of(labels));
  const auto& weights = attributes.get<std::vector<double>>("class_weights");
  expect_equal_sizes(weights.size(), planes.channels, "the weights of classes and the classes");
  double loss = 0, total = 0;
  dispatch(logits.dtype(), [&](auto zero) {
    using T = decltype(zero);
    const T* from = logits.values<T>().data();
    const std::size_t area = planes.area();
    for (std::size_t p = 0; p < area; ++p) {
      const std::size_t label = class_of<T>(labels, p, planes.channels);
      double most = static_cast<double>(from[p]), sum = 0;
      for (std::size_t c = 1; c < planes.channels; ++c) {
        most = std::max(most, static_cast<double>(from[c * area + p]));
      }
      for (std::size_t c = 0; c < planes.channels; ++c) {
        sum += std::exp(static_cast<double>(from[c * area + p]) - most);
      }
      loss += weights[label] * (most + std::log(sum) - static_cast<double>(from[label * area + p]));
      total += weights[label];
    }
  });
  if (!(total > 0)) {
    throw Error(ErrorCode::kInvalid, "expected a class with a weight > 0 among the labels");
  }
  return {number(loss / total, logits.dtype())};
}

/// (logits [n], labels [n] of 0 and 1) → [1]: the mean of −y ln σ(s) − (1 − y) ln(1 − σ(s)).
Outcome evaluate_binary_cross_entropy(Inputs inputs, const Attributes&) {
  expect_inputs(inputs, 2);
  const Tensor &logits = *inputs[0], &labels = *inputs[1];
  expect_equal_sizes(logits.count(), labels.count(), "the logits and the labels");
  if (logits.count() == 0) throw Error(ErrorCode::kInvalid, "expected at least one logit");
  double loss = 0;
  for (std::size_t i = 0; i < logits.count(); ++i) {
    const double s = logits.at(i), y = labels.at(i);
    if (!(y >= 0 && y <= 1)) {
      throw Error(ErrorCode::kInvalid,
                  "expected labels from 0 to 1, got another at position " + std::to_string(i));
    }
    loss += std::max(s, 0.0) - s * y + std::log1p(std::exp(-std::abs(s)));
  }
  return {number(loss / static_cast<double>(logits.count()), logits.dtype())};
}

/// (predicted [H, W], labels [H, W]), 0 is no lane → [1]: 1 − N_o / (N_p + N_g − N_o), with N_p
/// predicted, N_g true and N_o common lane pixels; 0 if there is neither.
Outcome evaluate_lane_iou(Inputs inputs, const Attributes&) {
  expect_inputs(inputs, 2);
  const Tensor &predicted = *inputs[0], &labels = *inputs[1];
  expect_equal_grids(planes_of(predicted), planes_of(labels));
  expect_equal_sizes(predicted.count(), labels.count(), "the maps");
  double n_p = 0, n_g = 0, n_o = 0;
  for (std::size_t i = 0; i < predicted.count(); ++i) {
    const bool p = predicted.at(i) != 0, g = labels.at(i) != 0;
    n_p += p, n_g += g, n_o += p && g;
  }
  const double all = n_p + n_g - n_o;
  return {number(all > 0 ? 1 - n_o / all : 0, predicted.dtype()),
          {{"predicted", n_p}, {"labelled", n_g}, {"common", n_o}}};
}

}  // namespace

const Operation channel_softmax{
    .name = "channel-softmax",
    .meaning = "at each pixel a softmax over the channels",
    .source = "Long, Shelhamer, Darrell 2015, section 3.4",
    .equation = [](std::span<const std::string> s,
                   const Attributes&) { return "softmax over the channels of " + s[0]; },
    .evaluate = evaluate_channel_softmax,
    .terms = channel_softmax_terms,
};

const Operation channel_argmax{
    .name = "channel-argmax",
    .meaning = "at each pixel the number of the largest channel",
    .source = "Long, Shelhamer, Darrell 2015, section 4",
    .equation = [](std::span<const std::string> s,
                   const Attributes&) { return "argmax over the channels of " + s[0]; },
    .evaluate = evaluate_channel_argmax,
    .terms = channel_argmax_terms,
    .jumps = true,
};

const Operation pixel_cross_entropy{
    .name = "pixel-cross-entropy",
    .meaning = "the mean over all pixels of −ln of the probability of the true class, weighted",
    .source = "Hou, Ma, Liu, Loy 2019 (SAD), section 3.2; weighted mean as in PyTorch",
    .equation =
        [](std::span<const std::string> s, const Attributes&) {
          return "weighted mean of −ln softmax(" + s[0] + ")[" + s[1] + "]";
        },
    .evaluate = evaluate_pixel_cross_entropy,
    .terms = pixel_cross_entropy_terms,
};

const Operation binary_cross_entropy{
    .name = "binary-cross-entropy",
    .meaning = "the mean of −ln of the probability of what is true, yes or no",
    .source = "Hou, Ma, Liu, Loy 2019 (SAD), section 3.2",
    .equation =
        [](std::span<const std::string> s, const Attributes&) {
          return "mean of −" + s[1] + " ln σ(" + s[0] + ") − (1 − " + s[1] + ") ln(1 − σ(" + s[0] +
                 "))";
        },
    .evaluate = evaluate_binary_cross_entropy,
    .terms = binary_cross_entropy_terms,
};

const Operation lane_iou_loss{
    .name = "lane-iou-loss",
    .meaning = "1 − common lane pixels / lane pixels of either",
    .source = "Hou, Ma, Liu, Loy 2019 (SAD), section 3.2",
    .equation =
        [](std::span<const std::string> s, const Attributes&) {
          return "1 − N_o / (N_p + N_g − N_o) of " + s[0] + " and " + s[1];
        },
    .evaluate = evaluate_lane_iou,
    .terms = lane_iou_loss_terms,
    .jumps = true,
};

}  // namespace attn_viz::ops
