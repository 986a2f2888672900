// Settings of the mechanisms on feature maps.
#include "input/maps_settings.hpp"

#include <fmt/format.h>

#include "input/fields.hpp"

namespace attn_viz {
namespace {

using json::Value;

Tensor channel_numbers(const Value& value, DType dtype) {
  return value.tensor(1, "a list of numbers, one for each channel", dtype);
}

BatchNorm read_batch_norm(const Value& value, DType dtype) {
  value.allow_keys({"mean", "variance", "gain", "bias", "epsilon"});
  BatchNorm norm{.mean = channel_numbers(value.require("mean"), dtype),
                 .variance = channel_numbers(value.require("variance"), dtype)};
  if (const auto gain = value.find("gain")) norm.gain = channel_numbers(*gain, dtype);
  if (const auto bias = value.find("bias")) norm.bias = channel_numbers(*bias, dtype);
  if (const auto epsilon = value.find("epsilon")) norm.epsilon = positive(*epsilon);
  return norm;
}

/// The kernel, bias and norm of an object that may have other keys, too.
Convolution read_weights_of(const Value& value, DType dtype) {
  Convolution convolution;
  convolution.kernel = read_array(value.require("kernel"), 1, 4, "the numbers of a kernel", dtype);
  if (const auto bias = value.find("bias")) convolution.bias = channel_numbers(*bias, dtype);
  if (const auto norm = value.find("batch_norm")) {
    convolution.batch_norm = read_batch_norm(*norm, dtype);
  }
  return convolution;
}

std::optional<Convolution> find_convolution(const Value& value, std::string_view key, DType dtype) {
  const auto found = value.find(key);
  return found ? std::optional(read_convolution(*found, dtype)) : std::nullopt;
}

std::vector<Convolution> find_convolutions(const Value& value, DType dtype) {
  std::vector<Convolution> convolutions;
  if (const auto list = value.find("convolutions")) {
    for (const Value& item : items_of(*list, "a list of convolutions")) {
      convolutions.push_back(read_convolution(item, dtype));
    }
  }
  return convolutions;
}

bool flag(const Value& value, std::string_view key, bool otherwise) {
  const auto found = value.find(key);
  return found ? found->boolean() : otherwise;
}

PoolKind kind_of(const Value& value, PoolKind otherwise) {
  const auto kind = value.find("kind");
  constexpr std::string_view kKinds[] = {"average", "maximum"};
  return kind ? static_cast<PoolKind>(index_of(*kind, "kind of pooling", kKinds)) : otherwise;
}

/// Pixels from one tap of a kernel to the next.
std::size_t dilation_of(const Value& value) {
  const auto dilation = value.find("dilation");
  return dilation ? dilation->whole_number(1) : 1;
}

/// The sides of square grids, each at least 1.
std::vector<std::size_t> sides_of(const Value& value, std::string_view key,
                                  std::vector<std::size_t> otherwise) {
  const auto list = value.find(key);
  return list ? whole_numbers(*list, 1) : otherwise;
}

}  // namespace

Tensor read_maps(const Value& value, DType dtype) {
  Tensor maps = read_array(value, 2, 3, "maps, channels × rows × columns", dtype);
  if (maps.count() == 0) {
    throw value.unexpected("at least one map with at least one row and one column");
  }
  if (maps.rank() == 3) return maps;
  std::vector<Axis> axes{Axis{1}, maps.axes()[0], maps.axes()[1]};
  return std::move(maps).with_axes(std::move(axes));
}

Convolution read_convolution(const Value& value, DType dtype) {
  value.allow_keys({"kernel", "bias", "batch_norm"});
  return read_weights_of(value, dtype);
}

Convolution2d read_convolution_2d(const Value& value, DType dtype) {
  value.allow_keys({"layers"});
  Convolution2d settings;
  for (const Value& layer : items_of(value.require("layers"), "a list of convolutions")) {
    layer.allow_keys({"kernel", "bias", "batch_norm", "dilation", "padding", "relu"});
    const auto padding = layer.find("padding");
    settings.layers.push_back(
        {.convolution = read_weights_of(layer, dtype),
         .dilation = dilation_of(layer),
         .padding = padding ? static_cast<Padding>(index_of(*padding, "padding", kPaddingNames))
                            : Padding::kZero,
         .relu = flag(layer, "relu", false)});
  }
  return settings;
}

AdaptivePooling read_adaptive_pooling(const Value& value) {
  value.allow_keys({"kind", "rows", "columns"});
  return {.kind = kind_of(value, PoolKind::kAverage),
          .rows = value.require("rows").whole_number(1),
          .columns = value.require("columns").whole_number(1)};
}

SpatialPyramid read_spatial_pyramid(const Value& value) {
  value.allow_keys({"kind", "grids"});
  return {.kind = kind_of(value, PoolKind::kMaximum), .grids = sides_of(value, "grids", {1, 2, 4})};
}

PyramidPooling read_pyramid_pooling(const Value& value, DType dtype) {
  value.allow_keys({"bins", "convolutions", "relu", "align_corners", "output"});
  return {.bins = sides_of(value, "bins", {1, 2, 3, 6}),
          .convolutions = find_convolutions(value, dtype),
          .relu = flag(value, "relu", true),
          .align_corners = flag(value, "align_corners", true),
          .output = find_convolution(value, "output", dtype)};
}

AtrousPyramid read_atrous_pyramid(const Value& value, DType dtype) {
  value.allow_keys({"branches", "image_pooling", "relu", "align_corners", "output"});
  AtrousPyramid settings{.relu = flag(value, "relu", true),
                         .align_corners = flag(value, "align_corners", false),
                         .output = find_convolution(value, "output", dtype)};
  for (const Value& branch : items_of(value.require("branches"), "a list of convolutions")) {
    branch.allow_keys({"kernel", "bias", "batch_norm", "dilation"});
    settings.branches.push_back({read_weights_of(branch, dtype), dilation_of(branch)});
  }
  if (const auto image = value.find("image_pooling")) {
    image->allow_keys({"convolution"});
    settings.image_pooling.emplace(
        AtrousPyramid::ImagePooling{find_convolution(*image, "convolution", dtype)});
  }
  return settings;
}

StripPooling read_strip_pooling(const Value& value, DType dtype) {
  value.allow_keys({"row_convolution", "column_convolution", "gate"});
  StripPooling settings{.row_convolution = find_convolution(value, "row_convolution", dtype),
                        .column_convolution = find_convolution(value, "column_convolution", dtype),
                        .gate = {}};
  if (const auto gate = value.find("gate")) {
    gate->allow_keys({"relu", "convolution"});
    settings.gate.emplace(
        StripPooling::Gate{.relu = flag(*gate, "relu", true),
                           .convolution = find_convolution(*gate, "convolution", dtype)});
  }
  return settings;
}

MixedPooling read_mixed_pooling(const Value& value, DType dtype) {
  value.allow_keys({"short_range", "long_range", "output"});
  MixedPooling settings{.output = find_convolution(value, "output", dtype)};
  if (const auto near = value.find("short_range")) {
    near->allow_keys({"reduction", "local", "grids", "convolutions", "fusion"});
    settings.short_range = {.reduction = find_convolution(*near, "reduction", dtype),
                            .local = find_convolution(*near, "local", dtype),
                            .grids = sides_of(*near, "grids", {20, 12}),
                            .convolutions = find_convolutions(*near, dtype),
                            .fusion = find_convolution(*near, "fusion", dtype)};
  }
  if (const auto far = value.find("long_range")) {
    far->allow_keys({"reduction", "row_convolution", "column_convolution", "fusion"});
    settings.long_range = {
        .reduction = find_convolution(*far, "reduction", dtype),
        .row_convolution = find_convolution(*far, "row_convolution", dtype),
        .column_convolution = find_convolution(*far, "column_convolution", dtype),
        .fusion = find_convolution(*far, "fusion", dtype)};
  }
  return settings;
}

StripAttention read_strip_attention(const Value& value, DType dtype) {
  value.allow_keys(
      {"strips", "normalize", "scale", "residual", "relu", "pixels", "strip_keys", "strip_values"});
  StripAttention settings;
  constexpr std::string_view kStrips[] = {"columns", "rows", "both"};
  if (const auto strips = value.find("strips")) {
    settings.strips = static_cast<Strips>(index_of(*strips, "kind of strips", kStrips));
  }
  constexpr std::string_view kNormalizers[] = {"softmax", "none"};
  if (const auto normalize = value.find("normalize")) {
    settings.softmax = index_of(*normalize, "normaliser", kNormalizers) == 0;
  }
  if (const auto scale = value.find("scale")) settings.scale = scale->number();
  settings.residual = flag(value, "residual", false);
  settings.relu = flag(value, "relu", true);
  settings.pixels = find_convolution(value, "pixels", dtype);
  settings.strip_keys = find_convolution(value, "strip_keys", dtype);
  settings.strip_values = find_convolution(value, "strip_values", dtype);
  return settings;
}

CrissCross read_criss_cross(const Value& value, DType dtype) {
  value.allow_keys({"recurrences", "scale", "gamma", "query", "key", "value"});
  CrissCross settings;
  if (const auto recurrences = value.find("recurrences")) {
    settings.recurrences = recurrences->whole_number(1);
  }
  if (const auto scale = value.find("scale")) settings.scale = scale->number();
  if (const auto gamma = value.find("gamma")) settings.gamma = gamma->number();
  settings.query = find_convolution(value, "query", dtype);
  settings.key = find_convolution(value, "key", dtype);
  settings.value = find_convolution(value, "value", dtype);
  return settings;
}

AttentionFusion read_attention_fusion(const Value& value, DType dtype) {
  value.allow_keys({"deeper", "convolution", "attention", "relu", "align_corners"});
  return {.deeper = read_maps(value.require("deeper"), dtype),
          .convolution = find_convolution(value, "convolution", dtype),
          .attention = find_convolution(value, "attention", dtype),
          .relu = flag(value, "relu", true),
          .align_corners = flag(value, "align_corners", false)};
}

}  // namespace attn_viz
