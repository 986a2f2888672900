// Input documents: JSON with embeddings and settings. Format: docs/formats.md.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "attn_viz/core/json.hpp"
#include "attn_viz/mechanisms/run.hpp"

namespace attn_viz {

/// Settings from the command line, which go before those of the document.
struct Overrides {
  std::optional<std::size_t> heads = {};
  std::optional<ScoreType> score = {};
  std::optional<double> scale = {};
  std::optional<NormalizerType> normalize = {};
  std::optional<double> temperature = {};  ///< of softmax or sample
  std::optional<PositionType> position = {};
  bool causal = false;
  std::optional<std::pair<double, double>> window = {};
  bool identity_weights = false;
  bool random_weights = false;
  std::optional<std::uint64_t> seed = {};
  std::optional<DType> dtype = {};

  bool operator==(const Overrides&) const = default;
  /// Whether anything was set.
  bool any() const { return !(*this == Overrides{}); }
};

/// The scoring function of this name (or short name), or none.
std::optional<ScoreType> find_score(std::string_view name);

/// The normaliser of this name, or none.
std::optional<NormalizerType> find_normalizer(std::string_view name);

/// The position encoding of this name, or none.
std::optional<PositionType> find_position(std::string_view name);

/// Another position encoding in the place of a document's; one of the same type keeps its
/// parameters. @throws Error kUsage if it needs parameters.
void override_position(PositionSettings& position, PositionType type);

/// Reads a document of attention.
/// @param default_title  used where the document has none: the file's stem.
/// @throws Error kInvalid with a JSON pointer, what was expected, and a hint where a fix is likely.
Problem read_document(std::string_view text, std::string default_title,
                      const Overrides& overrides = {});
Problem read_document(const json::Value& document, std::string default_title,
                      const Overrides& overrides = {});

/// Reads a document of whatever "mechanism" it names; attention where it names none.
/// @throws Error as above; kUsage if an override is set that the mechanism does not have.
Task read_task(std::string_view text, std::string default_title, const Overrides& overrides = {});
Task read_task(const json::Value& document, std::string default_title,
               const Overrides& overrides = {});

}  // namespace attn_viz
