#include "mechanisms/limit.hpp"

#include <fmt/format.h>

#include "attn_viz/core/error.hpp"

namespace attn_viz {

double bytes_of(double numbers, DType dtype) {
  return numbers * (dtype == DType::kFloat64 ? 8 : 4);
}

void expect_bytes(double needed, std::size_t limit, const std::string& what,
                  const std::string& place, const char* hint) {
  if (needed <= static_cast<double>(limit)) return;
  constexpr double kGibibyte = 1 << 30;
  throw Error(ErrorCode::kLimit,
              fmt::format("{} would need {:.1f} GiB; the limit is {:.1f} GiB", what,
                          needed / kGibibyte, static_cast<double>(limit) / kGibibyte))
      .at(place)
      .hint(hint);
}

}  // namespace attn_viz
