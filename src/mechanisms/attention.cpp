// The recipe of attention. Source: Vaswani et al. 2017, section 3.2.
#include <fmt/format.h>

#include <tuple>

#include "attn_viz/core/error.hpp"
#include "mechanisms/approximation.hpp"
#include "mechanisms/describe.hpp"
#include "mechanisms/heads.hpp"
#include "mechanisms/position.hpp"
#include "mechanisms/recipe.hpp"
#include "mechanisms/score_tricks.hpp"
#include "mechanisms/sequence_input.hpp"

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
    case ScoreType::kGat:
      return ops::gat;
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
  if (mask.edges) inputs.push_back(record.parameter("edges", "E", *mask.edges));
  if (mask.pattern && mask.pattern->random_keys) {
    inputs.push_back(record.parameter("random_keys", "R", *mask.pattern->random_keys));
  }
  return record.step(Role::kMask, "mask", "M", ops::mask, std::move(inputs),
                     constants_of(mask, record.prefix()));
}

/// What queries and keys are made of, with positions that values do not have.
std::pair<StepId, StepId> positioned(Recorder& record, const AttentionSettings& settings,
                                     const AttentionParameters& parameters, Sources from) {
  const PositionedSteps steps =
      record_pair(record, settings, {from.x, parameters.query_grid}, {from.y, parameters.key_grid});
  return {steps.x, steps.y};
}

/// What all heads of a layer share.
struct Layer {
  const AttentionSettings& settings;
  double scale;
  Sources from;
  std::optional<StepId> mask;
  std::size_t key_size;
  std::optional<StepId> lambda = {};  ///< of differential attention
};

/// One head on its way through the stages; each stage reads what the earlier ones have set.
struct Head {
  Recorder record;
  std::string output_symbol;
  std::string suffix = {};  ///< "_1" and "_2" for the two maps of differential attention
  std::vector<StepId> score_parameters = {};
  std::optional<StepId> bias = {};
  HeadPositionSteps position = {};
  HeadTricks tricks = {};
  std::optional<StepId> position_bias = {};
  StepId q = 0, k = 0, v = 0;  ///< what each token asks, offers and says
  StepId s = 0;                ///< scores, as far as they have got
  StepId a = 0;                ///< weights
  std::optional<OnlineSteps> online = {};
  StepId output = 0;

  /// Records a step of this head, or of the map that the suffix names.
  StepId step(Role role, const std::string& name, const std::string& symbol,
              const Operation& operation, std::vector<StepId> inputs, Attributes attributes = {}) {
    return record.step(role, name + suffix, symbol + suffix, operation, std::move(inputs),
                       std::move(attributes));
  }
};

/// Stage 1: the parameters of a head, and its queries, keys and values.
void project(Head& head, const Layer& layer, HeadParameters& parameters) {
  Recorder& record = head.record;
  Projection query{record_parameter(record, "W_Q", std::move(parameters.w_q)), {}};
  Projection key{record_parameter(record, "W_K", std::move(parameters.w_k)), {}};
  Projection value{record_parameter(record, "W_V", std::move(parameters.w_v)), {}};
  query.b = record_parameter(record, "b_Q", std::move(parameters.b_q));
  key.b = record_parameter(record, "b_K", std::move(parameters.b_k));
  value.b = record_parameter(record, "b_V", std::move(parameters.b_v));
  for (ScoreParameter& parameter : parameters.score) {
    head.score_parameters.push_back(
        record.parameter(parameter.name, parameter.symbol, std::move(parameter.value)));
  }
  head.bias = record_parameter(record, "bias", std::move(parameters.bias));
  head.position = record_parameters(record, std::move(parameters.position));
  head.tricks = std::move(parameters.tricks);

  head.q = record.step(Role::kQuery, "query", "Q", ops::linear, query.of(layer.from.x));
  head.k = record.step(Role::kKey, "key", "K", ops::linear, key.of(layer.from.y));
  head.v = record.step(Role::kValue, "value", "V", ops::linear, value.of(layer.from.v));
  head.position_bias =
      record_bias(record, layer.settings.position, head.position, layer.from.x, layer.from.y);
}

