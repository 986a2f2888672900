// Positions that flow: worked examples, the authors' program, and laws.
#include <cmath>

#include "attn_viz/ops/operation.hpp"
#include "catch.hpp"
#include "support/errors.hpp"
#include "support/reference.hpp"
#include "support/tensors.hpp"
#include "support/worked.hpp"

namespace attn_viz {
namespace {

using nlohmann::json;
using test::absolute_mismatch;
using test::evaluate;
using test::matrix;
using test::mismatch;
using test::off;
using test::random_tensor;
using test::tensor_of;
using test::vector_of;

using Names = std::vector<std::string>;

Attributes flow(Names names, const std::string& method, double step,
                const std::string& activation = "relu", double substeps = 5) {
  return {{"parameters", std::move(names)},
          {"activation", activation},
          {"step", step},
          {"substeps", substeps},
          {"method", method}};
}

Tensor rows(std::size_t n, std::size_t d) {
  return random_tensor({n, d}, "rows");
}

/// p₁′ = ω p₂, p₂′ = −ω p₁: a circle.
Tensor circle(std::size_t n, const std::string& method, double substeps = 5, double omega = 1) {
  return evaluate(ops::floater,
                  {rows(n, 2), vector_of({0, 1}), matrix({{0, -omega}, {omega, 0}, {0, 0}})},
                  flow({"p_0", "W_1"}, method, 1, "none", substeps));
}

TEST_CASE("floater: a circle gives the sinusoids, by three methods") {
  CHECK(off(circle(3, "rk4"), "fl_rk") == "");
  CHECK(off(circle(3, "euler"), "fl_eu") == "");
  // With small steps all methods approach sin and cos, of first and fourth order.
  CHECK(off(circle(3, "rk4", 500), "fl_ex", 1e-11) == "");
  CHECK(off(circle(3, "rk4-3/8", 500), "fl_ex", 1e-11) == "");
  CHECK(off(circle(3, "euler", 500), "fl_ex", 1e-2) == "");
}

TEST_CASE("floater: the sinusoidal encoding is a special case") {
  const Tensor fast = circle(6, "rk4", 1000), slow = circle(6, "rk4", 1000, 0.01);
  const Tensor both = evaluate(ops::concat, {fast, slow});
  const Tensor e = evaluate(ops::sinusoidal, {rows(6, 4)}, {{"base", 10000.0}});
  CHECK(absolute_mismatch(both, e, 1e-9) == "");
}

TEST_CASE("floater: the worked network without a second matrix") {
  const Tensor p =
      evaluate(ops::floater,
               {rows(3, 2), vector_of({0.1, 0.2}), matrix({{0.5, -0.5}, {0.25, 0.5}, {0.1, 0.2}})},
               flow({"p_0", "W_1"}, "rk4", 0.1));
  CHECK(off(p, "fl_mlp") == "");
}

TEST_CASE("floater: as the authors' program, whose network reads the time twice") {
  const json file = test::load_reference("floater_flow.json");
  std::size_t checked = 0;
  for (const json& entry : file["cases"]) {
    if (entry["flow"] != "flow_func_linear") continue;  // the other one convolves
    const std::size_t n = entry["positions"], d = entry["embed_dim"];
    const double step = entry["dt"];
    const auto run = [&](const Tensor& initial, const std::string& method) {
      return evaluate(ops::floater,
                      {rows(n, d), initial,
                       test::transposed(tensor_of(entry["params"]["layers.0.linear.weight"])),
                       tensor_of(entry["params"]["layers.0.linear.bias"]),
                       test::transposed(tensor_of(entry["params"]["layers.2.linear.weight"])),
                       tensor_of(entry["params"]["layers.2.linear.bias"])},
                      flow({"p_0", "W_1", "b_1", "W_2", "b_2"}, method, step));
    };
    for (std::size_t part = 0; part < entry["y0"].size(); ++part) {
      for (std::size_t layer = 0; layer < entry["n_layers"]; ++layer) {
        const auto wanted = [&](const char* name) {
          json path = json::array();
          for (const json& position : entry[name]) path.push_back(position[part][layer]);
          return tensor_of(path);
        };
        CAPTURE(entry["name"].get<std::string>(), part, layer);
        const Tensor initial = tensor_of(entry["y0"][part][layer]);
        CHECK(mismatch(run(initial, "rk4-3/8"), wanted("official_rk4"), 1e-12) == "");
        CHECK(mismatch(run(initial, "euler"), wanted("official_euler"), 1e-12) == "");
        // Another rule of the same order: as near to the exact path as theirs.
        const Tensor exact = wanted("official_dopri5_1e12");
        const double theirs = entry["max_abs"]["official_rk4_vs_dopri5"];
        CHECK(absolute_mismatch(run(initial, "rk4"), exact, 4 * theirs + 1e-12) == "");
        ++checked;
      }
    }
  }
  CHECK(checked == 8);
}

TEST_CASE("floater: a longer sequence begins like a shorter one") {
  const Tensor longer = circle(9, "rk4"), shorter = circle(5, "rk4");
  for (std::size_t t = 0; t < 10; ++t) CHECK(longer.at(t) == shorter.at(t));
}

TEST_CASE("floater: float32 is the rounded result of float64") {
  const Tensor w = matrix({{0, -1}, {1, 0}, {0, 0}});
  const Tensor narrow = evaluate(
      ops::floater,
      {rows(4, 2).as(DType::kFloat32), vector_of({0, 1}, DType::kFloat32), w.as(DType::kFloat32)},
      flow({"p_0", "W_1"}, "rk4", 1, "none"));
  CHECK(narrow.same_bits(circle(4, "rk4").as(DType::kFloat32)));
}

TEST_CASE("floater: what is not finite or does not fit is refused") {
  const auto refused = [](double size, const std::string& method, const Tensor& w) {
    return test::error_of([&] {
      evaluate(ops::floater, {rows(9, 1), vector_of({size}), w},
               flow({"p_0", "W_1"}, method, 1, "none"));
    });
  };
  CHECK(refused(1, "rk4", matrix({{1e60}, {0}})) ==
        "the flow left the finite numbers before position 1\n"
        "  hint: make the matrices or the step smaller");
  CHECK(refused(1, "rk5", matrix({{1}, {0}})) == "unknown method \"rk5\"");
  CHECK(refused(1, "rk4", matrix({{1}})) == "the parameters of the flow do not fit together");
}

}  // namespace
}  // namespace attn_viz
