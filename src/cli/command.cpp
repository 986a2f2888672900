#include "cli/command.hpp"

#include <algorithm>
#include <utility>

namespace attn_viz::cli {

Option& Command::text(std::string names, std::string value, std::string help, TakeText take) {
  return keep(std::move(names), Option::Place(std::move(take)), std::move(help))
      .value(std::move(value));
}

Option& Command::keep(std::string names, Option::Place place, std::string help) {
  options.push_back(
      {.names = std::move(names), .help = std::move(help), .place = std::move(place)});
  return options.back();
}

bool Command::given(const std::string& option) const {
  return std::any_of(options.begin(), options.end(),
                     [&](const Option& known) { return known.names == option && known.count > 0; });
}

Command& Program::add(std::string command, std::string purpose) {
  commands.push_back({.name = std::move(command), .about = std::move(purpose)});
  return commands.back();
}

}  // namespace attn_viz::cli
