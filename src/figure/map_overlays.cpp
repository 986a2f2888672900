// Feature maps over the picture that they were made from.
#include <fmt/format.h>

#include <algorithm>

#include "attn_viz/figure/overlays.hpp"
#include "figure/maps.hpp"
#include "figure/overlay_parts.hpp"

namespace attn_viz::figure {
namespace {

using Steps = std::vector<const Step*>;

constexpr std::size_t kChannelsOfOne = 16;     // panels of the only map of a sheet
constexpr std::size_t kChannelsOfSeveral = 3;  // panels of each of several maps

/// Maps on one sheet, with one scale.
struct MapSheet {
  std::string_view name;  ///< the last part of their ids: "sum_power"
  Steps maps;
};

std::string_view last_part(std::string_view id) {
  return id.substr(id.rfind('/') + 1);  // npos + 1 is 0
}

std::vector<MapSheet> sheets_of(const Steps& maps) {
  std::vector<MapSheet> sheets;
  for (const Step* map : maps) {
    const std::string_view name = last_part(map->id);
    const auto known = std::find_if(sheets.begin(), sheets.end(),
                                    [&](const MapSheet& sheet) { return sheet.name == name; });
    if (known == sheets.end()) {
      sheets.push_back({name, {map}});
    } else {
      known->maps.push_back(map);
    }
  }
  return sheets;
}

std::vector<double> values_of(const Step& map, std::size_t channel, std::size_t cells) {
  std::vector<double> values(cells);
  for (std::size_t i = 0; i < cells; ++i) values[i] = map.values.at(channel * cells + i);
  return values;
}

/// "block 1", as the document calls it, of the maps of a block; else the id and the symbol.
std::string title_of(const Trace& trace, const Step& map) {
  constexpr std::string_view kBlock = "block";
  const auto names = trace.settings.get_or("blocks", std::vector<std::string>{});
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (map.id.starts_with(fmt::format("{}{}/", kBlock, i))) return names[i];
  }
  const std::string_view name = last_part(map.id);
  const std::string place = map.id.substr(0, map.id.size() - name.size());
  return place.empty() ? map.symbol
                       : fmt::format("{}  {}", map.symbol, place.substr(0, place.size() - 1));
}

std::string subtitle_of(const MapSheet& sheet) {
  const Step& first = *sheet.maps[0];
  if (sheet.maps.size() > 1) return fmt::format("{} maps: {}", sheet.maps.size(), sheet.name);
  return fmt::format("{}    {}", first.id, first.equation.empty() ? first.symbol : first.equation);
}

void add_scale(Overlay& overlay, const OverlayOptions& options) {
  OverlayRange all;
  for (const OverlayPanel& panel : overlay.panels) all.widen(panel.weights);
  const bool negative = all.low < 0;
  const ColorMap map = options.look.map.value_or(ColorMap::kViridis);
  overlay.scale = scale_of_data(all, map, negative);
  const char* sign = negative ? "± " : "0 to ";
  if (options.scale == OverlayScale::kEach) {
    for (OverlayPanel& panel : overlay.panels) {
      OverlayRange own;
      own.widen(panel.weights);
      panel.scale = scale_of_data(own, map, negative);
      panel.scale->note = fmt::format("{}{:.3g}", sign, panel.scale->high);
    }
    overlay.scale.low = negative ? -1 : 0;
    overlay.scale.high = 1;
    overlay.scale.note = "value; each map has a scale of its own, which stands over it";
  } else if (options.scale == OverlayScale::kUnit && all.largest() <= 1) {
    overlay.scale.low = negative ? -1 : 0;
    overlay.scale.high = 1;
    overlay.scale.note =
        fmt::format("value, {} to 1; the largest is {:.2g}", negative ? "−1" : "0", all.high);
  } else {
    overlay.scale.note = fmt::format("value, {}the largest {} ({:.3g})", sign,
                                     negative ? "size" : "of all maps", overlay.scale.high);
  }
}

Overlay overlay_of(const Trace& trace, const MapSheet& sheet, const NamedPicture& picture,
                   const OverlayOptions& options) {
  Overlay overlay;
  const std::size_t most = sheet.maps.size() > 1 ? kChannelsOfSeveral : kChannelsOfOne;
  std::size_t channels = 0;
  for (std::size_t m = 0; m < sheet.maps.size(); ++m) {
    const Step* map = sheet.maps[m];
    const std::size_t rank = map->values.rank();
    const std::size_t rows = map->values.size(rank - 2), columns = map->values.size(rank - 1);
    const std::size_t own = channels_of(*map);
    channels = std::max(channels, own);
    for (std::size_t c = 0; c < std::min(own, most); ++c) {
      OverlayPanel panel;
      panel.title = sheet.maps.size() > 1 ? title_of(trace, *map) : map->symbol;
      if (own > 1) panel.title += ", " + channel_name(trace, *map, c);
      panel.title += fmt::format(", {} × {}", rows, columns);
      panel.weights = values_of(*map, c, rows * columns);
      panel.grid = std::pair(rows, columns);
      panel.sheet_row = m, panel.sheet_column = c + 1;
      overlay.panels.push_back(std::move(panel));
    }
  }
  // A row for each map where there are several channels; else one after another.
  const std::size_t per_row = per_row_of(1 + overlay.panels.size(), *picture.image);
  const bool table = sheet.maps.size() > 1 && channels > 1;
  if (!table) {
    for (std::size_t p = 0; p < overlay.panels.size(); ++p) {
      overlay.panels[p].sheet_row = (p + 1) / per_row;
      overlay.panels[p].sheet_column = (p + 1) % per_row;
    }
  }
  overlay.title = options.look.title.value_or(trace.title);
  overlay.subtitle = subtitle_of(sheet);
  overlay.by = options.by;
  overlay.opacity = options.opacity;
  overlay.grey = options.grey;
  overlay.theme = options.look.theme;
  overlay.notes.push_back(note_of_colors(options, *picture.image, "", "cell of a map", "cells"));
  if (channels > most) {
    overlay.notes.push_back(fmt::format("The first {} of {} channels.", most, channels));
  }
  add_scale(overlay, options);
  overlay.picture = picture.image;
  overlay.picture_title = picture.name;
  return overlay;
}

std::string file_name(const MapSheet& sheet) {
  std::string name(sheet.maps.size() > 1 ? sheet.name : std::string_view(sheet.maps[0]->id));
  std::replace(name.begin(), name.end(), '/', '-');
  return name + "-overlay";
}

}  // namespace

