// The trace: every step of a computation, in order, with its values. Every view reads it.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "attn_viz/core/attributes.hpp"
#include "attn_viz/core/tensor.hpp"
#include "attn_viz/ops/operation.hpp"

namespace attn_viz {

/// The position of a step in its trace.
using StepId = std::size_t;

/// What a step is in its mechanism. docs/formats.md, "Roles", says what each means.
enum class Role {
  kInput,
  kParameter,
  kPosition,
  kQuery,
  kKey,
  kValue,
  kMask,
  kBias,
  kScores,
  kWeights,
  kOutput,
  kFeatures,
  kState,
  kGate,
  kMaps,
  kHidden,
  kLogits,
  kProbabilities,
  kChoice,
  kLoss,
  kStatistic
};
/// Their names in a trace, in the same order.
inline constexpr std::string_view kRoleNames[] = {
    "input", "parameter", "position", "query",         "key",      "value", "mask",
    "bias",  "scores",    "weights",  "output",        "features", "state", "gate",
    "maps",  "hidden",    "logits",   "probabilities", "choice",   "loss",  "statistic"};

std::string_view name_of(Role role);

/// Where a step stands in its mechanism: what of this applies.
struct Place {
  enum class Side { kEncoder, kDecoder };
  enum class Block { kSelf, kCross };

  std::optional<Side> side = {};  ///< where there is an encoder and a decoder
  std::optional<std::size_t> layer = {};
  std::optional<Block> block = {};  ///< where a layer attends twice, to itself and across
  std::optional<std::size_t> head = {};
  std::string branch = {};               ///< "columns", "grid0", "forward", "1"; or ""
  std::optional<std::size_t> pass = {};  ///< of what is done again and again

  bool operator==(const Place&) const = default;
};

/// One line of the mathematics: an operation on earlier steps, and its values.
struct Step {
  std::string id;  ///< "layer0/head0/weights"
  Role role = Role::kHidden;
  Place place = {};
  std::string symbol;    ///< "A"
  std::string op;        ///< the operation's name
  std::string equation;  ///< "A = softmax(S)"; empty for given values
  std::vector<StepId> inputs;
  Attributes attributes;
  Attributes findings;  ///< what the operation noticed ("empty_rows")
  Tensor values;
};

/// What a named axis runs over.
struct AxisInfo {
  std::string name;                 ///< "token" or "context"
  std::vector<std::string> labels;  ///< one for each position
  /// Patches of an image: rows and columns, row-major.
  std::optional<std::pair<std::size_t, std::size_t>> grid;
  std::string image;  ///< path of the picture as given in the document, or ""
  /// Of patches: how many positions before them are none (class token, registers).
  std::size_t extra = 0;
};

struct Trace {
  std::string generator;
  std::string title;
  DType dtype = DType::kFloat64;
  Attributes settings;  ///< every setting as resolved
  std::vector<AxisInfo> axes;
  std::vector<Step> steps;

  /// The step of this id, or null.
  const Step* find(std::string_view id) const;
  /// The axis of this name, or null.
  const AxisInfo* axis(std::string_view name) const;
};

/// A step's place among the layers and heads: "layer1/head0/weights" → {1, 0, "weights"};
/// "encoder/layer1/…" is the encoder's, "layer1/cross/…" belongs to cross-attention.
struct StepName {
  std::optional<std::size_t> layer, head;
  std::string_view step;
  bool encoder = false, cross = false;
};
StepName parse_step_id(std::string_view id);

/// The scores that a step of weights was computed from (−∞ marks masked keys), or null.
const Step* scores_behind(const Trace& trace, const Step& weights);

}  // namespace attn_viz
