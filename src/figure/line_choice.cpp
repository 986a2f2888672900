#include "figure/line_choice.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <tuple>

#include "attn_viz/core/error.hpp"

namespace attn_viz::figure {
namespace {

bool is_stronger(const ChosenLine& a, const ChosenLine& b) {
  const double x = std::abs(a.weight), y = std::abs(b.weight);
  if (x != y) return x > y;
  return std::tie(a.query, a.key, a.head) < std::tie(b.query, b.key, b.head);
}

/// Leaves the strongest kMostLines.
void cut(std::vector<ChosenLine>& lines) {
  if (lines.size() <= kMostLines) return;
  std::nth_element(lines.begin(), lines.begin() + kMostLines, lines.end(), is_stronger);
  lines.resize(kMostLines);
}

}  // namespace

LineChoice choose_lines(const TokenLines& figure) {
  LineChoice choice;
  std::vector<ChosenLine> of_query;
  std::size_t strong = 0;
  for (std::size_t h = 0; h < figure.heads.size(); ++h) {
    const Matrix& weights = figure.heads[h].weights;
    for (std::size_t i = 0; i < weights.rows(); ++i) {
      for (std::size_t j = 0; j < weights.columns(); ++j) {
        const double weight = weights.at(i, j), strength = std::abs(weight) / figure.strongest;
        if (weight == 0 || (std::isinf(weight) && weight < 0)) continue;
        if (!std::isfinite(weight))
          throw Error(ErrorCode::kBug,
                      fmt::format("{} cannot be drawn (row {}, column {} of \"{}\")",
                                  std::isnan(weight) ? "NaN" : "+∞", i, j, figure.heads[h].name));
        if (strength < kFaintest) {
          ++choice.faint;
          continue;
        }
        choice.over += strength > 1 + 1e-7;  // rounding does not count
        const ChosenLine line{weight, static_cast<std::uint32_t>(h), static_cast<std::uint32_t>(i),
                              static_cast<std::uint32_t>(j)};
        if (figure.query == i) {
          of_query.push_back(line);
          continue;
        }
        ++strong;
        choice.lines.push_back(line);
        if (choice.lines.size() >= 4 * kMostLines) cut(choice.lines);  // memory stays small
      }
    }
  }
  cut(choice.lines);
  choice.beyond = strong - choice.lines.size();
  for (std::vector<ChosenLine>* lines : {&choice.lines, &of_query})
    std::sort(lines->begin(), lines->end(),
              [](const ChosenLine& a, const ChosenLine& b) { return is_stronger(b, a); });
  choice.lines.insert(choice.lines.end(), of_query.begin(), of_query.end());
  for (const ChosenLine& line : choice.lines) choice.negative |= line.weight < 0;
  return choice;
}

}  // namespace attn_viz::figure
