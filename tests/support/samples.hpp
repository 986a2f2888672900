// Samples as traces.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "attn_viz/core/files.hpp"
#include "attn_viz/input/document.hpp"
#include "attn_viz/mechanisms/run.hpp"

namespace attn_viz::test {

inline Trace sample_trace(const std::string& name) {
  const std::string path = ATTN_VIZ_SOURCE_DIR "/samples/" + name + ".json";
  return run(read_task(read_file(path), name));
}

inline std::vector<std::string> sample_names() {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(ATTN_VIZ_SOURCE_DIR "/samples")) {
    if (entry.path().extension() == ".json") names.push_back(entry.path().stem().string());
  }
  return names;
}

}  // namespace attn_viz::test
