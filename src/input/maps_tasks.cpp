// Documents of mechanisms on feature maps, and of self attention distillation.
#include "input/maps_tasks.hpp"

#include <fmt/format.h>

#include "input/fields.hpp"
#include "input/maps_settings.hpp"

namespace attn_viz {
namespace {

using json::Value;

/// The maps of a document and what stands beside them.
MapsTask read_common(const Value& document, std::string_view settings, std::string default_title,
                     const Overrides& overrides) {
  document.allow_keys({"title", "mechanism", "maps", "channels", "image", settings, "steps"});
  const TaskHead head = read_head(document, std::move(default_title), overrides);
  MapsTask task{.title = head.title,
                .dtype = head.dtype,
                .maps = read_maps(document.require("maps"), head.dtype)};
  if (const auto channels = document.find("channels")) {
    task.channels = channels->texts();
    if (task.channels.size() != task.maps.size(0)) {
      throw channels->error(fmt::format("expected {} label{} (one for each of /maps), got {}",
                                        task.maps.size(0), task.maps.size(0) == 1 ? "" : "s",
                                        task.channels.size()));
    }
  }
  if (const auto image = document.find("image")) task.image = image->text();
  return task;
}

/// @param read  from the settings' value; without it the mechanism has its defaults
template <class Read>
Task read_with_defaults(const Value& document, std::string_view key, std::string default_title,
                        const Overrides& overrides, Read read) {
  MapsTask task = read_common(document, key, std::move(default_title), overrides);
  using Settings = decltype(read(document, task.dtype));
  const auto settings = document.find(key);
  task.mechanism = settings ? read(*settings, task.dtype) : Settings{};
  return task;
}

/// Likewise for mechanisms that cannot do without their settings.
template <class Read>
Task read_required(const Value& document, std::string_view key, std::string default_title,
                   const Overrides& overrides, Read read) {
  MapsTask task = read_common(document, key, std::move(default_title), overrides);
  task.mechanism = read(document.require(key), task.dtype);
  return task;
}

/// p of the maps G^p; with p = 1 the sum is the map G_sum, which has a name of its own.
double energy_power(const Value& value) {
  if (!value.is(json::Kind::kNumber) || !(value.number() > 1)) {
    throw value.unexpected("a number > 1").hint("with the power 1 the sum is the map \"sum\"");
  }
  return value.number();
}

DistillationSettings read_distillation_settings(const Value& value) {
  value.allow_keys({"map", "power", "normalize", "align_corners", "loss"});
  DistillationSettings settings;
  if (const auto map = value.find("map")) {
    settings.map = static_cast<EnergyMap>(index_of(*map, "map", kEnergyMapNames));
  }
  if (const auto power = value.find("power")) settings.power = energy_power(*power);
  if (const auto normalize = value.find("normalize")) {
    settings.normalize = static_cast<MapNorm>(index_of(*normalize, "normaliser", kMapNormNames));
  }
  if (const auto aligned = value.find("align_corners")) settings.align_corners = aligned->boolean();
  if (const auto loss = value.find("loss")) {
    settings.loss = static_cast<ErrorReduction>(index_of(*loss, "loss", kErrorReductionNames));
  }
  return settings;
}

double at_least_zero(const Value& value) {
  if (!(value.number() >= 0)) throw value.unexpected("a number ≥ 0");
  return value.number();
}

LaneSettings read_lane(const Value& value, DType dtype) {
  value.allow_keys({"logits", "labels", "class_weights", "existence"});
  const auto read_nonempty = [&](std::string_view key, std::size_t rank, std::string_view what) {
    const Value numbers = value.require(key);
    Tensor tensor = numbers.tensor(rank, what, dtype);
    if (tensor.count() == 0) throw numbers.unexpected(what);
    return tensor;
  };
  LaneSettings lane{.logits = read_nonempty("logits", 3, "numbers, classes × rows × columns"),
                    .labels = read_nonempty("labels", 2, "numbers of classes, rows × columns")};
  if (const auto weights = value.find("class_weights")) {
    const Tensor numbers = weights->tensor(1, "a list of numbers", DType::kFloat64);
    for (std::size_t i = 0; i < numbers.count(); ++i) {
      if (!(numbers.at(i) > 0)) throw weights->unexpected("a list of numbers > 0");
      lane.class_weights.push_back(numbers.at(i));
    }
  }
  if (const auto existence = value.find("existence")) {
    existence->allow_keys({"logits", "labels"});
    const Value logits = existence->require("logits"), labels = existence->require("labels");
    lane.existence = {logits.tensor(1, "a list of numbers, one for each lane", dtype),
                      labels.tensor(1, "a list of 0 and 1, one for each lane", dtype)};
    if (lane.existence->logits.count() == 0) throw logits.unexpected("at least one number");
    for (std::size_t i = 0; i < lane.existence->labels.count(); ++i) {
      const double label = lane.existence->labels.at(i);
      if (label != 0 && label != 1) throw labels.error("expected 0 or 1 for each lane");
    }
  }
  return lane;
}

}  // namespace

Task read_convolution_2d_task(const Value& document, std::string title,
                              const Overrides& overrides) {
  return read_required(document, "convolution_2d", std::move(title), overrides,
                       read_convolution_2d);
}

Task read_adaptive_pooling_task(const Value& document, std::string title,
                                const Overrides& overrides) {
  return read_required(document, "adaptive_pooling", std::move(title), overrides,
                       [](const Value& value, DType) { return read_adaptive_pooling(value); });
}

Task read_spatial_pyramid_task(const Value& document, std::string title,
                               const Overrides& overrides) {
  return read_with_defaults(document, "spatial_pyramid_pooling", std::move(title), overrides,
                            [](const Value& value, DType) { return read_spatial_pyramid(value); });
}

Task read_pyramid_pooling_task(const Value& document, std::string title,
                               const Overrides& overrides) {
  return read_with_defaults(document, "pyramid_pooling", std::move(title), overrides,
                            read_pyramid_pooling);
}

Task read_atrous_pyramid_task(const Value& document, std::string title,
                              const Overrides& overrides) {
  return read_required(document, "atrous_pyramid_pooling", std::move(title), overrides,
                       read_atrous_pyramid);
}

Task read_strip_pooling_task(const Value& document, std::string title, const Overrides& overrides) {
  return read_with_defaults(document, "strip_pooling", std::move(title), overrides,
                            read_strip_pooling);
}

Task read_mixed_pooling_task(const Value& document, std::string title, const Overrides& overrides) {
  return read_with_defaults(document, "mixed_pooling", std::move(title), overrides,
                            read_mixed_pooling);
}

Task read_strip_attention_task(const Value& document, std::string title,
                               const Overrides& overrides) {
  return read_with_defaults(document, "strip_attention", std::move(title), overrides,
                            read_strip_attention);
}

Task read_criss_cross_task(const Value& document, std::string title, const Overrides& overrides) {
  return read_with_defaults(document, "criss_cross_attention", std::move(title), overrides,
                            read_criss_cross);
}

Task read_attention_fusion_task(const Value& document, std::string title,
                                const Overrides& overrides) {
  return read_required(document, "attention_fusion", std::move(title), overrides,
                       read_attention_fusion);
}

Task read_distillation_task(const Value& document, std::string title, const Overrides& overrides) {
  document.allow_keys(
      {"title", "mechanism", "image", "blocks", "distillation", "lane", "loss_weights", "steps"});
  const TaskHead head = read_head(document, std::move(title), overrides);
  DistillationTask task{.title = head.title, .dtype = head.dtype, .blocks = {}};
  for (const Value& block : items_of(document.require("blocks"), "a list of blocks")) {
    block.allow_keys({"label", "maps"});
    const auto label = block.find("label");
    task.blocks.push_back({label ? label->text() : fmt::format("block {}", task.blocks.size()),
                           read_maps(block.require("maps"), head.dtype)});
  }
  if (const auto image = document.find("image")) task.image = image->text();
  if (const auto settings = document.find("distillation")) {
    task.settings = read_distillation_settings(*settings);
  }
  if (const auto lane = document.find("lane")) task.lane = read_lane(*lane, head.dtype);
  if (const auto weights = document.find("loss_weights")) {
    weights->allow_keys({"iou", "existence", "distillation"});
    if (!task.lane) throw weights->error("expected a lane, whose losses they weigh, got none");
    if (const auto iou = weights->find("iou")) task.weights.iou = at_least_zero(*iou);
    if (const auto existence = weights->find("existence")) {
      task.weights.existence = at_least_zero(*existence);
    }
    if (const auto distillation = weights->find("distillation")) {
      task.weights.distillation = at_least_zero(*distillation);
    }
  }
  return task;
}

}  // namespace attn_viz
