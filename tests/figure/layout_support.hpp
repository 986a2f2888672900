// Laws of every layout.
#pragma once

#include <algorithm>
#include <string>

#include "figure/support.hpp"

namespace attn_viz::figure {

inline bool meet(const PlacedText& a, const PlacedText& b) {
  return a.left < b.left + b.width && b.left < a.left + a.width && a.top < b.top + b.height &&
         b.top < a.top + a.height;
}

/// Texts inside of the canvas, apart from one another, and (but for numbers) off the cells.
inline void check_layout(const Layout& layout) {
  const double width = static_cast<double>(layout.width);
  const double height = static_cast<double>(layout.height);
  std::size_t outside = 0, meeting = 0, on_cells = 0;
  for (std::size_t a = 0; a < layout.texts.size(); ++a) {
    const PlacedText& text = layout.texts[a];
    if (text.left < 0 || text.top < 0 || text.left + text.width > width ||
        text.top + text.height > height) {
      if (outside++ == 0) UNSCOPED_INFO("outside: " << text.text);
    }
    for (std::size_t b = a + 1; b < layout.texts.size(); ++b)
      if (meet(text, layout.texts[b])) {
        if (meeting++ == 0) UNSCOPED_INFO("meet: " << text.text << " and " << layout.texts[b].text);
      }
    if (text.kind == TextKind::kValue) continue;
    for (const Cells& cells : layout.panels) {
      PlacedText matrix;
      matrix.left = static_cast<double>(cells.left);
      matrix.top = static_cast<double>(cells.top);
      matrix.width = static_cast<double>(cells.columns * cells.cell_width);
      matrix.height = static_cast<double>(cells.rows * cells.cell_height);
      if (meet(text, matrix)) {
        if (on_cells++ == 0) UNSCOPED_INFO("on cells: " << text.text);
      }
    }
  }
  CHECK(outside == 0);
  CHECK(meeting == 0);
  CHECK(on_cells == 0);
  for (const Cells& cells : layout.panels) {
    CHECK(cells.left + cells.columns * cells.cell_width < layout.width);
    CHECK(cells.top + cells.rows * cells.cell_height < layout.height);
  }
}

/// The texts of one kind, in the order of the layout.
inline std::vector<std::string> texts_of(const Layout& layout, TextKind kind) {
  std::vector<std::string> texts;
  for (const PlacedText& text : layout.texts)
    if (text.kind == kind) texts.push_back(text.text);
  return texts;
}

/// Whether a text of this kind contains this.
inline bool says(const Layout& layout, TextKind kind, const std::string& what) {
  return std::any_of(layout.texts.begin(), layout.texts.end(), [&](const PlacedText& text) {
    return text.kind == kind && text.text.find(what) != std::string::npos;
  });
}

}  // namespace attn_viz::figure
