// A convolution of a document: its kernel in whatever form, checked, and recorded with its norm.
#include <fmt/format.h>

#include <algorithm>

#include "attn_viz/core/error.hpp"
#include "mechanisms/limit.hpp"
#include "mechanisms/maps_recipe.hpp"
#include "mechanisms/shapes.hpp"

namespace attn_viz {
namespace {

/// What a kernel may be, for messages.
std::string expected_kernel(KernelForm form, std::size_t channels) {
  switch (form) {
    case KernelForm::kDown:
    case KernelForm::kAcross:
      return fmt::format("a kernel of shape [out, {0}, k], or [k] for every channel by itself",
                         channels);
    case KernelForm::kPoint:
      return fmt::format("a kernel of shape [out, {}]", channels);
    default:
      return fmt::format(
          "a kernel of shape [out, {}, rows, columns], or [rows, columns] for every channel by "
          "itself",
          channels);
  }
}

/// The kernel as [out, in, rows, columns]: what one channel gets alone stands on the diagonal.
Tensor whole_kernel(const Tensor& kernel, KernelForm form, std::size_t channels) {
  const bool strip = form == KernelForm::kDown || form == KernelForm::kAcross;
  const auto axes = [&](std::size_t out, std::size_t rows, std::size_t columns) {
    return std::vector<Axis>{Axis{out}, Axis{channels}, Axis{rows}, Axis{columns}};
  };
  const std::size_t length = kernel.rank() == 0 ? 1 : kernel.size(kernel.rank() - 1);
  const std::size_t down = strip && form == KernelForm::kAcross ? 1 : length;
  const std::size_t across = strip && form == KernelForm::kDown ? 1 : length;
  const bool fits = kernel.rank() >= 2 && kernel.size(1) == channels;
  if (form == KernelForm::kPoint && kernel.rank() == 2 && fits) {
    return kernel.with_axes(axes(kernel.size(0), 1, 1));
  }
  if (strip && kernel.rank() == 3 && fits)
    return kernel.with_axes(axes(kernel.size(0), down, across));
  const std::size_t alone = strip ? 1 : 2;  // axes of a kernel for one channel
  if (form == KernelForm::kPoint || kernel.rank() != alone) return kernel;

  const std::size_t area = kernel.count();
  Tensor whole(kernel.dtype(), axes(channels, strip ? down : kernel.size(0), across));
  dispatch(kernel.dtype(), [&](auto zero) {
    auto to = whole.values<decltype(zero)>();
    std::fill(to.begin(), to.end(), 0);
    for (std::size_t c = 0; c < channels; ++c) {
      std::copy_n(kernel.values<decltype(zero)>().begin(), area,
                  to.begin() + static_cast<std::ptrdiff_t>((c * channels + c) * area));
    }
  });
  return whole;
}

/// @throws Error kInvalid, placed at the kernel, unless it fits maps of so many channels.
void expect_kernel(const Tensor& kernel, KernelForm form, std::size_t channels, const Tensor& given,
                   const std::string& place) {
  const auto fits = [&] {
    if (kernel.rank() != 4 || kernel.count() == 0 || kernel.size(1) != channels) return false;
    const bool flat = kernel.size(2) == 1, narrow = kernel.size(3) == 1;
    return (form != KernelForm::kPoint || (flat && narrow)) &&
           (form != KernelForm::kDown || narrow) && (form != KernelForm::kAcross || flat);
  };
  if (!fits()) {
    throw Error(ErrorCode::kInvalid,
                fmt::format("expected {}, got {}", expected_kernel(form, channels),
                            shape_text(given.shape())))
        .at(place);
  }
  if (kernel.size(2) % 2 == 1 && kernel.size(3) % 2 == 1) return;
  throw Error(ErrorCode::kInvalid,
              fmt::format("expected a kernel of odd sides, which has a middle, got {} × {}",
                          kernel.size(2), kernel.size(3)))
      .at(place)
      .hint("pad it with a row or a column of zeros");
}

/// (X, mean, variance, gain, bias)
std::vector<StepId> record_norm(Recorder record, const BatchNorm& norm, StepId x,
                                const std::string& place) {
  const std::size_t channels = record.values(x).size(0);
  const DType dtype = norm.mean.dtype();
  const Tensor gain = norm.gain.value_or(ones(channels, dtype));
  const Tensor bias =
      norm.bias.value_or(Tensor({Axis{channels}}, Buffer<double>(channels, 0)).as(dtype));
  expect_shape(norm.mean, {channels}, place + "/mean", "channels");
  expect_shape(norm.variance, {channels}, place + "/variance", "channels");
  expect_shape(gain, {channels}, place + "/gain", "channels");
  expect_shape(bias, {channels}, place + "/bias", "channels");
  for (std::size_t c = 0; c < channels; ++c) {
    if (norm.variance.at(c) + norm.epsilon > 0) continue;
    throw Error(ErrorCode::kInvalid, "expected numbers ≥ 0, so that variance + epsilon > 0")
        .at(fmt::format("{}/variance/{}", place, c));
  }
  return {x, record.parameter("mean", "μ", norm.mean),
          record.parameter("variance", "σ²", norm.variance), record.parameter("gain", "γ", gain),
          record.parameter("norm_bias", "β", bias)};
}

}  // namespace

void MapsScope::expect_numbers(double numbers, const std::string& what) const {
  expect_bytes(bytes_of(numbers, values(x).dtype()), limit, what, place,
               "take smaller maps, fewer bins, or --dtype float32");
}

StepId record_convolution(const MapsScope& scope, const std::string& name,
                          const std::string& symbol, const std::optional<Convolution>& setting,
                          StepId x, ConvolutionPlan plan) {
  if (!setting) return x;
  const std::string place = plan.place.empty() ? scope.place + "/" + name : plan.place;
  const Tensor& maps = scope.values(x);
  const std::size_t channels = maps.size(0);
  Tensor kernel = whole_kernel(setting->kernel, plan.form, channels);
  expect_kernel(kernel, plan.form, channels, setting->kernel, place + "/kernel");
  const std::size_t out = kernel.size(0);
  scope.expect_numbers(static_cast<double>(out) * static_cast<double>(maps.count() / channels),
                       fmt::format("{} maps of {} × {}", out, maps.size(1), maps.size(2)));
  if (setting->bias) expect_shape(*setting->bias, {out}, place + "/bias", "channels out");

  // The last stage has the symbol; those before it are primed.
  const std::size_t stages = 1 + (setting->batch_norm ? 1 : 0) + (plan.relu ? 1 : 0);
  const std::string primed[] = {symbol, symbol + "′", symbol + "″"};
  Recorder record = plan.layer ? scope.record.layer(*plan.layer) : scope.record.branch(name);
  std::vector<StepId> inputs{x, record.parameter("kernel", "K", std::move(kernel))};
  if (setting->bias) inputs.push_back(record.parameter("bias", "b", *setting->bias));
  StepId last = record.step(Role::kMaps, "convolved", primed[stages - 1], ops::convolution_2d,
                            std::move(inputs),
                            {{"dilation", plan.dilation},
                             {"padding", plan.padding == Padding::kZero ? "zeros" : "replicate"}});
  if (setting->batch_norm) {
    last = record.step(Role::kMaps, "normalized", primed[plan.relu ? 1 : 0], ops::batch_norm,
                       record_norm(record, *setting->batch_norm, last, place + "/batch_norm"),
                       {{"epsilon", setting->batch_norm->epsilon}});
  }
  if (!plan.relu) return last;
  return record_rectified(record, "rectified", symbol, last);
}

StepId record_rectified(Recorder record, std::string_view name, std::string symbol, StepId x) {
  return record.step(Role::kMaps, name, std::move(symbol), ops::activation, {x},
                     {{"function", "relu"}});
}

/// Source: Dumoulin, Visin 2016; with a dilation: Yu, Koltun 2016, eq. 2.
void record_mechanism(const MapsScope& scope, const Convolution2d& settings) {
  StepId x = scope.x;
  for (std::size_t i = 0; i < settings.layers.size(); ++i) {
    const Convolution2d::Layer& layer = settings.layers[i];
    x = record_convolution(scope, fmt::format("layer{}", i), fmt::format("x_{}", i + 1),
                           layer.convolution, x,
                           {.relu = layer.relu,
                            .layer = i,
                            .dilation = layer.dilation,
                            .padding = layer.padding,
                            .place = fmt::format("{}/layers/{}", scope.place, i)});
  }
  Recorder record = scope.record;
  record.step(Role::kOutput, "output", "y", ops::identity, {x});
}

StepId record_resized(Recorder record, Role role, std::string_view name, std::string symbol,
                      StepId x, StepId like, bool align_corners) {
  return record.step(role, name, std::move(symbol), ops::interpolate, {x, like},
                     {{"method", "bilinear"}, {"align_corners", align_corners}});
}

}  // namespace attn_viz
