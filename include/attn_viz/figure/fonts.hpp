// Which fonts texts are set in.
#pragma once

#include <string>
#include <vector>

namespace attn_viz::figure {

/// The fonts of a Painter. Characters that the family lacks are taken from others.
struct Fonts {
  std::string family = {};  ///< empty: DejaVu Sans
};

/// The families that fontconfig finds, sorted, each once.
std::vector<std::string> installed_families();

/// The family of this name, letter case ignored, or one of CSS' generic names (sans-serif, serif,
/// monospace), as fontconfig writes it.
/// @throws Error kUsage  if there is none: the nearest name, or some that there are
Fonts find_fonts(const std::string& family);

/// "DEVANAGARI LETTER HA", as Unicode names it; empty for characters without a name (private use).
std::string character_name(char32_t character);

}  // namespace attn_viz::figure
