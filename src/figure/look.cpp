#include "figure/look.hpp"

#include <utility>

namespace attn_viz::figure {

void dress(Figure& figure, const Look& look) {
  if (look.title) figure.title = *look.title;
  figure.theme = look.theme;
  figure.show_values = look.show_values;
  figure.digits = look.digits;
  figure.reduce = look.reduce;
  figure.canvas = look.canvas;
  figure.bare = look.bare;
}

void transpose(Figure& figure) {
  std::swap(figure.rows, figure.columns);
  for (Panel& panel : figure.panels) {
    panel.values = panel.values.transposed();
    if (panel.scores) panel.scores = panel.scores->transposed();
    if (panel.marked) std::swap(panel.marked->first, panel.marked->second);
  }
}

}  // namespace attn_viz::figure
