// Documents of encoders and decoders.
#include <fmt/format.h>

#include "input/cell_settings.hpp"
#include "input/fields.hpp"
#include "input/sequence.hpp"
#include "input/sequence_tasks.hpp"
#include "input/stack_settings.hpp"

namespace attn_viz {
namespace {

using json::Kind;
using json::Value;

void read_local(const Value& value, AlignmentSettings& alignment) {
  alignment.local = static_cast<LocalType>(
      index_of(type_of(value, "local attention"), "local attention", kLocalNames));
  if (!value.is(Kind::kObject)) return;
  value.allow_keys({"type", "window"});
  if (const auto window = value.find("window")) alignment.window = window->whole_number(1);
}

AlignmentMatrices read_matrices(const Value& value, const AlignmentSettings& alignment,
                                DType dtype) {
  switch (alignment.type) {
    case AlignmentType::kBahdanau:
      value.allow_keys({"W_a", "U_a", "v_a"});
      break;
    case AlignmentType::kLuongConcat:
      value.allow_keys({"W_a", "v_a", "W_c", "W_p", "v_p"});
      break;
    case AlignmentType::kLuongGeneral:
      value.allow_keys({"W_a", "W_c", "W_p", "v_p"});
      break;
    default:
      value.allow_keys({"W_c", "W_p", "v_p"});
  }
  const auto matrix = [&](std::string_view key) {
    const auto found = find_array(value, key, 2, 2, "a matrix", dtype);
    return found;
  };
  const auto vector = [&](std::string_view key) {
    return find_array(value, key, 1, 1, "a list of numbers", dtype);
  };
  if (alignment.local != LocalType::kPredictive) {
    for (const char* key : {"W_p", "v_p"}) {
      if (const auto found = value.find(key)) {
        throw found->error("only the local attention \"predictive\" reads it");
      }
    }
  }
  return {matrix("W_a"), matrix("U_a"), vector("v_a"), matrix("W_c"), matrix("W_p"), vector("v_p")};
}

AlignmentSettings read_alignment(const Value& value, DType dtype) {
  AlignmentSettings alignment;
  alignment.type = static_cast<AlignmentType>(
      index_of(type_of(value, "attention"), "attention", kAlignmentNames));
  const bool object = value.is(Kind::kObject);
  if (alignment.type == AlignmentType::kNone) {
    if (!object) return alignment;
    value.allow_keys({"type", "summary"});
    if (const auto summary = value.find("summary")) {
      alignment.summary = static_cast<Summary>(index_of(*summary, "summary", kSummaryNames));
    }
    return alignment;
  }
  if (alignment.type == AlignmentType::kGiven) {
    if (!object) {
      throw value.error("the attention \"given\" needs its weights")
          .hint("write {\"type\": \"given\", \"given\": [[…]]}");
    }
    value.allow_keys({"type", "given"});
    alignment.given = value.require("given").tensor(2, "a matrix (target × source)", dtype);
    return alignment;
  }
  if (!object) return alignment;
  const bool luong = alignment.type != AlignmentType::kBahdanau;
  if (luong) {
    value.allow_keys({"type", "local", "weights"});
    if (const auto local = value.find("local")) read_local(*local, alignment);
  } else {
    value.allow_keys({"type", "weights"});
  }
  const auto weights = value.find("weights");
  if (!weights || (weights->is(Kind::kText) && weights->text() == "identity")) return alignment;
  if (!weights->is(Kind::kObject)) {
    throw weights->unexpected("\"identity\", {\"random\": SEED} or an object of matrices");
  }
  if (const auto seed = weights->find("random")) {
    weights->allow_keys({"random"});
    alignment.weights = RandomWeights{seed->whole_number(0)};
  } else {
    alignment.weights = read_matrices(*weights, alignment, dtype);
  }
  return alignment;
}

void read_target(const Value& target, EncoderDecoder& task) {
  target.allow_keys({"tokens", "embeddings"});
  if (const auto rows = target.find("embeddings")) {
    task.target_rows = read_rows(*rows, "target × d", task.dtype);
    task.target = read_axis(target, *task.target_rows);
    return;
  }
  task.target.labels = target.require("tokens").texts();
  if (task.target.labels.empty()) throw target.require("tokens").unexpected("at least one token");
}

}  // namespace

Task read_encoder_decoder(const Value& document, std::string default_title,
                          const Overrides& overrides) {
  document.allow_keys({"mechanism", "title", "tokens", "patches", "embeddings", "target", "encoder",
                       "decoder", "attention", "output", "steps"});
  TaskHead head = read_head(document, std::move(default_title), overrides);
  EncoderDecoder task{.title = std::move(head.title), .dtype = head.dtype};
  task.source.rows = read_rows(document.require("embeddings"), "source × d", task.dtype);
  task.source.axis = read_axis(document, task.source.rows);
  read_target(document.require("target"), task);
  if (const auto encoder = document.find("encoder")) {
    task.encoder = read_cell(*encoder, "encoder", task.dtype);
  }
  if (const auto decoder = document.find("decoder")) {
    task.decoder = read_decoder(*decoder, task.dtype);
  }
  task.attention = read_alignment(document.require("attention"), task.dtype);
  if (const auto output = document.find("output")) task.output = read_output(*output, task.dtype);
  return task;
}

}  // namespace attn_viz
