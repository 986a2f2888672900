// Documents of the mechanisms on sequences. Format: docs/sequences.md.
#pragma once

#include "input/task.hpp"

namespace attn_viz {

Task read_recurrence(const json::Value& document, std::string default_title,
                     const Overrides& overrides);
Task read_encoder_decoder(const json::Value& document, std::string default_title,
                          const Overrides& overrides);
Task read_memory(const json::Value& document, std::string default_title,
                 const Overrides& overrides);
Task read_hierarchical(const json::Value& document, std::string default_title,
                       const Overrides& overrides);
Task read_pointer(const json::Value& document, std::string default_title,
                  const Overrides& overrides);
Task read_sequence_convolution(const json::Value& document, std::string default_title,
                               const Overrides& overrides);
Task read_convolution_as_attention(const json::Value& document, std::string default_title,
                                   const Overrides& overrides);

}  // namespace attn_viz
