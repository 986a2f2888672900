// Attention on the grid of an image that is cheaper than of every pixel to every other: to the
// means of columns or rows, or to the pixels of one's own row and column.
#include <fmt/format.h>

#include <algorithm>

#include "attn_viz/core/error.hpp"
#include "mechanisms/maps_recipe.hpp"

namespace attn_viz {
namespace {

/// Convolutions that give queries and keys must agree in their channels.
void expect_equal_channels(const Tensor& queries, const Tensor& keys, const std::string& place) {
  if (queries.size(0) == keys.size(0)) return;
  throw Error(ErrorCode::kInvalid,
              fmt::format("expected {} channels out, as many as the pixels have that are compared "
                          "with it, got {}",
                          queries.size(0), keys.size(0)))
      .at(place);
}

/// @throws Error kInvalid unless what was attended to has the channels of the maps it is added to.
void expect_addable(const Tensor& maps, const Tensor& result, const std::string& place) {
  if (maps.size(0) == result.size(0)) return;
  throw Error(ErrorCode::kInvalid, fmt::format("expected {} channels out, those of /maps, to which "
                                               "the result is added; got {}",
                                               maps.size(0), result.size(0)))
      .at(place);
}

/// Which maps are compared, and which are read: equal where there is no convolution.
struct StripSources {
  StepId pixels;        ///< [H·W, c]
  StepId keys, values;  ///< maps
};

/// Every pixel looks at the means of the columns, or of the rows.
StepId attend_to_strips(const MapsScope& scope, const StripAttention& settings, bool columns,
                        const StripSources& from) {
  Recorder record = scope.record.branch(columns ? "columns" : "rows");
  const Attributes strips{{"strips", columns ? "columns" : "rows"}};
  const char* mark = columns ? "_v" : "_h";
  const auto strip = [&](Role role, StepId maps, const std::string& name,
                         const std::string& symbol) {
    const StepId means = record.step(Role::kMaps, name + "means", "m" + symbol + mark,
                                     ops::strip_pool, {maps}, strips);
    return record.step(role, name + "strips", "T" + symbol + mark, ops::pixels_as_rows, {means});
  };
  const bool shared = from.keys == from.values;
  const StepId keys = strip(Role::kKey, from.keys, shared ? "" : "key_", shared ? "" : "_K");
  const StepId values = shared ? keys : strip(Role::kValue, from.values, "value_", "_V");
  StepId s = record.step(Role::kScores, "similarity", std::string("S") + mark, ops::dot_product,
                         {from.pixels, keys});
  if (settings.scale != 1) {
    s = record.step(Role::kScores, "scaled_similarity", std::string("S′") + mark, ops::scale, {s},
                    {{"scale", settings.scale}});
  }
  if (settings.softmax)
    s = record.step(Role::kWeights, "weights", std::string("A") + mark, ops::softmax, {s});
  return record.step(Role::kOutput, "attended", std::string("O") + mark, ops::matmul, {s, values});
}

}  // namespace

/// Source: the notes' reconstruction of strip attention; with its three convolutions and a residual
/// AttaNet's strip attention module (Song, Mei, Huang 2021), whose "query" is the strip and whose
/// "key" the pixel: transposed, it is this.
void record_mechanism(const MapsScope& scope, const StripAttention& settings) {
  const Tensor& maps = scope.values(scope.x);
  const double pixels = static_cast<double>(maps.size(1)) * static_cast<double>(maps.size(2));
  const std::size_t longest = std::max(maps.size(1), maps.size(2));
  scope.expect_numbers(pixels * static_cast<double>(longest),
                       fmt::format("the weights of {} pixels to {} strips", pixels, longest));
  const ConvolutionPlan point{.form = KernelForm::kPoint, .relu = settings.relu};
  Recorder record = scope.record;
  const StepId p = record_convolution(scope, "pixels", "x_P", settings.pixels, scope.x, point);
  StripSources from{.pixels = 0, .keys = 0, .values = 0};
  from.keys = record_convolution(scope, "strip_keys", "x_K", settings.strip_keys, scope.x, point);
  from.values =
      record_convolution(scope, "strip_values", "x_V", settings.strip_values, scope.x, point);
  expect_equal_channels(scope.values(p), scope.values(from.keys), scope.place + "/strip_keys");
  if (settings.residual) {
    expect_addable(scope.values(scope.x), scope.values(from.values), scope.place + "/strip_values");
  }
  from.pixels = record.step(Role::kQuery, "pixel_rows", "P", ops::pixels_as_rows, {p});
  StepId o = 0;
  if (settings.strips == Strips::kBoth) {
    const StepId of_columns = attend_to_strips(scope, settings, true, from);
    const StepId of_rows = attend_to_strips(scope, settings, false, from);
    o = record.step(Role::kOutput, "attended", "O", ops::add, {of_columns, of_rows});
  } else {
    o = attend_to_strips(scope, settings, settings.strips == Strips::kColumns, from);
  }
  const StepId on_grid = record.step(Role::kOutput, settings.residual ? "attended_maps" : "output",
                                     "o", ops::rows_as_maps, {o, scope.x});
  if (settings.residual) record.step(Role::kOutput, "output", "y", ops::add, {scope.x, on_grid});
}

/// Source: Huang et al. 2019 (CCNet), section 3.2; each recurrence has the same convolutions.
void record_mechanism(const MapsScope& scope, const CrissCross& settings) {
  const Tensor& maps = scope.values(scope.x);
  const double n = static_cast<double>(maps.size(1)) * static_cast<double>(maps.size(2));
  scope.expect_numbers(n * n, fmt::format("the weights of {0} pixels to {0} pixels", n));
  Recorder record = scope.record;
  const StepId mask = record.step(Role::kMask, "mask", "M", ops::criss_cross_mask, {scope.x});
  StepId x = scope.x;
  for (std::size_t i = 0; i < settings.recurrences; ++i) {
    MapsScope round = scope;
    round.record = scope.record.pass("recurrence", i);
    Recorder here = round.record;
    const ConvolutionPlan point{.form = KernelForm::kPoint};
    const StepId q_maps = record_convolution(round, "query", "x_Q", settings.query, x, point);
    const StepId k_maps = record_convolution(round, "key", "x_K", settings.key, x, point);
    const StepId v_maps = record_convolution(round, "value", "x_V", settings.value, x, point);
    expect_equal_channels(scope.values(q_maps), scope.values(k_maps), scope.place + "/key");
    if (settings.gamma || settings.recurrences > 1) {
      expect_addable(scope.values(x), scope.values(v_maps), scope.place + "/value");
    }
    const auto rows = [&](Role role, StepId of, const char* name, const char* symbol) {
      return here.step(role, name, symbol, ops::pixels_as_rows, {of});
    };
    const StepId q = rows(Role::kQuery, q_maps, "query_rows", "Q");
    const StepId k = k_maps == q_maps ? q : rows(Role::kKey, k_maps, "key_rows", "K");
    const StepId v = v_maps == q_maps ? q : rows(Role::kValue, v_maps, "value_rows", "V");
    StepId s = here.step(Role::kScores, "scores", "S", ops::dot_product, {q, k});
    if (settings.scale != 1) {
      s = here.step(Role::kScores, "scaled_scores", "S_scaled", ops::scale, {s},
                    {{"scale", settings.scale}});
    }
    s = here.step(Role::kScores, "masked_scores", "S_masked", ops::mask_scores, {s, mask});
    const StepId a = here.step(Role::kWeights, "weights", "A", ops::softmax, {s});
    const StepId o = here.step(Role::kOutput, "attended", "O", ops::matmul, {a, v});
    StepId on_grid = here.step(Role::kOutput, "attended_maps", fmt::format("o_{}", i),
                               ops::rows_as_maps, {o, scope.x});
    if (settings.gamma) {
      const StepId scaled = here.step(Role::kMaps, "scaled_maps", fmt::format("γo_{}", i),
                                      ops::scale, {on_grid}, {{"scale", *settings.gamma}});
      on_grid =
          here.step(Role::kMaps, "residual", fmt::format("x_{}", i + 1), ops::add, {x, scaled});
    }
    x = on_grid;
  }
  record.step(Role::kOutput, "output", "y", ops::identity, {x});
}

}  // namespace attn_viz
