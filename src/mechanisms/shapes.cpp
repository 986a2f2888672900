#include "mechanisms/shapes.hpp"

#include <fmt/format.h>

#include <utility>

#include "attn_viz/core/error.hpp"

namespace attn_viz {

void expect_shape(const Tensor& tensor, const Shape& expected, const std::string& place,
                  std::string_view meaning) {
  const Shape got = tensor.shape();
  if (got == expected) return;
  Error error(ErrorCode::kInvalid, fmt::format("expected shape {} ({}), got {}",
                                               shape_text(expected), meaning, shape_text(got)));
  Shape turned = expected;
  if (turned.size() >= 2) std::swap(turned.back(), turned[turned.size() - 2]);
  if (got == turned) error.hint("it looks transposed; attn-viz uses row vectors, Q = X W_Q");
  throw error.at(place);
}

Tensor ones(std::size_t size, DType dtype) {
  return Tensor({Axis{size}}, Buffer<double>(size, 1.0)).as(dtype);
}

}  // namespace attn_viz
