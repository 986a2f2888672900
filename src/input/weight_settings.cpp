// "weights": identity, random, or matrices.
#include "input/attention_settings.hpp"
#include "input/fields.hpp"

namespace attn_viz {

using json::Kind;
using json::Value;

WeightSettings read_weights(const Value& value, DType dtype) {
  constexpr std::string_view kExpected =
      "\"identity\", {\"random\": SEED} or an object of matrices";
  if (value.is(Kind::kText) && value.text() == "identity") return IdentityWeights{};
  if (!value.is(Kind::kObject)) {
    Error error = value.unexpected(kExpected);
    constexpr std::string_view kNames[] = {"identity", "random"};
    if (value.is(Kind::kText)) {
      const std::string_view near = nearest_name(value.text(), kNames);
      if (near == "identity") error.hint("did you mean \"identity\"?");
      if (near == "random") error.hint("write {\"random\": 1}");
    }
    throw error;
  }
  if (const auto seed = value.find("random")) {
    value.allow_keys({"random"});
    return RandomWeights{seed->whole_number(0)};
  }
  value.allow_keys({"W_Q", "W_K", "W_V", "W_O", "b_Q", "b_K", "b_V", "b_O", "random"});
  const auto matrix = [&](std::string_view key) {
    return find_array(value, key, 2, 3, "a matrix, or one for each head", dtype);
  };
  const auto vector = [&](std::string_view key) {
    return find_array(value, key, 1, 2, "a list of numbers, or one for each head", dtype);
  };
  return GivenWeights{.w_q = matrix("W_Q"),
                      .w_k = matrix("W_K"),
                      .w_v = matrix("W_V"),
                      .w_o = matrix("W_O"),
                      .b_q = vector("b_Q"),
                      .b_k = vector("b_K"),
                      .b_v = vector("b_V"),
                      .b_o = find_array(value, "b_O", 1, 1, "a list of numbers", dtype)};
}

}  // namespace attn_viz
