#include "attn_viz/analysis/cost.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <tuple>

#include "analysis/cost_names.hpp"
#include "attn_viz/analysis/step_cost.hpp"

namespace attn_viz::analysis {
namespace {

/// For each step whether the last one depends on it.
std::vector<bool> needed_steps(const Trace& trace) {
  std::vector<bool> needed(trace.steps.size());
  if (needed.empty()) return needed;
  needed.back() = true;
  for (std::size_t i = needed.size(); i-- > 0;) {
    for (const StepId input : trace.steps[i].inputs) needed[input] = needed[input] || needed[i];
  }
  return needed;
}

/// The settings of the attention that a step belongs to, or null.
const Attributes* attention_settings(const Trace& trace, const StepName& name) {
  const Attributes* layer = &trace.settings;
  const auto as = [](const Attribute* value, auto type) {
    return value == nullptr ? nullptr : std::get_if<decltype(type)>(value);
  };
  const auto* list =
      as(trace.settings.find(name.encoder ? "encoder" : "layers"), std::vector<Attributes>{});
  if (list != nullptr && name.layer && *name.layer < list->size()) layer = &(*list)[*name.layer];
  return as(layer->find(name.cross ? "cross_attention" : "attention"), Attributes{});
}

/// The parameter of the first head of a group, which its other heads read, too: "layer0/head1/W_K"
/// of two heads that share keys → "layer0/head0/W_K". Else the id itself.
std::string first_of_group(const Trace& trace, const std::string& id) {
  const StepName name = parse_step_id(id);
  const bool of_keys =
      name.step == "W_K" || name.step == "W_V" || name.step == "b_K" || name.step == "b_V";
  const Attributes* settings = of_keys && name.head ? attention_settings(trace, name) : nullptr;
  if (settings == nullptr) return id;
  const double heads = settings->get_or("heads", 1.0),
               groups = settings->get_or("key_value_heads", heads);
  if (!(groups >= 1 && heads > groups)) return id;
  const auto group = static_cast<std::size_t>(heads / groups);
  const std::string last = fmt::format("head{}/{}", *name.head, name.step);
  return id.substr(0, id.size() - last.size()) +
         fmt::format("head{}/{}", *name.head / group * group, name.step);
}

/// Of a backward recurrence that has the weights of the forward one: the forward one's.
std::string forward_twin(const Trace& trace, const std::string& id) {
  constexpr std::string_view kBackward = "/backward/";
  const std::size_t place = id.find(kBackward);
  if (place == std::string::npos) return id;
  const Attribute* cell = trace.settings.find(id.substr(0, place));
  const Attributes* settings = cell == nullptr ? nullptr : std::get_if<Attributes>(cell);
  if (settings == nullptr || settings->get_or("backward_weights", std::string()) != "as forward") {
    return id;
  }
  return std::string(id).replace(place, kBackward.size(), "/forward/");
}

/// For each step the first one that gives the same by being the same: itself, mostly.
std::vector<StepId> originals(const Trace& trace) {
  std::map<std::string_view, StepId> by_id;
  std::vector<StepId> original(trace.steps.size());
  using Computation = std::pair<std::string, std::vector<StepId>>;
  std::map<Computation, std::vector<StepId>> known;
  for (StepId i = 0; i < trace.steps.size(); ++i) {
    const Step& step = trace.steps[i];
    original[i] = i;
    by_id.emplace(step.id, i);
    if (step.op == ops::parameter.name) {
      const auto twin = by_id.find(forward_twin(trace, first_of_group(trace, step.id)));
      if (twin != by_id.end() && trace.steps[twin->second].values.same_bits(step.values)) {
        original[i] = twin->second;
      }
    }
    if (step.inputs.empty()) continue;
    Computation computation{step.op, {}};
    for (const StepId input : step.inputs) computation.second.push_back(original[input]);
    std::vector<StepId>& alike = known[computation];
    const auto same = std::find_if(alike.begin(), alike.end(), [&](StepId other) {
      return trace.steps[other].attributes == step.attributes;
    });
    if (same != alike.end())
      original[i] = *same;
    else
      alike.push_back(i);
  }
  return original;
}

Count bytes_of(const Tensor& values) {
  return Count(values.count()) * (values.dtype() == DType::kFloat64 ? 8 : 4);
}

/// The kinds of steps, each once.
class Kinds {
 public:
  void add(const Step& step, const StepCost& cost) {
    const auto key = std::pair(kind_of_step(step.id), step.op);
    const auto [place, is_new] = places_.emplace(key, kinds_.size());
    if (is_new) kinds_.push_back({.name = key.first, .operation = key.second});
    KindCost& kind = kinds_[place->second];
    ++kind.steps;
    kind.multiply_adds += cost.multiply_adds;
    kind.other += cost.other;
    kind.bytes += bytes_of(step.values);
  }
  std::vector<KindCost> take() { return std::move(kinds_); }

