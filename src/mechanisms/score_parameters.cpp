#include "mechanisms/score_parameters.hpp"

#include <fmt/format.h>

#include "attn_viz/core/error.hpp"
#include "mechanisms/shapes.hpp"

namespace attn_viz {
namespace {

/// Gives every head one more parameter.
class ScoreResolver {
 public:
  ScoreResolver(std::size_t heads, const std::string& place) : place_(place), heads_(heads) {}

  void add(const std::optional<Tensor>& given, std::string_view name, const Shape& shape,
           std::string_view meaning, const Tensor& otherwise) {
    const bool each = given && given->rank() > shape.size();
    if (given) {
      expect_given(*given, name, shape, meaning);
    } else if (otherwise.shape() != shape) {
      throw Error(ErrorCode::kInvalid,
                  fmt::format("{} is missing, and the default of shape {} does not fit", name,
                              shape_text(otherwise.shape())))
          .at(place_)
          .hint(fmt::format("give {} with shape {} ({})", name, shape_text(shape), meaning));
    }
    for (std::size_t i = 0; i < heads_.size(); ++i) {
      heads_[i].push_back({fmt::format("score_{}", name), std::string(name),
                           each    ? given->part(i)
                           : given ? *given
                                   : otherwise});
    }
  }

  std::vector<std::vector<ScoreParameter>> take() { return std::move(heads_); }

 private:
  void expect_given(const Tensor& given, std::string_view name, Shape shape,
                    std::string_view meaning) const {
    const bool each = given.rank() > shape.size();
    if (each) shape.insert(shape.begin(), heads_.size());
    expect_shape(given, shape, fmt::format("{}/{}", place_, name),
                 fmt::format("{}{}", each ? "heads × " : "", meaning));
  }

  const std::string& place_;
  std::vector<std::vector<ScoreParameter>> heads_;
};

}  // namespace

std::vector<std::vector<ScoreParameter>> resolve_score(const ScoreSettings& score,
                                                       std::size_t heads, std::size_t query_size,
                                                       std::size_t key_size, DType dtype,
                                                       const std::string& place) {
  ScoreResolver parameters(heads, place);
  const std::size_t d_q = query_size, d_k = key_size;
  if (score.type == ScoreType::kBilinear) {
    parameters.add(score.w, "W", {d_q, d_k}, "query size × key size", identity_matrix(d_q, dtype));
  }
  if (score.type == ScoreType::kGat) {
    parameters.add(score.a, "a", {d_q + d_k}, "query size + key size", ones(d_q + d_k, dtype));
  }
  if (score.type == ScoreType::kAdditive) {
    const std::size_t a = score.w_query ? score.w_query->columns()
                          : score.w_key ? score.w_key->columns()
                          : score.v     ? score.v->columns()
                                        : d_q;
    parameters.add(score.w_query, "W_query", {d_q, a}, "query size × hidden size",
                   identity_matrix(d_q, dtype));
    parameters.add(score.w_key, "W_key", {d_k, a}, "key size × hidden size",
                   identity_matrix(d_k, dtype));
    parameters.add(score.v, "v", {a}, "hidden size", ones(a, dtype));
    if (score.bias) parameters.add(score.bias, "bias", {a}, "hidden size", ones(a, dtype));
  }
  return parameters.take();
}

}  // namespace attn_viz
