// Tensor: a dense row-major array of float64 or float32 whose axes may carry names.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

namespace attn_viz {

enum class DType { kFloat64, kFloat32 };

/// "float64" or "float32".
std::string_view name_of(DType dtype);

/// One axis of a tensor: its extent, and what it runs over ("token", "context") or "".
struct Axis {
  std::size_t size = 0;
  std::string name = {};
  bool operator==(const Axis&) const = default;
};

/// An allocator that leaves numbers uninitialised: large results are written once, not twice.
template <class T>
struct UninitializedAllocator : std::allocator<T> {
  template <class U>
  struct rebind {
    using other = UninitializedAllocator<U>;
  };
  template <class U>
  void construct(U* place) noexcept {
    ::new (static_cast<void*>(place)) U;
  }
  template <class U, class... Arguments>
  void construct(U* place, Arguments&&... arguments) {
    ::new (static_cast<void*>(place)) U(std::forward<Arguments>(arguments)...);
  }
};

template <class T>
using Buffer = std::vector<T, UninitializedAllocator<T>>;

class Tensor {
 public:
  /// A float64 tensor of shape [0].
  Tensor() : Tensor(DType::kFloat64, {Axis{}}) {}
  /// A tensor with uninitialised values.
  Tensor(DType dtype, std::vector<Axis> axes);
  /// A tensor over given values, row-major; as many as the shape holds.
  Tensor(std::vector<Axis> axes, Buffer<double> values);
  Tensor(std::vector<Axis> axes, Buffer<float> values);

  DType dtype() const { return values_.index() == 0 ? DType::kFloat64 : DType::kFloat32; }
  const std::vector<Axis>& axes() const { return axes_; }
  std::size_t rank() const { return axes_.size(); }
  /// Extent of an axis.
  std::size_t size(std::size_t axis) const { return axes_[axis].size; }
  std::vector<std::size_t> shape() const;
  /// Number of values.
  std::size_t count() const;

  /// Rows and columns as drawn or multiplied: the last axis runs along the columns, all before it
  /// along the rows. A vector is one row.
  std::size_t columns() const { return rank() == 0 ? 1 : axes_.back().size; }
  std::size_t rows() const {
    return columns() == 0 ? (rank() == 2 ? size(0) : 0) : count() / columns();
  }

  /// The values as T, which must be the tensor's own type.
  template <class T>
  std::span<T> values() {
    return std::get<Buffer<T>>(values_);
  }
  template <class T>
  std::span<const T> values() const {
    return std::get<Buffer<T>>(values_);
  }
  /// One value, by its row-major position; for tests and messages, not for loops over all.
  double at(std::size_t position) const;
  double at(std::size_t row, std::size_t column) const { return at(row * columns() + column); }

  /// The same values under other axes with as many places.
  Tensor with_axes(std::vector<Axis> axes) const&;
  Tensor with_axes(std::vector<Axis> axes) &&;
  /// Values rounded to the dtype (a copy, also where it is the same).
  Tensor as(DType dtype) const;
  /// Columns [first, first + width) of a matrix.
  Tensor slice_columns(std::size_t first, std::size_t width) const;

  /// The index-th part along the first axis: of [h, n, m] the matrix [n, m].
  Tensor part(std::size_t index) const;

  /// The same shape, axis names, dtype and bits (so −0 differs from 0).
  bool same_bits(const Tensor& other) const;

 private:
  std::vector<Axis> axes_;
  std::variant<Buffer<double>, Buffer<float>> values_;
};

/// Calls `body` with a value of the C++ type behind a dtype: `dispatch(t, [&](auto zero) {…})`.
template <class Body>
decltype(auto) dispatch(DType dtype, Body&& body) {
  return dtype == DType::kFloat64 ? body(double{}) : body(float{});
}

/// "[3, 2]".
std::string shape_text(std::span<const std::size_t> shape);

/// The n × n identity.
Tensor identity_matrix(std::size_t n, DType dtype);

}  // namespace attn_viz
