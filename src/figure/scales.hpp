// Which colours a step's values get: one scale for all that can be compared, and what it says.
#pragma once

#include <cstddef>
#include <limits>
#include <string_view>
#include <vector>

#include "attn_viz/figure/figure.hpp"
#include "attn_viz/figure/selected.hpp"
#include "attn_viz/trace/trace.hpp"

namespace attn_viz::figure {

inline constexpr std::string_view kProbabilities = "output/probabilities";
inline constexpr std::string_view kInfluence = "influence";

/// One scale for a step of all layers and heads, so that figures can be compared.
ColorScale scale_of(const Trace& trace, std::string_view step_name, bool auto_scale);

/// The scale of the maps of one query: as for all weights, or the range of its own weights.
ColorScale map_scale(const std::vector<const Step*>& weights, std::size_t query,
                     const ColorScale& scale, bool auto_scale);

/// "weight", "probability", "influence" or "value": what a step of this name holds.
std::string_view quantity_of(std::string_view step_name);

/// The colours that a look chooses for signed or unsigned values.
ColorMap map_of(const Look& look, bool is_signed);

/// What values of some panels amount to.
struct ValueRange {
  double low = std::numeric_limits<double>::infinity();
  double high = -std::numeric_limits<double>::infinity();
  double least_positive = std::numeric_limits<double>::infinity();
  bool empty() const { return low > high; }
};

/// Widens a range by the cells of a panel that are not masked.
void widen(ValueRange& range, const Panel& panel);

/// The scale of one step's maps as a look wants it.
/// @param range  of what is drawn; needed for all choices but kUnit
/// @param maps   how many share it
/// @throws Error kUsage if it is logarithmic and values are negative
ColorScale chosen_scale(const Trace& trace, std::string_view step_name, const Look& look,
                        const ValueRange& range, std::size_t maps);

}  // namespace attn_viz::figure
