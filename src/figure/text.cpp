#include "figure/text.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "figure/label_text.hpp"

namespace attn_viz::figure {
namespace {

constexpr char kFamilies[] = "DejaVu Sans,Noto Sans CJK SC,sans-serif";
constexpr std::size_t kMostRuns = 20'000;

struct FreeFont {
  void operator()(PangoFontDescription* font) const { pango_font_description_free(font); }
};
using Font = std::unique_ptr<PangoFontDescription, FreeFont>;

Font make_font(double size, bool bold) {
  Font font(pango_font_description_new());
  pango_font_description_set_family_static(font.get(), kFamilies);
  pango_font_description_set_absolute_size(font.get(), size * PANGO_SCALE);
  pango_font_description_set_weight(font.get(), bold ? PANGO_WEIGHT_BOLD : PANGO_WEIGHT_NORMAL);
  return font;
}

TextBox in_pixels(const PangoRectangle& box) {
  auto pixels = [](int units) { return static_cast<double>(units) / PANGO_SCALE; };
  return {pixels(box.x), pixels(box.y), pixels(box.width), pixels(box.height)};
}

}  // namespace

Run::Run(PangoContext* context, const PangoFontDescription* font, const Style& style,
         std::string text)
    : layout_(pango_layout_new(context)),
      text_(std::move(text)),
      size_(style.size),
      color_(style.color) {
  PangoLayout* layout = layout_.get();
  pango_layout_set_font_description(layout, font);
  pango_layout_set_text(layout, text_.data(), static_cast<int>(text_.size()));
  PangoRectangle ink, logical;
  if (style.max_width > 0) {
    if (style.wrap) {
      pango_layout_set_width(layout, style.max_width * PANGO_SCALE);
      pango_layout_set_wrap(layout, PANGO_WRAP_WORD_CHAR);
    } else {
      pango_layout_get_extents(layout, nullptr, &logical);
      if (logical.width > style.max_width * PANGO_SCALE) {
        pango_layout_set_width(layout, style.max_width * PANGO_SCALE);
        pango_layout_set_ellipsize(layout, PANGO_ELLIPSIZE_END);
        shortened_ = pango_layout_is_ellipsized(layout);
      }
    }
  }
  pango_layout_get_extents(layout, &ink, &logical);
  ink_ = in_pixels(ink);
  logical_ = in_pixels(logical);
  baseline_ = static_cast<double>(pango_layout_get_baseline(layout)) / PANGO_SCALE;
}

void Run::show(cairo_t* cairo, double x, double y, bool upward) const {
  cairo_save(cairo);
  cairo_translate(cairo, x, y);
  if (upward) cairo_rotate(cairo, -std::numbers::pi / 2);
  cairo_set_source_rgb(cairo, color_.red / 255.0, color_.green / 255.0, color_.blue / 255.0);
  cairo_move_to(cairo, 0, 0);
  pango_cairo_show_layout(cairo, layout_.get());
  cairo_restore(cairo);
}

const Sprite& Run::sprite(bool upward, double scale) const {
  if (scale != sprite_scale_) {
    for (std::optional<Sprite>& old : sprites_) old.reset();
    sprite_scale_ = scale;
  }
  std::optional<Sprite>& sprite = sprites_[upward];
  if (sprite) return *sprite;
  sprite.emplace();
  // The ink's box, turned, with a pixel around for hinting.
  const double left = scale * (upward ? ink_.top : ink_.left);
  const double top = scale * (upward ? -(ink_.left + ink_.width) : ink_.top);
  const double width = scale * (upward ? ink_.height : ink_.width);
  const double height = scale * (upward ? ink_.width : ink_.height);
  sprite->left = static_cast<int>(std::floor(left)) - 1;
  sprite->top = static_cast<int>(std::floor(top)) - 1;
  sprite->width = static_cast<int>(std::ceil(left + width)) + 1 - sprite->left;
  sprite->height = static_cast<int>(std::ceil(top + height)) + 1 - sprite->top;

  const int stride = 4 * sprite->width;
  sprite->pixels.assign(static_cast<std::size_t>(stride * sprite->height), 0);
  cairo_surface_t* surface = cairo_image_surface_create_for_data(
      sprite->pixels.data(), CAIRO_FORMAT_ARGB32, sprite->width, sprite->height, stride);
  cairo_t* cairo = cairo_create(surface);
  cairo_translate(cairo, -sprite->left, -sprite->top);
  cairo_scale(cairo, scale, scale);
  show(cairo, 0, 0, upward);
  cairo_destroy(cairo);
  cairo_surface_flush(surface);
  cairo_surface_destroy(surface);
  return *sprite;
}

Typesetter::Typesetter()
    : context_(pango_font_map_create_context(pango_cairo_font_map_get_default())) {
  // Nothing from the user's desktop settings: the same picture everywhere.
  cairo_font_options_t* options = cairo_font_options_create();
  cairo_font_options_set_antialias(options, CAIRO_ANTIALIAS_GRAY);
  cairo_font_options_set_hint_style(options, CAIRO_HINT_STYLE_SLIGHT);
  cairo_font_options_set_hint_metrics(options, CAIRO_HINT_METRICS_OFF);
  pango_cairo_context_set_font_options(context_.get(), options);
  cairo_font_options_destroy(options);
  pango_cairo_context_set_resolution(context_.get(), 96);
  pango_context_set_language(context_.get(), pango_language_from_string("en"));
}

const Run& Typesetter::set(std::string_view text, const Style& style) {
  // Quarters of a pixel tell sizes apart.
  key_.clear();
  const int numbers[] = {static_cast<int>(std::lround(style.size * 4)), style.max_width};
  key_.append(reinterpret_cast<const char*>(numbers), sizeof numbers);
  const std::uint8_t bytes[] = {style.bold, style.wrap, style.color.red, style.color.green,
                                style.color.blue};
  key_.append(reinterpret_cast<const char*>(bytes), sizeof bytes);
  key_ += text;
  std::unique_ptr<Run>& run = runs_[key_];
  if (!run) {
    const Font font = make_font(std::round(style.size * 4) / 4, style.bold);
    run = std::make_unique<Run>(context_.get(), font.get(), style, std::string(text));
  }
  return *run;
}

bool Typesetter::has_glyph(char32_t character) {
  const auto known = has_glyph_.find(character);
  if (known != has_glyph_.end()) return known->second;
  if (!fonts_)
    fonts_.reset(pango_context_load_fontset(context_.get(), make_font(12, false).get(),
                                            pango_context_get_language(context_.get())));
  const std::unique_ptr<PangoFont, Unref> font(pango_fontset_get_font(fonts_.get(), character));
  const bool has = font && pango_font_has_char(font.get(), character);
  has_glyph_.emplace(character, has);
  return has;
}

void Typesetter::add_missing(std::string_view text, std::vector<char32_t>& missing) {
  const bool ascii = std::all_of(text.begin(), text.end(),
                                 [](char c) { return static_cast<unsigned char>(c) < 0x80; });
  if (ascii) return;
  while (!text.empty()) {
    const char32_t c = take_character(text);
    // Joiners, variation selectors, tags and spaces draw nothing.
    const bool silent = c < 0x80 || pango_is_zero_width(c) || g_unichar_isspace(c) ||
                        (c >= 0xFE00 && c <= 0xFE0F) || (c >= 0xE0000 && c <= 0xE0FFF);
    if (!silent && !has_glyph(c)) missing.push_back(c);
  }
}

void Typesetter::forget_if_many() {
  if (runs_.size() > kMostRuns) runs_.clear();
}

}  // namespace attn_viz::figure
