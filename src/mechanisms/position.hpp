// Positions in the recipe of attention: what is checked, what each head gets, and their steps.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "attn_viz/core/attributes.hpp"
#include "attn_viz/mechanisms/settings.hpp"
#include "attn_viz/trace/recorder.hpp"

namespace attn_viz {

struct InputSizes;

// ---- added to the embeddings ----

/// Whether this encoding is added to something (and is not a matter of the heads).
bool is_added(PositionType type);

/// Whether it is added to the embeddings, before anything else.
inline bool adds_to_embeddings(const PositionSettings& settings) {
  return is_added(settings.type) && !settings.to_queries_and_keys;
}

/// Checks one sequence, if the encoding is one that is added to the embeddings.
/// @param of     its place in the document: "/embeddings".
/// @param place  JSON pointer of the setting, for errors: "/attention/position".
/// @throws Error kInvalid where tables or patches do not fit.
void check_added(const PositionSettings& settings, const Tensor& rows, const AxisInfo& axis,
                 const std::string& of, const std::string& place);

/// Checks the encodings that an attention adds to its queries and keys.
/// @param place  JSON pointer of the attention: "/layers/0/cross_attention".
/// @throws Error kInvalid where tables or patches do not fit.
void check_pair(const AttentionSettings& settings, const InputSizes& sizes,
                const std::string& place);

/// Rows and columns of patches.
using Grid = std::optional<std::pair<std::size_t, std::size_t>>;

/// Rows of embeddings, and their grid if they are patches.
struct Sequence {
  StepId rows;
  Grid grid;
};

/// X + P and, for keys, Y + P; y = x in self-attention.
struct PositionedSteps {
  StepId x, y;
};

/// The constants of an added encoding, as its steps and the settings of a trace tell them.
Attributes constants_of_added(const PositionSettings& settings);

/// Records the parameters, P, X + P and the same for a context. What is not added records nothing.
PositionedSteps record_added(Recorder& input, const PositionSettings& settings, Sequence x,
                             std::optional<Sequence> y);

/// The same for a context that an encoder reads, with parameters of its own.
StepId record_added_to_context(Recorder& input, const PositionSettings& settings, Sequence y);

/// What queries and keys are made of in place of x and y: "positioned", and for keys of their own
/// "key_positioned". Without such an encoding x and y themselves.
PositionedSteps record_pair(Recorder& layer, const AttentionSettings& settings, Sequence x,
                            Sequence y);

// ---- of a head ----

/// What one head knows of positions.
struct HeadPosition {
  double slope = 0;                              ///< alibi
  std::optional<Tensor> table = {};              ///< t5: [buckets]
  std::optional<Tensor> keys = {}, values = {};  ///< relative: [2K + 1, d_k], [2K + 1, d_v]
};

struct PositionSizes {
  std::size_t heads, query, key, value;  ///< h, d_q, d_k, d_v
};

/// Cuts the parameters into heads.
/// @throws Error kInvalid below `place` where sizes or the score do not fit.
std::vector<HeadPosition> resolve_head_positions(const PositionSettings& settings, ScoreType score,
                                                 const PositionSizes& sizes,
                                                 const std::string& place);

/// The slopes of ALiBi: 2^(−8h / n) for h = 1 … n where n is a power of two; otherwise those of the
/// power below, then every second one of twice that power. Source: Press et al. 2022, section 3.
std::vector<double> alibi_slopes(std::size_t heads);

/// A head's parameters as steps.
struct HeadPositionSteps {
  double slope = 0;
  std::optional<StepId> table = {}, keys = {}, values = {};
};
HeadPositionSteps record_parameters(Recorder& head, HeadPosition position);

/// The bias of positions on the scores of the rows of x and y, if there is one.
std::optional<StepId> record_bias(Recorder& head, const PositionSettings& settings,
                                  const HeadPositionSteps& position, StepId x, StepId y);

/// The constants of the rotation of RoPE.
Attributes rotation_of(const PositionSettings& settings);

/// How many numbers of a trace the steps of positions take, counted for one head.
double position_numbers(const AttentionSettings& settings, const InputSizes& sizes,
                        std::size_t key_size);

// ---- as a trace tells it ----

/// The setting as resolved: "none", or an object.
Attribute describe(const PositionSettings& settings, const std::vector<HeadPosition>& heads);

}  // namespace attn_viz
