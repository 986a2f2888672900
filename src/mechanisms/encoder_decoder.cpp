// The recipe of an encoder and a decoder: without attention, with given weights, with Bahdanau's
// or with Luong's attention. Sources: Cho et al. 2014; Sutskever et al. 2014; Bahdanau et al. 2015;
// Luong et al. 2015.
#include <fmt/format.h>

#include <utility>

#include "attn_viz/core/error.hpp"
#include "attn_viz/mechanisms/sequences.hpp"
#include "mechanisms/alignment.hpp"
#include "mechanisms/cell.hpp"
#include "mechanisms/limit.hpp"
#include "mechanisms/new_trace.hpp"
#include "mechanisms/output.hpp"
#include "mechanisms/sequence_input.hpp"
#include "mechanisms/shapes.hpp"

namespace attn_viz {
namespace {

bool is_recurrent(const std::optional<DecoderSettings>& decoder) {
  return decoder && decoder->cell.type != CellType::kNone;
}

/// Whether the decoder's step i reads C_i: all but Luong's, which looks after its step.
bool reads_context(AlignmentType type) {
  return type == AlignmentType::kNone || type == AlignmentType::kGiven ||
         type == AlignmentType::kBahdanau;
}

/// Sizes, and parameters that are known to fit.
struct Plan {
  CellParameters encoder = {};
  std::optional<CellParameters> decoder = {};
  AlignmentSizes sizes = {};
  AlignmentParameters alignment = {};
};

/// @throws Error kInvalid if something that is asked for reads states that are not there.
void expect_target_rows(const EncoderDecoder& task) {
  const AlignmentType type = task.attention.type;
  const bool needs_states = type != AlignmentType::kNone && type != AlignmentType::kGiven;
  if (task.target_rows || (!needs_states && !task.decoder)) return;
  throw Error(ErrorCode::kInvalid, fmt::format("missing: {} reads a row for each word",
                                               task.decoder ? "the decoder" : "this attention"))
      .at("/target/embeddings");
}

void check_first_state(const DecoderSettings& decoder, std::size_t size, std::size_t encoded) {
  if (decoder.first == FirstState::kGiven) {
    expect_shape(*decoder.given, {size}, "/decoder/initial", "hidden");
  }
  if (decoder.first != FirstState::kEncoder || size == encoded) return;
  throw Error(ErrorCode::kInvalid,
              fmt::format("expected a decoder as large as the encoder's last state ({}), got {}",
                          encoded, size))
      .at("/decoder/initial");
}

Plan plan_of(const EncoderDecoder& task, std::size_t limit) {
  expect_target_rows(task);
  Plan plan;
  const Tensor& source = task.source.rows;
  const std::size_t n = task.target.labels.size(), m = source.rows();
  plan.encoder =
      resolve_cell(task.encoder, {m, source.columns()}, task.dtype, "/encoder", "encoder", limit);
  const std::size_t d_h = plan.encoder.output_size();
  plan.sizes = {n, m, task.target_rows ? task.target_rows->columns() : 0, d_h};
  if (is_recurrent(task.decoder)) {
    const std::size_t read = plan.sizes.state + (reads_context(task.attention.type) ? d_h : 0);
    plan.decoder =
        resolve_cell(task.decoder->cell, {n, read}, task.dtype, "/decoder", "decoder", limit);
    plan.sizes.state = plan.decoder->output_size();
    check_first_state(*task.decoder, plan.sizes.state, d_h);
  }
  const double pairs = static_cast<double>(n) * static_cast<double>(m);
  expect_bytes(bytes_of(6 * pairs + static_cast<double>(n) * static_cast<double>(d_h), task.dtype),
               limit, fmt::format("{} target words × {} source words", n, m), "/target");
  plan.alignment = resolve_alignment(task.attention, plan.sizes, task.dtype);
  return plan;
}

/// The recipe on its way: each stage reads what the earlier ones have set.
struct Run {
  Recorder record;
  const EncoderDecoder& task;
  Plan& plan;
  StepId y = 0;                      ///< rows of the target Y [n, d_y]
  CellStates encoded = {0};          ///< H [m, d_h]
  std::optional<StepId> first = {};  ///< s_0; none: zeros

