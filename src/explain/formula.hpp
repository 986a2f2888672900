// Expressions as formulas: with symbols, and with the numbers put in.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "attn_viz/explain/explain.hpp"
#include "attn_viz/ops/arithmetic.hpp"
#include "explain/plan.hpp"

namespace attn_viz::explain {

struct Formula {
  std::string text;
  bool rounded = false;
  int binding = 4;  ///< 1 sum, 2 product, 3 power, 4 nothing can come between
};

/// "Q[2, 0]", "(W_Q)_{2,0}" in LaTeX; a single number has no index.
std::string cell_text(std::string_view symbol, const Tensor& values, std::size_t position,
                      const Style& style);

/// Writes the expressions of one cell of one step.
class FormulaWriter {
 public:
  FormulaWriter(const Trace& trace, const Evaluated& step, const Arithmetic& arithmetic,
                std::span<const double> definitions, const Style& style);

  /// From here on the numbers show this formula in the place of an input's cell.
  void put_in(std::size_t input, std::size_t position, Formula formula);

  /// With the names of things; long ones are shortened more than their numbers.
  Formula symbols(const Expression& expression) const;
  /// @param depth  0 if it stands by itself, more inside of brackets or fractions
  Formula numbers(const Expression& expression, int depth = 0) const {
    return write(expression, true, depth);
  }
  /// The number that an expression comes to.
  Formula value(const Expression& expression) const;
  Formula number(double value, DType dtype) const;

 private:
  Formula write(const Expression& expression, bool numeric, int depth) const;
  std::size_t most_terms(int depth) const;
  Formula number_of(const Expression& expression, bool numeric) const;
  Formula list(const Expression& expression, bool numeric, int depth, std::string_view between,
               int binding) const;
  Formula of_two(const Expression& expression, bool numeric, int depth) const;
  Formula function(const Expression& expression, bool numeric, int depth) const;
  std::string in_brackets(const std::string& text) const;
  std::string operand(const Formula& formula, int least) const;

  const Trace* trace_;
  const Evaluated* step_;
  const Arithmetic* arithmetic_;
  std::span<const double> definitions_;
  const Style* style_;
  struct Replaced {
    std::size_t input, position;
    Formula formula;
  };
  std::optional<Replaced> replaced_ = {};
  bool brief_ = false;
};

}  // namespace attn_viz::explain
