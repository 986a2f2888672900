#include "figure/axis.hpp"

#include <algorithm>
#include <cmath>
#include <string>

#include "attn_viz/core/label_text.hpp"

namespace attn_viz::figure {
namespace {

constexpr double kSmallest = 10, kLargest = 13;  // font sizes
constexpr int kGap = 7, kTickGap = 9;            // between matrix and label
constexpr int kTick = 4;

std::string label_at(const LabelledAxis& axis, std::size_t i) {
  return axis.labels.empty() ? std::to_string(i) : visible_label(axis.labels[i]);
}

/// Labels such as 17 or (3, 4), which read best upright, every tenth if need be.
bool is_index(const LabelledAxis& axis) {
  return std::all_of(axis.labels.begin(), axis.labels.end(), [](const std::string& label) {
    return label.size() <= 9 && label.find_first_not_of("0123456789,;:.() ") == std::string::npos;
  });
}

/// 1, 2, 5, 10, 20, 50, …
std::size_t next_step(std::size_t step) {
  std::size_t first = step;
  while (first >= 10) first /= 10;
  return first == 2 ? step / 2 * 5 : step * 2;
}

enum class Way { kUpright, kUpward, kRow };

class Placer {
 public:
  Placer(const LabelledAxis& axis, const AxisPlace& place, const Palette& palette, Typesetter& type)
      : axis_(axis), place_(place), palette_(palette), type_(type) {
    pitch_ = static_cast<double>(place.cell) / static_cast<double>(place.reduction);
  }

  double pitch() const { return pitch_; }

  /// The middle of row or column i, in pixels along the axis.
  double middle(std::size_t i) const {
    return std::min((static_cast<double>(i) + 0.5) * pitch_, place_.length - 0.5);
  }

  /// Places every step-th label; false as soon as two meet (or one had to be shortened, where the
  /// width is the cell's).
  bool place(std::size_t step, Way way, double size, int longest, AxisLabels& out) const {
    out.texts.clear();
    const bool upright = way == Way::kUpright;
    const int gap = step > 1 ? kTickGap : kGap;
    const double apart = upright ? 6 : 1;
    const Style style{size, false, palette_.text, longest, false};
    double end = -1e9;
    for (std::size_t i = 0; i < place_.count; i += step) {
      const Run& run = type_.set(label_at(axis_, i), style);
      if (upright && run.shortened()) return false;
      const TextItem item = item_at(run, middle(i), way, gap);
      const Bounds box = bounds_of(item);
      const double start = way == Way::kRow ? box.top : box.left;
      if (start < end + apart) return false;
      end = std::max(end, way == Way::kRow ? box.bottom : box.right);
      out.texts.push_back(item);
    }
    return true;
  }

  void add_ticks(std::size_t step, AxisLabels& out) const {
    for (std::size_t i = 0; i < place_.count; i += step) {
      const int at = static_cast<int>(std::floor(middle(i)));
      if (place_.side == Side::kLeft)
        out.ticks.push_back({-1 - kTick, at, kTick, 1, palette_.frame});
      else
        out.ticks.push_back(
            {at, place_.side == Side::kAbove ? -1 - kTick : 1, 1, kTick, palette_.frame});
    }
  }

 private:
  /// Half the height of capitals below the middle stands the baseline, whatever the script.
  TextItem item_at(const Run& run, double at, Way way, int gap) const {
    const TextBox& box = run.logical();
    const double shift = 0.365 * run.size();
    auto round = [](double value) { return static_cast<int>(std::lround(value)); };
    if (way == Way::kRow)
      return {&run, round(-gap - box.left - box.width), round(at + shift - run.baseline()), false,
              TextKind::kRowLabel};
    if (way == Way::kUpward) {
      const double y = place_.side == Side::kAbove ? -gap + box.left : gap + box.left + box.width;
      return {&run, round(at + shift - run.baseline()), round(y), true, TextKind::kColumnLabel};
    }
    // Upright: on a common baseline, in the middle of the cell.
    const double y = place_.side == Side::kAbove ? -gap - 0.2 * run.size() - run.baseline()
                                                 : gap + 0.8 * run.size() - run.baseline();
    return {&run, round(at - box.left - box.width / 2), round(y), false, TextKind::kColumnLabel};
  }

  const LabelledAxis& axis_;
  const AxisPlace& place_;
  const Palette& palette_;
  Typesetter& type_;
  double pitch_ = 1;
};

}  // namespace

AxisLabels place_labels(const LabelledAxis& axis, const AxisPlace& place, const Palette& palette,
                        Typesetter& type) {
  const Placer placer(axis, place, palette, type);
  AxisLabels labels;
  auto done = [&](std::size_t step) {
    if (step > 1) placer.add_ticks(step, labels);
    return labels;
  };

  const bool index = is_index(axis);

  // Columns: upright if every word fits above its cell; indices upright in any case.
  if (place.side != Side::kLeft) {
    for (std::size_t step = 1; index || step == 1; step = next_step(step)) {
      const double room = static_cast<double>(step) * placer.pitch();
      if (room < 12 && step < place.count) continue;
      const int longest = index ? place.longest : static_cast<int>(room) - 6;
      for (const double size : {kLargest, 11.5, kSmallest})
        if (longest > 0 && placer.place(step, Way::kUpright, size, longest, labels))
          return done(step);
      if (step >= place.count) break;
    }
  }

  // Rows, and columns that are read upwards: every step-th line.
  const Way way = place.side == Side::kLeft ? Way::kRow : Way::kUpward;
  for (std::size_t step = 1;; step = next_step(step)) {
    const double room = static_cast<double>(step) * placer.pitch();
    // Words are worth every line that they fit on; of indices, some are enough.
    const double least = index && step > 1 ? 2 * kSmallest : 1.2 * kSmallest;
    if (room < least && step < place.count) continue;
    const double size = std::clamp(room / 1.25, kSmallest, kLargest);
    if (placer.place(step, way, size, place.longest, labels) || step >= place.count)
      return done(step);
  }
}

}  // namespace attn_viz::figure
