// The texts of a scene as <text> elements.
#pragma once

#include <string>
#include <vector>

#include "figure/scene.hpp"

namespace attn_viz::figure {

/// Each text is one element, with a <tspan> for each line of a broken one. Lengths are stated, so
/// that another font than Pango's is squeezed or stretched to the same room. Of a shortened text
/// the whole is a <title>, which browsers show under the pointer.
void append_texts(std::string& svg, const std::vector<TextItem>& texts);

}  // namespace attn_viz::figure
