// How pictures look.
#include "cli/look_options.hpp"

#include <algorithm>
#include <memory>

#include "cli/arguments.hpp"
#include "cli/pictures.hpp"

namespace attn_viz::cli {
namespace {

constexpr const char* kHow = "How it looks";

/// "800x600", or "800" for the width alone.
figure::Canvas parse_size(const std::string& text) {
  constexpr int kLeast = 40, kMost = 32'767;
  const std::size_t cross = text.find('x');
  const std::string_view all = text;
  const auto width = parse_number<int>(all.substr(0, cross));
  std::optional<int> height = 0;
  if (cross != std::string::npos) height = parse_number<int>(all.substr(cross + 1));
  const auto fits = [&](int side) { return side >= kLeast && side <= kMost; };
  if (!width || !fits(*width) || !height || (cross != std::string::npos && !fits(*height)))
    throw bad_value("--size", "WIDTHxHEIGHT or WIDTH in pixels, each from 40 to 32767", text);
  return {*width, *height};
}

}  // namespace

void add_look_options(Command& command, figure::Look& look) {
  const auto text = [&](const char* name, const char* value, const char* help, TakeText take) {
    command.text(name, value, help, std::move(take)).group(kHow);
  };
  text("--size", "WxH", "Width and height of the picture in pixels, or the width alone",
       [&](const std::string& size) { look.canvas = parse_size(size); });
  text("--theme", "NAME", "light (default), dark, or print (greys)",
       [&](const std::string& name) { look.theme = parse_theme(name); });
  text("--colormap", "NAME",
       "viridis, magma, inferno, plasma, cividis, greys, blues or diverging (for signed values)",
       [&](const std::string& name) {
         using figure::ColorMap;
         constexpr std::string_view kKnown[] = {"viridis", "magma", "inferno", "plasma",
                                                "cividis", "greys", "blues",   "diverging"};
         constexpr ColorMap kMaps[] = {ColorMap::kViridis, ColorMap::kMagma,    ColorMap::kInferno,
                                       ColorMap::kPlasma,  ColorMap::kCividis,  ColorMap::kGreys,
                                       ColorMap::kBlues,   ColorMap::kDiverging};
         look.map = kMaps[expect_name("--colormap", "color map", name, kKnown)];
       });
  text("--values", "WHEN", "Numbers in the cells: auto (default, where they fit), on or off",
       [&](const std::string& when) {
         constexpr std::string_view kKnown[] = {"auto", "on", "off"};
         constexpr figure::ShowValues kWhen[] = {figure::ShowValues::kAuto, figure::ShowValues::kOn,
                                                 figure::ShowValues::kOff};
         look.show_values = kWhen[expect_name("--values", "choice", when, kKnown)];
       });
  text("--digits", "N", "Decimals of those numbers",
       [&](const std::string& number) { look.digits = expect_number("--digits", number, 0, 12); });
  text("--reduce", "NAME",
       "mean (default) or max: what a drawn cell shows where the matrix has more cells than pixels",
       [&](const std::string& name) {
         constexpr std::string_view kKnown[] = {"mean", "max"};
         const bool mean = expect_name("--reduce", "reduction", name, kKnown) == 0;
         look.reduce = mean ? figure::Reduce::kMean : figure::Reduce::kMax;
       });
  text("--title", "TEXT", "Instead of the document's title",
       [&](const std::string& title) { look.title = title; });
  command.keep("--transpose", &look.transpose, "Queries across, keys down").group(kHow);
  command
      .keep("--no-labels", &look.bare,
            "For papers: no title, labels or notes; what they said is printed")
      .group(kHow);
}

void add_color_scale_option(Command& command, const char* help, std::vector<ScaleName> scales,
                            std::function<void(figure::ScaleChoice)> take) {
  command
      .text("--color-scale", "NAME", help,
            [scales = std::move(scales), take = std::move(take)](const std::string& name) {
              std::vector<std::string_view> known;
              for (const ScaleName& scale : scales) known.push_back(scale.name);
              take(scales[expect_name("--color-scale", "scale", name, known)].scale);
            })
      .group(kHow);
}

}  // namespace attn_viz::cli
