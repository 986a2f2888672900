#include "explain/writer.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "explain/formula.hpp"
#include "explain/latex.hpp"
#include "explain/number.hpp"

namespace attn_viz::explain {
namespace {

/// A matrix with more rows or columns is shown in part.
constexpr std::size_t kSmall = 8;
/// Of more definitions of one kind ("e[0]", "e[1]", …) the first three and the last are shown.
constexpr std::size_t kFewDefinitions = 8;

/// Writes the blocks.
class Writer {
 public:
  Writer(const Trace& trace, const Words& words, const Style& style)
      : trace_(trace), words_(words), style_(style) {}

  Document write(const Plan& plan) {
    std::size_t number = 0;
    for (const Part& part : plan.parts) write(part, ++number, plan.weights.has_value());
    return std::move(document_);
  }

 private:
  void sentence(std::string text) { add(Block::Kind::kSentence, std::move(text)); }
  void add(Block::Kind kind, std::string text) {
    document_.push_back({.kind = kind, .text = std::move(text)});
  }

  void heading(const Step& step, std::size_t number) {
    const std::string_view name = name_of_step(step.id, style_.language);
    const std::string id = words_.id(step.id);
    add(Block::Kind::kHeading, name.empty()
                                   ? fmt::format("{}. {}", number, id)
                                   : fmt::format("{}. {} ({})", number, words_.plain(name), id));
  }

  void write(const Part& part, std::size_t number, bool whole) {
    const Step& step = trace_.steps[part.step];
    const Operation* operation = find_operation(step.op);
    heading(step, number);
    if (part.quoted) {
      const bool given = operation != nullptr && operation->equation == nullptr;
      sentence(words_.say(given ? Sentence::kGiven : Sentence::kQuoted,
                          {words_.math(words_.symbol(step)), shape_text(step.values.shape())}));
      grid(step, part);
      return;
    }
    const Evaluated evaluated(trace_, part.step);
    sentence(words_.plain(meaning_of(*operation, step.inputs.size(), style_.language)));
    if (!step.equation.empty()) {
      add(Block::Kind::kEquation,
          style_.format == Format::kLatex ? latex_math(step.equation) : step.equation);
    }
    said_.clear();
    remarks_.clear();
    for (const std::size_t cell : part.cells) explain(evaluated, cell);
    for (const Remark remark : remarks_) sentence(words_.plain(text_of(remark, style_.language)));
    if (part.left_out > 0) {
      sentence(words_.say(Sentence::kCellsLeftOut, {std::to_string(part.left_out)}));
    }
    const bool small = step.values.rows() <= kSmall && step.values.columns() <= kSmall;
    if (whole && small && step.values.count() > 1) {
      sentence(words_.say(Sentence::kWhole, {words_.math(words_.symbol(step))}));
      grid(step, part);
    }
  }

  // ---- one cell ----

  /// The members of a chain: symbols, numbers, value; those that say nothing new are left out.
  void chain(std::string left, const Formula& symbols, const Formula& numbers,
             const Formula& value) {
    Chain chain{.left = std::move(left), .members = {}};
    bool rounded = false;
    const auto member = [&](const Formula& formula) {
      chain.members.push_back({rounded || formula.rounded, formula.text});
      rounded = formula.rounded;
    };
    if (symbols.text != numbers.text && symbols.text != value.text) member(symbols);
    if (numbers.text != value.text) member(numbers);
    member(value);
    document_.push_back({.kind = Block::Kind::kChain, .chain = std::move(chain)});
  }

  /// Scaled scores show the product that is scaled.
  void put_in_scores(FormulaWriter& writer, const Evaluated& step, std::size_t cell) const {
    if (step.step().op != ops::scale.name) return;
    const StepId source = step.step().inputs[0];
    const Operation* operation = find_operation(trace_.steps[source].op);
    if (operation == nullptr || operation->terms == nullptr) return;
    const Evaluated scores(trace_, source);
    const Arithmetic inner = scores.terms(cell);
    if (!inner.definitions.empty() || inner.result.parts.size() > kSmall) return;
    writer.put_in(0, cell,
                  FormulaWriter(trace_, scores, inner, {}, style_).numbers(inner.result, 1));
  }

