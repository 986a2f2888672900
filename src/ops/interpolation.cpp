// Maps resized to other rows and columns.
#include <algorithm>
#include <array>
#include <vector>

#include "ops/maps.hpp"
#include "ops/terms.hpp"

namespace attn_viz::ops {
namespace {

constexpr std::size_t kMostTaps = 4;

/// What one output row reads: some input rows, and their shares, which sum to 1.
struct Taps {
  std::array<std::size_t, kMostTaps> index{};
  std::array<double, kMostTaps> share{};
};

/// How an output row finds its input rows.
using FindTaps = Taps (*)(double source, std::size_t size);

std::size_t inside(double index, std::size_t size) {
  return static_cast<std::size_t>(std::clamp(index, 0.0, static_cast<double>(size - 1)));
}

Taps nearest_taps(double source, std::size_t size) {
  return {{inside(std::floor(source), size)}, {1}};
}

Taps bilinear_taps(double source, std::size_t size) {
  source = std::max(source, 0.0);
  const double before = std::floor(source);
  return {{inside(before, size), inside(before + 1, size)},
          {1 - (source - before), source - before}};
}

/// Cubic convolution with A = −0.75. Keys 1981, eq. 4 (there A = −0.5).
Taps bicubic_taps(double source, std::size_t size) {
  constexpr double a = -0.75;
  const auto near = [](double t) { return ((a + 2) * t - (a + 3)) * t * t + 1; };
  const auto far = [](double t) { return ((a * t - 5 * a) * t + 8 * a) * t - 4 * a; };
  const double before = std::floor(source), t = source - before;
  Taps taps{{}, {far(t + 1), near(t), near(1 - t), far(2 - t)}};
  for (std::size_t k = 0; k < kMostTaps; ++k) {
    taps.index[k] = inside(before + static_cast<double>(k) - 1, size);
  }
  return taps;
}

/// A way to resize: how many taps it needs along a side, and where they are.
struct Method {
  std::string_view name;
  std::size_t taps;
  FindTaps find;
};

constexpr Method kMethods[] = {
    {"bilinear", 2, bilinear_taps}, {"nearest", 1, nearest_taps}, {"bicubic", 4, bicubic_taps}};

const Method& method_of(const Attributes& attributes) {
  const std::string& name = attributes.get<std::string>("method");
  for (const Method& method : kMethods) {
    if (method.name == name) return method;
  }
  throw Error(ErrorCode::kInvalid, "there is no interpolation \"" + name + "\"")
      .hint("expected bilinear, nearest or bicubic");
}

/// The taps of output row i. With aligned corners the first and last rows of both fall together;
/// else the outer edges of their cells do.
Taps taps_of(const Method& method, std::size_t in, std::size_t out, bool aligned, std::size_t i) {
  const auto a = static_cast<double>(in), b = static_cast<double>(out);
  const auto row = static_cast<double>(i);
  double source = (row + 0.5) * (a / b) - 0.5;
  if (aligned) source = out > 1 ? row * ((a - 1) / (b - 1)) : 0;
  if (method.taps == 1) source = row * (a / b);
  return method.find(source, in);
}

std::vector<Taps> taps_of(const Method& method, std::size_t in, std::size_t out, bool aligned) {
  std::vector<Taps> taps(out);
  for (std::size_t i = 0; i < out; ++i) taps[i] = taps_of(method, in, out, aligned, i);
  return taps;
}

template <class T>
double tapped(const T* plane, std::size_t width, const Taps& down, const Taps& across,
              std::size_t count) {
  double sum = 0;
  for (std::size_t a = 0; a < count; ++a) {
    const T* row = plane + down.index[a] * width;
    double along = 0;
    for (std::size_t b = 0; b < count; ++b) {
      along += across.share[b] * static_cast<double>(row[across.index[b]]);
    }
    sum += down.share[a] * along;
  }
  return sum;
}

/// (x[, maps whose rows and columns it gets]); attributes "method", "align_corners", and without
/// the second input "rows" and "columns".
Outcome evaluate_interpolate(Inputs inputs, const Attributes& attributes) {
  expect_inputs(inputs, 1);
  const Tensor& x = *inputs[0];
  const Planes planes = planes_of(x);
  const Method& method = method_of(attributes);
  const bool aligned = attributes.get_or("align_corners", false);
  Axis row, column;
  if (inputs.size() > 1) {
    planes_of(*inputs[1]);
    row = row_axis(*inputs[1]), column = column_axis(*inputs[1]);
  } else {
    row.size = whole_attribute(attributes, "rows", 1);
    column.size = whole_attribute(attributes, "columns", 1);
  }
  const std::vector<Taps> down = taps_of(method, planes.height, row.size, aligned);
  const std::vector<Taps> across = taps_of(method, planes.width, column.size, aligned);
  Tensor y = maps_over(x, row, column);
  each_channel(x.dtype(), planes.channels, 4 * row.size * column.size,
               [&](auto zero, std::size_t c) {
                 using T = decltype(zero);
                 const T* plane = x.values<T>().data() + c * planes.area();
                 T* to = y.values<T>().data() + c * row.size * column.size;
                 for (const Taps& i : down) {
                   for (const Taps& j : across) {
                     *to++ = static_cast<T>(tapped(plane, planes.width, i, j, method.taps));
                   }
                 }
               });
  return {std::move(y)};
}

}  // namespace

std::vector<Share> shares_read(const Attributes& attributes, std::size_t in, std::size_t out,
                               std::size_t i) {
  const Method& method = method_of(attributes);
  const Taps taps = taps_of(method, in, out, attributes.get_or("align_corners", false), i);
  std::vector<Share> shares;
  for (std::size_t k = 0; k < method.taps; ++k) {
    if (taps.share[k] == 0) continue;
    const auto same = [&](const Share& share) { return share.index == taps.index[k]; };
    const auto known = std::find_if(shares.begin(), shares.end(), same);
    if (known == shares.end()) {
      shares.push_back({taps.index[k], taps.share[k]});
    } else {
      known->share += taps.share[k];  // at an edge, which is read in place of what lies beyond
    }
  }
  return shares;
}

const Operation interpolate{
    .name = "interpolate",
    .meaning = "maps resized, each new pixel a weighted mean of the old ones nearest to it",
    .source = "bilinear and nearest as in PyTorch; bicubic: Keys 1981, with A = −0.75",
    .equation =
        [](std::span<const std::string> s, const Attributes& attributes) {
          return attributes.get<std::string>("method") + "(" + s[0] + ") on the grid of " +
                 (s.size() > 1 ? s[1] : "rows × columns");
        },
    .evaluate = evaluate_interpolate,
    .terms = interpolate_terms,
};

}  // namespace attn_viz::ops
