// "approximation": what a document may say, and the exact errors where it may not.
#include <string>

#include "attn_viz/input/document.hpp"
#include "attn_viz/mechanisms/attention.hpp"
#include "catch.hpp"
#include "support/errors.hpp"
#include "support/tensors.hpp"

namespace attn_viz {
namespace {

/// Four tokens of two numbers with a method and further settings.
Problem problem_of(const std::string& approximation, const std::string& further = "") {
  return read_document(
      R"({"embeddings": [[1, 0], [0, 1], [1, 1], [2, 0]], "attention": {"approximation": )" +
          approximation + further + "}}",
      "test");
}

ApproximationSettings read_approximation(const std::string& approximation) {
  return *problem_of(approximation).attention.approximation;
}

std::string error_of(const std::string& approximation, const std::string& further = "") {
  return test::error_of([&] { run_attention(problem_of(approximation, further)); });
}

const std::string kLinformer = R"({"type": "linformer", "E": [[1, 1, 1, 1]]})";
const std::string kNystrom = R"({"type": "nystrom", "landmarks": 2})";

TEST_CASE("approximation: names and defaults") {
  CHECK_FALSE(
      read_document(R"({"embeddings": [[1]], "attention": {}})", "").attention.approximation);
  CHECK(read_approximation("\"linear\"").type == ApproximationType::kLinear);
  CHECK_FALSE(read_approximation("\"linear\"").recurrent);
  CHECK(read_approximation(R"({"type": "linear", "form": "recurrent", "comment": 1})").recurrent);
  const ApproximationSettings performer = read_approximation("\"performer\"");
  CHECK(performer.type == ApproximationType::kPerformer);
  CHECK(performer.feature_count == 64);
  CHECK(performer.seed == 0);
  CHECK(performer.orthogonal);
  CHECK_FALSE(performer.stabilize);
  CHECK(read_approximation(kNystrom).landmarks == 2);
  CHECK_FALSE(read_approximation(kNystrom).iterations);
}

TEST_CASE("approximation: what is given") {
  const ApproximationSettings performer = read_approximation(
      R"({"type": "performer", "random": {"count": 8, "seed": 3, "orthogonal": false},
          "stabilize": true})");
  CHECK(performer.feature_count == 8);
  CHECK(performer.seed == 3);
  CHECK_FALSE(performer.orthogonal);
  CHECK(performer.stabilize);
  CHECK(read_approximation(R"({"type": "performer", "features": [[1, 2]]})")
            .features->same_bits(test::matrix({{1, 2}})));
  const ApproximationSettings linformer =
      read_approximation(R"({"type": "linformer", "E": [[1, 0, 0, 0]], "F": [[[0, 1, 0, 0]]]})");
  CHECK(linformer.e->rank() == 2);
  CHECK(linformer.f->rank() == 3);
  CHECK(read_approximation(
            R"({"type": "nystrom", "landmarks": 4, "pseudo_inverse": {"iterations": 6}})")
            .iterations == 6);
}

TEST_CASE("approximation: unknown names and keys") {
  CHECK(error_of("\"nistrom\"") ==
        "/attention/approximation: unknown approximation \"nistrom\"; expected one of linear, "
        "performer, linformer, nystrom\n  hint: did you mean \"nystrom\"?");
  CHECK(error_of("7") ==
        "/attention/approximation: expected the name of a method or an object with its "
        "type, got 7");
  CHECK(error_of(R"({"type": "linear", "from": "parallel"})") ==
        "/attention/approximation/from: unknown key\n  hint: did you mean \"form\"?");
  CHECK(error_of(R"({"type": "linear", "form": "recurent"})") ==
        "/attention/approximation/form: unknown form \"recurent\"; expected one of parallel, "
        "recurrent\n  hint: did you mean \"recurrent\"?");
}

TEST_CASE("approximation: what a method needs") {
  CHECK(error_of("\"linformer\"") ==
        "/attention/approximation: linformer needs its matrix E\n"
        "  hint: write {\"type\": \"linformer\", \"E\": [[…]]}");
  CHECK(error_of("\"nystrom\"") ==
        "/attention/approximation: nystrom needs the number of its landmarks\n"
        "  hint: write {\"type\": \"nystrom\", \"landmarks\": 2}");
  CHECK(error_of(R"({"type": "performer", "features": [[1, 2]], "random": {}})") ==
        "/attention/approximation/random: expected either features or random, got both");
  CHECK(error_of(R"({"type": "performer", "random": {"count": 1000001}})") ==
        "/attention/approximation/random/count: expected a whole number from 1 to 1000000, got "
        "1000001");
  CHECK(error_of(R"({"type": "nystrom", "landmarks": 2, "pseudo_inverse": "about"})") ==
        "/attention/approximation/pseudo_inverse: expected \"exact\" or {\"iterations\": 6}, got "
        "\"about\"");
  CHECK(
      error_of(R"({"type": "nystrom", "landmarks": 2, "pseudo_inverse": {"iterations": 2000}})") ==
      "/attention/approximation/pseudo_inverse/iterations: expected a whole number from 1 to "
      "1000, got 2000");
}

TEST_CASE("approximation: shapes that do not fit") {
  CHECK(error_of(R"({"type": "performer", "features": [[1, 2, 3]]})") ==
        "/attention/approximation/features: expected shape [1, 2] (features × head size), got "
        "[1, 3]");
  CHECK(error_of(R"({"type": "linformer", "E": [[1, 0, 0]]})") ==
        "/attention/approximation/E: expected shape [1, 4] (projected keys × keys), got [1, 3]");
  CHECK(error_of(R"({"type": "linformer", "E": [[[1, 0, 0, 0]], [[1, 0, 0, 0]]]})") ==
        "/attention/approximation/E: expected shape [1, 1, 4] (heads × projected keys × keys), got "
        "[2, 1, 4]");
  CHECK(error_of(
            R"({"type": "linformer", "E": [[1, 0, 0, 0]], "F": [[1, 0, 0, 0], [0, 1, 0, 0]]})") ==
        "/attention/approximation/F: expected as many rows as E has, 1, got 2");
  CHECK(error_of(R"({"type": "nystrom", "landmarks": 3})") ==
        "/attention/approximation/landmarks: expected a divisor of the 4 tokens, got 3\n"
        "  hint: possible here: 1, 2, 4");
}

TEST_CASE("approximation: settings that it cannot be combined with") {
  CHECK(error_of("\"linear\"", R"(, "score": "additive")") ==
        "/attention/score: the approximation \"linear\" expects dot-product or "
        "scaled-dot-product, got additive");
  CHECK(error_of(kNystrom, R"(, "normalize": "relu")") ==
        "/attention/normalize: the approximation \"nystrom\" expects softmax, got relu");
  CHECK(error_of(kNystrom, R"(, "normalize": {"type": "softmax", "temperature": 2})") ==
        "/attention/normalize/temperature: the approximation \"nystrom\" expects temperature 1, "
        "got 2\n  hint: set \"scale\" instead");
  CHECK(error_of("\"performer\"", R"(, "softcap": 2)") ==
        "/attention/softcap: the approximation \"performer\" cannot use a softcap");
  CHECK(error_of("\"performer\"", R"(, "bias": [[0,0,0,0],[0,0,0,0],[0,0,0,0],[0,0,0,0]])") ==
        "/attention/bias: the approximation \"performer\" cannot use a bias");
  CHECK(error_of("\"performer\"", R"(, "scale": -1)") ==
        "/attention/scale: the approximation \"performer\" expects a scale > 0, got -1");
}

TEST_CASE("approximation: masks that it cannot use") {
  const auto with_mask = [](const std::string& method, const std::string& mask) {
    return error_of(method, ", \"mask\": {" + mask + "}");
  };
  CHECK(with_mask("\"linear\"", R"("window": [1, 1])") ==
        "/attention/mask/window: the approximation \"linear\" cannot use this mask; expected "
        "causal or padding");
  CHECK(with_mask("\"performer\"", R"("allow": [[1,1,1,1],[1,1,1,1],[1,1,1,1],[1,1,1,1]])") ==
        "/attention/mask/allow: the approximation \"performer\" cannot use this mask; expected "
        "causal or padding");
  CHECK(with_mask(kLinformer, R"("causal": true)") ==
        "/attention/mask/causal: the approximation \"linformer\" cannot use this mask; expected "
        "padding alone");
  CHECK(with_mask(kNystrom, R"("causal": true)") ==
        "/attention/mask/causal: the approximation \"nystrom\" cannot use this mask; expected no "
        "mask");
  CHECK(with_mask(kNystrom, R"("padding": [true, true, true, false])") ==
        "/attention/mask/padding: the approximation \"nystrom\" cannot use this mask; expected no "
        "mask");
  CHECK(error_of(R"({"type": "linear", "form": "recurrent"})") ==
        "/attention/approximation/form: the recurrent form needs a causal mask\n"
        "  hint: add \"mask\": {\"causal\": true}, or take the form \"parallel\"");
}

TEST_CASE("approximation: steps that would need too much memory are refused before any work") {
  Problem problem = problem_of(R"({"type": "performer", "random": {"count": 100000}})");
  CHECK(test::error_of([&] { run_attention(problem, 1 << 20); }) ==
        "/attention/approximation: its steps would need 0.0 GiB; the limit is 0.0 GiB\n"
        "  hint: take fewer tokens or heads, or --dtype float32");
  CHECK(test::error_code_of([&] { run_attention(problem, 1 << 20); }) == 5);
}

}  // namespace
}  // namespace attn_viz
