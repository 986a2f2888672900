#include "attn_viz/figure/story.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "attn_viz/core/error.hpp"
#include "attn_viz/figure/heatmaps.hpp"
#include "attn_viz/trace/verify.hpp"
#include "figure/choose.hpp"
#include "figure/maps.hpp"
#include "figure/scales.hpp"
#include "figure/step_figures.hpp"
#include "figure/story_terms.hpp"

namespace attn_viz::figure {
namespace {

using Block = StoryOptions::Block;

bool in_block(const StepName& place, Block block) {
  return place.encoder == (block == Block::kEncoder) && place.cross == (block == Block::kCross);
}

// ---- facts and scales ----

struct Range {
  double low = 0, high = 0;
};

/// Of the finite values, and 0.
Range range_of(const Tensor& tensor) {
  Range range;
  dispatch(tensor.dtype(), [&](auto zero) {
    for (const auto value : tensor.values<decltype(zero)>()) {
      if (!std::isfinite(value)) continue;
      range.low = std::min(range.low, static_cast<double>(value));
      range.high = std::max(range.high, static_cast<double>(value));
    }
  });
  return range;
}

/// Weights and masks are from 0 to 1; everything else is on both sides of 0.
bool is_signed(const ColorScale& scale) {
  return scale.low < 0;
}

ColorScale scale_of(const Step& step, const Look& look) {
  const Range range = range_of(step.values);
  constexpr double kRounding = 1e-7;
  if (is_weight_like(step) && range.low >= 0 && range.high <= 1 + kRounding)
    return {map_of(look, false), 0, 1, ""};
  const double size = std::max(-range.low, range.high);
  return {map_of(look, true), size > 0 ? -size : -1, size > 0 ? size : 1, ""};
}

std::string size_text(const Tensor& tensor, bool transposed) {
  std::string text;
  std::vector<std::size_t> shape = tensor.shape();
  if (transposed) std::reverse(shape.begin(), shape.end());
  for (const std::size_t extent : shape)
    text += (text.empty() ? "" : "\u00a0×\u00a0") + std::to_string(extent);
  return text;
}

/// "scale = 0.7071, window = [1, 0]": the numbers that an equation only names.
std::string constants_text(const Step& step) {
  constexpr std::size_t kMostNumbers = 4;
  // These stand in the equation, or over its arrow.
  for (const Operation* op : {&ops::scale, &ops::slice_columns, &ops::mix_heads})
    if (step.op == op->name) return "";
  std::string text;
  const auto add = [&](const std::string& name, const std::string& value) {
    text += fmt::format("{}{} = {}", text.empty() ? "" : ", ", name, value);
  };
  for (const auto& [name, value] : step.attributes) {
    if (const double* number = std::get_if<double>(&value)) {
      add(name, fmt::format("{:.4g}", *number));
    } else if (const auto* numbers = std::get_if<std::vector<double>>(&value)) {
      if (numbers->size() > kMostNumbers) continue;
      std::string list;
      for (const double n : *numbers) list += fmt::format("{}{:.4g}", list.empty() ? "" : ", ", n);
      add(name, "[" + list + "]");
    }
  }
  std::replace(text.begin(), text.end(), '_', ' ');
  return text;
}

/// A dark matrix must not look empty.
constexpr double kPale = 0.2;

std::string facts_of(const Step& step, const ColorScale& scale, bool transposed, bool with_name) {
  std::string name(parse_step_id(step.id).step);
  if (const std::size_t slash = name.rfind('/'); slash != std::string::npos) {
    name.erase(0, slash + 1);
  }
  const bool says_more = with_name && name != step.symbol;
  std::replace(name.begin(), name.end(), '_', ' ');
  std::string text = says_more ? name + "\n" : "";
  text += size_text(step.values, transposed);
  const Range range = range_of(step.values);
  if (range.low == 0 && range.high == 0) {
    text += ", all 0";
  } else if (is_signed(scale)) {
    text += fmt::format(", ±{:.3g}", scale.high);
  } else if (range.high < kPale) {
    text += fmt::format(", largest {:.2g}", range.high);
  }
  return text;
}

// ---- matrices ----

LabelledAxis labels_of(const Trace& trace, const Axis& axis) {
  const AxisInfo* info = axis.name.empty() ? nullptr : trace.axis(axis.name);
  if (info == nullptr || info->labels.size() != axis.size) return {};
  return {.name = axis.name, .labels = info->labels};
}

std::shared_ptr<const Tensor> transpose(const Tensor& tensor) {
  const std::size_t rows = tensor.rows(), columns = tensor.columns();
  Tensor result(tensor.dtype(), {Axis{columns}, Axis{rows}});
  dispatch(tensor.dtype(), [&](auto zero) {
    using T = decltype(zero);
    const std::span<const T> from = tensor.values<T>();
    const std::span<T> to = result.values<T>();
    for (std::size_t i = 0; i < rows; ++i)
      for (std::size_t j = 0; j < columns; ++j) to[j * rows + i] = from[i * columns + j];
  });
  return std::make_shared<const Tensor>(std::move(result));
}

class Teller {
 public:
  Teller(const Trace& trace, const StoryOptions& options) : trace_(trace), options_(options) {}

