// Every sentence that an explanation says, in each language.
#pragma once

#include <string_view>
#include <vector>

#include "attn_viz/explain/explain.hpp"
#include "attn_viz/ops/arithmetic.hpp"

namespace attn_viz::explain {

enum class Sentence {
  kWeightTitle,         ///< {0} query, {1} key
  kRowTitle,            ///< {0} query
  kCellTitle,           ///< {0} the step's symbol and cell, {1} the step's id
  kWhere,               ///< {0} id of the weights, {1} row, {2} column
  kWhereRow,            ///< {0} id of the weights, {1} row
  kReading,             ///< {0} decimals
  kGiven,               ///< {0} symbol, {1} shape
  kQuoted,              ///< {0} symbol, {1} shape
  kWhole,               ///< {0} symbol
  kSomeRows,            ///< {0} symbol
  kCellsLeftOut,        ///< {0} count
  kTermsLeftOut,        ///< {0} count
  kDefinitionsLeftOut,  ///< {0} count
  kDecidedBy,           ///< {0} conditions
  kHolds,               ///< {0} condition
  kHoldsThat,           ///< {0} condition, {1} with its numbers
  kFails,
  kFailsThat,
  kOr,
  kCheck,
  kDiffers,       ///< {0} what the trace says
  kRowsAre,       ///< {0} indices and labels
  kColumnsAre,    ///< likewise
  kResultWeight,  ///< {0} query, {1} key, {2} relation and weight
};
constexpr std::size_t kSentences = static_cast<std::size_t>(Sentence::kResultWeight) + 1;

/// A sentence with its places "{0}", "{1}".
std::string_view text_of(Sentence sentence, Language language);
std::string_view text_of(Remark remark, Language language);

/// What a step is called: "layer0/head0/scores" → "Scores"; "" if it has no name of its own.
std::string_view name_of_step(std::string_view id, Language language);
/// The names of steps that have one.
std::vector<std::string_view> named_steps();

/// What an operation does, in one line; "" if it is unknown.
/// @param inputs  of the step: without a bias, none is spoken of
std::string_view meaning_of(const Operation& operation, std::size_t inputs, Language language);

}  // namespace attn_viz::explain
