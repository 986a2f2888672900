// What is wrong with a document of a mechanism on sequences, word for word.
#include <string>

#include "support/errors.hpp"
#include "support/tasks.hpp"

namespace attn_viz {
namespace {

using namespace test;

TEST_CASE("sequences: exact texts of errors") {
  const std::pair<const char*, const char*> cases[] = {
      {R"({"mechanism":"recurrence","embeddings":[[1,2]],"recurrence":{"type":"lstm"}})",
       "/recurrence/type: unknown recurrence \"lstm\"; expected one of none, rnn, gru"},
      {R"({"mechanism":"recurrence","embeddings":[[1,2]],"recurrence":{"type":"rnn","hidden":3}})",
       "/recurrence/weights/W: missing: the identity would need rows of 3 numbers, but they have "
       "2\n  hint: give the matrix (input × hidden)"},
      {R"({"mechanism":"recurrence","embeddings":[[1,2]],"recurrence":{"type":"gru","weights":{"W":[[1,2,3],[1,2,3]],"W_z":[[1]]}}})",
       "/recurrence/weights/W_z: expected shape [2, 3] (input × hidden), got [1, 1]"},
      {R"({"mechanism":"recurrence","embeddings":[[1,2]],"recurrence":{"type":"rnn","weights":{"W_z":[[1]]}}})",
       "/recurrence/weights/W_z: unknown key\n  hint: known keys here: W, U, b"},
      {R"({"mechanism":"recurrence","embeddings":[[1,2]],"recurrence":{"type":"rnn","hidden":100000000,"weights":{"random":1}}})",
       "/recurrence: 1 rows through a hidden size of 100000000 would need 74505810.4 GiB; the "
       "limit is 8.0 GiB\n  hint: take fewer tokens, a smaller hidden size, or --dtype float32"},
      {R"({"mechanism":"recurrence","embeddings":[[1,2]],"recurrence":{"type":"rnn","backward_weights":{}}})",
       "/recurrence/backward_weights: only a bidirectional cell has a backward pass\n  hint: set "
       "\"bidirectional\": true"},
      {R"({"mechanism":"encoder-decoder","embeddings":[[1,2]],"target":{"tokens":["a"]},"attention":"bahdanau"})",
       "/target/embeddings: missing: this attention reads a row for each word"},
      {R"({"mechanism":"encoder-decoder","embeddings":[[1,2]],"target":{"tokens":["a"]},"attention":"luong-dott"})",
       "/attention: unknown attention \"luong-dott\"; expected one of none, given, bahdanau, "
       "luong-dot, luong-general, luong-concat\n  hint: did you mean \"luong-dot\"?"},
      {R"({"mechanism":"encoder-decoder","embeddings":[[1,2]],"target":{"tokens":["a"],"embeddings":[[1]]},"attention":"luong-dot"})",
       "/attention/type: expected states of one size, got 1 in the decoder and 2 in the encoder\n  "
       "hint: take \"luong-general\", whose matrix is state × encoder state"},
      {R"({"mechanism":"encoder-decoder","embeddings":[[1,2]],"target":{"tokens":["a"]},"attention":{"type":"given","given":[[1,2]]}})",
       "/attention/given: expected shape [1, 1] (target × source), got [1, 2]"},
      {R"({"mechanism":"encoder-decoder","embeddings":[[1,2]],"target":{"embeddings":[[1]]},"decoder":{"type":"rnn","hidden":1,"initial":"encoder"},"attention":"bahdanau"})",
       "/decoder/weights/W: missing: the identity would need rows of 1 numbers, but they have 3\n  "
       "hint: give the matrix (input × hidden)"},
      {R"({"mechanism":"encoder-decoder","embeddings":[[1,2]],"target":{"embeddings":[[1]]},"attention":"bahdanau"})",
       "/attention/weights/U_a: missing: the identity would need as many rows as columns, but it "
       "is 2 × 1\n  hint: give the matrix (encoder state × hidden)"},
      {R"({"mechanism":"encoder-decoder","embeddings":[],"target":{"embeddings":[[1]]},"attention":"luong-dot"})",
       "/embeddings: expected at least one row with at least one number, got an empty list"},
      {R"({"mechanism":"memory","embeddings":[[1,2]],"context":{"embeddings":[]}})",
       "/context/embeddings: expected at least one row with at least one number, got an empty "
       "list"},
      {R"({"mechanism":"memory","embeddings":[[1,2]]})",
       "the key \"context\" is missing; it is required"},
      {R"({"mechanism":"memory","embeddings":[[1,2]],"context":{"embeddings":[[1]]}})",
       "/context/embeddings: expected keys of 2 numbers, as a query has, got 1\n  hint: the "
       "similarity \"network\" compares vectors of unequal sizes"},
      {R"({"mechanism":"memory","embeddings":[[1,2]],"context":{"embeddings":[[1,2]],"values":[[1],[2]]}})",
       "/context/values: expected 1 rows (one for each row of /context/embeddings), got 2"},
      {R"({"mechanism":"memory","embeddings":[[1,2]],"context":{"embeddings":[[1,2]]},"read":"hard"})",
       "/read: unknown read \"hard\"; expected one of soft, maximum, sample"},
      {R"({"mechanism":"memory","embeddings":[[1,2]],"context":{"embeddings":[[1,2]]},"similarity":"network"})",
       "/similarity: the similarity \"network\" needs its matrices\n  hint: write {\"type\": "
       "\"network\", \"W_1\": …, \"w_2\": …}"},
      {R"({"mechanism":"memory","embeddings":[[1,2]],"context":{"embeddings":[[1,2]]},"similarity":{"type":"network","W_1":[[1]],"w_2":[1]}})",
       "/similarity/W_1: expected shape [4, 1] (query and key × hidden), got [1, 1]"},
      {R"({"mechanism":"hierarchical-attention","embeddings":[[1,2]],"groups":{"sizes":[2]},"token_level":{"query":[1,2]},"group_level":{"query":[1,2]}})",
       "/groups/sizes: expected sizes whose sum is 1 (one token for each row of /embeddings), got "
       "2"},
      {R"({"mechanism":"hierarchical-attention","embeddings":[[1,2]],"groups":{"sizes":[1]},"token_level":{"query":[1]},"group_level":{"query":[1,2]}})",
       "/token_level/query: expected shape [2] (embedding), got [1]"},
      {R"({"mechanism":"pointer-network","embeddings":[[1,2]],"target":{"embeddings":[[1,2],[1,2]]}})",
       "/target/embeddings: expected at most 1 steps, for each input is chosen once, got 2\n  "
       "hint: set \"repeat\": true in /pointer, or give fewer steps"},
      {R"({"mechanism":"pointer-network","embeddings":[[1,2]],"target":{"embeddings":[[1]]}})",
       "/pointer/U: missing: the identity would need 1 columns, but there are 2\n  hint: give the "
       "matrix (state × hidden)"},
      {R"({"mechanism":"convolution-1d","embeddings":[[1],[2]],"layers":[{"kernel":[1,2]}]})",
       "/layers/0/kernel: expected an odd number of taps, got 2\n  hint: a tap stands in the "
       "middle; give \"shifts\", or one more tap of 0"},
      {R"({"mechanism":"convolution-1d","embeddings":[[1,2]],"layers":[{"kernel":[1,2,3]}]})",
       "/layers/0/kernel: expected shape [3, 2, 1] (taps × input × output), got [3, 1, 1]"},
      {R"({"mechanism":"convolution-1d","embeddings":[[1,2]],"layers":[{"kernel":[]}]})",
       "/layers/0/kernel: expected at least one tap, got an empty list"},
      {R"({"mechanism":"convolution-1d","embeddings":[[1,2]],"layers":[]})",
       "/layers: expected a list of convolutions, got an empty list"},
      {R"({"mechanism":"convolution-1d","embeddings":[[1]],"layers":[{"kernel":[1],"dilation":0}]})",
       "/layers/0/dilation: expected a whole number ≥ 1, got 0"},
      {R"({"mechanism":"convolution-1d","embeddings":[[1]],"layers":[{"kernel":[1],"shifts":[0.5]}]})",
       "/layers/0/shifts: expected a list of whole numbers, got [0.5]"},
      {R"({"mechanism":"convolution-as-attention","embeddings":[[1]],"convolution":{"kernel":[1]},"sharpness":0})",
       "/sharpness: expected a number > 0, got 0"},
      {R"({"mechanism":"convolution-as-attention","patches":{"rows":1,"columns":1},"embeddings":[[1]],"convolution":{"kernel":[1,2,1]}})",
       "/convolution/kernel: expected rows of taps: numbers, or matrices (input × output), got [1, "
       "2, 1]"},
      {R"({"mechanism":"convolution-as-attention","embeddings":[[1]],"convolution":{"kernel":[1]},"ghosts":1})",
       "/ghosts: expected true or false, got 1"},
  };
  for (const auto& [document, error] : cases) {
    INFO(document);
    CHECK(error_of([&, text = document] { run(read_task(text, "t")); }) == error);
  }
}

TEST_CASE("sequences: a state that overflows is told with its step") {
  CHECK(error_of([] {
          run(read_task(R"({"mechanism": "convolution-1d", "embeddings": [[1e308]],
            "layers": [{"kernel": [1e10]}]})",
                        "t"));
        }).starts_with("layer0/output: the value of row 0, column 0 overflows float64"));
}

TEST_CASE("sequences: options other than the type of numbers are refused") {
  Overrides overrides;
  overrides.heads = 2;
  CHECK(error_of([&] {
          read_task(R"({"mechanism": "memory", "embeddings": [[1]],
            "context": {"embeddings": [[1]]}})",
                    "t", overrides);
        }).starts_with("the mechanism \"memory\" has no setting that an option changes"));
}

}  // namespace
}  // namespace attn_viz