  Story tell();

 private:
  std::vector<const Step*> chosen_steps() const;
  [[noreturn]] void refuse_head() const;
  StoryMatrix matrix_of(const Step& step, bool transposed, bool with_equation) const;
  StoryLine line_of(const Step& step) const;
  void mark_query(Story& story) const;
  void say_scales(Story& story) const;
  bool is_here(const Step& step) const;

  const Trace& trace_;
  const StoryOptions& options_;
  std::vector<const Step*> steps_;  ///< one for each line
};

/// Whether a step belongs to this head, or to its layer as a whole.
bool Teller::is_here(const Step& step) const {
  const StepName place = parse_step_id(step.id);
  return place.layer == options_.layer && in_block(place, options_.block) &&
         (!place.head || place.head == options_.head);
}

void Teller::refuse_head() const {
  std::set<std::size_t> layers, heads;
  for (const Step& step : trace_.steps) {
    const StepName place = parse_step_id(step.id);
    if (!place.layer || !place.head || !in_block(place, options_.block)) continue;
    layers.insert(*place.layer);
    if (place.layer == options_.layer) heads.insert(*place.head);
  }
  const std::string_view block = options_.block == Block::kCross     ? " of cross-attention"
                                 : options_.block == Block::kEncoder ? " of an encoder"
                                                                     : "";
  const auto mechanism = trace_.settings.get_or("mechanism", std::string("attention"));
  if (layers.empty() && mechanism != "attention") {
    throw Error(
        ErrorCode::kInvalid,
        fmt::format("a story is told of a head of attention; the mechanism \"{}\" has no heads",
                    mechanism))
        .hint(is_on_maps(trace_)
                  ? "run draws its maps, and --style overlay lays them over their picture"
                  : "run draws its results, and --step NAME any of its steps");
  }
  if (layers.empty()) {
    throw Error(ErrorCode::kInvalid, fmt::format("there is no head{} in this file", block));
  }
  if (heads.empty()) {
    throw Error(ErrorCode::kInvalid, fmt::format("there is no layer {}{}; expected 0 to {}",
                                                 options_.layer, block, *layers.rbegin()));
  }
  throw Error(ErrorCode::kInvalid,
              fmt::format("there is no head {}{} in layer {}; expected 0 to {}", options_.head,
                          block, options_.layer, *heads.rbegin()));
}

/// The computed steps that are told, stage by stage.
std::vector<const Step*> Teller::chosen_steps() const {
  // What prepares the input is told where this head is computed from it.
  std::vector<bool> needed(trace_.steps.size());
  for (std::size_t i = trace_.steps.size(); i-- > 0;) {
    const Step& step = trace_.steps[i];
    const StepName place = parse_step_id(step.id);
    const bool of_head = is_here(step) && place.head;
    if (!of_head && (!needed[i] || (place.layer && !is_here(step)))) continue;
    for (const StepId input : step.inputs) needed[input] = true;
  }
  std::vector<const Step*> steps;
  for (std::size_t i = 0; i < trace_.steps.size(); ++i) {
    const Step& step = trace_.steps[i];
    if (step.inputs.empty()) continue;
    const StepName place = parse_step_id(step.id);
    const bool of_head = is_here(step) && place.head;
    const bool prepared = needed[i] && !place.head && stage_of(step) == Stage::kPrepare &&
                          (!place.layer || is_here(step));
    const bool combined = is_here(step) && ((place.step == "concat" && step.inputs.size() > 1) ||
                                            place.step == "attention_output");
    if (of_head || prepared || combined) steps.push_back(&step);
  }
  std::stable_sort(steps.begin(), steps.end(),
                   [](const Step* a, const Step* b) { return stage_of(*a) < stage_of(*b); });
  return steps;
}

StoryMatrix Teller::matrix_of(const Step& step, bool transposed, bool with_equation) const {
  StoryMatrix matrix;
  const StepName place = parse_step_id(step.id);
  matrix.symbol = step.symbol + (transposed ? "ᵀ" : "");
  const bool other_head = place.head && place.head != options_.head;
  const std::string numbered = other_head ? fmt::format("_{}", *place.head) : "";
  const bool tells_head = step.symbol.size() > numbered.size() &&
                          step.symbol.substr(step.symbol.size() - numbered.size()) == numbered;
  if (other_head && !tells_head) matrix.symbol += fmt::format(" (head {})", *place.head);
  const ColorScale scale = scale_of(step, options_.look);
  matrix.facts = facts_of(step, scale, transposed, with_equation || step.inputs.empty());
  if (with_equation) {
    matrix.equation = step.equation;
    if (const std::string constants = constants_text(step); !constants.empty()) {
      matrix.facts += "; " + constants;
    }
  }
  const std::vector<Axis>& axes = step.values.axes();
  if (axes.size() == 2) matrix.rows = labels_of(trace_, axes[0]);
  if (!axes.empty()) matrix.columns = labels_of(trace_, axes.back());
  if (transposed) {
    matrix.own = transpose(step.values);
    matrix.panel.values = Matrix(*matrix.own);
    std::swap(matrix.rows, matrix.columns);
  } else {
    matrix.panel.values = Matrix(step.values);
    if (is_weight_like(step)) matrix.panel.scores = scores_of(trace_, step);
  }
  matrix.panel.title = step.id;
  matrix.panel.scale = scale;
  return matrix;
}

StoryLine Teller::line_of(const Step& step) const {
  const Sentence sentence = sentence_of(trace_, step, options_.head);
  StoryLine line;
  line.stage = heading_of(stage_of(step));
  for (const Operand& operand : sentence.operands) {
    const Step& input = trace_.steps[step.inputs[operand.index]];
    // A mask or a λ has no line of its own, so its equation stands here.
    const bool told_elsewhere =
        std::find(steps_.begin(), steps_.end(), &input) != steps_.end() || !is_here(input);
    line.terms.push_back({operand.sign, "", matrix_of(input, operand.transposed, !told_elsewhere)});
  }
  line.terms.push_back({line.terms.empty() ? "" : sentence.result_sign, sentence.over,
                        matrix_of(step, false, true)});
  return line;
}

/// A query is followed from its embedding to its output: through whatever keeps its rows.
void Teller::mark_query(Story& story) const {
  const auto weights = std::find_if(steps_.begin(), steps_.end(), [](const Step* step) {
    return parse_step_id(step->id).step == "weights";
  });
  const AxisInfo* queries =
      weights == steps_.end() ? nullptr : trace_.axis((*weights)->values.axes()[0].name);
  if (queries == nullptr) throw Error(ErrorCode::kInvalid, "this head has no labelled queries");
  const auto row = find_query(*queries, *options_.query);
  if (!row) {
    throw Error(ErrorCode::kInvalid,
                fmt::format("there is no query \"{}\"; expected an index from 0 to {} or a label",
                            *options_.query, queries->labels.size() - 1));
  }
  const auto keeps_all_rows = [](const Step& step) {
    return step.op == ops::add.name || step.op == ops::mask_scores.name ||
           step.op == ops::differential.name || step.op == ops::concat.name ||
           step.op == ops::mix_heads.name || step.op == ops::kernel_weights.name;
  };
  const std::size_t rows = queries->labels.size();
  std::set<const Step*> marked{*weights};
  const auto is_marked = [&](const Step& step) {
    return marked.count(&step) > 0 ||
           (keeps_all_rows(step) &&
            std::any_of(step.inputs.begin(), step.inputs.end(),
                        [&](StepId input) { return marked.count(&trace_.steps[input]) > 0; }));
  };
  const auto visit = [&](std::size_t k, bool forward) {
    const Step& step = *steps_[k];
    if (step.values.rows() != rows) return;
    // From the weights on; before them, keys and values come of the same rows, too.
    const Step& first = trace_.steps[step.inputs[0]];
    const bool keeps = first.values.rows() == rows && is_marked(first);
    if (forward && (keeps || is_marked(step))) marked.insert(&step);
    if (marked.count(&step) == 0) return;
    story.lines[k].terms.back().matrix.marked_row = row;
    const Sentence sentence = sentence_of(trace_, step, options_.head);
    for (std::size_t t = 0; t < sentence.operands.size(); ++t) {
      const Operand& operand = sentence.operands[t];
      const Step& input = trace_.steps[step.inputs[operand.index]];
      if (operand.transposed || input.values.rows() != rows) continue;
      if (operand.index > 0 && !keeps_all_rows(step)) continue;
      story.lines[k].terms[t].matrix.marked_row = row;
      marked.insert(&input);
    }
  };
  for (std::size_t k = steps_.size(); k-- > 0;) visit(k, false);
  const auto start = static_cast<std::size_t>(weights - steps_.begin());
  for (std::size_t k = start; k < steps_.size(); ++k) visit(k, true);
  story.notes.push_back(fmt::format("Outlined: the row of query {}.", queries->labels[*row]));
}

void Teller::say_scales(Story& story) const {
  for (const StoryLine& line : story.lines) {
    for (const StoryTerm& term : line.terms) {
      const ColorScale& scale = *term.matrix.panel.scale;
      if (is_signed(scale)) {
        story.value_note = "all others: −a to a; each states its ±a";
        story.value_map = scale.map;
      } else {
        story.weight_note = "weights and masks: 0 to 1";
        story.weight_map = scale.map;
      }
    }
  }
}

Story Teller::tell() {
  steps_ = chosen_steps();
  const bool exists = std::any_of(steps_.begin(), steps_.end(), [](const Step* step) {
    return parse_step_id(step->id).head.has_value();
  });
  if (!exists) refuse_head();
  Story story{.title = trace_.title};
  std::set<std::size_t> heads;
  for (const Step& step : trace_.steps) {
    const StepName place = parse_step_id(step.id);
    if (place.layer == options_.layer && in_block(place, options_.block) && place.head) {
      heads.insert(*place.head);
    }
  }
  story.subtitle =
      fmt::format("{}ayer {}{}, head {}{}: every step of its computation",
                  options_.block == Block::kEncoder ? "Encoder, l" : "L", options_.layer,
                  options_.block == Block::kCross ? ", cross-attention" : "", options_.head,
                  heads.size() > 1 ? fmt::format(" (of {})", heads.size()) : "");
  story.theme = options_.look.theme;
  for (const Step* step : steps_) {
    verify_weights(trace_, *step);
    StoryLine line = line_of(*step);
    if (!story.lines.empty() && line.terms.size() > 1) {
      const Step* before = steps_[story.lines.size() - 1];
      const bool alone = line.terms.size() == 2 || step->op == ops::mask_scores.name;
      line.continues =
          alone && line.terms.back().sign == "→" && &trace_.steps[step->inputs[0]] == before;
    }
    story.lines.push_back(std::move(line));
  }
  if (options_.query) mark_query(story);
  say_scales(story);
  return story;
}

}  // namespace

Story story_of(const Trace& trace, const StoryOptions& options) {
  return Teller(trace, options).tell();
}

std::vector<Story> frames_of(const Story& story) {
  std::vector<Story> frames(story.lines.size(), story);
  for (std::size_t k = 0; k < frames.size(); ++k) frames[k].revealed = k + 1;
  return frames;
}

}  // namespace attn_viz::figure
