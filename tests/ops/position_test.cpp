// Encodings and rotations: worked examples, other programs (see "producer" in tests/data/*.json),
// and laws.
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
using test::evaluate;
using test::matrix;
using test::mismatch;
using test::off;
using test::random_tensor;
using test::tensor_of;

Tensor zeros(std::size_t n, std::size_t d, DType dtype = DType::kFloat64) {
  return random_tensor({n, d}, "zeros", dtype, 0);
}

Tensor sinusoidal(std::size_t n, std::size_t d, double base = 10000,
                  DType dtype = DType::kFloat64) {
  return evaluate(ops::sinusoidal, {zeros(n, d, dtype)}, {{"base", base}});
}

Tensor gram(const Tensor& e) {
  return evaluate(ops::dot_product, {e, e});
}

Tensor column_order(const Tensor& x, const std::vector<std::size_t>& order) {
  return test::transposed(test::reordered(test::transposed(x), order));
}

/// Even columns, then odd ones: [sin | cos] from interleaved pairs.
std::vector<std::size_t> evens_then_odds(std::size_t d) {
  std::vector<std::size_t> order;
  for (std::size_t c = 0; c < d; c += 2) order.push_back(c);
  for (std::size_t c = 1; c < d; c += 2) order.push_back(c);
  return order;
}

Tensor rows_from(const Tensor& x, std::size_t first) {
  std::vector<std::size_t> order;
  for (std::size_t i = first; i < x.rows(); ++i) order.push_back(i);
  Tensor part(DType::kFloat64, {Axis{order.size()}, Axis{x.columns()}});
  for (std::size_t t = 0; t < part.count(); ++t) {
    part.values<double>()[t] = x.at(first * x.columns() + t);
  }
  return part;
}

// ---- sinusoidal ----

TEST_CASE("sinusoidal: the worked example and its dot products") {
  const Tensor e = sinusoidal(3, 4);
  CHECK(off(e, "pe") == "");
  CHECK(off(gram(e), "pe_G") == "");
  const Tensor x = matrix({{1, 0, 0, 0}, {0, 1, 0, 0}, {0, 0, 1, 0}});
  CHECK(off(evaluate(ops::add, {x, e}), "pe_sum") == "");
}

TEST_CASE("sinusoidal: an odd size ends with a sine") {
  const Tensor e = sinusoidal(4, 5);
  for (std::size_t i = 0; i < 4; ++i) {
    CHECK(std::abs(e.at(i, 4) - std::sin(static_cast<double>(i) / std::pow(10000.0, 4 / 5.0))) <=
          1e-15);
  }
}

TEST_CASE("sinusoidal: dot products depend on the distance only") {
  for (const double base : {10000.0, 10.0}) {
    const Tensor g = gram(sinusoidal(20, 8, base));
    for (std::size_t i = 1; i < 20; ++i) {
      for (std::size_t j = 1; j < 20; ++j) {
        CHECK(std::abs(g.at(i, j) - g.at(i - 1, j - 1)) <= 1e-12);
      }
    }
    CHECK(g.at(0, 0) - g.at(0, 1) > 1e-3);
  }
}

TEST_CASE("sinusoidal: as in the Annotated Transformer, tensor2tensor, transformers and fairseq") {
  const json file = test::load_reference("sinusoidal.json");
  REQUIRE(file["cases"].size() == 4);
  for (const json& entry : file["cases"]) {
    const std::size_t d = entry["d"], n = entry["positions"];
    CAPTURE(d);
    const Tensor e = sinusoidal(n, d);
    CHECK(mismatch(e, tensor_of(entry["annotated_f64"]), 1e-12) == "");
    CHECK(mismatch(e, tensor_of(entry["distilbert_f32"]), 1e-5) == "");
    CHECK(mismatch(sinusoidal(n, d, 10000, DType::kFloat32), tensor_of(entry["annotated_f64"]),
                   1e-5) == "");
    CHECK(mismatch(column_order(e, evens_then_odds(d)), tensor_of(entry["marian_f32"]), 1e-5) ==
          "");
    // These two divide by d/2 − 1 where the paper divides by d/2: another base.
    const double half = static_cast<double>(d) / 2;
    const Tensor other =
        column_order(sinusoidal(n, d, std::pow(10000.0, half / (half - 1))), evens_then_odds(d));
    CHECK(mismatch(other, tensor_of(entry["t2t_f64"]), 1e-12) == "");
    CHECK(mismatch(other, tensor_of(entry["fairseq_f32"]), 1e-5) == "");
  }
  const auto t2t = [](std::size_t n, std::size_t d) {
    const double half = static_cast<double>(d) / 2;
    return column_order(sinusoidal(n, d, std::pow(10000.0, half / (half - 1))), evens_then_odds(d));
  };
  // An odd size there is an even one and a column of zeros.
  const Tensor padded = evaluate(ops::concat, {t2t(9, 6), zeros(9, 1)});
  CHECK(mismatch(padded, tensor_of(file["t2t_odd_d7"]), 1e-12) == "");
  CHECK(mismatch(rows_from(t2t(8, 8), 3), tensor_of(file["t2t_d8_start_index3"]), 1e-12) == "");
}

