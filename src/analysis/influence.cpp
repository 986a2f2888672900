#include "attn_viz/analysis/influence.hpp"

#include <Eigen/Core>
#include <algorithm>
#include <cmath>
#include <memory>
#include <mutex>
#include <numeric>
#include <string_view>
#include <utility>

#include "attn_viz/core/error.hpp"
#include "attn_viz/core/parallel.hpp"
#include "attn_viz/ops/derivative.hpp"
#include "attn_viz/trace/evaluate.hpp"

namespace attn_viz::analysis {
namespace {

/// The steps between an input and an output, each with its derivative, ready to go backward.
class Tape {
 public:
  Tape(const Trace& trace, StepId from, StepId to) : trace_(trace), from_(from), to_(to) {
    on_the_way_ = between();
    if (!on_the_way_[to]) {
      throw Error(ErrorCode::kInvalid, "expected a step that is computed from \"" +
                                           trace.steps[from].id + "\"; this one is not")
          .at(trace.steps[to].id);
    }
    differentiate();
  }

  std::vector<std::string> jumps() const {
    std::vector<std::string> ids;
    for (StepId id = 0; id < trace_.steps.size(); ++id) {
      if (derivatives_[id] && find_operation(trace_.steps[id].op)->jumps)
        ids.push_back(trace_.steps[id].id);
    }
    return ids;
  }

  /// The derivatives by one step of one number, and room for those by all others.
  using Buffers = std::vector<std::vector<double>>;

  Buffers buffers() const {
    Buffers all(trace_.steps.size());
    for (StepId id = from_; id <= to_; ++id) {
      if (on_the_way_[id]) all[id].assign(trace_.steps[id].values.count(), 0);
    }
    return all;
  }

  /// The derivatives of one number of the output by the input; the buffers are left at 0 but for
  /// the input's, which the caller clears.
  void derive(std::size_t position, Buffers& by) const {
    by[to_][position] = 1;
    for (StepId id = to_; id > from_; --id) {
      if (!on_the_way_[id]) continue;
      std::vector<double>& of_step = by[id];
      const auto any = [](double each) { return each != 0; };
      if (std::none_of(of_step.begin(), of_step.end(), any)) continue;
      const Step& step = trace_.steps[id];
      std::vector<std::span<double>> into;
      for (const StepId input : step.inputs) {
        into.push_back(input >= from_ && on_the_way_[input] ? std::span<double>(by[input])
                                                            : std::span<double>());
      }
      try {
        derivatives_[id]->pull(of_step, into);
      } catch (Error& error) {
        throw error.at(step.id);
      }
      std::fill(of_step.begin(), of_step.end(), 0);
    }
  }

 private:
  /// The steps that the input reaches and that reach the output.
  std::vector<bool> between() const {
    std::vector<bool> reached(trace_.steps.size(), false), needed(trace_.steps.size(), false);
    reached[from_] = true;
    for (StepId id = from_ + 1; id <= to_; ++id) {
      for (const StepId input : trace_.steps[id].inputs)
        reached[id] = reached[id] || reached[input];
    }
    needed[to_] = true;
    for (StepId id = to_; id > from_; --id) {
      if (!needed[id]) continue;
      for (const StepId input : trace_.steps[id].inputs) needed[input] = true;
    }
    for (StepId id = 0; id < reached.size(); ++id) reached[id] = reached[id] && needed[id];
    return reached;
  }

  const Tensor& wide(StepId id) {
    const Tensor& values = trace_.steps[id].values;
    if (values.dtype() == DType::kFloat64) return values;
    if (!converted_[id]) converted_[id] = std::make_unique<Tensor>(values.as(DType::kFloat64));
    return *converted_[id];
  }

  /// A trace from elsewhere may say anything.
  static void expect_fitting(const Step& step, std::span<const Tensor* const> inputs) {
    const Tensor again = evaluate(step, inputs);
    if (again.shape() == step.values.shape()) return;
    throw Error(ErrorCode::kInvalid, "expected the shape " + shape_text(again.shape()) +
                                         " from its inputs, got " + shape_text(step.values.shape()))
        .at(step.id);
  }

  void differentiate() {
    derivatives_.resize(trace_.steps.size());
    converted_.resize(trace_.steps.size());
    for (StepId id = from_ + 1; id <= to_; ++id) {
      if (!on_the_way_[id]) continue;
      const Step& step = trace_.steps[id];
      std::vector<const Tensor*> inputs;
      std::vector<bool> wanted;
      for (const StepId input : step.inputs) {
        inputs.push_back(&wide(input));
        wanted.push_back(on_the_way_[input]);
      }
      expect_fitting(step, inputs);
      try {
        derivatives_[id] = std::make_unique<Derivative>(*find_operation(step.op), std::move(inputs),
                                                        step.attributes, wide(id), wanted);
      } catch (Error& error) {
        throw error.at(step.id);
      }
    }
  }

