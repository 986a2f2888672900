// From an image to a sequence: the squares that it is cut into, each as one row.
#include <algorithm>
#include <cmath>

#include "attn_viz/core/parallel.hpp"
#include "ops/expect.hpp"
#include "ops/terms.hpp"

namespace attn_viz::ops {
namespace {

/// @throws Error kInvalid unless the attribute "patch" divides both sides of the image.
std::size_t patch_of(const Tensor& image, const Attributes& attributes) {
  const std::size_t height = image.size(0), width = image.size(1);
  const double patch = attributes.get<double>("patch");
  const auto divides = [&](std::size_t side) {
    return std::fmod(static_cast<double>(side), patch) == 0;
  };
  constexpr double kLargest = 1 << 30;
  if (!(patch >= 1 && patch <= kLargest) || patch != std::floor(patch)) {
    throw Error(ErrorCode::kInvalid, "expected a number of pixels, at least 1, as \"patch\"");
  }
  if (!divides(height) || !divides(width)) {
    throw Error(ErrorCode::kInvalid, "expected a patch whose side divides the image of " +
                                         std::to_string(height) + " × " + std::to_string(width) +
                                         " pixels, got " +
                                         std::to_string(static_cast<long long>(patch)))
        .hint("cut or pad the image to a multiple of the patch");
  }
  return static_cast<std::size_t>(patch);
}

/// Row r·(W/P) + c holds the pixels of patch (r, c) row by row, the channels of a pixel together.
Outcome evaluate_patchify(Inputs inputs, const Attributes& attributes) {
  expect_inputs(inputs, 1);
  const Tensor& image = *inputs[0];
  if (image.rank() != 2 && image.rank() != 3) {
    throw Error(ErrorCode::kInvalid,
                "expected an image [height, width] or [height, width, "
                "channels], got the shape " +
                    shape_text(image.shape()));
  }
  const std::size_t side = patch_of(image, attributes);
  const std::size_t channels = image.rank() == 3 ? image.size(2) : 1;
  const std::size_t down = image.size(0) / side, across = image.size(1) / side;
  // One row of pixels of one patch lies together, in the image as in the result.
  const std::size_t run = side * channels;
  Tensor patches(image.dtype(), {Axis{down * across}, Axis{side * run}});
  dispatch(image.dtype(), [&](auto zero) {
    using T = decltype(zero);
    const T* from = image.values<T>().data();
    T* to = patches.values<T>().data();
    const std::size_t block = rows_per_block(std::max<std::size_t>(1, side * run));
    parallel_for(down * across, block, [&](std::size_t first, std::size_t last) {
      for (std::size_t p = first; p < last; ++p) {
        const std::size_t top = p / across * side, left = p % across;
        for (std::size_t y = 0; y < side; ++y) {
          std::copy_n(from + ((top + y) * across + left) * run, run, to + (p * side + y) * run);
        }
      }
    });
  });
  return {std::move(patches)};
}

}  // namespace

const Operation patchify{
    .name = "patchify",
    .meaning = "an image cut into squares, the pixels of each as one row",
    .source = "Dosovitskiy et al. 2021, section 3.1",
    .equation =
        [](std::span<const std::string> s, const Attributes& attributes) {
          const auto side = std::to_string(static_cast<long long>(attributes.get<double>("patch")));
          return s[0] + " cut into " + side + " × " + side + " patches";
        },
    .evaluate = evaluate_patchify,
    .terms = patchify_terms,
};

}  // namespace attn_viz::ops
