#include "cli/pictures.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <sstream>
#include <utility>

#include "attn_viz/core/files.hpp"
#include "attn_viz/core/parallel.hpp"
#include "cli/arguments.hpp"

namespace attn_viz::cli {
namespace {

void append_utf8(std::string& text, char32_t c) {
  const auto continuation = [&](int shift) {
    text += static_cast<char>(0x80 | ((c >> shift) & 0x3F));
  };
  if (c < 0x80) {
    text += static_cast<char>(c);
  } else if (c < 0x800) {
    text += static_cast<char>(0xC0 | (c >> 6));
    continuation(0);
  } else if (c < 0x10000) {
    text += static_cast<char>(0xE0 | (c >> 12));
    continuation(6), continuation(0);
  } else {
    text += static_cast<char>(0xF0 | (c >> 18));
    continuation(12), continuation(6), continuation(0);
  }
}

/// An error says which figure it was.
figure::Picture paint_one(figure::Painter& painter, const figure::NamedDrawing& drawing,
                          figure::Format format, int dpi) {
  try {
    return painter.paint(drawing.drawing, format, dpi);
  } catch (Error& error) {
    if (error.place().empty()) error.at(drawing.name);
    throw;
  }
}

}  // namespace

std::vector<figure::Format> parse_formats(const std::string& text) {
  constexpr std::string_view kKnown[] = {"png", "svg", "pdf"};
  constexpr figure::Format kFormats[] = {figure::Format::kPng, figure::Format::kSvg,
                                         figure::Format::kPdf};
  std::vector<figure::Format> formats;
  std::istringstream list(text);
  for (std::string name; std::getline(list, name, ',');) {
    const figure::Format format = kFormats[expect_name("--format", "format", name, kKnown)];
    if (std::find(formats.begin(), formats.end(), format) == formats.end()) {
      formats.push_back(format);
    }
  }
  if (formats.empty()) throw bad_value("--format", "a list of png, svg, pdf", text);
  return formats;
}

figure::Theme parse_theme(const std::string& text) {
  constexpr std::string_view kKnown[] = {"light", "dark", "print"};
  constexpr figure::Theme kThemes[] = {figure::Theme::kLight, figure::Theme::kDark,
                                       figure::Theme::kPrint};
  return kThemes[expect_name("--theme", "theme", text, kKnown)];
}

Painted paint_figures(const std::vector<figure::NamedDrawing>& drawings,
                      const std::vector<figure::Format>& formats,
                      const std::filesystem::path& folder, int dpi, const figure::Fonts& fonts) {
  std::vector<std::vector<char32_t>> missing(drawings.size());
  Painted painted;
  painted.captions.resize(drawings.size());
  const std::size_t share = (drawings.size() + parallel_width() - 1) / parallel_width();
  parallel_for(drawings.size(), share, [&](std::size_t first, std::size_t last) {
    figure::Painter painter(fonts);
    for (std::size_t i = first; i < last; ++i) {
      for (const figure::Format format : formats) {
        figure::Picture picture = paint_one(painter, drawings[i], format, dpi);
        write_file(folder / fmt::format("{}.{}", drawings[i].name, name_of(format)), picture.bytes);
        missing[i] = std::move(picture.missing_glyphs);
        painted.captions[i] = std::move(picture.unsaid);
      }
    }
  });
  std::vector<char32_t>& all = painted.missing_glyphs;
  for (const auto& glyphs : missing) all.insert(all.end(), glyphs.begin(), glyphs.end());
  std::sort(all.begin(), all.end());
  all.erase(std::unique(all.begin(), all.end()), all.end());
  return painted;
}

std::vector<char32_t> write_figures(const std::vector<figure::NamedDrawing>& drawings,
                                    const std::vector<figure::Format>& formats,
                                    const std::filesystem::path& folder,
                                    const figure::Fonts& fonts) {
  return paint_figures(drawings, formats, folder, 0, fonts).missing_glyphs;
}

void print_captions(const std::vector<figure::NamedDrawing>& drawings, const Painted& painted,
                    Console& console) {
  for (std::size_t i = 0; i < drawings.size(); ++i) {
    if (painted.captions[i].empty()) continue;
    console.result(fmt::format("{}: {}", drawings[i].name, fmt::join(painted.captions[i], "; ")));
  }
}

void add_dpi_option(Command& command, int& dpi) {
  command.text("--dpi", "N",
               "Resolution of PNGs: at 192 a picture has twice as many pixels as at 96 (default)",
               [&dpi](const std::string& text) { dpi = expect_number("--dpi", text, 96, 1200); });
}

void expect_pixels(int dpi, const std::vector<figure::Format>& formats) {
  if (dpi == 0) return;
  if (std::find(formats.begin(), formats.end(), figure::Format::kPng) != formats.end()) return;
  throw Error(ErrorCode::kUsage, "SVG and PDF have no pixels; a resolution is for png").at("--dpi");
}

void add_font_option(Command& command, figure::Fonts& fonts) {
  command.text("--font", "FAMILY", "Font of all texts: a family that is installed; DejaVu Sans",
               [&fonts](const std::string& text) {
                 try {
                   fonts = figure::find_fonts(text);
                 } catch (Error& error) {
                   throw error.at("--font");
                 }
               });
}

void MissingGlyphs::add(const std::vector<char32_t>& glyphs, const std::string& input) {
  if (glyphs.empty()) return;
  inputs_.push_back(input);
  glyphs_.insert(glyphs.begin(), glyphs.end());
}

void MissingGlyphs::warn(Console& console) const {
  if (glyphs_.empty()) return;
  constexpr std::size_t kNamed = 10;
  std::string inputs = inputs_[0], names;
  if (inputs_.size() > 1) {
    inputs +=
        fmt::format(" and {} other input{}", inputs_.size() - 1, inputs_.size() == 2 ? "" : "s");
  }
  std::size_t named = 0;
  for (const char32_t glyph : glyphs_) {
    if (named++ == kNamed) break;
    names += names.empty() ? "" : ", ";
    append_utf8(names, glyph);
    names += fmt::format(" (U+{:04X}", static_cast<std::uint32_t>(glyph));
    const std::string name = figure::character_name(glyph);
    names += (name.empty() ? "" : " " + name) + ")";
  }
  if (glyphs_.size() > kNamed) names += fmt::format(" and {} more", glyphs_.size() - kNamed);
  console.warn(
      fmt::format("{}: no installed font has {}; drawn as boxes\n"
                  "  hint: install a font that has them, such as one of Debian's fonts-noto",
                  inputs, names));
}

}  // namespace attn_viz::cli
