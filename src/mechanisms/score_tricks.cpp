#include "mechanisms/score_tricks.hpp"

#include <fmt/format.h>

#include "attn_viz/core/error.hpp"

namespace attn_viz {
namespace {

[[noreturn]] void refuse(std::string message, std::string place) {
  throw Error(ErrorCode::kInvalid, std::move(message)).at(std::move(place));
}

void expect_one_or_each(const std::vector<double>& values, std::size_t heads,
                        const std::string& place) {
  if (values.size() <= 1 || values.size() == heads) return;
  const std::string expected =
      heads == 1 ? "one number, since there is one head"
                 : fmt::format("a number, or {} numbers, one for each head", heads);
  refuse(fmt::format("expected {}; got {}", expected, values.size()), place);
}

std::optional<double> of_head(const std::vector<double>& values, std::size_t head) {
  if (values.empty()) return std::nullopt;
  return values.size() == 1 ? values[0] : values[head];
}

/// A head's gain, of one vector for all heads or one for each.
std::optional<Tensor> gain_of(const std::optional<Tensor>& gain, std::size_t head,
                              std::size_t heads, std::size_t size, const std::string& place) {
  if (!gain) return std::nullopt;
  const bool each = gain->rank() == 2;
  const std::vector<std::size_t> expected =
      each ? std::vector<std::size_t>{heads, size} : std::vector<std::size_t>{size};
  if (gain->shape() != expected) {
    refuse(fmt::format("expected shape {} ({}head size), got {}", shape_text(expected),
                       each ? "heads × " : "", shape_text(gain->shape())),
           place);
  }
  return each ? gain->part(head) : *gain;
}

void expect_softmax(const AttentionSettings& settings, const char* what, std::string place) {
  if (settings.normalize.type == NormalizerType::kSoftmax) return;
  refuse(fmt::format("{} needs the normaliser softmax, got {}", what,
                     kNormalizerNames[static_cast<std::size_t>(settings.normalize.type)]),
         std::move(place));
}

}  // namespace

std::vector<HeadTricks> resolve_tricks(const AttentionSettings& settings, std::size_t query_size,
                                       std::size_t key_size, const std::string& place) {
  const ScoreTricks& tricks = settings.tricks;
  const std::size_t h = settings.heads;
  if (!tricks.sink.empty()) expect_softmax(settings, "a sink", place + "/sink");
  expect_one_or_each(tricks.sink, h, place + "/sink");
  if (tricks.evaluation == Evaluation::kOnline) {
    expect_softmax(settings, "online evaluation", place + "/evaluation");
    if (!tricks.sink.empty()) {
      refuse("online evaluation has no sink; expected one or the other", place + "/evaluation");
    }
    if (settings.position.values) {
      refuse("online evaluation has no relative values; expected one or the other",
             place + "/evaluation");
    }
  }
  if (settings.differential &&
      (tricks.qk_norm || !tricks.sink.empty() || tricks.evaluation == Evaluation::kOnline)) {
    refuse(
        "differential attention has no qk_norm, sink or online evaluation; expected one or the "
        "other",
        place + "/differential");
  }
  if (settings.talking_heads && tricks.evaluation == Evaluation::kOnline) {
    refuse("talking heads have no online evaluation; expected one or the other",
           place + "/evaluation");
  }
  std::vector<HeadTricks> heads(h);
  for (std::size_t i = 0; i < h; ++i) heads[i].sink = of_head(tricks.sink, i);
  if (!tricks.qk_norm) return heads;

  const QkNormSettings& norm = *tricks.qk_norm;
  const std::string at = place + "/qk_norm";
  expect_one_or_each(norm.gain, h, at + "/gain");
  if (!norm.gain.empty() && settings.scale) {
    refuse("the gain takes the place of the scale; expected one or the other", at + "/gain");
  }
  for (std::size_t i = 0; i < h; ++i) {
    heads[i].scale = of_head(norm.gain, i);
    heads[i].query_gain = gain_of(norm.query_gain, i, h, query_size, at + "/query_gain");
    heads[i].key_gain = gain_of(norm.key_gain, i, h, key_size, at + "/key_gain");
  }
  return heads;
}

double numbers_of(const ScoreTricks& tricks, double n, double m, double key_size,
                  double value_size) {
  double numbers = tricks.qk_norm ? (n + m) * key_size : 0;
  if (tricks.evaluation == Evaluation::kOnline) numbers += n * m * (2 + value_size);
  return numbers;
}

std::pair<StepId, StepId> record_qk_norm(Recorder& record, const QkNormSettings& norm,
                                         HeadTricks& head, StepId query, StepId key) {
  const bool rms = norm.type == QkNormType::kRms;
  Attributes constants;
  if (norm.epsilon != 0) constants.set("epsilon", norm.epsilon);
  const auto inputs = [&](StepId rows, std::optional<Tensor>& gain, const char* name,
                          const char* symbol) {
    std::vector<StepId> steps{rows};
    if (gain) steps.push_back(record.parameter(name, symbol, std::move(*gain)));
    return steps;
  };
  std::vector<StepId> of_query = inputs(query, head.query_gain, "query_gain", "g_Q");
  std::vector<StepId> of_key = inputs(key, head.key_gain, "key_gain", "g_K");
  const Operation& operation = rms ? ops::rms_normalize : ops::l2_normalize;
  const StepId q =
      record.step(Role::kQuery, "normalized_query", "Q_norm", operation, of_query, constants);
  const StepId k =
      record.step(Role::kKey, "normalized_key", "K_norm", operation, of_key, constants);
  return {q, k};
}

OnlineSteps record_online(Recorder& record, StepId scores, StepId value, double temperature) {
  Attributes constants;
  if (temperature != 1) constants.set("temperature", temperature);
  const StepId maximum =
      record.step(Role::kState, "online_maximum", "m", ops::online_maximum, {scores});
  const StepId sum =
      record.step(Role::kState, "online_sum", "ℓ", ops::online_sum, {scores, maximum}, constants);
  const StepId accumulator =
      record.step(Role::kState, "online_accumulator", "acc", ops::online_accumulator,
                  {scores, maximum, value}, constants);
  return {sum, accumulator};
}

void describe_tricks(const ScoreTricks& tricks, Attributes& attention) {
  const auto one_or_each = [](const std::vector<double>& values) {
    return values.size() == 1 ? Attribute(values[0]) : Attribute(values);
  };
  if (tricks.qk_norm) {
    const QkNormSettings& norm = *tricks.qk_norm;
    Attributes all{{"type", kQkNormNames[static_cast<std::size_t>(norm.type)]}};
    if (!norm.gain.empty()) {
      all.set("gain", one_or_each(norm.gain));
      attention.set("scale", one_or_each(norm.gain));
    }
    if (norm.type == QkNormType::kRms) {
      all.set("epsilon", norm.epsilon);
      all.set("query_gain", norm.query_gain ? "given" : "none");
      all.set("key_gain", norm.key_gain ? "given" : "none");
    }
    attention.set("qk_norm", std::move(all));
  }
  if (!tricks.sink.empty()) attention.set("sink", one_or_each(tricks.sink));
  if (tricks.evaluation == Evaluation::kOnline) attention.set("evaluation", "online");
}

}  // namespace attn_viz
