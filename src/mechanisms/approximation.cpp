// The recipes of cheaper attention. Each replaces scores, weights and output of a head; all end
// with the exact weights and how far the method is from them.
#include "mechanisms/approximation.hpp"

#include <fmt/format.h>

#include <cmath>

#include "attn_viz/core/error.hpp"
#include "mechanisms/describe.hpp"

namespace attn_viz {
namespace {

/// What a method leaves: the weights that it implies, and the output.
struct Result {
  StepId weights, output;
};

class Recipe {
 public:
  Recipe(Recorder record, const AttentionSettings& settings, const ApproximatedHead& head)
      : record_(std::move(record)),
        settings_(settings),
        method_(*settings.approximation),
        head_(head) {
    if (!settings.mask.padding.empty()) padding_.set("padding", settings.mask.padding);
  }

  StepId run() {
    const Result result = approximate();
    std::vector<StepId> compared{head_.q, head_.k};
    if (head_.mask) compared.push_back(*head_.mask);
    const StepId exact =
        record_.step(Role::kWeights, "exact_weights", "A_exact", ops::attention_weights,
                     std::move(compared), {{"scale", head_.scale}});
    record_.step(Role::kStatistic, "distance", "Δ", ops::distance,
                 {result.weights, exact, result.output, head_.v});
    return result.output;
  }

 private:
  Result approximate() {
    switch (method_.type) {
      case ApproximationType::kLinear:
        return linear();
      case ApproximationType::kPerformer:
        return performer();
      case ApproximationType::kLinformer:
        return linformer();
      case ApproximationType::kNystrom:
        return nystrom();
    }
    throw Error(ErrorCode::kBug, "an approximation without a recipe");
  }

  /// Source: Katharopoulos et al. 2020, sections 3.2 to 3.4.
  Result linear() {
    const StepId q =
        record_.step(Role::kFeatures, "query_features", "φ(Q)", ops::elu_plus_one, {head_.q});
    const StepId k =
        record_.step(Role::kFeatures, "key_features", "φ(K)", ops::elu_plus_one, {head_.k});
    if (method_.recurrent) {
      // A state of fixed size, to which each position adds its key and value.
      const StepId s = record_.step(Role::kState, "state", "S_i", ops::running_key_values,
                                    {k, head_.v}, padding_);
      const StepId z =
          record_.step(Role::kState, "state_sum", "z_i", ops::running_key_sum, {k}, padding_);
      const StepId o = record_.step(Role::kOutput, "output", head_.output_symbol,
                                    ops::recurrent_output, {q, s, z}, padding_);
      return {kernel_weights(q, k), o};
    }
    if (settings_.mask.causal) return with_output(kernel_weights(q, k), head_.v);
    // What does not depend on the query is summed once.
    const StepId s = record_.step(Role::kState, "key_value_sum", "S", ops::key_value_sum,
                                  {k, head_.v}, padding_);
    const StepId z = record_.step(Role::kState, "key_sum", "z", ops::key_sum, {k}, padding_);
    const StepId o = record_.step(Role::kOutput, "output", head_.output_symbol, ops::kernel_output,
                                  {q, s, z}, padding_);
    return {kernel_weights(q, k), o};
  }

  /// Source: Choromanski et al. 2021, section 2.
  Result performer() {
    const StepId w =
        method_.features ? own_array("features", "W", *method_.features) : random_features();
    const auto features = [&](std::string_view name, std::string symbol, StepId x,
                              const char* largest_of) {
      // The scale of the scores goes to both sides.
      Attributes constants{{"factor", std::sqrt(head_.scale)}};
      if (method_.stabilize) constants.set("stabilize", largest_of);
      return record_.step(Role::kFeatures, name, std::move(symbol), ops::positive_features, {x, w},
                          std::move(constants));
    };
    const StepId q = features("query_features", "φ(Q)", head_.q, "rows");
    const StepId k = features("key_features", "φ(K)", head_.k, "all");
    return with_output(kernel_weights(q, k), head_.v);
  }

  /// Source: Wang et al. 2020, section 4.
  Result linformer() {
    const StepId e = own_array("E", "E", without_padded_keys(*method_.e));
    const StepId f = method_.f ? own_array("F", "F", without_padded_keys(*method_.f)) : e;
    const StepId k = record_.step(Role::kKey, "projected_key", "K_E", ops::matmul, {e, head_.k});
    const StepId v =
        record_.step(Role::kValue, "projected_value", "V_F", ops::matmul, {f, head_.v});
    StepId s = record_.step(Role::kScores, "scores", "S", ops::dot_product, {head_.q, k});
    if (head_.scale != 1) {
      s = record_.step(Role::kScores, "scaled_scores", "S_scaled", ops::scale, {s},
                       {{"scale", head_.scale}});
    }
    const StepId p = record_.step(Role::kWeights, "projected_weights", "P", ops::softmax, {s});
    const StepId a = record_.step(Role::kWeights, "weights", "A", ops::implied_weights,
                                  {p, f, head_.k}, padding_);
    return {a, record_.step(Role::kOutput, "output", head_.output_symbol, ops::matmul, {p, v})};
  }

