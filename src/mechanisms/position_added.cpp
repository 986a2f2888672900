// Encodings that are added to the embeddings: their checks and their steps.
#include <fmt/format.h>

#include "mechanisms/position.hpp"
#include "mechanisms/position_checks.hpp"

namespace attn_viz {
namespace {

using positions::invalid;
using positions::name_of;

void check_table(const Tensor& table, std::size_t n, std::size_t d, const std::string& of,
                 const std::string& place) {
  if (table.columns() != d) {
    throw invalid(place, fmt::format("expected rows of {} numbers (one for each column of {}), "
                                     "got {}",
                                     d, of, table.columns()));
  }
  if (table.rows() < n) {
    throw invalid(place, fmt::format("expected at least {} rows (one for each row of {}), got {}",
                                     n, of, table.rows()))
        .hint("a learned table ends; \"sinusoidal\" goes on for ever");
  }
}

void check_flow(const FlowSettings& flow, std::size_t d, const std::string& place) {
  expect_shape(flow.initial, {d}, place + "/initial", "embedding");
  const std::size_t r = flow.w_2 ? flow.w_1.columns() : d;
  expect_shape(flow.w_1, {d + 1, r}, place + "/W_1",
               flow.w_2 ? "embedding and time × hidden size" : "embedding and time × embedding");
  if (flow.b_1) expect_shape(*flow.b_1, {r}, place + "/b_1", "columns of W_1");
  if (flow.w_2 && flow.w_2->shape() != Shape{r + 1, d}) {
    expect_shape(*flow.w_2, {r, d}, place + "/W_2", "hidden size × embedding");
  }
  if (flow.b_2) {
    if (!flow.w_2) throw invalid(place + "/b_2", "expected W_2 beside b_2");
    expect_shape(*flow.b_2, {d}, place + "/b_2", "embedding");
  }
}

/// Checks one sequence of n rows of d numbers.
/// @param of  its place in the document: "/embeddings".
void check_sequence(const PositionSettings& settings, const Tensor& rows, const AxisInfo& axis,
                    const std::string& of, const std::string& place) {
  if (settings.type == PositionType::kSinusoidal2d) {
    if (!axis.grid) {
      throw invalid(place, fmt::format("\"sinusoidal-2d\" needs patches, but {} has tokens", of))
          .hint(
              "give \"patches\" (rows and columns) instead of \"tokens\", or take \"sinusoidal\"");
    }
    if (rows.columns() % 2 != 0) {
      throw invalid(place,
                    fmt::format("\"sinusoidal-2d\" needs an even number of columns (half "
                                "for the row of a patch, half for its column), but {} has {}",
                                of, rows.columns()));
    }
  }
  if (settings.type == PositionType::kLearned) {
    check_table(settings.table.value(), rows.rows(), rows.columns(), of, place + "/table");
  }
  if (settings.type == PositionType::kFloater) {
    check_flow(settings.flow.value(), rows.columns(), place);
  }
}

/// The parameters of an added encoding as steps, in the order in which the operation reads them.
/// @param prefix  of their names: "", or "context_" for those of an encoder.
std::vector<StepId> record_added_parameters(Recorder& input, const PositionSettings& settings,
                                            const std::string& prefix, Attributes& constants) {
  std::vector<StepId> steps;
  if (settings.type == PositionType::kLearned) {
    steps.push_back(input.parameter(prefix + "position_table", "T", settings.table.value()));
  }
  if (settings.type != PositionType::kFloater) return steps;
  const FlowSettings& flow = settings.flow.value();
  std::vector<std::string> names;
  const auto give = [&](const char* name, const Tensor& value) {
    steps.push_back(input.parameter(fmt::format("{}position_{}", prefix, name), name, value));
    names.emplace_back(name);
  };
  give("p_0", flow.initial);
  give("W_1", flow.w_1);
  if (flow.b_1) give("b_1", *flow.b_1);
  if (flow.w_2) give("W_2", *flow.w_2);
  if (flow.b_2) give("b_2", *flow.b_2);
  constants.set("parameters", names);
  return steps;
}

}  // namespace

Attributes constants_of_added(const PositionSettings& settings) {
  if (settings.type == PositionType::kLearned) return {};
  if (settings.type != PositionType::kFloater) return {{"base", settings.base}};
  const FlowSettings& flow = settings.flow.value();
  return {{"activation", flow.activation},
          {"step", flow.step},
          {"substeps", flow.substeps},
          {"method", flow.method}};
}

bool adds_to_embeddings(PositionType type) {
  return type == PositionType::kSinusoidal || type == PositionType::kSinusoidal2d ||
         type == PositionType::kLearned || type == PositionType::kFloater;
}

void check_added(const PositionSettings& settings, const Tensor& rows, const AxisInfo& axis,
                 const std::string& of, const std::string& place) {
  if (!adds_to_embeddings(settings.type)) return;
  if (settings.type == PositionType::kSinusoidal2d && axis.extra > 0) {
    throw invalid(place, "\"sinusoidal-2d\" has no place for a class token or registers")
        .hint("take \"learned\", or leave them out");
  }
  check_sequence(settings, rows, axis, of, place);
}

namespace {

/// Records P and the sum of a sequence with it.
StepId record_sum(Recorder& input, const PositionSettings& settings, const Sequence& sequence,
                  bool of_context, const std::vector<StepId>& parameters, Attributes constants) {
  std::vector<StepId> read{sequence.rows};
  read.insert(read.end(), parameters.begin(), parameters.end());
  if (settings.type == PositionType::kSinusoidal2d) {
    constants.set("rows", sequence.grid->first);
    constants.set("columns", sequence.grid->second);
  }
  const std::string prefix = of_context ? "context_" : "";
  const StepId p =
      input.step(prefix + "positions", of_context ? "P_Y" : "P",
                 *find_operation(name_of(settings.type)), std::move(read), std::move(constants));
  return input.step(prefix + "positioned", of_context ? "Y_P" : "X_P", ops::add,
                    {sequence.rows, p});
}

}  // namespace

PositionedSteps record_added(Recorder& input, const PositionSettings& settings, Sequence x,
                             std::optional<Sequence> y) {
  if (!adds_to_embeddings(settings.type)) return {x.rows, y ? y->rows : x.rows};
  Attributes constants = constants_of_added(settings);
  const auto parameters = record_added_parameters(input, settings, "", constants);
  const StepId x_p = record_sum(input, settings, x, false, parameters, constants);
  return {x_p, y ? record_sum(input, settings, *y, true, parameters, constants) : x_p};
}

StepId record_added_to_context(Recorder& input, const PositionSettings& settings, Sequence y) {
  if (!adds_to_embeddings(settings.type)) return y.rows;
  Attributes constants = constants_of_added(settings);
  const auto parameters = record_added_parameters(input, settings, "context_", constants);
  return record_sum(input, settings, y, true, parameters, constants);
}

}  // namespace attn_viz
