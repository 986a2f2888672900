// A sheet to work out by hand: the given matrices, and empty grids for chosen steps.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "attn_viz/trace/trace.hpp"

namespace attn_viz::explain {

enum class SheetFormat { kMarkdown, kLatex, kHtml };

struct SheetSettings {
  SheetFormat format = SheetFormat::kMarkdown;
  /// The key: the grids are filled.
  bool solved = false;
  int digits = 4;                          ///< after the point, where a number has more
  std::optional<std::uint64_t> seed = {};  ///< said on the sheet, if the numbers come from one
};

/// The steps of a sheet, in the order of the computation.
struct SheetPlan {
  std::vector<const Step*> given;  ///< shown with their numbers
  std::vector<const Step*> blank;  ///< to be worked out
  /// Computed between them but not asked for, and not shown, since they follow from a blank step:
  /// only their equations are.
  std::vector<const Step*> between;
};

/// What a sheet that asks for some steps shows: all that they are computed from and that does not
/// follow from another blank step.
/// @param blank  steps of the trace, none of them given
/// @throws Error kInvalid if one is given (an input or a parameter), or has more than 400 numbers
SheetPlan plan_sheet(const Trace& trace, const std::vector<const Step*>& blank);

/// The whole sheet. Markdown: tables. LaTeX: a document that compiles as it stands. HTML: one page
/// for printing, without a script and without anything from elsewhere.
std::string sheet(const Trace& trace, const SheetPlan& plan, const SheetSettings& settings);

/// A line for each row of each blank step, to be filled: "layer0/head0/scores,0,?,?,?" with a
/// header; solved: with the numbers.
std::string answers_csv(const SheetPlan& plan, bool solved);

}  // namespace attn_viz::explain
