// Documents on feature maps: what is read, and the exact text of what is refused.
#include "support/maps.hpp"
#include "attn_viz/input/document.hpp"
#include "catch.hpp"
#include "support/errors.hpp"

namespace attn_viz {
namespace {

using test::error_code_of;
using test::error_of;

std::string document(const std::string& mechanism, const std::string& settings,
                     const std::string& maps = "[[1, 2, 3], [4, 5, 6]]") {
  std::string key = mechanism;
  for (char& c : key) c = c == '-' ? '_' : c;
  return R"({"mechanism": ")" + mechanism + R"(", "maps": )" + maps +
         (settings.empty() ? "}" : ", \"" + key + "\": " + settings + "}");
}

/// What is wrong with the settings of a mechanism, be it seen by the reader or by the recipe.
std::string fault(const std::string& mechanism, const std::string& settings,
                  const std::string& maps = "[[1, 2, 3], [4, 5, 6]]") {
  return error_of([&] { run(read_task(document(mechanism, settings, maps), "t")); });
}

TEST_CASE("maps: one map, or channels with labels") {
  const Task one = read_task(document("strip-pooling", ""), "t");
  const auto& task = std::get<MapsTask>(one);
  CHECK(task.title == "t");
  CHECK(task.maps.shape() == std::vector<std::size_t>{1, 2, 3});
  CHECK(std::holds_alternative<StripPooling>(task.mechanism));
  const Trace trace = run(read_task(R"({"mechanism": "strip-pooling", "title": "two",
    "maps": [[[1]], [[2]]], "channels": ["red", "blue"]})",
                                    "t"));
  CHECK(trace.title == "two");
  CHECK(trace.axis("channel")->labels == std::vector<std::string>{"red", "blue"});
  CHECK(trace.settings.get<std::string>("mechanism") == "strip-pooling");
}

TEST_CASE("maps: empty strips, ragged maps and wrong labels are refused") {
  CHECK(fault("strip-pooling", "", "[[]]") ==
        "/maps: expected at least one map with at least one row and one column, got numbers of "
        "shape [1, 0]");
  CHECK(fault("strip-pooling", "", "[]") != "no error");
  CHECK(fault("strip-pooling", "", "[1, 2]") != "no error");
  CHECK(fault("strip-pooling", "", "[[1, 2], [3]]").starts_with("/maps/1: expected"));
  CHECK(fault("strip-pooling", "", "[[[1, 2]], [[3], [4]]]").starts_with("/maps/1"));
  CHECK(error_of([] {
          read_task(R"({"mechanism": "strip-pooling", "maps": [[1]], "channels": ["a", "b"]})",
                    "t");
        }) == "/channels: expected 1 label (one for each of /maps), got 2");
  CHECK(error_of([] { read_task(R"({"mechanism": "strip-pooling"})", "t"); }) ==
        "the key \"maps\" is missing; it is required");
  CHECK(error_of([] {
          read_task(R"({"mechanism": "strip-pooling", "maps": [[1]], "strip_poolin": {}})", "t");
        }) == "/strip_poolin: unknown key\n  hint: did you mean \"strip_pooling\"?");
}

