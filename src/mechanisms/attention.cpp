// The recipe of attention. Source: Vaswani et al. 2017, section 3.2.
#include <fmt/format.h>

#include "attn_viz/core/error.hpp"
#include "mechanisms/describe.hpp"
#include "mechanisms/recipe.hpp"

namespace attn_viz {
namespace {

const Operation& operation_of(ScoreType type) {
  switch (type) {
    case ScoreType::kDotProduct:
    case ScoreType::kScaledDotProduct:
      return ops::dot_product;
    case ScoreType::kAdditive:
      return ops::additive;
    case ScoreType::kCosine:
      return ops::cosine;
    case ScoreType::kBilinear:
      return ops::bilinear;
  }
  throw Error(ErrorCode::kBug, "a scoring function without an operation");
}

const Operation& operation_of(NormalizerType type) {
  return *find_operation(kNormalizerNames[static_cast<std::size_t>(type)]);
}

/// A projection's matrix and, if it has one, its bias, as steps.
struct Projection {
  StepId w;
  std::optional<StepId> b;

  /// What the linear operation reads to project x.
  std::vector<StepId> of(StepId x) const { return b ? std::vector{x, w, *b} : std::vector{x, w}; }
};

StepId record_parameter(Recorder& record, std::string_view name, Tensor value) {
  return record.parameter(name, std::string(name), std::move(value));
}

std::optional<StepId> record_parameter(Recorder& record, std::string_view name,
                                       std::optional<Tensor> value) {
  if (!value) return std::nullopt;
  return record_parameter(record, name, std::move(*value));
}

/// The visible pairs of a layer, the same for all heads; none if nothing is hidden.
std::optional<StepId> record_mask(Recorder& record, const MaskSettings& mask, Sources from) {
  if (mask.hides_nothing()) return std::nullopt;
  std::vector<StepId> inputs{from.x, from.y};
  if (mask.allow) inputs.push_back(record.parameter("allow", "allow", *mask.allow));
  return record.step("mask", "M", ops::mask, std::move(inputs), constants_of(mask));
}

/// One head, a recorded step per line of the mathematics.
StepId attend(Recorder record, const AttentionSettings& settings, HeadParameters& head,
              double scale, Sources from, std::optional<StepId> mask, std::string output_symbol) {
  // The parameters of this head.
  Projection query{record_parameter(record, "W_Q", std::move(head.w_q)), {}};
  Projection key{record_parameter(record, "W_K", std::move(head.w_k)), {}};
  Projection value{record_parameter(record, "W_V", std::move(head.w_v)), {}};
  query.b = record_parameter(record, "b_Q", std::move(head.b_q));
  key.b = record_parameter(record, "b_K", std::move(head.b_k));
  value.b = record_parameter(record, "b_V", std::move(head.b_v));
  std::vector<StepId> score_parameters;
  for (ScoreParameter& parameter : head.score) {
    score_parameters.push_back(
        record.parameter(parameter.name, parameter.symbol, std::move(parameter.value)));
  }
  const auto bias = record_parameter(record, "bias", std::move(head.bias));

  // What each token asks, offers and says.
  const StepId q = record.step("query", "Q", ops::linear, query.of(from.x));
  const StepId k = record.step("key", "K", ops::linear, key.of(from.y));
  const StepId v = record.step("value", "V", ops::linear, value.of(from.v));

  // How well does each key answer each query?
  std::vector<StepId> compared{q, k};
  compared.insert(compared.end(), score_parameters.begin(), score_parameters.end());
  StepId s = record.step("scores", "S", operation_of(settings.score.type), std::move(compared));
  if (scale != 1) s = record.step("scaled_scores", "S_scaled", ops::scale, {s}, {{"scale", scale}});
  if (settings.softcap) {
    s = record.step("capped_scores", "S_capped", ops::softcap, {s}, {{"cap", *settings.softcap}});
  }
  if (bias) s = record.step("biased_scores", "S_biased", ops::add, {s, *bias});
  if (mask) s = record.step("masked_scores", "S_masked", ops::mask_scores, {s, *mask});

  // Scores become weights, and the weights mix the values.
  const StepId a = record.step("weights", "A", operation_of(settings.normalize.type), {s},
                               constants_of(settings.normalize, record.prefix()));
  return record.step("output", std::move(output_symbol), ops::matmul, {a, v});
}

}  // namespace

StepId record_attention(Recorder record, const AttentionSettings& settings,
                        AttentionParameters parameters, Sources from) {
  const std::optional<StepId> mask = record_mask(record, settings.mask, from);
  std::vector<StepId> outputs;
  for (std::size_t i = 0; i < parameters.heads.size(); ++i) {
    outputs.push_back(attend(record.below(fmt::format("head{}", i)), settings, parameters.heads[i],
                             parameters.scale, from, mask, fmt::format("O_{}", i)));
  }
  const StepId concat = record.step("concat", "C", ops::concat, std::move(outputs));
  Projection output{record_parameter(record, "W_O", std::move(parameters.w_o)), {}};
  output.b = record_parameter(record, "b_O", std::move(parameters.b_o));
  return record.step("attention_output", "O", ops::linear, output.of(concat));
}

}  // namespace attn_viz
