// The readers of documents, one for each mechanism.
#pragma once

#include <string>

#include "attn_viz/input/document.hpp"

namespace attn_viz {

/// What every document has, whatever its mechanism: its title, and the type of its numbers.
struct TaskHead {
  std::string title;
  DType dtype = DType::kFloat64;
};

/// The head of a document that is not one of attention.
/// @throws Error kUsage if an override is set that only attention has: any but the dtype.
TaskHead read_head(const json::Value& document, std::string default_title,
                   const Overrides& overrides);

}  // namespace attn_viz
