#include "figure/overlay_choice.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <numeric>
#include <optional>

#include "attn_viz/core/error.hpp"

namespace attn_viz::figure {
namespace {

constexpr std::size_t kMostTokensByDefault = 30;

std::optional<std::size_t> whole_number(std::string_view text) {
  std::size_t number = 0;
  const auto [rest, failure] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (failure != std::errc{} || rest != text.data() + text.size()) return std::nullopt;
  return number;
}

std::vector<std::size_t> range(std::size_t first, std::size_t end) {
  std::vector<std::size_t> positions(end - first);
  std::iota(positions.begin(), positions.end(), first);
  return positions;
}

/// What a text stands for; nothing if it stands for none of these labels.
std::vector<Chosen> find_chosen(const AxisInfo& axis, const std::string& wanted) {
  const std::size_t count = axis.labels.size();
  const auto number = whole_number(wanted);
  if (number && *number < count) return {{{*number}}};
  const auto label = std::find(axis.labels.begin(), axis.labels.end(), wanted);
  if (label != axis.labels.end())
    return {{{static_cast<std::size_t>(label - axis.labels.begin())}}};
  if (wanted == "mean") return {{range(0, count), true}};
  std::size_t first = 0, last = count - 1;
  if (wanted != "all") {
    const std::size_t dash = wanted.find('-');
    if (dash == std::string::npos) return {};
    const auto low = whole_number(std::string_view(wanted).substr(0, dash));
    const auto high = whole_number(std::string_view(wanted).substr(dash + 1));
    if (!low || !high || *low > *high || *high >= count) return {};
    first = *low, last = *high;
  }
  std::vector<Chosen> chosen;
  for (const std::size_t position : range(first, last + 1)) chosen.push_back({{position}});
  return chosen;
}

std::vector<Chosen> usual_choice(const AxisInfo& axis) {
  if (axis.grid) {
    const auto [rows, columns] = *axis.grid;
    const std::size_t middle = axis.extra + rows / 2 * columns + columns / 2;
    return {{{axis.extra > 0 ? 0 : middle}}};
  }
  const std::size_t count = axis.labels.size();
  std::vector<Chosen> chosen;
  for (const std::size_t position : range(0, count <= kMostTokensByDefault ? count : 1))
    chosen.push_back({{position}});
  return chosen;
}

/// Whether the keys are the rows or the columns of the grid that the queries lie on.
bool are_strips(const AxisInfo& keys, const AxisInfo& queries) {
  if (!queries.grid || queries.extra > 0) return false;
  return (keys.name == "row" && keys.labels.size() == queries.grid->first) ||
         (keys.name == "column" && keys.labels.size() == queries.grid->second);
}

}  // namespace

std::string layer_of(const Step& step) {
  const StepName name = parse_step_id(step.id);
  if (!name.layer && !name.head) return step.id.substr(0, step.id.rfind('/') + 1);
  std::string prefix = step.id.substr(0, step.id.size() - name.step.size());
  const std::size_t head = prefix.rfind("head");
  if (name.head && head != std::string::npos) prefix.resize(head);
  return prefix;
}

std::vector<PatchSheet> sheets_of(const Trace& trace, const std::vector<const Step*>& weights,
                                  const OverlayOptions& options) {
  std::vector<PatchSheet> sheets;
  std::vector<std::string> layers;
  for (const Step* step : weights) {
    const std::vector<Axis>& axes = step->values.axes();
    if (axes.size() != 2) continue;
    const AxisInfo* queries = trace.axis(axes[0].name);
    const AxisInfo* keys = trace.axis(axes[1].name);
    if (queries == nullptr || keys == nullptr) continue;
    const bool asked = !options.queries.empty() || !options.keys.empty();
    const bool by_key = asked ? !options.keys.empty() : !keys->grid;
    const AxisInfo* strips = !by_key && are_strips(*keys, *queries) ? keys : nullptr;
    const AxisInfo* patches = by_key || strips != nullptr ? queries : keys;
    if (!patches->grid) continue;
    const std::string layer = layer_of(*step);
    const auto known = std::find(layers.begin(), layers.end(), layer);
    if (known != layers.end()) {
      sheets[static_cast<std::size_t>(known - layers.begin())].heads.push_back(step);
      continue;
    }
    layers.push_back(layer);
    sheets.push_back({{step}, by_key, patches, by_key ? keys : queries, strips, {}});
  }
  if (!sheets.empty()) return sheets;
  if (!options.queries.empty() || !options.keys.empty()) {
    const bool by_key = !options.keys.empty();
    throw Error(ErrorCode::kInvalid,
                fmt::format("the map of a {} lies on the {}, but those are tokens, not patches",
                            by_key ? "key" : "query", by_key ? "queries" : "keys"))
        .hint(by_key ? "choose a query" : "choose a key");
  }
  throw Error(ErrorCode::kInvalid, "these weights are not of patches or pixels of a picture")
      .hint(
          "an overlay needs a document with \"patches\" (rows, columns and an image), or a "
          "mechanism on feature maps");
}

void choose(std::vector<PatchSheet>& sheets, const OverlayOptions& options) {
  const std::vector<std::string>& wanted = options.keys.empty() ? options.queries : options.keys;
  if (wanted.empty()) {
    for (PatchSheet& sheet : sheets) sheet.chosen = usual_choice(*sheet.others);
    return;
  }
  for (const std::string& text : wanted) {
    bool found = false;
    for (PatchSheet& sheet : sheets) {
      const std::vector<Chosen> chosen = find_chosen(*sheet.others, text);
      sheet.chosen.insert(sheet.chosen.end(), chosen.begin(), chosen.end());
      found |= !chosen.empty();
    }
    if (found) continue;
    const AxisInfo& others = *sheets[0].others;
    throw Error(ErrorCode::kInvalid,
                fmt::format("there is no {} \"{}\"; expected an index from 0 to {}, a range of "
                            "them, a label{}, all or mean",
                            sheets[0].other_name(), text, others.labels.size() - 1,
                            others.grid ? " (row,column)" : ""));
  }
  std::erase_if(sheets, [](const PatchSheet& sheet) { return sheet.chosen.empty(); });
}

}  // namespace attn_viz::figure
