// A canvas that grows with what is placed on it, so that nothing is clipped.
#pragma once

#include <string>
#include <vector>

#include "figure/scene.hpp"

namespace attn_viz::figure {

/// Things are placed at any coordinates; at the end, all is moved into the canvas.
class Sheet {
 public:
  Sheet(Theme theme, Typesetter& type);

  const Palette& palette() const { return palette_; }
  const Bounds& bounds() const { return bounds_; }  ///< of everything placed so far

  void add(const TextItem& item);
  void add(const Rect& rect);
  void add(const LineItem& line);

  /// Title and subtitle above all that is placed, then notes below it, as wide as it is.
  void add_header(const std::string& title, const std::string& subtitle);
  void add_notes(const std::vector<std::string>& notes);

  /// The scene with a margin around everything.
  /// @throws Error kLimit if it is larger than the largest picture
  Scene finish();

 private:
  const Palette& palette_;
  Typesetter& type_;
  Bounds bounds_;
  Scene scene_;
};

}  // namespace attn_viz::figure
