// The recipe of attention. Source: Vaswani et al. 2017, section 3.2.
#include "attn_viz/mechanisms/attention.hpp"

#include <fmt/format.h>

#include "attn_viz/core/error.hpp"
#include "attn_viz/core/version.hpp"
#include "attn_viz/trace/recorder.hpp"
#include "mechanisms/describe.hpp"
#include "mechanisms/parameters.hpp"

namespace attn_viz {
namespace {

/// The steps that a layer reads: X asks, Y gives the keys, V the values.
struct Sources {
  StepId x, y, v;
};

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

/// What all heads of a layer share.
struct Layer {
  const AttentionSettings& settings;
  double scale;
  Sources from;
  std::optional<StepId> mask;
};

/// One head on its way through the stages; each stage reads what the earlier ones have set.
struct Head {
  Recorder record;
  std::string output_symbol;
  std::vector<StepId> score_parameters = {};
  std::optional<StepId> bias = {};
  StepId q = 0, k = 0, v = 0;  ///< what each token asks, offers and says
  StepId s = 0;                ///< scores, as far as they have got
  StepId a = 0;                ///< weights
  StepId output = 0;
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

  head.q = record.step("query", "Q", ops::linear, query.of(layer.from.x));
  head.k = record.step("key", "K", ops::linear, key.of(layer.from.y));
  head.v = record.step("value", "V", ops::linear, value.of(layer.from.v));
}

/// Stage 2: how well does each key answer each query? The scores before the mask.
void score(Head& head, const Layer& layer) {
  Recorder& record = head.record;
  const AttentionSettings& settings = layer.settings;
  std::vector<StepId> compared{head.q, head.k};
  compared.insert(compared.end(), head.score_parameters.begin(), head.score_parameters.end());
  StepId s = record.step("scores", "S", operation_of(settings.score.type), std::move(compared));
  if (layer.scale != 1) {
    s = record.step("scaled_scores", "S_scaled", ops::scale, {s}, {{"scale", layer.scale}});
  }
  if (settings.softcap) {
    s = record.step("capped_scores", "S_capped", ops::softcap, {s}, {{"cap", *settings.softcap}});
  }
  if (head.bias) s = record.step("biased_scores", "S_biased", ops::add, {s, *head.bias});
  head.s = s;
}

/// Stage 3: hidden keys drop out, and scores become weights.
void weigh(Head& head, const Layer& layer) {
  Recorder& record = head.record;
  const AttentionSettings& settings = layer.settings;
  StepId s = head.s;
  if (layer.mask) {
    s = record.step("masked_scores", "S_masked", ops::mask_scores, {s, *layer.mask});
  }
  head.a = record.step("weights", "A", operation_of(settings.normalize.type), {s},
                       constants_of(settings.normalize, record.prefix()));
}

/// Stage 4: the weights mix the values.
void mix_values(Head& head) {
  head.output = head.record.step("output", head.output_symbol, ops::matmul, {head.a, head.v});
}

/// All heads of a layer, side by side, through the output matrix.
void record_layer(Recorder record, const AttentionSettings& settings,
                  AttentionParameters parameters, Sources from) {
  const Layer layer{settings, parameters.scale, from, record_mask(record, settings.mask, from)};
  std::vector<Head> heads;
  for (std::size_t i = 0; i < parameters.heads.size(); ++i) {
    heads.push_back({record.below(fmt::format("head{}", i)), fmt::format("O_{}", i)});
    Head& head = heads.back();
    project(head, layer, parameters.heads[i]);
    score(head, layer);
    weigh(head, layer);
    mix_values(head);
  }
  std::vector<StepId> outputs;
  for (const Head& head : heads) outputs.push_back(head.output);
  const StepId concat = record.step("concat", "C", ops::concat, std::move(outputs));
  Projection output{record_parameter(record, "W_O", std::move(parameters.w_o)), {}};
  output.b = record_parameter(record, "b_O", std::move(parameters.b_o));
  record.step("attention_output", "O", ops::linear, output.of(concat));
}

Tensor named(Tensor tensor, const std::string& rows) {
  std::vector<Axis> axes = tensor.axes();
  axes[0].name = rows;
  return std::move(tensor).with_axes(std::move(axes));
}

}  // namespace

Trace run_attention(Problem problem, std::size_t memory_limit) {
  const std::optional<Context>& context = problem.context;
  InputSizes sizes{.queries = problem.embeddings.rows(),
                   .keys = problem.embeddings.rows(),
                   .embedding = problem.embeddings.columns(),
                   .context = problem.embeddings.columns(),
                   .values = problem.embeddings.columns()};
  if (context) {
    sizes.keys = context->embeddings.rows();
    sizes.context = context->embeddings.columns();
    sizes.values = context->values ? context->values->columns() : sizes.context;
  }
  AttentionParameters parameters = resolve_parameters(problem.attention, sizes, problem.dtype,
                                                      "/attention", "layer0", memory_limit);

  Trace trace;
  trace.generator = fmt::format("attn-viz {}", version());
  trace.title = problem.title;
  trace.dtype = problem.dtype;
  trace.settings = {{"mechanism", "attention"},
                    {"attention", settings_of(problem.attention, parameters)}};
  trace.axes.push_back(problem.axis);
  trace.axes.back().name = "token";

  Recorder record(trace);
  Recorder given = record.below("input");
  const StepId x = given.input("embeddings", "X", named(std::move(problem.embeddings), "token"));
  Sources from{x, x, x};
  if (context) {
    trace.axes.push_back(context->axis);
    trace.axes.back().name = "context";
    from.y = given.input("context", "Y", named(context->embeddings, "context"));
    from.v =
        context->values ? given.input("values", "Z", named(*context->values, "context")) : from.y;
  }
  record_layer(record.below("layer0"), problem.attention, std::move(parameters), from);
  return trace;
}

}  // namespace attn_viz
