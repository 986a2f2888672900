// From a task on maps to its trace: the axes, the settings as resolved, the recipe.
#include "attn_viz/mechanisms/maps.hpp"

#include <fmt/format.h>

#include "attn_viz/core/error.hpp"
#include "mechanisms/maps_axes.hpp"
#include "mechanisms/maps_recipe.hpp"
#include "mechanisms/new_trace.hpp"

namespace attn_viz {
namespace {

// ---- what each mechanism is called, and its settings as resolved ----

struct Description {
  std::string mechanism, key;
  Attributes settings;
};

const char* given(const std::optional<Convolution>& convolution) {
  return convolution ? "given" : "none";
}

const char* given(const std::vector<Convolution>& convolutions) {
  return convolutions.empty() ? "none" : "given";
}

const char* name_of(PoolKind kind) {
  return kind == PoolKind::kAverage ? "average" : "maximum";
}

std::vector<double> numbers(const std::vector<std::size_t>& sizes) {
  return {sizes.begin(), sizes.end()};
}

Description describe(const Convolution2d& settings) {
  std::vector<double> dilations;
  std::vector<std::string> paddings;
  for (const auto& layer : settings.layers) {
    dilations.push_back(static_cast<double>(layer.dilation));
    paddings.emplace_back(kPaddingNames[static_cast<std::size_t>(layer.padding)]);
  }
  return {"convolution-2d",
          "convolution_2d",
          {{"dilations", std::move(dilations)}, {"paddings", std::move(paddings)}}};
}

Description describe(const AdaptivePooling& settings) {
  return {
      "adaptive-pooling",
      "adaptive_pooling",
      {{"kind", name_of(settings.kind)}, {"rows", settings.rows}, {"columns", settings.columns}}};
}

Description describe(const SpatialPyramid& settings) {
  return {"spatial-pyramid-pooling",
          "spatial_pyramid_pooling",
          {{"kind", name_of(settings.kind)}, {"grids", numbers(settings.grids)}}};
}

Description describe(const PyramidPooling& settings) {
  return {"pyramid-pooling",
          "pyramid_pooling",
          {{"bins", numbers(settings.bins)},
           {"convolutions", given(settings.convolutions)},
           {"relu", settings.relu},
           {"align_corners", settings.align_corners},
           {"output", given(settings.output)}}};
}

Description describe(const AtrousPyramid& settings) {
  std::vector<double> dilations;
  for (const auto& branch : settings.branches) {
    dilations.push_back(static_cast<double>(branch.dilation));
  }
  Attributes described{{"dilations", std::move(dilations)},
                       {"image_pooling", settings.image_pooling.has_value()},
                       {"relu", settings.relu},
                       {"align_corners", settings.align_corners},
                       {"output", given(settings.output)}};
  return {"atrous-pyramid-pooling", "atrous_pyramid_pooling", std::move(described)};
}

Description describe(const StripPooling& settings) {
  Attributes described{{"row_convolution", given(settings.row_convolution)},
                       {"column_convolution", given(settings.column_convolution)}};
  if (settings.gate) {
    described.set("gate", Attributes{{"relu", settings.gate->relu},
                                     {"convolution", given(settings.gate->convolution)}});
  } else {
    described.set("gate", "none");
  }
  return {"strip-pooling", "strip_pooling", std::move(described)};
}

Description describe(const MixedPooling& settings) {
  const auto& near = settings.short_range;
  const auto& far = settings.long_range;
  return {"mixed-pooling",
          "mixed_pooling",
          {{"short_range", Attributes{{"reduction", given(near.reduction)},
                                      {"local", given(near.local)},
                                      {"grids", numbers(near.grids)},
                                      {"convolutions", given(near.convolutions)},
                                      {"fusion", given(near.fusion)}}},
           {"long_range", Attributes{{"reduction", given(far.reduction)},
                                     {"row_convolution", given(far.row_convolution)},
                                     {"column_convolution", given(far.column_convolution)},
                                     {"fusion", given(far.fusion)}}},
           {"output", given(settings.output)}}};
}

Description describe(const StripAttention& settings) {
  constexpr const char* kStrips[] = {"columns", "rows", "both"};
  return {"strip-attention",
          "strip_attention",
          {{"strips", kStrips[static_cast<std::size_t>(settings.strips)]},
           {"normalize", settings.softmax ? "softmax" : "none"},
           {"scale", settings.scale},
           {"residual", settings.residual},
           {"relu", settings.relu},
           {"pixels", given(settings.pixels)},
           {"strip_keys", given(settings.strip_keys)},
           {"strip_values", given(settings.strip_values)}}};
}

Description describe(const CrissCross& settings) {
  Attributes described{{"recurrences", settings.recurrences},
                       {"scale", settings.scale},
                       {"query", given(settings.query)},
                       {"key", given(settings.key)},
                       {"value", given(settings.value)}};
  if (settings.gamma) {
    described.set("gamma", *settings.gamma);
  } else {
    described.set("gamma", "none");
  }
  return {"criss-cross-attention", "criss_cross_attention", std::move(described)};
}

Description describe(const AttentionFusion& settings) {
  return {"attention-fusion",
          "attention_fusion",
          {{"convolution", given(settings.convolution)},
           {"attention", given(settings.attention)},
           {"relu", settings.relu},
           {"align_corners", settings.align_corners}}};
}

/// The channels, rows, columns and pixels that the steps run over.
void add_axes(Trace& trace, const MapsTask& task) {
  const std::size_t channels = task.maps.size(0), height = task.maps.size(1),
                    width = task.maps.size(2);
  trace.axes.push_back(numbered_axis("channel", channels));
  if (!task.channels.empty()) trace.axes.back().labels = task.channels;
  trace.axes.push_back(numbered_axis("row", height));
  trace.axes.push_back(numbered_axis("column", width));
  if (const auto* fusion = std::get_if<AttentionFusion>(&task.mechanism)) {
    trace.axes.push_back(numbered_axis(kDeeperRow, fusion->deeper.size(1)));
    trace.axes.push_back(numbered_axis(kDeeperColumn, fusion->deeper.size(2)));
  }
  const bool attends = std::holds_alternative<StripAttention>(task.mechanism) ||
                       std::holds_alternative<CrissCross>(task.mechanism);
  if (!attends || height == 1 || width == 1) return;  // pixels in a line are its rows or columns
  trace.axes.push_back(
      {.name = "pixel", .labels = {}, .grid = std::pair(height, width), .image = task.image});
  for (std::size_t p = 0; p < height * width; ++p) {
    trace.axes.back().labels.push_back(fmt::format("{},{}", p / width, p % width));
  }
}

}  // namespace

AxisInfo numbered_axis(std::string name, std::size_t size) {
  AxisInfo axis{.name = std::move(name), .labels = {}, .grid = std::nullopt, .image = {}};
  for (std::size_t i = 0; i < size; ++i) axis.labels.push_back(std::to_string(i));
  return axis;
}

Trace run_maps(MapsTask task, std::size_t memory_limit) {
  Description description =
      std::visit([](const auto& settings) { return describe(settings); }, task.mechanism);
  Trace trace = new_trace(task.title, task.dtype, std::move(description.mechanism));
  trace.settings.set(description.key, std::move(description.settings));
  if (!task.image.empty()) trace.settings.set("image", task.image);
  add_axes(trace, task);
  Recorder record(trace);
  const std::vector<Axis> axes{
      {task.maps.size(0), "channel"}, {task.maps.size(1), "row"}, {task.maps.size(2), "column"}};
  const StepId x = record.below("input").input("maps", "x", std::move(task.maps).with_axes(axes));
  const MapsScope scope{record, x, "/" + description.key, memory_limit};
  std::visit([&](const auto& settings) { record_mechanism(scope, settings); }, task.mechanism);
  return trace;
}

}  // namespace attn_viz
