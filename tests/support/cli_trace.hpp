// A trace file as anyone would read it: with a JSON library, by the ids of the contract.
#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>

#include "support/cli_program.hpp"

namespace attn_viz::test {

inline nlohmann::json read_trace_file(const std::filesystem::path& path) {
  return nlohmann::json::parse(read_bytes(path));
}

/// The step of this id, or null: `.steps[] | select(.id == ID)`.
inline const nlohmann::json* find_step(const nlohmann::json& trace, const std::string& id) {
  for (const nlohmann::json& step : trace.at("steps")) {
    if (step.at("id") == id) return &step;
  }
  return nullptr;
}

inline nlohmann::json step(const nlohmann::json& trace, const std::string& id) {
  const nlohmann::json* found = find_step(trace, id);
  if (found == nullptr) throw std::runtime_error("no step " + id);
  return *found;
}

inline nlohmann::json data(const nlohmann::json& trace, const std::string& id) {
  return step(trace, id).at("data");
}

}  // namespace attn_viz::test
