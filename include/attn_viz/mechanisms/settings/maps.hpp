// Mechanisms on feature maps [channels, rows, columns], as a document asks for them: convolution,
// the pooling family, strip attention, criss-cross attention and attention fusion. Meaning and
// defaults: docs/mechanisms.md.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "attn_viz/core/tensor.hpp"
#include "attn_viz/mechanisms/settings/convolution.hpp"

namespace attn_viz {

/// The norm of a network that has been trained: of each channel its mean and variance then.
struct BatchNorm {
  Tensor mean, variance;                       ///< [channels]
  std::optional<Tensor> gain = {}, bias = {};  ///< [channels]; absent: 1 and 0
  double epsilon = 1e-5;
};

/// A convolution with what follows it.
struct Convolution {
  /// [out, in, rows, columns]; [rows, columns]: the same for every channel by itself; along a strip
  /// [out, in, k] or [k]; 1 × 1 as [out, in] where a place takes no other.
  Tensor kernel;
  std::optional<Tensor> bias = {};  ///< [out]
  std::optional<BatchNorm> batch_norm = {};
};

/// Convolutions one after another, each of them plain or dilated.
struct Convolution2d {
  struct Layer {
    Convolution convolution;
    std::size_t dilation = 1;          ///< pixels from one tap of the kernel to the next
    Padding padding = Padding::kZero;  ///< what stands around the maps
    bool relu = false;                 ///< after the norm
  };
  std::vector<Layer> layers = {};  ///< at least one
};

enum class PoolKind { kAverage, kMaximum };

/// Each bin of a grid becomes one value.
struct AdaptivePooling {
  PoolKind kind = PoolKind::kAverage;
  std::size_t rows = 1, columns = 1;
};

/// Spatial pyramid pooling: the bins of several square grids as one vector.
struct SpatialPyramid {
  PoolKind kind = PoolKind::kMaximum;
  std::vector<std::size_t> grids = {1, 2, 4};
};

/// A pyramid pooling module: the means of several square grids, resized, beside the maps.
struct PyramidPooling {
  std::vector<std::size_t> bins = {1, 2, 3, 6};
  std::vector<Convolution> convolutions = {};  ///< 1 × 1, one for each grid, or none
  bool relu = true;                            ///< after a convolution
  bool align_corners = true;
  std::optional<Convolution> output = {};
};

/// Atrous spatial pyramid pooling: convolutions of several dilations side by side.
struct AtrousPyramid {
  struct Branch {
    Convolution convolution;
    std::size_t dilation = 1;
  };
  struct ImagePooling {
    std::optional<Convolution> convolution = {};
  };
  std::vector<Branch> branches = {};
  std::optional<ImagePooling> image_pooling = {};
  bool relu = true;  ///< after each convolution
  bool align_corners = false;
  std::optional<Convolution> output = {};
};

/// Strip pooling: means of rows and of columns, and on demand a gate made of them.
struct StripPooling {
  struct Gate {
    bool relu = true;
    std::optional<Convolution> convolution = {};  ///< 1 × 1
  };
  std::optional<Convolution> row_convolution = {}, column_convolution = {};
  std::optional<Gate> gate = {};
};

/// A mixed pooling module: two branches, of near and far neighbours, added to the maps.
struct MixedPooling {
  struct ShortRange {
    std::optional<Convolution> reduction = {}, local = {};
    std::vector<std::size_t> grids = {20, 12};
    std::vector<Convolution> convolutions = {};  ///< one for each grid, or none
    std::optional<Convolution> fusion = {};
  };
  struct LongRange {
    std::optional<Convolution> reduction = {}, row_convolution = {}, column_convolution = {},
                               fusion = {};
  };
  ShortRange short_range = {};
  LongRange long_range = {};
  std::optional<Convolution> output = {};
};

enum class Strips { kColumns, kRows, kBoth };

/// Every pixel attends to the means of the columns, of the rows, or of both.
struct StripAttention {
  Strips strips = Strips::kColumns;
  bool softmax = true;  ///< else the similarities themselves weigh
  double scale = 1;
  bool residual = false;
  bool relu = true;  ///< after each convolution
  std::optional<Convolution> pixels = {}, strip_keys = {}, strip_values = {};  ///< 1 × 1
};

/// Every pixel attends to those of its row and its column.
struct CrissCross {
  std::size_t recurrences = 1;
  double scale = 1;
  std::optional<double> gamma = {};  ///< the maps are added to γ times the result; absent: not
  std::optional<Convolution> query = {}, key = {}, value = {};  ///< 1 × 1
};

/// Two layers of a network become one: of each channel a share of the deeper, coarser maps, and the
/// rest of the maps.
struct AttentionFusion {
  Tensor deeper;                                ///< [channels, fewer rows, fewer columns]
  std::optional<Convolution> convolution = {};  ///< of both, one after another
  std::optional<Convolution> attention = {};  ///< 1 × 1, of the means: the shares before a sigmoid
  bool relu = true;                           ///< after `convolution`
  bool align_corners = false;
};

/// Maps and what to do with them.
struct MapsTask {
  std::string title;
  DType dtype = DType::kFloat64;
  Tensor maps;                             ///< [channels, rows, columns]
  std::vector<std::string> channels = {};  ///< a label for each, or none
  std::string image = {};                  ///< the picture they were made from, or ""
  std::variant<AdaptivePooling, SpatialPyramid, PyramidPooling, AtrousPyramid, StripPooling,
               MixedPooling, StripAttention, CrissCross, AttentionFusion, Convolution2d>
      mechanism = StripPooling{};
};

}  // namespace attn_viz
