// The recipe of a whole problem: one layer of attention or a stack, over a context or not, and what
// stands after the last layer.
#include <fmt/format.h>

#include <algorithm>

#include "attn_viz/core/error.hpp"
#include "attn_viz/mechanisms/attention.hpp"
#include "mechanisms/describe.hpp"
#include "mechanisms/limit.hpp"
#include "mechanisms/new_trace.hpp"
#include "mechanisms/output.hpp"
#include "mechanisms/position.hpp"
#include "mechanisms/recipe.hpp"

namespace attn_viz {
namespace {

/// A stack whose sizes are known to fit.
struct Stack {
  std::vector<LayerParameters> layers = {};
  std::vector<Attributes> settings = {};
  std::size_t output_size = 0;
  double bytes = 0;
};

/// @param place  JSON pointer of the list: "/layers".
/// @param names  what the layers' names begin with: "layer".
Stack resolve_stack(const std::vector<LayerSettings>& layers, LayerSizes sizes, DType dtype,
                    const std::string& place, std::string_view names, std::size_t limit,
                    double bytes_so_far = 0) {
  Stack stack;
  stack.bytes = bytes_so_far;
  for (std::size_t i = 0; i < layers.size(); ++i) {
    stack.layers.push_back(resolve_layer(layers[i], sizes, dtype, fmt::format("{}/{}", place, i),
                                         fmt::format("{}{}", names, i), limit));
    const LayerParameters& layer = stack.layers.back();
    stack.bytes += layer.bytes;
    expect_bytes(stack.bytes, limit, fmt::format("the layers up to layer {}", i), place);
    stack.settings.push_back(settings_of(layers[i], layer));
    sizes.embedding = layer.output_size;
  }
  stack.output_size = sizes.embedding;
  return stack;
}

/// @return  the output of the last layer
StepId record_stack(Recorder record, const std::vector<LayerSettings>& layers, Stack& stack,
                    StepId x, const std::optional<Sources>& memory) {
  for (std::size_t i = 0; i < layers.size(); ++i) {
    x = record_layer(record.layer(i), layers[i], std::move(stack.layers[i]), x, memory,
                     fmt::format("H_{}", i));
  }
  return x;
}

/// @throws Error kInvalid unless the stack attends to the context exactly if there is one.
void expect_context_used(const Problem& problem) {
  if (!problem.context || problem.layers.empty()) return;
  const auto& layers = problem.layers;
  if (std::any_of(layers.begin(), layers.end(),
                  [](const LayerSettings& layer) { return layer.cross_attention.has_value(); })) {
    return;
  }
  throw Error(ErrorCode::kInvalid, "expected a layer that attends to the context, got none")
      .at("/context")
      .hint("give a layer \"cross_attention\": {}");
}

// ---- positions ----

/// The encoding that a stack adds before its first layer, as that layer's attention asks for it.
PositionSettings added_positions(const std::vector<LayerSettings>& layers) {
  if (layers.empty() || !layers[0].attention) return {};
  return layers[0].attention->position;
}

/// @throws Error kInvalid if anything but the first self-attention asks for an added encoding.
void expect_added_first(const std::vector<LayerSettings>& layers, const std::string& place) {
  const auto expect_none = [&](const std::optional<AttentionSettings>& attention, std::size_t layer,
                               std::string_view name) {
    if (!attention || !adds_to_embeddings(attention->position)) return;
    throw Error(ErrorCode::kInvalid,
                "positions are added to the embeddings, before the first layer")
        .at(fmt::format("{}/{}/{}/position", place, layer, name))
        .hint(fmt::format("give it in {}/0/attention, or \"add_to\": \"queries-and-keys\" here",
                          place));
  };
  for (std::size_t i = 0; i < layers.size(); ++i) {
    if (i > 0) expect_none(layers[i].attention, i, "attention");
    expect_none(layers[i].cross_attention, i, "cross_attention");
  }
}

/// Checks all encodings that are added: of the sequence, of a context, of an encoder's context.
void check_positions(const Problem& problem) {
  const auto& context = problem.context;
  const bool encoded = context && !context->layers.empty();
  expect_added_first(problem.layers, "/layers");
  const bool stacked = !problem.layers.empty();
  const PositionSettings positions =
      stacked ? added_positions(problem.layers) : problem.attention.position;
  const std::string place = stacked ? "/layers/0/attention/position" : "/attention/position";
  check_added(positions, problem.embeddings, problem.axis, "/embeddings", place);
  if (context && !stacked && !encoded) {
    check_added(positions, context->embeddings, context->axis, "/context/embeddings", place);
  }
  if (!encoded) return;
  expect_added_first(context->layers, "/context/layers");
  check_added(added_positions(context->layers), context->embeddings, context->axis,
              "/context/embeddings", "/context/layers/0/attention/position");
}

/// Records the encodings that are added, and gives the steps that the layers read in their place.
Sources record_positions(Recorder& input, const Problem& problem, Sources from) {
  const auto& context = problem.context;
  const bool encoded = context && !context->layers.empty();
  const bool stacked = !problem.layers.empty();
  const bool own_values = from.v != from.y;  // values of their own have no positions
  std::optional<Sequence> y;
  if (context && !stacked && !encoded) y = Sequence{from.y, context->axis.grid};
  const PositionedSteps positioned =
      record_added(input, stacked ? added_positions(problem.layers) : problem.attention.position,
                   {from.x, problem.axis.grid}, y);
  if (!context) return {positioned.x, positioned.x, positioned.x};
  from.x = positioned.x;
  if (y) from.y = positioned.y;
  if (encoded) {
    from.y = record_added_to_context(input, added_positions(context->layers),
                                     {from.y, context->axis.grid});
  }
  if (!own_values) from.v = from.y;
  return from;
}

/// Sizes of what the first layer of attention, or cross-attention, reads.
InputSizes sizes_of(const Problem& problem, std::size_t encoded) {
  const std::size_t n = problem.embeddings.rows(), d = problem.embeddings.columns();
  const AxisInfo* axis = &problem.axis;
  if (!problem.context) {
    return {.queries = n,
            .keys = n,
            .embedding = d,
            .context = d,
            .values = d,
            .query_axis = axis,
            .key_axis = axis};
  }
  const Context& context = *problem.context;
  return {.queries = n,
          .keys = context.embeddings.rows(),
          .embedding = d,
          .context = encoded,
          .values = context.values ? context.values->columns() : encoded,
          .query_axis = axis,
          .key_axis = &context.axis};
}

}  // namespace

Trace run_attention(Problem problem, std::size_t memory_limit) {
  std::optional<Context>& context = problem.context;
  const DType dtype = problem.dtype;
  expect_context_used(problem);
  check_positions(problem);

  // Sizes, defaults and shapes of everything, before any work.
  Stack encoder;
  if (context) {
    const LayerSizes sizes{
        context->embeddings.rows(), context->embeddings.columns(), &context->axis, {}};
    encoder = resolve_stack(context->layers, sizes, dtype, "/context/layers", "encoder/layer",
                            memory_limit);
  }
  const InputSizes sizes = sizes_of(problem, encoder.output_size);
  const bool stacked = !problem.layers.empty();
  std::optional<AttentionParameters> single;
  Stack stack;
  if (stacked) {
    const LayerSizes of_tokens{sizes.queries, sizes.embedding, &problem.axis,
                               context ? std::optional(sizes) : std::nullopt};
    stack = resolve_stack(problem.layers, of_tokens, dtype, "/layers", "layer", memory_limit,
                          encoder.bytes);
  } else {
    single =
        resolve_parameters(problem.attention, sizes, dtype, "/attention", "layer0", memory_limit);
    stack.output_size = single->w_o.columns();
    expect_bytes(encoder.bytes + single->bytes, memory_limit, "the encoder and the attention",
                 "/attention");
  }
  const bool output_given = problem.output && problem.output->w;
  if (problem.output) {
    resolve_output(*problem.output, stack.output_size, problem.axis, dtype, memory_limit);
  }

  Trace trace = new_trace(problem.title, dtype, "attention");
  if (!encoder.settings.empty()) trace.settings.set("encoder", std::move(encoder.settings));
  if (stacked) trace.settings.set("layers", std::move(stack.settings));
  if (single) trace.settings.set("attention", settings_of(problem.attention, *single));
  if (problem.output) trace.settings.set("output", settings_of(*problem.output, output_given));
  trace.axes.push_back(problem.axis);
  trace.axes.back().name = "token";

  Recorder record(trace);
  Recorder given = record.below("input");
  const StepId x = given.input("embeddings", "X", named(std::move(problem.embeddings), 0, "token"));
  Sources from{x, x, x};
  if (context) {
    trace.axes.push_back(context->axis);
    trace.axes.back().name = "context";
    from.y = given.input("context", "Y", named(context->embeddings, 0, "context"));
    from.v = context->values ? given.input("values", "Z", named(*context->values, 0, "context"))
                             : from.y;
  }
  from = record_positions(given, problem, from);
  if (context && !context->layers.empty()) {
    const StepId memory = record_stack(record.side(Place::Side::kEncoder), context->layers, encoder,
                                       from.y, std::nullopt);
    from = {from.x, memory, context->values ? from.v : memory};
  }
  const Recorder layers = record.at([&](Place& place) {
    if (context && !context->layers.empty()) place.side = Place::Side::kDecoder;
  });
  StepId last =
      stacked ? record_stack(layers, problem.layers, stack, from.x, from)
              : record_attention(layers.layer(0), problem.attention, std::move(*single), from);
  if (problem.output) {
    trace.axes.push_back(label_axis(*problem.output));
    record_output(record.below("output"), std::move(*problem.output), last);
  }
  return trace;
}

}  // namespace attn_viz
