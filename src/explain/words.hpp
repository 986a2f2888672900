// The texts of one explanation, in its language and format.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "attn_viz/trace/trace.hpp"
#include "explain/catalogue.hpp"

namespace attn_viz::explain {

class Words {
 public:
  Words(const Trace& trace, const Style& style) : trace_(&trace), style_(&style) {}

  /// A sentence with its places filled by texts that are in the format already.
  std::string say(Sentence sentence, const std::vector<std::string>& places = {}) const;
  /// A text of the catalogue without places.
  std::string plain(std::string_view text) const;
  /// A formula inside of a sentence.
  std::string math(const std::string& formula) const;
  /// A sentence's word inside of a formula.
  std::string word_in_formula(Sentence word) const;
  /// The symbol of a step in a formula.
  std::string symbol(const Step& step) const;
  /// The id of a step.
  std::string id(const std::string& text) const;
  /// Text of the user. @param otherwise  stands for it where LaTeX cannot set it
  std::string escaped(const std::string& text, std::string_view otherwise = {}) const;
  /// "2 (Jerry)", or "2" for a place of an axis without labels.
  std::string place(const Axis& axis, std::size_t index) const;
  /// "Jerry (row 2)" without the row where there is no label: what a query or a key is called.
  std::string token(const Axis& axis, std::size_t index) const;

 private:
  const std::string* label(const Axis& axis, std::size_t index) const;
  bool is_latex() const { return style_->format == Format::kLatex; }

  const Trace* trace_;
  const Style* style_;
};

}  // namespace attn_viz::explain
