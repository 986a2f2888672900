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
    const HeadSizes head = resolve_sizes(settings_, sizes_, place_);
    result_.query_size = head.query, result_.key_size = head.key, result_.value_size = head.value;
    check_head_shapes(settings_, head.key, place_);
    const bool scaled = settings_.score.type == ScoreType::kScaledDotProduct;
    // Scores of no numbers are all 0; any finite scale keeps them so.
    const double by_size = head.key == 0 ? 1 : 1 / std::sqrt(static_cast<double>(head.key));
    result_.scale = settings_.scale.value_or(scaled ? by_size : 1.0);
    result_.bytes =
        expect_layer_fits(settings_, sizes_, head, result_.scale != 1, dtype_, place_, limit_);
    result_.heads.resize(h_);
    resolve_projections();
    resolve_output();
    resolve_score_parameters();
    resolve_bias();
    auto tricks = resolve_tricks(settings_, result_.query_size, result_.key_size, place_);
    for (std::size_t i = 0; i < h_; ++i) result_.heads[i].tricks = std::move(tricks[i]);
    check_mask(settings_.mask, sizes_.queries, sizes_.keys, place_ + "/mask");
    resolve_position();
    result_.bytes += check_approximation(settings_, sizes_, result_, dtype_, place_, limit_);
    return std::move(result_);
  }

 private:
  const GivenWeights* given() const { return std::get_if<GivenWeights>(&settings_.weights); }
  const RandomWeights* random() const { return std::get_if<RandomWeights>(&settings_.weights); }

  /// A matrix as given, or none: `given_matrix(&GivenWeights::w_q)`.
  const Tensor* given_matrix(std::optional<Tensor> GivenWeights::*matrix) const {
    return given() != nullptr && given()->*matrix ? &*(given()->*matrix) : nullptr;
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
          looks_transposed(*w_o, w_o->rank() - 2, w_o->rank() == 3 ? result_.value_size : concat)
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

  // ---- score, bias, position ----

  void resolve_score_parameters() {
    auto score = resolve_score(settings_.score, h_, result_.query_size, result_.key_size, dtype_,
                               place_ + "/score");
    for (std::size_t i = 0; i < h_; ++i) result_.heads[i].score = std::move(score[i]);
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
    check_pair(settings_, sizes_, place_);
    if (sizes_.query_axis != nullptr) result_.query_grid = sizes_.query_axis->grid;
    if (sizes_.key_axis != nullptr) result_.key_grid = sizes_.key_axis->grid;
    const auto positions = resolve_head_positions(settings_.position, settings_.score.type, sizes,
                                                  place_ + "/position");
    for (std::size_t i = 0; i < h_; ++i) result_.heads[i].position = positions[i];
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
