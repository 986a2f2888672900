// Convolution over feature maps, plain or dilated, and the norm that usually follows it.
#include <algorithm>
#include <vector>

#include "ops/maps.hpp"
#include "ops/pull.hpp"
#include "ops/terms.hpp"

namespace attn_viz::ops {
namespace {

enum class Padding { kZeros, kReplicate, kNone };

Padding padding_of(const Attributes& attributes) {
  const std::string& name = attributes.get<std::string>("padding");
  if (name == "zeros") return Padding::kZeros;
  if (name == "replicate") return Padding::kReplicate;
  if (name == "none") return Padding::kNone;
  throw Error(ErrorCode::kInvalid, "there is no padding \"" + name + "\"")
      .hint("expected zeros, replicate or none");
}

/// The sizes of a convolution, known to fit.
struct Sizes {
  Planes in, out;
  std::size_t kernel_rows = 1, kernel_columns = 1, dilation = 1;
  std::size_t top = 0, left = 0;  ///< what the padding adds there, and as much opposite
  Padding padding = Padding::kZeros;
};

/// One side of the maps after the convolution.
/// @param reach  how far the kernel's first tap lies from its last
std::size_t side_after(std::size_t side, std::size_t reach, Padding padding, const char* what) {
  if (padding != Padding::kNone) return side;
  if (reach >= side) {
    throw Error(ErrorCode::kInvalid, "expected maps of at least " + std::to_string(reach + 1) +
                                         " " + what + " (so far the kernel reaches), got " +
                                         std::to_string(side))
        .hint("take a smaller kernel, a smaller dilation, or padding");
  }
  return side - reach;
}

Sizes sizes_of(const Tensor& x, const Tensor& kernel, const Attributes& attributes) {
  if (kernel.rank() != 4 || kernel.count() == 0) {
    throw Error(ErrorCode::kInvalid,
                "expected a kernel [channels out, channels in, rows, columns], got the shape " +
                    shape_text(kernel.shape()));
  }
  Sizes sizes{.in = planes_of(x),
              .out = {},
              .kernel_rows = kernel.size(2),
              .kernel_columns = kernel.size(3)};
  expect_equal_sizes(kernel.size(1), sizes.in.channels, "the channels of the kernel and the maps");
  sizes.dilation = whole_attribute(attributes, "dilation", 1);
  sizes.padding = padding_of(attributes);
  const std::size_t down = sizes.dilation * (sizes.kernel_rows - 1),
                    across = sizes.dilation * (sizes.kernel_columns - 1);
  if (sizes.padding != Padding::kNone) {
    if (sizes.kernel_rows % 2 == 0 || sizes.kernel_columns % 2 == 0) {
      throw Error(ErrorCode::kInvalid, "expected a kernel of odd sides, which has a middle, got " +
                                           std::to_string(sizes.kernel_rows) + " × " +
                                           std::to_string(sizes.kernel_columns))
          .hint("or take the padding \"none\"");
    }
    sizes.top = down / 2, sizes.left = across / 2;
  }
  sizes.out = {kernel.size(0), side_after(sizes.in.height, down, sizes.padding, "rows"),
               side_after(sizes.in.width, across, sizes.padding, "columns")};
  return sizes;
}

/// One row of one input channel with its padding, in float64; false if it lies in padding of zeros.
template <class T>
bool padded_row(const T* plane, const Sizes& sizes, std::ptrdiff_t row, std::vector<double>& to) {
  const auto height = static_cast<std::ptrdiff_t>(sizes.in.height);
  const bool repeat = sizes.padding == Padding::kReplicate;
  if (!repeat && (row < 0 || row >= height)) return false;
  const T* from = plane + std::clamp<std::ptrdiff_t>(row, 0, height - 1) *
                              static_cast<std::ptrdiff_t>(sizes.in.width);
  const auto middle = to.begin() + static_cast<std::ptrdiff_t>(sizes.left);
  std::fill(to.begin(), middle, repeat ? static_cast<double>(from[0]) : 0);
  const auto end = std::copy_n(from, sizes.in.width, middle);
  std::fill(end, to.end(), repeat ? static_cast<double>(from[sizes.in.width - 1]) : 0);
  return true;
}

/// Row i of output channel o, summed in float64 in the order channel, kernel row, kernel column.
template <class T>
void convolve_row(const Tensor& x, const Tensor& kernel, const Sizes& sizes, std::size_t o,
                  std::size_t i, std::vector<double>& padded, std::vector<double>& sums) {
  const T* taps =
      kernel.values<T>().data() + o * sizes.in.channels * sizes.kernel_rows * sizes.kernel_columns;
  for (std::size_t c = 0; c < sizes.in.channels; ++c) {
    const T* plane = x.values<T>().data() + c * sizes.in.area();
    for (std::size_t a = 0; a < sizes.kernel_rows; ++a, taps += sizes.kernel_columns) {
      const auto row = static_cast<std::ptrdiff_t>(i + a * sizes.dilation) -
                       static_cast<std::ptrdiff_t>(sizes.top);
      if (!padded_row(plane, sizes, row, padded)) continue;
      for (std::size_t b = 0; b < sizes.kernel_columns; ++b) {
        const auto tap = static_cast<double>(taps[b]);
        const double* from = padded.data() + b * sizes.dilation;
        for (std::size_t j = 0; j < sums.size(); ++j) sums[j] += tap * from[j];
      }
    }
  }
}

/// Whether each channel is made of itself alone, so that it keeps its name.
bool keeps_channels(const Tensor& kernel) {
  if (kernel.size(0) != kernel.size(1)) return false;
  const std::size_t channels = kernel.size(0), area = kernel.size(2) * kernel.size(3);
  return dispatch(kernel.dtype(), [&](auto zero) {
    const auto taps = kernel.values<decltype(zero)>();
    for (std::size_t i = 0; i < taps.size(); ++i) {
      if (taps[i] != 0 && i / area / channels != i / area % channels) return false;
    }
    return true;
  });
}

Outcome evaluate_convolution(Inputs inputs, const Attributes& attributes) {
  expect_inputs(inputs, 2);
  const Tensor &x = *inputs[0], &kernel = *inputs[1];
  const Tensor* bias = inputs.size() > 2 ? inputs[2] : nullptr;
  const Sizes sizes = sizes_of(x, kernel, attributes);
  const Planes &in = sizes.in, &out = sizes.out;
  if (bias != nullptr) {
    expect_equal_sizes(bias->count(), out.channels, "the bias and the channels of the kernel");
  }
  const bool same = sizes.padding != Padding::kNone;
  const auto axis = [&](Axis of_x, std::size_t size) {
    return same || of_x.size == size ? of_x : Axis{size};
  };
  Axis channels{out.channels};
  if (x.rank() == 3 && keeps_channels(kernel)) channels = x.axes()[0];
  Tensor y(x.dtype(), {channels, axis(row_axis(x), out.height), axis(column_axis(x), out.width)});
  dispatch(x.dtype(), [&](auto zero) {
    using T = decltype(zero);
    const std::size_t cost =
        in.channels * sizes.kernel_rows * (sizes.kernel_columns + 1) * out.width;
    parallel_for(
        out.channels * out.height, rows_per_block(cost), [&](std::size_t first, std::size_t last) {
          std::vector<double> padded(in.width + 2 * sizes.left), sums(out.width);
          for (std::size_t row = first; row < last; ++row) {
            const std::size_t o = row / out.height;
            const T b = bias == nullptr ? T{0} : bias->values<T>()[o];
            std::fill(sums.begin(), sums.end(), static_cast<double>(b));
            convolve_row<T>(x, kernel, sizes, o, row % out.height, padded, sums);
            std::transform(sums.begin(), sums.end(),
                           y.values<T>().begin() + static_cast<std::ptrdiff_t>(row * out.width),
                           [](double sum) { return static_cast<T>(sum); });
          }
        });
  });
  return {std::move(y)};
}

/// (x, mean, variance, gain, bias), each but x with a number for each channel.
Outcome evaluate_batch_norm(Inputs inputs, const Attributes& attributes) {
  expect_inputs(inputs, 5);
  const Tensor& x = *inputs[0];
  const Planes planes = planes_of(x);
  for (const Tensor* numbers : inputs.subspan(1)) {
    expect_equal_sizes(numbers->count(), planes.channels, "the numbers of a norm and the channels");
  }
  const double epsilon = attributes.get<double>("epsilon");
  Tensor y(x.dtype(), x.axes());
  each_channel(x.dtype(), planes.channels, planes.area(), [&](auto zero, std::size_t c) {
    using T = decltype(zero);
    const auto number = [&](std::size_t input) {
      return static_cast<double>(inputs[input]->values<T>()[c]);
    };
    const double mean = number(1), variance = number(2) + epsilon, gain = number(3),
                 bias = number(4);
    if (!(variance > 0)) {
      throw Error(
          ErrorCode::kInvalid,
          "expected variance + epsilon > 0, got another one in channel " + std::to_string(c));
    }
    const double factor = gain / std::sqrt(variance);
    const T* from = x.values<T>().data() + c * planes.area();
    T* to = y.values<T>().data() + c * planes.area();
    for (std::size_t p = 0; p < planes.area(); ++p) {
      to[p] = static_cast<T>((static_cast<double>(from[p]) - mean) * factor + bias);
    }
  });
  return {std::move(y)};
}

}  // namespace

/// Each output's derivative goes back to what it read, times the tap; what lies in padding of zeros
/// has none, and what lies beyond a repeated edge is the edge.
void convolution_2d_pull(const Pullback& back) {
  const Sizes sizes = sizes_of(*back.inputs[0], *back.inputs[1], back.attributes);
  const Planes &in = sizes.in, &out = sizes.out;
  const double* x = back.inputs[0]->values<double>().data();
  const double* kernel = back.inputs[1]->values<double>().data();
  const std::size_t taps = sizes.kernel_rows * sizes.kernel_columns;
  const bool repeat = sizes.padding == Padding::kReplicate;
  const auto spread = [&](std::size_t o, std::size_t i, std::size_t j, double by) {
    for (std::size_t tap = 0; tap < taps; ++tap) {
      // Counted from the first row and column of the padding.
      const std::size_t row = i + tap / sizes.kernel_columns * sizes.dilation,
                        column = j + tap % sizes.kernel_columns * sizes.dilation;
      const std::size_t y = std::clamp(row, sizes.top, sizes.top + in.height - 1),
                        z = std::clamp(column, sizes.left, sizes.left + in.width - 1);
      if ((y != row || z != column) && !repeat) continue;
      for (std::size_t c = 0; c < in.channels; ++c) {
        const std::size_t pixel = c * in.area() + (y - sizes.top) * in.width + z - sizes.left;
        const std::size_t weight = (o * in.channels + c) * taps + tap;
        if (back.wants(0)) back.into[0][pixel] += by * kernel[weight];
        if (back.wants(1)) back.into[1][weight] += by * x[pixel];
      }
    }
    if (back.inputs.size() > 2 && back.wants(2)) back.into[2][o] += by;
  };
  for (std::size_t cell = 0; cell < back.from.size(); ++cell) {
    const std::size_t pixel = cell % out.area();
    if (back.from[cell] != 0)
      spread(cell / out.area(), pixel / out.width, pixel % out.width, back.from[cell]);
  }
}

const Operation convolution_2d{
    .name = "convolution-2d",
    .meaning = "a kernel moved over the maps: each pixel becomes a weighted sum of its neighbours",
    .source = "Dumoulin, Visin 2016; dilated: Yu, Koltun 2016, eq. 2",
    .equation =
        [](std::span<const std::string> s, const Attributes& attributes) {
          const auto dilation = static_cast<long long>(attributes.get<double>("dilation"));
          const std::string star = dilation == 1 ? " ∗ " : " ∗_" + std::to_string(dilation) + " ";
          return s[0] + star + s[1] + (s.size() > 2 ? " + " + s[2] : "");
        },
    .evaluate = evaluate_convolution,
    .terms = convolution_2d_terms,
    .pull = convolution_2d_pull,
};

const Operation batch_norm{
    .name = "batch-norm",
    .meaning = "each channel less its mean, by its deviation, times a gain, plus a bias",
    .source = "Ioffe, Szegedy 2015, algorithm 2",
    .equation =
        [](std::span<const std::string> s, const Attributes&) {
          return "(" + s[0] + " − " + s[1] + ") / √(" + s[2] + " + ε) · " + s[3] + " + " + s[4];
        },
    .evaluate = evaluate_batch_norm,
    .terms = batch_norm_terms,
};

}  // namespace attn_viz::ops
