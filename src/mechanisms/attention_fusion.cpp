// Attention fusion: how much of each channel comes from the deeper maps.
#include <fmt/format.h>

#include "attn_viz/core/error.hpp"
#include "mechanisms/maps_axes.hpp"
#include "mechanisms/maps_recipe.hpp"

namespace attn_viz {
namespace {

/// @throws Error kInvalid unless the deeper maps have the channels of the maps and are no larger.
void expect_deeper(const Tensor& maps, const Tensor& deeper, const std::string& place) {
  if (deeper.size(0) != maps.size(0)) {
    throw Error(ErrorCode::kInvalid, fmt::format("expected {} channels, as many as /maps, got {}",
                                                 maps.size(0), deeper.size(0)))
        .at(place);
  }
  if (deeper.size(1) <= maps.size(1) && deeper.size(2) <= maps.size(2)) return;
  throw Error(ErrorCode::kInvalid,
              fmt::format("expected maps of at most {} × {}, as in /maps, got {} × {}",
                          maps.size(1), maps.size(2), deeper.size(1), deeper.size(2)))
      .at(place)
      .hint("/maps are the finer ones");
}

}  // namespace

/// Source: Song, Mei, Huang 2021 (AttaNet), attention fusion module.
void record_mechanism(const MapsScope& scope, const AttentionFusion& settings) {
  Recorder record = scope.record;
  expect_deeper(scope.values(scope.x), settings.deeper, scope.place + "/deeper");
  std::vector<Axis> axes = settings.deeper.axes();
  axes[0].name = "channel", axes[1].name = kDeeperRow, axes[2].name = kDeeperColumn;
  const StepId deeper =
      record.below("input").input("deeper", "d", settings.deeper.with_axes(std::move(axes)));
  const StepId u = record_resized(record, Role::kMaps, "upsampled", "u", deeper, scope.x,
                                  settings.align_corners);

  // Both, as one vector for each channel of the convolution.
  const StepId both = record.step(Role::kMaps, "concatenated", "c", ops::concat_maps, {scope.x, u});
  const StepId f = record_convolution(scope, "convolution", "f", settings.convolution, both,
                                      {.relu = settings.relu});
  const StepId means = record.step(Role::kMaps, "pooled", "p", ops::adaptive_average_pool, {f},
                                   {{"rows", 1}, {"columns", 1}});
  const StepId a = record_convolution(scope, "attention", "a", settings.attention, means,
                                      {.form = KernelForm::kPoint});
  const std::size_t channels = scope.values(scope.x).size(0), shares = scope.values(a).size(0);
  if (shares != channels) {
    throw Error(ErrorCode::kInvalid,
                fmt::format("expected {} channels out, a share for each channel of /maps, got {}",
                            channels, shares))
        .at(scope.place + (settings.attention     ? "/attention/kernel"
                           : settings.convolution ? "/convolution/kernel"
                                                  : ""))
        .hint("without \"attention\" the convolution has to give them");
  }
  const StepId w = record.branch("gate").step(Role::kGate, "vector", "w", ops::activation, {a},
                                              {{"function", "sigmoid"}});
  const StepId on_grid =
      record_resized(record.branch("gate"), Role::kGate, "values", "W", w, scope.x, false);
  record.step(Role::kOutput, "output", "y", ops::blend, {on_grid, u, scope.x});
}

}  // namespace attn_viz
