// Documents of any mechanism, run.
#pragma once

#include <fstream>
#include <sstream>
#include <string>

#include "attn_viz/input/document.hpp"
#include "catch.hpp"
#include "support/problems.hpp"
#include "support/recompute.hpp"

namespace attn_viz::test {

/// The trace of a document.
inline Trace run_document(const std::string& document, DType dtype = DType::kFloat64) {
  Overrides overrides;
  if (dtype == DType::kFloat32) overrides.dtype = dtype;
  return run(read_task(document, "test", overrides));
}

/// The trace of a document; each of its steps is computed again from its inputs.
inline Trace trace_of(const std::string& document, DType dtype = DType::kFloat64) {
  Trace trace = run_document(document, dtype);
  CHECK(first_other_step(trace) == "");
  return trace;
}

/// The trace of a sample.
inline Trace trace_of_sample(const std::string& name, DType dtype = DType::kFloat64) {
  std::ifstream file(ATTN_VIZ_SOURCE_DIR "/samples/" + name + ".json");
  std::ostringstream text;
  text << file.rdbuf();
  return trace_of(text.str(), dtype);
}

}  // namespace attn_viz::test
