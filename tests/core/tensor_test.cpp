#include "attn_viz/core/tensor.hpp"

#include "catch.hpp"
#include "support/errors.hpp"
#include "support/tensors.hpp"

namespace attn_viz {
namespace {

using test::matrix;
using Shape = std::vector<std::size_t>;

TEST_CASE("tensor: shape, rows and columns of every rank") {
  struct Extents {
    Shape shape;
    std::size_t count, rows, columns;
  };
  const Extents extents = GENERATE(values<Extents>({{{}, 1, 1, 1},
                                                    {{5}, 5, 1, 5},
                                                    {{2, 3}, 6, 2, 3},
                                                    {{4, 2, 3}, 24, 8, 3},
                                                    {{0}, 0, 0, 0},
                                                    {{0, 3}, 0, 0, 3},
                                                    {{3, 0}, 0, 3, 0}}));
  CAPTURE(shape_text(extents.shape));
  std::vector<Axis> axes;
  for (const std::size_t size : extents.shape) axes.push_back(Axis{size});
  const Tensor tensor(DType::kFloat32, axes);
  CHECK(tensor.shape() == extents.shape);
  CHECK(tensor.rank() == extents.shape.size());
  CHECK(tensor.count() == extents.count);
  CHECK(tensor.rows() == extents.rows);
  CHECK(tensor.columns() == extents.columns);
  CHECK(tensor.dtype() == DType::kFloat32);
}

TEST_CASE("tensor: too few or too many values are a bug") {
  CHECK(test::error_of([] {
          Tensor({Axis{2}, Axis{2}}, Buffer<double>(3));
        }) == "a tensor got 3 values for 4 places");
  CHECK(test::error_code_of([] { Tensor({Axis{2}}, Buffer<float>(3)); }) == 70);
}

TEST_CASE("tensor: columns can be cut out") {
  const Tensor whole = matrix({{1, 2, 3, 4}, {5, 6, 7, 8}}, test::kDTypes[GENERATE(0, 1)]);
  const Tensor part = whole.slice_columns(1, 2);
  CHECK(part.same_bits(matrix({{2, 3}, {6, 7}}, whole.dtype())));
  CHECK(whole.slice_columns(0, 4).same_bits(whole));
  CHECK(whole.slice_columns(4, 0).shape() == Shape{2, 0});
}

TEST_CASE("tensor: a part along the first axis") {
  const Tensor all({Axis{2}, Axis{2}, Axis{3, "context"}},
                   Buffer<double>{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11});
  const Tensor part = all.part(1);
  CHECK(part.shape() == Shape{2, 3});
  CHECK(part.axes()[1].name == "context");
  CHECK(part.at(0) == 6);
  CHECK(part.at(1, 2) == 11);
  CHECK(part.part(0).shape() == Shape{3});
  CHECK(part.part(0).at(2) == 8);
}

TEST_CASE("tensor: as float32 rounds, and back keeps the rounded values") {
  const Tensor exact = matrix({{0.1, 1, -2.5}});
  const Tensor rounded = exact.as(DType::kFloat32);
  CHECK(rounded.dtype() == DType::kFloat32);
  CHECK(rounded.at(0) == static_cast<double>(0.1F));
  CHECK(rounded.at(2) == -2.5);
  CHECK(rounded.as(DType::kFloat64).at(0) == static_cast<double>(0.1F));
  CHECK(exact.as(DType::kFloat64).same_bits(exact));
}

TEST_CASE("tensor: same_bits tells −0 from 0, dtypes, shapes and names apart") {
  const Tensor zero = matrix({{0, 1}});
  CHECK(zero.same_bits(matrix({{0, 1}})));
  CHECK_FALSE(zero.same_bits(matrix({{-0.0, 1}})));
  CHECK_FALSE(zero.same_bits(matrix({{0, 1}}, DType::kFloat32)));
  CHECK_FALSE(zero.same_bits(matrix({{0}, {1}})));
  CHECK_FALSE(zero.same_bits(zero.with_axes({Axis{1, "token"}, Axis{2}})));
  CHECK(Tensor().same_bits(Tensor()));
  CHECK_FALSE(Tensor().same_bits(Tensor(DType::kFloat64, {Axis{0}, Axis{0}})));
  const double nan = std::numeric_limits<double>::quiet_NaN();
  CHECK(matrix({{nan}}).same_bits(matrix({{nan}})));
}

TEST_CASE("tensor: other axes over the same values") {
  const Tensor square = matrix({{1, 2}, {3, 4}}).with_axes({Axis{4}});
  CHECK(square.at(3) == 4);
  CHECK(square.shape() == Shape{4});
  CHECK_THROWS_AS(square.with_axes({Axis{3}}), Error);
}

TEST_CASE("tensor: the identity") {
  CHECK(identity_matrix(2, DType::kFloat32).same_bits(matrix({{1, 0}, {0, 1}}, DType::kFloat32)));
  CHECK(identity_matrix(0, DType::kFloat64).count() == 0);
}

}  // namespace
}  // namespace attn_viz
