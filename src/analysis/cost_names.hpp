// Names that steps of several layers and heads share.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace attn_viz::analysis {

/// The parts of an id.
std::vector<std::string_view> parts_of_id(std::string_view id);

/// Whether a part counts layers, heads or the like: "head0", "step12".
bool is_numbered(std::string_view part);

/// A step's name without the numbered parts before it: "layer0/head1/scores" → "scores",
/// "encoder/layer0/feed_forward/W_1" → "encoder/feed_forward/W_1", "decoder/step3/scores" →
/// "decoder/scores".
std::string kind_of_step(std::string_view id);

/// The layer of a step, without its heads: "layer0/head1/weights" → "layer0", "weights" → "".
std::string layer_of_step(std::string_view id);

}  // namespace attn_viz::analysis
