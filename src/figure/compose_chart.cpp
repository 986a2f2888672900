// Lays out a chart: the plot has its upper left corner at (0, 0); ticks and names stand left of it
// and below, labels of marks above, the legend at its right.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

#include "attn_viz/core/error.hpp"
#include "attn_viz/core/label_text.hpp"
#include "attn_viz/figure/chart.hpp"
#include "figure/chart_scale.hpp"
#include "figure/head_colors.hpp"
#include "figure/sheet.hpp"

namespace attn_viz::figure {
namespace {

constexpr int kWidth = 600, kHeight = 420;  // of the plot
constexpr int kTick = 5;
constexpr double kMarker = 4.5;     // from its middle to its corners
constexpr double kMarkerRoom = 14;  // from a marker to the next on its line
constexpr std::size_t kMarkers = 6;

int round(double value) {
  return static_cast<int>(std::lround(value));
}

[[noreturn]] void refuse(const std::string& why) {
  throw Error(ErrorCode::kBug, why);
}

/// The range of x or of y over all points and marks.
ChartScale scale_of(const Chart& chart, const ChartAxis& axis, double ChartPoint::*coordinate) {
  double low = std::numeric_limits<double>::infinity(), high = -low;
  const auto add = [&](const ChartPoint& point) {
    if (!std::isfinite(point.*coordinate)) refuse("a point of a chart is not finite");
    low = std::min(low, point.*coordinate);
    high = std::max(high, point.*coordinate);
  };
  if (chart.series.empty()) refuse("a chart without series cannot be drawn");
  for (const ChartSeries& series : chart.series) {
    if (series.points.empty()) refuse(fmt::format("the series \"{}\" has no points", series.name));
    for (const ChartPoint& point : series.points) add(point);
  }
  for (const ChartMark& mark : chart.marks) add(mark.at);
  return ChartScale(axis, low, high);
}

class ChartComposer {
 public:
  ChartComposer(const Chart& chart, Typesetter& type)
      : chart_(chart),
        type_(type),
        sheet_(chart.theme, type),
        x_(scale_of(chart, chart.x, &ChartPoint::x)),
        y_(scale_of(chart, chart.y, &ChartPoint::y)) {}

  Scene compose() {
    add_frame();
    add_x_axis();
    add_y_axis();
    for (std::size_t i = 0; i < chart_.series.size(); ++i) add_series(i);
    add_marks();
    add_legend();
    sheet_.add_header(chart_.title, chart_.subtitle);
    sheet_.add_notes(chart_.notes);
    return sheet_.finish();
  }

 private:
  double at_x(double value) const { return x_.place(value) * kWidth; }
  double at_y(double value) const { return (1 - y_.place(value)) * kHeight; }

  Rgb color_of(std::size_t series) const {
    return head_color(series % std::min<std::size_t>(chart_.series.size(), 8),
                      std::min<std::size_t>(chart_.series.size(), 8), chart_.theme);
  }

  void add_line(double x0, double y0, double x1, double y1, double width, Rgb color,
                bool dashed = false, double opacity = 1) {
    sheet_.add(LineItem{x0, y0, x1, y1, width, color, opacity, false, dashed});
  }
  void add_polygon(double x, double y, double radius, std::size_t corners, double turned,
                   Rgb color);
  void add_marker(std::size_t series, double x, double y);

  void add_frame();
  void add_x_axis();
  void add_y_axis();
  void add_series(std::size_t index);
  void add_marks();
  void add_legend();

