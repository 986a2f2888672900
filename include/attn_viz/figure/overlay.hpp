// What an overlay shows: weights of patches, or maps of a network, laid over the picture that they
// belong to.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "attn_viz/core/image.hpp"
#include "attn_viz/figure/figure.hpp"

namespace attn_viz::figure {

/// How the weight of a patch becomes the weight of a pixel.
enum class Interpolation {
  kCell,  ///< each pixel has the weight of its patch
  /// Between the centres of patches the weights are interpolated, beyond the outer centres they
  /// stay as they are: PyTorch's "bilinear" with align_corners=False.
  kBilinear,
};

/// One map of patches, [rows, columns] of its overlay.
struct OverlayPanel {
  std::string title = {};
  std::vector<double> weights = {};  ///< or the values of a map, which may be negative
  /// Its own rows and columns instead of the overlay's.
  std::optional<std::pair<std::size_t, std::size_t>> grid = std::nullopt;
  std::vector<std::uint8_t> masked = {};  ///< 1: hidden from the query. Empty: none is
  /// The patch to outline: the query (or key) of the map.
  std::optional<std::pair<std::size_t, std::size_t>> marked = std::nullopt;
  /// Its own instead of the overlay's; its note stands under the title.
  std::optional<ColorScale> scale = std::nullopt;
  std::size_t sheet_row = 0, sheet_column = 0;  ///< its place on the contact sheet
};

/// A contact sheet: the picture by itself in its left upper corner, and maps over the picture.
struct Overlay {
  std::string title = {};
  std::string subtitle = {};
  std::shared_ptr<const Image> picture = {};
  std::string picture_title = "the picture";
  std::size_t rows = 1, columns = 1;  ///< of the patches
  std::vector<OverlayPanel> panels = {};
  ColorScale scale = {};  ///< of all panels; where each has its own: of none, from 0 to 1
  Interpolation by = Interpolation::kCell;
  double opacity = 0.6;  ///< of the colours over the picture, 0 to 1
  bool grey = true;  ///< the picture under the colours is grey, so that hues are those of the map
  std::vector<std::string> notes = {};
  Theme theme = Theme::kLight;

  /// The rows and columns of a panel's map.
  std::pair<std::size_t, std::size_t> grid_of(const OverlayPanel& panel) const {
    return panel.grid.value_or(std::pair(rows, columns));
  }
};

}  // namespace attn_viz::figure
