// Every way in which a document can be wrong, and what the program says to it.
#include <string>
#include <vector>

#include "catch.hpp"
#include "support/cli_program.hpp"

using namespace attn_viz::test;

namespace {

struct WrongDocument {
  std::string text;
  std::string error;  ///< behind "attn-viz: d.json: "
};

/// Each document is refused with exit code 3 and its text, and nothing is left of it.
void expect_refused(const std::vector<WrongDocument>& documents,
                    const std::vector<std::string>& options = {}, int code = 3) {
  const TemporaryFolder folder;
  std::vector<std::string> arguments{"run", "d.json", "-o", "out"};
  arguments.insert(arguments.end(), options.begin(), options.end());
  for (const auto& [text, error] : documents) {
    CAPTURE(text);
    folder.write("d.json", text);
    CHECK(folder.run(arguments) == Run{code, "", "attn-viz: d.json: " + error + "\n"});
  }
  CHECK(folder.list() == std::vector<std::string>{"d.json"});
}

/// Three tokens of size 2 and one more key.
std::string with_key(const std::string& key) {
  return R"({"embeddings": [[1, 0], [0, 1], [1, 1]], )" + key + "}";
}
std::string attention(const std::string& settings) {
  return with_key("\"attention\": {" + settings + "}");
}
std::string weights(const std::string& matrices) {
  return attention("\"weights\": {" + matrices + "}");
}

const std::string kTransposed =
    "\n  hint: it looks transposed; attn-viz uses row vectors, Q = X W_Q";
const std::string kTopKeys =
    "\n  hint: known keys here: title, tokens, patches, embeddings, context, attention, layers, "
    "output, "
    "mechanism, steps";

}  // namespace

TEST_CASE("document: broken syntax is placed by line and column") {
  const std::string syntax = "syntax error while parsing ";
  expect_refused({
      {"", "empty input; expected a JSON document"},
      {" \n\t", "empty input; expected a JSON document"},
      {"{", "line 1, column 1: " + syntax +
                "object key - unexpected end of input; expected string literal"},
      {"{\"embeddings\": [[1, 2], [3, 4]",
       "line 1, column 30: " + syntax + "array - unexpected end of input; expected ']'"},
      {"{\n  \"embeddings\": [[1, 2],]\n}",
       "line 2, column 25: " + syntax + "value - unexpected ']'; expected '[', '{', or a literal"},
      {"{\"embeddings\": [[1]],}",
       "line 1, column 22: " + syntax + "object key - unexpected '}'; expected string literal"},
      {"{\"title\": \"abc",
       "line 1, column 14: " + syntax +
           "value - invalid string: missing closing quote; last read: '\"abc'"},
      {"{\"a\" 1}", "line 1, column 6: " + syntax +
                        "object separator - unexpected number literal; expected ':'"},
      {"{'embeddings': [[1]]}", "line 1, column 2: " + syntax +
                                    "object key - invalid literal; last read: '{''; expected "
                                    "string literal"},
      {"{\n\"title\": \"\xFF\"}", "line 2, column 11: " + syntax +
                                      "value - invalid string: ill-formed UTF-8 byte; last read: "
                                      "'\"\xFF'"},
      {"{\"embeddings\": [[01]]}",
       "line 1, column 19: " + syntax + "array - unexpected number literal; expected ']'"},
      // Columns count characters, not bytes.
      {"{\"title\": \"床前\" \"b\"}",
       "line 1, column 18: " + syntax + "object - unexpected string literal; expected '}'"},
  });
}

