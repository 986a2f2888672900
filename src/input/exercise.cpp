#include "attn_viz/input/exercise.hpp"

#include <algorithm>
#include <string>

#include "attn_viz/core/random.hpp"

namespace attn_viz {
namespace {

using json::Kind;
using json::Node;
using Values = std::span<double>;

bool all_zero(std::span<const double> values) {
  return std::all_of(values.begin(), values.end(), [](double value) { return value == 0; });
}

void draw(Values values, int least, int largest, Random& random) {
  do {
    for (double& value : values) {
      value = least + static_cast<int>(random.uniform() * (largest - least + 1));
    }
  } while (all_zero(values));
}

/// A row of its own for each token, as far as there are enough: tokens that are alike teach little.
void draw_rows(Values values, std::size_t columns, int least, int largest, Random& random) {
  constexpr int kTrials = 50;
  const auto row_at = [&](std::size_t i) { return values.subspan(i * columns, columns); };
  const auto is_new = [&](std::size_t i) {
    for (std::size_t before = 0; before < i; ++before) {
      if (std::equal(row_at(i).begin(), row_at(i).end(), row_at(before).begin())) return false;
    }
    return true;
  };
  for (std::size_t i = 0; i < values.size() / columns; ++i) {
    int trial = 0;
    do draw(row_at(i), least, largest, random);
    while (!is_new(i) && ++trial < kTrials);
  }
}

class Redrawer {
 public:
  explicit Redrawer(std::uint64_t seed) : seed_(seed) {}

  /// @param parameters  whether numbers below this object are parameters
  void redraw(Node& object, const std::string& pointer, bool parameters) {
    for (auto& [key, node] : object.members) {
      const std::string place = pointer + json::pointer_step(key);
      const bool rows = key == "embeddings" || key == "values";
      const bool holds_parameters =
          key == "weights" || key == "score" || key == "feed_forward" || key == "output";
      if (key == "random" && pointer.ends_with("/weights")) {
        throw Error(ErrorCode::kInvalid,
                    "expected given or identity weights: random ones are no "
                    "numbers to work with by hand")
            .at(pointer)
            .hint("leave \"weights\" out for the identity");
      }
      redraw_value(node, place, rows, parameters || holds_parameters);
    }
  }

 private:
  void redraw_value(Node& node, const std::string& place, bool rows, bool parameters) {
    if (node.kind == Kind::kObject) return redraw(node, place, parameters);
    if (node.kind == Kind::kArray) {
      for (std::size_t i = 0; i < node.items.size(); ++i) {
        redraw_value(node.items[i], place + "/" + std::to_string(i), rows, parameters);
      }
    }
    if (node.kind != Kind::kNumbers || node.numbers.empty()) return;
    Random random(seed_, place);
    if (rows) draw_rows(node.numbers, node.shape.back(), 0, 2, random);
    if (!rows && parameters) draw_rows(node.numbers, node.shape.back(), -1, 2, random);
  }

  std::uint64_t seed_;
};

}  // namespace

Node with_small_numbers(const Node& document, std::uint64_t seed) {
  Node other = document;
  Redrawer(seed).redraw(other, "", false);
  // What was said of the old numbers does not hold for the new ones.
  std::erase_if(other.members, [](const auto& member) { return member.first == "comment"; });
  for (auto& [key, node] : other.members) {
    if (key == "title") node.text = node.text.substr(0, node.text.find(':'));
  }
  return other;
}

}  // namespace attn_viz
