// Documents of recurrence, memory, two levels, and pointers.
#include "input/sequence_tasks.hpp"

#include <fmt/format.h>

#include "input/cell_settings.hpp"
#include "input/fields.hpp"
#include "input/sequence.hpp"
#include "input/stack_settings.hpp"

namespace attn_viz {
namespace {

using json::Kind;
using json::Value;

/// "tokens" or "patches" with their "embeddings".
LabelledRows read_sequence(const Value& value, std::string_view what, DType dtype) {
  LabelledRows sequence;
  sequence.rows = read_rows(value.require("embeddings"), what, dtype);
  sequence.axis = read_axis(value, sequence.rows);
  return sequence;
}

constexpr std::string_view kVector = "a list of numbers";
constexpr std::string_view kMatrix = "a matrix";

// ---- memory ----

SimilaritySettings read_similarity(const Value& value, DType dtype) {
  SimilaritySettings similarity;
  similarity.type = static_cast<SimilarityType>(
      index_of(type_of(value, "similarity"), "similarity", kSimilarityNames));
  if (similarity.type != SimilarityType::kNetwork) {
    if (value.is(Kind::kObject)) value.allow_keys({"type"});
    return similarity;
  }
  if (!value.is(Kind::kObject)) {
    throw value.error("the similarity \"network\" needs its matrices")
        .hint("write {\"type\": \"network\", \"W_1\": …, \"w_2\": …}");
  }
  value.allow_keys({"type", "W_1", "b_1", "w_2", "b_2"});
  similarity.w_1 = value.require("W_1").tensor(2, "a matrix (query and key × hidden)", dtype);
  similarity.w_2 = value.require("w_2").tensor(1, kVector, dtype);
  similarity.b_1 = find_array(value, "b_1", 1, 1, kVector, dtype);
  if (const auto b_2 = value.find("b_2")) similarity.b_2 = b_2->number();
  return similarity;
}

// ---- two levels ----

LevelSettings read_level(const Value& value, DType dtype) {
  value.allow_keys({"query", "W", "b"});
  LevelSettings level;
  level.query = value.require("query").tensor(1, kVector, dtype);
  level.w = find_array(value, "W", 2, 2, kMatrix, dtype);
  level.b = find_array(value, "b", 1, 1, kVector, dtype);
  if (level.b && !level.w) value.require("W");
  return level;
}

}  // namespace

Task read_recurrence(const Value& document, std::string default_title, const Overrides& overrides) {
  document.allow_keys(
      {"mechanism", "title", "tokens", "patches", "embeddings", "recurrence", "output", "steps"});
  TaskHead head = read_head(document, std::move(default_title), overrides);
  Recurrence task{.title = std::move(head.title), .dtype = head.dtype};
  task.input = read_sequence(document, "n × d", task.dtype);
  task.cell.type = CellType::kRnn;
  if (const auto cell = document.find("recurrence")) {
    task.cell = read_cell(*cell, "recurrence", task.dtype);
    if (task.cell.type == CellType::kNone) throw cell->unexpected("\"rnn\" or \"gru\"");
  }
  if (const auto output = document.find("output")) task.output = read_output(*output, task.dtype);
  return task;
}

Task read_memory(const Value& document, std::string default_title, const Overrides& overrides) {
  document.allow_keys({"mechanism", "title", "tokens", "embeddings", "context", "similarity",
                       "temperature", "read", "steps"});
  TaskHead head = read_head(document, std::move(default_title), overrides);
  MemoryReading task{.title = std::move(head.title), .dtype = head.dtype};
  task.queries = read_sequence(document, "queries × d", task.dtype);
  const Value context = document.require("context");
  context.allow_keys({"tokens", "patches", "embeddings", "values"});
  task.memory = read_sequence(context, "keys × d", task.dtype);
  if (const auto values = context.find("values")) {
    task.values = read_rows(*values, "values × d′", task.dtype);
    if (task.values->rows() != task.memory.rows.rows()) {
      throw values->error(
          fmt::format("expected {} rows (one for each row of /context/embeddings), got {}",
                      task.memory.rows.rows(), task.values->rows()));
    }
  }
  if (const auto similarity = document.find("similarity")) {
    task.similarity = read_similarity(*similarity, task.dtype);
  }
  if (const auto temperature = document.find("temperature")) {
    task.temperature = positive(*temperature);
  }
  if (const auto read = document.find("read")) {
    task.read = static_cast<ReadType>(index_of(type_of(*read, "read"), "read", kReadNames));
    const bool object = read->is(Kind::kObject), sampled = task.read == ReadType::kSample;
    if (object && sampled) {
      read->allow_keys({"type", "seed"});
      if (const auto seed = read->find("seed")) task.seed = seed->whole_number(0);
    } else if (object) {
      read->allow_keys({"type"});
    }
  }
  return task;
}

Task read_hierarchical(const Value& document, std::string default_title,
                       const Overrides& overrides) {
  document.allow_keys({"mechanism", "title", "tokens", "embeddings", "groups", "token_level",
                       "group_level", "steps"});
  TaskHead head = read_head(document, std::move(default_title), overrides);
  HierarchicalAttention task{.title = std::move(head.title), .dtype = head.dtype};
  task.input = read_sequence(document, "n × d", task.dtype);
  const Value groups = document.require("groups");
  groups.allow_keys({"labels", "sizes"});
  const Value sizes = groups.require("sizes");
  const Tensor numbers = sizes.tensor(1, "a list of whole numbers ≥ 1", DType::kFloat64);
  for (std::size_t i = 0; i < numbers.count(); ++i) {
    const double size = numbers.at(i);
    if (!(size >= 1) || size != static_cast<double>(static_cast<std::size_t>(size))) {
      throw sizes.unexpected("a list of whole numbers ≥ 1");
    }
    task.sizes.push_back(static_cast<std::size_t>(size));
  }
  if (const auto labels = groups.find("labels")) {
    task.groups = labels->texts();
    if (task.groups.size() != task.sizes.size()) {
      throw labels->error(fmt::format("expected {} labels (one for each size), got {}",
                                      task.sizes.size(), task.groups.size()));
    }
  } else {
    for (std::size_t i = 0; i < task.sizes.size(); ++i) task.groups.push_back(std::to_string(i));
  }
  task.token_level = read_level(document.require("token_level"), task.dtype);
  task.group_level = read_level(document.require("group_level"), task.dtype);
  return task;
}

Task read_pointer(const Value& document, std::string default_title, const Overrides& overrides) {
  document.allow_keys({"mechanism", "title", "tokens", "embeddings", "target", "pointer", "steps"});
  TaskHead head = read_head(document, std::move(default_title), overrides);
  PointerNetwork task{.title = std::move(head.title), .dtype = head.dtype};
  task.input = read_sequence(document, "inputs × d", task.dtype);
  const Value target = document.require("target");
  target.allow_keys({"tokens", "embeddings"});
  task.states = read_sequence(target, "steps × d′", task.dtype);
  if (const auto pointer = document.find("pointer")) {
    pointer->allow_keys({"W", "U", "v", "repeat"});
    task.w = find_array(*pointer, "W", 2, 2, kMatrix, task.dtype);
    task.u = find_array(*pointer, "U", 2, 2, kMatrix, task.dtype);
    task.v = find_array(*pointer, "v", 1, 1, kVector, task.dtype);
    if (const auto repeat = pointer->find("repeat")) task.repeat = repeat->boolean();
  }
  return task;
}

}  // namespace attn_viz
