#include "mechanisms/heads.hpp"

#include <fmt/format.h>

#include <cmath>

#include "attn_viz/core/error.hpp"
#include "mechanisms/shapes.hpp"

namespace attn_viz {

std::size_t key_value_heads(const AttentionSettings& settings) {
  return settings.key_value_heads.value_or(settings.heads);
}

std::size_t maps_of(const AttentionSettings& settings) {
  return settings.differential ? 2 : 1;
}

void check_heads(const AttentionSettings& settings, const std::string& place) {
  const std::size_t h = settings.heads, g = key_value_heads(settings);
  if (g == 0 || h % g != 0) {
    throw Error(ErrorCode::kInvalid,
                fmt::format("expected a divisor of the {} heads, got {}", h, g))
        .at(place + "/key_value_heads")
        .hint(fmt::format("1 shares one key and value among all heads, {} gives each its own", h));
  }
  if (settings.talking_heads && settings.differential) {
    throw Error(ErrorCode::kInvalid, "talking heads and differential attention exclude each other")
        .at(place + "/talking_heads")
        .hint("leave out one of the two");
  }
}

void check_head_shapes(const AttentionSettings& settings, std::size_t key_size,
                       const std::string& place) {
  const auto expect = [&](const std::optional<Tensor>& tensor, const Shape& shape,
                          const std::string& key, std::string_view meaning) {
    if (tensor) expect_shape(*tensor, shape, place + key, meaning);
  };
  if (const auto& talking = settings.talking_heads) {
    const Shape square{settings.heads, settings.heads};
    expect(talking->scores, square, "/talking_heads/scores", "heads × heads");
    expect(talking->weights, square, "/talking_heads/weights", "heads × heads");
  }
  if (const auto& differential = settings.differential) {
    const Shape vector{key_size};
    expect(differential->lambda_q1, vector, "/differential/lambda_q1", "head size");
    expect(differential->lambda_k1, vector, "/differential/lambda_k1", "head size");
    expect(differential->lambda_q2, vector, "/differential/lambda_q2", "head size");
    expect(differential->lambda_k2, vector, "/differential/lambda_k2", "head size");
  }
}

double lambda_init_of(const Differential& differential) {
  if (differential.lambda_init) return *differential.lambda_init;
  // Vectors of 0 leave λ = λ_init; so a number alone is both.
  if (differential.lambda && !differential.depth) return *differential.lambda;
  const auto layers_before = static_cast<double>(differential.depth.value_or(1)) - 1;
  return 0.8 - 0.6 * std::exp(-0.3 * layers_before);
}

StepId record_lambda(Recorder& record, const Differential& differential, DType dtype) {
  if (differential.lambda) {
    Tensor lambda({Axis{1}}, Buffer<double>{*differential.lambda});
    return record.parameter("lambda", "λ", lambda.as(dtype));
  }
  std::vector<StepId> vectors;
  const auto add = [&](const char* name, const char* symbol, const std::optional<Tensor>& vector) {
    if (!vector) throw Error(ErrorCode::kBug, fmt::format("{} is missing", name));
    vectors.push_back(record.parameter(name, symbol, *vector));
  };
  add("lambda_q1", "λ_q1", differential.lambda_q1);
  add("lambda_k1", "λ_k1", differential.lambda_k1);
  add("lambda_q2", "λ_q2", differential.lambda_q2);
  add("lambda_k2", "λ_k2", differential.lambda_k2);
  return record.step(Role::kHidden, "lambda", "λ", ops::differential_lambda, std::move(vectors),
                     {{"lambda_init", lambda_init_of(differential)}});
}

}  // namespace attn_viz
