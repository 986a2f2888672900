// Images cut into patches, against the worked number and a naive loop.
#include "catch.hpp"
#include "support/errors.hpp"
#include "support/tensors.hpp"

namespace attn_viz {
namespace {

using test::error_of;
using test::evaluate;
using test::matrix;
using test::random_tensor;

/// The shape [H, W, C] → [(H/P)·(W/P), P·P·C], a pixel at a time, in ViT's order.
Tensor patches_one_by_one(const Tensor& image, std::size_t side) {
  const std::size_t height = image.size(0), width = image.size(1), channels = image.size(2);
  Buffer<double> values;
  for (std::size_t r = 0; r < height / side; ++r) {
    for (std::size_t c = 0; c < width / side; ++c) {
      for (std::size_t y = 0; y < side; ++y) {
        for (std::size_t x = 0; x < side; ++x) {
          for (std::size_t channel = 0; channel < channels; ++channel) {
            const std::size_t row = r * side + y, column = c * side + x;
            values.push_back(image.at((row * width + column) * channels + channel));
          }
        }
      }
    }
  }
  const std::size_t n = height / side * (width / side);
  return Tensor({Axis{n}, Axis{side * side * channels}}, std::move(values)).as(image.dtype());
}

TEST_CASE("patchify: the worked number of A7.3") {
  const Tensor image = matrix({{1, 2, 3, 4}, {5, 6, 7, 8}, {9, 10, 11, 12}, {13, 14, 15, 16}});
  CHECK(evaluate(ops::patchify, {image}, {{"patch", 2}})
            .same_bits(matrix({{1, 2, 5, 6}, {3, 4, 7, 8}, {9, 10, 13, 14}, {11, 12, 15, 16}})));
}

TEST_CASE("patchify: equals a loop over pixels, also with channels and unequal sides") {
  for (const DType dtype : test::kDTypes) {
    for (const auto& [shape, side] : std::vector<std::pair<std::vector<std::size_t>, int>>{
             {{4, 6, 3}, 2}, {{6, 3, 1}, 3}, {{4, 4, 2}, 4}, {{2, 5, 3}, 1}, {{96, 144, 3}, 16}}) {
      CAPTURE(shape, side);
      const Tensor image = random_tensor(shape, "image", dtype);
      const Tensor want = patches_one_by_one(image, static_cast<std::size_t>(side));
      CHECK(evaluate(ops::patchify, {image}, {{"patch", side}}).same_bits(want));
    }
  }
}

TEST_CASE("patchify: a grey image is an image of one channel") {
  const Tensor image = random_tensor({6, 4, 1}, "image");
  CHECK(evaluate(ops::patchify, {image.with_axes({Axis{6}, Axis{4}})}, {{"patch", 2}})
            .same_bits(evaluate(ops::patchify, {image}, {{"patch", 2}})));
}

TEST_CASE("patchify: no pixels, no patches") {
  const auto shape_of = [](const std::vector<std::size_t>& shape) {
    return evaluate(ops::patchify, {random_tensor(shape, "image")}, {{"patch", 2}}).shape();
  };
  CHECK(shape_of({0, 4, 3}) == std::vector<std::size_t>{0, 12});
  CHECK(shape_of({4, 0, 3}) == std::vector<std::size_t>{0, 12});
  CHECK(shape_of({2, 4, 0}) == std::vector<std::size_t>{2, 0});
}

TEST_CASE("patchify: errors") {
  const auto message = [](const std::vector<std::size_t>& shape, double patch) {
    return error_of([&] {
      evaluate(ops::patchify, {random_tensor(shape, "image")}, {{"patch", patch}});
    });
  };
  const std::string not_a_side = "expected a number of pixels, at least 1, as \"patch\"";
  const std::string hint = "\n  hint: cut or pad the image to a multiple of the patch";
  CHECK(message({4, 6, 3}, 4) ==
        "expected a patch whose side divides the image of 4 × 6 pixels, got 4" + hint);
  CHECK(message({5, 6}, 2) ==
        "expected a patch whose side divides the image of 5 × 6 pixels, got 2" + hint);
  CHECK(message({4, 4}, 0) == not_a_side);
  CHECK(message({4, 4}, -2) == not_a_side);
  CHECK(message({4, 4}, 1.5) == not_a_side);
  CHECK(message({0, 4}, 1e30) == not_a_side);
  CHECK(message({4, 4}, test::kInfinity) == not_a_side);
  CHECK(message({4}, 2) ==
        "expected an image [height, width] or [height, width, channels], got the shape [4]");
}

}  // namespace
}  // namespace attn_viz
