// The recipe of reading a memory in three stages. Source: Zhang Junlin's notes on attention
// (三阶段抽象); Qiu, nndl, section 8.2 (soft and hard reading).
#include <fmt/format.h>

#include <cmath>
#include <utility>

#include "attn_viz/core/error.hpp"
#include "attn_viz/mechanisms/sequences.hpp"
#include "mechanisms/limit.hpp"
#include "mechanisms/new_trace.hpp"
#include "mechanisms/output.hpp"
#include "mechanisms/sequence_input.hpp"
#include "mechanisms/shapes.hpp"

namespace attn_viz {
namespace {

void check(MemoryReading& task, std::size_t limit) {
  const std::size_t n = task.queries.rows.rows(), m = task.memory.rows.rows();
  const std::size_t d_q = task.queries.rows.columns(), d_k = task.memory.rows.columns();
  const bool hard = task.read != ReadType::kSoft;
  expect_bytes(
      bytes_of(static_cast<double>(n) * static_cast<double>(m) * (hard ? 3 : 2), task.dtype), limit,
      fmt::format("{} queries × {} pairs", n, m), "/embeddings");
  SimilaritySettings& similarity = task.similarity;
  if (similarity.type == SimilarityType::kNetwork) {
    const std::size_t a = similarity.w_1.columns();
    expect_shape(similarity.w_1, {d_q + d_k, a}, "/similarity/W_1", "query and key × hidden");
    expect_shape(similarity.w_2, {a}, "/similarity/w_2", "hidden");
    if (!similarity.b_1) {
      similarity.b_1 = Tensor({Axis{a}}, Buffer<double>(a, 0.0)).as(task.dtype);
    }
    expect_shape(*similarity.b_1, {a}, "/similarity/b_1", "hidden");
    return;
  }
  if (d_q == d_k) return;
  throw Error(ErrorCode::kInvalid,
              fmt::format("expected keys of {} numbers, as a query has, got {}", d_q, d_k))
      .at("/context/embeddings")
      .hint("the similarity \"network\" compares vectors of unequal sizes");
}

/// Stage 1: how well does each key answer each query?
StepId compare(Recorder& record, SimilaritySettings& similarity, StepId q, StepId k) {
  switch (similarity.type) {
    case SimilarityType::kDotProduct:
      return record.step(Role::kScores, "similarity", "S", ops::dot_product, {q, k});
    case SimilarityType::kScaledDotProduct: {
      const StepId s =
          record.step(Role::kScores, "dot_products", "S_dot", ops::dot_product, {q, k});
      const auto d = static_cast<double>(record.values(q).columns());
      return record.step(Role::kScores, "similarity", "S", ops::scale, {s},
                         {{"scale", 1 / std::sqrt(d)}});
    }
    case SimilarityType::kCosine:
      return record.step(Role::kScores, "similarity", "S", ops::cosine, {q, k});
    case SimilarityType::kNetwork: {
      const DType dtype = similarity.w_1.dtype();
      const StepId w_1 = record_parameter(record, "W_1", std::move(similarity.w_1));
      const StepId b_1 = record_parameter(record, "b_1", std::move(*similarity.b_1));
      const StepId w_2 = record_parameter(record, "w_2", std::move(similarity.w_2));
      const StepId b_2 = record_parameter(
          record, "b_2", Tensor({Axis{1}}, Buffer<double>{similarity.b_2}).as(dtype));
      return record.step(Role::kScores, "similarity", "S", ops::network,
                         {q, k, w_1, b_1, w_2, b_2});
    }
  }
  throw Error(ErrorCode::kBug, "a similarity without an operation");
}

/// What hard reading takes: one pair for each query, in the place of the weights.
StepId choose(Recorder& record, const MemoryReading& task, StepId s) {
  if (task.read == ReadType::kMaximum)
    return record.step(Role::kWeights, "choice", "Z", ops::hardmax, {s});
  Attributes constants{{"seed", static_cast<double>(task.seed)}};
  if (task.temperature != 1) constants.set("temperature", task.temperature);
  return record.step(Role::kWeights, "choice", "Z", ops::sample, {s}, std::move(constants));
}

Attributes settings_of(const MemoryReading& task) {
  Attributes read{{"type", kReadNames[static_cast<std::size_t>(task.read)]}};
  if (task.read == ReadType::kSample) read.set("seed", static_cast<double>(task.seed));
  return {{"mechanism", "memory"},
          {"similarity", kSimilarityNames[static_cast<std::size_t>(task.similarity.type)]},
          {"temperature", task.temperature},
          {"read", std::move(read)}};
}

}  // namespace

Trace run_memory(MemoryReading task, std::size_t memory_limit) {
  check(task, memory_limit);
  Trace trace = new_trace(task.title, task.dtype, "memory");
  trace.settings = settings_of(task);
  Recorder record(trace);
  Recorder given = record.below("input");
  const StepId q = record_rows(trace, given, "embeddings", "Q", std::move(task.queries), "token");
  const StepId k = record_rows(trace, given, "context", "K", std::move(task.memory), "context");
  StepId v = k;
  if (task.values) v = given.input("values", "V", named(std::move(*task.values), 0, "context"));

  const StepId s = compare(record, task.similarity, q, k);
  Attributes constants;
  if (task.temperature != 1) constants.set("temperature", task.temperature);
  const StepId a =
      record.step(Role::kWeights, "weights", "A", ops::softmax, {s}, std::move(constants));
  const StepId read = task.read == ReadType::kSoft ? a : choose(record, task, s);
  const StepId output = record.step(Role::kOutput, "output", "O", ops::matmul, {read, v});
  // Several queries over one memory are the heads of nndl: their answers side by side.
  if (record.values(q).rows() > 1)
    record.step(Role::kOutput, "joined", "o", ops::join_rows, {output});
  return trace;
}

}  // namespace attn_viz