std::vector<const Step*> usual_maps(const Trace& trace) {
  Steps maps;
  if (const Step* input = trace.find("input/maps")) {
    maps = main_maps(trace, *input);
    maps.erase(maps.begin());
    if (!maps.empty()) return maps;
    for (const Step& step : trace.steps) {
      if (!step.inputs.empty() && is_map(step)) maps.push_back(&step);
    }
    return maps;
  }
  // Of the maps of a block one is compared with that of the next.
  for (const Step& step : trace.steps) {
    for (const StepId input : step.inputs) {
      const Step* energy = &trace.steps[input];
      if (energy->op != ops::channel_energy.name) continue;
      if (std::find(maps.begin(), maps.end(), energy) == maps.end()) maps.push_back(energy);
    }
  }
  std::sort(maps.begin(), maps.end());  // in the order of the blocks
  return maps;
}

bool are_maps(const Trace& trace, const std::vector<const Step*>& steps) {
  return is_on_maps(trace) && std::all_of(steps.begin(), steps.end(), [](const Step* step) {
           return is_map(*step) && step->op != ops::parameter.name;
         });
}

std::vector<NamedDrawing> map_overlays(const Trace& trace, const std::vector<const Step*>& maps,
                                       const NamedPicture& picture, const OverlayOptions& options) {
  std::vector<NamedDrawing> drawings;
  for (const MapSheet& sheet : sheets_of(maps)) {
    drawings.push_back({file_name(sheet), overlay_of(trace, sheet, picture, options)});
  }
  return drawings;
}

}  // namespace attn_viz::figure
