// Self attention distillation: what is active in a block of a network, as a map, and how far the
// map of each block is from that of the next. It is no attention of queries and keys.
// Source: Hou, Ma, Liu, Loy 2019, section 3.
#include <fmt/format.h>

#include "attn_viz/core/error.hpp"
#include "attn_viz/mechanisms/maps.hpp"
#include "attn_viz/trace/recorder.hpp"
#include "mechanisms/maps_axes.hpp"
#include "mechanisms/new_trace.hpp"
#include "mechanisms/shapes.hpp"

namespace attn_viz {
namespace {

template <class Names, class Choice>
std::string_view name_in(const Names& names, Choice choice) {
  return names[static_cast<std::size_t>(choice)];
}

Attributes settings_of(const DistillationSettings& settings) {
  return {{"map", name_in(kEnergyMapNames, settings.map)},
          {"power", settings.power},
          {"normalize", name_in(kMapNormNames, settings.normalize)},
          {"align_corners", settings.align_corners},
          {"loss", name_in(kErrorReductionNames, settings.loss)}};
}

/// The maps of a block, under the axes that are its own.
Tensor with_axes_of(Trace& trace, Tensor maps, std::size_t block) {
  std::vector<Axis> axes = maps.axes();
  constexpr const char* kNames[] = {"channel", "row", "column"};
  for (std::size_t i = 0; i < axes.size(); ++i) {
    axes[i].name = fmt::format("block{} {}", block, kNames[i]);
    trace.axes.push_back(numbered_axis(axes[i].name, axes[i].size));
  }
  return std::move(maps).with_axes(std::move(axes));
}

/// All three maps of a block; the chosen one is returned.
StepId record_energies(Recorder record, StepId maps, std::size_t block,
                       const DistillationSettings& settings) {
  const auto energy = [&](const char* name, const char* symbol, const char* reduction,
                          double power) {
    return record.step(Role::kMaps, name, fmt::format("{}_{}", symbol, block), ops::channel_energy,
                       {maps}, {{"reduction", reduction}, {"power", power}});
  };
  const StepId all[] = {energy("sum", "G_sum", "sum", 1),
                        energy("sum_power", "G_sum^p", "sum", settings.power),
                        energy("maximum_power", "G_max^p", "maximum", settings.power)};
  return all[static_cast<std::size_t>(settings.map)];
}

/// An energy map as what is compared.
StepId record_normalized(Recorder record, const char* name, std::string symbol, StepId map,
                         MapNorm norm) {
  if (norm == MapNorm::kNone) return map;
  return record.step(Role::kMaps, name, std::move(symbol),
                     norm == MapNorm::kSoftmax ? ops::spatial_softmax : ops::map_l2_normalize,
                     {map});
}

/// How far block m is from block m + 1, whose map is brought to its size.
StepId record_pair(Recorder record, std::size_t m, StepId map, StepId next,
                   const DistillationSettings& settings) {
  const Tensor &student = record.values(map), &teacher = record.values(next);
  const std::size_t height = student.size(0), width = student.size(1);
  if (teacher.size(0) > height || teacher.size(1) > width) {
    throw Error(ErrorCode::kInvalid,
                fmt::format("expected maps of at most {} × {}, as in the block before, got {} × {}",
                            height, width, teacher.size(0), teacher.size(1)))
        .at(fmt::format("/blocks/{}/maps", m + 1));
  }
  if (teacher.shape() != student.shape()) {
    next = record.step(Role::kMaps, "upsampled", fmt::format("B_{}", m + 1), ops::interpolate,
                       {next, map},
                       {{"method", "bilinear"}, {"align_corners", settings.align_corners}});
  }
  const StepId a =
      record_normalized(record, "student", fmt::format("Ψ_{}", m), map, settings.normalize);
  const StepId b =
      record_normalized(record, "target", fmt::format("Ψ_{}", m + 1), next, settings.normalize);
  return record.step(Role::kLoss, "loss", fmt::format("L_{}", m), ops::squared_error, {a, b},
                     {{"reduction", name_in(kErrorReductionNames, settings.loss)}});
}

void expect_labels(const LaneSettings& lane) {
  const std::size_t classes = lane.logits.size(0);
  if (classes < 2) {
    throw Error(ErrorCode::kInvalid, "expected at least 2 classes (no lane, and one lane), got 1")
        .at("/lane/logits");
  }
  expect_shape(lane.labels, {lane.logits.size(1), lane.logits.size(2)}, "/lane/labels",
               "rows × columns of the logits");
  for (std::size_t p = 0; p < lane.labels.count(); ++p) {
    const double label = lane.labels.at(p);
    if (label >= 0 && label < static_cast<double>(classes) &&
        label == static_cast<double>(static_cast<std::size_t>(label))) {
      continue;
    }
    throw Error(ErrorCode::kInvalid,
                fmt::format("expected the number of a class, 0 to {}, got {}", classes - 1, label))
        .at(fmt::format("/lane/labels/{}/{}", p / lane.labels.columns(),
                        p % lane.labels.columns()));
  }
  if (!lane.class_weights.empty() && lane.class_weights.size() != classes) {
    throw Error(ErrorCode::kInvalid, fmt::format("expected {} numbers (one for each class), got {}",
                                                 classes, lane.class_weights.size()))
        .at("/lane/class_weights");
  }
  if (!lane.existence) return;
  const auto& [logits, labels] = *lane.existence;
  expect_shape(labels, {logits.count()}, "/lane/existence/labels", "one for each of the logits");
}

/// What the network says of each pixel and each lane, and the losses L_seg, L_IoU, L_exist.
/// @param[out] factors  of the losses in the total
std::vector<StepId> record_lane(Recorder record, Trace& trace, const LaneSettings& lane,
                                const LossWeights& weights, std::vector<double>& factors) {
  expect_labels(lane);
  std::vector<Axis> axes = lane.logits.axes();
  axes[0].name = "class", axes[1].name = "row", axes[2].name = "column";
  for (const Axis& axis : axes) trace.axes.push_back(numbered_axis(axis.name, axis.size));
  std::vector<double> class_weights = lane.class_weights;
  if (class_weights.empty()) {
    class_weights.assign(axes[0].size, 1);
    class_weights[0] = 0.4;
  }
  const StepId logits = record.input("logits", "s", lane.logits.with_axes(axes));
  const StepId labels = record.input("labels", "y", lane.labels.with_axes({axes[1], axes[2]}));
  record.step(Role::kProbabilities, "probabilities", "p", ops::channel_softmax, {logits});
  const StepId predicted =
      record.step(Role::kChoice, "predicted", "ŷ", ops::channel_argmax, {logits});
  factors = {1, weights.iou};
  std::vector<StepId> losses{
      record.step(Role::kLoss, "segmentation_loss", "L_seg", ops::pixel_cross_entropy,
                  {logits, labels}, {{"class_weights", std::move(class_weights)}}),
      record.step(Role::kLoss, "iou_loss", "L_IoU", ops::lane_iou_loss, {predicted, labels})};
  if (lane.existence) {
    const StepId s = record.input("existence_logits", "e", lane.existence->logits);
    const StepId y = record.input("existence_labels", "z", lane.existence->labels);
    losses.push_back(
        record.step(Role::kLoss, "existence_loss", "L_exist", ops::binary_cross_entropy, {s, y}));
    factors.push_back(weights.existence);
  }
  return losses;
}

}  // namespace

Trace run_distillation(DistillationTask task, std::size_t) {
  const DistillationSettings& settings = task.settings;
  if (task.blocks.size() < 2) {
    throw Error(ErrorCode::kInvalid,
                fmt::format("expected at least 2 blocks, of which one learns from the next, got {}",
                            task.blocks.size()))
        .at("/blocks");
  }
  Trace trace = new_trace(task.title, task.dtype, "self-attention-distillation");
  std::vector<std::string> names;
  for (std::size_t i = 0; i < task.blocks.size(); ++i) names.push_back(task.blocks[i].label);
  trace.settings.set("blocks", std::move(names));
  trace.settings.set("distillation", settings_of(settings));
  trace.settings.set("loss_weights", Attributes{{"iou", task.weights.iou},
                                                {"existence", task.weights.existence},
                                                {"distillation", task.weights.distillation}});
  if (!task.image.empty()) trace.settings.set("image", task.image);
  Recorder record(trace);
  std::vector<StepId> maps, chosen, losses;
  for (std::size_t i = 0; i < task.blocks.size(); ++i) {
    maps.push_back(record.branch(fmt::format("block{}", i))
                       .input("maps", fmt::format("A_{}", i),
                              with_axes_of(trace, std::move(task.blocks[i].maps), i)));
  }
  for (std::size_t i = 0; i < maps.size(); ++i) {
    chosen.push_back(
        record_energies(record.branch(fmt::format("block{}", i)), maps[i], i, settings));
  }
  for (std::size_t m = 0; m + 1 < chosen.size(); ++m) {
    losses.push_back(record_pair(record.branch(fmt::format("pair{}", m)), m, chosen[m],
                                 chosen[m + 1], settings));
  }
  const StepId distillation =
      record.step(Role::kLoss, "distillation_loss", "L_distill", ops::weighted_sum, losses,
                  {{"factors", std::vector<double>(losses.size(), 1)}});
  if (!task.lane) return trace;
  std::vector<double> factors;
  losses = record_lane(record.branch("lane"), trace, *task.lane, task.weights, factors);
  losses.push_back(distillation);
  factors.push_back(task.weights.distillation);
  record.step(Role::kLoss, "total_loss", "L", ops::weighted_sum, std::move(losses),
              {{"factors", std::move(factors)}});
  return trace;
}

}  // namespace attn_viz