/// Turns queries and keys by their positions, under RoPE, and then makes them of one length.
void prepare(Head& head, const Layer& layer) {
  const PositionSettings& position = layer.settings.position;
  if (position.type == PositionType::kRope) {
    head.q = head.step(Role::kQuery, "rotated_query", "Q_rotated", ops::rotate, {head.q},
                       rotation_of(position));
    head.k = head.step(Role::kKey, "rotated_key", "K_rotated", ops::rotate, {head.k},
                       rotation_of(position));
  }
  if (const auto& norm = layer.settings.tricks.qk_norm) {
    std::tie(head.q, head.k) = record_qk_norm(head.record, *norm, head.tricks, head.q, head.k);
  }
}

/// Stage 2: how well does each key answer each query? The scores before the mask.
void score(Head& head, const Layer& layer) {
  const AttentionSettings& settings = layer.settings;
  prepare(head, layer);
  std::vector<StepId> compared{head.q, head.k};
  compared.insert(compared.end(), head.score_parameters.begin(), head.score_parameters.end());
  if (head.position.keys) compared.push_back(*head.position.keys);
  const Operation& operation =
      head.position.keys ? ops::relative_dot_product : operation_of(settings.score.type);
  StepId s = head.step(Role::kScores, "scores", "S", operation, std::move(compared),
                       constants_of(settings.score));
  const double scale = head.tricks.scale.value_or(layer.scale);
  if (scale != 1) {
    s = head.step(Role::kScores, "scaled_scores", "S_scaled", ops::scale, {s}, {{"scale", scale}});
  }
  if (settings.softcap) {
    s = head.step(Role::kScores, "capped_scores", "S_capped", ops::softcap, {s},
                  {{"cap", *settings.softcap}});
  }
  std::vector<StepId> summands{s};
  if (head.bias) summands.push_back(*head.bias);
  if (head.position_bias) summands.push_back(*head.position_bias);
  if (summands.size() > 1) {
    s = head.step(Role::kScores, "biased_scores", "S_biased", ops::add, std::move(summands));
  }
  head.s = s;
}

/// Stage 3: hidden keys drop out, and scores become weights.
void weigh(Head& head, const Layer& layer) {
  const AttentionSettings& settings = layer.settings;
  StepId s = head.s;
  if (layer.mask) {
    s = head.step(Role::kScores, "masked_scores", "S_masked", ops::mask_scores, {s, *layer.mask});
  }
  if (settings.tricks.evaluation == Evaluation::kOnline) {
    head.online = record_online(head.record, s, head.v, settings.normalize.temperature);
  }
  const std::string stream = std::string(head.record.prefix()) + head.suffix;
  Attributes constants = constants_of(settings.normalize, stream);
  if (head.tricks.sink) constants.set("sink", *head.tricks.sink);
  const Operation& normalize =
      head.tricks.sink ? ops::softmax_with_sink : operation_of(settings.normalize.type);
  head.a = head.step(Role::kWeights, "weights", "A", normalize, {s}, std::move(constants));
}

/// Stages 2 and 3 of differential attention: each half of the queries and keys makes a map of its
/// own, and the second, times λ, is subtracted from the first.
/// Source: Ye et al. 2024, eq. 1.
void weigh_difference(Head& head, const Layer& layer) {
  Head first = head, second = head;
  for (Head* half : {&first, &second}) {
    half->suffix = half == &first ? "_1" : "_2";
    half->record = head.record.at([&](Place& place) { place.branch = half->suffix.substr(1); });
    const Attributes columns{{"first", half == &first ? 0 : layer.key_size},
                             {"columns", layer.key_size}};
    half->q = half->step(Role::kQuery, "query", "Q", ops::slice_columns, {head.q}, columns);
    half->k = half->step(Role::kKey, "key", "K", ops::slice_columns, {head.k}, columns);
  }
  for (Head* half : {&first, &second}) {
    score(*half, layer);
    weigh(*half, layer);
  }
  head.a = head.step(Role::kWeights, "weights", "A", ops::differential,
                     {first.a, second.a, *layer.lambda});
}

