#include "mechanisms/parameters.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "attn_viz/core/error.hpp"
#include "attn_viz/core/random.hpp"

namespace attn_viz {
namespace {

using Shape = std::vector<std::size_t>;

bool needs_equal_sizes(ScoreType type) {
  return type != ScoreType::kAdditive && type != ScoreType::kBilinear;
}

}  // namespace

void expect_shape(const Tensor& tensor, const Shape& expected, const std::string& place,
                  std::string_view meaning) {
  const Shape got = tensor.shape();
  if (got == expected) return;
  Error error(ErrorCode::kInvalid, fmt::format("expected shape {} ({}), got {}",
                                               shape_text(expected), meaning, shape_text(got)));
  Shape turned = expected;
  if (turned.size() >= 2) std::swap(turned.back(), turned[turned.size() - 2]);
  if (got == turned) error.hint("it looks transposed; attn-viz uses row vectors, Q = X W_Q");
  throw error.at(place);
}

Tensor glorot_uniform(std::size_t rows, std::size_t columns, std::uint64_t seed,
                      const std::string& stream, DType dtype) {
  Random random(seed, stream);
  const double limit = std::sqrt(6.0 / static_cast<double>(rows + columns));
  Tensor matrix(DType::kFloat64, {Axis{rows}, Axis{columns}});
  for (double& value : matrix.values<double>()) value = (2 * random.uniform() - 1) * limit;
  return dtype == DType::kFloat64 ? std::move(matrix) : matrix.as(dtype);
}

namespace {

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
        h_(settings.heads) {}

