// The recipe of a pointer network: the first two stages of attention; the weights are the answer.
// Source: Vinyals et al. 2015, eq. 3.
#include <fmt/format.h>

#include <utility>

#include "attn_viz/core/error.hpp"
#include "attn_viz/mechanisms/sequences.hpp"
#include "mechanisms/limit.hpp"
#include "mechanisms/new_trace.hpp"
#include "mechanisms/sequence_input.hpp"
#include "mechanisms/shapes.hpp"

namespace attn_viz {
namespace {

/// A matrix as given, or the identity where the sizes allow.
Tensor or_identity(std::optional<Tensor>& given, std::size_t from, std::size_t to, DType dtype,
                   const char* name, const char* meaning) {
  const std::string place = std::string("/pointer/") + name;
  if (given) {
    expect_shape(*given, {from, to}, place, meaning);
    return std::move(*given);
  }
  if (from == to) return identity_matrix(from, dtype);
  throw Error(
      ErrorCode::kInvalid,
      fmt::format("missing: the identity would need {} columns, but there are {}", from, to))
      .at(place)
      .hint(fmt::format("give the matrix ({})", meaning));
}

}  // namespace

Trace run_pointer(PointerNetwork task, std::size_t memory_limit) {
  const std::size_t m = task.input.rows.rows(), n = task.states.rows.rows();
  const std::size_t d = task.input.rows.columns(), d_h = task.states.rows.columns();
  expect_bytes(bytes_of(5 * static_cast<double>(n) * static_cast<double>(m), task.dtype),
               memory_limit, fmt::format("{} steps × {} inputs", n, m), "/target/embeddings");
  if (!task.repeat && n > m) {
    throw Error(
        ErrorCode::kInvalid,
        fmt::format("expected at most {} steps, for each input is chosen once, got {}", m, n))
        .at("/target/embeddings")
        .hint("set \"repeat\": true in /pointer, or give fewer steps");
  }
  const std::size_t a = task.v   ? task.v->count()
                        : task.w ? task.w->columns()
                        : task.u ? task.u->columns()
                                 : d;
  Attributes settings{{"W", task.w ? "given" : "identity"},
                      {"U", task.u ? "given" : "identity"},
                      {"v", task.v ? "given" : "ones"},
                      {"repeat", task.repeat}};
  Tensor w = or_identity(task.w, d, a, task.dtype, "W", "input × hidden");
  Tensor u = or_identity(task.u, d_h, a, task.dtype, "U", "state × hidden");
  Tensor v = task.v ? std::move(*task.v) : ones(a, task.dtype);
  expect_shape(v, {a}, "/pointer/v", "hidden");

  Trace trace = new_trace(task.title, task.dtype, "pointer-network");
  trace.settings.set("pointer", std::move(settings));
  Recorder record(trace);
  Recorder given = record.below("input");
  const StepId x = record_rows(trace, given, "embeddings", "X", std::move(task.input), "token");
  const StepId h = record_rows(trace, given, "target", "H", std::move(task.states), "target");
  const StepId w_x = record_parameter(record, "W", std::move(w));
  const StepId w_h = record_parameter(record, "U", std::move(u));
  const StepId v_a = record_parameter(record, "v", std::move(v));

  StepId s = record.step(Role::kScores, "scores", "S", ops::additive, {h, x, w_h, w_x, v_a});
  if (!task.repeat) {
    const StepId left = record.step(Role::kMask, "mask", "M", ops::pointer_mask, {s});
    s = record.step(Role::kScores, "masked_scores", "S_masked", ops::mask_scores, {s, left});
  }
  const StepId weights = record.step(Role::kWeights, "weights", "A", ops::softmax, {s});
  record.step(Role::kChoice, "pointers", "c", ops::argmax, {weights});
  const StepId choice = record.step(Role::kWeights, "choice", "Z", ops::hardmax, {s});
  record.step(Role::kOutput, "output", "Y", ops::matmul, {choice, x});
  return trace;
}

}  // namespace attn_viz
