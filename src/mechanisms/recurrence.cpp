// The recipe of a recurrent network over one sequence. Source: Elman 1990; Schuster and Paliwal
// 1997 (two directions); Cho et al. 2014 (gates).
#include <utility>

#include "attn_viz/mechanisms/sequences.hpp"
#include "mechanisms/cell.hpp"
#include "mechanisms/new_trace.hpp"
#include "mechanisms/output.hpp"
#include "mechanisms/sequence_input.hpp"

namespace attn_viz {

Trace run_recurrence(Recurrence task, std::size_t memory_limit) {
  CellParameters cell = resolve_cell(task.cell, {task.input.rows.rows(), task.input.rows.columns()},
                                     task.dtype, "/recurrence", "recurrence", memory_limit);
  const bool output_given = task.output && task.output->w;
  if (task.output) {
    resolve_output(*task.output, cell.output_size(), task.input.axis, task.dtype, memory_limit);
  }

  Trace trace = new_trace(task.title, task.dtype, "recurrence");
  trace.settings.set("recurrence", settings_of(task.cell, cell));
  if (task.output) trace.settings.set("output", settings_of(*task.output, output_given));

  Recorder record(trace);
  const StepId x =
      record_rows(trace, record.below("input"), "embeddings", "X", std::move(task.input), "token");
  const StepId h =
      record_cell(record.branch("recurrence"), std::move(cell), x, std::nullopt, "H").states;
  if (task.output) {
    trace.axes.push_back(label_axis(*task.output));
    record_output(record.below("output"), std::move(*task.output), h);
  }
  return trace;
}

}  // namespace attn_viz
