// Self attention distillation: worked numbers and a reimplementation's maps and losses.
#include <cmath>

#include "attn_viz/mechanisms/maps.hpp"
#include "catch.hpp"
#include "support/errors.hpp"
#include "support/maps.hpp"
#include "support/recompute.hpp"
#include "support/reference.hpp"

namespace attn_viz {
namespace {

using Json = nlohmann::json;
using test::absolute_mismatch;
using test::matrix;
using test::tensor_of;
using test::values_of;

DistillationTask task_of(std::vector<Tensor> maps, DistillationSettings settings = {}) {
  DistillationTask task;
  task.title = "test";
  task.dtype = maps[0].dtype();
  for (Tensor& each : maps) task.blocks.push_back({"block", std::move(each)});
  task.settings = settings;
  return task;
}

Trace run_sound(DistillationTask task) {
  Trace trace = run(std::move(task));
  CHECK(test::first_other_step(trace) == "");
  return trace;
}

TEST_CASE("distillation: PyTorch's maps and losses, image by image") {
  const Json reference = test::load_reference("sad_attention.json");
  REQUIRE(reference["cases"].size() == 3);
  for (const Json& each : reference["cases"]) {
    INFO(each["name"]);
    double total = 0;
    const std::size_t images = each["x1"].size();
    for (std::size_t b = 0; b < images; ++b) {
      const auto of = [&](const char* name) { return tensor_of(each[name][b]); };
      const Trace trace = run_sound(task_of({of("x1"), of("x2")}));
      const std::pair<const char*, const char*> steps[] = {{"block0/sum", "G_sum_x1"},
                                                           {"block0/sum_power", "G_sum_p2_x1"},
                                                           {"block0/maximum_power", "G_max_p2_x1"},
                                                           {"block1/sum", "G_sum_x2"},
                                                           {"block1/sum_power", "G_sum_p2_x2"},
                                                           {"block1/maximum_power", "G_max_p2_x2"},
                                                           {"block0/sum_power", "g_sum2_x1"},
                                                           {"block1/sum_power", "g_sum2_x2"},
                                                           {"pair0/student", "attention_x1"},
                                                           {"pair0/target", "attention_x2"}};
      for (const auto& [id, name] : steps) {
        INFO(id);
        CHECK(absolute_mismatch(values_of(trace, id), of(name), 1e-12) == "");
      }
      const bool smaller = each["x1"][b][0].size() != each["x2"][b][0].size();
      CHECK((trace.find("pair0/upsampled") != nullptr) == smaller);
      if (smaller)
        CHECK(absolute_mismatch(values_of(trace, "pair0/upsampled"), of("upsampled_x2"), 1e-12) ==
              "");
      total += values_of(trace, "distillation_loss").at(0);

      const Trace fourth = run_sound(task_of({of("x1"), of("x2")}, {.power = 4}));
      CHECK(absolute_mismatch(values_of(fourth, "block0/sum_power"), of("G_sum_p4_x1"), 1e-12) ==
            "");
      CHECK(absolute_mismatch(values_of(fourth, "block1/sum_power"), of("G_sum_p4_x2"), 1e-12) ==
            "");
    }
    CHECK(std::abs(total / static_cast<double>(images) - each["loss_mse"].get<double>()) <= 1e-14);
  }
}

TEST_CASE("distillation: Zagoruyko's maps of length 1, and the authors' upsampling by 8") {
  const Json reference = test::load_reference("sad_attention.json");
  REQUIRE(reference["cases"].size() == 3);
  for (const Json& each : reference["cases"]) {
    INFO(each["name"]);
    for (std::size_t b = 0; b < each["x1"].size(); ++b) {
      const Tensor x1 = tensor_of(each["x1"][b]), x2 = tensor_of(each["x2"][b]);
      const Trace trace = run_sound(task_of({x1, x2}, {.normalize = MapNorm::kL2}));
      const Tensor& student = values_of(trace, "pair0/student");
      CHECK(absolute_mismatch(test::shaped(student, {student.count()}),
                              tensor_of(each["at_l2_normalised_x1"][b]), 1e-12) == "");
      const std::vector<Tensor> energy{values_of(trace, "block1/sum_power")};
      const Tensor target = test::evaluate(ops::map_l2_normalize, energy);
      CHECK(absolute_mismatch(test::shaped(target, {target.count()}),
                              tensor_of(each["at_l2_normalised_x2"][b]), 1e-12) == "");
      if (!each.contains("at_loss")) continue;
      CHECK(std::abs(values_of(trace, "pair0/loss").at(0) - each["at_loss"].get<double>()) <=
            1e-14);
      const Tensor large = test::evaluate(ops::interpolate, energy,
                                          {{"method", "bilinear"},
                                           {"align_corners", true},
                                           {"rows", 8 * energy[0].size(0)},
                                           {"columns", 8 * energy[0].size(1)}});
      const Tensor want = tensor_of(each["x2_sum2_upsampled8_align_corners_softmaxed_over_HW"][b]);
      CHECK(absolute_mismatch(test::evaluate(ops::spatial_softmax, {large}), want, 1e-14) == "");
    }
  }
}

TEST_CASE("distillation: worked losses, summed over the pairs; equal blocks have none") {
  const Tensor a =
      matrix({{1, -2}, {0, 1}, {2, 0}, {-1, 1}}).with_axes({Axis{2}, Axis{2}, Axis{2}});
  const Tensor b = matrix({{0, 1}, {1, 0}, {1, 1}, {0, 2}}).with_axes({Axis{2}, Axis{2}, Axis{2}});
  static const Json examples = test::load_reference("map-examples.json");
  for (const auto& [reduction, name] : {std::pair{ErrorReduction::kSum, "sad_sum"},
                                        {ErrorReduction::kMean, "sad_mean"},
                                        {ErrorReduction::kNorm, "sad_l2"}}) {
    const Trace trace = run_sound(task_of({a, b, a}, {.loss = reduction}));
    CHECK(std::abs(values_of(trace, "distillation_loss").at(0) -
                   2 * examples.at(name).get<double>()) <= 1e-12);
  }
  CHECK(values_of(run_sound(task_of({a, a})), "distillation_loss").at(0) == 0);
  // The sum is H·W times the mean.
  const auto loss = [&](ErrorReduction reduction) {
    return values_of(run_sound(task_of({a, b}, {.loss = reduction})), "pair0/loss").at(0);
  };
  CHECK(std::abs(loss(ErrorReduction::kSum) - 4 * loss(ErrorReduction::kMean)) <= 1e-15);
}

TEST_CASE("distillation: the lane losses and the total") {
  const Tensor a = test::random_tensor({2, 4, 4}, "a");
  DistillationTask task = task_of({a, test::random_tensor({2, 2, 2}, "b")});
  LaneSettings lane{
      .logits = test::random_tensor({3, 4, 5}, "logits"),
      .labels = matrix({{0, 1, 0, 2, 0}, {0, 1, 0, 2, 0}, {1, 1, 0, 2, 0}, {1, 0, 0, 2, 2}})};
  lane.existence = {test::vector_of({2, -1}), test::vector_of({1, 1})};
  task.lane = lane;
  task.weights = {.iou = 0.5, .existence = 0.25, .distillation = 2};
  const Trace trace = run_sound(task);
  const auto value = [&](const char* id) { return values_of(trace, id).at(0); };
  CHECK(std::abs(value("total_loss") -
                 (value("lane/segmentation_loss") + 0.5 * value("lane/iou_loss") +
                  0.25 * value("lane/existence_loss") + 2 * value("distillation_loss"))) <= 1e-14);
  const double existence = (std::log1p(std::exp(-2.0)) + std::log1p(std::exp(1.0))) / 2;
  CHECK(std::abs(value("lane/existence_loss") - existence) <= 1e-15);
  // Without weights given, each of the three counts a tenth.
  task.weights = {};
  const Trace usual = run_sound(task);
  const double rest = values_of(usual, "lane/iou_loss").at(0) +
                      values_of(usual, "lane/existence_loss").at(0) +
                      values_of(usual, "distillation_loss").at(0);
  CHECK(std::abs(values_of(usual, "total_loss").at(0) -
                 (values_of(usual, "lane/segmentation_loss").at(0) + 0.1 * rest)) <= 1e-14);
  const Tensor& p = values_of(trace, "lane/probabilities");
  for (std::size_t i = 0; i < 20; ++i) {
    CHECK(std::abs(p.at(i) + p.at(20 + i) + p.at(40 + i) - 1) <= 1e-15);
  }
}

TEST_CASE("distillation: what is refused") {
  const Tensor small = test::random_tensor({1, 2, 2}, "small"),
               large = test::random_tensor({1, 4, 4}, "large");
  CHECK(test::error_of([&] {
          run(task_of({small, large}));
        }) == "/blocks/1/maps: expected maps of at most 2 × 2, as in the block before, got 4 × 4");
  CHECK(test::error_of([&] { run(task_of({small})); }) ==
        "/blocks: expected at least 2 blocks, of which one learns from the next, got 1");
}

}  // namespace
}  // namespace attn_viz
