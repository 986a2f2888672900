#include "explain/words.hpp"

#include "explain/latex.hpp"

namespace attn_viz::explain {

std::string Words::say(Sentence sentence, const std::vector<std::string>& places) const {
  const std::string_view text = text_of(sentence, style_->language);
  std::string filled, piece;
  const auto end_piece = [&] {
    filled += plain(piece);
    piece.clear();
  };
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '{' && i + 2 < text.size() && text[i + 2] == '}') {
      end_piece();
      filled += places.at(static_cast<std::size_t>(text[i + 1] - '0'));
      i += 2;
    } else {
      piece += text[i];
    }
  }
  end_piece();
  return filled;
}

std::string Words::plain(std::string_view text) const {
  return is_latex() ? escaped(std::string(text)) : std::string(text);
}

std::string Words::math(const std::string& formula) const {
  if (is_latex()) return "$" + formula + "$";
  return style_->format == Format::kMarkdown ? "`" + formula + "`" : formula;
}

std::string Words::word_in_formula(Sentence word) const {
  const std::string text = say(word);
  return is_latex() ? "\\text{" + text + "}" : text;
}

std::string Words::symbol(const Step& step) const {
  return is_latex() ? latex_math(step.symbol) : step.symbol;
}

std::string Words::id(const std::string& text) const {
  return is_latex() ? "\\texttt{" + escaped(text) + "}" : math(text);
}

std::string Words::escaped(const std::string& text, std::string_view otherwise) const {
  if (style_->format == Format::kText) return text;
  if (is_latex()) {
    const bool any_engine = style_->language == Language::kEnglish;
    return any_engine ? latex_text(text, otherwise) : latex_unicode_text(text);
  }
  std::string safe;
  for (const char c : text) {
    if (std::string_view("\\`*_{}[]<>|#").find(c) != std::string_view::npos) safe += '\\';
    safe += c;
  }
  return safe;
}

const std::string* Words::label(const Axis& axis, std::size_t index) const {
  const AxisInfo* info = axis.name.empty() ? nullptr : trace_->axis(axis.name);
  const bool has = info != nullptr && index < info->labels.size();
  return has && info->labels[index] != std::to_string(index) ? &info->labels[index] : nullptr;
}

std::string Words::place(const Axis& axis, std::size_t index) const {
  const std::string number = std::to_string(index);
  const std::string* name = label(axis, index);
  return name == nullptr ? number : escaped(number + " (" + *name + ")", number);
}

std::string Words::token(const Axis& axis, std::size_t index) const {
  const std::string* name = label(axis, index);
  return name == nullptr ? std::to_string(index) : escaped(*name, std::to_string(index));
}

}  // namespace attn_viz::explain
