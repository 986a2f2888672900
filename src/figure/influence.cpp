#include "attn_viz/figure/influence.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <iterator>
#include <set>
#include <utility>

#include "attn_viz/core/error.hpp"
#include "figure/choose.hpp"
#include "figure/look.hpp"
#include "figure/scales.hpp"

namespace attn_viz::figure {
namespace {

using analysis::Influence;

constexpr std::size_t kMostMaps = 16;  // of single outputs in one figure

/// Influences whose matrices have the same rows and columns.
using InfluenceGroup = std::vector<const Influence*>;

std::vector<InfluenceGroup> groups_of(const std::vector<Influence>& influences) {
  std::vector<InfluenceGroup> all;
  for (const Influence& each : influences) {
    const auto fits = [&](const InfluenceGroup& kin) {
      return kin[0]->outputs.labels == each.outputs.labels && kin[0]->places == each.places &&
             kin[0]->inputs.labels == each.inputs.labels && kin[0]->inputs.grid == each.inputs.grid;
    };
    auto known = std::find_if(all.begin(), all.end(), fits);
    if (known == all.end()) known = all.insert(all.end(), InfluenceGroup{});
    known->push_back(&each);
  }
  return all;
}

/// What tells influences apart: their mechanisms, what they lead from and to.
std::vector<std::string> names_of(const InfluenceGroup& kin) {
  std::set<std::string> mechanisms, from, to;
  for (const Influence* each : kin) {
    mechanisms.insert(each->name);
    from.insert(each->from);
    to.insert(each->to);
  }
  std::vector<std::string> names;
  for (const Influence* each : kin) {
    std::string name = mechanisms.size() > 1 ? each->name : "";
    const auto add = [&](const std::string& part) {
      name += fmt::format("{}{}", name.empty() ? "" : ": ", part);
    };
    // Steps of mechanisms of several kinds differ anyhow.
    if (to.size() > 1 && mechanisms.size() < kin.size()) add(each->to);
    if (from.size() > 1 && mechanisms.size() < kin.size()) add("by " + each->from);
    names.push_back(std::move(name));
  }
  return names;
}

bool share(const InfluenceGroup& kin, std::string Influence::*member) {
  return std::all_of(kin.begin(), kin.end(),
                     [&](const Influence* each) { return each->*member == kin[0]->*member; });
}

Figure frame(const InfluenceGroup& kin, std::size_t panels) {
  Figure figure;
  figure.title = share(kin, &Influence::title) ? kin[0]->title : "Influence of inputs on outputs";
  figure.subtitle = "J = ‖∂ output / ∂ input‖";
  if (share(kin, &Influence::to) && share(kin, &Influence::from))
    figure.subtitle += fmt::format(": {} by {}", kin[0]->to, kin[0]->from);
  figure.masked_means = "exactly 0";
  // Up to four side by side; more as a square.
  const auto square = static_cast<std::size_t>(std::ceil(std::sqrt(static_cast<double>(panels))));
  figure.panels_per_row = panels <= 4 ? panels : square;
  return figure;
}

void note_jumps(Figure& figure, const InfluenceGroup& kin) {
  for (const Influence* each : kin) {
    if (each->jumps.empty()) continue;
    std::string note =
        fmt::format("{}{} chooses; no derivative goes through it.",
                    kin.size() > 1 ? each->name + ": " : "", fmt::join(each->jumps, ", "));
    if (std::find(figure.notes.begin(), figure.notes.end(), note) == figure.notes.end())
      figure.notes.push_back(std::move(note));
  }
}

Panel panel_of(std::string title, const Matrix& values) {
  return {.title = std::move(title), .values = values, .scores = values.as_mask()};
}

Figure matrices(const InfluenceGroup& kin) {
  Figure figure = frame(kin, kin.size());
  const Influence& first = *kin[0];
  figure.rows.name = fmt::format("outputs ({})", first.outputs.name);
  for (const std::size_t i : first.places) figure.rows.labels.push_back(first.outputs.labels[i]);
  figure.columns = {fmt::format("inputs ({})", first.inputs.name), first.inputs.labels};
  const std::vector<std::string> names = names_of(kin);
  for (std::size_t k = 0; k < kin.size(); ++k)
    figure.panels.push_back(panel_of(names[k], Matrix(kin[k]->values)));
  note_jumps(figure, kin);
  return figure;
}

/// The rows of some outputs on the grid of the inputs.
Figure maps(const InfluenceGroup& kin, const std::vector<std::size_t>& rows, bool chosen) {
  Figure figure = frame(kin, kin.size() * rows.size());
  const AxisInfo &inputs = kin[0]->inputs, &outputs = kin[0]->outputs;
  const auto [height, width] = *inputs.grid;
  const bool patches = inputs.name != "pixel";
  figure.rows.name = patches ? "patch row" : "row";
  figure.columns.name = patches ? "patch column" : "column";
  const std::vector<std::string> names = names_of(kin);
  bool marked = false;
  for (std::size_t k = 0; k < kin.size(); ++k) {
    for (const std::size_t row : rows) {
      const std::size_t place = kin[k]->places[row];
      std::string title = names[k];
      if (outputs.labels.size() > 1)
        title = fmt::format("{}{}on {}", title, title.empty() ? "" : ", ", outputs.labels[place]);
      Panel panel = panel_of(std::move(title),
                             Matrix::of_row(kin[k]->values, row, height, width, inputs.extra));
      if (inputs.labels == outputs.labels && place >= inputs.extra) {
        panel.marked = {(place - inputs.extra) / width, (place - inputs.extra) % width};
        marked = true;
      }
      figure.panels.push_back(std::move(panel));
    }
  }
  if (chosen && rows.size() < kin[0]->places.size())
    figure.notes.push_back(
        fmt::format("The first {} of {} outputs.", rows.size(), kin[0]->places.size()));
  if (marked) figure.notes.push_back("Outlined: the place of the output.");
  if (inputs.extra > 0)
    figure.notes.push_back("Left out of the maps: the inputs that are no patches.");
  note_jumps(figure, kin);
  return figure;
}

/// The outputs of which maps are drawn, as rows of the values.
std::vector<std::size_t> rows_of_maps(const Influence& influence, bool chosen) {
  if (!chosen && influence.places.size() > 1) return {usual_query(influence.outputs)};
  std::vector<std::size_t> rows;
  for (std::size_t i = 0; i < std::min(kMostMaps, influence.places.size()); ++i) rows.push_back(i);
  return rows;
}

/// @param shared  what else has this scale: ", one scale for all 3", or ""
ColorScale scale_over(const ValueRange& range, const Look& look, const std::string& shared) {
  ColorScale scale;
  if (look.scale == ScaleChoice::kLog) {
    scale = chosen_scale(Trace{}, kInfluence, look, range, 1);
  } else {
    const double high = range.high > 0 ? range.high : 1;
    scale = {map_of(look, false), 0, high, fmt::format("influence J, 0 to {:.3g}", high)};
    if (is_diverging(scale.map)) scale.low = -high;
  }
  scale.note += shared;
  return scale;
}

/// One scale for all figures, or one for each panel.
void color(std::vector<NamedFigure>& figures, const Look& look) {
  ValueRange all;
  std::size_t panels = 0;
  for (const NamedFigure& each : figures) {
    for (const Panel& panel : each.figure.panels) widen(all, panel);
    panels += each.figure.panels.size();
  }
  const std::string shared = figures.size() > 1 ? ", one scale for all figures"
                             : panels > 1       ? fmt::format(", one scale for all {}", panels)
                                                : "";
  for (NamedFigure& each : figures) {
    each.figure.scale = scale_over(all, look, shared);
    if (look.scale != ScaleChoice::kEach) continue;
    for (Panel& panel : each.figure.panels) {
      ValueRange range;
      widen(range, panel);
      panel.scale = scale_over(range, look, "");
    }
    each.figure.scale.note =
        "influence J; each map has a scale of its own, so colors cannot be compared";
  }
}

/// "influence", and of further kin what they lead from: "influence-context".
std::string new_file_of(const InfluenceGroup& kin, std::set<std::string>& taken) {
  std::string name = "influence";
  if (!taken.empty())
    name = fmt::format("influence-{}", kin[0]->from.substr(kin[0]->from.rfind('/') + 1));
  const std::string stem = name;
  for (int i = 2; !taken.insert(name).second; ++i) name = fmt::format("{}-{}", stem, i);
  return name;
}

}  // namespace

std::vector<NamedFigure> influence_figures(const std::vector<Influence>& influences, bool chosen,
                                           const Look& look) {
  std::vector<NamedFigure> figures;
  std::set<std::string> taken;
  for (const InfluenceGroup& kin : groups_of(influences)) {
    const Influence& first = *kin[0];
    const std::string name = new_file_of(kin, taken);
    const bool on_grid = first.inputs.grid && !first.places.empty();
    // Of a single number the map says all.
    const bool turned = look.transpose && on_grid && chosen;
    if (turned)
      throw Error(ErrorCode::kUsage, "maps of pixels or patches are not turned").at("--transpose");
    const bool map_alone = on_grid && (chosen || first.outputs.labels.size() == 1);
    if (!map_alone) {
      figures.push_back({name, matrices(kin)});
      if (look.transpose) transpose(figures.back().figure);
    }
    if (on_grid)
      figures.push_back(
          {map_alone ? name : name + "-map", maps(kin, rows_of_maps(first, chosen), chosen)});
  }
  for (NamedFigure& each : figures) dress(each.figure, look);
  color(figures, look);
  return figures;
}

}  // namespace attn_viz::figure
