#include "mechanisms/parameters.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "attn_viz/core/error.hpp"
#include "mechanisms/approximation.hpp"
#include "mechanisms/heads.hpp"
#include "mechanisms/mask_checks.hpp"
#include "mechanisms/shapes.hpp"

namespace attn_viz {
namespace {

bool needs_equal_sizes(ScoreType type) {
  return type != ScoreType::kAdditive && type != ScoreType::kBilinear;
}

class Resolver {
 public:
  Resolver(const AttentionSettings& settings, const InputSizes& sizes, DType dtype,
           std::string place, std::string layer, std::size_t limit)
      : settings_(settings),
        sizes_(sizes),
        dtype_(dtype),
        place_(std::move(place)),
        layer_(std::move(layer)),
        limit_(limit),
        h_(settings.heads),
        g_(key_value_heads(settings)),
        maps_(maps_of(settings)) {}

  AttentionParameters resolve() {
    check_heads(settings_, place_);
    resolve_sizes();
    check_head_shapes(settings_, result_.key_size, place_);
    const bool scaled = settings_.score.type == ScoreType::kScaledDotProduct;
    // Scores of no numbers are all 0; any finite scale keeps them so.
    const double by_size =
        result_.key_size == 0 ? 1 : 1 / std::sqrt(static_cast<double>(result_.key_size));
    result_.scale = settings_.scale.value_or(scaled ? by_size : 1.0);
    expect_within_limit();
    result_.heads.resize(h_);
    resolve_projections();
    resolve_output();
    resolve_score();
    resolve_bias();
    auto tricks = resolve_tricks(settings_, result_.query_size, result_.key_size, place_);
    for (std::size_t i = 0; i < h_; ++i) result_.heads[i].tricks = std::move(tricks[i]);
    check_mask();
    resolve_position();
    check_approximation(settings_, sizes_, result_, dtype_, place_, limit_);
    return std::move(result_);
  }

 private:
  const GivenWeights* given() const { return std::get_if<GivenWeights>(&settings_.weights); }
  const RandomWeights* random() const { return std::get_if<RandomWeights>(&settings_.weights); }

  /// A matrix as given, or none: `given_matrix(&GivenWeights::w_q)`.
  const Tensor* given_matrix(std::optional<Tensor> GivenWeights::*matrix) const {
    return given() != nullptr && given()->*matrix ? &*(given()->*matrix) : nullptr;
  }

  // ---- sizes ----

  /// The size of a query, key or value of one head, from the columns of a given matrix, or none
  /// if it is not given.
  /// @param heads  how many heads the matrix serves: h or g.
  /// @param maps   how many vectors of that size it makes for each head.
  std::optional<std::size_t> width(const Tensor* matrix, std::string_view name, std::size_t source,
                                   std::string_view meaning, std::optional<std::size_t> wanted,
                                   std::size_t heads, std::size_t maps) const {
    if (matrix == nullptr) return std::nullopt;
    if (wanted) *wanted *= maps;
    const std::string place = fmt::format("{}/weights/{}", place_, name);
    const std::string_view what = heads == h_ ? "heads" : "key_value_heads";
    const std::string factor = maps == 1 ? "" : " · 2";
    if (matrix->rank() == 3) {
      const std::size_t columns =
          wanted.value_or(turned(*matrix, 1, source) ? matrix->size(1) : matrix->size(2));
      expect_shape(*matrix, {heads, source, columns}, place,
                   fmt::format("{} × {}{}", what, meaning, factor));
      return size_of_one(columns, maps, place);
    }
    const std::size_t columns = wanted                       ? *wanted * heads
                                : turned(*matrix, 0, source) ? matrix->size(0)
                                                             : matrix->size(1);
    const std::string of_heads = h_ == 1 ? "" : fmt::format(" · {}", what);
    expect_shape(*matrix, {source, columns}, place,
                 fmt::format("{}{}{}", meaning, factor, of_heads));
    if (columns % heads != 0) {
      throw Error(ErrorCode::kInvalid,
                  fmt::format("expected a number of columns that {} {} divide, got {}", heads, what,
                              columns))
          .at(place);
    }
    return size_of_one(columns / heads, maps, place);
  }

  /// @throws Error kInvalid unless a head's columns can be shared among its maps.
  static std::size_t size_of_one(std::size_t columns, std::size_t maps, const std::string& place) {
    if (columns % maps == 0) return columns / maps;
    throw Error(ErrorCode::kInvalid,
                fmt::format("expected an even number of columns a head, got {}", columns))
        .at(place)
        .hint("differential attention has two queries and two keys a head");
  }