  const Trace& trace_;
  StepId from_, to_;
  std::vector<bool> on_the_way_;
  std::vector<std::unique_ptr<Derivative>> derivatives_;
  std::vector<std::unique_ptr<Tensor>> converted_;  // of float32 traces
};

/// Where in memory the k-th number of a position stands.
std::size_t place(const Positions& positions, std::size_t position, std::size_t k,
                  std::size_t count) {
  return positions.by_maps ? k * count + position : position * positions.features + k;
}

AxisInfo numbers(std::string name, std::size_t count) {
  AxisInfo axis{.name = std::move(name), .labels = {}, .grid = {}, .image = {}};
  for (std::size_t i = 0; i < count; ++i) axis.labels.push_back(std::to_string(i));
  return axis;
}

StepId id_of(const Trace& trace, const Step& step) {
  return static_cast<StepId>(&step - trace.steps.data());
}

}  // namespace

Positions positions_of(const Trace& trace, const Step& step) {
  const Tensor& values = step.values;
  const std::size_t rank = values.rank();
  // Of several blocks of maps each has axes of its own: "block0 row".
  const auto runs_over = [&](std::size_t axis, std::string_view what) {
    return std::string_view(values.axes()[axis].name).ends_with(what);
  };
  const bool maps = rank >= 2 && ((runs_over(rank - 2, "row") && runs_over(rank - 1, "column")) ||
                                  (rank == 3 && runs_over(0, "channel")));
  if (maps) {
    const std::size_t height = values.size(rank - 2), width = values.size(rank - 1);
    AxisInfo axis{.name = "pixel", .labels = {}, .grid = std::pair(height, width), .image = {}};
    for (std::size_t p = 0; p < height * width; ++p) {
      axis.labels.push_back(std::to_string(p / width) + "," + std::to_string(p % width));
    }
    return {std::move(axis), values.count() / std::max<std::size_t>(1, height * width), true};
  }
  const std::size_t count = rank == 0 ? 1 : values.size(0);
  Positions positions{numbers(rank < 2 ? "number" : "row", count),
                      count == 0 ? 0 : values.count() / count, false};
  const AxisInfo* known = rank == 0 ? nullptr : trace.axis(values.axes()[0].name);
  if (known != nullptr && known->labels.size() == count) positions.axis = *known;
  return positions;
}

namespace {

void expect_room(std::size_t outputs, std::size_t inputs, const Step& to,
                 const InfluenceOptions& options) {
  if (inputs == 0 || outputs <= options.memory_limit / sizeof(double) / inputs) return;
  throw Error(ErrorCode::kLimit, std::to_string(outputs) + " outputs by " + std::to_string(inputs) +
                                     " inputs are more numbers than fit into the limit of " +
                                     std::to_string(options.memory_limit >> 20) + " MiB")
      .at(to.id)
      .hint("choose some outputs: --query");
}

/// Tells of progress, whichever thread makes it.
class Counter {
 public:
  Counter(const InfluenceOptions& options, std::size_t all) : options_(options), all_(all) {}
  void count() {
    if (!options_.progress) return;
    const std::lock_guard lock(one_at_a_time_);
    options_.progress(++done_, all_);
  }

