#include "mechanisms/mask_checks.hpp"

#include <fmt/format.h>

#include "attn_viz/core/error.hpp"
#include "mechanisms/shapes.hpp"

namespace attn_viz {
namespace {

[[noreturn]] void refuse(const char* what, std::size_t end, double got, std::string place) {
  throw Error(ErrorCode::kInvalid,
              fmt::format("expected a {} from 0 to {}, got {}", what, end - 1, got))
      .at(std::move(place));
}

void expect_one_sequence(std::size_t n, std::size_t m, std::string place) {
  if (n == m) return;
  throw Error(ErrorCode::kInvalid,
              fmt::format("expected as many keys as queries, got {} queries and {} keys", n, m))
      .at(std::move(place));
}

void check_edges(const MaskSettings& mask, std::size_t n, std::size_t m, const std::string& place) {
  if (!mask.edges) return;
  for (std::size_t edge = 0; edge < mask.edges->rows(); ++edge) {
    const double i = mask.edges->at(edge, 0), j = mask.edges->at(edge, 1);
    const std::string at = fmt::format("{}/edges/{}", place, edge);
    if (i >= static_cast<double>(n)) refuse("query", n, i, at + "/0");
    if (j >= static_cast<double>(m)) refuse("key", m, j, at + "/1");
  }
  if (mask.self_loops) expect_one_sequence(n, m, place + "/self_loops");
}

void check_pattern(const PatternSettings& pattern, std::size_t n, std::size_t m,
                   const std::string& at) {
  expect_one_sequence(n, m, at);
  const bool has_global =
      pattern.type == PatternType::kLongformer || pattern.type == PatternType::kBigBird;
  for (std::size_t k = 0; has_global && k < pattern.global.size(); ++k) {
    if (pattern.global[k] < static_cast<double>(n)) continue;
    refuse("token", n, pattern.global[k], fmt::format("{}/global/{}", at, k));
  }
  if (!pattern.random_keys) return;
  if (pattern.random_lists != n) {
    throw Error(ErrorCode::kInvalid, fmt::format("expected {} lists, one for each query, got {}", n,
                                                 pattern.random_lists))
        .at(at + "/random_keys");
  }
  const Tensor& pairs = *pattern.random_keys;
  for (std::size_t pair = 0, place_in_row = 0; pair < pairs.rows(); ++pair, ++place_in_row) {
    const double i = pairs.at(pair, 0), j = pairs.at(pair, 1);
    if (pair > 0 && pairs.at(pair - 1, 0) != i) place_in_row = 0;
    if (j >= static_cast<double>(m)) {
      refuse("key", m, j, fmt::format("{}/random_keys/{}/{}", at, i, place_in_row));
    }
  }
}

}  // namespace

void check_mask(const MaskSettings& mask, std::size_t n, std::size_t m, const std::string& place) {
  if (!mask.padding.empty() && mask.padding.size() != m) {
    throw Error(ErrorCode::kInvalid, fmt::format("expected {} entries, one for each key, got {}", m,
                                                 mask.padding.size()))
        .at(place + "/padding");
  }
  if (mask.allow) expect_shape(*mask.allow, {n, m}, place + "/allow", "queries × keys");
  check_edges(mask, n, m, place);
  if (mask.pattern) check_pattern(*mask.pattern, n, m, place + "/pattern");
}

}  // namespace attn_viz
