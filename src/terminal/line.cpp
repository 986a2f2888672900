#include "terminal/line.hpp"

#include <fmt/format.h>

#include <cstdint>

#include "terminal/text.hpp"

namespace attn_viz::terminal {
namespace {

using figure::Rgb;

constexpr std::uint8_t kCubeLevels[] = {0, 95, 135, 175, 215, 255};

int distance(Rgb a, Rgb b) {
  const int red = a.red - b.red, green = a.green - b.green, blue = a.blue - b.blue;
  return red * red + green * green + blue * blue;
}

/// The entry of xterm's palette that is nearest: 16 to 231 are a cube of 6 × 6 × 6, 232 to 255 are
/// greys. (The first 16 differ from terminal to terminal.)
struct Entry {
  int index = 16;
  Rgb color = {};
};

Entry nearest_entry(Rgb wanted) {
  const auto level = [](std::uint8_t channel) {
    return channel < 48 ? 0 : channel < 115 ? 1 : (channel - 35) / 40;
  };
  const int red = level(wanted.red), green = level(wanted.green), blue = level(wanted.blue);
  const Entry cube{16 + 36 * red + 6 * green + blue,
                   {kCubeLevels[red], kCubeLevels[green], kCubeLevels[blue]}};
  const int mean = (wanted.red + wanted.green + wanted.blue) / 3;
  const int step = mean < 8 ? 0 : mean > 238 ? 23 : (mean - 3) / 10;
  const auto grey_level = static_cast<std::uint8_t>(8 + 10 * step);
  const Entry grey{232 + step, {grey_level, grey_level, grey_level}};
  return distance(grey.color, wanted) < distance(cube.color, wanted) ? grey : cube;
}

}  // namespace

Rgb shown_color(Rgb color, Color mode) {
  return mode == Color::kPalette ? nearest_entry(color).color : color;
}

void Line::pad_to(std::size_t column) {
  if (column <= width_) return;
  text(std::string(column - width_, ' '));
}

void Line::text(std::string_view text) {
  this->text(text, std::nullopt, std::nullopt);
}

void Line::set(std::optional<Rgb>& current, std::optional<Rgb> wanted, int layer) {
  if (current == wanted || mode_ == Color::kNone) return;
  current = wanted;
  if (!wanted) {
    text_ += fmt::format("\x1b[{}m", layer + 1);
  } else if (mode_ == Color::kPalette) {
    text_ += fmt::format("\x1b[{};5;{}m", layer, nearest_entry(*wanted).index);
  } else {
    text_ += fmt::format("\x1b[{};2;{};{};{}m", layer, wanted->red, wanted->green, wanted->blue);
  }
}

void Line::text(std::string_view text, std::optional<Rgb> foreground,
                std::optional<Rgb> background) {
  constexpr int kForeground = 38, kBackground = 48;
  set(foreground_, foreground, kForeground);
  set(background_, background, kBackground);
  text_ += text;
  width_ += width_of(text);
}

std::string Line::finish() && {
  set(foreground_, std::nullopt, 38);
  const bool colored = background_.has_value();
  set(background_, std::nullopt, 48);
  if (!colored) text_.erase(text_.find_last_not_of(' ') + 1);
  return std::move(text_) + "\n";
}

}  // namespace attn_viz::terminal