TEST_CASE("maps: kernels that do not fit are refused, at their place") {
  CHECK(fault("strip-pooling", R"({"row_convolution": {"kernel": [1, 1]}})") ==
        "/strip_pooling/row_convolution/kernel: expected a kernel of odd sides, which has a "
        "middle, got 2 × 1\n  hint: pad it with a row or a column of zeros");
  CHECK(fault("strip-pooling", R"({"column_convolution": {"kernel": [[1, 1, 1]]}})") ==
        "/strip_pooling/column_convolution/kernel: expected a kernel of shape [out, 1, k], or [k] "
        "for every channel by itself, got [1, 3]");
  CHECK(fault("strip-pooling", R"({"gate": {"convolution": {"kernel": [[1, 2]]}}})") ==
        "/strip_pooling/gate/convolution/kernel: expected a kernel of shape [out, 1], got [1, 2]");
  CHECK(fault("strip-pooling", R"({"gate": {"convolution": {"kernel": [[1], [2]]}}})") ==
        "/strip_pooling/gate/convolution/kernel: expected a gate for each of the 1 channels of "
        "/maps, got 2");
  CHECK(fault("strip-pooling", R"({"row_convolution": {"kernel": [1], "bias": [1, 2]}})") ==
        "/strip_pooling/row_convolution/bias: expected shape [1] (channels out), got [2]");
  CHECK(
      fault(
          "strip-pooling",
          R"({"row_convolution": {"kernel": [1], "batch_norm": {"mean": [0], "variance": [-1]}}})") ==
      "/strip_pooling/row_convolution/batch_norm/variance/0: expected numbers ≥ 0, so that "
      "variance + epsilon > 0");
  CHECK(fault("atrous-pyramid-pooling", R"({"branches": [{"kernel": [[1]], "dilation": 0}]})") ==
        "/atrous_pyramid_pooling/branches/0/dilation: expected a whole number ≥ 1, got 0");
  CHECK(fault("atrous-pyramid-pooling", R"({"branches": [{"kernel": [[1, 1], [1, 1]]}]})") ==
        "/atrous_pyramid_pooling/branches/0/kernel: expected a kernel of odd sides, which has a "
        "middle, got 2 × 2\n  hint: pad it with a row or a column of zeros");
  CHECK(fault("atrous-pyramid-pooling", R"({"branches": []})") ==
        "/atrous_pyramid_pooling/branches: expected a list of convolutions, got an empty list");
  CHECK(fault("convolution-2d", R"({"layers": [{"kernel": [[1]]}, {"kernel": [[1, 1]]}]})") ==
        "/convolution_2d/layers/1/kernel: expected a kernel of odd sides, which has a middle, got "
        "1 × 2\n  hint: pad it with a row or a column of zeros");
  CHECK(fault("convolution-2d", R"({"layers": [{"kernel": [[1]], "dilation": 0}]})") ==
        "/convolution_2d/layers/0/dilation: expected a whole number ≥ 1, got 0");
  CHECK(fault("convolution-2d",
              R"({"layers": [{"kernel": [[[[1]]], [[[2]]]]}, {"kernel": [[[[1]]]]}]})") ==
        "/convolution_2d/layers/1/kernel: expected a kernel of shape [out, 2, rows, columns], or "
        "[rows, columns] for every channel by itself, got [1, 1, 1, 1]");
  CHECK(fault("convolution-2d", R"({"layers": [{"kernel": [[1]], "padding": "zeros"}]})") ==
        "/convolution_2d/layers/0/padding: unknown padding \"zeros\"; expected one of zero, "
        "replicate\n  hint: did you mean \"zero\"?");
  CHECK(fault("convolution-2d", R"({"layers": []})") ==
        "/convolution_2d/layers: expected a list of convolutions, got an empty list");
  CHECK(fault("convolution-2d", "") == "the key \"convolution_2d\" is missing; it is required");
  CHECK(fault("pyramid-pooling", R"({"bins": [1, 2], "convolutions": [{"kernel": [[1]]}]})") ==
        "/pyramid_pooling/convolutions: expected 2 convolutions (one for each grid), got 1");
  CHECK(fault("pyramid-pooling", R"({"bins": [1, 0]})") ==
        "/pyramid_pooling/bins/1: expected a whole number ≥ 1, got 0");
}

