// Convolution over a sequence or a grid of patches, alone or beside the attention that equals it.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "attn_viz/mechanisms/settings/labelled_rows.hpp"

namespace attn_viz {

enum class Padding { kZero, kReplicate };
inline constexpr std::string_view kPaddingNames[] = {"zero", "replicate"};

/// A layer y_i = Σ_δ x_(i+δ) K_δ + b over fixed shifts δ.
struct ConvolutionSettings {
  Tensor kernel = {};                             ///< [taps, c, c′], row by row of a 2-D kernel
  std::vector<double> row_shifts, column_shifts;  ///< δ of each tap
  std::optional<Tensor> bias = {};                ///< [c′]
  Padding padding = Padding::kZero;
};

/// The mechanism "convolution-1d": layers one after the other.
struct SequenceConvolution {
  std::string title;
  DType dtype = DType::kFloat64;
  LabelledRows input = {};
  std::vector<ConvolutionSettings> layers = {};
};

/// The mechanism "convolution-as-attention": a head for each tap, which looks at its shift.
/// Source: Cordonnier, Loukas, Jaggi 2020, theorem 1.
struct ConvolutionAsAttention {
  std::string title;
  DType dtype = DType::kFloat64;
  LabelledRows input = {};
  ConvolutionSettings convolution = {};
  double sharpness = 50;  ///< α > 0
  bool ghosts = false;    ///< keys of zeros around the grid, as zero padding has them
};

}  // namespace attn_viz
