// Cheaper attention: what stands in for scores, weights and output of a head.
#pragma once

#include <optional>
#include <string>

#include "attn_viz/mechanisms/settings.hpp"
#include "attn_viz/trace/recorder.hpp"
#include "mechanisms/parameters.hpp"

namespace attn_viz {

/// Checks that a method fits the other settings, its arrays the sizes, and its steps the memory;
/// does nothing without a method.
/// @return  the bytes that its steps take, at most
/// @param place  JSON pointer of the settings of attention: "/attention".
/// @throws Error kInvalid, kLimit.
double check_approximation(const AttentionSettings& settings, const InputSizes& sizes,
                           const AttentionParameters& parameters, DType dtype,
                           const std::string& place, std::size_t limit);

/// What a head has when the method takes over.
struct ApproximatedHead {
  StepId q, k, v;
  std::optional<StepId> mask;
  double scale;  ///< of the scores that are approximated
  std::string output_symbol;
};

/// Records the method's steps, the exact weights beside them and the distance.
/// @param record  of the head: its prefix names it ("layer0/head1").
/// @return        the head's output.
StepId record_approximation(Recorder record, const AttentionSettings& settings,
                            const ApproximatedHead& head);

/// A method's settings as a trace tells them, defaults written out.
Attributes settings_of(const ApproximationSettings& approximation);

}  // namespace attn_viz
