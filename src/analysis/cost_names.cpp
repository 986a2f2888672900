#include "analysis/cost_names.hpp"

namespace attn_viz::analysis {
namespace {

template <class Keeps>
std::string join_parts(const std::vector<std::string_view>& parts, Keeps keeps) {
  std::string text;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    if (!keeps(i)) continue;
    if (!text.empty()) text += '/';
    text += parts[i];
  }
  return text;
}

}  // namespace

std::vector<std::string_view> parts_of_id(std::string_view id) {
  std::vector<std::string_view> parts;
  while (true) {
    const std::size_t end = id.find('/');
    parts.push_back(id.substr(0, end));
    if (end == std::string_view::npos) return parts;
    id.remove_prefix(end + 1);
  }
}

bool is_numbered(std::string_view part) {
  const std::size_t digits = part.find_first_of("0123456789");
  return digits != 0 && digits != std::string_view::npos &&
         part.find_first_not_of("0123456789", digits) == std::string_view::npos;
}

std::string kind_of_step(std::string_view id) {
  const auto parts = parts_of_id(id);
  return join_parts(parts,
                    [&](std::size_t i) { return i + 1 == parts.size() || !is_numbered(parts[i]); });
}

std::string layer_of_step(std::string_view id) {
  const auto parts = parts_of_id(id);
  return join_parts(parts, [&](std::size_t i) {
    const bool head = parts[i].starts_with("head") && is_numbered(parts[i]);
    return i + 1 < parts.size() && !head;
  });
}

}  // namespace attn_viz::analysis
