// A worksheet as Markdown, LaTeX or HTML: the same blocks, each written in its own way.
#include "attn_viz/explain/worksheet.hpp"

#include <fmt/format.h>

#include <cmath>
#include <memory>

#include "attn_viz/explain/explain.hpp"
#include "explain/latex.hpp"
#include "explain/number.hpp"

namespace attn_viz::explain {
namespace {

/// A matrix with what stands around it.
struct SheetGrid {
  std::string id, equation;  ///< "layer0/head0/scores", "S = Q Kᵀ"; given ones have no equation
  std::string symbol;
  std::vector<std::string> row_labels = {}, column_labels = {};  ///< empty: none
  std::vector<std::vector<std::string>> cells = {};              ///< "" for a cell to be filled
};

/// Writes the blocks of a sheet.
class SheetWriter {
 public:
  virtual ~SheetWriter() = default;
  virtual void begin(const std::string& title, const std::string& below) = 0;
  virtual void heading(const std::string& text) = 0;
  virtual void grid(const SheetGrid& grid) = 0;
  /// A line of a list: an id and its equation.
  virtual void equation(const std::string& id, const std::string& equation) = 0;
  virtual void end() = 0;

  std::string text;
};

// ---- Markdown ----

/// Text that Markdown would take for something else.
std::string markdown_text(std::string_view plain) {
  std::string safe;
  for (const char c : plain) {
    if (std::string_view("\\`*_{}[]<>#|~$&").find(c) != std::string_view::npos) safe += '\\';
    safe += c == '\n' ? ' ' : c;
  }
  return safe;
}

class MarkdownSheet : public SheetWriter {
 public:
  void begin(const std::string& title, const std::string& below) override {
    text += fmt::format("# {}\n\n{}\n", markdown_text(title), below);
  }
  void heading(const std::string& words) override { text += fmt::format("\n## {}\n", words); }
  void equation(const std::string& id, const std::string& equation) override {
    text += fmt::format("\n- {}: `{}`\n", markdown_text(id), equation);
  }
  void grid(const SheetGrid& grid) override {
    text += fmt::format("\n**{}**", markdown_text(grid.symbol));
    text += fmt::format(" ({})", markdown_text(grid.id));
    if (!grid.equation.empty()) text += fmt::format(": `{}`", grid.equation);
    text += "\n\n|";
    const bool labelled = !grid.row_labels.empty();
    if (labelled) text += "   |";
    const std::size_t columns = grid.cells.empty() ? 0 : grid.cells[0].size();
    for (std::size_t j = 0; j < columns; ++j) {
      text += fmt::format(" {} |",
                          grid.column_labels.empty() ? "" : markdown_text(grid.column_labels[j]));
    }
    text += labelled ? "\n| :-- |" : "\n|";
    for (std::size_t j = 0; j < columns; ++j) text += " --: |";
    for (std::size_t i = 0; i < grid.cells.size(); ++i) {
      text += "\n|";
      if (labelled) text += fmt::format(" {} |", markdown_text(grid.row_labels[i]));
      for (const std::string& cell : grid.cells[i]) {
        text += cell.empty() ? "        |" : fmt::format(" {} |", cell);
      }
    }
    text += '\n';
  }
  void end() override {}
};

// ---- HTML ----

std::string html_text(std::string_view plain) {
  std::string safe;
  for (const char c : plain) {
    safe += c == '&'   ? "&amp;"
            : c == '<' ? "&lt;"
            : c == '>' ? "&gt;"
            : c == '"' ? "&quot;"
                       : std::string(1, c);
  }
  return safe;
}

class HtmlSheet : public SheetWriter {
 public:
  void begin(const std::string& title, const std::string& below) override {
    text += fmt::format(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta "
        "charset=\"utf-8\">\n<title>{0}</title>\n"
        "<style>\n"
        "body {{ font-family: sans-serif; max-width: 52em; margin: 2em auto; padding: 0 1em; }}\n"
        "table {{ border-collapse: collapse; margin: 0.6em 0 1.4em; break-inside: avoid; }}\n"
        "td, th {{ border: 1px solid #888; padding: 0.35em 0.6em; text-align: right; }}\n"
        "th {{ font-weight: normal; color: #444; background: #f4f4f4; }}\n"
        "td.blank {{ min-width: 5em; height: 1.9em; }}\n"
        ".symbol {{ font-weight: bold; font-style: italic; }}\n"
        ".id {{ color: #555; }}\n"
        "@page {{ margin: 2cm; }}\n"
        "</style>\n</head>\n<body>\n<h1>{0}</h1>\n<p>{1}</p>\n",
        html_text(title), html_text(below));
  }
  void heading(const std::string& words) override {
    text += fmt::format("<h2>{}</h2>\n", html_text(words));
  }
  void equation(const std::string& id, const std::string& equation) override {
    text += fmt::format("<p><span class=\"id\">{}</span>: {}</p>\n", html_text(id),
                        html_text(equation));
  }
  void grid(const SheetGrid& grid) override {
    text += fmt::format(
        "<table>\n<caption style=\"text-align: left\"><span class=\"symbol\">{}"
        "</span> <span class=\"id\">({})</span>{}{}</caption>\n",
        html_text(grid.symbol), html_text(grid.id), grid.equation.empty() ? "" : ": ",
        html_text(grid.equation));
    const bool labelled = !grid.row_labels.empty();
    if (!grid.column_labels.empty()) {
      text += labelled ? "<tr><th></th>" : "<tr>";
      for (const std::string& label : grid.column_labels) {
        text += fmt::format("<th>{}</th>", html_text(label));
      }
      text += "</tr>\n";
    }
    for (std::size_t i = 0; i < grid.cells.size(); ++i) {
      text += "<tr>";
      if (labelled) text += fmt::format("<th>{}</th>", html_text(grid.row_labels[i]));
      for (const std::string& cell : grid.cells[i]) {
        text += cell.empty() ? "<td class=\"blank\"></td>" : fmt::format("<td>{}</td>", cell);
      }
      text += "</tr>\n";
    }
    text += "</table>\n";
  }
  void end() override { text += "</body>\n</html>\n"; }
};

// ---- LaTeX ----

class LatexSheet : public SheetWriter {
 public:
  void begin(const std::string& title, const std::string& below) override {
    // Wide grids are made as wide as the page.
    text += latex_preamble({.format = Format::kLatex},
                           "\\usepackage{graphicx}\n\\newcommand{\\fitted}[1]{\\resizebox{\\ifdim"
                           "\\width>\\linewidth\\linewidth\\else\\width\\fi}{!}{#1}}\n");
    text += fmt::format("\\section{{{}}}\n{}\n", latex_text(title), latex_text(below));
  }
  void heading(const std::string& words) override {
    text += fmt::format("\n\\subsection{{{}}}\n", latex_text(words));
  }
  void equation(const std::string& id, const std::string& equation) override {
    text += fmt::format("\n\\noindent {}: ${}$\n", latex_text(id), latex_math(equation));
  }
  void grid(const SheetGrid& grid) override {
    text += fmt::format("\n\\noindent\\begin{{minipage}}{{\\textwidth}}\n${}$ ({})",
                        latex_math(grid.symbol), latex_text(grid.id));
    if (!grid.equation.empty()) text += fmt::format(": ${}$", latex_math(grid.equation));
    const bool labelled = !grid.row_labels.empty();
    const std::size_t columns = grid.cells.empty() ? 0 : grid.cells[0].size();
    const bool blank = columns > 0 && grid.cells[0][0].empty();
    text += fmt::format("\n\n\\smallskip\n\\renewcommand{{\\arraystretch}}{{{}}}\n",
                        blank ? "1.5" : "1.1");  // room to write by hand
    text += "\\fitted{\\begin{tabular}{";
    if (labelled) text += "l";
    text += "|";
    for (std::size_t j = 0; j < columns; ++j) text += "r|";
    text += "}\n";
    if (!grid.column_labels.empty()) {
      for (std::size_t j = 0; j < columns; ++j) {
        text += j > 0 || labelled ? " & " : "";
        text += fmt::format("\\multicolumn{{1}}{{c}}{{{}}}", label(grid.column_labels[j], j));
      }
      text += " \\\\\n";
    }
    const std::string line = labelled ? fmt::format("\\cline{{2-{}}}\n", columns + 1) : "\\hline\n";
    text += line;
    for (std::size_t i = 0; i < grid.cells.size(); ++i) {
      if (labelled) text += label(grid.row_labels[i], i) + " & ";
      for (std::size_t j = 0; j < columns; ++j) {
        const std::string& cell = grid.cells[i][j];
        text += j > 0 ? " & " : "";
        text += cell.empty() ? "\\hspace*{4em}" : fmt::format("${}$", latex_math(cell));
      }
      text += " \\\\ " + line;
    }
    text += "\\end{tabular}}\n\\end{minipage}\n\\bigskip\n";
  }
  void end() override { text += "\n\\end{document}\n"; }

