// Blocks as text, Markdown or LaTeX.
#include <fmt/format.h>

#include <algorithm>

#include "explain/document.hpp"
#include "explain/latex.hpp"

namespace attn_viz::explain {
namespace {

using Kind = Block::Kind;

constexpr std::size_t kLineWidth = 100;

std::string padded(const std::string& text, std::size_t width, bool to_the_right) {
  const std::string space(width - std::min(width, display_width(text)), ' ');
  return to_the_right ? space + text : text + space;
}

// ---- text, also inside of Markdown's code blocks ----

std::string text_chain(const Chain& chain, const std::string& indent) {
  std::string line = indent + chain.left;
  for (const Chain::Member& member : chain.members) {
    line += (member.rounded ? " ≈ " : " = ") + member.text;
  }
  if (display_width(line) <= kLineWidth || chain.members.size() < 2) return line + "\n";
  std::string lines, before = indent + chain.left;
  const std::string blank(display_width(before), ' ');
  for (const Chain::Member& member : chain.members) {
    lines += before + (member.rounded ? " ≈ " : " = ") + member.text + "\n";
    before = blank;
  }
  return lines;
}

std::string text_grid(const Grid& grid, const std::string& indent) {
  const std::string corner = grid.symbol + (grid.rounded ? " ≈" : " =");
  std::size_t head_width = display_width(corner);
  for (const std::string& head : grid.row_heads) {
    head_width = std::max(head_width, display_width(head) + 2);
  }
  std::vector<std::size_t> widths;
  for (const std::string& head : grid.column_heads) widths.push_back(display_width(head));
  for (const auto& row : grid.cells) {
    for (std::size_t j = 0; j < row.size(); ++j) {
      widths[j] = std::max(widths[j], display_width(row[j]));
    }
  }
  const auto line = [&](const std::string& head, const std::vector<std::string>& cells) {
    std::string text = indent + padded(head, head_width, false);
    for (std::size_t j = 0; j < cells.size(); ++j) text += "  " + padded(cells[j], widths[j], true);
    return text + "\n";
  };
  std::string text = line(corner, grid.column_heads);
  for (std::size_t i = 0; i < grid.cells.size(); ++i) {
    text += line("  " + grid.row_heads[i], grid.cells[i]);
  }
  return text;
}

/// Lines of at most kLineWidth columns, broken at spaces.
std::string wrapped(std::string_view text, const std::string& indent) {
  std::string lines, line = indent;
  while (!text.empty()) {
    const std::size_t space = text.find(' ');
    const std::string_view word = text.substr(0, space);
    if (line.size() > indent.size() && display_width(line) + display_width(word) > kLineWidth) {
      line.back() = '\n';
      lines += line;
      line = indent;
    }
    line += word;
    line += ' ';
    text.remove_prefix(space == std::string_view::npos ? text.size() : space + 1);
  }
  line.back() = '\n';
  return lines + line;
}

std::string print_text(const Document& document) {
  std::string text;
  for (const Block& block : document) {
    switch (block.kind) {
      case Kind::kTitle:
        text += block.text + "\n" + std::string(display_width(block.text), '=') + "\n";
        break;
      case Kind::kHeading:
        text += "\n" + block.text + "\n";
        break;
      case Kind::kConclusion:
        text += fmt::format("\n{}\n", block.text);
        break;
      case Kind::kSentence:
      case Kind::kEquation:
        text += wrapped(block.text, "  ");
        break;
      case Kind::kChain:
        text += text_chain(block.chain, "    ");
        break;
      case Kind::kGrid:
        text += text_grid(block.grid, "    ");
        break;
    }
  }
  return text;
}

// ---- Markdown ----

std::string markdown_grid(const Grid& grid) {
  const auto row = [](const std::string& head, const std::vector<std::string>& cells) {
    std::string line = "| " + head + " |";
    for (const std::string& cell : cells) line += " " + cell + " |";
    return line + "\n";
  };
  const std::string corner = "`" + grid.symbol + "`" + (grid.rounded ? " ≈" : " =");
  std::string text = row(corner, grid.column_heads) + "|---|";
  for (std::size_t j = 0; j < grid.column_heads.size(); ++j) text += "---:|";
  text += "\n";
  for (std::size_t i = 0; i < grid.cells.size(); ++i) {
    text += row(grid.row_heads[i], grid.cells[i]);
  }
  return text;
}

std::string print_markdown(const Document& document) {
  std::string text;
  bool in_code = false;
  for (const Block& block : document) {
    const bool code = block.kind == Kind::kChain || block.kind == Kind::kEquation;
    if (code != in_code) text += code ? "\n```text\n" : "```\n";
    in_code = code;
    switch (block.kind) {
      case Kind::kTitle:
        text += "# " + block.text + "\n";
        break;
      case Kind::kHeading:
        text += "\n## " + block.text + "\n";
        break;
      case Kind::kSentence:
      case Kind::kConclusion:
        text += fmt::format("\n{}\n", block.text);
        break;
      case Kind::kEquation:
        text += block.text + "\n";
        break;
      case Kind::kChain:
        text += text_chain(block.chain, "");
        break;
      case Kind::kGrid:
        text += '\n';
        text += markdown_grid(block.grid);
        break;
    }
  }
  return text + (in_code ? "```\n" : "");
}

// ---- LaTeX ----

std::string latex_chain(const Chain& chain) {
  constexpr std::size_t kWidest = 75;
  std::size_t width = set_width(chain.left);
  bool broken = false;
  for (const Chain::Member& member : chain.members) {
    width += set_width(member.text) + 3;
    broken = broken || member.text.find("&\\qquad") != std::string::npos;
  }
  const bool one_line = width <= kWidest && !broken;
  std::string text = "  " + chain.left;
  for (std::size_t i = 0; i < chain.members.size(); ++i) {
    if (i > 0 && !one_line) text += " \\\\\n   ";
    text += i > 0 && one_line ? " " : " &";
    text += (chain.members[i].rounded ? "\\approx " : "= ") + chain.members[i].text;
  }
  return text;
}

std::string latex_grid(const Grid& grid) {
  std::string text =
      "\\[\n  " + grid.symbol + (grid.rounded ? " \\approx" : " =") + " \\begin{bmatrix}\n";
  for (const auto& row : grid.cells) {
    std::string line;
    for (const std::string& cell : row) line += (line.empty() ? "" : " & ") + cell;
    text += "    " + line + " \\\\\n";
  }
  return text + "  \\end{bmatrix}\n\\]\n";
}

constexpr const char* kPreamble = R"(\documentclass{article}
\usepackage[a4paper,margin=2cm]{geometry}
\usepackage{iftex}
\usepackage{amsmath}
)";

constexpr const char* kFonts = R"(  \usepackage{fontspec}
  \newcommand{\tryfont}[2]{\IfFontExistsTF{#1}{\setmainfont{#1}}{#2}}
  \tryfont{Noto Serif CJK SC}{\tryfont{Noto Sans CJK SC}{\tryfont{Source Han Serif SC}{%
    \tryfont{FandolSong-Regular.otf}{\tryfont{Songti SC}{\tryfont{SimSun}{}}}}}}
  \ifXeTeX\XeTeXlinebreaklocale "zh"\XeTeXlinebreakskip=0pt plus 1pt\fi
)";

}  // namespace

std::string latex_preamble(const Style& style, std::string_view packages) {
  std::string text = std::string(kPreamble).append(packages);
  if (style.language == Language::kChinese) {
    text = "% Compile with xelatex or lualatex.\n% !TEX program = xelatex\n" + text;
    text += "\\RequireTUTeX\n" + std::string(kFonts);
    text += "\\newcommand{\\otherwise}[2]{#1}\n";
  } else {
    text = "% Compile with pdflatex, xelatex or lualatex.\n" + text;
    text += "\\ifPDFTeX\n  \\newcommand{\\otherwise}[2]{#2}\n\\else\n" + std::string(kFonts) +
            "  \\newcommand{\\otherwise}[2]{#1}\n\\fi\n";
  }
  return text +
         "\\setcounter{MaxMatrixCols}{20}\n\\setcounter{secnumdepth}{0}\n"
         "\\sloppy\n\\setlength{\\parindent}{0pt}\n\\allowdisplaybreaks\n\\begin{document}\n";
}

namespace {

std::string print_latex(const Document& document, const Style& style) {
  std::string text = latex_preamble(style);
  bool in_chain = false;
  for (const Block& block : document) {
    const bool chain = block.kind == Kind::kChain;
    if (in_chain && !chain) text += "\n\\end{align*}\n";
    if (chain) {
      text += (in_chain ? " \\\\\n" : "\\begin{align*}\n") + latex_chain(block.chain);
    }
    in_chain = chain;
    switch (block.kind) {
      case Kind::kTitle:
        text += "\\section{" + block.text + "}\n";
        break;
      case Kind::kHeading:
        text += "\n\\subsection{" + block.text + "}\n";
        break;
      case Kind::kSentence:
      case Kind::kConclusion:
        text += block.text + "\n\n";
        break;
      case Kind::kEquation:
        text += "\\[ " + block.text + " \\]\n";
        break;
      case Kind::kChain:
        break;
      case Kind::kGrid:
        text += latex_grid(block.grid);
        break;
    }
  }
  if (in_chain) text += "\n\\end{align*}\n";
  return text + "\\end{document}\n";
}

}  // namespace

std::string print(const Document& document, const Style& style) {
  switch (style.format) {
    case Format::kText:
      return print_text(document);
    case Format::kMarkdown:
      return print_markdown(document);
    case Format::kLatex:
      break;
  }
  return print_latex(document, style);
}

}  // namespace attn_viz::explain