  void explain(const Evaluated& step, std::size_t cell) {
    const Arithmetic terms = step.terms(cell);
    const std::vector<double> known = values_of_definitions(terms, step.inputs(), step.values());
    FormulaWriter writer(trace_, step, terms, known, style_);
    define(writer, terms, known);
    for (const auto& group : terms.conditions)
      condition(writer, {step.inputs(), step.values(), known}, group);
    put_in_scores(writer, step, cell);
    chain(cell_text(step.step().symbol, step.values(), cell, style_), writer.symbols(terms.result),
          writer.numbers(terms.result), writer.value(terms.result));
    for (const Condition& check : terms.checks) {
      chain(words_.word_in_formula(Sentence::kCheck), writer.symbols(check.left),
            writer.numbers(check.left), writer.value(check.left));
    }
    for (const Remark remark : terms.remarks) {
      const bool said = std::find(remarks_.begin(), remarks_.end(), remark) != remarks_.end();
      if (!said) remarks_.push_back(remark);
    }
    differs(writer, step, cell);
  }

  /// Whether this was not said of another cell of the same step.
  bool new_here(const std::string& text) {
    if (std::find(said_.begin(), said_.end(), text) != said_.end()) return false;
    said_.push_back(text);
    return true;
  }

  void define(const FormulaWriter& writer, const Arithmetic& terms,
              const std::vector<double>& known) {
    const auto family = [&](std::size_t i) {
      const std::string& name = terms.definitions[i].symbol;
      return name.substr(0, name.find('['));
    };
    const std::size_t count = terms.definitions.size();
    for (std::size_t first = 0, end = 0; first < count; first = end) {
      while (end < count && family(end) == family(first)) ++end;
      const bool shorten = !style_.all_terms && end - first > kFewDefinitions;
      std::size_t left_out = 0;
      for (std::size_t i = first; i < end; ++i) {
        if (shorten && i >= first + 3 && i + 1 < end && !uses(terms.result, i)) {
          ++left_out;
          continue;
        }
        one_definition(writer, terms.definitions[i], known[i]);
      }
      const std::string text =
          words_.say(Sentence::kDefinitionsLeftOut, {std::to_string(left_out)});
      if (left_out > 0 && new_here(text)) sentence(text);
    }
  }

  void one_definition(const FormulaWriter& writer, const Definition& definition, double known) {
    const std::string left =
        style_.format == Format::kLatex ? latex_symbol(definition.symbol) : definition.symbol;
    const Formula numbers = writer.numbers(definition.value);
    if (!new_here(left + "=" + numbers.text)) return;
    chain(left, writer.symbols(definition.value), numbers, writer.number(known, DType::kFloat64));
  }

  static bool uses(const Expression& expression, std::size_t definition) {
    if (expression.kind == Expression::Kind::kDefined) return expression.index == definition;
    return std::any_of(expression.parts.begin(), expression.parts.end(),
                       [&](const Expression& part) { return uses(part, definition); });
  }

  // ---- what else there is to say of a cell ----

  void condition(const FormulaWriter& writer, const Numbers& numbers,
                 const std::vector<Condition>& group) {
    std::string all;
    for (const Condition& each : group) {
      const std::string sign = relation(each.relation);
      const std::string symbols =
          writer.symbols(each.left).text + sign + writer.symbols(each.right).text;
      const std::string with_numbers =
          writer.numbers(each.left).text + sign + writer.numbers(each.right).text;
      const bool same = symbols == with_numbers;
      const Sentence sentence = holds(each, numbers)
                                    ? same ? Sentence::kHolds : Sentence::kHoldsThat
                                : same ? Sentence::kFails
                                       : Sentence::kFailsThat;
      if (!all.empty()) all += words_.say(Sentence::kOr);
      all += words_.say(sentence, {words_.math(symbols), words_.math(with_numbers)});
    }
    const std::string text = words_.say(Sentence::kDecidedBy, {all});
    if (new_here(text)) sentence(text);
  }

  std::string relation(Relation relation) const {
    constexpr const char* kText[] = {" = ", " ≠ ", " < ", " ≤ ", " > ", " ≥ "};
    constexpr const char* kLatex[] = {" = ", " \\ne ", " < ", " \\le ", " > ", " \\ge "};
    const auto index = static_cast<std::size_t>(relation);
    return style_.format == Format::kLatex ? kLatex[index] : kText[index];
  }