 private:
  /// Where an engine cannot set a label, its index stands for it.
  static std::string label(const std::string& words, std::size_t index) {
    return latex_text(words, std::to_string(index));
  }
};

// ---- the blocks ----

/// "S_scaled = scale · S, scale ≈ 0.7071": an equation with the constants that it names.
std::string equation_of(const Step& step, const Style& style) {
  std::string text = step.equation;
  for (const auto& [name, attribute] : step.attributes) {
    const double* value = std::get_if<double>(&attribute);
    if (value == nullptr || text.find(name) == std::string::npos) continue;
    const NumberText number = number_text(*value, DType::kFloat64, style);
    text += fmt::format(", {} {} {}", name, number.rounded ? "≈" : "=", number.text);
  }
  return text;
}

/// The labels of an axis; numbers alone are left out.
std::vector<std::string> labels_of(const Trace& trace, const Axis& axis) {
  const AxisInfo* info = axis.name.empty() ? nullptr : trace.axis(axis.name);
  return info == nullptr || info->labels.size() != axis.size ? std::vector<std::string>{}
                                                             : info->labels;
}

/// A number of a grid; small ones have their decimals, too, as one writes them by hand.
std::string cell_text(double value, DType dtype, const Style& style) {
  if (std::isinf(value)) return "−∞";
  const NumberText number = number_text(value, dtype, style);
  if (!number.has_power || std::abs(value) >= 1) return number.text;
  return fmt::format("{}{:.{}f}", value < 0 ? "−" : "", std::abs(value), style.digits);
}

SheetGrid grid_of(const Trace& trace, const Step& step, bool filled, const Style& style) {
  const Tensor& values = step.values;
  SheetGrid grid{.id = step.id, .equation = equation_of(step, style), .symbol = step.symbol};
  if (values.rank() == 2) grid.row_labels = labels_of(trace, values.axes()[0]);
  if (values.rank() >= 1) grid.column_labels = labels_of(trace, values.axes().back());
  for (std::size_t i = 0; i < values.rows(); ++i) {
    std::vector<std::string>& row = grid.cells.emplace_back();
    for (std::size_t j = 0; j < values.columns(); ++j) {
      row.push_back(filled ? cell_text(values.at(i, j), values.dtype(), style) : "");
    }
  }
  return grid;
}

std::unique_ptr<SheetWriter> writer_for(SheetFormat format) {
  switch (format) {
    case SheetFormat::kMarkdown:
      return std::make_unique<MarkdownSheet>();
    case SheetFormat::kLatex:
      return std::make_unique<LatexSheet>();
    case SheetFormat::kHtml:
      return std::make_unique<HtmlSheet>();
  }
  return nullptr;
}

std::string below_title(const SheetSettings& settings) {
  std::string line = settings.solved ? "Key." : "Name: ______________________________";
  if (settings.seed) line += fmt::format(" Exercise {}.", *settings.seed);
  if (settings.solved) {
    line += fmt::format(" Numbers with more than {} decimals are rounded.", settings.digits);
  }
  return line;
}

}  // namespace

std::string sheet(const Trace& trace, const SheetPlan& plan, const SheetSettings& settings) {
  const std::unique_ptr<SheetWriter> writer = writer_for(settings.format);
  const Style style{.digits = settings.digits};
  writer->begin(trace.title, below_title(settings));
  writer->heading("Given");
  for (const Step* step : plan.given) writer->grid(grid_of(trace, *step, true, style));
  if (!plan.between.empty()) {
    writer->heading("On the way");
    for (const Step* step : plan.between) writer->equation(step->id, equation_of(*step, style));
  }
  writer->heading(settings.solved ? "Solution" : "Work out");
  for (const Step* step : plan.blank) {
    writer->grid(grid_of(trace, *step, settings.solved, style));
  }
  writer->end();
  return std::move(writer->text);
}

}  // namespace attn_viz::explain
