// The writer: blocks of rows become text on all cores and go to the sink in order, one at a time.
#include <fmt/format.h>

#include <condition_variable>
#include <mutex>

#include "attn_viz/core/json_write.hpp"
#include "attn_viz/core/parallel.hpp"
#include "attn_viz/trace/json.hpp"

namespace attn_viz {
namespace {

using json::append;
using json::append_list;

/// Rows of a tensor's last axis, with the brackets of the axes before it.
class RowWriter {
 public:
  explicit RowWriter(const Tensor& tensor) : tensor_(tensor) {
    // How many rows each outer axis spans, innermost first.
    std::size_t span = 1;
    for (std::size_t axis = tensor.rank() - 1; axis-- > 0;) {
      span *= tensor.size(axis);
      spans_.push_back(span);
    }
  }

  std::size_t rows() const { return spans_.empty() ? 1 : spans_.back(); }

  void append_row(std::string& text, std::size_t row) const {
    text += row == 0 ? "\n        " : ",\n        ";
    // The outermost brackets are written once, around all rows.
    for (std::size_t axis = 0; axis + 1 < spans_.size(); ++axis) {
      if (row % spans_[axis] == 0) text += '[';
    }
    dispatch(tensor_.dtype(), [&](auto zero) {
      const std::size_t width = tensor_.columns();
      append_list(text, tensor_.values<decltype(zero)>().subspan(row * width, width));
    });
    for (std::size_t axis = 0; axis + 1 < spans_.size(); ++axis) {
      if ((row + 1) % spans_[axis] == 0) text += ']';
    }
  }

 private:
  const Tensor& tensor_;
  std::vector<std::size_t> spans_;
};

/// Lets blocks that are made at the same time go out in their order: while one thread writes its
/// block, the others make the next ones. Blocks are begun in order, so the first waits for nobody.
class Turns {
 public:
  /// Calls make() at once and act() when all turns before this one are over. After an exception of
  /// either no turn acts any more.
  template <class Make, class Act>
  void take(std::size_t turn, Make make, Act act) {
    try {
      make();
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [&] { return next_ == turn || failed_; });
      if (failed_) return;
      lock.unlock();
      act();
    } catch (...) {
      end_turn([&] { failed_ = true; });
      throw;
    }
    end_turn([&] { ++next_; });
  }

