// A recurrent cell in a recipe: its parameters, checked and filled in, and the steps of its states.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "attn_viz/core/attributes.hpp"
#include "attn_viz/mechanisms/settings/recurrence.hpp"
#include "attn_viz/trace/recorder.hpp"

namespace attn_viz {

/// A gate, or the candidate. Its names in the trace end in `suffix`: "_z", "_r", "".
struct GateParameters {
  std::string suffix;
  Tensor w, u;
  std::optional<Tensor> b;
};

/// One direction: the candidate alone, or update gate, reset gate and candidate; none of type none.
using DirectionParameters = std::vector<GateParameters>;

struct CellParameters {
  CellType type = CellType::kNone;
  std::size_t hidden = 0;  ///< of one direction
  DirectionParameters forward = {};
  std::optional<DirectionParameters> backward = {};
  double bytes = 0;  ///< of its parameters and steps

  /// Numbers in a state: those of both directions.
  std::size_t output_size() const { return hidden * (backward ? 2 : 1); }
};

/// What a cell reads: so many rows of so many numbers.
struct CellInput {
  std::size_t rows, size;
};

/// Checks shapes and fills in what is not given.
/// @param place   JSON pointer of the cell, for errors: "/encoder".
/// @param stream  name of its random numbers: "encoder".
/// @throws Error kInvalid where shapes do not fit, kLimit if more bytes are needed than allowed.
CellParameters resolve_cell(const CellSettings& settings, CellInput input, DType dtype,
                            const std::string& place, const std::string& stream, std::size_t limit);

/// The parameters of one direction as steps.
struct GateSteps {
  std::string suffix;
  StepId w, u;
  std::optional<StepId> b;
};
using DirectionSteps = std::vector<GateSteps>;
DirectionSteps record_parameters(Recorder& record, DirectionParameters parameters);

/// The states [n, h] of one direction over rows x [n, d]: "projected" and "hidden"; of a GRU also
/// the projections and the values of its gates.
StepId record_states(Recorder& record, const DirectionSteps& steps, StepId x,
                     std::optional<StepId> first, bool reverse, const std::string& symbol);

/// The states of the whole cell, [n, output_size]; of type none: x.
/// @param symbol  of the states: "H"
struct CellStates {
  StepId states;
  std::optional<StepId> forward = {}, backward = {};  ///< of two directions
};
CellStates record_cell(Recorder record, CellParameters parameters, StepId x,
                       std::optional<StepId> first, const std::string& symbol);

/// A cell's settings as resolved.
Attributes settings_of(const CellSettings& settings, const CellParameters& parameters);

}  // namespace attn_viz
