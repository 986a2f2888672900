// The readers of documents on feature maps, for the table of mechanisms in task.cpp.
#pragma once

#include "input/task.hpp"

namespace attn_viz {

Task read_convolution_2d_task(const json::Value& document, std::string default_title,
                              const Overrides& overrides);
Task read_adaptive_pooling_task(const json::Value& document, std::string default_title,
                                const Overrides& overrides);
Task read_spatial_pyramid_task(const json::Value& document, std::string default_title,
                               const Overrides& overrides);
Task read_pyramid_pooling_task(const json::Value& document, std::string default_title,
                               const Overrides& overrides);
Task read_atrous_pyramid_task(const json::Value& document, std::string default_title,
                              const Overrides& overrides);
Task read_strip_pooling_task(const json::Value& document, std::string default_title,
                             const Overrides& overrides);
Task read_mixed_pooling_task(const json::Value& document, std::string default_title,
                             const Overrides& overrides);
Task read_strip_attention_task(const json::Value& document, std::string default_title,
                               const Overrides& overrides);
Task read_criss_cross_task(const json::Value& document, std::string default_title,
                           const Overrides& overrides);
Task read_attention_fusion_task(const json::Value& document, std::string default_title,
                                const Overrides& overrides);
Task read_distillation_task(const json::Value& document, std::string default_title,
                            const Overrides& overrides);

}  // namespace attn_viz