 private:
  template <class Change>
  void end_turn(Change change) {
    const std::lock_guard lock(mutex_);
    change();
    changed_.notify_all();
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::size_t next_ = 0;
  bool failed_ = false;
};

/// The brackets of a tensor without values, as far as the first extent of 0.
void append_empty_nest(std::string& text, const Tensor& tensor, std::size_t axis) {
  text += '[';
  for (std::size_t i = 0; i < tensor.size(axis); ++i) {
    if (i > 0) text += ", ";
    append_empty_nest(text, tensor, axis + 1);
  }
  text += ']';
}

void write_data(const Tensor& tensor, const Sink& sink) {
  std::string text;
  if (tensor.count() == 0) {
    append_empty_nest(text, tensor, 0);
    return sink(text);
  }
  if (tensor.rank() == 0) {
    dispatch(tensor.dtype(), [&](auto zero) { append(text, tensor.values<decltype(zero)>()[0]); });
    return sink(text);
  }
  if (tensor.rank() == 1) {
    dispatch(tensor.dtype(),
             [&](auto zero) { append_list(text, tensor.values<decltype(zero)>()); });
    return sink(text);
  }

  const RowWriter writer(tensor);
  const std::size_t block = rows_per_block(40 * tensor.columns());
  Turns turns;
  sink("[");
  parallel_for(writer.rows(), block, [&](std::size_t first, std::size_t last) {
    std::string rows;
    turns.take(
        first / block,
        [&] {
          for (std::size_t row = first; row < last; ++row) writer.append_row(rows, row);
        },
        [&] { sink(rows); });
  });
  sink("\n      ]");
}

std::string axes_text(const Tensor& tensor) {
  std::string text = "[";
  for (const Axis& axis : tensor.axes()) {
    if (text.size() > 1) text += ", ";
    if (axis.name.empty()) {
      text += "null";
    } else {
      append(text, axis.name);
    }
  }
  return text + "]";
}

/// {"layer": 0, "head": 1}: only what applies.
std::string place_text(const Place& place) {
  std::string text = "{";
  const auto add = [&](std::string_view key, const std::string& value) {
    text += fmt::format("{}\"{}\": {}", text.size() > 1 ? ", " : "", key, value);
  };
  if (place.side) add("side", place.side == Place::Side::kEncoder ? "\"encoder\"" : "\"decoder\"");
  if (place.layer) add("layer", std::to_string(*place.layer));
  if (place.block) add("block", place.block == Place::Block::kSelf ? "\"self\"" : "\"cross\"");
  if (place.head) add("head", std::to_string(*place.head));
  if (!place.branch.empty()) {
    std::string branch;
    append(branch, place.branch);
    add("branch", branch);
  }
  if (place.pass) add("pass", std::to_string(*place.pass));
  return text + "}";
}

void write_step(const Trace& trace, const Step& step, const Sink& sink) {
  std::string text = "    {\n      \"id\": ";
  append(text, step.id);
  text += ", \"symbol\": ";
  append(text, step.symbol);
  text += ", \"op\": ";
  append(text, step.op);
  text += fmt::format(",\n      \"role\": \"{}\", \"place\": {}", name_of(step.role),
                      place_text(step.place));
  if (!step.equation.empty()) {
    text += ",\n      \"equation\": ";
    append(text, step.equation);
  }
  std::vector<std::string_view> inputs;
  for (const StepId input : step.inputs) inputs.push_back(trace.steps[input].id);
  text += ",\n      \"inputs\": ";
  append_list(text, inputs);
  if (!step.attributes.empty()) {
    text += ",\n      \"attributes\": ";
    append(text, step.attributes);
  }
  for (const auto& [name, value] : step.findings) {
    text += ",\n      ";
    append(text, name);
    text += ": ";
    append(text, value);
  }
  text +=
      fmt::format(",\n      \"axes\": {}, \"shape\": {},\n      \"data\": ", axes_text(step.values),
                  shape_text(step.values.shape()));
  sink(text);
  write_data(step.values, sink);
  sink("\n    }");
}

void append_axis(std::string& text, const AxisInfo& axis) {
  append(text, axis.name);
  text += ": {\"labels\": ";
  append_list(text, axis.labels);
  if (axis.grid) text += fmt::format(", \"grid\": [{}, {}]", axis.grid->first, axis.grid->second);
  if (axis.extra > 0) text += fmt::format(", \"extra\": {}", axis.extra);
  if (!axis.image.empty()) {
    text += ", \"image\": ";
    append(text, axis.image);
  }
  text += '}';
}

}  // namespace

void write_trace(const Trace& trace, const Sink& sink) {
  std::string head = "{\n  \"format\": \"attn-viz trace\",\n  \"version\": 2,\n  \"generator\": ";
  append(head, trace.generator);
  head += ",\n  \"title\": ";
  append(head, trace.title);
  head += fmt::format(",\n  \"dtype\": \"{}\",\n  \"settings\": ", name_of(trace.dtype));
  append(head, trace.settings);
  head += ",\n  \"axes\": {";
  for (const AxisInfo& axis : trace.axes) {
    head += &axis == trace.axes.data() ? "\n    " : ",\n    ";
    append_axis(head, axis);
  }
  head += "\n  },\n  \"steps\": [\n";
  sink(head);
  for (const Step& step : trace.steps) {
    if (&step != trace.steps.data()) sink(",\n");
    write_step(trace, step, sink);
  }
  sink("\n  ]\n}\n");
}

}  // namespace attn_viz
