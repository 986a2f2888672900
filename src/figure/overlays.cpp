#include "attn_viz/figure/overlays.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "attn_viz/figure/heatmaps.hpp"
#include "attn_viz/trace/verify.hpp"
#include "figure/overlay_choice.hpp"
#include "figure/overlay_parts.hpp"
#include "figure/step_figures.hpp"

namespace attn_viz::figure {
namespace {

struct Map {
  std::vector<double> weights;
  std::vector<std::uint8_t> masked;
  double elsewhere = 0;  ///< on tokens that stand before the patches
};

// ---- maps ----

/// The mean over some heads and positions.
Map map_of(const Trace& trace, const PatchSheet& sheet, const std::vector<const Step*>& heads,
           const Chosen& chosen) {
  const auto [rows, columns] = *sheet.patches->grid;
  const std::size_t count = rows * columns, extra = sheet.patches->extra;
  Map map{std::vector<double>(count), std::vector<std::uint8_t>(count, 1), 0};
  for (const Step* step : heads) {
    const std::optional<Matrix> scores = scores_of(trace, *step);
    for (const std::size_t position : chosen.positions) {
      const auto at = [&](const auto& matrix, std::size_t place) {
        return sheet.by_key ? matrix.at(place, position) : matrix.at(position, place);
      };
      for (std::size_t i = 0; i < extra; ++i) map.elsewhere += at(step->values, i);
      for (std::size_t i = 0; i < count; ++i) {
        map.weights[i] += at(step->values, sheet.place_of(i));
        const bool hidden =
            scores && at(*scores, sheet.place_of(i)) == -std::numeric_limits<double>::infinity();
        if (!hidden) map.masked[i] = 0;
      }
    }
  }
  const auto terms = static_cast<double>(heads.size() * chosen.positions.size());
  for (double& weight : map.weights) weight /= terms;
  map.elsewhere /= terms;
  return map;
}

/// The patch that a map is of, where queries and keys are the same patches.
std::optional<std::pair<std::size_t, std::size_t>> own_patch(const PatchSheet& sheet,
                                                             const Chosen& chosen) {
  const AxisInfo& axis = *sheet.patches;
  const bool is_patch = sheet.patches == sheet.others && !chosen.is_mean;
  if (!is_patch || chosen.positions[0] < axis.extra) return std::nullopt;
  const std::size_t patch = chosen.positions[0] - axis.extra;
  return std::pair(patch / axis.grid->second, patch % axis.grid->second);
}

// ---- words ----

/// What a cell of the grid is called.
std::string_view unit_of(const AxisInfo& axis) {
  return axis.name == "pixel" ? "pixel" : "patch";
}
std::string units_of(const AxisInfo& axis) {
  return axis.name == "pixel" ? "pixels" : "patches";
}

std::string name_of(const PatchSheet& sheet, const Chosen& chosen) {
  const AxisInfo& others = *sheet.others;
  if (chosen.is_mean)
    return fmt::format("mean of {} {}", others.labels.size(), sheet.by_key ? "keys" : "queries");
  const std::size_t position = chosen.positions[0];
  const bool strip = others.name == "row" || others.name == "column";
  const std::string kind = strip ? others.name + " "
                           : others.grid && position >= others.extra
                               ? fmt::format("{} ", unit_of(others))
                               : "";
  return kind + others.labels[position];
}

std::string subtitle_of(const PatchSheet& sheet, bool average_heads) {
  const StepName name = parse_step_id(sheet.heads[0]->id);
  std::string text;
  if (name.layer)
    text = fmt::format("{} {}", name.encoder ? "Encoder, layer" : "Layer", *name.layer);
  if (name.cross) text += ", cross-attention";
  if (sheet.heads.size() == 1 && name.head) text += fmt::format(", head {}", *name.head);
  if (sheet.heads.size() > 1)
    text += fmt::format(", {}{} heads", average_heads ? "mean of " : "", sheet.heads.size());
  text += fmt::format("{}{} {} ", text.empty() ? "" : ": ", name.step, sheet.by_key ? "on" : "of");
  const std::string one = name_of(sheet, sheet.chosen[0]);
  if (sheet.chosen.size() > 1)
    return text + fmt::format("{} {}", sheet.chosen.size(), sheet.by_key ? "keys" : "queries");
  if (sheet.chosen[0].is_mean) return text + one;
  return text + fmt::format("{} {}", sheet.other_name(), one);
}

/// "layer0-head1-overlay-query27".
std::string file_name(const PatchSheet& sheet) {
  std::string name = layer_of(*sheet.heads[0]);
  const auto head = parse_step_id(sheet.heads[0]->id).head;
  if (sheet.heads.size() == 1 && head) name += fmt::format("head{}/", *head);
  std::replace(name.begin(), name.end(), '/', '-');
  name += "overlay";
  if (sheet.chosen.size() != 1) return name + (sheet.by_key ? "-keys" : "");
  const Chosen& only = sheet.chosen[0];
  return name + fmt::format("-{}", sheet.other_name()) +
         (only.is_mean ? "-mean" : std::to_string(only.positions[0]));
}

std::string range_text(double low, double high) {
  const std::string first = fmt::format("{:.2g}", low), last = fmt::format("{:.2g}", high);
  return first == last ? first : first + " to " + last;
}

std::vector<std::string> notes_of(const PatchSheet& sheet, const OverlayOptions& options,
                                  const Image& picture, const std::vector<Map>& maps) {
  const AxisInfo& patches = *sheet.patches;
  const std::string_view unit = sheet.strips ? sheet.strips->name : unit_of(patches);
  const std::string units = sheet.strips ? sheet.strips->name + "s" : units_of(patches);
  const bool several = maps.size() > 1;
  std::vector<std::string> notes;
  notes.push_back(note_of_colors(
      options, picture,
      fmt::format(", {} × {} {}", patches.grid->first, patches.grid->second, units_of(patches)),
      unit, units));
  const bool marked =
      std::any_of(sheet.chosen.begin(), sheet.chosen.end(),
                  [&](const Chosen& chosen) { return own_patch(sheet, chosen).has_value(); });
  if (marked)
    notes.push_back(
        fmt::format("The outlined {} is the {}.", unit_of(patches), sheet.other_name()));
  if (sheet.by_key)
    notes.push_back(fmt::format(
        "A map shows how much each {} looks at the key; its weights need not sum to 1.", unit));
  if (patches.extra > 0) {
    double low = maps[0].elsewhere, high = low;
    for (const Map& map : maps) {
      low = std::min(low, map.elsewhere);
      high = std::max(high, map.elsewhere);
    }
    const std::string names =
        patches.labels[0] + (patches.extra > 1 ? " to " + patches.labels[patches.extra - 1] : "");
    notes.push_back(
        sheet.by_key
            ? fmt::format("Left out of the map{}: {}, which {} no patch.", several ? "s" : "",
                          names, patches.extra > 1 ? "are" : "is")
            : fmt::format("Left out of the map{}: {}, with {} of the weights. Nothing is rescaled.",
                          several ? "s" : "", names, range_text(low, high)));
  }
  const bool hidden = std::any_of(maps.begin(), maps.end(), [](const Map& map) {
    return std::find(map.masked.begin(), map.masked.end(), 1) != map.masked.end();
  });
  if (hidden) notes.push_back(fmt::format("Hatched: masked {}, with weight 0.", units));
  return notes;
}

// ---- colours ----

void add_scale(Overlay& overlay, const std::vector<Map>& maps, const OverlayOptions& options) {
  OverlayRange all;
  for (const Map& map : maps) all.widen(map.weights);
  const bool negative = all.low < 0;
  ColorScale& scale = overlay.scale;
  scale = scale_of_data(all, options.look.map.value_or(ColorMap::kViridis), negative);
  const double largest = all.largest();
  if (options.scale == OverlayScale::kEach) {
    for (std::size_t p = 0; p < maps.size(); ++p) {
      OverlayRange own;
      own.widen(maps[p].weights);
      OverlayPanel& panel = overlay.panels[p];
      panel.scale = scale_of_data(own, scale.map, negative);
      panel.scale->note = fmt::format("{}{:.3g}", negative ? "± " : "0 to ", panel.scale->high);
    }
    scale.low = negative ? -1 : 0;
    scale.high = 1;
    scale.note = "weight; each map has a scale of its own, which stands over it";
  } else if (options.scale == OverlayScale::kUnit && largest <= 1 + 1e-7) {
    scale.low = negative ? -1 : 0;
    scale.high = 1;
    scale.note =
        fmt::format("weight, {} to 1; the largest is {:.2g}", negative ? "−1" : "0", all.high);
  } else if (largest > 0) {
    scale.note = fmt::format("weight, {}the largest of {} ({:.3g})", negative ? "± " : "0 to ",
                             maps.size() > 1 ? "these maps" : "the map", largest);
  } else {
    scale.note = "weight, 0 to 1; all are 0";
  }
}

// ---- the sheet ----

Overlay overlay_of(const Trace& trace, const PatchSheet& sheet, const NamedPicture& picture,
                   const OverlayOptions& options) {
  std::vector<std::vector<const Step*>> heads;
  if (options.average_heads) {
    heads = {sheet.heads};
  } else {
    for (const Step* step : sheet.heads) heads.push_back({step});
  }
  const bool table = heads.size() > 1 && sheet.chosen.size() > 1;
  const std::size_t per_row = per_row_of(1 + heads.size() * sheet.chosen.size(), *picture.image);

  Overlay overlay;
  std::vector<Map> maps;
  for (std::size_t row = 0; row < sheet.chosen.size(); ++row) {
    for (std::size_t column = 0; column < heads.size(); ++column) {
      const Chosen& chosen = sheet.chosen[row];
      Map& map = maps.emplace_back(map_of(trace, sheet, heads[column], chosen));
      const std::string head =
          heads.size() == 1
              ? ""
              : fmt::format("head {}", parse_step_id(heads[column][0]->id).head.value_or(column));
      OverlayPanel panel;
      panel.title = heads.size() == 1 ? name_of(sheet, chosen)
                    : table           ? head + ", " + name_of(sheet, chosen)
                                      : head;
      panel.weights = map.weights;
      panel.masked = map.masked;
      panel.marked = own_patch(sheet, chosen);
      // Heads side by side under one query; else one after another behind the picture.
      const std::size_t place = maps.size();
      panel.sheet_row = table ? row : place / per_row;
      panel.sheet_column = table ? column + 1 : place % per_row;
      overlay.panels.push_back(std::move(panel));
    }
  }
  overlay.title = options.look.title.value_or(trace.title);
  overlay.subtitle = subtitle_of(sheet, options.average_heads);
  overlay.rows = sheet.patches->grid->first;
  overlay.columns = sheet.patches->grid->second;
  overlay.by = options.by;
  overlay.opacity = options.opacity;
  overlay.grey = options.grey;
  overlay.theme = options.look.theme;
  overlay.notes = notes_of(sheet, options, *picture.image, maps);
  add_scale(overlay, maps, options);
  overlay.picture = picture.image;
  overlay.picture_title = picture.name;
  return overlay;
}

}  // namespace

std::vector<NamedDrawing> overlays(const Trace& trace, const std::vector<const Step*>& weights,
                                   const PictureOf& picture_of, const OverlayOptions& options) {
  std::vector<PatchSheet> sheets = sheets_of(trace, weights, options);
  choose(sheets, options);
  std::vector<NamedDrawing> drawings;
  for (const PatchSheet& sheet : sheets) {
    for (const Step* step : sheet.heads) verify_weights(trace, *step);
    drawings.push_back(
        {file_name(sheet), overlay_of(trace, sheet, picture_of(*sheet.patches), options)});
  }
  return drawings;
}

}  // namespace attn_viz::figure