  AttentionParameters resolve() {
    resolve_sizes();
    const bool scaled = settings_.score.type == ScoreType::kScaledDotProduct;
    const double by_size = 1 / std::sqrt(static_cast<double>(result_.key_size));
    result_.scale = settings_.scale.value_or(scaled ? by_size : 1.0);
    expect_within_limit();
    result_.heads.resize(h_);
    resolve_projections();
    resolve_output();
    resolve_score();
    resolve_bias();
    check_mask();
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

  /// The columns that a given matrix has for each head, or none if it is not given.
  std::optional<std::size_t> width(const Tensor* matrix, std::string_view name, std::size_t source,
                                   std::string_view meaning,
                                   const std::optional<std::size_t>& wanted) const {
    if (matrix == nullptr) return std::nullopt;
    const std::string place = fmt::format("{}/weights/{}", place_, name);
    if (matrix->rank() == 3) {
      const std::size_t columns =
          wanted.value_or(turned(*matrix, 1, source) ? matrix->size(1) : matrix->size(2));
      expect_shape(*matrix, {h_, source, columns}, place, fmt::format("heads × {}", meaning));
      return columns;
    }
    const std::size_t columns = wanted                       ? *wanted * h_
                                : turned(*matrix, 0, source) ? matrix->size(0)
                                                             : matrix->size(1);
    const std::string_view of_heads = h_ == 1 ? "" : " · heads";
    expect_shape(*matrix, {source, columns}, place, fmt::format("{}{}", meaning, of_heads));
    if (columns % h_ != 0) {
      throw Error(
          ErrorCode::kInvalid,
          fmt::format("expected a number of columns that {} heads divide, got {}", h_, columns))
          .at(place);
    }
    return columns / h_;
  }

  /// Whether a matrix has its input size along the wrong axis.
  static bool turned(const Tensor& matrix, std::size_t axis, std::size_t source) {
    return matrix.size(axis) != source && matrix.size(axis + 1) == source;
  }

  /// The size of a slice when the embedding is cut into heads.
  std::size_t slice(std::size_t source, std::string_view what) const {
    if (source % h_ == 0 && source >= h_) return source / h_;
    throw Error(ErrorCode::kInvalid,
                fmt::format("expected a divisor of the {} size {}, got {}", what, source, h_))
        .at(place_ + "/heads")
        .hint("choose other heads, or give head_size and the matrices");
  }

  void resolve_sizes() {
    const auto& d_k = settings_.head_size;
    const auto& d_v = settings_.value_size;
    const auto from_q = width(given_matrix(&GivenWeights::w_q), "W_Q", sizes_.embedding,
                              "embedding × head size", d_k);
    const bool equal = needs_equal_sizes(settings_.score.type);
    const auto from_k =
        width(given_matrix(&GivenWeights::w_k), "W_K", sizes_.context, "embedding × head size",
              d_k     ? d_k
              : equal ? from_q
                      : d_k);
    const auto from_v = width(given_matrix(&GivenWeights::w_v), "W_V", sizes_.values,
                              "embedding × value size", d_v);

    if (d_k) {
      result_.query_size = result_.key_size = *d_k;
    } else {
      result_.query_size = from_q              ? *from_q
                           : (equal && from_k) ? *from_k
                                               : slice(sizes_.embedding, "embedding");
      result_.key_size = from_k ? *from_k
                         : (equal || random() != nullptr)
                             ? result_.query_size
                             : slice(sizes_.context, "context embedding");
    }
    result_.value_size = d_v                   ? *d_v
                         : from_v              ? *from_v
                         : random() != nullptr ? slice(sizes_.embedding, "embedding")
                                               : slice(sizes_.values, "value");
  }

  /// @throws Error kLimit if parameters and steps would need more memory than allowed.
  void expect_within_limit() {
    const auto number = [](std::size_t size) { return static_cast<double>(size); };
    const double n = number(sizes_.queries), m = number(sizes_.keys), h = number(h_);
    const double d_q = number(result_.query_size), d_k = number(result_.key_size),
                 d_v = number(result_.value_size);
    // Scores and weights, and a matrix of their size for each adjustment.
    const double pairs = 2 + (result_.scale != 1) + settings_.softcap.has_value() +
                         2 * settings_.bias.has_value() + !settings_.mask.hides_nothing();
    const double each_head = n * m * pairs + (n + number(sizes_.embedding)) * d_q +
                             (m + number(sizes_.context)) * d_k +
                             (m + n + number(sizes_.values)) * d_v;
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

  /// Each head's [source, width] block of a projection.
  std::vector<Tensor> projection(const Tensor* matrix, std::string_view name, std::size_t source,
                                 std::size_t width) const {
    std::vector<Tensor> blocks;
    if (matrix != nullptr && matrix->rank() == 3) {
      for (std::size_t i = 0; i < h_; ++i) blocks.push_back(matrix->part(i));
      return blocks;
    }
    Tensor fused;
    if (matrix != nullptr) {
      fused = *matrix;
    } else if (random() != nullptr) {
      fused = glorot_uniform(source, h_ * width, random()->seed, fmt::format("{}/{}", layer_, name),
                             dtype_);
    } else if (source == h_ * width) {
      fused = identity_matrix(source, dtype_);
    } else {
      throw Error(ErrorCode::kInvalid,
                  fmt::format("{} is missing, and the identity does not fit: it would make {} "
                              "numbers of {} (heads {}, size {})",
                              name, h_ * width, source, h_, width))
          .at(place_ + "/weights")
          .hint(fmt::format("give {} with shape {}", name, shape_text(Shape{source, h_ * width})));
    }
    for (std::size_t i = 0; i < h_; ++i) blocks.push_back(fused.slice_columns(i * width, width));
    return blocks;
  }

  /// Each head's part of a bias over all heads, given as [h·width] or [h, width].
  std::vector<std::optional<Tensor>> bias(const Tensor* vector, std::string_view name,
                                          std::size_t width) const {
    std::vector<std::optional<Tensor>> parts(h_);
    if (vector == nullptr) return parts;
    const std::string place = fmt::format("{}/weights/{}", place_, name);
    if (vector->rank() == 2) {
      expect_shape(*vector, {h_, width}, place, "heads × size");
    } else {
      expect_shape(*vector, {h_ * width}, place, h_ == 1 ? "size" : "size · heads");
    }
    const Tensor rows = vector->with_axes({Axis{h_}, Axis{width}});
    for (std::size_t i = 0; i < h_; ++i) parts[i] = rows.part(i);
    return parts;
  }

  void resolve_projections() {
    const auto w_q =
        projection(given_matrix(&GivenWeights::w_q), "W_Q", sizes_.embedding, result_.query_size);
    const auto w_k =
        projection(given_matrix(&GivenWeights::w_k), "W_K", sizes_.context, result_.key_size);
    const auto w_v =
        projection(given_matrix(&GivenWeights::w_v), "W_V", sizes_.values, result_.value_size);
    const auto b_q = bias(given_matrix(&GivenWeights::b_q), "b_Q", result_.query_size);
    const auto b_k = bias(given_matrix(&GivenWeights::b_k), "b_K", result_.key_size);
    const auto b_v = bias(given_matrix(&GivenWeights::b_v), "b_V", result_.value_size);
    for (std::size_t i = 0; i < h_; ++i) {
      HeadParameters& head = result_.heads[i];
      head.w_q = w_q[i], head.w_k = w_k[i], head.w_v = w_v[i];
      head.b_q = b_q[i], head.b_k = b_k[i], head.b_v = b_v[i];
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
      const Tensor& value = given_value ? *given_value : otherwise;
      expect_shape(value, shape, place, meaning);
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
    if (score.type == ScoreType::kAdditive) {
      const std::size_t a = score.w_query ? score.w_query->columns()
                            : score.w_key ? score.w_key->columns()
                            : score.v     ? score.v->columns()
                                          : d_q;
      Tensor ones(DType::kFloat64, {Axis{a}});
      std::fill(ones.values<double>().begin(), ones.values<double>().end(), 1.0);
      add_score_parameter(score.w_query, "W_query", {d_q, a}, "query size × hidden size",
                          identity_matrix(d_q, dtype_));
      add_score_parameter(score.w_key, "W_key", {d_k, a}, "key size × hidden size",
                          identity_matrix(d_k, dtype_));
      add_score_parameter(score.v, "v", {a}, "hidden size", ones.as(dtype_));
      if (score.bias) add_score_parameter(score.bias, "bias", {a}, "hidden size", ones);
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
  }

  const AttentionSettings& settings_;
  const InputSizes& sizes_;
  DType dtype_;
  std::string place_, layer_;
  std::size_t limit_, h_;
  AttentionParameters result_;
};

}  // namespace

AttentionParameters resolve_parameters(const AttentionSettings& settings, const InputSizes& sizes,
                                       DType dtype, const std::string& place,
                                       const std::string& layer, std::size_t limit) {
  return Resolver(settings, sizes, dtype, place, layer, limit).resolve();
}

}  // namespace attn_viz
