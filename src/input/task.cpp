// From a document to the task of its mechanism.
#include "input/task.hpp"

#include <fmt/format.h>

#include <array>

#include "input/fields.hpp"
#include "input/maps_tasks.hpp"
#include "input/sequence_tasks.hpp"

namespace attn_viz {
namespace {

using json::Value;

Task read_attention_task(const Value& document, std::string default_title,
                         const Overrides& overrides) {
  return read_document(document, std::move(default_title), overrides);
}

/// A mechanism by the name that documents call it, and the reader of its documents.
struct Reader {
  std::string_view mechanism;
  Task (*read)(const Value& document, std::string default_title, const Overrides& overrides);
};

constexpr Reader kReaders[] = {
    {"attention", read_attention_task},
    {"adaptive-pooling", read_adaptive_pooling_task},
    {"spatial-pyramid-pooling", read_spatial_pyramid_task},
    {"pyramid-pooling", read_pyramid_pooling_task},
    {"atrous-pyramid-pooling", read_atrous_pyramid_task},
    {"strip-pooling", read_strip_pooling_task},
    {"mixed-pooling", read_mixed_pooling_task},
    {"strip-attention", read_strip_attention_task},
    {"criss-cross-attention", read_criss_cross_task},
    {"attention-fusion", read_attention_fusion_task},
    {"self-attention-distillation", read_distillation_task},
    {"recurrence", read_recurrence},
    {"encoder-decoder", read_encoder_decoder},
    {"memory", read_memory},
    {"hierarchical-attention", read_hierarchical},
    {"pointer-network", read_pointer},
    {"convolution-2d", read_convolution_2d_task},
    {"convolution-1d", read_sequence_convolution},
    {"convolution-as-attention", read_convolution_as_attention},
};

}  // namespace

TaskHead read_head(const Value& document, std::string default_title, const Overrides& overrides) {
  Overrides others = overrides;
  others.dtype.reset();
  if (others.any()) {
    throw Error(
        ErrorCode::kUsage,
        fmt::format("the mechanism \"{}\" has no setting that an option changes, but --dtype",
                    document.require("mechanism").text()))
        .hint("change its settings in the document");
  }
  const auto title = document.find("title");
  return {title ? title->text() : std::move(default_title),
          overrides.dtype.value_or(DType::kFloat64)};
}

Task read_task(const Value& document, std::string default_title, const Overrides& overrides) {
  const auto mechanism = document.find("mechanism");
  std::array<std::string_view, std::size(kReaders)> names;
  for (std::size_t i = 0; i < names.size(); ++i) names[i] = kReaders[i].mechanism;
  const std::size_t which = mechanism ? index_of(*mechanism, "mechanism", names) : 0;
  return kReaders[which].read(document, std::move(default_title), overrides);
}

Task read_task(std::string_view text, std::string default_title, const Overrides& overrides) {
  const json::Node document = json::parse(text);
  return read_task(Value(document, ""), std::move(default_title), overrides);
}

}  // namespace attn_viz