 private:
  std::map<std::pair<std::string, std::string>, std::size_t> places_;
  std::vector<KindCost> kinds_;
};

/// "weights, exact_weights and distance".
std::string list_of(const std::vector<std::string>& names) {
  std::string list;
  for (std::size_t i = 0; i < names.size(); ++i) {
    list += i == 0 ? "" : i + 1 == names.size() ? " and " : ", ";
    list += names[i];
  }
  return list;
}

std::vector<std::string> notes_on(const Trace& trace, const std::vector<bool>& needed,
                                  const std::vector<StepId>& original) {
  std::vector<std::string> shown, notes;
  std::size_t repeated = 0;
  bool exact_inverse = false;
  for (StepId i = 0; i < trace.steps.size(); ++i) {
    const Step& step = trace.steps[i];
    const CostRule rule = cost_rule_of(step.op);
    if (needed[i]) {
      repeated += original[i] != i;
      exact_inverse |=
          step.op == ops::pseudo_inverse.name && step.attributes.find("iterations") == nullptr;
    } else if (rule == CostRule::kProducts || rule == CostRule::kOneByOne) {
      const std::string kind = kind_of_step(step.id);
      if (std::find(shown.begin(), shown.end(), kind) == shown.end()) shown.push_back(kind);
    }
  }
  if (!shown.empty()) {
    notes.push_back(fmt::format("Not counted, since the last step ({}) does not depend on it: {}.",
                                trace.steps.back().id, list_of(shown)));
  }
  if (repeated > 0) {
    notes.push_back(fmt::format("{} step{} counted once.", repeated,
                                repeated == 1 ? " repeats another one and is"
                                              : "s repeat others (shared parameters) and are"));
  }
  if (exact_inverse) {
    notes.push_back(
        "Multiply-adds are not defined for the exact pseudo-inverse, which is found by a singular "
        "value decomposition; counted as none.");
  }
  return notes;
}

}  // namespace

TraceCost cost_of(const Trace& trace) {
  TraceCost total;
  total.title = trace.title;
  total.mechanism = trace.settings.get_or("mechanism", std::string("attention"));
  const std::vector<bool> needed = needed_steps(trace);
  const std::vector<StepId> original = originals(trace);
  Kinds kinds;
  std::vector<Count> chain(trace.steps.size());
  for (StepId i = 0; i < trace.steps.size(); ++i) {
    const Step& step = trace.steps[i];
    total.trace_bytes += bytes_of(step.values);
    const StepCost cost = cost_of(trace, step);  // also a check of the step's inputs
    if (!needed[i]) continue;
    for (const StepId input : step.inputs) chain[i] = std::max(chain[i], chain[input]);
    const bool copies = cost_rule_of(step.op) == CostRule::kCopies;
    if (!copies) chain[i] += cost.waits;
    total.sequential = std::max(total.sequential, chain[i]);
    if (original[i] != i) continue;
    total.bytes += bytes_of(step.values);
    total.multiply_adds += cost.multiply_adds;
    total.other += cost.other;
    if (step.op == ops::parameter.name) total.parameters += step.values.count();
    if (!step.inputs.empty() && !copies) kinds.add(step, cost);
  }
  total.kinds = kinds.take();
  total.layers = joining_layers(trace, needed);
  total.notes = notes_on(trace, needed, original);
  return total;
}

}  // namespace attn_viz::analysis
