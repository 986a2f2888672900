// How a step reads as mathematics: the signs between its operands, and the stage it belongs to.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "attn_viz/trace/trace.hpp"

namespace attn_viz::figure {

/// The index-th input of a step, with the sign in front of it.
struct Operand {
  std::string sign;
  std::size_t index = 0;
  bool transposed = false;
};

/// A step as operands, and the sign before its result: X "·" W_Q "=" Q.
struct Sentence {
  std::vector<Operand> operands;
  std::string result_sign = "=", over = {};  ///< `over` stands above an arrow
};

/// @param head  whose story it is: of many other heads' steps, only some are operands
Sentence sentence_of(const Trace& trace, const Step& step, std::size_t head);

/// The stages of a story, in the order in which they are told.
enum class Stage { kPrepare, kProject, kCompare, kNormalize, kMix, kExact, kCombine };
Stage stage_of(const Step& step);
std::string heading_of(Stage stage);

/// Whether the values of a step are weights or 0 and 1, and have the scale of weights.
bool is_weight_like(const Step& step);

}  // namespace attn_viz::figure
