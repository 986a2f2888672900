#include "explain/formula.hpp"

#include <fmt/format.h>

#include <limits>

#include "explain/catalogue.hpp"
#include "explain/latex.hpp"
#include "explain/number.hpp"

namespace attn_viz::explain {
namespace {

using Kind = Expression::Kind;

std::string_view function_name(Kind kind) {
  switch (kind) {
    case Kind::kExp:
      return "exp";
    case Kind::kLog:
      return "ln";
    case Kind::kSin:
      return "sin";
    case Kind::kCos:
      return "cos";
    case Kind::kTanh:
      return "tanh";
    default:
      return "erfc";
  }
}

}  // namespace

std::string cell_text(std::string_view symbol, const Tensor& values, std::size_t position,
                      const Style& style) {
  const bool latex = style.format == Format::kLatex;
  const std::string name = latex ? latex_math(symbol) : std::string(symbol);
  if (values.count() == 1 && values.rank() < 2) return name;
  std::string indices;
  std::size_t block = values.count();
  for (const Axis& axis : values.axes()) {
    block /= axis.size;
    indices += (indices.empty() ? "" : ", ") + std::to_string(position / block % axis.size);
  }
  if (!latex) return name + "[" + indices + "]";
  const bool plain = name.find_first_of("_^") == std::string::npos;
  return (plain ? name : "(" + name + ")") + "_{" + indices + "}";
}

FormulaWriter::FormulaWriter(const Trace& trace, const Evaluated& step,
                             const Arithmetic& arithmetic, std::span<const double> definitions,
                             const Style& style)
    : trace_(&trace),
      step_(&step),
      arithmetic_(&arithmetic),
      definitions_(definitions),
      style_(&style) {}

void FormulaWriter::put_in(std::size_t input, std::size_t position, Formula formula) {
  replaced_ = Replaced{input, position, std::move(formula)};
}

/// A list with more terms is shown by the first ones and the last.
std::size_t FormulaWriter::most_terms(int depth) const {
  if (style_->all_terms) return std::numeric_limits<std::size_t>::max();
  if (brief_) return 4;  // one term alone is not worth leaving out
  return style_->format == Format::kLatex && depth > 0 ? 5 : 8;  // brackets do not break over lines
}

Formula FormulaWriter::symbols(const Expression& expression) const {
  constexpr std::size_t kWide = 85;
  const Formula whole = write(expression, false, 0);
  const bool latex = style_->format == Format::kLatex;
  if ((latex ? set_width(whole.text) : display_width(whole.text)) <= kWide) return whole;
  FormulaWriter brief = *this;
  brief.brief_ = true;
  return brief.write(expression, false, 0);
}

Formula FormulaWriter::number(double value, DType dtype) const {
  const NumberText number = number_text(value, dtype, *style_);
  return {number.text, number.rounded, value < 0 ? 1 : number.has_power ? 2 : 4};
}

Formula FormulaWriter::value(const Expression& expression) const {
  const Numbers numbers{step_->inputs(), step_->values(), definitions_};
  return number(value_of(expression, numbers), step_->values().dtype());
}

std::string FormulaWriter::in_brackets(const std::string& text) const {
  return style_->format == Format::kLatex ? "\\left(" + text + "\\right)" : "(" + text + ")";
}

std::string FormulaWriter::operand(const Formula& formula, int least) const {
  return formula.binding < least ? in_brackets(formula.text) : formula.text;
}

/// A cell, a definition or a constant.
Formula FormulaWriter::number_of(const Expression& expression, bool numeric) const {
  const bool latex = style_->format == Format::kLatex;
  if (numeric) {
    if (expression.kind == Kind::kNumber) return number(expression.number, DType::kFloat64);
    if (expression.kind == Kind::kDefined) {
      return number(definitions_[expression.index], DType::kFloat64);
    }
    if (expression.kind == Kind::kInput) {
      if (replaced_ && replaced_->input == expression.index &&
          replaced_->position == expression.position) {
        return replaced_->formula;
      }
      const Tensor& source = *step_->inputs()[expression.index];
      return number(source.at(expression.position), source.dtype());
    }
    return value(expression);
  }
  switch (expression.kind) {
    case Kind::kInput: {
      const Step& source = trace_->steps[step_->step().inputs[expression.index]];
      return {cell_text(source.symbol, source.values, expression.position, *style_)};
    }
    case Kind::kOwn:
      return {cell_text(step_->step().symbol, step_->values(), expression.position, *style_)};
    case Kind::kDefined: {
      const std::string& symbol = arithmetic_->definitions[expression.index].symbol;
      return {latex ? latex_symbol(symbol) : symbol};
    }
    default:
      if (expression.name.empty()) return number(expression.number, DType::kFloat64);
      return {latex ? latex_symbol(expression.name) : expression.name};
  }
}

Formula FormulaWriter::list(const Expression& expression, bool numeric, int depth,
                            std::string_view between, int binding) const {
  constexpr std::size_t kWidest = 70;
  const std::size_t count = expression.parts.size(), most = most_terms(depth);
  const std::size_t first = most > 4 ? 3 : 2;  // terms before those that are left out
  const bool latex = style_->format == Format::kLatex;
  Formula whole{.text = {}, .rounded = false, .binding = binding};
  std::size_t width = 0;
  for (std::size_t i = 0; i < count; ++i) {
    if (i > 0) whole.text += between;
    if (count > most && i == first) {
      const std::size_t left_out = count - first - 1;
      whole.text +=
          latex ? fmt::format("\\underbrace{{\\cdots}}_{{{}}}", left_out)
                : fmt::format(fmt::runtime(text_of(Sentence::kTermsLeftOut, style_->language)),
                              left_out);
      whole.text += between;
      i = count - 1;
    }
    const Formula part = write(expression.parts[i], numeric, depth + 1);
    whole.rounded = whole.rounded || part.rounded;
    const int least = binding == 4 ? 0 : binding == 1 && i > 0 ? 2 : i > 0 ? 3 : binding;
    const std::string text = operand(part, least);
    // Long sums that stand by themselves go on in further lines.
    if (latex && depth == 0 && binding == 1) {
      const std::size_t more = set_width(text);
      if (width > 0 && width + more > kWidest) whole.text += "\\\\\n  &\\qquad ", width = 0;
      width += more + 3;
    }
    whole.text += text;
  }
  return whole;
}

Formula FormulaWriter::of_two(const Expression& expression, bool numeric, int depth) const {
  const bool latex = style_->format == Format::kLatex;
  const Formula a = write(expression.parts[0], numeric, depth + 1);
  const Formula b = write(expression.parts[1], numeric, depth + 1);
  const bool rounded = a.rounded || b.rounded;
  switch (expression.kind) {
    case Kind::kDifference:
      return {operand(a, 1) + (latex ? " - " : " − ") + operand(b, 2), rounded, 1};
    case Kind::kQuotient:
      if (latex) return {"\\frac{" + a.text + "}{" + b.text + "}", rounded, 3};
      return {operand(a, 2) + " / " + operand(b, 3), rounded, 2};
    case Kind::kRemainder:
      return {operand(a, 2) + (latex ? " \\bmod " : " mod ") + operand(b, 3), rounded, 2};
    default:
      break;
  }
  const Expression& exponent = expression.parts[1];
  const bool constant = exponent.kind == Kind::kNumber && exponent.name.empty();
  if (latex) return {operand(a, 4) + "^{" + b.text + "}", rounded, 3};
  if (constant && exponent.number == 2) return {operand(a, 4) + "²", rounded, 3};
  if (constant && exponent.number == 3) return {operand(a, 4) + "³", rounded, 3};
  return {operand(a, 4) + "^" + operand(b, 5), rounded, 3};
}

Formula FormulaWriter::function(const Expression& expression, bool numeric, int depth) const {
  const bool latex = style_->format == Format::kLatex;
  const Expression& inner = expression.parts[0];
  const Formula a = write(inner, numeric, depth + 1);
  const bool constant = inner.kind == Kind::kNumber && inner.name.empty();
  switch (expression.kind) {
    case Kind::kNegative:
      return {(latex ? "-" : "−") + operand(a, 2), a.rounded, 1};
    case Kind::kAbsolute:
      return {latex ? "\\left|" + a.text + "\\right|" : "|" + a.text + "|", a.rounded};
    case Kind::kRoot:
      if (numeric && constant) return value(expression);
      if (latex) return {"\\sqrt{" + a.text + "}", a.rounded};
      return {constant ? "√" + a.text : "√(" + a.text + ")", a.rounded};
    default:
      break;
  }
  const std::string name(function_name(expression.kind));
  const std::string written = !latex ? name : name == "erfc" ? "\\operatorname{erfc}" : "\\" + name;
  return {written + in_brackets(a.text), a.rounded};
}

Formula FormulaWriter::write(const Expression& expression, bool numeric, int depth) const {
  const bool latex = style_->format == Format::kLatex;
  switch (expression.kind) {
    case Kind::kNumber:
    case Kind::kInput:
    case Kind::kOwn:
    case Kind::kDefined:
      return number_of(expression, numeric);
    case Kind::kSum:
      return list(expression, numeric, depth, " + ", 1);
    case Kind::kProduct:
      return list(expression, numeric, depth, latex ? " \\times " : " × ", 2);
    case Kind::kMaximum: {
      Formula whole = list(expression, numeric, depth + 1, ", ", 4);
      whole.text = (latex ? "\\max" : "max") + in_brackets(whole.text);
      return whole;
    }
    case Kind::kDifference:
    case Kind::kQuotient:
    case Kind::kPower:
    case Kind::kRemainder:
      return of_two(expression, numeric, depth);
    default:
      return function(expression, numeric, depth);
  }
}

}  // namespace attn_viz::explain
