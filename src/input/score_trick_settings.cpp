// "qk_norm", "sink", "evaluation": what keeps scores in bounds, and how the softmax is computed.
#include "input/attention_settings.hpp"
#include "input/fields.hpp"

namespace attn_viz {

using json::Kind;
using json::Value;

namespace {

/// A number, or a list of them, one for each head.
std::vector<double> one_or_each(const Value& value) {
  if (value.is(Kind::kNumber)) return {value.number()};
  constexpr std::string_view kExpected = "a number, or a list of them, one for each head";
  if (!value.is(Kind::kNumbers) || value.length() == 0) throw value.unexpected(kExpected);
  const Tensor numbers = value.tensor(1, kExpected, DType::kFloat64);
  return {numbers.values<double>().begin(), numbers.values<double>().end()};
}

QkNormSettings read_qk_norm(const Value& value, DType dtype) {
  QkNormSettings norm;
  norm.type = static_cast<QkNormType>(index_of(type_of(value, "norm"), "norm", kQkNormNames));
  if (value.is(Kind::kText)) return norm;
  if (norm.type == QkNormType::kL2) {
    value.allow_keys({"type", "gain"});
    if (const auto gain = value.find("gain")) norm.gain = one_or_each(*gain);
    return norm;
  }
  value.allow_keys({"type", "epsilon", "query_gain", "key_gain"});
  if (const auto epsilon = value.find("epsilon")) {
    if (!epsilon->is(Kind::kNumber) || !(epsilon->number() >= 0)) {
      throw epsilon->unexpected("a number ≥ 0");
    }
    norm.epsilon = epsilon->number();
  }
  constexpr std::string_view kVector = "a list of numbers, or one for each head";
  norm.query_gain = find_array(value, "query_gain", 1, 2, kVector, dtype);
  norm.key_gain = find_array(value, "key_gain", 1, 2, kVector, dtype);
  return norm;
}

}  // namespace

ScoreTricks read_score_tricks(const Value& attention, DType dtype) {
  ScoreTricks tricks;
  if (const auto norm = attention.find("qk_norm")) tricks.qk_norm = read_qk_norm(*norm, dtype);
  if (const auto sink = attention.find("sink")) tricks.sink = one_or_each(*sink);
  if (const auto evaluation = attention.find("evaluation")) {
    tricks.evaluation =
        static_cast<Evaluation>(index_of(*evaluation, "evaluation", kEvaluationNames));
  }
  return tricks;
}

}  // namespace attn_viz