TEST_CASE("maps: attention whose channels do not fit is refused") {
  CHECK(fault("strip-attention", R"({"strip_keys": {"kernel": [[1], [1]]}})") ==
        "/strip_attention/strip_keys: expected 1 channels out, as many as the pixels have that are "
        "compared with it, got 2");
  CHECK(fault("strip-attention", R"({"strip_values": {"kernel": [[1], [1]]}, "residual": true})") ==
        "/strip_attention/strip_values: expected 1 channels out, those of /maps, to which the "
        "result is added; got 2");
  CHECK(fault("criss-cross-attention", R"({"value": {"kernel": [[1], [1]]}, "gamma": 1})") ==
        "/criss_cross_attention/value: expected 1 channels out, those of /maps, to which the "
        "result is added; got 2");
  CHECK(fault("strip-attention", R"({"strips": "column"})").ends_with("did you mean \"columns\"?"));
  CHECK(fault("criss-cross-attention", R"({"recurrences": 0})") ==
        "/criss_cross_attention/recurrences: expected a whole number ≥ 1, got 0");
  CHECK(fault("mixed-pooling", "") ==
        "/mixed_pooling/output: expected a convolution from 2 channels (both branches) to the 1 of "
        "/maps, to which it is added; there are 2");
}

TEST_CASE("maps: what would take too much memory is refused before the work") {
  const std::string large = document("adaptive-pooling", R"({"rows": 100000, "columns": 100000})");
  CHECK(error_code_of([&] { run(read_task(large, "t")); }) == 5);
  const std::string cross = document("criss-cross-attention", "");
  CHECK(error_code_of([&] { run(read_task(cross, "t"), 200); }) == 5);
  CHECK(error_code_of([&] { run(read_task(cross, "t"), 300); }) == 0);
}

TEST_CASE("maps: of the options only the type of numbers applies") {
  Overrides narrow;
  narrow.dtype = DType::kFloat32;
  CHECK(run(read_task(document("strip-attention", ""), "t", narrow)).dtype == DType::kFloat32);
  Overrides heads;
  heads.heads = 2;
  const auto refused = [&] { read_task(document("strip-pooling", ""), "t", heads); };
  CHECK(error_of(refused) ==
        "the mechanism \"strip-pooling\" has no setting that an option changes, but --dtype\n"
        "  hint: change its settings in the document");
  CHECK(error_code_of(refused) == 2);
}

TEST_CASE("distillation: documents that are refused") {
  const auto error = [](const std::string& rest) {
    return error_of([&] {
      run(read_task(R"({"mechanism": "self-attention-distillation", )" + rest + "}", "t"));
    });
  };
  const std::string blocks = R"("blocks": [{"maps": [[1, 2]]}, {"maps": [[1]]}])";
  CHECK(error(blocks) == "no error");
  CHECK(error(R"("blocks": [{"maps": [[1]]}, {"maps": [[1, 2]]}])") ==
        "/blocks/1/maps: expected maps of at most 1 × 1, as in the block before, got 1 × 2");
  CHECK(error(R"("blocks": [[1, 2]])") ==
        "/blocks: expected a list of blocks, got numbers of shape [1, 2]");
  for (const char* power : {"0", "1", "0.5"}) {
    CHECK(error(blocks + R"(, "distillation": {"power": )" + power + "}") ==
          std::string("/distillation/power: expected a number > 1, got ") + power +
              "\n  hint: with the power 1 the sum is the map \"sum\"");
  }
  CHECK(error(blocks + R"(, "distillation": {"power": 1.5})") == "no error");
  CHECK(error(blocks + R"(, "lane": {"logits": [[[1, 2]], [[0, 1]]], "labels": [[0]]})") ==
        "/lane/labels: expected shape [1, 2] (rows × columns of the logits), got [1, 1]");
  CHECK(error(blocks + R"(, "lane": {"logits": [[[1, 2]], [[0, 1]]], "labels": [[0, 2]]})") ==
        "/lane/labels/0/1: expected the number of a class, 0 to 1, got 2");
  CHECK(error(blocks + R"(, "loss_weights": {"iou": 1})") ==
        "/loss_weights: expected a lane, whose losses they weigh, got none");
}

}  // namespace
}  // namespace attn_viz
