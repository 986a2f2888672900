#include "attn_viz/figure/paint.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <utility>

#include "attn_viz/core/error.hpp"
#include "attn_viz/core/label_text.hpp"
#include "figure/around.hpp"
#include "figure/png.hpp"
#include "figure/raster.hpp"
#include "figure/scene.hpp"
#include "figure/svg.hpp"
#include "figure/text.hpp"
#include "figure/vector.hpp"

namespace attn_viz::figure {
namespace {

/// The characters without a font, over all texts, also labels that were left out: a reader may see
/// them in another picture.
class MissingGlyphs {
 public:
  explicit MissingGlyphs(Typesetter& type) : type_(type) {}

  std::vector<char32_t> of(const Drawing& drawing) {
    std::visit([&](const auto& kind) { add_all(kind); }, drawing);
    std::sort(missing_.begin(), missing_.end());
    missing_.erase(std::unique(missing_.begin(), missing_.end()), missing_.end());
    return std::move(missing_);
  }

 private:
  void add(const std::string& text) { type_.add_missing(visible_text(text), missing_); }
  void add_label(const std::string& text) { type_.add_missing(visible_label(text), missing_); }
  void add_axis(const LabelledAxis& axis) {
    add(axis.name);
    for (const std::string& label : axis.labels) add_label(label);
  }
  /// What every drawing has.
  template <class Kind>
  void add_words(const Kind& drawing) {
    add(drawing.title);
    add(drawing.subtitle);
    for (const std::string& note : drawing.notes) add(note);
  }

  void add_all(const Figure& figure) {
    add_words(figure);
    add(figure.scale.note);
    for (const Panel& panel : figure.panels) add(panel.title);
    for (const LabelledAxis* axis :
         {&figure.rows, &figure.columns, &figure.panel_rows, &figure.panel_columns}) {
      add_axis(*axis);
    }
  }
  void add_all(const TokenLines& lines) {
    add_words(lines);
    for (const HeadLines& head : lines.heads) add(head.name);
    add_axis(lines.queries);
    add_axis(lines.keys);
  }
  void add_all(const Story& story) {
    add_words(story);
    for (const StoryLine& line : story.lines) {
      for (const auto& [sign, over, matrix] : line.terms) {
        for (const std::string& text : {over, matrix.symbol, matrix.equation, matrix.facts}) {
          add(text);
        }
        add_axis(matrix.rows);
        add_axis(matrix.columns);
      }
    }
  }
  void add_all(const Overlay& overlay) {
    add_words(overlay);
    add(overlay.picture_title);
    add(overlay.scale.note);
    for (const OverlayPanel& panel : overlay.panels) {
      add_label(panel.title);
      if (panel.scale) add(panel.scale->note);
    }
  }
  void add_all(const Chart& chart) {
    add_words(chart);
    add(chart.x.name);
    add(chart.y.name);
    for (const ChartSeries& series : chart.series) add(series.name);
    for (const ChartMark& mark : chart.marks) add(mark.label);
  }

  Typesetter& type_;
  std::vector<char32_t> missing_ = {};
};

std::size_t pixels(int n) {
  return static_cast<std::size_t>(n);
}

void check_size(int width, int height) {
  constexpr std::size_t kMostPixels = std::size_t{700} << 20;  // of 3 bytes: below 2³¹
  expect_drawable(width, height);
  if (pixels(width) * pixels(height) > kMostPixels)
    throw Error(ErrorCode::kLimit, fmt::format("the picture would have {} × {} pixels, in all more "
                                               "than {}",
                                               width, height, kMostPixels));
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
  explicit Impl(const Fonts& fonts) : type(fonts) {}
  Typesetter type;
  std::vector<std::uint8_t> pixels;  ///< of the last PNG: its memory serves the next
};

Painter::Painter(const Fonts& fonts) : impl_(std::make_unique<Impl>(fonts)) {}
Painter::~Painter() = default;
Painter::Painter(Painter&&) noexcept = default;
Painter& Painter::operator=(Painter&&) noexcept = default;

Picture Painter::paint(const Drawing& drawing, Format format, int dpi) {
  impl_->type.forget_if_many();
  Scene scene = compose_any(drawing, impl_->type);
  Picture picture;
  picture.unsaid = std::move(scene.unsaid);
  const double scale = dpi > 0 ? dpi / 96.0 : 1;
  picture.missing_glyphs = MissingGlyphs(impl_->type).of(drawing);
  switch (format) {
    case Format::kPng:
      check_size(scaled(scene.width, scale), scaled(scene.height, scale));
      rasterize(scene, scale, impl_->pixels);
      picture.bytes = encode_png(impl_->pixels, pixels(scaled(scene.width, scale)),
                                 pixels(scaled(scene.height, scale)), dpi);
      break;
    case Format::kSvg:
      picture.bytes = to_svg(scene, visible_text(title_of(drawing)));
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

Picture paint(const Drawing& drawing, Format format, int dpi) {
  return Painter().paint(drawing, format, dpi);
}

Layout lay_out(const Drawing& drawing) {
  return Painter().lay_out(drawing);
}

}  // namespace attn_viz::figure
