// "approximation": a name, or an object with parameters.
#include "input/attention_settings.hpp"
#include "input/fields.hpp"

namespace attn_viz {

using json::Kind;
using json::Value;

namespace {

constexpr std::size_t kMostIterations = 1000;

void read_linear(const Value& value, ApproximationSettings& method) {
  value.allow_keys({"type", "form"});
  constexpr std::string_view kForms[] = {"parallel", "recurrent"};
  if (const auto form = value.find("form")) method.recurrent = index_of(*form, "form", kForms) == 1;
}

void read_performer(const Value& value, ApproximationSettings& method, DType dtype) {
  value.allow_keys({"type", "features", "random", "stabilize"});
  if (const auto stabilize = value.find("stabilize")) method.stabilize = stabilize->boolean();
  method.features = find_array(value, "features", 2, 3,
                               "a matrix (features × head size), or one for each head", dtype);
  const auto random = value.find("random");
  if (!random) return;
  if (method.features) throw random->error("expected either features or random, got both");
  random->allow_keys({"count", "seed", "orthogonal"});
  if (const auto count = random->find("count")) {
    method.feature_count = count->whole_number(1);
    if (method.feature_count > 1000000) {
      throw count->unexpected("a whole number from 1 to 1000000");
    }
  }
  if (const auto seed = random->find("seed")) method.seed = seed->whole_number(0);
  if (const auto orthogonal = random->find("orthogonal")) method.orthogonal = orthogonal->boolean();
}

void read_linformer(const Value& value, ApproximationSettings& method, DType dtype) {
  constexpr std::string_view kMatrix = "a matrix (projected keys × keys), or one for each head";
  value.allow_keys({"type", "E", "F"});
  method.e = read_array(value.require("E"), 2, 3, kMatrix, dtype);
  method.f = find_array(value, "F", 2, 3, kMatrix, dtype);
}

void read_nystrom(const Value& value, ApproximationSettings& method) {
  value.allow_keys({"type", "landmarks", "pseudo_inverse"});
  method.landmarks = value.require("landmarks").whole_number(1);
  const auto inverse = value.find("pseudo_inverse");
  if (!inverse || (inverse->is(Kind::kText) && inverse->text() == "exact")) return;
  if (!inverse->is(Kind::kObject)) throw inverse->unexpected("\"exact\" or {\"iterations\": 6}");
  inverse->allow_keys({"iterations"});
  const Value iterations = inverse->require("iterations");
  method.iterations = iterations.whole_number(1);
  if (*method.iterations > kMostIterations) {
    throw iterations.unexpected("a whole number from 1 to 1000");
  }
}

}  // namespace

ApproximationSettings read_approximation(const Value& value, DType dtype) {
  const Value name = type_of(value, "method");
  ApproximationSettings method;
  method.type =
      static_cast<ApproximationType>(index_of(name, "approximation", kApproximationNames));
  if (value.is(Kind::kText)) {
    if (method.type == ApproximationType::kLinformer) {
      throw value.error("linformer needs its matrix E")
          .hint("write {\"type\": \"linformer\", \"E\": [[…]]}");
    }
    if (method.type == ApproximationType::kNystrom) {
      throw value.error("nystrom needs the number of its landmarks")
          .hint("write {\"type\": \"nystrom\", \"landmarks\": 2}");
    }
    return method;
  }
  switch (method.type) {
    case ApproximationType::kLinear:
      read_linear(value, method);
      break;
    case ApproximationType::kPerformer:
      read_performer(value, method, dtype);
      break;
    case ApproximationType::kLinformer:
      read_linformer(value, method, dtype);
      break;
    case ApproximationType::kNystrom:
      read_nystrom(value, method);
      break;
  }
  return method;
}

}  // namespace attn_viz