TEST_CASE("sinusoidal-2d: the row in the first half, the column in the second") {
  const Attributes grid{{"base", 10000.0}, {"rows", 2.0}, {"columns", 3.0}};
  const Tensor e = evaluate(ops::sinusoidal_2d, {zeros(6, 4)}, grid);
  CHECK(off(rows_from(e, 5).with_axes({Axis{4}}), "det2") == "");  // the patch (1, 2)
  const Tensor wide = evaluate(ops::sinusoidal_2d, {zeros(6, 10)}, grid);
  const Tensor line = sinusoidal(3, 5);
  for (std::size_t patch = 0; patch < 6; ++patch) {
    for (std::size_t c = 0; c < 5; ++c) {
      CHECK(wide.at(patch, c) == line.at(patch / 3, c));
      CHECK(wide.at(patch, 5 + c) == line.at(patch % 3, c));
    }
  }
}

TEST_CASE("sinusoidal-2d: what does not fit is refused") {
  const auto refused = [](std::size_t n, std::size_t d) {
    return test::error_of([=] {
      evaluate(ops::sinusoidal_2d, {zeros(n, d)},
               {{"base", 10000.0}, {"rows", 2.0}, {"columns", 3.0}});
    });
  };
  CHECK(refused(5, 4) == "the grid does not have as many patches as there are rows");
  CHECK(refused(6, 3) == "expected an even embedding size, got 3");
}

TEST_CASE("learned: row i of the table for position i") {
  const Tensor table = random_tensor({7, 3}, "table");
  for (const DType dtype : test::kDTypes) {
    const Tensor p = evaluate(ops::learned, {zeros(5, 3, dtype), table.as(dtype)});
    for (std::size_t t = 0; t < 15; ++t) CHECK(p.at(t) == table.as(dtype).at(t));
  }
  CHECK(test::error_of([&] {
          evaluate(ops::learned, {zeros(8, 3), table});
        }) == "expected a table of at least 8 rows, got 7");
}

// ---- rotations ----

Attributes rope(const std::string& layout, double base = 10000) {
  return {{"layout", layout}, {"base", base}};
}

/// A vector at this position, rotated.
Tensor rotated(const Tensor& vector, std::size_t position, const Attributes& constants) {
  Tensor rows = zeros(position + 1, vector.count());
  for (std::size_t c = 0; c < vector.count(); ++c) {
    rows.values<double>()[position * vector.count() + c] = vector.at(c);
  }
  return rows_from(evaluate(ops::rotate, {rows}, constants), position)
      .with_axes({Axis{vector.count()}});
}

double dot(const Tensor& a, const Tensor& b) {
  double sum = 0;
  for (std::size_t c = 0; c < a.count(); ++c) sum += a.at(c) * b.at(c);
  return sum;
}

TEST_CASE("rotate: the worked examples in both layouts") {
  const Tensor q = test::vector_of({1, 0, 1, 0}), k = test::vector_of({0, 1, 1, 1});
  const Attributes pairs = rope("interleaved"), half = rope("half");
  CHECK(off(rotated(q, 2, pairs), "ro_q2") == "");
  CHECK(off(rotated(k, 1, pairs), "ro_k1") == "");
  const json examples = test::load_reference("position-examples.json");
  const auto near = [&](double got, const json& want) {
    return std::abs(got - want.get<double>()) <= 1e-12;
  };
  CHECK(near(dot(rotated(q, 2, pairs), rotated(k, 1, pairs)), examples["ro_dot21"]));
  CHECK(near(dot(rotated(q, 7, pairs), rotated(k, 6, pairs)), examples["ro_dot21"]));
  CHECK(off(rotated(q, 2, half), "ro_q2h") == "");
  CHECK(near(dot(rotated(q, 2, half), rotated(k, 1, half)), examples["ro_doth"]));
  for (std::size_t j = 0; j < 4; ++j) {
    CHECK(near(dot(rotated(q, 3, pairs), rotated(k, j, pairs)), examples["ro_tab"][j]));
  }
}

