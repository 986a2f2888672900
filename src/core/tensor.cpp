#include "attn_viz/core/tensor.hpp"

#include <algorithm>
#include <cstring>

#include "attn_viz/core/error.hpp"

namespace attn_viz {

std::string_view name_of(DType dtype) {
  return dtype == DType::kFloat64 ? "float64" : "float32";
}

namespace {

std::size_t places(const std::vector<Axis>& axes) {
  std::size_t product = 1;
  for (const Axis& axis : axes) product *= axis.size;
  return product;
}

template <class T>
Buffer<T> checked(const std::vector<Axis>& axes, Buffer<T> values) {
  if (values.size() != places(axes)) {
    throw Error(ErrorCode::kBug, "a tensor got " + std::to_string(values.size()) + " values for " +
                                     std::to_string(places(axes)) + " places");
  }
  return values;
}

}  // namespace

Tensor::Tensor(DType dtype, std::vector<Axis> axes) : axes_(std::move(axes)) {
  dispatch(dtype, [&](auto zero) { values_ = Buffer<decltype(zero)>(places(axes_)); });
}

Tensor::Tensor(std::vector<Axis> axes, Buffer<double> values)
    : axes_(std::move(axes)), values_(checked(axes_, std::move(values))) {}

Tensor::Tensor(std::vector<Axis> axes, Buffer<float> values)
    : axes_(std::move(axes)), values_(checked(axes_, std::move(values))) {}

std::vector<std::size_t> Tensor::shape() const {
  std::vector<std::size_t> shape;
  for (const Axis& axis : axes_) shape.push_back(axis.size);
  return shape;
}

std::size_t Tensor::count() const {
  return std::visit([](const auto& values) { return values.size(); }, values_);
}

double Tensor::at(std::size_t position) const {
  return std::visit([&](const auto& values) { return static_cast<double>(values.at(position)); },
                    values_);
}

Tensor Tensor::with_axes(std::vector<Axis> axes) const& {
  return Tensor(*this).with_axes(std::move(axes));
}

Tensor Tensor::with_axes(std::vector<Axis> axes) && {
  return std::visit([&](auto& values) { return Tensor(std::move(axes), std::move(values)); },
                    values_);
}

Tensor Tensor::as(DType dtype) const {
  Tensor result(dtype, axes_);
  std::visit(
      [&](const auto& from) {
        std::visit([&](auto& to) { std::copy(from.begin(), from.end(), to.begin()); },
                   result.values_);
      },
      values_);
  return result;
}

Tensor Tensor::slice_columns(std::size_t first, std::size_t width) const {
  std::vector<Axis> axes = axes_;
  axes.back() = Axis{width};
  Tensor result(dtype(), std::move(axes));
  std::visit(
      [&]<class T>(const Buffer<T>& from) {
        T* to = result.values<T>().data();
        for (std::size_t row = 0; row < rows(); ++row, to += width) {
          std::copy_n(from.data() + row * columns() + first, width, to);
        }
      },
      values_);
  return result;
}

Tensor Tensor::part(std::size_t index) const {
  Tensor result(dtype(), std::vector<Axis>(axes_.begin() + 1, axes_.end()));
  std::visit(
      [&]<class T>(const Buffer<T>& from) {
        const std::size_t size = result.count();
        std::copy_n(from.data() + index * size, size, result.values<T>().data());
      },
      values_);
  return result;
}

bool Tensor::same_bits(const Tensor& other) const {
  if (axes_ != other.axes_ || dtype() != other.dtype()) return false;
  return std::visit(
      [&]<class T>(const Buffer<T>& mine) {
        // memcmp must not get the null pointer of an empty buffer.
        return mine.empty() ||
               std::memcmp(mine.data(), other.values<T>().data(), mine.size() * sizeof(T)) == 0;
      },
      values_);
}

std::string shape_text(std::span<const std::size_t> shape) {
  std::string text = "[";
  for (std::size_t axis = 0; axis < shape.size(); ++axis) {
    text += (axis == 0 ? "" : ", ") + std::to_string(shape[axis]);
  }
  return text + "]";
}

Tensor identity_matrix(std::size_t n, DType dtype) {
  Tensor result(dtype, {Axis{n}, Axis{n}});
  dispatch(dtype, [&](auto zero) {
    auto values = result.values<decltype(zero)>();
    std::fill(values.begin(), values.end(), 0);
    for (std::size_t i = 0; i < n; ++i) values[i * n + i] = 1;
  });
  return result;
}

}  // namespace attn_viz
