#include "figure/text.hpp"

#include <hb-ot.h>

#include <algorithm>
#include <cmath>
#include <numbers>

#include "attn_viz/core/label_text.hpp"
#include "figure/cairo_items.hpp"

namespace attn_viz::figure {
namespace {

constexpr char kFamilies[] = "DejaVu Sans,Noto Sans CJK SC,sans-serif";
constexpr std::size_t kMostRuns = 20'000;

struct FreeFont {
  void operator()(PangoFontDescription* font) const { pango_font_description_free(font); }
};
using Font = std::unique_ptr<PangoFontDescription, FreeFont>;

struct FreeIterator {
  void operator()(PangoLayoutIter* iterator) const { pango_layout_iter_free(iterator); }
};
using Iterator = std::unique_ptr<PangoLayoutIter, FreeIterator>;

/// Whether Cairo draws the font's glyphs as images, also into a PDF.
bool is_of_images(PangoFont* font) {
  hb_face_t* face = hb_font_get_face(pango_font_get_hb_font(font));
  return hb_ot_color_has_png(face) || hb_ot_color_has_layers(face) || hb_ot_color_has_svg(face);
}

/// A dot that stands for a whole text. (Cairo leaves out what has no ink.)
void show_as_dot(cairo_t* cairo, const std::string& text, double size, double x, double y) {
  cairo_select_font_face(cairo, "sans-serif", CAIRO_FONT_SLANT_NORMAL, CAIRO_FONT_WEIGHT_NORMAL);
  cairo_set_font_size(cairo, size);
  cairo_glyph_t* dots = nullptr;
  int count = 0;
  cairo_scaled_font_text_to_glyphs(cairo_get_scaled_font(cairo), x, y, ".", 1, &dots, &count,
                                   nullptr, nullptr, nullptr);
  const cairo_text_cluster_t all{static_cast<int>(text.size()), 1};
  if (count == 1)
    cairo_show_text_glyphs(cairo, text.data(), all.num_bytes, dots, 1, &all, 1,
                           cairo_text_cluster_flags_t{});
  cairo_glyph_free(dots);
}

/// Shows a run of Arabic or Hebrew with its letters in the order in which they stand, which is what
/// readers of PDF expect; Cairo would write them from right to left.
/// @return false if the run is another
bool show_from_left(cairo_t* cairo, const PangoGlyphItem& run, const std::string& text, double x,
                    double y) {
  const PangoGlyphString& string = *run.glyphs;
  const bool ellipsis = run.item->analysis.flags & PANGO_ANALYSIS_FLAG_IS_ELLIPSIS;
  if (run.item->analysis.level % 2 == 0 || ellipsis) return false;
  std::vector<cairo_glyph_t> glyphs;
  std::vector<cairo_text_cluster_t> clusters;
  std::string shown;
  int end = run.item->length;
  for (int i = 0, width = 0; i < string.num_glyphs; width += string.glyphs[i++].geometry.width) {
    const PangoGlyphInfo& info = string.glyphs[i];
    if (info.glyph & PANGO_GLYPH_UNKNOWN_FLAG) return false;
    const int first = string.log_clusters[i];
    if (i == 0 || first != string.log_clusters[i - 1]) {
      clusters.push_back({end - first, 0});
      shown += text.substr(static_cast<std::size_t>(run.item->offset + first),
                           static_cast<std::size_t>(end - first));
      end = first;
    }
    if (info.glyph == PANGO_GLYPH_EMPTY) continue;
    ++clusters.back().num_glyphs;
    glyphs.push_back({info.glyph,
                      x + static_cast<double>(width + info.geometry.x_offset) / PANGO_SCALE,
                      y + static_cast<double>(info.geometry.y_offset) / PANGO_SCALE});
  }
  cairo_set_scaled_font(
      cairo, pango_cairo_font_get_scaled_font(PANGO_CAIRO_FONT(run.item->analysis.font)));
  cairo_show_text_glyphs(cairo, shown.data(), static_cast<int>(shown.size()), glyphs.data(),
                         static_cast<int>(glyphs.size()), clusters.data(),
                         static_cast<int>(clusters.size()), cairo_text_cluster_flags_t{});
  return true;
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
      bold_(style.bold),
      color_(style.color) {
  PangoLayout* layout = layout_.get();
  pango_layout_set_font_description(layout, font);
  pango_layout_set_text(layout, text_.data(), static_cast<int>(text_.size()));
  PangoRectangle ink, logical;
  if (style.max_width > 0) {
    if (style.wrap) {
      pango_layout_set_width(layout, style.max_width * PANGO_SCALE);
      pango_layout_set_wrap(layout, PANGO_WRAP_WORD_CHAR);
      // No sign that nobody wrote where a long word is broken.
      PangoAttrList* attributes = pango_attr_list_new();
      pango_attr_list_insert(attributes, pango_attr_insert_hyphens_new(FALSE));
      pango_layout_set_attributes(layout, attributes);
      pango_attr_list_unref(attributes);
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

std::vector<TextLine> Run::lines() const {
  auto pixels = [](int units) { return static_cast<double>(units) / PANGO_SCALE; };
  auto index = [](int n) { return static_cast<std::size_t>(n); };
  std::vector<TextLine> lines;
  const Iterator iterator(pango_layout_get_iter(layout_.get()));
  do {
    const PangoLayoutLine* line = pango_layout_iter_get_line_readonly(iterator.get());
    PangoRectangle box;
    pango_layout_iter_get_line_extents(iterator.get(), nullptr, &box);
    TextLine& shown = lines.emplace_back();
    shown.left = pixels(box.x);
    shown.width = pixels(box.width);
    shown.baseline = pixels(pango_layout_iter_get_baseline(iterator.get()));
    shown.rightward = line->resolved_dir != PANGO_DIRECTION_RTL;
    const std::size_t first = index(line->start_index), end = first + index(line->length);
    shown.text = text_.substr(first, end - first);
    for (const GSList* runs = line->runs; runs != nullptr; runs = runs->next) {
      const PangoItem* item = static_cast<const PangoLayoutRun*>(runs->data)->item;
      if (item->analysis.flags & PANGO_ANALYSIS_FLAG_IS_ELLIPSIS)
        shown.text = text_.substr(first, index(item->offset) - first) + "…";
    }
    // Where lines were broken, the space is no longer seen but still separates words.
    while (!shown.text.empty() && shown.text.back() == ' ' && end < text_.size()) {
      shown.text.pop_back();
      shown.space_after = true;
    }
    if (end < text_.size() && text_[end] == '\n') shown.space_after = true;
  } while (pango_layout_iter_next_line(iterator.get()));
  return lines;
}

std::vector<std::string> Run::families() const {
  // The one that was asked for comes first, or viewers would set Latin in the first fallback.
  const std::string asked =
      pango_font_description_get_family(pango_layout_get_font_description(layout_.get()));
  std::vector<std::string> families{asked.substr(0, asked.find(','))};
  const Iterator iterator(pango_layout_get_iter(layout_.get()));
  do {
    const PangoLayoutRun* run = pango_layout_iter_get_run_readonly(iterator.get());
    if (run == nullptr || run->item->analysis.font == nullptr) continue;
    const Font font(pango_font_describe(run->item->analysis.font));
    const char* family = pango_font_description_get_family(font.get());
    if (family != nullptr && std::find(families.begin(), families.end(), family) == families.end())
      families.emplace_back(family);
  } while (pango_layout_iter_next_run(iterator.get()));
  return families;
}

void Run::show(cairo_t* cairo, double x, double y, bool upward) const {
  cairo_save(cairo);
  cairo_translate(cairo, x, y);
  if (upward) cairo_rotate(cairo, -std::numbers::pi / 2);
  set_color(cairo, color_);
  cairo_move_to(cairo, 0, 0);
  pango_cairo_show_layout(cairo, layout_.get());
  cairo_restore(cairo);
}

void Run::show_for_search(cairo_t* cairo, double x, double y, bool upward, Rgb paper) const {
  cairo_save(cairo);
  cairo_translate(cairo, x, y);
  if (upward) cairo_rotate(cairo, -std::numbers::pi / 2);
  const Iterator iterator(pango_layout_get_iter(layout_.get()));
  do {
    PangoLayoutRun* run = pango_layout_iter_get_run_readonly(iterator.get());
    if (run == nullptr) continue;
    PangoRectangle box;
    pango_layout_iter_get_run_extents(iterator.get(), nullptr, &box);
    const double left = in_pixels(box).left;
    const double baseline =
        static_cast<double>(pango_layout_iter_get_baseline(iterator.get())) / PANGO_SCALE;
    if (is_of_images(run->item->analysis.font)) {
      set_color(cairo, paper);
      show_as_dot(cairo,
                  text_.substr(static_cast<std::size_t>(run->item->offset),
                               static_cast<std::size_t>(run->item->length)),
                  size_, left, baseline);
    }
    set_color(cairo, color_);
    if (show_from_left(cairo, *run, text_, left, baseline)) continue;
    cairo_move_to(cairo, left, baseline);
    pango_cairo_show_glyph_item(cairo, text_.c_str(), run);
  } while (pango_layout_iter_next_run(iterator.get()));
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

Typesetter::Typesetter(const Fonts& fonts)
    : families_((fonts.family.empty() ? "" : fonts.family + ",") + kFamilies),
      context_(pango_font_map_create_context(pango_cairo_font_map_get_default())) {
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

PangoFontDescription* Typesetter::make_font(double size, bool bold) const {
  PangoFontDescription* font = pango_font_description_new();
  pango_font_description_set_family(font, families_.c_str());
  pango_font_description_set_absolute_size(font, size * PANGO_SCALE);
  pango_font_description_set_weight(font, bold ? PANGO_WEIGHT_BOLD : PANGO_WEIGHT_NORMAL);
  return font;
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
    const Font font(make_font(std::round(style.size * 4) / 4, style.bold));
    run = std::make_unique<Run>(context_.get(), font.get(), style, std::string(text));
  }
  return *run;
}

bool Typesetter::has_glyph(char32_t character) {
  const auto known = has_glyph_.find(character);
  if (known != has_glyph_.end()) return known->second;
  if (!fonts_) {
    const Font font(make_font(12, false));
    fonts_.reset(pango_context_load_fontset(context_.get(), font.get(),
                                            pango_context_get_language(context_.get())));
  }
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
