// Plain text and plain formulas as LaTeX.
#pragma once

#include <string>
#include <string_view>

#include "attn_viz/explain/explain.hpp"

namespace attn_viz::explain {

/// A formula as the trace writes it ("A = softmax(S_scaled)", "ω_t = base^(−2t/d)") as the inside
/// of LaTeX's math. Every character is taken, also those that no equation of ours has.
std::string latex_math(std::string_view formula);

/// About how many letters wide a formula of LaTeX is set.
std::size_t set_width(std::string_view formula);

/// The symbol of a definition: "e[0]" → e_{0}.
std::string latex_symbol(std::string_view symbol);

/// A sentence or a label as LaTeX's text. Characters that pdfLaTeX cannot set stand in
/// \otherwise{…}{…}, which the preamble defines: under Unicode engines the first, else the second.
/// @param plain  what stands for the whole text where it cannot be set; "?" for each such character
///               if empty
std::string latex_text(std::string_view text, std::string_view plain = {});

/// The same for engines that take any character.
std::string latex_unicode_text(std::string_view text);

/// The beginning of a document, up to \\begin{document}. English documents suit every engine;
/// pdfLaTeX has no letters for some labels, for which other words then stand.
std::string latex_preamble(const Style& style, std::string_view packages = "");

/// Splits off the first character of a text of UTF-8; a broken byte counts as a character.
std::string_view next_character(std::string_view& text);

/// How many columns of a terminal a text takes: Chinese characters and the like take two.
std::size_t display_width(std::string_view text);

}  // namespace attn_viz::explain