TEST_CASE("rotate: lengths stay, dot products depend on the distance only") {
  const Tensor q = random_tensor({8}, "q"), k = random_tensor({8}, "k");
  for (const char* layout : {"interleaved", "half"}) {
    const Attributes constants = rope(layout);
    CHECK(std::abs(dot(rotated(q, 9, constants), rotated(q, 9, constants)) - dot(q, q)) <= 1e-12);
    const double near = dot(rotated(q, 5, constants), rotated(k, 3, constants));
    const double far = dot(rotated(q, 62, constants), rotated(k, 60, constants));
    CHECK(std::abs(near - far) <= 1e-12);
    CHECK(std::abs(near - dot(rotated(q, 5, constants), rotated(k, 4, constants))) > 1e-3);
    CHECK(mismatch(rotated(q, 0, constants), q, 0) == "");
  }
}

TEST_CASE("rotate: the two layouts are permutations of each other") {
  const Tensor x = random_tensor({9, 6}, "x");
  const std::vector<std::size_t> order = evens_then_odds(6);
  const Tensor pairs = evaluate(ops::rotate, {x}, rope("interleaved"));
  const Tensor half = evaluate(ops::rotate, {column_order(x, order)}, rope("half"));
  CHECK(mismatch(half, column_order(pairs, order), 0) == "");
  CHECK(mismatch(evaluate(ops::rotate, {x}, rope("half")), pairs, 1e-3) != "");
}

TEST_CASE("rotate: as in LLaMA and GPT-J, at any position and with scaled frequencies") {
  const json file = test::load_reference("rope.json");
  REQUIRE(file["cases"].size() == 8);
  for (const json& entry : file["cases"]) {
    CAPTURE(entry["name"].get<std::string>());
    const std::size_t d = entry["head_dim"];
    std::vector<double> frequencies;
    for (const json& frequency : entry["inv_freq_f64"]) frequencies.push_back(frequency);
    const double stretch = entry["attention_scaling"];
    const auto check = [&](const char* given, const std::string& layout, const char* want) {
      if (!entry.contains(want)) return false;
      for (std::size_t head = 0; head < entry[given].size(); ++head) {
        const Tensor x = tensor_of(entry[given][head]);
        const Tensor expected = tensor_of(entry[want][head]);
        for (std::size_t i = 0; i < x.rows(); ++i) {
          const std::size_t position = entry["positions"][i];
          Attributes constants{{"layout", layout}};
          if (entry["rope_scaling"].is_null()) {
            constants.set("base", entry["rope_theta"].get<double>());
          } else {
            constants.set("frequencies", frequencies);
          }
          const Tensor row =
              rows_from(x, i).slice_columns(0, d).with_axes({Axis{x.rows() - i}, Axis{d}});
          Tensor got = rotated(row.part(0), position, constants);
          for (double& value : got.values<double>()) value *= stretch;
          CAPTURE(given, layout, head, position);
          CHECK(mismatch(got, expected.part(i), 1e-12) == "");
        }
      }
      return true;
    };
    CHECK(check("q", "half", "q_rot_f64"));
    CHECK(check("k", "half", "k_rot_f64"));
    check("q", "interleaved", "q_rot_interleaved_f64");
    check("k", "interleaved", "k_rot_interleaved_f64");
  }
}

TEST_CASE("rotate: float32 is the rounded result") {
  const Tensor x = random_tensor({5, 4}, "x", DType::kFloat32);
  const Tensor narrow = evaluate(ops::rotate, {x}, rope("interleaved"));
  const Tensor wide = evaluate(ops::rotate, {x.as(DType::kFloat64)}, rope("interleaved"));
  CHECK(narrow.same_bits(wide.as(DType::kFloat32)));
}

TEST_CASE("rotate: what does not fit is refused") {
  CHECK(test::error_of([] { evaluate(ops::rotate, {zeros(2, 3)}, rope("half")); }) ==
        "expected an even head size, got 3");
  CHECK(test::error_of([] {
          evaluate(ops::rotate, {zeros(2, 4)},
                   {{"layout", "half"}, {"frequencies", std::vector<double>{1}}});
        }) == "the frequencies and the pairs have unequal sizes: 1 and 2");
}

}  // namespace
}  // namespace attn_viz
