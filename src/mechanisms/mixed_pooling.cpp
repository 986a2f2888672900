// The mixed pooling module: what is near and what is far, added to the maps.
// Source: Hou, Zhang, Cheng, Feng 2020, section 3.2, wired as in the authors' code.
#include <fmt/format.h>

#include "attn_viz/core/error.hpp"
#include "mechanisms/maps_recipe.hpp"

namespace attn_viz {
namespace {

StepId sum(Recorder record, const std::string& symbol, std::vector<StepId> summands,
           const std::string& place) {
  const auto shape = record.values(summands[0]).shape();
  for (const StepId summand : summands) {
    const auto other = record.values(summand).shape();
    if (other == shape) continue;
    throw Error(ErrorCode::kInvalid,
                fmt::format("expected convolutions with equally many channels out, got {} and {}",
                            shape[0], other[0]))
        .at(place);
  }
  if (summands.size() == 1) return summands[0];
  return record.step(Role::kMaps, "sum", symbol, ops::add, std::move(summands));
}

/// Each pixel, and the means of the squares around it.
StepId record_short_range(const MapsScope& scope, const MixedPooling::ShortRange& settings) {
  const auto& convolutions = settings.convolutions;
  if (!convolutions.empty() && convolutions.size() != settings.grids.size()) {
    throw Error(ErrorCode::kInvalid,
                fmt::format("expected {} convolutions (one for each grid), got {}",
                            settings.grids.size(), convolutions.size()))
        .at(scope.place + "/convolutions");
  }
  const StepId a = record_convolution(scope, "reduction", "a", settings.reduction, scope.x,
                                      {.form = KernelForm::kPoint, .relu = true});
  std::vector<StepId> summands{record_convolution(scope, "local", "s", settings.local, a)};
  for (std::size_t i = 0; i < settings.grids.size(); ++i) {
    const std::size_t side = settings.grids[i];
    scope.expect_numbers(static_cast<double>(scope.values(a).size(0)) * static_cast<double>(side) *
                             static_cast<double>(side),
                         fmt::format("{0} × {0} bins", side));
    const MapsScope grid = scope.below(fmt::format("grid{}", i));
    Recorder record = grid.record;
    StepId p = record.step(Role::kMaps, "pooled", fmt::format("p_{}", i),
                           ops::adaptive_average_pool, {a}, {{"rows", side}, {"columns", side}});
    if (i < convolutions.size()) {
      p = record_convolution(grid, "convolution", fmt::format("c_{}", i), convolutions[i], p,
                             {.place = fmt::format("{}/convolutions/{}", scope.place, i)});
    }
    summands.push_back(
        record_resized(record, Role::kMaps, "upsampled", fmt::format("u_{}", i), p, scope.x, true));
  }
  StepId s = sum(scope.record, "Σ_S", std::move(summands), scope.place);
  s = record_rectified(scope.record, "rectified", "Σ_S⁺", s);
  return record_convolution(scope, "fusion", "S", settings.fusion, s, {.relu = true});
}

/// The means of whole rows and whole columns.
StepId record_long_range(const MapsScope& scope, const MixedPooling::LongRange& settings) {
  Recorder record = scope.record;
  const StepId b = record_convolution(scope, "reduction", "b", settings.reduction, scope.x,
                                      {.form = KernelForm::kPoint, .relu = true});
  StepId rows =
      record.step(Role::kMaps, "row_means", "y_h", ops::strip_pool, {b}, {{"strips", "rows"}});
  StepId columns = record.step(Role::kMaps, "column_means", "y_v", ops::strip_pool, {b},
                               {{"strips", "columns"}});
  rows = record_convolution(scope, "row_convolution", "ỹ_h", settings.row_convolution, rows,
                            {.form = KernelForm::kDown});
  columns = record_convolution(scope, "column_convolution", "ỹ_v", settings.column_convolution,
                               columns, {.form = KernelForm::kAcross});
  rows = record_resized(record, Role::kMaps, "row_upsampled", "u_h", rows, scope.x, true);
  columns = record_resized(record, Role::kMaps, "column_upsampled", "u_v", columns, scope.x, true);
  StepId s = sum(record, "Σ_L", {rows, columns}, scope.place);
  s = record_rectified(record, "rectified", "Σ_L⁺", s);
  return record_convolution(scope, "fusion", "L", settings.fusion, s, {.relu = true});
}

}  // namespace

void record_mechanism(const MapsScope& scope, const MixedPooling& settings) {
  Recorder record = scope.record;
  const StepId near = record_short_range(scope.below("short_range"), settings.short_range);
  const StepId far = record_long_range(scope.below("long_range"), settings.long_range);
  const StepId joined =
      record.step(Role::kMaps, "concatenated", "c", ops::concat_maps, {near, far});
  const StepId change =
      record_convolution(scope, "projection", "r", settings.output, joined,
                         {.form = KernelForm::kPoint, .place = scope.place + "/output"});
  const std::size_t channels = record.values(scope.x).size(0);
  if (record.values(change).size(0) != channels) {
    throw Error(ErrorCode::kInvalid,
                fmt::format("expected a convolution from {} channels (both branches) to the {} of "
                            "/maps, to which it is added; there are {}",
                            record.values(joined).size(0), channels, record.values(change).size(0)))
        .at(scope.place + "/output");
  }
  const StepId total = record.step(Role::kMaps, "residual", "q", ops::add, {scope.x, change});
  record.step(Role::kOutput, "output", "y", ops::activation, {total}, {{"function", "relu"}});
}

}  // namespace attn_viz
