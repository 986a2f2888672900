#include "mechanisms/attention_sizes.hpp"

#include <fmt/format.h>

#include "attn_viz/core/error.hpp"
#include "mechanisms/heads.hpp"
#include "mechanisms/limit.hpp"
#include "mechanisms/position.hpp"
#include "mechanisms/score_tricks.hpp"
#include "mechanisms/shapes.hpp"

namespace attn_viz {
namespace {

bool needs_equal_sizes(ScoreType type) {
  return type != ScoreType::kAdditive && type != ScoreType::kBilinear;
}

/// @throws Error kInvalid unless a head's columns can be shared among its maps.
std::size_t size_of_one(std::size_t columns, std::size_t maps, const std::string& place) {
  if (columns % maps == 0) return columns / maps;
  throw Error(ErrorCode::kInvalid,
              fmt::format("expected an even number of columns a head, got {}", columns))
      .at(place)
      .hint("differential attention has two queries and two keys a head");
}

class SizeResolver {
 public:
  SizeResolver(const AttentionSettings& settings, const InputSizes& sizes, const std::string& place)
      : settings_(settings),
        sizes_(sizes),
        place_(place),
        h_(settings.heads),
        g_(key_value_heads(settings)),
        maps_(maps_of(settings)) {}

  HeadSizes resolve() const {
    const auto& d_k = settings_.head_size;
    const auto& d_v = settings_.value_size;
    const auto from_q =
        width(&GivenWeights::w_q, "W_Q", sizes_.embedding, "embedding × head size", d_k, h_, maps_);
    const bool equal = needs_equal_sizes(settings_.score.type);
    const auto from_k = width(&GivenWeights::w_k, "W_K", sizes_.context, "embedding × head size",
                              d_k     ? d_k
                              : equal ? from_q
                                      : d_k,
                              g_, maps_);
    const auto from_v =
        width(&GivenWeights::w_v, "W_V", sizes_.values, "embedding × value size", d_v, g_, 1);

    HeadSizes head;
    const bool random = std::holds_alternative<RandomWeights>(settings_.weights);
    if (d_k) {
      head.query = head.key = *d_k;
    } else {
      head.query = from_q              ? *from_q
                   : (equal && from_k) ? *from_k
                                       : slice(sizes_.embedding, "embedding", maps_);
      head.key = from_k              ? *from_k
                 : (equal || random) ? head.query
                                     : slice(sizes_.context, "context embedding", maps_);
    }
    head.value = d_v      ? *d_v
                 : from_v ? *from_v
                 : random ? slice(sizes_.embedding, "embedding", 1)
                          : slice(sizes_.values, "value", 1);
    return head;
  }

 private:
  /// The size of a query, key or value of one head, from the columns of a given matrix, or none
  /// if it is not given.
  /// @param heads  how many heads the matrix serves: h or g.
  /// @param maps   how many vectors of that size it makes for each head.
  std::optional<std::size_t> width(std::optional<Tensor> GivenWeights::*which,
                                   std::string_view name, std::size_t source,
                                   std::string_view meaning, std::optional<std::size_t> wanted,
                                   std::size_t heads, std::size_t maps) const {
    const auto* given = std::get_if<GivenWeights>(&settings_.weights);
    if (given == nullptr || !(given->*which)) return std::nullopt;
    const Tensor& matrix = *(given->*which);
    if (wanted) *wanted *= maps;
    const std::string place = fmt::format("{}/weights/{}", place_, name);
    const std::string_view what = heads == h_ ? "heads" : "key_value_heads";
    const std::string factor = maps == 1 ? "" : " · 2";
    if (matrix.rank() == 3) {
      const std::size_t columns =
          wanted.value_or(looks_transposed(matrix, 1, source) ? matrix.size(1) : matrix.size(2));
      expect_shape(matrix, {heads, source, columns}, place,
                   fmt::format("{} × {}{}", what, meaning, factor));
      return size_of_one(columns, maps, place);
    }
    const std::size_t columns = wanted                                ? *wanted * heads
                                : looks_transposed(matrix, 0, source) ? matrix.size(0)
                                                                      : matrix.size(1);
    const std::string of_heads = h_ == 1 ? "" : fmt::format(" · {}", what);
    expect_shape(matrix, {source, columns}, place,
                 fmt::format("{}{}{}", meaning, factor, of_heads));
    if (columns % heads != 0) {
      throw Error(ErrorCode::kInvalid,
                  fmt::format("expected a number of columns that {} {} divide, got {}", heads, what,
                              columns))
          .at(place);
    }
    return size_of_one(columns / heads, maps, place);
  }

  /// The size of a slice when the embedding is cut into heads, and each head into maps.
  std::size_t slice(std::size_t source, std::string_view what, std::size_t maps) const {
    if (source % (h_ * maps) == 0 && source >= h_ * maps) return source / (h_ * maps);
    if (maps > 1) {
      throw Error(ErrorCode::kInvalid,
                  fmt::format("expected heads whose double divides the {} size {}, got {}", what,
                              source, h_))
          .at(place_ + "/heads")
          .hint("a head of differential attention has two queries and keys; give head_size");
    }
    throw Error(ErrorCode::kInvalid,
                fmt::format("expected a divisor of the {} size {}, got {}", what, source, h_))
        .at(place_ + "/heads")
        .hint("choose other heads, or give head_size and the matrices");
  }

  const AttentionSettings& settings_;
  const InputSizes& sizes_;
  const std::string& place_;
  std::size_t h_, g_, maps_;
};

}  // namespace

HeadSizes resolve_sizes(const AttentionSettings& settings, const InputSizes& sizes,
                        const std::string& place) {
  return SizeResolver(settings, sizes, place).resolve();
}

bool looks_transposed(const Tensor& matrix, std::size_t axis, std::size_t source) {
  return matrix.size(axis) != source && matrix.size(axis + 1) == source;
}

double expect_layer_fits(const AttentionSettings& settings, const InputSizes& sizes,
                         const HeadSizes& head, bool scaled, DType dtype, const std::string& place,
                         std::size_t limit) {
  const auto number = [](std::size_t size) { return static_cast<double>(size); };
  const double n = number(sizes.queries), m = number(sizes.keys), h = number(settings.heads);
  // Twice, because the two queries and keys of differential attention are also cut out.
  const double maps = number(maps_of(settings)), slices = maps == 1 ? 1 : 2 * maps;
  const double d_q = slices * number(head.query), d_k = slices * number(head.key),
               d_v = number(head.value);
  // Scores and weights, and a matrix of their size for each adjustment. What a cheaper method takes
  // in their place, its own check counts.
  const double of_softmax =
      maps * (2 + scaled + settings.softcap.has_value() + !settings.mask.hides_nothing()) +
      (1 + maps) * settings.bias.has_value() + (maps - 1) + 2 * settings.talking_heads.has_value();
  const double pairs = settings.approximation ? 0 : of_softmax;
  const double each_head =
      n * m * pairs + (n + number(sizes.embedding)) * d_q + (m + number(sizes.context)) * d_k +
      (m + n + number(sizes.values)) * d_v + position_numbers(settings, sizes, head.key) +
      numbers_of(settings.tricks, n, m, d_k, d_v);
  const double all = h * each_head + h * d_v * (h * d_v + 2 * n);
  const double needed = bytes_of(all, dtype);
  expect_bytes(needed, limit,
               fmt::format("{} queries × {} keys with {} head{} of size {}", sizes.queries,
                           sizes.keys, settings.heads, settings.heads == 1 ? "" : "s", head.key),
               place, kFewerHeads);
  return needed;
}

}  // namespace attn_viz