  StepId h() const { return encoded.states; }
};

/// Row `row` of a step, as a step.
StepId row_of(Recorder& record, const std::string& name, const std::string& symbol, StepId x,
              std::size_t row) {
  return record.step(Role::kState, name, symbol, ops::select_row, {x}, {{"row", row}});
}

/// The encoder's state after it has read all: its last one, of two directions both ends.
StepId last_state(Recorder& record, const Run& run, const std::string& name,
                  const std::string& symbol) {
  const std::size_t last = run.plan.sizes.source - 1;
  if (!run.encoded.backward) return row_of(record, name, symbol, run.h(), last);
  const StepId ahead = row_of(record, name + "_forward", "→" + symbol, *run.encoded.forward, last);
  const StepId back = row_of(record, name + "_backward", "←" + symbol, *run.encoded.backward, 0);
  return record.step(Role::kState, name, symbol, ops::concat, {ahead, back});
}

/// s_0 [1, h]; none where zeros need not be told.
std::optional<StepId> record_first_state(const Run& run) {
  if (!is_recurrent(run.task.decoder)) return std::nullopt;
  Recorder decoder = run.record.side(Place::Side::kDecoder);
  const std::vector<Axis> row{Axis{1}, Axis{run.plan.sizes.state}};
  switch (run.task.decoder->first) {
    case FirstState::kEncoder:
      return last_state(decoder, run, "initial", "s_0");
    case FirstState::kGiven:
      return decoder.parameter("initial", "s_0", run.task.decoder->given->with_axes(row));
    case FirstState::kZeros:
      break;
  }
  if (run.task.attention.type != AlignmentType::kBahdanau) return std::nullopt;
  const Tensor zeros(row, Buffer<double>(run.plan.sizes.state, 0.0));
  return decoder.parameter("initial", "s_0", zeros.as(run.task.dtype));
}

/// Without attention: C = F(x_1, …, x_m), and every target word gets this one C.
StepId record_shared_context(Run& run) {
  Recorder& record = run.record;
  const bool mean = run.task.attention.summary == Summary::kMean;
  if (mean || !run.encoded.backward) {
    Attributes constants;
    if (!mean) constants.set("key", run.plan.sizes.source - 1);
    record.step(Role::kWeights, "weights", "A", ops::fixed_weights, {run.y, run.h()},
                std::move(constants));
  }
  const StepId summary = mean
                             ? record.step(Role::kOutput, "summary", "c", ops::mean_rows, {run.h()})
                             : last_state(record, run, "summary", "c");
  return record.step(Role::kOutput, "context", "C", ops::repeat_rows, {summary, run.y});
}

/// States of a decoder that does not look at the source by its own states: all rows at once.
StepId record_decoder(Run& run, std::optional<StepId> context) {
  if (!is_recurrent(run.task.decoder)) return run.y;
  Recorder decoder = run.record.side(Place::Side::kDecoder);
  StepId x = decoder.step(Role::kHidden, "previous_target", "Y_prev", ops::shift_rows, {run.y});
  if (context) x = decoder.step(Role::kHidden, "input", "[Y_prev, C]", ops::concat, {x, *context});
  return record_cell(decoder, std::move(*run.plan.decoder), x, run.first, "S").states;
}

/// Rows of all steps, one below the other.
StepId stack(Recorder& record, Role role, const std::string& name, const std::string& symbol,
             std::vector<StepId> rows) {
  return record.step(role, name, symbol, ops::stack_rows, std::move(rows), {{"axis", "target"}});
}

struct States {
  StepId context;
  std::optional<StepId> states;
};

/// Bahdanau's decoder, step by step: s_(i−1) looks at the source, and what it sees, c_i, goes into
/// s_i = f(s_(i−1), [y_(i−1); c_i]).
States record_bahdanau(Run& run, const AlignmentSteps& alignment) {
  Recorder decoder = run.record.side(Place::Side::kDecoder);
  const std::size_t n = run.plan.sizes.target;
  const StepId previous =
      decoder.step(Role::kHidden, "previous_target", "Y_prev", ops::shift_rows, {run.y});
  const DirectionSteps cell = record_parameters(decoder, std::move(run.plan.decoder->forward));
  StepId s = *run.first;
  std::vector<StepId> scores, weights, contexts, states;
  for (std::size_t i = 0; i < n; ++i) {
    Recorder step = decoder.pass("step", i);
    scores.push_back(record_scores(step, run.task.attention.type, alignment, s, run.h()));
    weights.push_back(step.step(Role::kWeights, "weights", "a", ops::softmax, {scores.back()}));
    contexts.push_back(
        step.step(Role::kOutput, "context", "c", ops::matmul, {weights.back(), run.h()}));
    const StepId y = row_of(step, "previous_word", "y_prev", previous, i);
    const StepId x =
        step.step(Role::kHidden, "input", "[y_prev, c]", ops::concat, {y, contexts.back()});
    s = record_states(step, cell, x, s, false, "s");
    states.push_back(s);
  }
  stack(run.record, Role::kScores, "scores", "E", std::move(scores));
  stack(run.record, Role::kWeights, "weights", "A", std::move(weights));
  const StepId context = stack(run.record, Role::kOutput, "context", "C", std::move(contexts));
  return {context, stack(decoder, Role::kState, "hidden", "S", std::move(states))};
}

/// Attention of states that do not depend on what they see.
States record_attention_of_states(Run& run, const AlignmentSteps& alignment) {
  const StepId s = record_decoder(run, std::nullopt);
  const StepId scores = record_scores(run.record, run.task.attention.type, alignment, s, run.h());
  const StepId a = record_weights(run.record, run.task.attention, alignment, scores, s, run.h());
  return {run.record.step(Role::kOutput, "context", "C", ops::matmul, {a, run.h()}), s};
}

/// Contexts C [n, d_h] and, if there are any, decoder states.
States record_states_and_contexts(Run& run, const AlignmentSteps& alignment) {
  const AlignmentType type = run.task.attention.type;
  if (type == AlignmentType::kBahdanau && is_recurrent(run.task.decoder)) {
    return record_bahdanau(run, alignment);
  }
  if (!reads_context(type) || type == AlignmentType::kBahdanau) {
    return record_attention_of_states(run, alignment);
  }
  StepId context = 0;
  if (type == AlignmentType::kNone) {
    context = record_shared_context(run);
  } else {
    const StepId a = run.record.input(
        "weights", "A", named(named(*run.task.attention.given, 0, "target"), 1, "token"),
        Role::kWeights);
    context = run.record.step(Role::kOutput, "context", "C", ops::matmul, {a, run.h()});
  }
  if (!run.task.decoder) return {context, std::nullopt};
  return {context, record_decoder(run, context)};
}

/// What the output head reads: Luong's h̃_t = tanh([c_t; h_t] W_c), else what there is of [C, S].
StepId record_readout(Recorder& record, const AlignmentSteps& alignment, const States& states) {
  if (!states.states) return states.context;
  const StepId both = record.step(Role::kHidden, "readout", "[C, S]", ops::concat,
                                  {states.context, *states.states});
  if (!alignment.w_c) return both;
  const StepId projected = record.step(Role::kHidden, "attentional_projected", "P_c", ops::linear,
                                       {both, *alignment.w_c});
  return record.step(Role::kHidden, "attentional", "H̃", ops::activation, {projected},
                     {{"function", "tanh"}});
}

std::size_t readout_size(const EncoderDecoder& task, const Plan& plan) {
  if (plan.alignment.w_c) return plan.alignment.w_c->columns();
  const AlignmentType type = task.attention.type;
  const bool states =
      task.decoder || !(type == AlignmentType::kNone || type == AlignmentType::kGiven);
  return plan.sizes.encoded + (states ? plan.sizes.state : 0);
}

/// Y, or, of a target without rows, the numbers of its words, which nothing reads.
StepId record_target(Trace& trace, Recorder given, EncoderDecoder& task) {
  add_axis(trace, task.target, "target");
  if (task.target_rows) {
    return given.input("target", "Y", named(std::move(*task.target_rows), 0, "target"));
  }
  const std::size_t n = task.target.labels.size();
  Tensor numbers({Axis{n, "target"}, Axis{1}}, Buffer<double>(n));
  for (std::size_t i = 0; i < n; ++i) numbers.values<double>()[i] = static_cast<double>(i);
  return given.input("target", "i", numbers.as(task.dtype));
}

}  // namespace

Trace run_encoder_decoder(EncoderDecoder task, std::size_t memory_limit) {
  Plan plan = plan_of(task, memory_limit);
  const bool output_given = task.output && task.output->w;
  if (task.output) {
    resolve_output(*task.output, readout_size(task, plan), task.target, task.dtype, memory_limit);
  }

  Trace trace = new_trace(task.title, task.dtype, "encoder-decoder");
  trace.settings.set("encoder", settings_of(task.encoder, plan.encoder));
  if (plan.decoder) trace.settings.set("decoder", settings_of(task.decoder->cell, *plan.decoder));
  trace.settings.set("attention", settings_of(task.attention));
  if (task.output) trace.settings.set("output", settings_of(*task.output, output_given));

  Run run{Recorder(trace), task, plan};
  Recorder given = run.record.below("input");
  const StepId x = record_rows(trace, given, "embeddings", "X", std::move(task.source), "token");
  run.y = record_target(trace, given, task);
  run.encoded =
      record_cell(run.record.side(Place::Side::kEncoder), std::move(plan.encoder), x, {}, "H");
  run.first = record_first_state(run);
  const AlignmentSteps alignment = record_parameters(run.record.branch("attention"), task.attention,
                                                     std::move(plan.alignment), plan.sizes);
  const States states = record_states_and_contexts(run, alignment);
  const bool attentional = alignment.w_c.has_value();
  if (!task.output && !attentional) return trace;
  const StepId readout = record_readout(run.record, alignment, states);
  if (task.output) {
    trace.axes.push_back(label_axis(*task.output));
    record_output(run.record.below("output"), std::move(*task.output), readout);
  }
  return trace;
}

}  // namespace attn_viz
