#include "attn_viz/figure/figure.hpp"

#include <algorithm>
#include <limits>

#include "attn_viz/core/error.hpp"

namespace attn_viz::figure {
namespace {

constexpr double kMasked = -std::numeric_limits<double>::infinity();

[[noreturn]] void refuse(const char* message) {
  throw Error(ErrorCode::kBug, message);
}

std::size_t place(const std::shared_ptr<const std::vector<std::size_t>>& places, std::size_t i) {
  return places ? (*places)[i] : i;
}

/// @return null if all rows (or columns) are meant
std::shared_ptr<const std::vector<std::size_t>> checked(std::vector<std::size_t> places,
                                                        std::size_t count) {
  if (places.empty()) return nullptr;
  for (const std::size_t place : places)
    if (place >= count) refuse("a part of a matrix with rows or columns that it does not have");
  return std::make_shared<const std::vector<std::size_t>>(std::move(places));
}

}  // namespace

Matrix::Matrix(const Tensor& tensor) : rows_(tensor.rows()), columns_(tensor.columns()) {
  dispatch(tensor.dtype(), [&](auto zero) {
    sources_ = {{tensor.values<decltype(zero)>().data(), columns_, 1}};
  });
}

Matrix Matrix::of_row(const Tensor& tensor, std::size_t row, std::size_t rows, std::size_t columns,
                      std::size_t first) {
  if (row >= tensor.rows() || first + rows * columns > tensor.columns())
    refuse("a row of a tensor cannot be folded to more cells than it has");
  return dispatch(tensor.dtype(), [&](auto zero) {
    using T = decltype(zero);
    return Matrix(tensor.values<T>().subspan(row * tensor.columns() + first, rows * columns), rows,
                  columns);
  });
}

Matrix Matrix::mean_of(const std::vector<Matrix>& matrices) {
  if (matrices.empty()) refuse("the mean of no matrix");
  Matrix mean = matrices[0];
  mean.sources_.clear();
  for (const Matrix& each : matrices) {
    if (each.rows_ != mean.rows_ || each.columns_ != mean.columns_)
      refuse("the mean of matrices of different sizes");
    if (each.row_places_ || each.column_places_) refuse("the mean of parts of matrices");
    mean.sources_.insert(mean.sources_.end(), each.sources_.begin(), each.sources_.end());
  }
  return mean;
}

Matrix Matrix::transposed() const {
  Matrix turned = *this;
  std::swap(turned.rows_, turned.columns_);
  std::swap(turned.row_places_, turned.column_places_);
  for (Source& source : turned.sources_) std::swap(source.row_step, source.column_step);
  return turned;
}

Matrix Matrix::as_mask() const {
  Matrix mask = *this;
  for (Source& source : mask.sources_) source.is_mask = true;
  return mask;
}

Matrix Matrix::part(std::vector<std::size_t> rows, std::vector<std::size_t> columns) const {
  if (row_places_ || column_places_) refuse("a part of a part of a matrix");
  Matrix part = *this;
  part.row_places_ = checked(std::move(rows), rows_);
  part.column_places_ = checked(std::move(columns), columns_);
  if (part.row_places_) part.rows_ = part.row_places_->size();
  if (part.column_places_) part.columns_ = part.column_places_->size();
  return part;
}

double Matrix::at(std::size_t row, std::size_t column) const {
  const std::size_t i = place(row_places_, row), j = place(column_places_, column);
  const auto value_of = [&](const Source& source) {
    const std::size_t position = i * source.row_step + j * source.column_step;
    const double value =
        std::visit([=](auto first) { return static_cast<double>(first[position]); }, source.first);
    return source.is_mask && value == 0 ? kMasked : value;
  };
  if (sources_.size() == 1) return value_of(sources_[0]);
  double sum = 0, count = 0;
  for (const Source& source : sources_) {
    const double value = value_of(source);
    if (value == kMasked) continue;
    sum += value;
    ++count;
  }
  return count > 0 ? sum / count : kMasked;
}

void Matrix::read_row(std::size_t row, double* out) const {
  if (sources_.size() != 1) {
    for (std::size_t j = 0; j < columns_; ++j) out[j] = at(row, j);
    return;
  }
  const Source& source = sources_[0];
  const std::size_t step = source.column_step;
  std::visit(
      [&](auto first) {
        const auto* from = first + place(row_places_, row) * source.row_step;
        if (column_places_) {
          for (std::size_t j = 0; j < columns_; ++j)
            out[j] = static_cast<double>(from[(*column_places_)[j] * step]);
        } else if (step == 1) {
          for (std::size_t j = 0; j < columns_; ++j) out[j] = static_cast<double>(from[j]);
        } else {
          for (std::size_t j = 0; j < columns_; ++j) out[j] = static_cast<double>(from[j * step]);
        }
      },
      source.first);
  if (source.is_mask) std::replace(out, out + columns_, 0.0, kMasked);
}

}  // namespace attn_viz::figure