 private:
  const InfluenceOptions& options_;
  std::size_t all_, done_ = 0;
  std::mutex one_at_a_time_;
};

}  // namespace

Influence influence_of(const Trace& trace, const Step& from, const Step& to,
                       const InfluenceOptions& options) {
  const Positions in = positions_of(trace, from), out = positions_of(trace, to);
  const std::size_t inputs = in.axis.labels.size(), outputs = out.axis.labels.size();
  std::vector<std::size_t> places = options.outputs;
  if (places.empty()) {
    places.resize(outputs);
    std::iota(places.begin(), places.end(), std::size_t{0});
  }
  for (const std::size_t i : places) {
    if (i < outputs) continue;
    throw Error(ErrorCode::kInvalid,
                "expected outputs below " + std::to_string(outputs) + ", got " + std::to_string(i))
        .at(to.id);
  }
  expect_room(places.size(), inputs, to, options);
  const Tape tape(trace, id_of(trace, from), id_of(trace, to));
  Influence influence{
      trace.title, trace.title, from.id,           to.id,
      in.axis,     out.axis,    std::move(places), Tensor(DType::kFloat64, {Axis{0}}),
      tape.jumps()};
  influence.values =
      Tensor(DType::kFloat64, {Axis{influence.places.size(), "output"}, Axis{inputs, "input"}});
  double* const values = influence.values.values<double>().data();
  Counter counter(options, influence.places.size());
  // Few blocks: each has buffers of its own.
  const std::size_t block =
      std::max<std::size_t>(1, influence.places.size() / (8 * parallel_width()));
  parallel_for(influence.places.size(), block, [&](std::size_t first, std::size_t last) {
    Tape::Buffers by = tape.buffers();
    std::vector<double>& by_input = by[id_of(trace, from)];
    for (std::size_t i = first; i < last; ++i) {
      Eigen::Map<Eigen::RowVectorXd> squares(values + i * inputs,
                                             static_cast<Eigen::Index>(inputs));
      squares.setZero();
      for (std::size_t k = 0; k < out.features; ++k) {
        tape.derive(place(out, influence.places[i], k, outputs), by);
        for (std::size_t j = 0; j < inputs; ++j) {
          for (std::size_t c = 0; c < in.features; ++c) {
            const double each = by_input[place(in, j, c, inputs)];
            squares[static_cast<Eigen::Index>(j)] += each * each;
          }
        }
        std::fill(by_input.begin(), by_input.end(), 0);
      }
      squares = squares.cwiseSqrt();
      if (!squares.allFinite()) {
        throw Error(ErrorCode::kInvalid, "its derivative by \"" + from.id + "\" is not finite")
            .at(to.id);
      }
      counter.count();
    }
  });
  return influence;
}

const Step& usual_output(const Trace& trace) {
  if (const Step* pointers = trace.find("pointers")) {  // there the weights are the answer
    if (const Step* weights = trace.find("weights")) return *weights;
    return *pointers;
  }
  if (const Step* output = trace.find("output")) return *output;
  const Step* last = nullptr;
  for (const Step& step : trace.steps) {
    // Behind it may stand an output head, a pooled row, what was compared, states side by side.
    const std::string_view id = step.id, name = id.substr(id.rfind('/') + 1);
    if (step.inputs.empty() || id.starts_with("output/") || name == "difference" ||
        name == "weights" || name == "approximation_error") {
      continue;
    }
    last = &step;
  }
  if (last != nullptr) return *last;
  throw Error(ErrorCode::kInvalid, "expected a trace with a step that is computed");
}

std::vector<const Step*> usual_inputs(const Trace& trace, const Step& to) {
  constexpr std::string_view kData[] = {"embeddings", "context", "values", "target",
                                        "maps",       "deeper",  "logits", "existence_logits"};
  std::vector<bool> needed(trace.steps.size(), false);
  needed[id_of(trace, to)] = true;
  for (StepId id = trace.steps.size(); id-- > 0;) {
    if (!needed[id]) continue;
    for (const StepId input : trace.steps[id].inputs) needed[input] = true;
  }
  std::vector<const Step*> inputs;
  for (StepId id = 0; id < trace.steps.size(); ++id) {
    const Step& step = trace.steps[id];
    const std::string_view name = std::string_view(step.id).substr(step.id.rfind('/') + 1);
    if (needed[id] && &step != &to && step.op == "input" &&
        std::find(std::begin(kData), std::end(kData), name) != std::end(kData)) {
      inputs.push_back(&step);
    }
  }
  if (inputs.empty()) {
    throw Error(ErrorCode::kInvalid, "expected a step that is computed from embeddings or maps")
        .at(to.id);
  }
  return inputs;
}

Reach reach_of(const Influence& influence) {
  Reach reach;
  const auto& grid = influence.inputs.grid;
  reach.same_positions = influence.inputs.name == influence.outputs.name &&
                         influence.inputs.labels == influence.outputs.labels;
  const auto apart = [](std::size_t a, std::size_t b) {
    return a < b ? static_cast<double>(b - a) : static_cast<double>(a - b);
  };
  double total = 0, distance = 0;
  for (std::size_t row = 0; row < influence.places.size(); ++row) {
    const std::size_t i = influence.places[row];
    for (std::size_t j = 0; j < influence.values.columns(); ++j) {
      const double value = influence.values.at(row, j);
      if (value == 0) {
        ++reach.nothing;
        continue;
      }
      reach.largest = std::max(reach.largest, value);
      if (!reach.same_positions) continue;
      if (j < i) reach.before = std::max(reach.before, i - j);
      if (j > i) reach.after = std::max(reach.after, j - i);
      // A class token has no place on the grid.
      const std::size_t extra = influence.inputs.extra;
      if (grid && (i < extra || j < extra)) continue;
      total += value;
      const std::size_t across = grid ? grid->second : 1;
      distance += value * std::hypot(grid ? apart((i - extra) / across, (j - extra) / across) : 0,
                                     grid ? apart((i - extra) % across, (j - extra) % across)
                                          : apart(i, j));
    }
  }
  reach.mean_distance = total > 0 ? distance / total : 0;
  return reach;
}

}  // namespace attn_viz::analysis