  /// Whether a matrix has its input size along the wrong axis.
  static bool turned(const Tensor& matrix, std::size_t axis, std::size_t source) {
    return matrix.size(axis) != source && matrix.size(axis + 1) == source;
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

  void resolve_sizes() {
    const auto& d_k = settings_.head_size;
    const auto& d_v = settings_.value_size;
    const auto from_q = width(given_matrix(&GivenWeights::w_q), "W_Q", sizes_.embedding,
                              "embedding × head size", d_k, h_, maps_);
    const bool equal = needs_equal_sizes(settings_.score.type);
    const auto from_k =
        width(given_matrix(&GivenWeights::w_k), "W_K", sizes_.context, "embedding × head size",
              d_k     ? d_k
              : equal ? from_q
                      : d_k,
              g_, maps_);
    const auto from_v = width(given_matrix(&GivenWeights::w_v), "W_V", sizes_.values,
                              "embedding × value size", d_v, g_, 1);

    if (d_k) {
      result_.query_size = result_.key_size = *d_k;
    } else {
      result_.query_size = from_q              ? *from_q
                           : (equal && from_k) ? *from_k
                                               : slice(sizes_.embedding, "embedding", maps_);
      result_.key_size = from_k ? *from_k
                         : (equal || random() != nullptr)
                             ? result_.query_size
                             : slice(sizes_.context, "context embedding", maps_);
    }
    result_.value_size = d_v                   ? *d_v
                         : from_v              ? *from_v
                         : random() != nullptr ? slice(sizes_.embedding, "embedding", 1)
                                               : slice(sizes_.values, "value", 1);
  }

  /// @throws Error kLimit if parameters and steps would need more memory than allowed.
  void expect_within_limit() {
    const auto number = [](std::size_t size) { return static_cast<double>(size); };
    const double n = number(sizes_.queries), m = number(sizes_.keys), h = number(h_);
    // Twice, because the two queries and keys of differential attention are also cut out.
    const double maps = number(maps_), slices = maps == 1 ? 1 : 2 * maps;
    const double d_q = slices * number(result_.query_size), d_k = slices * number(result_.key_size),
                 d_v = number(result_.value_size);
    // Scores and weights, and a matrix of their size for each adjustment.
    const double pairs = maps * (2 + (result_.scale != 1) + settings_.softcap.has_value() +
                                 !settings_.mask.hides_nothing()) +
                         (1 + maps) * settings_.bias.has_value() + (maps - 1) +
                         2 * settings_.talking_heads.has_value();
    const double each_head = n * m * pairs + (n + number(sizes_.embedding)) * d_q +
                             (m + number(sizes_.context)) * d_k +
                             (m + n + number(sizes_.values)) * d_v +
                             position_numbers(settings_, sizes_, result_.key_size) +
                             numbers_of(settings_.tricks, n, m, d_k, d_v);
    const double all = h * each_head + h * d_v * (h * d_v + 2 * n);
    constexpr double kGibibyte = 1 << 30;
    const double needed = all * (dtype_ == DType::kFloat64 ? 8 : 4) / kGibibyte;
    result_.bytes = needed * kGibibyte;
    const double allowed = number(limit_) / kGibibyte;
    if (needed <= allowed) return;
    throw Error(ErrorCode::kLimit,
                fmt::format("{} queries × {} keys with {} head{} of size {} need {:.1f} GiB; the "
                            "limit is {:.1f} GiB",
                            sizes_.queries, sizes_.keys, h_, h_ == 1 ? "" : "s", result_.key_size,
                            needed, allowed))
        .at(place_)
        .hint("take fewer tokens or heads, or --dtype float32");
  }

  // ---- projections ----

  /// The [source, width] blocks of a projection, one for each of its heads (h or g).
  std::vector<Tensor> projection(const Tensor* matrix, std::string_view name, std::size_t source,
                                 std::size_t width, std::size_t heads) const {
    std::vector<Tensor> blocks;
    if (matrix != nullptr && matrix->rank() == 3) {
      for (std::size_t i = 0; i < heads; ++i) blocks.push_back(matrix->part(i));
      return blocks;
    }
    Tensor fused;
    if (matrix != nullptr) {
      fused = *matrix;
    } else if (random() != nullptr) {
      fused = glorot_uniform(source, heads * width, random()->seed,
                             fmt::format("{}/{}", layer_, name), dtype_);
    } else if (source == heads * width) {
      fused = identity_matrix(source, dtype_);
    } else {
      throw Error(ErrorCode::kInvalid,
                  fmt::format("{} is missing, and the identity does not fit: it would make {} "
                              "numbers of {} ({} {}, size {})",
                              name, heads * width, source,
                              heads == h_ ? "heads" : "key_value_heads", heads, width))
          .at(place_ + "/weights")
          .hint(
              fmt::format("give {} with shape {}", name, shape_text(Shape{source, heads * width})));
    }
    for (std::size_t i = 0; i < heads; ++i) blocks.push_back(fused.slice_columns(i * width, width));
    return blocks;
  }

  /// Each head's part of a bias over all its heads, given as [heads·width] or [heads, width].
  std::vector<std::optional<Tensor>> bias(const Tensor* vector, std::string_view name,
                                          std::size_t width, std::size_t heads) const {
    std::vector<std::optional<Tensor>> parts(heads);
    if (vector == nullptr) return parts;
    const std::string place = fmt::format("{}/weights/{}", place_, name);
    if (vector->rank() == 2) {
      expect_shape(*vector, {heads, width}, place,
                   heads == h_ ? "heads × size" : "key_value_heads × size");
    } else {
      expect_shape(*vector, {heads * width}, place,
                   h_ == 1       ? "size"
                   : heads == h_ ? "size · heads"
                                 : "size · key_value_heads");
    }
    const Tensor rows = vector->with_axes({Axis{heads}, Axis{width}});
    for (std::size_t i = 0; i < heads; ++i) parts[i] = rows.part(i);
    return parts;
  }

  void resolve_projections() {
    const std::size_t d_q = maps_ * result_.query_size, d_k = maps_ * result_.key_size;
    const std::size_t d_v = result_.value_size;
    const auto w_q = projection(given_matrix(&GivenWeights::w_q), "W_Q", sizes_.embedding, d_q, h_);
    const auto w_k = projection(given_matrix(&GivenWeights::w_k), "W_K", sizes_.context, d_k, g_);
    const auto w_v = projection(given_matrix(&GivenWeights::w_v), "W_V", sizes_.values, d_v, g_);
    const auto b_q = bias(given_matrix(&GivenWeights::b_q), "b_Q", d_q, h_);
    const auto b_k = bias(given_matrix(&GivenWeights::b_k), "b_K", d_k, g_);
    const auto b_v = bias(given_matrix(&GivenWeights::b_v), "b_V", d_v, g_);
    for (std::size_t i = 0; i < h_; ++i) {
      HeadParameters& head = result_.heads[i];
      const std::size_t group = i / (h_ / g_);  // ⌊i·g / h⌋
      head.w_q = w_q[i], head.w_k = w_k[group], head.w_v = w_v[group];
      head.b_q = b_q[i], head.b_k = b_k[group], head.b_v = b_v[group];
    }
  }

  void resolve_output() {
    const std::size_t concat = h_ * result_.value_size;
    const Tensor* w_o = given_matrix(&GivenWeights::w_o);
    if (w_o == nullptr) {
      result_.w_o = random() != nullptr ? glorot_uniform(concat, sizes_.embedding, random()->seed,
                                                         layer_ + "/W_O", dtype_)
                                        : identity_matrix(concat, dtype_);
    } else {
      const std::string place = place_ + "/weights/W_O";
      const std::size_t columns =
          turned(*w_o, w_o->rank() - 2, w_o->rank() == 3 ? result_.value_size : concat)
              ? w_o->size(w_o->rank() - 2)
              : w_o->columns();
      if (w_o->rank() == 3) {
        expect_shape(*w_o, {h_, result_.value_size, columns}, place,
                     "heads × value size × output size");
      } else {
        expect_shape(*w_o, {concat, columns}, place,
                     h_ == 1 ? "value size × output size" : "value size · heads × output size");
      }
      result_.w_o = w_o->with_axes({Axis{concat}, Axis{columns}});
    }
    if (const Tensor* b_o = given_matrix(&GivenWeights::b_o)) {
      expect_shape(*b_o, {result_.w_o.columns()}, place_ + "/weights/b_O", "output size");
      result_.b_o = *b_o;
    }
  }

  // ---- score, bias, mask ----

  /// Adds a parameter of the score to every head: as given (for all heads or one each), or the
  /// default.
  void add_score_parameter(const std::optional<Tensor>& given_value, std::string_view name,
                           const Shape& shape, std::string_view meaning, const Tensor& otherwise) {
    const std::string place = fmt::format("{}/score/{}", place_, name);
    if (given_value && given_value->rank() > shape.size()) {
      Shape for_heads = shape;
      for_heads.insert(for_heads.begin(), h_);
      expect_shape(*given_value, for_heads, place, fmt::format("heads × {}", meaning));
    } else {
      if (!given_value && otherwise.shape() != shape) {
        throw Error(ErrorCode::kInvalid,
                    fmt::format("{} is missing, and the default of shape {} does not fit", name,
                                shape_text(otherwise.shape())))
            .at(place_ + "/score")
            .hint(fmt::format("give {} with shape {} ({})", name, shape_text(shape), meaning));
      }
      if (given_value) expect_shape(*given_value, shape, place, meaning);
    }
    for (std::size_t i = 0; i < h_; ++i) {
      const bool each = given_value && given_value->rank() > shape.size();
      result_.heads[i].score.push_back({fmt::format("score_{}", name), std::string(name),
                                        each          ? given_value->part(i)
                                        : given_value ? *given_value
                                                      : otherwise});
    }
  }

  void resolve_score() {
    const ScoreSettings& score = settings_.score;
    const std::size_t d_q = result_.query_size, d_k = result_.key_size;
    if (score.type == ScoreType::kBilinear) {
      add_score_parameter(score.w, "W", {d_q, d_k}, "query size × key size",
                          identity_matrix(d_q, dtype_));
    }
    if (score.type == ScoreType::kGat) {
      add_score_parameter(score.a, "a", {d_q + d_k}, "query size + key size",
                          ones(d_q + d_k, dtype_));
    }
    if (score.type == ScoreType::kAdditive) {
      const std::size_t a = score.w_query ? score.w_query->columns()
                            : score.w_key ? score.w_key->columns()
                            : score.v     ? score.v->columns()
                                          : d_q;
      add_score_parameter(score.w_query, "W_query", {d_q, a}, "query size × hidden size",
                          identity_matrix(d_q, dtype_));
      add_score_parameter(score.w_key, "W_key", {d_k, a}, "key size × hidden size",
                          identity_matrix(d_k, dtype_));
      add_score_parameter(score.v, "v", {a}, "hidden size", ones(a, dtype_));
      if (score.bias) add_score_parameter(score.bias, "bias", {a}, "hidden size", ones(a, dtype_));
    }
  }

  void resolve_bias() {
    if (!settings_.bias) return;
    const Tensor& bias = *settings_.bias;
    const std::string place = place_ + "/bias";
    if (bias.rank() == 3) {
      expect_shape(bias, {h_, sizes_.queries, sizes_.keys}, place, "heads × queries × keys");
    } else {
      expect_shape(bias, {sizes_.queries, sizes_.keys}, place, "queries × keys");
    }
    for (std::size_t i = 0; i < h_; ++i) {
      result_.heads[i].bias = bias.rank() == 3 ? bias.part(i) : bias;
    }
  }

  void resolve_position() {
    const PositionSizes sizes{.heads = h_,
                              .query = result_.query_size,
                              .key = result_.key_size,
                              .value = result_.value_size};
    const auto positions = resolve_head_positions(settings_.position, settings_.score.type, sizes,
                                                  place_ + "/position");
    for (std::size_t i = 0; i < h_; ++i) result_.heads[i].position = positions[i];
  }

  void check_mask() const {
    const MaskSettings& mask = settings_.mask;
    if (!mask.padding.empty() && mask.padding.size() != sizes_.keys) {
      throw Error(ErrorCode::kInvalid, fmt::format("expected {} entries, one for each key, got {}",
                                                   sizes_.keys, mask.padding.size()))
          .at(place_ + "/mask/padding");
    }
    if (mask.allow) {
      expect_shape(*mask.allow, {sizes_.queries, sizes_.keys}, place_ + "/mask/allow",
                   "queries × keys");
    }
    check_edges_and_pattern(mask, sizes_.queries, sizes_.keys, place_);
  }

  const AttentionSettings& settings_;
  const InputSizes& sizes_;
  DType dtype_;
  std::string place_, layer_;
  std::size_t limit_, h_, g_, maps_;
  AttentionParameters result_;
};

}  // namespace

AttentionParameters resolve_parameters(const AttentionSettings& settings, const InputSizes& sizes,
                                       DType dtype, const std::string& place,
                                       const std::string& layer, std::size_t limit) {
  return Resolver(settings, sizes, dtype, place, layer, limit).resolve();
}

}  // namespace attn_viz
