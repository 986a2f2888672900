#include "mechanisms/mask_checks.hpp"

#include <fmt/format.h>

#include "attn_viz/core/error.hpp"

namespace attn_viz {
namespace {

[[noreturn]] void refuse(const char* what, std::size_t end, double got, std::string place) {
  throw Error(ErrorCode::kInvalid,
              fmt::format("expected a {} from 0 to {}, got {}", what, end - 1, got))
      .at(std::move(place));
}

void expect_one_sequence(std::size_t n, std::size_t m, const char* what, std::string place) {
  if (n == m) return;
  throw Error(
      ErrorCode::kInvalid,
      fmt::format("{}: expected as many keys as queries, got {} queries and {} keys", what, n, m))
      .at(std::move(place));
}

}  // namespace

void check_edges_and_pattern(const MaskSettings& mask, std::size_t n, std::size_t m,
                             const std::string& place) {
  if (mask.edges) {
    for (std::size_t edge = 0; edge < mask.edges->rows(); ++edge) {
      const double i = mask.edges->at(edge, 0), j = mask.edges->at(edge, 1);
      const std::string at = fmt::format("{}/mask/edges/{}", place, edge);
      if (i >= static_cast<double>(n)) refuse("query", n, i, at + "/0");
      if (j >= static_cast<double>(m)) refuse("key", m, j, at + "/1");
    }
    if (mask.self_loops) expect_one_sequence(n, m, "self_loops", place + "/mask/self_loops");
  }
  if (!mask.pattern) return;
  const std::string at = place + "/mask/pattern";
  expect_one_sequence(n, m, "a pattern", at);
  const std::vector<double>& global = mask.pattern->global;
  for (std::size_t k = 0; k < global.size(); ++k) {
    const bool read = mask.pattern->type == PatternType::kLongformer ||
                      mask.pattern->type == PatternType::kBigBird;
    if (read && global[k] >= static_cast<double>(n)) {
      refuse("token", n, global[k], fmt::format("{}/global/{}", at, k));
    }
  }
  if (!mask.pattern->random_keys) return;
  if (mask.pattern->random_lists != n) {
    throw Error(ErrorCode::kInvalid, fmt::format("expected {} lists, one for each query, got {}", n,
                                                 mask.pattern->random_lists))
        .at(at + "/random_keys");
  }
  const Tensor& pairs = *mask.pattern->random_keys;
  for (std::size_t pair = 0, place_in_row = 0; pair < pairs.rows(); ++pair, ++place_in_row) {
    const double i = pairs.at(pair, 0), j = pairs.at(pair, 1);
    if (pair > 0 && pairs.at(pair - 1, 0) != i) place_in_row = 0;
    if (j >= static_cast<double>(m)) {
      refuse("key", m, j, fmt::format("{}/random_keys/{}/{}", at, i, place_in_row));
    }
  }
}

}  // namespace attn_viz