TEST_CASE("document: more than JSON, or another thing than an object") {
  expect_refused({
      {"[]", "expected an object, got an empty list"},
      {"[1]", "expected an object, got [1]"},
      {"3", "expected an object, got 3"},
      {"\"x\"", "expected an object, got \"x\""},
      {"null", "expected an object, got null"},
      {R"({"format": "attn-viz trace", "version": 1})",
       "expected an input document, got a trace\n"
       "  hint: give the document that the trace was made from"},
  });
  const TemporaryFolder folder;
  folder.write("d.json", std::string(100'000, '['));
  const Run deep = folder.run({"run", "d.json", "-o", "out"});
  CHECK(deep.code == 3);
  CHECK(deep.err.find("nested too deep; expected at most 64 levels\n") != std::string::npos);
}

TEST_CASE("document: missing and repeated keys") {
  expect_refused({
      {"{}", "the key \"embeddings\" is missing; it is required"},
      {R"({"tokens": ["a"]})", "the key \"embeddings\" is missing; it is required"},
      {with_key(R"("patches": {"rows": 3})"),
       "/patches: the key \"columns\" is missing; it is required"},
      {with_key(R"("context": {})"), "/context: the key \"embeddings\" is missing; it is required"},
      {attention(R"("score": {})"),
       "/attention/score: the key \"type\" is missing; it is required"},
      {with_key(R"("embeddings": [[2]])"),
       "/embeddings: this key is repeated; expected each key once"},
      {attention(R"("heads": 1, "heads": 2)"),
       "/attention/heads: this key is repeated; expected each key once"},
      {R"({"comment": 1, "comment": 2})", "/comment: this key is repeated; expected each key once"},
  });
}

TEST_CASE("document: an unknown key gets the nearest known one, at every level") {
  expect_refused({
      {R"({"embedings": [[1]]})", "/embedings: unknown key\n  hint: did you mean \"embeddings\"?"},
      {with_key("\"zzz\": 1"), "/zzz: unknown key" + kTopKeys},
      {with_key("\"a/b~c\": 1"), "/a~1b~0c: unknown key" + kTopKeys},
      {with_key(R"("patches": {"row": 1, "columns": 3})"),
       "/patches/row: unknown key\n  hint: did you mean \"rows\"?"},
      {with_key(R"("context": {"embedding": [[1]]})"),
       "/context/embedding: unknown key\n  hint: did you mean \"embeddings\"?"},
      {attention("\"head\": 1"), "/attention/head: unknown key\n  hint: did you mean \"heads\"?"},
      {attention(R"("mask": {"casual": true})"),
       "/attention/mask/casual: unknown key\n  hint: did you mean \"causal\"?"},
      {attention(R"("score": {"type": "bilinear", "V": 1})"),
       "/attention/score/V: unknown key\n  hint: did you mean \"W\"?"},
      {attention(R"("score": {"type": "cosine", "W": 1})"),
       "/attention/score/W: unknown key\n  hint: known keys here: type"},
      {attention(R"("normalize": {"type": "softmax", "temp": 1})"),
       "/attention/normalize/temp: unknown key\n  hint: did you mean \"temperature\"?"},
      {weights("\"w_q\": [[1]]"),
       "/attention/weights/w_q: unknown key\n  hint: did you mean \"W_Q\"?"},
      {weights("\"WK\": [[1]]"),
       "/attention/weights/WK: unknown key\n  hint: did you mean \"W_K\"?"},
      {weights(R"("random": 1, "W_Q": [[1]])"),
       "/attention/weights/W_Q: unknown key\n  hint: known keys here: random"},
  });
}

TEST_CASE("document: values of a wrong type") {
  const std::string rows = "/embeddings: expected a list of rows of numbers (n × d), got ";
  expect_refused({
      {R"({"embeddings": 5})", rows + "5"},
      {R"({"embeddings": "x"})", rows + "\"x\""},
      {R"({"embeddings": {}})", rows + "an object"},
      {R"({"embeddings": null})", rows + "null"},
      {R"({"embeddings": true})", rows + "true"},
      {R"({"embeddings": [1, 2]})", rows + "[1, 2]"},
      {R"({"embeddings": [[[1]]]})", rows + "numbers of shape [1, 1, 1]"},
      {R"({"embeddings": [["1"]]})", "/embeddings/0/0: expected a number, got \"1\""},
      {R"({"embeddings": [[1], [null]]})", "/embeddings/1/0: expected a number, got null"},
      {R"({"embeddings": [[1, true]]})", "/embeddings/0/1: expected a number, got true"},
      {R"({"embeddings": [[1], 2]})", "/embeddings/1: expected a list of numbers, got 2"},
      {with_key("\"title\": 1"), "/title: expected a text, got 1"},
      {with_key("\"tokens\": \"abc\""), "/tokens: expected a list, got \"abc\""},
      {with_key("\"tokens\": [1, 2, 3]"),
       "/tokens: expected a list of texts, got [1, 2, 3]\n"
       "  hint: write \"1\" for a label, not 1"},
      {with_key(R"("tokens": ["a", 2, "c"])"), "/tokens/1: expected a text, got 2"},
      {with_key("\"patches\": [3, 1]"), "/patches: expected an object, got [3, 1]"},
      {with_key("\"context\": []"), "/context: expected an object, got an empty list"},
      {with_key("\"mechanism\": 1"), "/mechanism: expected a text, got 1"},
      {with_key("\"attention\": []"), "/attention: expected an object, got an empty list"},
      {attention("\"heads\": \"2\""), "/attention/heads: expected a whole number ≥ 1, got \"2\""},
      {attention("\"heads\": 0"), "/attention/heads: expected a whole number ≥ 1, got 0"},
      {attention("\"heads\": 1.5"), "/attention/heads: expected a whole number ≥ 1, got 1.5"},
      {attention("\"head_size\": 0"), "/attention/head_size: expected a whole number ≥ 1, got 0"},
      {attention("\"score\": 5"),
       "/attention/score: expected the name of a score or an object with its type, got 5"},
      {attention("\"scale\": \"x\""), "/attention/scale: expected a number, got \"x\""},
      {attention("\"scale\": null"), "/attention/scale: expected a number, got null"},
      {attention("\"softcap\": 0"), "/attention/softcap: expected a number > 0, got 0"},
      {attention("\"mask\": \"causal\""), "/attention/mask: expected an object, got \"causal\""},
      {attention(R"("mask": {"causal": 1})"),
       "/attention/mask/causal: expected true or false, got 1"},
      {attention(R"("mask": {"window": "x"})"),
       "/attention/mask/window: expected [left, right], two whole numbers ≥ 0, got \"x\""},
      {attention(R"("mask": {"padding": [1, 1, 0]})"),
       "/attention/mask/padding: expected a list of true and false, got [1, 1, 0]"},
      {attention(R"("mask": {"allow": [[1, 2, 0], [1, 1, 1], [1, 1, 1]]})"),
       "/attention/mask/allow/0/1: expected 0 or 1, got 2"},
      {attention("\"normalize\": 1"),
       "/attention/normalize: expected the name of a normaliser or an object with its type, got "
       "1"},
      {attention(R"("normalize": {"type": "softmax", "temperature": -1})"),
       "/attention/normalize/temperature: expected a number > 0, got -1"},
      {attention("\"weights\": 5"),
       "/attention/weights: expected \"identity\", {\"random\": SEED} or an object of matrices, "
       "got 5"},
      {attention("\"weights\": \"random\""),
       "/attention/weights: expected \"identity\", {\"random\": SEED} or an object of matrices, "
       "got \"random\"\n  hint: write {\"random\": 1}"},
      {attention(R"("weights": {"random": -1})"),
       "/attention/weights/random: expected a whole number ≥ 0, got -1"},
      {weights("\"W_Q\": 5"),
       "/attention/weights/W_Q: expected a matrix, or one for each head, got 5"},
      {weights("\"W_Q\": [[\"a\"]]"), "/attention/weights/W_Q/0/0: expected a number, got \"a\""},
      {weights("\"b_O\": [[1]]"),
       "/attention/weights/b_O: expected a list of numbers, got numbers of shape [1, 1]"},
  });
}

TEST_CASE("document: ragged rows are named") {
  expect_refused({
      {R"({"embeddings": [[1, 2], [3]]})", "/embeddings/1: expected a row of 2 like row 0, got 1"},
      {R"({"embeddings": [[1], [2, 3], [4]]})",
       "/embeddings/1: expected a row of 1 like row 0, got 2"},
      {R"({"embeddings": [[1], []]})", "/embeddings/1: expected a row of 1 like row 0, got 0"},
      {weights("\"W_Q\": [[1, 2], [3]]"),
       "/attention/weights/W_Q/1: expected a row of 2 like row 0, got 1"},
  });
}

TEST_CASE("document: wrong shapes; what looks transposed is called so") {
  expect_refused({
      {weights("\"W_Q\": [[1, 2], [3, 4], [5, 6]]"),
       "/attention/weights/W_Q: expected shape [2, 3] (embedding × head size), got [3, 2]" +
           kTransposed},
      {attention(R"("head_size": 1, "weights": {"W_K": [[1, 2]]})"),
       "/attention/weights/W_K: expected shape [2, 1] (embedding × head size), got [1, 2]" +
           kTransposed},
      {weights("\"W_Q\": [[1, 2, 3, 4], [5, 6, 7, 8], [1, 2, 3, 4], [1, 2, 3, 4]]"),
       "/attention/weights/W_Q: expected shape [2, 4] (embedding × head size), got [4, 4]"},
      {weights("\"W_O\": [[1], [2], [3]]"),
       "/attention/weights/W_O: expected shape [2, 1] (value size × output size), got [3, 1]"},
      {weights("\"W_Q\": [[1, 2, 3], [4, 5, 6]]"),
       "/attention/weights: W_K is missing, and the identity does not fit: it would make 3 "
       "numbers of 2 (heads 1, size 3)\n  hint: give W_K with shape [2, 3]"},
      {weights("\"b_Q\": [1]"), "/attention/weights/b_Q: expected shape [2] (size), got [1]"},
      {weights("\"b_O\": [1]"),
       "/attention/weights/b_O: expected shape [2] (output size), got [1]"},
      {attention("\"bias\": [[1, 2], [3, 4]]"),
       "/attention/bias: expected shape [3, 3] (queries × keys), got [2, 2]"},
      {attention(R"("mask": {"allow": [[1, 0], [0, 1]]})"),
       "/attention/mask/allow: expected shape [3, 3] (queries × keys), got [2, 2]"},
      {attention(R"("mask": {"padding": [true]})"),
       "/attention/mask/padding: expected 3 entries, one for each key, got 1"},
      {attention(R"("score": {"type": "bilinear", "W": [[1, 2]]})"),
       "/attention/score/W: expected shape [2, 2] (query size × key size), got [1, 2]"},
      {with_key(R"("context": {"embeddings": [[1, 2, 3]]})"),
       "/attention/weights: W_K is missing, and the identity does not fit: it would make 2 "
       "numbers of 3 (heads 1, size 2)\n  hint: give W_K with shape [3, 2]"},
      {with_key(R"("context": {"embeddings": [[1, 2]], "values": [[1], [2]]})"),
       "/context/values: expected 1 rows (one for each row of /context/embeddings), got 2"},
  });
}

TEST_CASE("document: numbers that are not finite") {
  expect_refused({
      {R"({"embeddings": [[NaN]]})",
       "/embeddings/0/0: expected a finite number, got NaN\n"
       "  hint: line 1, column 18; JSON has no NaN"},
      {"{\"embeddings\":\n [[1, Infinity]]}",
       "/embeddings/0/1: expected a finite number, got Infinity\n"
       "  hint: line 2, column 7; JSON has no Infinity"},
      {R"({"embeddings": [[1e999]]})",
       "/embeddings/0/0: this number overflows; expected one finite in float64"},
      {R"({"embeddings": [[1], [-1e400]]})",
       "/embeddings/1/0: this number overflows; expected one finite in float64"},
      {R"({"embeddings": [[1e160], [2]]})",
       "layer0/head0/scores: the value of row 0, column 0 overflows float64; expected finite "
       "values\n  hint: make the embeddings or the matrices smaller, or use the score \"cosine\""},
  });
  expect_refused({{R"({"embeddings": [[1e160], [2]]})",
                   "/embeddings: value 1e+160 overflows float32; expected at most 3.4e38 in size\n"
                   "  hint: use --dtype float64"}},
                 {"--dtype", "float32"});
}

TEST_CASE("document: heads that do not divide") {
  const std::string hint = "\n  hint: choose other heads, or give head_size and the matrices";
  expect_refused({
      {attention("\"heads\": 3"),
       "/attention/heads: expected a divisor of the embedding size 2, got 3" + hint},
      {attention("\"heads\": 4"),
       "/attention/heads: expected a divisor of the embedding size 2, got 4" + hint},
      {attention(R"("heads": 2, "weights": {"W_Q": [[1, 2, 3], [4, 5, 6]]})"),
       "/attention/weights/W_Q: expected a number of columns that 2 heads divide, got 3"},
      {attention(R"("heads": 2, "weights": {"W_Q": [[[1], [2]]]})"),
       "/attention/weights/W_Q: expected shape [2, 2, 1] (heads × embedding × head size), got "
       "[1, 2, 1]"},
  });
  expect_refused({{R"({"embeddings": [[1, 2]]})",
                   "/attention/heads: expected a divisor of the embedding size 2, got 3" + hint}},
                 {"--heads", "3"});
}

TEST_CASE("document: labels and patches of the wrong number") {
  const std::string labels = "/tokens: expected 3 labels (one for each row of /embeddings), got ";
  expect_refused({
      {with_key(R"("tokens": ["a", "b"])"), labels + "2"},
      {with_key(R"("tokens": ["a", "b", "c", "d"])"), labels + "4"},
      {with_key("\"tokens\": []"), labels + "0"},
      {with_key(R"("context": {"embeddings": [[1, 2], [3, 4]], "tokens": ["a"]})"),
       "/context/tokens: expected 2 labels (one for each row of /context/embeddings), got 1"},
      {with_key(R"("patches": {"rows": 2, "columns": 2})"),
       "/patches: expected rows × columns = 3 (one patch for each row of /embeddings), got 2 × 2"},
      {with_key(R"("patches": {"rows": 3, "columns": 9007199254740992})"),
       "/patches: expected rows × columns = 3 (one patch for each row of /embeddings), got 3 × "
       "9007199254740992"},
      {with_key(R"("patches": {"rows": 0, "columns": 3})"),
       "/patches/rows: expected a whole number ≥ 1, got 0"},
      {with_key(R"("tokens": ["a", "b", "c"], "patches": {"rows": 3, "columns": 1})"),
       "/patches: expected either tokens or patches, got both"},
  });
}

TEST_CASE("document: nothing to attend to") {
  const std::string least = ": expected at least one row with at least one number, got ";
  expect_refused({
      {R"({"embeddings": []})", "/embeddings" + least + "an empty list"},
      {R"({"embeddings": [[]]})", "/embeddings" + least + "numbers of shape [1, 0]"},
      {R"({"embeddings": [[], []]})", "/embeddings" + least + "numbers of shape [2, 0]"},
      {with_key(R"("context": {"embeddings": []})"),
       "/context/embeddings" + least + "an empty list"},
      {with_key(R"("context": {"embeddings": [[1, 2]], "values": []})"),
       "/context/values" + least + "an empty list"},
  });
}

TEST_CASE("document: unknown names") {
  const std::string scores =
      "; expected one of dot-product, scaled-dot-product, additive, cosine, bilinear, gat";
  expect_refused({
      {attention("\"score\": \"cosin\""),
       "/attention/score: unknown score \"cosin\"" + scores + "\n  hint: did you mean \"cosine\"?"},
      {attention(R"("score": {"type": "multi"})"),
       "/attention/score/type: unknown score \"multi\"" + scores},
      {attention("\"normalize\": \"sofmax\""),
       "/attention/normalize: unknown normaliser \"sofmax\"; expected one of softmax, relu, "
       "relu-mean, relu-normalized, sigmoid, softmax-off-by-one, sparsemax, entmax, hardmax, "
       "sample\n"
       "  hint: did you mean \"softmax\"?"},
      {attention("\"position\": \"ropee\""),
       "/attention/position: unknown position \"ropee\"; expected one of none, sinusoidal, "
       "sinusoidal-2d, learned, floater, rope, alibi, t5, relative\n"
       "  hint: did you mean \"rope\"?"},
      {with_key("\"mechanism\": \"atention\""),
       "/mechanism: unknown mechanism \"atention\"; expected one of attention, "
       "adaptive-pooling, spatial-pyramid-pooling, pyramid-pooling, atrous-pyramid-pooling, "
       "strip-pooling, mixed-pooling, strip-attention, criss-cross-attention, attention-fusion, "
       "self-attention-distillation, recurrence, encoder-decoder, memory, "
       "hierarchical-attention, pointer-network, convolution-2d, convolution-1d, "
       "convolution-as-attention\n"
       "  hint: did you mean \"attention\"?"},
  });
}

TEST_CASE("document: an empty stack, and edges that are none") {
  expect_refused({
      {with_key("\"layers\": []"), "/layers: expected a list of layers, got an empty list"},
      {attention(R"("mask": {"edges": []})"),
       "/attention/mask/edges: expected a list of [query, key], got an empty list"},
  });
}

TEST_CASE("document: what would not fit into memory is refused before any work, with code 5") {
  const std::string hint = "\n  hint: take fewer tokens or heads, or --dtype float32";
  const auto huge = [](const std::string& settings) {
    return R"({"embeddings": [[1, 2]], "attention": {)" + settings +
           R"(, "value_size": 1, "weights": {"random": 1}}})";
  };
  expect_refused(
      {
          {huge(R"("heads": 100000, "head_size": 100000)"),
           "/attention: 1 queries × 1 keys with 100000 heads of size 100000 would need 521.5 GiB; "
           "the "
           "limit is 8.0 GiB" +
               hint},
          {huge(R"("heads": 1, "head_size": 9007199254740992)"),
           "/attention: 1 queries × 1 keys with 1 head of size 9007199254740992 would need "
           "402653184.0 "
           "GiB; the limit is 8.0 GiB" +
               hint},
      },
      {}, 5);
}

TEST_CASE("document: $schema and comment are allowed anywhere, an answer sheet is ignored") {
  const TemporaryFolder folder;
  folder.write("d.json", R"({"$schema": "x", "comment": {"any": 1}, "embeddings": [[1, 0]],
    "steps": {"layer0/head0/weights": "?"}, "attention": {"comment": [1, "a"], "heads": 1,
    "mask": {"comment": 1, "causal": true}, "weights": {"$schema": 1, "comment": 2,
    "W_Q": [[1, 0], [0, 1]]}}})");
  CHECK(folder.run({"run", "d.json", "-o", "out"}) ==
        Run{0, "out/d: trace.json, heatmap.png, 1 figure in heatmaps/\n", ""});
}
