// Positions that do not fit: the exact text of each error.
#include "attn_viz/mechanisms/attention.hpp"
#include "catch.hpp"
#include "support/errors.hpp"
#include "support/positions.hpp"

namespace attn_viz {
namespace {

using test::random_tensor;
using test::six_tokens;

TEST_CASE("positions: what does not fit is refused, and where") {
  const auto refused = [](PositionType type, auto change) {
    Problem problem = six_tokens(type);
    change(problem);
    return test::error_of([&] { run_attention(problem); });
  };
  const auto position = [](Problem& problem) -> PositionSettings& {
    return problem.attention.position;
  };
  CHECK(
      refused(PositionType::kSinusoidal2d, [](Problem& p) { p.axis.grid.reset(); }) ==
      "/attention/position: \"sinusoidal-2d\" needs patches, but /embeddings has tokens\n"
      "  hint: give \"patches\" (rows and columns) instead of \"tokens\", or take \"sinusoidal\"");
  CHECK(
      refused(PositionType::kSinusoidal2d,
              [](Problem& p) {
                p.context = test::context_of(random_tensor({4, 8}, "y"));
              }) ==
      "/attention/position: \"sinusoidal-2d\" needs patches, but /context/embeddings has tokens\n"
      "  hint: give \"patches\" (rows and columns) instead of \"tokens\", or take \"sinusoidal\"");
  CHECK(refused(PositionType::kSinusoidal2d,
                [](Problem& p) {
                  p.embeddings = random_tensor({6, 7}, "x");
                  p.attention.heads = 1;
                }) ==
        "/attention/position: \"sinusoidal-2d\" needs an even number of columns (half for the row "
        "of a patch, half for its column), but /embeddings has 7");
  CHECK(refused(PositionType::kLearned,
                [&](Problem& p) {
                  position(p).table = random_tensor({5, 8}, "table");
                }) ==
        "/attention/position/table: expected at least 6 rows (one for each row of /embeddings), "
        "got 5\n  hint: a learned table ends; \"sinusoidal\" goes on for ever");
  CHECK(refused(PositionType::kLearned,
                [&](Problem& p) {
                  position(p).table = random_tensor({9, 6}, "table");
                }) ==
        "/attention/position/table: expected rows of 8 numbers (one for each column of "
        "/embeddings), got 6");
  CHECK(refused(PositionType::kFloater,
                [&](Problem& p) {
                  position(p).flow->w_1 = random_tensor({8, 3}, "W_1");
                }) ==
        "/attention/position/W_1: expected shape [9, 3] (embedding and time × hidden size), got "
        "[8, 3]");
  CHECK(refused(PositionType::kFloater, [&](Problem& p) { position(p).flow->w_2.reset(); }) ==
        "/attention/position/W_1: expected shape [9, 8] (embedding and time × embedding), got "
        "[9, 3]");
  CHECK(refused(PositionType::kFloater,
                [&](Problem& p) {
                  position(p).flow->w_2 = random_tensor({8, 3}, "W_2");
                }) ==
        "/attention/position/W_2: expected shape [3, 8] (hidden size × embedding), got "
        "[8, 3]\n  hint: it looks transposed; attn-viz uses row vectors, Q = X W_Q");
  CHECK(refused(PositionType::kFloater,
                [&](Problem& p) {
                  auto& flow = *position(p).flow;
                  flow.initial = random_tensor({8}, "far", DType::kFloat64, 1e300);
                  flow.step = 1e100;
                }) ==
        "input/positions: the flow left the finite numbers before position 1\n"
        "  hint: make the matrices or the step smaller");
  CHECK(refused(PositionType::kRope, [](Problem& p) { p.attention.head_size = 3; }) ==
        "/attention/position: \"rope\" turns pairs of numbers and needs an even head size, got 3\n"
        "  hint: choose another number of heads, or another head_size");
  CHECK(refused(PositionType::kRope, [&](Problem& p) { position(p).frequencies = {1}; }) ==
        "/attention/position/frequencies: expected 2 frequencies, one for each pair, got 1");
  CHECK(refused(PositionType::kAlibi, [&](Problem& p) {
          position(p).slopes = {1, 2, 3};
        }) == "/attention/position/slopes: expected 2 slopes, one for each head, got 3");
  CHECK(refused(PositionType::kT5,
                [&](Problem& p) {
                  position(p).table = random_tensor({2, 8}, "table");
                }) ==
        "/attention/position/table: expected shape [8, 2] (buckets × heads), got [2, 8]\n"
        "  hint: it looks transposed; attn-viz uses row vectors, Q = X W_Q");
  CHECK(refused(PositionType::kT5,
                [&](Problem& p) {
                  position(p).table = random_tensor({7, 2}, "table");
                }) ==
        "/attention/position/table: expected an even number of buckets from 4 to 4096, got "
        "7\n  hint: half of them are for keys after the query");
  CHECK(refused(PositionType::kT5, [&](Problem& p) { position(p).max_distance = 2; }) ==
        "/attention/position/max_distance: expected more than 2, up to which each distance has a "
        "bucket of its own, got 2");
  CHECK(refused(PositionType::kRelative,
                [&](Problem& p) {
                  position(p).max_distance = {};
                  position(p).keys = random_tensor({4, 4}, "keys");
                }) ==
        "/attention/position/keys: expected an odd number of rows, for the distances from −K to "
        "K, got 4");
  CHECK(refused(PositionType::kRelative, [&](Problem& p) { position(p).max_distance = 3; }) ==
        "/attention/position/keys: expected shape [7, 4] (2 · max_distance + 1 × head size), got "
        "[5, 4]");
  CHECK(refused(PositionType::kRelative,
                [&](Problem& p) {
                  position(p).values = random_tensor({3, 5, 4}, "values");
                }) ==
        "/attention/position/values: expected shape [2, 5, 4] (heads × 2 · max_distance + 1 "
        "× value size), got [3, 5, 4]");
  CHECK(refused(PositionType::kRelative,
                [](Problem& p) { p.attention.score.type = ScoreType::kCosine; }) ==
        "/attention/position: \"relative\" changes the dot product, but the score is "
        "\"cosine\"\n  hint: take the score \"scaled-dot-product\" or \"dot-product\"");
}

}  // namespace
}  // namespace attn_viz
