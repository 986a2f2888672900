// Positions as numbers added to the scores: B is [n, m] and depends on j − i alone.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <numeric>
#include <vector>

#include "attn_viz/core/parallel.hpp"
#include "ops/expect.hpp"
#include "ops/terms.hpp"

namespace attn_viz::ops {
namespace {

/// [n, m] after the rows of X and Y, with value(i, j) in T.
template <class Value>
Tensor pairs_of(const Tensor& x, const Tensor& y, Value value) {
  Tensor b(x.dtype(), {x.axes()[0], y.axes()[0]});
  dispatch(b.dtype(), [&](auto zero) {
    using T = decltype(zero);
    const std::size_t m = y.rows();
    parallel_for(x.rows(), rows_per_block(2 * m), [&](std::size_t first, std::size_t last) {
      for (std::size_t i = first; i < last; ++i) {
        T* row = b.values<T>().data() + i * m;
        for (std::size_t j = 0; j < m; ++j) row[j] = static_cast<T>(value(i, j));
      }
    });
  });
  return b;
}

Outcome evaluate_alibi(Inputs inputs, const Attributes& attributes) {
  expect_inputs(inputs, 2);
  const double slope = attributes.get<double>("slope");
  return {pairs_of(*inputs[0], *inputs[1], [=](std::size_t i, std::size_t j) {
    // From 0, so that no distance gives −0.
    return 0 - slope * static_cast<double>(i < j ? j - i : i - j);
  })};
}

// ---- buckets of distances ----

using Large = std::vector<std::uint32_t>;  // base 2³², the smallest digit first

/// A product of powers, exactly.
Large power_product(std::uint32_t a, std::size_t times_a, std::uint32_t b, std::size_t times_b) {
  Large product{1};
  for (std::size_t i = 0; i < times_a + times_b; ++i) {
    std::uint64_t carry = 0;
    for (std::uint32_t& digit : product) {
      carry += static_cast<std::uint64_t>(digit) * (i < times_a ? a : b);
      digit = static_cast<std::uint32_t>(carry);
      carry >>= 32;
    }
    if (carry > 0) product.push_back(static_cast<std::uint32_t>(carry));
  }
  return product;
}

bool at_least(const Large& a, const Large& b) {
  if (a.size() != b.size()) return a.size() > b.size();
  return !std::lexicographical_compare(a.rbegin(), a.rend(), b.rbegin(), b.rend());
}

/// The smallest distance of each bucket that holds more than one. With `exact` small distances of
/// a bucket each and `count` others, bucket exact + k begins at the smallest whole r with
/// ln(r / exact) / ln(most / exact) · count ≥ k, that is r^count ≥ most^k · exact^(count − k).
/// Rounding decides nothing: where r comes out as a whole number, whole numbers are compared.
std::vector<std::size_t> bucket_starts(std::uint32_t exact, std::size_t count, std::uint32_t most) {
  std::vector<std::size_t> starts;
  for (std::size_t k = 0; k < count; ++k) {
    const double start = exact * std::pow(static_cast<double>(most) / exact,
                                          static_cast<double>(k) / static_cast<double>(count));
    const double nearest = std::round(start);
    double first = std::ceil(start);
    if (std::abs(start - nearest) <= 1e-9 * start) {
      const std::size_t divisor = std::gcd(k, count);
      const std::size_t root = count / divisor, power = k / divisor;
      const auto r = static_cast<std::uint32_t>(nearest);
      first = nearest;
      if (!at_least(power_product(r, root, 1, 0),
                    power_product(most, power, exact, root - power))) {
        ++first;
      }
    }
    starts.push_back(static_cast<std::size_t>(first));
  }
  return starts;
}

/// Which number of the table belongs to which distance.
class Buckets {
 public:
  /// @throws Error kInvalid if the table and the largest distance do not fit together.
  Buckets(const Tensor& table, const Attributes& attributes)
      : both_ways_(attributes.get<bool>("bidirectional")),
        // Keys after the query have the second half of the buckets, where they are told apart.
        count_(both_ways_ ? table.count() / 2 : table.count()),
        exact_(count_ / 2) {
    const double most = attributes.get<double>("max_distance");
    if (exact_ < 1 || count_ > 4096 || !(most > static_cast<double>(exact_)) || !(most <= 1e6)) {
      throw Error(ErrorCode::kInvalid, "the buckets and the largest distance do not fit together");
    }
    starts_ = bucket_starts(static_cast<std::uint32_t>(exact_), count_ - exact_,
                            static_cast<std::uint32_t>(most));
  }

  std::size_t of_key_before(std::size_t distance) const {
    if (distance < exact_) return distance;
    const auto next = std::upper_bound(starts_.begin(), starts_.end(), distance);
    return exact_ + static_cast<std::size_t>(next - starts_.begin()) - 1;
  }
  std::size_t of_key_after(std::size_t distance) const {
    return both_ways_ ? count_ + of_key_before(distance) : 0;
  }

 private:
  bool both_ways_;
  std::size_t count_, exact_;
  std::vector<std::size_t> starts_;
};

/// Inputs X, Y and the table [buckets]. Attributes "bidirectional", "max_distance".
Outcome evaluate_t5_bias(Inputs inputs, const Attributes& attributes) {
  expect_inputs(inputs, 3);
  const Tensor &x = *inputs[0], &y = *inputs[1], &table = *inputs[2];
  const Buckets buckets(table, attributes);
  std::vector<std::size_t> before, after;  // buckets by distance
  for (std::size_t distance = 0; distance < x.rows(); ++distance) {
    before.push_back(buckets.of_key_before(distance));
  }
  for (std::size_t distance = 0; distance < y.rows(); ++distance) {
    after.push_back(buckets.of_key_after(distance));
  }
  return {pairs_of(x, y, [&](std::size_t i, std::size_t j) {
    return table.at(j > i ? after[j - i] : before[i - j]);
  })};
}

}  // namespace

Arithmetic t5_bias_terms(const Cell& cell) {
  using namespace terms;
  const std::size_t i = cell.row(), j = cell.column();
  const Buckets buckets(*cell.inputs[2], cell.attributes);
  Arithmetic arithmetic;
  arithmetic.define("distance", number(j, "j") - number(i, "i"));
  const std::size_t bucket = j > i ? buckets.of_key_after(j - i) : buckets.of_key_before(i - j);
  arithmetic.define("bucket", number(bucket));
  arithmetic.result = in(2, bucket);
  arithmetic.remarks.push_back(Remark::kBucket);
  return arithmetic;
}

const Operation alibi{
    .name = "alibi",
    .meaning = "a penalty that grows with the distance",
    .source = "Press et al. 2022, section 3",
    .equation = [](std::span<const std::string>,
                   const Attributes&) { return std::string("−slope · |i − j|"); },
    .evaluate = evaluate_alibi,
    .terms = alibi_terms,
};

const Operation t5_bias{
    .name = "t5-bias",
    .meaning = "a learned number for each range of distances",
    .source = "Raffel et al. 2020, section 2.1",
    .equation = [](std::span<const std::string> s,
                   const Attributes&) { return s[2] + "[bucket(j − i)]"; },
    .evaluate = evaluate_t5_bias,
    .terms = t5_bias_terms,
};

}  // namespace attn_viz::ops
