// Settings as a trace tells them: the constants of steps, and every setting as resolved.
#pragma once

#include <string_view>

#include "attn_viz/core/attributes.hpp"
#include "attn_viz/mechanisms/settings.hpp"
#include "mechanisms/parameters.hpp"

namespace attn_viz {

/// The constants of a scoring function.
Attributes constants_of(const ScoreSettings& score);

/// What the mask operation reads beside its inputs.
/// @param layer  names the random numbers of a pattern: "layer0"; "" leaves the name out.
Attributes constants_of(const MaskSettings& mask, std::string_view layer);

/// The constants of a normaliser that are not those that everybody expects.
/// @param stream  names the random numbers of a head: "layer0/head0".
Attributes constants_of(const NormalizeSettings& normalize, std::string_view stream);

/// Every setting of a layer of attention, defaults written out.
Attributes settings_of(const AttentionSettings& settings, const AttentionParameters& parameters);

}  // namespace attn_viz
