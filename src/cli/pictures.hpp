// Figures as files.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "attn_viz/figure/paint.hpp"
#include "cli/console.hpp"

namespace attn_viz::cli {

/// The value of --format: "png,svg" → the formats, each once.
/// @throws Error kUsage
std::vector<figure::Format> parse_formats(const std::string& text);

/// Paints drawings into a folder that exists, on all cores; a thread reuses its fonts and labels
/// from figure to figure.
/// @return the characters for which no font is installed.
std::vector<char32_t> write_figures(const std::vector<figure::NamedDrawing>& drawings,
                                    const std::vector<figure::Format>& formats,
                                    const std::filesystem::path& folder);

/// What painting leaves to say.
struct Painted {
  std::vector<char32_t> missing_glyphs;
  /// For each drawing what a bare figure does not say itself, else nothing.
  std::vector<std::vector<std::string>> captions;
};

/// The same with a resolution for PNGs (0: 96, which is not written into the file).
Painted paint_figures(const std::vector<figure::NamedDrawing>& drawings,
                      const std::vector<figure::Format>& formats,
                      const std::filesystem::path& folder, int dpi);

/// One warning that names the characters, if there are any.
void warn_of_missing(const std::vector<char32_t>& glyphs, const std::string& input,
                     Console& console);

}  // namespace attn_viz::cli
