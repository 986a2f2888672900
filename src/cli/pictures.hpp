// Figures as files.
#pragma once

#include <filesystem>
#include <set>
#include <string>
#include <vector>

#include "attn_viz/figure/paint.hpp"
#include "cli/command.hpp"
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
                                    const std::filesystem::path& folder,
                                    const figure::Fonts& fonts = {});

/// What painting leaves to say.
struct Painted {
  std::vector<char32_t> missing_glyphs;
  /// For each drawing what a bare figure does not say itself, else nothing.
  std::vector<std::vector<std::string>> captions;
};

/// The same with a resolution for PNGs (0: 96, which is not written into the file).
Painted paint_figures(const std::vector<figure::NamedDrawing>& drawings,
                      const std::vector<figure::Format>& formats,
                      const std::filesystem::path& folder, int dpi,
                      const figure::Fonts& fonts = {});

/// The value of --theme: "light", "dark" or "print".
/// @throws Error kUsage
figure::Theme parse_theme(const std::string& text);

/// What a caption should say of figures without words.
void print_captions(const std::vector<figure::NamedDrawing>& drawings, const Painted& painted,
                    Console& console);

/// --dpi N.
void add_dpi_option(Command& command, int& dpi);

/// @throws Error kUsage if a resolution was asked for, but no format has pixels
void expect_pixels(int dpi, const std::vector<figure::Format>& formats);

/// --font FAMILY.
void add_font_option(Command& command, figure::Fonts& fonts);

/// The characters for which no font is installed, over all inputs of a run.
class MissingGlyphs {
 public:
  void add(const std::vector<char32_t>& glyphs, const std::string& input);
  /// One warning that names the inputs and the characters, if there are any.
  void warn(Console& console) const;

 private:
  std::vector<std::string> inputs_;
  std::set<char32_t> glyphs_;
};

}  // namespace attn_viz::cli
