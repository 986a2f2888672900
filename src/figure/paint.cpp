#include "attn_viz/figure/paint.hpp"

#include <algorithm>
#include <cstdint>

#include "figure/label_text.hpp"
#include "figure/png.hpp"
#include "figure/raster.hpp"
#include "figure/scene.hpp"
#include "figure/text.hpp"
#include "figure/vector.hpp"

namespace attn_viz::figure {
namespace {

/// Over all texts, also labels that were left out: a reader may see them in another picture.
std::vector<char32_t> missing_glyphs(const Figure& figure, Typesetter& type) {
  std::vector<char32_t> missing;
  auto add = [&](const std::string& text) { type.add_missing(visible_text(text), missing); };
  auto add_label = [&](const std::string& text) { type.add_missing(visible_label(text), missing); };
  add(figure.title);
  add(figure.subtitle);
  add(figure.scale.note);
  for (const std::string& note : figure.notes) add(note);
  for (const Panel& panel : figure.panels) add(panel.title);
  for (const LabelledAxis* axis : {&figure.rows, &figure.columns}) {
    add(axis->name);
    for (const std::string& label : axis->labels) add_label(label);
  }
  std::sort(missing.begin(), missing.end());
  missing.erase(std::unique(missing.begin(), missing.end()), missing.end());
  return missing;
}

std::vector<char32_t> missing_glyphs(const Overlay& overlay, Typesetter& type) {
  std::vector<char32_t> missing;
  auto add = [&](const std::string& text) { type.add_missing(visible_text(text), missing); };
  add(overlay.title);
  add(overlay.subtitle);
  add(overlay.picture_title);
  add(overlay.scale.note);
  for (const std::string& note : overlay.notes) add(note);
  for (const OverlayPanel& panel : overlay.panels) {
    type.add_missing(visible_label(panel.title), missing);
    if (panel.scale) add(panel.scale->note);
  }
  std::sort(missing.begin(), missing.end());
  missing.erase(std::unique(missing.begin(), missing.end()), missing.end());
  return missing;
}

Scene compose_any(const Drawing& drawing, Typesetter& type) {
  return std::visit([&](const auto& kind) { return compose(kind, type); }, drawing);
}

const std::string& title_of(const Drawing& drawing) {
  return std::visit([](const auto& kind) -> const std::string& { return kind.title; }, drawing);
}

}  // namespace

std::string_view name_of(Format format) {
  switch (format) {
    case Format::kPng:
      return "png";
    case Format::kSvg:
      return "svg";
    case Format::kPdf:
      return "pdf";
  }
  return "";
}

struct Painter::Impl {
  Typesetter type;
  std::vector<std::uint8_t> pixels;  ///< of the last PNG: its memory serves the next
};

Painter::Painter() : impl_(std::make_unique<Impl>()) {}
Painter::~Painter() = default;
Painter::Painter(Painter&&) noexcept = default;
Painter& Painter::operator=(Painter&&) noexcept = default;

Picture Painter::paint(const Drawing& drawing, Format format) {
  impl_->type.forget_if_many();
  const Scene scene = compose_any(drawing, impl_->type);
  Picture picture;
  std::visit([&](const auto& kind) { picture.missing_glyphs = missing_glyphs(kind, impl_->type); },
             drawing);
  switch (format) {
    case Format::kPng:
      rasterize(scene, impl_->pixels);
      picture.bytes = encode_png(impl_->pixels, static_cast<std::size_t>(scene.width),
                                 static_cast<std::size_t>(scene.height));
      break;
    case Format::kSvg:
      picture.bytes = to_svg(scene);
      break;
    case Format::kPdf:
      picture.bytes = to_pdf(scene, visible_text(title_of(drawing)));
      break;
  }
  return picture;
}

Layout Painter::lay_out(const Drawing& drawing) {
  impl_->type.forget_if_many();
  const Scene scene = compose_any(drawing, impl_->type);
  auto pixels = [](int n) { return static_cast<std::size_t>(n); };
  Layout layout;
  layout.width = pixels(scene.width);
  layout.height = pixels(scene.height);
  for (const PanelScene& panel : scene.panels)
    layout.panels.push_back({pixels(panel.x), pixels(panel.y), pixels(panel.cell_width),
                             pixels(panel.cell_height), panel.row_reduction, panel.column_reduction,
                             panel.levels.rows, panel.levels.columns});
  for (const ImageItem& image : scene.images)
    layout.images.push_back(
        {pixels(image.x), pixels(image.y), pixels(image.width), pixels(image.height)});
  for (const TextItem& item : scene.texts) {
    const Bounds box = bounds_of(item);
    layout.texts.push_back({item.kind, item.run->text(), box.left, box.top, box.right - box.left,
                            box.bottom - box.top, item.upward, item.run->shortened()});
  }
  return layout;
}

Picture paint(const Drawing& drawing, Format format) {
  return Painter().paint(drawing, format);
}

Layout lay_out(const Drawing& drawing) {
  return Painter().lay_out(drawing);
}

}  // namespace attn_viz::figure
