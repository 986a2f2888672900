// Encodings that are added to the embeddings: their checks and their steps.
#include <fmt/format.h>

#include "mechanisms/attention_sizes.hpp"
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

/// A sequence as the checks see it.
struct Checked {
  std::size_t n, d;
  const AxisInfo* axis;  ///< null: nothing is known of it
  std::string of;        ///< how messages call it: "/embeddings"
};

void check_sequence(const PositionSettings& settings, const Checked& sequence,
                    const std::string& place) {
  const auto& [n, d, axis, of] = sequence;
  if (settings.type == PositionType::kSinusoidal2d) {
    if (axis != nullptr && axis->extra > 0) {
      throw invalid(place, "\"sinusoidal-2d\" has no place for a class token or registers")
          .hint("take \"learned\", or leave them out");
    }
    if (axis == nullptr || !axis->grid) {
      throw invalid(place, fmt::format("\"sinusoidal-2d\" needs patches, but {} has tokens", of))
          .hint(
              "give \"patches\" (rows and columns) instead of \"tokens\", or take \"sinusoidal\"");
    }
    if (d % 2 != 0) {
      throw invalid(place,
                    fmt::format("\"sinusoidal-2d\" needs an even number of columns (half "
                                "for the row of a patch, half for its column), but {} has {}",
                                of, d));
    }
  }
  if (settings.type == PositionType::kLearned) {
    check_table(settings.table.value(), n, d, of, place + "/table");
  }
  if (settings.type == PositionType::kFloater) check_flow(settings.flow.value(), d, place);
}

/// The parameters of an added encoding as steps, in the order in which the operation reads them.
/// @param prefix  of their names: "", "context_" for those of an encoder, "key_" for those of keys.
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
  if (settings.type != PositionType::kFloater) {
    Attributes constants{{"base", settings.base}};
    if (settings.normalize) constants.set("normalize", true);
    return constants;
  }
  const FlowSettings& flow = settings.flow.value();
  return {{"activation", flow.activation},
          {"step", flow.step},
          {"substeps", flow.substeps},
          {"method", flow.method}};
}

bool is_added(PositionType type) {
  return type == PositionType::kSinusoidal || type == PositionType::kSinusoidal2d ||
         type == PositionType::kLearned || type == PositionType::kFloater;
}

void check_added(const PositionSettings& settings, const Tensor& rows, const AxisInfo& axis,
                 const std::string& of, const std::string& place) {
  if (!adds_to_embeddings(settings)) return;
  check_sequence(settings, {rows.rows(), rows.columns(), &axis, of}, place);
}

void check_pair(const AttentionSettings& settings, const InputSizes& sizes,
                const std::string& place) {
  const bool both = settings.position.to_queries_and_keys;
  if (both) {
    check_sequence(settings.position,
                   {sizes.queries, sizes.embedding, sizes.query_axis, "the sequence of queries"},
                   place + "/position");
  }
  if (!both && !settings.key_position) return;
  check_sequence(settings.key_position.value_or(settings.position),
                 {sizes.keys, sizes.context, sizes.key_axis, "the sequence of keys"},
                 place + (settings.key_position ? "/key_position" : "/position"));
}

namespace {

/// What the steps of an encoding are called.
struct Names {
  std::string prefix;                  ///< "", "context_" or "key_"
  const char *positions, *positioned;  ///< symbols
};
const Names kPlain{"", "P", "X_P"}, kContext{"context_", "P_Y", "Y_P"}, kKeys{"key_", "P_K", "Y_P"};

/// Records P and the sum of a sequence with it.
StepId record_sum(Recorder& record, const PositionSettings& settings, const Sequence& sequence,
                  const Names& names, const std::vector<StepId>& parameters, Attributes constants) {
  std::vector<StepId> read{sequence.rows};
  read.insert(read.end(), parameters.begin(), parameters.end());
  if (settings.type == PositionType::kSinusoidal2d) {
    constants.set("rows", sequence.grid->first);
    constants.set("columns", sequence.grid->second);
  }
  const StepId p =
      record.step(Role::kPosition, names.prefix + "positions", names.positions,
                  *find_operation(name_of(settings.type)), std::move(read), std::move(constants));
  return record.step(Role::kHidden, names.prefix + "positioned", names.positioned, ops::add,
                     {sequence.rows, p});
}

/// The same with the parameters that it needs.
StepId record_own_sum(Recorder& record, const PositionSettings& settings, const Sequence& sequence,
                      const Names& names) {
  Attributes constants = constants_of_added(settings);
  const auto parameters = record_added_parameters(record, settings, names.prefix, constants);
  return record_sum(record, settings, sequence, names, parameters, std::move(constants));
}

}  // namespace

PositionedSteps record_added(Recorder& input, const PositionSettings& settings, Sequence x,
                             std::optional<Sequence> y) {
  if (!adds_to_embeddings(settings)) return {x.rows, y ? y->rows : x.rows};
  Attributes constants = constants_of_added(settings);
  const auto parameters = record_added_parameters(input, settings, "", constants);
  const StepId x_p = record_sum(input, settings, x, kPlain, parameters, constants);
  return {x_p, y ? record_sum(input, settings, *y, kContext, parameters, constants) : x_p};
}

StepId record_added_to_context(Recorder& input, const PositionSettings& settings, Sequence y) {
  if (!adds_to_embeddings(settings)) return y.rows;
  return record_own_sum(input, settings, y, kContext);
}

PositionedSteps record_pair(Recorder& layer, const AttentionSettings& settings, Sequence x,
                            Sequence y) {
  const PositionSettings& position = settings.position;
  PositionedSteps steps{x.rows, y.rows};
  if (!position.to_queries_and_keys && !settings.key_position) return steps;
  if (settings.key_position) {
    if (position.to_queries_and_keys) steps.x = record_own_sum(layer, position, x, kPlain);
    steps.y = record_own_sum(layer, *settings.key_position, y, kKeys);
    return steps;
  }
  Attributes constants = constants_of_added(position);
  const auto parameters = record_added_parameters(layer, position, "", constants);
  steps.x = record_sum(layer, position, x, kPlain, parameters, constants);
  const bool same = x.rows == y.rows;
  steps.y = same ? steps.x : record_sum(layer, position, y, kKeys, parameters, constants);
  return steps;
}

}  // namespace attn_viz