  /// Source: Xiong et al. 2021, section 3.
  Result nystrom() {
    const Attributes segments{{"segments", method_.landmarks}}, scale{{"scale", head_.scale}};
    const StepId q = record_.step(Role::kQuery, "landmark_queries", "Q_l", ops::segment_means,
                                  {head_.q}, segments);
    const StepId k =
        record_.step(Role::kKey, "landmark_keys", "K_l", ops::segment_means, {head_.k}, segments);
    const StepId first = record_.step(Role::kWeights, "kernel_1", "K_1", ops::attention_weights,
                                      {head_.q, k}, scale);
    const StepId core =
        record_.step(Role::kWeights, "kernel_2", "K_2", ops::attention_weights, {q, k}, scale);
    const StepId last = record_.step(Role::kWeights, "kernel_3", "K_3", ops::attention_weights,
                                     {q, head_.k}, scale);
    Attributes constants;
    if (method_.iterations) constants.set("iterations", *method_.iterations);
    const StepId inverse = record_.step(Role::kHidden, "pseudo_inverse", "Z", ops::pseudo_inverse,
                                        {core}, std::move(constants));
    return with_output(
        record_.step(Role::kWeights, "weights", "A", ops::nystrom_weights, {first, inverse, last}),
        head_.v);
  }

  /// The weights that features imply.
  StepId kernel_weights(StepId q, StepId k) {
    std::vector<StepId> inputs{
        record_.step(Role::kScores, "kernel", "G", ops::dot_product, {q, k})};
    if (head_.mask) inputs.push_back(*head_.mask);
    return record_.step(Role::kWeights, "weights", "A", ops::kernel_weights, std::move(inputs));
  }

  Result with_output(StepId weights, StepId values) {
    return {weights, record_.step(Role::kOutput, "output", head_.output_symbol, ops::matmul,
                                  {weights, values})};
  }

  StepId random_features() {
    Attributes constants{{"count", method_.feature_count},
                         {"seed", static_cast<double>(method_.seed)},
                         {"stream", std::string(record_.prefix()) + "/features"},
                         {"orthogonal", method_.orthogonal}};
    return record_.step(Role::kFeatures, "features", "W", ops::random_features, {head_.k},
                        std::move(constants));
  }

  /// An array for all heads, or this head's part of it.
  StepId own_array(std::string_view name, std::string symbol, const Tensor& array) {
    if (array.rank() == 2) return record_.parameter(name, std::move(symbol), array);
    const std::string id = std::string(record_.prefix()) + "/";
    return record_.parameter(name, std::move(symbol), array.part(*parse_step_id(id + "-").head));
  }

  /// A projection of the keys whose columns of padded keys are 0.
  Tensor without_padded_keys(Tensor projection) const {
    const std::vector<bool>& padding = settings_.mask.padding;
    dispatch(projection.dtype(), [&](auto zero) {
      using T = decltype(zero);
      auto values = projection.values<T>();
      for (std::size_t i = 0; !padding.empty() && i < values.size(); ++i) {
        if (!padding[i % padding.size()]) values[i] = 0;
      }
    });
    return projection;
  }

  Recorder record_;
  const AttentionSettings& settings_;
  const ApproximationSettings& method_;
  const ApproximatedHead& head_;
  Attributes padding_ = {};  ///< as the operations on keys read it
};

}  // namespace

StepId record_approximation(Recorder record, const AttentionSettings& settings,
                            const ApproximatedHead& head) {
  return Recipe(std::move(record), settings, head).run();
}

Attributes settings_of(const ApproximationSettings& approximation) {
  Attributes all{{"type", kApproximationNames[static_cast<std::size_t>(approximation.type)]}};
  switch (approximation.type) {
    case ApproximationType::kLinear:
      all.set("form", approximation.recurrent ? "recurrent" : "parallel");
      break;
    case ApproximationType::kPerformer:
      if (approximation.features) {
        all.set("features", "given");
      } else {
        all.set("random", Attributes{{"count", approximation.feature_count},
                                     {"seed", static_cast<double>(approximation.seed)},
                                     {"orthogonal", approximation.orthogonal}});
      }
      all.set("stabilize", approximation.stabilize);
      break;
    case ApproximationType::kLinformer:
      all.set("E", "given");
      all.set("F", approximation.f ? "given" : "E");
      break;
    case ApproximationType::kNystrom:
      all.set("landmarks", approximation.landmarks);
      all.set("pseudo_inverse",
              approximation.iterations
                  ? Attribute(Attributes{{"iterations", *approximation.iterations}})
                  : Attribute("exact"));
      break;
  }
  return all;
}

}  // namespace attn_viz
