// Queries and keys of one length, sinks, softmax key by key: settings resolved, steps recorded.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "attn_viz/core/attributes.hpp"
#include "attn_viz/mechanisms/settings.hpp"
#include "attn_viz/trace/recorder.hpp"

namespace attn_viz {

/// What one head has of them.
struct HeadTricks {
  std::optional<double> scale = {};                      ///< the gain of l2, if it is given
  std::optional<double> sink = {};                       ///< a score
  std::optional<Tensor> query_gain = {}, key_gain = {};  ///< [d_q], [d_k]
};

/// @param place  JSON pointer of the settings, for errors: "/attention".
/// @throws Error kInvalid where a number of values does not fit, or settings exclude each other.
std::vector<HeadTricks> resolve_tricks(const AttentionSettings& settings, std::size_t query_size,
                                       std::size_t key_size, const std::string& place);

/// Numbers that the steps of one head need beside the usual ones, for n queries and m keys.
double numbers_of(const ScoreTricks& tricks, double n, double m, double key_size,
                  double value_size);

/// Records "normalized_query" and "normalized_key", and the gains before them.
/// @return the steps that are to be compared.
std::pair<StepId, StepId> record_qk_norm(Recorder& record, const QkNormSettings& norm,
                                         HeadTricks& head, StepId query, StepId key);

/// What softmax knows after each key: "online_maximum", "online_sum", "online_accumulator".
struct OnlineSteps {
  StepId sum, accumulator;
};
OnlineSteps record_online(Recorder& record, StepId scores, StepId value, double temperature);

/// Adds them to the settings of a layer, only what is set.
void describe_tricks(const ScoreTricks& tricks, Attributes& attention);

}  // namespace attn_viz
