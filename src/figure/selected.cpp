#include "attn_viz/figure/selected.hpp"

#include <fmt/format.h>

#include <map>
#include <optional>
#include <set>
#include <utility>

#include "figure/choose.hpp"
#include "figure/kin.hpp"
#include "figure/look.hpp"
#include "figure/scales.hpp"
#include "figure/step_figures.hpp"

namespace attn_viz::figure {
namespace {

ColorScale own_scale(const Trace& trace, const Map& map, const Look& look) {
  ValueRange range;
  widen(range, map.figure.panels[0]);
  return chosen_scale(trace, map.name.step, look, range, 1);
}

Figure overview_of(const Trace& trace, const Kin& kin, const Look& look, const std::string& note) {
  std::vector<OverviewPanel> panels;
  bool has_heads = true;
  for (const Map& map : kin.maps) {
    has_heads = has_heads && map.name.head;
    OverviewPanel panel{map.figure.panels[0], map.name.layer.value_or(0),
                        map.name.head.value_or(0)};
    if (look.scale == ScaleChoice::kEach) panel.panel.scale = own_scale(trace, map, look);
    panels.push_back(std::move(panel));
  }
  const Map& first = kin.maps[0];
  std::string meaning =
      is_weights(*first.step) ? "attention weights" : std::string(first.name.step);
  if (first.name.cross) meaning.insert(0, "cross-");
  if (first.name.encoder) meaning.insert(0, "encoder: ");
  if (meaning[0] >= 'a' && meaning[0] <= 'z' && is_weights(*first.step))
    meaning[0] = static_cast<char>(meaning[0] - 'a' + 'A');
  Figure base = first.figure;
  base.notes.clear();
  if (!note.empty()) base.notes.push_back(note);
  if (look.scale == ScaleChoice::kEach)
    base.scale.note =
        fmt::format("{}; each map has a scale of its own, so colors cannot be compared",
                    quantity_of(first.name.step));
  if (has_heads) {
    base.subtitle = overview_text(meaning, panels);
  } else {
    const bool mean = first.step->id != first.file && parse_step_id(first.step->id).head;
    base.subtitle =
        fmt::format("{} of {} layers{}", meaning, panels.size(), mean ? ", mean of the heads" : "");
  }
  return overview(std::move(base), std::move(panels), has_heads);
}

std::string overview_name(const Map& first) {
  std::string name = "heatmap";
  if (first.name.encoder) name += "-encoder";
  if (first.name.cross) name += "-cross";
  if (!is_weights(*first.step))
    name = fmt::format("{}-{}", name, file_of(std::string(first.name.step)));
  return name;
}

/// The weights of one query on the grid of the patches, in place of a single row.
void add_patch_map(const Trace& trace, const Kin& kin, const Map& map, const Look& look,
                   std::vector<NamedFigure>& figures) {
  const AxisInfo& queries = *trace.axis(map.step->values.axes()[0].name);
  const std::size_t query = kin.queries.empty() ? usual_query(queries) : kin.queries[0];
  Figure figure = patch_map(trace, *map.step, query, map.figure.scale);
  if (look.scale == ScaleChoice::kAuto || look.scale == ScaleChoice::kEach) {
    ValueRange range;
    widen(range, figure.panels[0]);
    Look own = look;
    own.scale = ScaleChoice::kEach;
    figure.scale = chosen_scale(trace, map.name.step, own, range, 1);
  }
  dress(figure, look);
  figures.push_back({fmt::format("{}-query{}", map.file, query), std::move(figure)});
}

void draw(const Trace& trace, const Selection& selection, const Look& look, Kin& kin,
          const std::string& note, std::vector<NamedFigure>& figures) {
  const bool several = kin.maps.size() > 1;
  // The only map of a step is its own overview.
  if (several && selection.overviews != Overviews::kOff) {
    Figure all = overview_of(trace, kin, look, note);
    dress(all, look);
    if (look.show_values == ShowValues::kOn) all.show_values = ShowValues::kAuto;
    if (look.transpose) transpose(all);
    figures.push_back({overview_name(kin.maps[0]), std::move(all)});
    if (selection.overviews == Overviews::kOnly) return;
  }
  for (Map& map : kin.maps) {
    const bool on_patches = is_weights(*map.step) && has_map(trace, *map.step) &&
                            !selection.average_heads && kin.keys.empty();
    const bool one_query = on_patches && kin.queries.size() == 1;
    Figure figure = map.figure;
    dress(figure, look);
    if (look.transpose) transpose(figure);
    if (!one_query) figures.push_back({map.file, std::move(figure)});
    if (one_query || (on_patches && kin.queries.empty()))
      add_patch_map(trace, kin, map, look, figures);
  }
}

/// Ids that differ in "/" and "-" alone would meet.
void part_names(std::vector<NamedFigure>& figures) {
  std::set<std::string> taken;
  for (NamedFigure& each : figures) {
    std::string name = each.name;
    for (int i = 2; !taken.insert(name).second; ++i) name = fmt::format("{}-{}", each.name, i);
    each.name = std::move(name);
  }
}

}  // namespace

std::vector<NamedFigure> selected_heatmaps(const Trace& trace, const Selection& selection,
                                           const Look& look) {
  std::vector<Kin> all = kin_of(trace, selection);
  // What one step's maps have in common is their scale, also where they cannot stand side by side.
  struct Shared {
    ValueRange range;
    std::size_t maps = 0;
    std::optional<ColorScale> scale;
  };
  std::map<std::string, Shared> shared;
  std::vector<std::string> notes;
  for (Kin& kin : all) {
    notes.push_back(cut_to_chosen(trace, selection, kin));
    for (const Map& map : kin.maps) {
      Shared& step = shared[std::string(map.name.step)];
      if (look.scale != ScaleChoice::kUnit) widen(step.range, map.figure.panels[0]);
      ++step.maps;
    }
  }
  std::vector<NamedFigure> figures;
  for (std::size_t k = 0; k < all.size(); ++k) {
    for (Map& map : all[k].maps) {
      Shared& step = shared[std::string(map.name.step)];
      if (look.scale == ScaleChoice::kEach) {
        map.figure.scale = own_scale(trace, map, look);
      } else {
        if (!step.scale)
          step.scale = chosen_scale(trace, map.name.step, look, step.range, step.maps);
        map.figure.scale = *step.scale;
      }
    }
    draw(trace, selection, look, all[k], notes[k], figures);
  }
  part_names(figures);
  return figures;
}

}  // namespace attn_viz::figure
