// The colour scale that somebody chose.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "attn_viz/core/error.hpp"
#include "figure/scales.hpp"

namespace attn_viz::figure {
namespace {

constexpr double kDeepest = 1e-6;  // of the largest value: the lowest floor

bool is_weight(std::string_view name) {
  return quantity_of(name) == "weight";
}

/// A scale of 0 to 1 for steps that are 0 or 1, or probabilities.
bool is_always_unit(std::string_view name) {
  return name == "mask" || name == "allow" || name == kProbabilities;
}

/// The map of a scale that is there, and what must be said of it.
void color(ColorScale& scale, const Look& look) {
  const bool is_signed = scale.low < 0;
  scale.map = map_of(look, is_signed);
  if (is_diverging(scale.map) && !is_signed) {
    scale.low = -scale.high;
    scale.note += "; white is 0";
    if (scale.map == ColorMap::kDivergingDark)
      scale.note.replace(scale.note.size() - 10, 5, "black");
  } else if (!is_diverging(scale.map) && is_signed) {
    scale.note += scale.map == ColorMap::kGreys ? "; middle grey is 0, darker is positive"
                                                : "; the middle color is 0";
  }
}

ColorScale logarithmic(std::string_view name, const Look& look, const ValueRange& range,
                       const std::string& shared) {
  if (range.low < 0)
    throw Error(ErrorCode::kUsage,
                fmt::format("\"{}\" has negative values ({:.3g}), which have no logarithm", name,
                            range.low))
        .at("--color-scale")
        .hint("log is for weights; unit, auto and each draw signed values");
  const bool any = range.least_positive <= range.high;
  const double high = is_weight(name) && range.high <= 1 ? 1 : any ? range.high : 1;
  const double least = any ? range.least_positive : high;
  double floor = std::pow(10, std::floor(std::log10(std::max(least, kDeepest * high)) + 1e-12));
  if (!(floor < high)) floor = high / 10;
  ColorScale scale{map_of(look, false), floor, high, {}, true};
  if (is_diverging(scale.map))
    throw Error(ErrorCode::kUsage, "a logarithmic scale has no middle for a diverging color map")
        .at("--colormap")
        .hint("give viridis, magma, inferno, plasma, cividis, greys or blues");
  scale.note = fmt::format("{}, logarithmic from {:.2g} (the floor) to {:.3g}{}", quantity_of(name),
                           floor, high, shared);
  return scale;
}

}  // namespace

ColorMap map_of(const Look& look, bool is_signed) {
  const ColorMap diverging =
      look.theme == Theme::kDark ? ColorMap::kDivergingDark : ColorMap::kDiverging;
  if (look.map) return is_diverging(*look.map) ? diverging : *look.map;
  if (look.theme == Theme::kPrint) return ColorMap::kGreys;
  return is_signed ? diverging : ColorMap::kViridis;
}

void widen(ValueRange& range, const Panel& panel) {
  const std::size_t columns = panel.values.columns();
  std::vector<double> row(columns), scores(panel.scores ? columns : 0);
  for (std::size_t i = 0; i < panel.values.rows(); ++i) {
    panel.values.read_row(i, row.data());
    if (panel.scores) panel.scores->read_row(i, scores.data());
    for (std::size_t j = 0; j < columns; ++j) {
      if (!std::isfinite(row[j]) || (panel.scores && scores[j] == -HUGE_VAL)) continue;
      range.low = std::min(range.low, row[j]);
      range.high = std::max(range.high, row[j]);
      if (row[j] > 0) range.least_positive = std::min(range.least_positive, row[j]);
    }
  }
}

ColorScale chosen_scale(const Trace& trace, std::string_view name, const Look& look,
                        const ValueRange& seen, std::size_t maps) {
  ColorScale scale;
  const std::string shared = maps > 1 ? fmt::format(", one scale for all {} maps", maps) : "";
  if (look.scale == ScaleChoice::kLog) return logarithmic(name, look, seen, shared);
  if (look.scale == ScaleChoice::kUnit || is_always_unit(name)) {
    scale = scale_of(trace, name, false);
    // From 0 to 1 whatever else there is: nothing to say of others that are not drawn.
    const std::size_t others = scale.note.find(", one scale for all");
    if (maps == 1 && scale.low == 0 && scale.high == 1 && others != std::string::npos)
      scale.note.erase(others, scale.note.find(';', others) - others);
    color(scale, look);
    return scale;
  }
  ValueRange range = seen;
  if (range.empty()) range.low = range.high = 0;
  const std::string_view of =
      look.scale == ScaleChoice::kEach && maps == 1 ? "this map" : "what is drawn";
  if (is_weight(name) && range.low >= 0) {
    scale.low = range.low;
    scale.high = range.low < range.high ? range.high : range.low + 1;
    scale.note =
        fmt::format("weight, range of {} ({:.3g} to {:.3g}){}", of, range.low, range.high, shared);
  } else {
    double size = std::max(std::abs(range.low), std::abs(range.high));
    if (!(size > 0)) size = 1;
    scale.low = -size;
    scale.high = size;
    scale.note =
        fmt::format("{}, ± the largest size of {} ({:.3g}){}", quantity_of(name), of, size, shared);
  }
  color(scale, look);
  return scale;
}

}  // namespace attn_viz::figure