/// Stage 4: the weights mix the values.
void mix_values(Head& head, const Layer& layer) {
  std::vector<StepId> mixed{head.a, head.v};
  const Operation* operation = &ops::matmul;
  if (head.position.values) {
    mixed.push_back(*head.position.values);
    operation = &ops::relative_matmul;
  }
  if (head.online) {
    mixed = {head.online->accumulator, head.online->sum};
    operation = &ops::online_output;
  }
  head.output =
      head.record.step(Role::kOutput, "output", head.output_symbol, *operation, std::move(mixed));
  const auto& differential = layer.settings.differential;
  if (!differential || !differential->norm) return;
  head.output = head.record.step(
      Role::kOutput, "normalized_output", head.output_symbol + "_norm", ops::scaled_rms_norm,
      {head.output}, {{"epsilon", 1e-5}, {"factor", 1 - lambda_init_of(*differential)}});
}

/// One head from end to end.
void attend(Head& head, const Layer& layer, HeadParameters& parameters) {
  project(head, layer, parameters);
  if (layer.settings.approximation) {
    prepare(head, layer);
    head.output =
        record_approximation(head.record, layer.settings,
                             {head.q, head.k, head.v, layer.mask, layer.scale, head.output_symbol});
    return;
  }
  if (layer.lambda) {
    weigh_difference(head, layer);
  } else {
    score(head, layer);
    weigh(head, layer);
  }
  mix_values(head, layer);
}

/// Each head hears all heads: its step becomes the sum of theirs, weighted by a column of P.
void mix_heads(std::vector<Head>& heads, StepId Head::*of, StepId p, Role role, const char* name,
               const char* symbol) {
  std::vector<StepId> inputs;
  for (const Head& head : heads) inputs.push_back(head.*of);
  inputs.push_back(p);
  for (std::size_t to = 0; to < heads.size(); ++to) {
    heads[to].*of = heads[to].step(role, name, symbol, ops::mix_heads, inputs, {{"to", to}});
  }
}

/// Talking heads: all heads stage by stage, because they hear each other between the stages.
/// Source: Shazeer et al. 2020, section 3.
void attend_together(Recorder& record, std::vector<Head>& heads, const Layer& layer,
                     AttentionParameters& parameters) {
  const TalkingHeads& talking = *layer.settings.talking_heads;
  std::optional<StepId> p_scores, p_weights;
  if (talking.scores) p_scores = record.parameter("talking_scores", "P_l", *talking.scores);
  if (talking.weights) p_weights = record.parameter("talking_weights", "P_w", *talking.weights);
  for (std::size_t i = 0; i < heads.size(); ++i) {
    project(heads[i], layer, parameters.heads[i]);
    score(heads[i], layer);
  }
  if (p_scores) mix_heads(heads, &Head::s, *p_scores, Role::kScores, "mixed_scores", "S_mixed");
  for (Head& head : heads) weigh(head, layer);
  if (p_weights) mix_heads(heads, &Head::a, *p_weights, Role::kWeights, "mixed_weights", "A_mixed");
  for (Head& head : heads) mix_values(head, layer);
}

}  // namespace

StepId record_attention(Recorder record, const AttentionSettings& settings,
                        AttentionParameters parameters, Sources from) {
  const std::optional<StepId> mask = record_mask(record, settings.mask, from);
  std::tie(from.x, from.y) = positioned(record, settings, parameters, from);
  Layer layer{settings, parameters.scale, from, mask, parameters.key_size};
  if (settings.differential) {
    layer.lambda = record_lambda(record, *settings.differential, parameters.w_o.dtype());
  }
  std::vector<Head> heads;
  for (std::size_t i = 0; i < parameters.heads.size(); ++i) {
    heads.push_back({record.head(i), fmt::format("O_{}", i)});
  }
  if (settings.talking_heads) {
    attend_together(record, heads, layer, parameters);
  } else {
    for (std::size_t i = 0; i < heads.size(); ++i) attend(heads[i], layer, parameters.heads[i]);
  }
  std::vector<StepId> outputs;
  for (const Head& head : heads) outputs.push_back(head.output);
  const StepId concat = record.step(Role::kHidden, "concat", "C", ops::concat, std::move(outputs));
  Projection output{record_parameter(record, "W_O", std::move(parameters.w_o)), {}};
  output.b = record_parameter(record, "b_O", std::move(parameters.b_o));
  return record.step(Role::kOutput, "attention_output", "O", ops::linear, output.of(concat));
}

}  // namespace attn_viz
