#include "attn_viz/analysis/count.hpp"

#include <algorithm>

#include "attn_viz/core/error.hpp"

namespace attn_viz::analysis {
namespace {

[[noreturn]] void refuse() {
  throw Error(ErrorCode::kLimit, "a count would be larger than 2^128 - 1")
      .hint("ask for smaller sizes");
}

}  // namespace

Count operator+(Count a, Count b) {
  if (__builtin_add_overflow(a.number_, b.number_, &a.number_)) refuse();
  return a;
}

Count operator*(Count a, Count b) {
  if (__builtin_mul_overflow(a.number_, b.number_, &a.number_)) refuse();
  return a;
}

std::string Count::digits() const {
  std::string text;
  Number rest = number_;
  do {
    text += static_cast<char>('0' + static_cast<int>(rest % 10));
    rest /= 10;
  } while (rest != 0);
  std::reverse(text.begin(), text.end());
  return text;
}

std::string Count::text() const {
  const std::string all = digits();
  std::string text;
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (i > 0 && (all.size() - i) % 3 == 0) text += ',';
    text += all[i];
  }
  return text;
}

}  // namespace attn_viz::analysis
