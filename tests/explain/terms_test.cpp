// The arithmetic of every cell of every step: evaluated again, it gives the step's own value.
#include "terms.hpp"

#include "catch.hpp"
#include "support.hpp"
#include "support/tensors.hpp"

namespace attn_viz {
namespace {

using test::covered;
using test::first_wrong_cell;
using test::matrix;
using test::off;
using test::random_tensor;
using test::result;
using test::vector_of;

std::string first_wrong_step(const Trace& trace) {
  for (const Step& step : trace.steps) {
    const Operation* operation = find_operation(step.op);
    if (operation->terms == nullptr) continue;
    std::vector<const Tensor*> inputs;
    for (const StepId input : step.inputs) inputs.push_back(&trace.steps[input].values);
    const std::string wrong = first_wrong_cell(*operation, inputs, step.attributes, step.values);
    if (!wrong.empty()) return trace.title + ": " + step.id + ": " + wrong;
    covered().insert(step.op);
  }
  return "";
}

TEST_CASE("terms: every cell of every step of every sample") {
  const std::vector<std::string> samples = test::sample_names();
  CHECK(samples.size() > 40);
  for (const std::string& name : samples) CHECK(first_wrong_step(test::sample_trace(name)) == "");
}

/// Also rows with nothing to look at, hidden keys, both number types.
void look_at_normalisers() {
  for (const DType dtype : test::kDTypes) {
    const Tensor scores = matrix({{1, -2, 0.5, 1}, {-1, -3, -0.5, -2}, {0, 4, 4, 2}}, dtype);
    const Tensor visible = matrix({{1, 1, 0, 1}, {0, 0, 0, 0}, {0, 1, 1, 1}}, dtype);
    const Tensor masked = result(ops::mask_scores, {&scores, &visible});
    CHECK(off(ops::mask_scores, {scores, visible}) == "");
    const Attributes drawn{{"seed", 3.0}, {"stream", "x"}};
    for (const Tensor& s : {scores, masked}) {
      for (const auto* operation :
           {&ops::softmax, &ops::softmax_off_by_one, &ops::sigmoid, &ops::relu, &ops::relu_mean,
            &ops::relu_normalized, &ops::sparsemax, &ops::hardmax}) {
        CHECK(off(*operation, {s}) == "");
      }
      CHECK(off(ops::softmax, {s}, {{"temperature", 0.5}}) == "");
      CHECK(off(ops::sigmoid, {s}, {{"bias", "-log-keys"}}) == "");
      CHECK(off(ops::sigmoid, {s}, {{"bias", -700.0}}) == "");
      CHECK(off(ops::softmax_with_sink, {s}, {{"sink", 0.5}, {"temperature", 2.0}}) == "");
      CHECK(off(ops::sample, {s}, drawn) == "");
      for (const double alpha : {1.01, 1.25, 1.5, 2.0, 3.0}) {
        CHECK(off(ops::entmax, {s}, {{"alpha", alpha}}) == "");
      }
      CHECK(off(ops::online_maximum, {s}) == "");
      const Tensor maximum = result(ops::online_maximum, {&s});
      CHECK(off(ops::online_sum, {s, maximum}) == "");
      CHECK(off(ops::online_sum, {s, maximum}, {{"temperature", 3.0}}) == "");
      const Tensor v = random_tensor({4, 2}, "v", dtype);
      CHECK(off(ops::online_accumulator, {s, maximum, v}) == "");
      const Tensor accumulator = result(ops::online_accumulator, {&s, &maximum, &v});
      const Tensor sum = result(ops::online_sum, {&s, &maximum});
      CHECK(off(ops::online_output, {accumulator, sum}) == "");
    }
    CHECK(off(ops::kernel_weights,
              {matrix({{1, 2, 3, 0}, {0, 0, 0, 0}, {1, 1, 2, 3}}, dtype), visible}) == "");
    CHECK(off(ops::attention_weights,
              {random_tensor({3, 2}, "q", dtype), random_tensor({4, 2}, "k", dtype), visible},
              {{"scale", 0.5}}) == "");
  }
}

void look_at_scores_and_rows() {
  const Tensor q = matrix({{1, 2, -1}, {0, 0, 0}}), k = matrix({{3, 1, 2}, {0, 0, 0}, {-1, 2, 5}});
  CHECK(off(ops::dot_product, {q, k}) == "");
  CHECK(off(ops::cosine, {q, k}) == "");
  CHECK(off(ops::bilinear, {q, k, random_tensor({3, 3}, "w")}) == "");
  CHECK(off(ops::gat, {q, k, random_tensor({6}, "a")}, {{"slope", 0.2}}) == "");
  CHECK(off(ops::additive, {q, k, random_tensor({3, 4}, "1"), random_tensor({3, 4}, "2"),
                            random_tensor({4}, "v"), random_tensor({4}, "b")}) == "");
  CHECK(off(ops::scale, {q}, {{"scale", 1 / std::sqrt(3.0)}}) == "");
  CHECK(off(ops::scale, {q}, {{"scale", -0.3}}) == "");
  CHECK(off(ops::softcap, {k}, {{"cap", 2.0}}) == "");
  CHECK(off(ops::add, {q, q, q}) == "");
  CHECK(off(ops::patchify, {random_tensor({4, 6, 3}, "i")}, {{"patch", 2.0}}) == "");
  CHECK(off(ops::linear, {q, k, random_tensor({3}, "b")}) == "");
  CHECK(off(ops::matmul, {q, k}) == "");
  CHECK(off(ops::concat, {k, random_tensor({3, 2}, "c"), k}) == "");
  CHECK(off(ops::l2_normalize, {q}) == "");
  CHECK(off(ops::rms_normalize, {q}) == "");
  CHECK(off(ops::rms_normalize, {q, random_tensor({3}, "g")}, {{"epsilon", 0.1}}) == "");
  const Tensor gain = random_tensor({3}, "g"), bias = random_tensor({3}, "b");
  for (const auto* norm : {&ops::layer_norm, &ops::rms_norm}) {
    CHECK(off(*norm, {q}, {{"epsilon", 1e-5}}) == "");
    CHECK(off(*norm, {q, gain, bias}, {{"epsilon", 0.1}}) == "");
  }
  for (const char* name : {"relu", "gelu", "gelu-tanh", "silu", "tanh", "sigmoid", "identity"}) {
    CHECK(off(ops::activation, {random_tensor({3, 3}, "x", DType::kFloat64, 4)},
              {{"function", name}}) == "");
  }
  CHECK(off(ops::multiply, {q, q}) == "");
  CHECK(off(ops::blend, {random_tensor({2, 3}, "share"), q, q}) == "");
  CHECK(off(ops::identity, {q}) == "");
  CHECK(off(ops::window_rows, {k}, {{"window", 2.0}}) == "");
  CHECK(off(ops::mean_rows, {k}) == "");
  CHECK(off(ops::select_row, {k}, {{"row", 2.0}}) == "");
}

void look_at_heads() {
  const Tensor a = random_tensor({2, 3}, "a"), b = random_tensor({2, 3}, "b");
  CHECK(off(ops::mix_heads, {a, b, matrix({{1, 0.5}, {0.25, 2}})}, {{"to", 1.0}}) == "");
  CHECK(off(ops::slice_columns, {a}, {{"first", 1.0}, {"columns", 2.0}}) == "");
  CHECK(off(ops::differential_lambda,
            {vector_of({0.5, 1}), vector_of({0.4, 1}), vector_of({0.1}), vector_of({0.2})},
            {{"lambda_init", 0.2}}) == "");
  CHECK(off(ops::differential, {a, b, vector_of({0.4})}) == "");
  CHECK(off(ops::scaled_rms_norm, {a}, {{"epsilon", 1e-5}, {"factor", 0.8}}) == "");
}

void look_at_positions() {
  const Tensor x = random_tensor({6, 4}, "x"), y = random_tensor({9, 4}, "y");
  CHECK(off(ops::sinusoidal, {random_tensor({5, 3}, "odd")}, {{"base", 100.0}}) == "");
  CHECK(off(ops::sinusoidal_2d, {x}, {{"rows", 2.0}, {"columns", 3.0}, {"base", 10.0}}) == "");
  CHECK(off(ops::sinusoidal_2d, {x},
            {{"rows", 2.0}, {"columns", 3.0}, {"base", 10.0}, {"normalize", true}}) == "");
  CHECK(off(ops::learned, {x, y}) == "");
  for (const char* layout : {"half", "interleaved"}) {
    CHECK(off(ops::rotate, {x}, {{"layout", layout}, {"base", 10000.0}}) == "");
    CHECK(off(ops::rotate, {x},
              {{"layout", layout}, {"frequencies", std::vector<double>{1, 0.3}}}) == "");
  }
  CHECK(off(ops::alibi, {x, y}, {{"slope", 0.25}}) == "");
  for (const bool both_ways : {false, true}) {
    CHECK(off(ops::t5_bias, {x, y, random_tensor({8}, "t")},
              {{"bidirectional", both_ways}, {"max_distance", 6.0}}) == "");
  }
  const Tensor table = random_tensor({5, 4}, "table");
  CHECK(off(ops::relative_dot_product, {x, y, table}) == "");
  CHECK(off(ops::relative_matmul, {random_tensor({6, 9}, "a"), y, table}) == "");
  const Tensor p = random_tensor({4}, "p"), w_1 = random_tensor({5, 3}, "w1");
  for (const char* method : {"euler", "rk4", "rk4-3/8"}) {
    for (const double substeps : {1.0, 5.0}) {
      CHECK(off(ops::floater, {x, p, w_1, random_tensor({3, 4}, "w2")},
                {{"parameters", std::vector<std::string>{"p_0", "W_1", "W_2"}},
                 {"step", 0.1},
                 {"substeps", substeps},
                 {"method", method}}) == "");
    }
  }
}

void look_at_masks() {
  const Tensor x = random_tensor({7, 1}, "x"), y = random_tensor({9, 1}, "y");
  const std::vector<bool> padding{true, true, false, true, true, true, true, false, true};
  CHECK(off(ops::mask, {x, y}, {{"causal", true}, {"padding", padding}}) == "");
  CHECK(off(ops::mask, {x, y}, {{"window", std::vector<double>{2, 1}}}) == "");
  CHECK(off(ops::mask, {x, x, matrix({{0, 3}, {3, 0}, {5, 6}})}, {{"self_loops", true}}) == "");
  const std::vector<double> global{0, 4};
  const std::vector<Attributes> patterns{
      {{"type", "dilated"}, {"window", 2.0}, {"step", 2.0}},
      {{"type", "strided"}, {"window", 2.0}, {"stride", 3.0}},
      {{"type", "sinks"}, {"window", 2.0}, {"sinks", 1.0}},
      {{"type", "longformer"}, {"window", 1.0}, {"global", global}},
      {{"type", "big-bird"}, {"window", 1.0}, {"global", global}, {"random", 2.0}, {"seed", 1.0}}};
  for (const Attributes& pattern : patterns) {
    CHECK(off(ops::mask, {x, y}, {{"causal", true}, {"pattern", pattern}}) == "");
  }
  CHECK(off(ops::mask, {x, x, matrix({{0, 3}, {5, 2}})},
            {{"pattern", Attributes{{"type", "big-bird"},
                                    {"window", 1.0},
                                    {"global", global},
                                    {"random_keys", "given"}}}}) == "");
}

void look_at_maps() {
  for (const DType dtype : test::kDTypes) {
    const Tensor x = random_tensor({2, 5, 4}, "x", dtype, 2);
    const Tensor plane = random_tensor({5, 4}, "plane", dtype),
                 bias = vector_of({0.5, 1, 2}, dtype);
    const Tensor kernel = random_tensor({3, 2, 3, 3}, "k", dtype);
    for (const char* padding : {"zeros", "replicate", "none"}) {
      const Attributes plain{{"padding", padding}, {"dilation", 1.0}};
      CHECK(off(ops::convolution_2d, {x, kernel, bias}, plain) == "");
      CHECK(off(ops::convolution_2d, {plane, random_tensor({2, 1, 1, 3}, "k", dtype)}, plain) ==
            "");
    }
    CHECK(off(ops::convolution_2d, {x, kernel}, {{"padding", "zeros"}, {"dilation", 3.0}}) == "");
    CHECK(off(ops::convolution_2d, {x, random_tensor({1, 2, 2, 4}, "k", dtype)},
              {{"padding", "none"}, {"dilation", 1.0}}) == "");
    const Tensor two = vector_of({0.5, 2}, dtype);
    CHECK(off(ops::batch_norm, {x, two, two, two, two}, {{"epsilon", 0.1}}) == "");
    for (const double side : {1.0, 2.0, 3.0, 7.0}) {
      const Attributes bins{{"rows", side}, {"columns", 3.0}};
      CHECK(off(ops::adaptive_average_pool, {x}, bins) == "");
      CHECK(off(ops::adaptive_maximum_pool, {x}, bins) == "");
      for (const char* method : {"nearest", "bilinear", "bicubic"}) {
        for (const bool aligned : {false, true}) {
          CHECK(off(ops::interpolate, {x},
                    {{"method", method},
                     {"align_corners", aligned},
                     {"rows", side},
                     {"columns", 9.0}}) == "");
        }
      }
    }
    CHECK(off(ops::interpolate, {plane, x}, {{"method", "bilinear"}}) == "");
    CHECK(off(ops::strip_pool, {x}, {{"strips", "rows"}}) == "");
    CHECK(off(ops::strip_pool, {x}, {{"strips", "columns"}}) == "");
    CHECK(off(ops::expand_strips,
              {random_tensor({2, 5, 1}, "r", dtype), random_tensor({2, 1, 4}, "c", dtype)}) == "");
    CHECK(off(ops::concat_maps, {x, plane, x}) == "");
    CHECK(off(ops::flatten_maps, {x, bias, plane}) == "");
    CHECK(off(ops::pixels_as_rows, {x}) == "");
    CHECK(off(ops::rows_as_maps, {random_tensor({20, 3}, "rows", dtype), x}) == "");
    CHECK(off(ops::criss_cross_mask, {x}) == "");
    for (const char* reduction : {"sum", "maximum"}) {
      for (const double power : {1.0, 2.0, 2.5}) {
        CHECK(off(ops::channel_energy, {x}, {{"reduction", reduction}, {"power", power}}) == "");
      }
    }
    CHECK(off(ops::spatial_softmax, {x}) == "");
    CHECK(off(ops::map_l2_normalize, {x}) == "");
    CHECK(off(ops::map_l2_normalize, {matrix({{0, 0}, {0, 0}}, dtype)}) == "");
    const Tensor y = random_tensor({2, 5, 4}, "y", dtype);
    for (const char* reduction : {"mean", "sum", "norm"}) {
      CHECK(off(ops::squared_error, {x, y}, {{"reduction", reduction}}) == "");
    }
  }
}

void look_at_losses() {
  for (const DType dtype : test::kDTypes) {
    const Tensor one = vector_of({0.5}, dtype), other = vector_of({-3}, dtype);
    CHECK(off(ops::weighted_sum, {one, other, one},
              {{"factors", std::vector<double>{1, 0.1, 0}}}) == "");
    const Tensor logits = random_tensor({3, 2, 2}, "logits", dtype, 3);
    CHECK(off(ops::channel_softmax, {logits}) == "");
    CHECK(off(ops::channel_argmax, {logits}) == "");
    CHECK(
        off(ops::channel_argmax,
            {matrix({{1, 5, 0, 2}, {3, 5, 0, 2}}, dtype).with_axes({Axis{2}, Axis{2}, Axis{2}})}) ==
        "");
    const Tensor labels = matrix({{0, 2}, {2, 1}}, dtype);
    const Attributes weights{{"class_weights", std::vector<double>{0.4, 1, 2}}};
    CHECK(off(ops::pixel_cross_entropy, {logits, labels}, weights) == "");
    CHECK(off(ops::pixel_cross_entropy, {random_tensor({3, 2, 2}, "far", dtype, 3000), labels},
              weights) == "");
    CHECK(off(ops::binary_cross_entropy,
              {vector_of({-900, 0.5, 900}, dtype), vector_of({0, 1, 0.5}, dtype)}) == "");
    const Tensor none = matrix({{0, 0}, {0, 0}}, dtype);
    for (const Tensor& predicted : {labels, none}) {
      CHECK(off(ops::lane_iou_loss, {predicted, labels}) == "");
      CHECK(off(ops::lane_iou_loss, {predicted, none}) == "");
    }
  }
}

/// Maps of more pixels than one writes out.
void look_at_large_maps() {
  const Tensor large = random_tensor({2, 70, 70}, "large"), other = random_tensor({2, 70, 70}, "o");
  Tensor labels = random_tensor({70, 70}, "labels");
  for (double& label : labels.values<double>()) label = label > 0;
  const Attributes whole{{"rows", 1.0}, {"columns", 1.0}};
  CHECK(off(ops::adaptive_average_pool, {large}, whole) == "");
  CHECK(off(ops::adaptive_maximum_pool, {large}, whole) == "");
  CHECK(off(ops::squared_error, {large, other}, {{"reduction", "mean"}}) == "");
  CHECK(off(ops::pixel_cross_entropy, {large, labels},
            {{"class_weights", std::vector<double>{0.4, 1}}}) == "");
  for (const auto* operation : {&ops::spatial_softmax, &ops::map_l2_normalize}) {
    const std::vector<const Tensor*> inputs{&large};
    CHECK(first_wrong_cell(*operation, inputs, {}, result(*operation, inputs), 4899) == "");
  }
}

void look_at_kernels_and_few_keys() {
  const Tensor f = matrix({{2, 1, 1}, {1, 3, 0}, {0, 0, 0}, {1, 2, 2}}),
               v = random_tensor({4, 2}, "v");
  const std::vector<std::vector<bool>> paddings{
      {true, true, true, true}, {false, true, false, true}, {false, false, false, false}};
  for (const auto& padding : paddings) {
    const Attributes real{{"padding", padding}};
    CHECK(off(ops::key_value_sum, {f, v}, real) == "");
    CHECK(off(ops::key_sum, {f}, real) == "");
    CHECK(off(ops::running_key_values, {f, v}, real) == "");
    CHECK(off(ops::running_key_sum, {f}, real) == "");
    const Tensor s = result(ops::key_value_sum, {&f, &v}, real);
    const Tensor z = result(ops::key_sum, {&f}, real);
    CHECK(off(ops::kernel_output, {f, s, z}, real) == "");
    const Tensor states = result(ops::running_key_values, {&f, &v}, real);
    const Tensor sums = result(ops::running_key_sum, {&f}, real);
    CHECK(off(ops::recurrent_output, {f, states, sums}, real) == "");
  }
  CHECK(off(ops::kernel_weights, {matrix({{1, 2}, {0, 0}})}) == "");
  CHECK(off(ops::elu_plus_one, {matrix({{-1, 0, 2}})}) == "");
  const Tensor x = random_tensor({4, 3}, "x"), w = random_tensor({5, 3}, "w");
  for (const char* stabilize : {"", "rows", "all"}) {
    CHECK(off(ops::positive_features, {x, w}, {{"factor", 0.7}, {"stabilize", stabilize}}) == "");
  }
  for (const bool orthogonal : {false, true}) {
    CHECK(off(ops::random_features, {x},
              {{"count", 4.0}, {"seed", 1.0}, {"orthogonal", orthogonal}}) == "");
  }
  CHECK(off(ops::implied_weights, {random_tensor({2, 3}, "p"), random_tensor({3, 4}, "f"), x}) ==
        "");
  CHECK(off(ops::segment_means, {x}, {{"segments", 2.0}}) == "");
  const Tensor square = matrix({{0.6, 0.3, 0.1}, {0.2, 0.7, 0.1}, {0.1, 0.2, 0.7}});
  CHECK(off(ops::pseudo_inverse, {square}) == "");
  CHECK(off(ops::pseudo_inverse, {matrix({{1, 2}, {2, 4}})}) == "");
  for (const double iterations : {1.0, 2.0, 6.0}) {
    CHECK(off(ops::pseudo_inverse, {square}, {{"iterations", iterations}}) == "");
  }
  CHECK(off(ops::nystrom_weights,
            {random_tensor({4, 3}, "1"), square, random_tensor({3, 5}, "3")}) == "");
  CHECK(off(ops::distance, {random_tensor({4, 4}, "1"), random_tensor({4, 4}, "2"), v,
                            random_tensor({4, 2}, "w")}) == "");
  CHECK(off(ops::distance, {random_tensor({70, 70}, "1"), random_tensor({70, 70}, "2"),
                            random_tensor({70, 2}, "3"), random_tensor({70, 2}, "4")}) == "");
}

TEST_CASE("terms: every operation on its own, none forgotten") {
  look_at_normalisers();
  look_at_scores_and_rows();
  look_at_heads();
  look_at_positions();
  look_at_masks();
  look_at_maps();
  look_at_losses();
  look_at_large_maps();
  look_at_kernels_and_few_keys();
  test::look_at_sequences();
  const auto names = operation_names();
  CHECK(names.size() > 60);
  for (const std::string_view name : names) {
    CAPTURE(name);
    if (name == "input" || name == "parameter") continue;
    CHECK(find_operation(name)->terms != nullptr);
    CHECK(covered().count(std::string(name)) == 1);
  }
}

}  // namespace
}  // namespace attn_viz
