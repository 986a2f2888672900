// The recipes of the pooling family.
#include <fmt/format.h>

#include <array>

#include "attn_viz/core/error.hpp"
#include "mechanisms/maps_recipe.hpp"

namespace attn_viz {
namespace {

/// The mean, or the maximum, of rows × columns bins.
StepId pooled(const MapsScope& scope, Role role, std::string_view name, std::string symbol,
              PoolKind kind, StepId x, std::size_t rows, std::size_t columns) {
  const auto channels = static_cast<double>(scope.values(x).size(0));
  scope.expect_numbers(channels * static_cast<double>(rows) * static_cast<double>(columns),
                       fmt::format("{} × {} bins", rows, columns));
  Recorder record = scope.record;
  return record.step(
      role, name, std::move(symbol),
      kind == PoolKind::kAverage ? ops::adaptive_average_pool : ops::adaptive_maximum_pool, {x},
      {{"rows", rows}, {"columns", columns}});
}

std::optional<Convolution> nth(const std::vector<Convolution>& convolutions, std::size_t i) {
  return i < convolutions.size() ? std::optional(convolutions[i]) : std::nullopt;
}

/// The channels of all parts, and what a last convolution makes of them.
void record_joined(const MapsScope& scope, std::vector<StepId> parts,
                   const std::optional<Convolution>& convolution, bool relu) {
  Recorder record = scope.record;
  const char* name = convolution ? "concatenated" : "output";
  const StepId joined = record.step(convolution ? Role::kMaps : Role::kOutput, name,
                                    convolution ? "c" : "y", ops::concat_maps, std::move(parts));
  if (!convolution) return;
  const StepId last = record_convolution(scope, "projection", "r", convolution, joined,
                                         {.relu = relu, .place = scope.place + "/output"});
  record.step(Role::kOutput, "output", "y", ops::identity, {last});
}

/// @throws Error kInvalid unless there are as many convolutions as grids, or none.
void expect_one_each(const std::vector<Convolution>& convolutions, std::size_t grids,
                     const std::string& place) {
  if (convolutions.empty() || convolutions.size() == grids) return;
  throw Error(ErrorCode::kInvalid,
              fmt::format("expected {} convolutions (one for each grid), got {}", grids,
                          convolutions.size()))
      .at(place + "/convolutions");
}

}  // namespace

void record_mechanism(const MapsScope& scope, const AdaptivePooling& settings) {
  pooled(scope, Role::kOutput, "output", "y", settings.kind, scope.x, settings.rows,
         settings.columns);
}

/// Source: He, Zhang, Ren, Sun 2014, section 2.2.
void record_mechanism(const MapsScope& scope, const SpatialPyramid& settings) {
  std::vector<StepId> levels;
  for (std::size_t i = 0; i < settings.grids.size(); ++i) {
    const std::size_t side = settings.grids[i];
    levels.push_back(pooled(scope.below(fmt::format("grid{}", i)), Role::kMaps, "pooled",
                            fmt::format("p_{}", i), settings.kind, scope.x, side, side));
  }
  Recorder record = scope.record;
  record.step(Role::kOutput, "output", "y", ops::flatten_maps, std::move(levels));
}

/// Source: Zhao, Shi, Qi, Wang, Jia 2017 (PSPNet), section 3.2.
void record_mechanism(const MapsScope& scope, const PyramidPooling& settings) {
  expect_one_each(settings.convolutions, settings.bins.size(), scope.place);
  std::vector<StepId> parts{scope.x};
  for (std::size_t i = 0; i < settings.bins.size(); ++i) {
    const std::size_t side = settings.bins[i];
    const MapsScope bin = scope.below(fmt::format("bin{}", i));
    StepId p = pooled(bin, Role::kMaps, "pooled", fmt::format("p_{}", i), PoolKind::kAverage,
                      scope.x, side, side);
    p = record_convolution(bin, "convolution", fmt::format("c_{}", i),
                           nth(settings.convolutions, i), p,
                           {.form = KernelForm::kPoint,
                            .relu = settings.relu,
                            .place = fmt::format("{}/convolutions/{}", scope.place, i)});
    parts.push_back(record_resized(bin.record, Role::kMaps, "upsampled", fmt::format("u_{}", i), p,
                                   scope.x, settings.align_corners));
  }
  record_joined(scope, std::move(parts), settings.output, settings.relu);
}

/// Source: Chen, Papandreou, Schroff, Adam 2017 (DeepLabv3), section 3.3.
void record_mechanism(const MapsScope& scope, const AtrousPyramid& settings) {
  std::vector<StepId> parts;
  for (std::size_t i = 0; i < settings.branches.size(); ++i) {
    const AtrousPyramid::Branch& branch = settings.branches[i];
    parts.push_back(record_convolution(scope.below(fmt::format("branch{}", i)), "convolution",
                                       fmt::format("y_{}", i), branch.convolution, scope.x,
                                       {.relu = settings.relu,
                                        .dilation = branch.dilation,
                                        .place = fmt::format("{}/branches/{}", scope.place, i)}));
  }
  if (settings.image_pooling) {
    const MapsScope image = scope.below("image_pooling");
    StepId p = pooled(image, Role::kMaps, "pooled", "p", PoolKind::kAverage, scope.x, 1, 1);
    p = record_convolution(image, "convolution", "c", settings.image_pooling->convolution, p,
                           {.form = KernelForm::kPoint, .relu = settings.relu});
    parts.push_back(record_resized(image.record, Role::kMaps, "upsampled", "u", p, scope.x,
                                   settings.align_corners));
  }
  record_joined(scope, std::move(parts), settings.output, settings.relu);
}

/// Source: Hou, Zhang, Cheng, Feng 2020, section 3.1; its gate is no distribution: its values lie
/// between 0 and 1, each by itself, and sum to anything.
void record_mechanism(const MapsScope& scope, const StripPooling& settings) {
  Recorder record = scope.record;
  StepId rows = record.step(Role::kMaps, "row_means", "y_h", ops::strip_pool, {scope.x},
                            {{"strips", "rows"}});
  StepId columns = record.step(Role::kMaps, "column_means", "y_v", ops::strip_pool, {scope.x},
                               {{"strips", "columns"}});
  rows = record_convolution(scope, "row_convolution", "ỹ_h", settings.row_convolution, rows,
                            {.form = KernelForm::kDown});
  columns = record_convolution(scope, "column_convolution", "ỹ_v", settings.column_convolution,
                               columns, {.form = KernelForm::kAcross});
  if (!settings.gate) {
    record.step(Role::kOutput, "output", "y", ops::expand_strips, {rows, columns});
    return;
  }
  const StepId y = record.step(Role::kMaps, "expanded", "y", ops::expand_strips, {rows, columns});
  StepId f = settings.gate->relu ? record_rectified(record, "rectified", "y⁺", y) : y;
  f = record_convolution(scope.below("gate"), "convolution", "f", settings.gate->convolution, f,
                         {.form = KernelForm::kPoint});
  const StepId g = record.branch("gate").step(Role::kGate, "values", "g", ops::activation, {f},
                                              {{"function", "sigmoid"}});
  const Tensor &maps = record.values(scope.x), &gates = record.values(g);
  if (maps.shape() != gates.shape()) {
    throw Error(ErrorCode::kInvalid,
                fmt::format("expected a gate for each of the {} channels of /maps, got {}",
                            maps.size(0), gates.size(0)))
        .at(scope.place + "/gate/convolution/kernel");
  }
  record.step(Role::kOutput, "output", "z", ops::multiply, {scope.x, g});
}

}  // namespace attn_viz
