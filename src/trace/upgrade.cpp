// Traces of version 1 do not say what their steps are. All guessing from names stands here.
#include "trace/upgrade.hpp"

#include <algorithm>
#include <charconv>
#include <set>
#include <utility>

#include "trace/names.hpp"

namespace attn_viz {
namespace {

bool among(std::string_view name, std::initializer_list<std::string_view> names) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

/// The number behind a word: "layer3" → 3.
std::optional<std::size_t> number_behind(std::string_view word, std::string_view part) {
  if (!part.starts_with(word)) return std::nullopt;
  std::size_t number = 0;
  const char* end = part.data() + part.size();
  const auto [rest, failure] = std::from_chars(part.data() + word.size(), end, number);
  if (failure != std::errc{} || rest != end) return std::nullopt;
  return number;
}

/// "scores_1" → {"scores", "1"}: the maps of differential attention.
std::pair<std::string_view, std::string_view> stem_of(std::string_view name) {
  if (!name.ends_with("_1") && !name.ends_with("_2")) return {name, ""};
  return {name.substr(0, name.size() - 2), name.substr(name.size() - 1)};
}

/// Where a step stands, as far as the parts of its id say.
Place place_of(std::string_view id) {
  Place place;
  bool first = true;
  for (std::size_t slash; (slash = id.find('/')) != std::string_view::npos; first = false) {
    const std::string_view part = id.substr(0, slash);
    id.remove_prefix(slash + 1);
    if (first && part == "encoder") {
      place.side = Place::Side::kEncoder;
    } else if (first && part == "decoder") {
      place.side = Place::Side::kDecoder;
    } else if (const auto layer = number_behind("layer", part)) {
      place.layer = layer;
    } else if (part == "cross" && place.layer) {
      place.block = Place::Block::kCross;
    } else if (const auto head = number_behind("head", part)) {
      place.head = head;
    } else if (const auto round = number_behind("recurrence", part)) {
      place.pass = round;
    } else if (const auto step = number_behind("step", part)) {
      place.pass = step;
    } else if (!among(part, {"input", "output"})) {
      place.branch += (place.branch.empty() ? "" : "/") + std::string(part);
    }
  }
  const auto [stem, map] = stem_of(id);
  const bool of_map = among(stem, {"query", "key", "rotated_query", "rotated_key",
                                   "normalized_query", "normalized_key", "scores", "scaled_scores",
                                   "capped_scores", "biased_scores", "masked_scores", "weights"});
  if (place.head && of_map) place.branch = map;
  return place;
}

/// What the names of steps have meant.
std::optional<Role> role_named(std::string_view name, const Place& place) {
  const std::string_view stem = place.head ? stem_of(name).first : name;
  if (name.ends_with("positions") || name.starts_with("position_projected")) return Role::kPosition;
  if (name.ends_with("positioned") || name.ends_with("projected")) return Role::kHidden;
  if (stem.ends_with("scores")) return Role::kScores;
  if (name.ends_with("_loss")) return Role::kLoss;
  if (name == "sum" && place.layer) return Role::kOutput;
  if (name.starts_with("online_")) return Role::kState;
  if (name.ends_with("_features")) return Role::kFeatures;
  constexpr std::pair<std::string_view, Role> kRoles[] = {
      {"query", Role::kQuery},
      {"rotated_query", Role::kQuery},
      {"normalized_query", Role::kQuery},
      {"landmark_queries", Role::kQuery},
      {"pixel_rows", Role::kQuery},
      {"query_rows", Role::kQuery},
      {"key", Role::kKey},
      {"rotated_key", Role::kKey},
      {"normalized_key", Role::kKey},
      {"projected_key", Role::kKey},
      {"landmark_keys", Role::kKey},
      {"key_rows", Role::kKey},
      {"key_strips", Role::kKey},
      {"strips", Role::kKey},
      {"padded", Role::kKey},
      {"value", Role::kValue},
      {"projected_value", Role::kValue},
      {"value_rows", Role::kValue},
      {"value_strips", Role::kValue},
      {"mask", Role::kMask},
      {"window", Role::kMask},
      {"position_bias", Role::kBias},
      {"repeated_bias", Role::kBias},
      {"position", Role::kPosition},
      {"position_hidden", Role::kPosition},
      {"position_logit", Role::kPosition},
      {"position_share", Role::kPosition},
      {"similarity", Role::kScores},
      {"scaled_similarity", Role::kScores},
      {"dot_products", Role::kScores},
      {"kernel", Role::kScores},
      {"weights", Role::kWeights},
      {"mixed_weights", Role::kWeights},
      {"projected_weights", Role::kWeights},
      {"exact_weights", Role::kWeights},
      {"kernel_1", Role::kWeights},
      {"kernel_2", Role::kWeights},
      {"kernel_3", Role::kWeights},
      {"weights_within", Role::kWeights},
      {"weights_among", Role::kWeights},
      {"aligned", Role::kWeights},
      {"choice", Role::kWeights},
      {"output", Role::kOutput},
      {"normalized_output", Role::kOutput},
      {"attended", Role::kOutput},
      {"attended_maps", Role::kOutput},
      {"attention_output", Role::kOutput},
      {"context", Role::kOutput},
      {"summary", Role::kOutput},
      {"joined", Role::kOutput},
      {"convolution", Role::kOutput},
      {"features", Role::kFeatures},
      {"state", Role::kState},
      {"state_sum", Role::kState},
      {"key_value_sum", Role::kState},
      {"key_sum", Role::kState},
      {"states", Role::kState},
      {"candidate", Role::kState},
      {"update_gate", Role::kGate},
      {"reset_gate", Role::kGate},
      {"gate", Role::kGate},
      {"values", Role::kGate},
      {"vector", Role::kGate},
      {"gaussian", Role::kGate},
      {"distance", Role::kStatistic},
      {"logits", Role::kLogits},
      {"probabilities", Role::kProbabilities},
      {"predicted", Role::kChoice},
      {"pointers", Role::kChoice},
      {"loss", Role::kLoss},
  };
  for (const std::string_view known_as : {name, stem}) {
    for (const auto& [known, role] : kRoles) {
      if (known == known_as) return role;
    }
  }
  return std::nullopt;
}

Role role_of(const Step& step) {
  if (step.op == ops::parameter.name) return Role::kParameter;
  const std::string_view name = last_part(step.id);
  if (step.op == ops::input.name) return name == "weights" ? Role::kWeights : Role::kInput;
  const bool state =
      step.op == ops::rnn.name || step.op == ops::gru.name ||
      ((name == "hidden" || step.id.starts_with("decoder/")) &&
       (step.op == ops::slice_columns.name || step.op == ops::stack_rows.name ||
        step.op == ops::select_row.name || (step.op == ops::concat.name && name != "input")));
  if (state && !among(name, {"update_gate", "reset_gate"})) return Role::kState;
  if (const auto role = role_named(name, step.place)) return *role;
  const bool of_maps = among(step.op, {ops::channel_energy.name, ops::spatial_softmax.name,
                                       ops::map_l2_normalize.name, ops::interpolate.name});
  if (of_maps || (step.values.rank() == 3 && !step.place.head)) return Role::kMaps;
  const Operation* operation = find_operation(step.op);
  const bool weights =
      operation != nullptr && operation->rows_sum_to_one && step.values.rank() == 2;
  return weights ? Role::kWeights : Role::kHidden;
}

/// Where encoder and decoder are told apart by the encoder's ids alone, and a layer's attention to
/// itself by there being another.
void complete_places(Trace& trace) {
  using Layer = std::pair<std::optional<Place::Side>, std::optional<std::size_t>>;
  bool encoder = false;
  std::set<Layer> crossed;
  for (const Step& step : trace.steps) {
    encoder |= step.place.side == Place::Side::kEncoder;
    if (step.place.block) crossed.insert({step.place.side, step.place.layer});
  }
  for (Step& step : trace.steps) {
    Place& place = step.place;
    const bool of_layer =
        place.branch == "feed_forward" || (last_part(step.id) == "output" && !place.head);
    if (place.layer && !place.block && !of_layer && crossed.count({place.side, place.layer}) > 0)
      place.block = Place::Block::kSelf;
    if (encoder && place.layer && !place.side) place.side = Place::Side::kDecoder;
  }
}

}  // namespace

void upgrade_from_version_1(Trace& trace) {
  for (Step& step : trace.steps) {
    step.place = place_of(step.id);
    step.role = role_of(step);
  }
  complete_places(trace);
}

}  // namespace attn_viz