  /// A trace from elsewhere may say something else; one that is rounded says the same.
  void differs(const FormulaWriter& writer, const Evaluated& step, std::size_t cell) {
    const double said = step.step().values.at(cell), got = step.values().at(cell);
    const double tolerance = step.values().dtype() == DType::kFloat64 ? 1e-9 : 1e-4;
    const std::size_t decimals = decimals_of(said);
    const double rounding = decimals == 0 ? 0 : std::pow(10.0, -static_cast<double>(decimals));
    const double allowed = std::max(rounding, tolerance * std::max(1.0, std::abs(got)));
    if (said == got || std::abs(said - got) <= allowed) return;
    sentence(words_.say(Sentence::kDiffers,
                        {words_.math(writer.number(said, step.values().dtype()).text)}));
  }

  // ---- matrices ----

  /// All of a few indices; else those of the cells if there are few, else the first three and last.
  static std::vector<std::size_t> chosen(std::size_t size, std::vector<std::size_t> wanted,
                                         bool all) {
    if (size <= kSmall || all) {
      wanted.resize(size);
      std::iota(wanted.begin(), wanted.end(), std::size_t{0});
    }
    if (all || wanted.size() <= kSmall) return wanted;
    return {wanted[0], wanted[1], wanted[2], wanted.back()};
  }

  void grid(const Step& step, const Part& part) {
    const Tensor& values = step.values;
    const std::size_t columns = values.columns();
    std::set<std::size_t> wanted_rows, wanted_columns;
    for (const std::size_t cell : part.cells) {
      wanted_rows.insert(cell / columns);
      wanted_columns.insert(cell % columns);
    }
    const auto rows = chosen(values.rows(), {wanted_rows.begin(), wanted_rows.end()},
                             style_.all_terms && part.quoted);
    const auto shown = chosen(columns, {wanted_columns.begin(), wanted_columns.end()},
                              style_.all_terms && part.quoted);
    const bool whole = rows.size() == values.rows() && shown.size() == columns;
    if (!whole) {
      sentence(words_.say(Sentence::kSomeRows, {words_.math(words_.symbol(step))}));
    }
    Grid grid{.symbol = words_.symbol(step), .row_heads = {}, .column_heads = {}, .cells = {}};
    const Axis none{};
    const Axis& row_axis = values.rank() == 2 ? values.axes()[0] : none;
    const Axis& column_axis = values.rank() > 0 ? values.axes().back() : none;
    for (const std::size_t j : shown) grid.column_heads.push_back(words_.place(column_axis, j));
    for (const std::size_t i : rows) {
      grid.row_heads.push_back(values.rank() < 2 ? "" : words_.place(row_axis, i));
      auto& row = grid.cells.emplace_back();
      for (const std::size_t j : shown) {
        const NumberText number = number_text(values.at(i, j), values.dtype(), style_);
        grid.rounded = grid.rounded || number.rounded;
        row.push_back(number.text);
      }
    }
    heads_of_latex(grid, values.rank() >= 2, whole);
    document_.push_back({.kind = Block::Kind::kGrid, .grid = std::move(grid)});
  }

  /// A matrix in brackets has no room for its heads: they are said before it.
  void heads_of_latex(const Grid& grid, bool has_rows, bool whole) {
    if (style_.format != Format::kLatex) return;
    const auto list = [](const std::vector<std::string>& heads) {
      std::string text;
      for (const std::string& head : heads) text += (text.empty() ? "" : ", ") + head;
      return text;
    };
    const auto named = [](const std::vector<std::string>& heads) {
      return !heads.empty() && heads[0].find('(') != std::string::npos;
    };
    if (has_rows && (!whole || named(grid.row_heads))) {
      sentence(words_.say(Sentence::kRowsAre, {list(grid.row_heads)}));
    }
    if (!whole || named(grid.column_heads)) {
      sentence(words_.say(Sentence::kColumnsAre, {list(grid.column_heads)}));
    }
  }

  const Trace& trace_;
  const Words& words_;
  const Style& style_;
  Document document_;
  std::vector<std::string> said_;  ///< of the step that is being written
  std::vector<Remark> remarks_;
};

}  // namespace

Document write_parts(const Trace& trace, const Plan& plan, const Words& words, const Style& style) {
  return Writer(trace, words, style).write(plan);
}

}  // namespace attn_viz::explain
