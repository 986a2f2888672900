#include "figure/kin.hpp"
#include "attn_viz/trace/verify.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "figure/step_figures.hpp"

namespace attn_viz::figure {
namespace {

Error misfit(const std::string& option, const std::string& message) {
  return Error(ErrorCode::kUsage, message).at(option);
}

std::vector<const Step*> drawable_steps(const Trace& trace, const Selection& selection) {
  std::vector<const Step*> steps = select_steps(trace, selection.steps);
  std::erase_if(steps, [](const Step* step) { return !is_drawable(*step); });
  if (steps.empty())
    throw Error(ErrorCode::kInvalid, fmt::format("the step \"{}\" is a single number or empty; "
                                                 "there is nothing to draw",
                                                 selection.steps.step));
  for (const Step* step : steps) verify_weights(trace, *step);
  return steps;
}

Map map_of_step(const Trace& trace, const Step& step) {
  return {&step, parse_step_id(step.id), file_of(step.id), figure_of(trace, step, {})};
}

/// The mean of the heads of one layer.
Map mean_map(const Trace& trace, const std::vector<const Step*>& heads) {
  Map map = map_of_step(trace, *heads[0]);
  std::vector<Matrix> values, scores;
  for (const Step* head : heads) {
    const Panel panel = figure_of(trace, *head, {}).panels[0];
    values.push_back(panel.values);
    if (panel.scores) scores.push_back(*panel.scores);
  }
  Panel& panel = map.figure.panels[0];
  panel.values = Matrix::mean_of(values);
  // Masked is what is masked in every head.
  panel.scores =
      scores.size() == heads.size() ? std::optional(Matrix::mean_of(scores)) : std::nullopt;
  std::string id = heads[0]->id;
  const std::string head = fmt::format("head{}/", *map.name.head);
  id.replace(id.find(head), head.size(), "mean-");
  map.file = file_of(id);
  std::string layer = describe(*heads[0]);
  layer.resize(layer.rfind(", head "));
  map.figure.subtitle = fmt::format("{}: {}, mean of {} heads", layer, map.name.step, heads.size());
  map.name.head.reset();
  return map;
}

std::vector<Map> maps_of(const Trace& trace, const Selection& selection) {
  const std::vector<const Step*> steps = drawable_steps(trace, selection);
  std::vector<Map> maps;
  if (!selection.average_heads) {
    for (const Step* step : steps) maps.push_back(map_of_step(trace, *step));
    return maps;
  }
  // A layer's heads, under their common id without the head.
  std::vector<std::pair<std::string, std::vector<const Step*>>> layers;
  for (const Step* step : steps) {
    const StepName name = parse_step_id(step->id);
    if (!name.head)
      throw misfit("--average", fmt::format("the step \"{}\" belongs to no head", step->id));
    if (step->values.axes() != steps[0]->values.axes() && step->values.rank() != 2)
      throw misfit("--average", fmt::format("\"{}\" is no matrix", step->id));
    std::string key = fmt::format("{} {} {} {}", name.encoder, *name.layer, name.cross, name.step);
    auto known = std::find_if(layers.begin(), layers.end(),
                              [&](const auto& layer) { return layer.first == key; });
    if (known == layers.end()) known = layers.insert(layers.end(), {std::move(key), {}});
    if (!known->second.empty() && known->second[0]->values.axes() != step->values.axes())
      throw misfit("--average",
                   fmt::format("\"{}\" has another shape than the heads before it", step->id));
    known->second.push_back(step);
  }
  for (const auto& [key, heads] : layers) maps.push_back(mean_map(trace, heads));
  return maps;
}

}  // namespace

std::string file_of(std::string id) {
  std::replace(id.begin(), id.end(), '/', '-');
  return id;
}

std::vector<Kin> kin_of(const Trace& trace, const Selection& selection) {
  std::vector<Map> maps = maps_of(trace, selection);
  std::vector<Kin> all;
  for (Map& map : maps) {
    const auto is_kin = [&](const Kin& kin) {
      const Map& other = kin.maps[0];
      return other.name.encoder == map.name.encoder && other.name.cross == map.name.cross &&
             other.name.step == map.name.step &&
             other.step->values.axes() == map.step->values.axes();
    };
    auto known = std::find_if(all.begin(), all.end(), is_kin);
    if (known == all.end()) known = all.insert(all.end(), Kin{});
    known->maps.push_back(std::move(map));
  }
  return all;
}

}  // namespace attn_viz::figure
