// An encoder reads a source, a decoder writes a target and, at each step, may look at the source.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "attn_viz/mechanisms/settings/recurrence.hpp"

namespace attn_viz {

/// How each target word gets its view C_i of the source.
enum class AlignmentType {
  kNone,          ///< one C for all
  kGiven,         ///< weights as given
  kBahdanau,      ///< v_a · tanh(s_(i−1) W_a + h_j U_a)
  kLuongDot,      ///< h_t · h̄_s
  kLuongGeneral,  ///< h_t W_a h̄_s
  kLuongConcat,   ///< v_a · tanh([h_t; h̄_s] W_a)
};
inline constexpr std::string_view kAlignmentNames[] = {
    "none", "given", "bahdanau", "luong-dot", "luong-general", "luong-concat"};

/// What C is without attention: the mean of the encoder's states, or the last one.
enum class Summary { kMean, kLast };
inline constexpr std::string_view kSummaryNames[] = {"mean", "last"};

/// Luong's local attention: only keys within `window` of a position p_t.
enum class LocalType { kGlobal, kMonotonic, kPredictive };
inline constexpr std::string_view kLocalNames[] = {"global", "monotonic", "predictive"};

/// Matrices for row vectors; d_s is the size of a decoder's state, d_h of an encoder's.
struct AlignmentMatrices {
  std::optional<Tensor> w_a = {};  ///< [d_s, a]; general: [d_s, d_h]; concat: [d_s + d_h, a]
  std::optional<Tensor> u_a = {};  ///< Bahdanau: [d_h, a]
  std::optional<Tensor> v_a = {};  ///< [a]
  std::optional<Tensor> w_c = {};  ///< Luong: h̃_t = tanh([c_t; h_t] W_c)
  std::optional<Tensor> w_p = {};  ///< local-p: [d_s, a]
  std::optional<Tensor> v_p = {};  ///< local-p: [a]
};

/// Sources: Bahdanau et al. 2015, eq. 5, 6 and appendix A; Luong et al. 2015, eq. 5 to 10.
struct AlignmentSettings {
  AlignmentType type = AlignmentType::kBahdanau;
  Summary summary = Summary::kLast;
  LocalType local = LocalType::kGlobal;
  std::size_t window = 2;            ///< D of local attention
  std::optional<Tensor> given = {};  ///< [n, m]
  std::variant<IdentityWeights, RandomWeights, AlignmentMatrices> weights = IdentityWeights{};
};

enum class FirstState { kZeros, kEncoder, kGiven };
inline constexpr std::string_view kFirstStateNames[] = {"zeros", "encoder"};

struct DecoderSettings {
  CellSettings cell = {};
  FirstState first = FirstState::kZeros;  ///< s_0; `kEncoder`: the encoder's last state
  std::optional<Tensor> given = {};       ///< s_0 [h] as given
};

/// The mechanism "encoder-decoder".
struct EncoderDecoder {
  std::string title;
  DType dtype = DType::kFloat64;
  LabelledRows source = {};
  AxisInfo target = {};
  std::optional<Tensor> target_rows = {};  ///< Y [n, d_y]
  CellSettings encoder = {};
  std::optional<DecoderSettings> decoder =
      {};  ///< type none: the rows of the target are its states
  AlignmentSettings attention = {};
  std::optional<OutputSettings> output = {};
};

}  // namespace attn_viz