  const Chart& chart_;
  Typesetter& type_;
  Sheet sheet_;
  ChartScale x_, y_;
};

void ChartComposer::add_frame() {
  const Rgb color = sheet_.palette().frame;
  sheet_.add(Rect{0, 0, kWidth, 1, color});
  sheet_.add(Rect{0, kHeight - 1, kWidth, 1, color});
  sheet_.add(Rect{0, 0, 1, kHeight, color});
  sheet_.add(Rect{kWidth - 1, 0, 1, kHeight, color});
}

void ChartComposer::add_x_axis() {
  const Palette& palette = sheet_.palette();
  for (const Tick& tick : x_.ticks(8)) {
    const double x = at_x(tick.value);
    add_line(x, 0, x, kHeight, 1, palette.frame, false, 0.3);
    sheet_.add(Rect{round(x), kHeight, 1, kTick, palette.frame});
    const Run& run = type_.set(tick.text, {12, false, palette.text, 0, false});
    const TextBox& box = run.ink();
    sheet_.add(TextItem{&run, round(x - box.left - box.width / 2),
                        round(kHeight + kTick + 5 - box.top), false, TextKind::kTick});
  }
  if (chart_.x.name.empty()) return;
  const Run& name =
      type_.set(visible_text(chart_.x.name), {13, false, palette.quiet_text, kWidth, true});
  const TextBox& box = name.ink();
  sheet_.add(TextItem{&name, round((kWidth - box.width) / 2 - box.left),
                      round(sheet_.bounds().bottom + 10 - box.top), false, TextKind::kColumnName});
}

void ChartComposer::add_y_axis() {
  const Palette& palette = sheet_.palette();
  for (const Tick& tick : y_.ticks(10)) {
    const double y = at_y(tick.value);
    add_line(0, y, kWidth, y, 1, palette.frame, false, 0.3);
    sheet_.add(Rect{-kTick, round(y), kTick, 1, palette.frame});
    const Run& run = type_.set(tick.text, {12, false, palette.text, 0, false});
    const TextBox& box = run.ink();
    sheet_.add(TextItem{&run, round(-kTick - 5 - box.left - box.width),
                        round(y + 0.365 * run.size() - run.baseline()), false, TextKind::kTick});
  }
  if (chart_.y.name.empty()) return;
  const Run& name =
      type_.set(visible_text(chart_.y.name), {13, false, palette.quiet_text, kHeight, true});
  const TextBox& box = name.ink();
  sheet_.add(TextItem{&name, round(sheet_.bounds().left - 10 - box.top - box.height),
                      round((kHeight + box.width) / 2 + box.left), true, TextKind::kRowName});
}

void ChartComposer::add_polygon(double x, double y, double radius, std::size_t corners,
                                double turned, Rgb color) {
  const auto corner = [&](std::size_t i) {
    const double angle =
        turned + 2 * std::numbers::pi * static_cast<double>(i) / static_cast<double>(corners);
    return std::pair(x + radius * std::sin(angle), y - radius * std::cos(angle));
  };
  for (std::size_t i = 0; i < corners; ++i) {
    const auto [x0, y0] = corner(i);
    const auto [x1, y1] = corner(i + 1);
    add_line(x0, y0, x1, y1, 1.6, color);
  }
}

void ChartComposer::add_marker(std::size_t series, double x, double y) {
  using std::numbers::pi;
  const Rgb color = color_of(series);
  const double r = kMarker;
  switch (series % kMarkers) {
    case 0:
      return add_polygon(x, y, r, 16, 0, color);
    case 1:
      return add_polygon(x, y, r + 0.5, 4, pi / 4, color);
    case 2:
      return add_polygon(x, y, r + 0.5, 3, 0, color);
    case 3:
      add_line(x - r, y - r, x + r, y + r, 1.6, color);
      return add_line(x - r, y + r, x + r, y - r, 1.6, color);
    case 4:
      return add_polygon(x, y, r + 0.5, 4, 0, color);
    default:
      return add_polygon(x, y, r + 0.5, 3, pi, color);
  }
}

void ChartComposer::add_series(std::size_t index) {
  const std::vector<ChartPoint>& points = chart_.series[index].points;
  const Rgb color = color_of(index);
  double last_marker = -std::numeric_limits<double>::infinity();
  for (std::size_t i = 0; i < points.size(); ++i) {
    const double x = at_x(points[i].x), y = at_y(points[i].y);
    if (i + 1 < points.size()) {
      add_line(x, y, at_x(points[i + 1].x), at_y(points[i + 1].y), 2, color, index % 2 == 1);
    }
    if (std::abs(x - last_marker) < kMarkerRoom) continue;
    add_marker(index, x, y);
    last_marker = x;
  }
}

/// Labels stand above the plot, where no line runs; one that would meet another stands higher.
void ChartComposer::add_marks() {
  const Palette& palette = sheet_.palette();
  std::vector<Bounds> labels;
  for (const ChartMark& mark : chart_.marks) {
    const double x = at_x(mark.at.x), y = at_y(mark.at.y);
    add_polygon(x, y, 9, 24, 0, palette.text);
    add_line(x, 0, x, y - 9, 1, palette.text, true, 0.7);
    add_line(x, y + 9, x, kHeight, 1, palette.text, true, 0.7);
    const Run& run = type_.set(visible_text(mark.label), {12, true, palette.text, kWidth, true});
    const TextBox& box = run.ink();
    const double wide = box.left + box.width;
    TextItem item{&run, round(std::clamp(x - wide / 2, 0.0, std::max(0.0, kWidth - wide))),
                  round(-8 - box.top - box.height), false, TextKind::kLegend};
    const auto meets = [&](const Bounds& other) {
      const Bounds own = bounds_of(item);
      return own.left < other.right + 8 && other.left < own.right + 8 &&
             own.top < other.bottom + 4 && other.top < own.bottom + 4;
    };
    for (std::size_t other = 0; other < labels.size(); ++other) {
      if (!meets(labels[other])) continue;
      item.y = round(labels[other].top - 6 - box.top - box.height);
      other = static_cast<std::size_t>(-1);  // from the first again
    }
    labels.push_back(bounds_of(item));
    sheet_.add(item);
  }
}

void ChartComposer::add_legend() {
  constexpr int kSample = 44, kTextRoom = 220, kGap = 12;
  const Palette& palette = sheet_.palette();
  const int x = kWidth + 26;
  double y = 4;
  for (std::size_t i = 0; i < chart_.series.size(); ++i) {
    const Run& run =
        type_.set(visible_text(chart_.series[i].name), {12, false, palette.text, kTextRoom, true});
    const double middle = y + run.baseline() - 0.365 * run.size();
    add_line(x, middle, x + kSample, middle, 2, color_of(i), i % 2 == 1);
    add_marker(i, x + kSample / 2.0, middle);
    sheet_.add(TextItem{&run, x + kSample + 8, round(y), false, TextKind::kLegend});
    y += run.logical().height + kGap;
  }
}

}  // namespace

Scene compose(const Chart& chart, Typesetter& type) {
  return ChartComposer(chart, type).compose();
}

}  // namespace attn_viz::figure
