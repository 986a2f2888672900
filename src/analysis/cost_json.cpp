#include "analysis/cost_json.hpp"

#include <optional>
#include <string_view>

#include "attn_viz/core/json_write.hpp"

namespace attn_viz::analysis {
namespace {

/// An object or a list that is being written: puts the commas and the brackets.
class Writer {
 public:
  Writer(std::string& text, char open, char close) : text_(text), close_(close) { text_ += open; }
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;
  ~Writer() { text_ += close_; }

  /// The next item of a list.
  std::string& item() {
    if (!first_) text_ += ", ";
    first_ = false;
    return text_;
  }
  /// The next member of an object, up to its value.
  std::string& member(std::string_view name) {
    json::append(item(), name);
    return text_ += ": ";
  }
  void add(std::string_view name, const Count& count) { member(name) += count.digits(); }
  void add(std::string_view name, const std::optional<Count>& count) {
    member(name) += count ? count->digits() : "null";
  }
  void add(std::string_view name, std::string_view value) { json::append(member(name), value); }

 private:
  std::string& text_;
  char close_;
  bool first_ = true;
};

struct Object : Writer {
  explicit Object(std::string& text) : Writer(text, '{', '}') {}
};
struct List : Writer {
  explicit List(std::string& text) : Writer(text, '[', ']') {}
};

void append_kind(std::string& text, const KindCost& kind) {
  Object object(text);
  object.add("step", kind.name);
  object.add("operation", kind.operation);
  object.add("steps", Count(kind.steps));
  object.add("multiply_adds", kind.multiply_adds);
  object.add("other", kind.other);
  object.add("bytes", kind.bytes);
}

void append_layer(std::string& text, const JoiningLayer& layer) {
  Object object(text);
  object.add("name", layer.name);
  object.add("kind", layer.kind);
  object.add("outputs", Count(layer.outputs));
  object.add("inputs", Count(layer.inputs));
  if (layer.kind == "attention") {
    object.add("heads", Count(layer.heads));
    object.add("weights", layer.weights);
    object.add("visible", layer.visible);
    object.member("needed") += layer.needed ? "true" : "false";
    object.add("scores_and_values", layer.scores_and_values);
    object.add("visible_scores_and_values", layer.visible_scores_and_values);
  }
  const bool known = layer.why_no_path.empty() || layer.never > 0;
  std::optional<Count> path, never;
  if (layer.longest_path) path = *layer.longest_path;
  if (known) never = layer.never;
  object.add("longest_path", path);
  object.add("never_joined", never);
  if (layer.receptive_field) {
    List field(object.member("receptive_field"));
    field.item() += Count(layer.receptive_field->first).digits();
    field.item() += Count(layer.receptive_field->second).digits();
  } else {
    object.member("receptive_field") += "null";
  }
}

void append_file(std::string& text, const TraceCost& cost) {
  Object object(text);
  object.add("title", cost.title);
  object.add("mechanism", cost.mechanism);
  object.add("parameters", cost.parameters);
  object.add("multiply_adds", cost.multiply_adds);
  object.add("other", cost.other);
  object.add("bytes", cost.bytes);
  object.add("trace_bytes", cost.trace_bytes);
  object.add("sequential", cost.sequential);
  {
    List steps(object.member("steps"));
    for (const KindCost& kind : cost.kinds) append_kind(steps.item(), kind);
  }
  {
    List layers(object.member("layers"));
    for (const JoiningLayer& layer : cost.layers) append_layer(layers.item(), layer);
  }
  List notes(object.member("notes"));
  for (const std::string& note : cost.notes) json::append(notes.item(), note);
}

void append_counts(Object& object, std::string_view name, const LayerGrowth& layer,
                   const std::string& term, Count LayerCost::*quantity) {
  Object one(object.member(name));
  one.add("term", term);
  List values(one.member("values"));
  for (const LayerCost& cost : layer.costs) values.item() += (cost.*quantity).digits();
}

void append_growth(std::string& text, const Growth& growth) {
  Object object(text);
  const LayerSizes& sizes = growth.sizes;
  {
    List lengths(object.member("n"));
    for (const std::size_t n : sizes.lengths) lengths.item() += Count(n).digits();
  }
  object.add("d", Count(sizes.width));
  object.add("heads", Count(sizes.heads));
  object.add("kernel", Count(sizes.kernel));
  object.add("neighbourhood", Count(sizes.neighbourhood));
  {
    List layers(object.member("layers"));
    for (const LayerGrowth& layer : growth.layers) {
      Object one(layers.item());
      one.add("name", layer.name);
      {
        Object parameters(one.member("parameters"));
        parameters.add("term", layer.parameters_term);
        parameters.add("value", layer.parameters);
      }
      append_counts(one, "multiply_adds", layer, layer.multiply_adds, &LayerCost::multiply_adds);
      append_counts(one, "sequential", layer, layer.sequential, &LayerCost::sequential);
      append_counts(one, "longest_path", layer, layer.path, &LayerCost::longest_path);
      append_counts(one, "memory", layer, layer.memory, &LayerCost::memory);
    }
  }
  List crossovers(object.member("crossovers"));
  for (const Crossover& crossover : growth.crossovers) {
    Object one(crossovers.item());
    one.add("first", crossover.first);
    one.add("second", crossover.second);
    one.add("term", crossover.term);
    one.add("n", crossover.length);
    one.add("multiply_adds", crossover.multiply_adds);
  }
}

}  // namespace

std::string cost_json(const CostReport& report) {
  std::string text;
  {
    Object object(text);
    if (report.file)
      append_file(object.member("file"), *report.file);
    else
      object.member("file") += "null";
    append_growth(object.member("growth"), report.growth);
  }
  return text + '\n';
}

}  // namespace attn_viz::analysis
