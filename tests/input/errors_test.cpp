// Every way in which a document can be wrong, with the exact text of its error.
#include <string>

#include "attn_viz/input/document.hpp"
#include "attn_viz/mechanisms/attention.hpp"
#include "catch.hpp"
#include "support/errors.hpp"

namespace attn_viz {
namespace {

std::string document_refusal(const std::string& text) {
  return test::error_of([&] { read_document(text, "title"); });
}

/// A document of two tokens of two numbers with further keys.
std::string with(const std::string& keys) {
  return document_refusal("{\"embeddings\": [[1, 0], [0, 1]], " + keys + "}");
}

/// Such a document with keys of its "attention".
std::string attention(const std::string& keys) {
  return with("\"attention\": {" + keys + "}");
}

TEST_CASE("document: syntax errors with line and column") {
  CHECK(document_refusal("{\n  \"embeddings\": [[1, 2],\n}") ==
        "line 3, column 1: syntax error while parsing value - unexpected '}'; expected '[', '{', "
        "or a literal");
  CHECK(document_refusal("") == "empty input; expected a JSON document");
  CHECK(document_refusal("[[1, 2], [3, 4]]") == "expected an object, got numbers of shape [2, 2]");
  CHECK(document_refusal("null") == "expected an object, got null");
  CHECK(test::error_code_of([] { read_document("{", ""); }) == 3);
}

TEST_CASE("document: missing, unknown and repeated keys") {
  CHECK(document_refusal("{}") == "the key \"embeddings\" is missing; it is required");
  CHECK(with("\"token\": []") == "/token: unknown key\n  hint: did you mean \"tokens\"?");
  CHECK(with("\"banana\": 1") ==
        "/banana: unknown key\n  hint: known keys here: title, tokens, patches, embeddings, "
        "context, attention, layers, output, mechanism, steps");
  CHECK(with("\"title\": \"a\", \"title\": \"b\"") ==
        "/title: this key is repeated; expected each key once");
  CHECK(attention("\"head\": 2") ==
        "/attention/head: unknown key\n  hint: did you mean \"heads\"?");
  CHECK(attention("\"mask\": {\"casual\": true}") ==
        "/attention/mask/casual: unknown key\n  hint: did you mean \"causal\"?");
  CHECK(attention("\"weights\": {\"WQ\": [[1]]}") ==
        "/attention/weights/WQ: unknown key\n  hint: did you mean \"W_Q\"?");
  CHECK(attention("\"weights\": {\"random\": 1, \"W_Q\": [[1]]}") ==
        "/attention/weights/W_Q: unknown key\n  hint: known keys here: random");
  CHECK(attention("\"score\": {\"type\": \"cosine\", \"W\": [[1]]}") ==
        "/attention/score/W: unknown key\n  hint: known keys here: type");
  CHECK(attention("\"score\": {\"W\": [[1]]}") ==
        "/attention/score: the key \"type\" is missing; it is required");
  CHECK(attention("\"normalize\": {\"type\": \"softmax\", \"temperatur\": 2}") ==
        "/attention/normalize/temperatur: unknown key\n  hint: did you mean \"temperature\"?");
  CHECK(with("\"context\": {}") == "/context: the key \"embeddings\" is missing; it is required");
  CHECK(with("\"context\": {\"embeddings\": [[1]], \"value\": 1}") ==
        "/context/value: unknown key\n  hint: did you mean \"values\"?");
  CHECK(with("\"patches\": {\"rows\": 1}") ==
        "/patches: the key \"columns\" is missing; it is required");
}

TEST_CASE("document: embeddings that are no rows of numbers") {
  const auto embeddings = [](const std::string& value) {
    return document_refusal("{\"embeddings\": " + value + "}");
  };
  CHECK(embeddings("3") == "/embeddings: expected a list of rows of numbers (n × d), got 3");
  CHECK(embeddings("[1, 2]") ==
        "/embeddings: expected a list of rows of numbers (n × d), got [1, 2]");
  CHECK(embeddings("[[[1]]]") ==
        "/embeddings: expected a list of rows of numbers (n × d), got numbers of shape [1, 1, 1]");
  CHECK(embeddings("[[1, 2], [3]]") == "/embeddings/1: expected a row of 2 like row 0, got 1");
  CHECK(embeddings("[[1, 2], [3, \"x\"]]") == "/embeddings/1/1: expected a number, got \"x\"");
  CHECK(embeddings("[[1, 2], [3, null]]") == "/embeddings/1/1: expected a number, got null");
  CHECK(embeddings("[[1, 2], null]") == "/embeddings/1: expected a list of numbers, got null");
  CHECK(embeddings("[]") ==
        "/embeddings: expected at least one row with at least one number, got an empty list");
  CHECK(embeddings("[[], []]") ==
        "/embeddings: expected at least one row with at least one number, got numbers of shape "
        "[2, 0]");
  CHECK(embeddings("[[1, NaN]]") ==
        "/embeddings/0/1: expected a finite number, got NaN\n  hint: line 1, column 21; JSON has "
        "no NaN");
  CHECK(embeddings("[[1, 1e400]]") ==
        "/embeddings/0/1: this number overflows; expected one finite in float64");
  Overrides narrow;
  narrow.dtype = DType::kFloat32;
  CHECK(test::error_of([&] { read_document(R"({"embeddings": [[1e39]]})", "", narrow); }) ==
        "/embeddings: value 1e+39 overflows float32; expected at most 3.4e38 in size\n  hint: use "
        "--dtype float64");
}

TEST_CASE("document: labels and patches of the wrong number or kind") {
  CHECK(with("\"tokens\": [\"a\"]") ==
        "/tokens: expected 2 labels (one for each row of /embeddings), got 1");
  CHECK(with("\"tokens\": []") ==
        "/tokens: expected 2 labels (one for each row of /embeddings), got 0");
  CHECK(with("\"tokens\": [1, 2]") ==
        "/tokens: expected a list of texts, got [1, 2]\n  hint: write \"1\" for a "
        "label, not 1");
  CHECK(with("\"tokens\": [\"a\", null]") == "/tokens/1: expected a text, got null");
  CHECK(with("\"tokens\": \"a b\"") == "/tokens: expected a list, got \"a b\"");
  CHECK(with("\"title\": 3") == "/title: expected a text, got 3");
  CHECK(with("\"patches\": {\"rows\": 2, \"columns\": 2}") ==
        "/patches: expected rows × columns = 2 (one patch for each row of /embeddings), got 2 × 2");
  CHECK(with("\"patches\": {\"rows\": 0, \"columns\": 2}") ==
        "/patches/rows: expected a whole number ≥ 1, got 0");
  CHECK(with("\"patches\": {\"rows\": 1, \"columns\": 2.5}") ==
        "/patches/columns: expected a whole number ≥ 1, got 2.5");
  CHECK(with("\"patches\": {\"rows\": 1, \"columns\": 2, \"image\": 5}") ==
        "/patches/image: expected a text, got 5");
  CHECK(with("\"patches\": 5") == "/patches: expected an object, got 5");
  CHECK(with("\"tokens\": [\"a\", \"b\"], \"patches\": {\"rows\": 1, \"columns\": 2}") ==
        "/patches: expected either tokens or patches, got both");
}

TEST_CASE("document: a context that does not fit") {
  CHECK(with("\"context\": [[1]]") == "/context: expected an object, got numbers of shape [1, 1]");
  CHECK(with("\"context\": {\"embeddings\": [[1], [2], [3]], \"tokens\": [\"a\"]}") ==
        "/context/tokens: expected 3 labels (one for each row of /context/embeddings), got 1");
  CHECK(with("\"context\": {\"embeddings\": [[1], [2]], \"values\": [[1]]}") ==
        "/context/values: expected 2 rows (one for each row of /context/embeddings), got 1");
  CHECK(with("\"context\": {\"embeddings\": [[1], [2, 3]]}") ==
        "/context/embeddings/1: expected a row of 1 like row 0, got 2");
  CHECK(with("\"context\": {\"embeddings\": [[1]], \"values\": 2}") ==
        "/context/values: expected a list of rows of numbers (m × d″), got 2");
  CHECK(with("\"context\": {\"embeddings\": []}") ==
        "/context/embeddings: expected at least one row with at least one number, got an empty "
        "list");
}

TEST_CASE("document: settings of the wrong type or size") {
  CHECK(with("\"attention\": \"self\"") == "/attention: expected an object, got \"self\"");
  CHECK(attention("\"heads\": 0") == "/attention/heads: expected a whole number ≥ 1, got 0");
  CHECK(attention("\"heads\": 1.5") == "/attention/heads: expected a whole number ≥ 1, got 1.5");
  CHECK(attention("\"heads\": \"2\"") ==
        "/attention/heads: expected a whole number ≥ 1, got \"2\"");
  CHECK(attention("\"head_size\": 0") ==
        "/attention/head_size: expected a whole number ≥ 1, got 0");
  CHECK(attention("\"value_size\": -1") ==
        "/attention/value_size: expected a whole number ≥ 1, got -1");
  CHECK(attention("\"scale\": \"big\"") == "/attention/scale: expected a number, got \"big\"");
  CHECK(attention("\"softcap\": 0") == "/attention/softcap: expected a number > 0, got 0");
  CHECK(attention("\"softcap\": \"5\"") == "/attention/softcap: expected a number > 0, got \"5\"");
  CHECK(attention("\"bias\": 1") ==
        "/attention/bias: expected a matrix (queries × keys), or one for each head, got 1");
  CHECK(attention("\"bias\": [[1, 2], [3]]") ==
        "/attention/bias/1: expected a row of 2 like row 0, got 1");
  CHECK(attention("\"bias\": [[1, null], [3, 4]]") ==
        "/attention/bias/0/1: expected a number, got null");
  CHECK(attention("\"normalize\": {\"type\": \"softmax\", \"temperature\": 0}") ==
        "/attention/normalize/temperature: expected a number > 0, got 0");
}

TEST_CASE("document: masks that are none") {
  const auto mask = [](const std::string& keys) { return attention("\"mask\": {" + keys + "}"); };
  CHECK(attention("\"mask\": true") == "/attention/mask: expected an object, got true");
  CHECK(attention("\"mask\": \"causal\"") == "/attention/mask: expected an object, got \"causal\"");
  CHECK(mask("\"causal\": 1") == "/attention/mask/causal: expected true or false, got 1");
  const std::string window =
      "/attention/mask/window: expected [left, right], two whole numbers ≥ 0, got ";
  CHECK(mask("\"window\": 2") == window + "2");
  CHECK(mask("\"window\": [1]") == window + "[1]");
  CHECK(mask("\"window\": [1, -1]") == window + "[1, -1]");
  CHECK(mask("\"window\": [0.5, 1]") == window + "[0.5, 1]");
  CHECK(mask("\"window\": [null, 1]") == window + "[null, 1]");
  CHECK(mask("\"padding\": [1, 0]") ==
        "/attention/mask/padding: expected a list of true and false, got [1, 0]");
  CHECK(mask("\"padding\": [true, 0]") ==
        "/attention/mask/padding/1: expected true or false, got 0");
  CHECK(mask("\"padding\": []") ==
        "/attention/mask/padding: expected true or false for each key, got an empty list");
  CHECK(mask("\"allow\": [[1, 0], [2, 1]]") == "/attention/mask/allow/1/0: expected 0 or 1, got 2");
  CHECK(mask("\"allow\": [[true, false]]") ==
        "/attention/mask/allow/0/0: expected a number, got true");
  CHECK(mask("\"allow\": [1, 0]") ==
        "/attention/mask/allow: expected rows of 0 and 1 (queries × keys), got [1, 0]");
}

TEST_CASE("document: unknown names get the nearest known one") {
  CHECK(attention("\"score\": \"cosin\"") ==
        "/attention/score: unknown score \"cosin\"; expected one of dot-product, "
        "scaled-dot-product, additive, cosine, bilinear, gat\n  hint: did you mean \"cosine\"?");
  CHECK(attention("\"score\": {\"type\": \"adaptive\"}").substr(0, 49) ==
        "/attention/score/type: unknown score \"adaptive\"; ");
  CHECK(attention("\"score\": 5") ==
        "/attention/score: expected the name of a score or an object with its type, got 5");
  CHECK(attention("\"normalize\": \"softmx\"") ==
        "/attention/normalize: unknown normaliser \"softmx\"; expected one of softmax, relu, "
        "relu-mean, relu-normalized, sigmoid, softmax-off-by-one, sparsemax, entmax, hardmax, "
        "sample\n  hint: did "
        "you mean \"softmax\"?");
  CHECK(attention("\"position\": \"non\"") ==
        "/attention/position: unknown position \"non\"; expected one of none, sinusoidal, "
        "sinusoidal-2d, learned, floater, rope, alibi, t5, relative\n"
        "  hint: did you mean \"none\"?");
  CHECK(with("\"mechanism\": \"atention\"") ==
        "/mechanism: unknown mechanism \"atention\"; expected one of attention\n  hint: did you "
        "mean \"attention\"?");
  CHECK(attention("\"weights\": \"random\"") ==
        "/attention/weights: expected \"identity\", {\"random\": SEED} or an object of matrices, "
        "got \"random\"\n  hint: write {\"random\": 1}");
  CHECK(attention("\"weights\": 5") ==
        "/attention/weights: expected \"identity\", {\"random\": SEED} or an object of matrices, "
        "got 5");
  CHECK(attention("\"weights\": {\"random\": -1}") ==
        "/attention/weights/random: expected a whole number ≥ 0, got -1");
}

TEST_CASE("document: matrices that are none") {
  const auto weights = [](const std::string& keys) {
    return attention("\"weights\": {" + keys + "}");
  };
  const std::string matrix = ": expected a matrix, or one for each head, got ";
  CHECK(weights("\"W_Q\": 1") == "/attention/weights/W_Q" + matrix + "1");
  CHECK(weights("\"W_K\": [1, 2]") == "/attention/weights/W_K" + matrix + "[1, 2]");
  CHECK(weights("\"W_V\": \"identity\"") == "/attention/weights/W_V" + matrix + "\"identity\"");
  CHECK(weights("\"W_O\": [[[[1]]]]") ==
        "/attention/weights/W_O" + matrix + "numbers of shape [1, 1, 1, 1]");
  CHECK(weights("\"W_Q\": [[1, 2], [3]]") ==
        "/attention/weights/W_Q/1: expected a row of 2 like row 0, got 1");
  CHECK(weights("\"W_Q\": [[[1, 2], [3, 4]], [[5, 6]]]") ==
        "/attention/weights/W_Q/1: expected a row of 2 like row 0, got 1");
  CHECK(weights("\"W_Q\": [[[1, 2], [3, 4]], [[5, 6], [7]]]") ==
        "/attention/weights/W_Q/1/1: expected a row of 2 like row 0, got 1");
  CHECK(weights("\"b_Q\": 1") ==
        "/attention/weights/b_Q: expected a list of numbers, or one for each head, got 1");
  CHECK(weights("\"b_O\": [[1]]") ==
        "/attention/weights/b_O: expected a list of numbers, got numbers of shape [1, 1]");
  CHECK(weights("\"b_K\": [1, null]") == "/attention/weights/b_K/1: expected a number, got null");
  CHECK(attention("\"score\": {\"type\": \"bilinear\", \"W\": [1]}") ==
        "/attention/score/W" + matrix + "[1]");
  CHECK(attention("\"score\": {\"type\": \"additive\", \"v\": 1}") ==
        "/attention/score/v: expected a list of numbers, or one for each head, got 1");
}

TEST_CASE("document: an empty stack, and masks that are none") {
  CHECK(with("\"layers\": []") == "/layers: expected a list of layers, got an empty list");
  CHECK(attention("\"mask\": {\"edges\": []}") ==
        "/attention/mask/edges: expected a list of [query, key], got an empty list");
  CHECK(attention("\"mask\": {\"pattern\": \"x\"}") ==
        "/attention/mask/pattern: unknown pattern \"x\"; expected one of dilated, strided, "
        "longformer, big-bird, sinks");
}

TEST_CASE("document: a transposed matrix is told from a wrong one when it is used") {
  const auto run = [](const std::string& matrix) {
    return test::error_of([&] {
      run_attention(read_document(
          R"({"embeddings": [[1, 2, 3]], "attention": {"weights": {"W_Q": )" + matrix + "}}}", ""));
    });
  };
  CHECK(run("[[1, 2, 3], [4, 5, 6]]") ==
        "/attention/weights/W_Q: expected shape [3, 2] (embedding × head size), got [2, 3]\n  "
        "hint: it looks transposed; attn-viz uses row vectors, Q = X W_Q");
  CHECK(run("[[1, 2], [4, 5]]") ==
        "/attention/weights/W_Q: expected shape [3, 2] (embedding × head size), got [2, 2]");
}

}  // namespace
}  // namespace attn_viz
