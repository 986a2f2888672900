// Mechanisms on feature maps: worked numbers, outside references, laws.
#include <cmath>

#include "attn_viz/mechanisms/maps.hpp"
#include "catch.hpp"
#include "support/maps.hpp"
#include "support/recompute.hpp"
#include "support/reference.hpp"
#include "support/worked.hpp"

namespace attn_viz {
namespace {

using Json = nlohmann::json;
using test::absolute_mismatch;
using test::channel;
using test::maps_task;
using test::matrix;
using test::off;
using test::random_tensor;
using test::tensor_of;
using test::values_of;

template <class Settings>
Trace run_on(Tensor maps, Settings settings) {
  Trace trace = run(maps_task(std::move(maps), std::move(settings)));
  CHECK(test::first_other_step(trace) == "");
  return trace;
}

const Tensor kSix = matrix({{1, 2, 3}, {4, 5, 6}});
const Tensor kTwoChannels =
    matrix({{1, 0, 2}, {0, 1, 1}, {0, 1, 0}, {1, 0, 2}}).with_axes({Axis{2}, Axis{2}, Axis{3}});

StripPooling gated(Tensor kernel, double slope, double bias, bool relu) {
  StripPooling settings;
  if (kernel.count() > 0) settings.row_convolution = settings.column_convolution = {kernel};
  settings.gate = StripPooling::Gate{
      .relu = relu,
      .convolution = Convolution{.kernel = matrix({{slope}}), .bias = test::vector_of({bias})}};
  return settings;
}

TEST_CASE("strip pooling: worked numbers of the module and its gate") {
  const Trace trace = run_on(kSix, gated(test::vector_of({0.25, 0.5, 0.25}), 0.5, -2, true));
  const auto flat = [&](const char* id) {
    const Tensor& values = values_of(trace, id);
    return test::shaped(values, {values.count()});
  };
  CHECK(off(flat("row_means"), "st_h") == "");
  CHECK(off(flat("column_means"), "st_v") == "");
  CHECK(off(flat("row_convolution/convolved"), "st_ch") == "");
  CHECK(off(flat("column_convolution/convolved"), "st_cv") == "");
  CHECK(off(channel(values_of(trace, "expanded")), "st_f") == "");
  CHECK(off(channel(values_of(trace, "gate/values")), "st_g") == "");
  CHECK(off(channel(values_of(trace, "output")), "st_z") == "");

  const Trace plain = run_on(kSix, gated(Tensor(), 1, -7, false));
  CHECK(off(channel(values_of(plain, "expanded")), "st_f0") == "");
  CHECK(off(channel(values_of(plain, "gate/values")), "st_g0") == "");
  CHECK(off(channel(values_of(plain, "output")), "st_z0") == "");
}

Convolution of_torch(const Json& params, const std::string& name, const std::string& norm = "") {
  Convolution convolution{.kernel = tensor_of(params[name + ".weight"])};
  if (params.contains(name + ".bias")) convolution.bias = tensor_of(params[name + ".bias"]);
  if (norm.empty()) return convolution;
  convolution.batch_norm = BatchNorm{.mean = tensor_of(params[norm + ".running_mean"]),
                                     .variance = tensor_of(params[norm + ".running_var"]),
                                     .gain = tensor_of(params[norm + ".weight"]),
                                     .bias = tensor_of(params[norm + ".bias"])};
  return convolution;
}

TEST_CASE("strip pooling: the authors' block in PyTorch, step by step") {
  std::size_t cases = 0;
  const Json reference = test::load_reference("strip_pooling_spblock.json");
  for (const Json& each : reference["cases"]) {
    INFO(each["name"]);
    const Json& params = each["params"];
    StripPooling settings;
    settings.row_convolution = of_torch(params, "conv1", "bn1");
    settings.column_convolution = of_torch(params, "conv2", "bn2");
    settings.gate = StripPooling::Gate{.relu = true, .convolution = of_torch(params, "conv3")};
    const Trace trace = run_on(tensor_of(each["x"]), settings);
    const std::pair<const char*, const char*> steps[] = {{"row_means", "pool1_rows_Hx1"},
                                                         {"row_convolution/convolved", "conv1"},
                                                         {"row_convolution/normalized", "bn1"},
                                                         {"column_means", "pool2_cols_1xW"},
                                                         {"column_convolution/convolved", "conv2"},
                                                         {"column_convolution/normalized", "bn2"},
                                                         {"rectified", "relu_sum"},
                                                         {"gate/convolution/convolved", "conv3"},
                                                         {"gate/values", "out_sigmoid"},
                                                         {"output", "reweighted_x_times_out"}};
    for (const auto& [id, name] : steps) {
      INFO(id);
      CHECK(absolute_mismatch(values_of(trace, id), tensor_of(each[name]), 1e-12) == "");
    }
    ++cases;
  }
  CHECK(cases == 4);
}

TEST_CASE("strip pooling: a constant map stays constant; one pixel alone is twice itself") {
  const Tensor constant({Axis{2}, Axis{3}, Axis{4}}, Buffer<double>(24, 5));
  const Tensor y = values_of(run_on(constant, StripPooling{}), "output");
  for (std::size_t i = 0; i < y.count(); ++i) CHECK(y.at(i) == 10);
  CHECK(values_of(run_on(matrix({{3}}), StripPooling{}), "output").at(0) == 6);
}

TEST_CASE("strip pooling: an output sees its neighbouring rows and columns, and nothing else") {
  // Kernel 3: z[i, j] depends on rows i − 1 to i + 1 and columns j − 1 to j + 1 in full.
  const auto settings = gated(test::vector_of({0.25, 0.5, 0.25}), 1, 0, true);
  const Tensor x = random_tensor({1, 7, 8}, "x");
  const Trace before = run_on(x, settings);
  Tensor changed = x;
  changed.values<double>()[1 * 8 + 6] += 10;  // row 1, column 6
  const Trace after = run_on(changed, settings);
  for (std::size_t i = 0; i < 7; ++i) {
    for (std::size_t j = 0; j < 8; ++j) {
      const bool near = i <= 2 || (j >= 5 && j <= 7);
      const bool differs = values_of(before, "gate/convolution/convolved").at(i * 8 + j) !=
                           values_of(after, "gate/convolution/convolved").at(i * 8 + j);
      const bool positive = values_of(after, "expanded").at(i * 8 + j) > 0;
      if (!near) CHECK_FALSE(differs);
      if (near && positive) CHECK(differs);
    }
  }
}

TEST_CASE("strip pooling: two modules one after the other connect any two pixels") {
  const Tensor x = random_tensor({1, 5, 6}, "x");
  Tensor changed = x;
  changed.values<double>()[0] += 1;
  const StripPooling settings = gated(test::vector_of({0.25, 0.5, 0.25}), 0.5, -0.1, false);
  const auto output = [&](const Tensor& maps) {
    return values_of(run_on(maps, settings), "output");
  };
  const Tensor once = output(x), other = output(changed);
  CHECK(once.at(4 * 6 + 5) == other.at(4 * 6 + 5));  // the opposite corner
  const Tensor twice = output(once), other_twice = output(other);
  for (std::size_t p = 0; p < 30; ++p) CHECK(twice.at(p) != other_twice.at(p));
}

TEST_CASE("pyramid pooling: worked bins, and without convolutions the maps and their means") {
  Tensor sixteen({Axis{4}, Axis{4}}, Buffer<double>(16, 0));
  for (std::size_t i = 0; i < 16; ++i) sixteen.values<double>()[i] = static_cast<double>(i + 1);
  const Trace trace = run_on(sixteen, PyramidPooling{.bins = {1, 2, 3}});
  CHECK(off(channel(values_of(trace, "bin0/pooled")), "pp1") == "");
  CHECK(off(channel(values_of(trace, "bin1/pooled")), "pp2") == "");
  CHECK(off(channel(values_of(trace, "bin2/pooled")), "pp3") == "");
  const Tensor& y = values_of(trace, "output");
  CHECK(y.shape() == std::vector<std::size_t>{4, 4, 4});
  for (std::size_t i = 0; i < 16; ++i) {
    CHECK(y.at(i) == sixteen.at(i));
    CHECK(y.at(16 + i) == 8.5);
  }
  const Trace spp = run_on(sixteen, SpatialPyramid{.grids = {1, 2}});
  CHECK(off(values_of(spp, "output"), "spp") == "");
}

TEST_CASE("spatial pyramid pooling: as many numbers for an image of any size") {
  for (const auto& shape : {std::vector<std::size_t>{3, 5, 9}, {3, 20, 7}, {3, 1, 1}}) {
    const Trace trace = run_on(random_tensor(shape, "x"), SpatialPyramid{});
    CHECK(values_of(trace, "output").count() == 3 * (1 + 4 + 16));
  }
}

TEST_CASE("atrous pyramid: a dilated kernel is the plain one with holes of zeros") {
  const Tensor x = random_tensor({2, 9, 9}, "x"), taps = random_tensor({1, 2, 3, 3}, "taps");
  Tensor holes({Axis{1}, Axis{2}, Axis{5}, Axis{5}}, Buffer<double>(50, 0));
  for (std::size_t c = 0; c < 2; ++c) {
    for (std::size_t a = 0; a < 3; ++a) {
      for (std::size_t b = 0; b < 3; ++b) {
        holes.values<double>()[c * 25 + a * 10 + b * 2] = taps.at(c * 9 + a * 3 + b);
      }
    }
  }
  AtrousPyramid settings{.branches = {{{.kernel = taps}, 2}, {{.kernel = holes}, 1}},
                         .image_pooling = AtrousPyramid::ImagePooling{},
                         .relu = false};
  const Trace trace = run_on(x, settings);
  CHECK(absolute_mismatch(values_of(trace, "branch0/convolution/convolved"),
                          values_of(trace, "branch1/convolution/convolved"), 1e-13) == "");
  const Tensor& y = values_of(trace, "output");
  CHECK(y.size(0) == 1 + 1 + 2);
  const double mean = values_of(trace, "image_pooling/pooled").at(0);
  for (std::size_t p = 0; p < 81; ++p) CHECK(std::abs(y.at(2 * 81 + p) - mean) <= 1e-15);
}

TEST_CASE("mixed pooling: with zero weights it returns relu(x)") {
  const Tensor x = random_tensor({4, 6, 7}, "x", DType::kFloat64, 3);
  const auto zeros = [](std::size_t out, std::size_t in, std::size_t k, std::size_t l) {
    return Convolution{
        .kernel =
            Tensor({Axis{out}, Axis{in}, Axis{k}, Axis{l}}, Buffer<double>(out * in * k * l, 0)),
        .batch_norm = BatchNorm{.mean = Tensor({Axis{out}}, Buffer<double>(out, 0)),
                                .variance = Tensor({Axis{out}}, Buffer<double>(out, 1))}};
  };
  MixedPooling settings;
  settings.short_range = {.reduction = zeros(1, 4, 1, 1),
                          .local = zeros(1, 1, 3, 3),
                          .convolutions = {zeros(1, 1, 3, 3), zeros(1, 1, 3, 3)},
                          .fusion = zeros(1, 1, 3, 3)};
  settings.long_range = {.reduction = zeros(1, 4, 1, 1),
                         .row_convolution = zeros(1, 1, 3, 1),
                         .column_convolution = zeros(1, 1, 1, 3),
                         .fusion = zeros(1, 1, 3, 3)};
  settings.output = zeros(4, 2, 1, 1);
  const Tensor y = values_of(run_on(x, settings), "output");
  for (std::size_t i = 0; i < x.count(); ++i) CHECK(y.at(i) == std::max(x.at(i), 0.0));
}

// ---- attention ----

TEST_CASE("strip attention: worked numbers, with and without softmax and residual") {
  const Trace trace = run_on(kTwoChannels, StripAttention{.residual = true});
  CHECK(off(values_of(trace, "columns/strips"), "strip_K") == "");
  CHECK(off(values_of(trace, "columns/similarity"), "strip_S") == "");
  CHECK(off(values_of(trace, "columns/weights"), "strip_A") == "");
  CHECK(off(values_of(trace, "columns/attended"), "strip_O") == "");
  const std::vector<Tensor> output{values_of(trace, "output")};
  CHECK(off(test::evaluate(ops::pixels_as_rows, output), "strip_res") == "");
  const Trace raw = run_on(kTwoChannels, StripAttention{.softmax = false});
  CHECK(off(values_of(raw, "columns/attended"), "strip_raw") == "");
  CHECK(raw.find("columns/weights") == nullptr);
}

TEST_CASE("strip attention: of one column all weights are 1; of one row it is self-attention") {
  const Trace column = run_on(random_tensor({3, 5, 1}, "x"), StripAttention{});
  const Tensor& weights = values_of(column, "columns/weights");
  for (std::size_t i = 0; i < weights.count(); ++i) CHECK(weights.at(i) == 1);

  const Tensor x = random_tensor({3, 1, 6}, "x");
  const Trace row = run_on(x, StripAttention{});
  AttentionSettings plain;
  plain.score.type = ScoreType::kDotProduct;
  const std::vector<Tensor> maps{x};
  const Trace attention =
      run_attention(test::problem_of(test::evaluate(ops::pixels_as_rows, maps), plain));
  CHECK(absolute_mismatch(values_of(row, "columns/weights"),
                          values_of(attention, "layer0/head0/weights"), 1e-15) == "");
}

TEST_CASE(
    "strip attention: row strips are the column strips of the turned image; both are summed") {
  const Tensor x = random_tensor({2, 3, 4}, "x");
  Tensor turned(DType::kFloat64, {Axis{2}, Axis{4}, Axis{3}});
  for (std::size_t c = 0; c < 2; ++c) {
    for (std::size_t i = 0; i < 3; ++i) {
      for (std::size_t j = 0; j < 4; ++j) {
        turned.values<double>()[c * 12 + j * 3 + i] = x.at(c * 12 + i * 4 + j);
      }
    }
  }
  const Trace rows = run_on(x, StripAttention{.strips = Strips::kRows});
  const Trace columns = run_on(turned, StripAttention{});
  const Trace both = run_on(x, StripAttention{.strips = Strips::kBoth});
  const Trace plain = run_on(x, StripAttention{});
  for (std::size_t c = 0; c < 2; ++c) {
    for (std::size_t i = 0; i < 3; ++i) {
      for (std::size_t j = 0; j < 4; ++j) {
        const double of_rows = values_of(rows, "output").at(c * 12 + i * 4 + j);
        CHECK(std::abs(of_rows - values_of(columns, "output").at(c * 12 + j * 3 + i)) <= 1e-14);
        CHECK(std::abs(of_rows + values_of(plain, "output").at(c * 12 + i * 4 + j) -
                       values_of(both, "output").at(c * 12 + i * 4 + j)) <= 1e-14);
      }
    }
  }
}

TEST_CASE("strip attention: AttaNet's module is this one transposed") {
  // q = pool(conv1 x), k = conv2 x, v = pool(conv3 x), A = softmax over the W strips of q k,
  // out = x + v A, written out by loops; no norms, and the ReLU of each convolution.
  const Tensor x = random_tensor({2, 3, 4}, "x");
  const Tensor w[] = {random_tensor({3, 2}, "w1"), random_tensor({3, 2}, "w2"),
                      random_tensor({2, 2}, "w3")};
  StripAttention settings{.residual = true};
  settings.strip_keys = Convolution{.kernel = w[0]};
  settings.pixels = Convolution{.kernel = w[1]};
  settings.strip_values = Convolution{.kernel = w[2]};
  const auto projected = [&](const Tensor& m, std::size_t o, std::size_t p) {
    double sum = 0;
    for (std::size_t c = 0; c < 2; ++c) sum += m.at(o, c) * x.at(c * 12 + p);
    return std::max(sum, 0.0);
  };
  const auto strip = [&](const Tensor& m, std::size_t o, std::size_t j) {
    return (projected(m, o, j) + projected(m, o, 4 + j) + projected(m, o, 8 + j)) / 3;
  };
  Tensor want = x;
  for (std::size_t p = 0; p < 12; ++p) {
    double powers[4], sum = 0;
    for (std::size_t j = 0; j < 4; ++j) {
      double dot = 0;
      for (std::size_t o = 0; o < 3; ++o) dot += strip(w[0], o, j) * projected(w[1], o, p);
      sum += powers[j] = std::exp(dot);
    }
    for (std::size_t c = 0; c < 2; ++c) {
      for (std::size_t j = 0; j < 4; ++j) {
        want.values<double>()[c * 12 + p] += powers[j] / sum * strip(w[2], c, j);
      }
    }
  }
  CHECK(absolute_mismatch(values_of(run_on(x, settings), "output"), want, 1e-14) == "");
}

TEST_CASE("criss-cross attention: worked weights, and a second round reaches every pixel") {
  const Trace trace = run_on(kSix, CrissCross{.scale = 1 / 6.0});
  CHECK(off(test::shaped(values_of(trace, "recurrence0/weights").part(0), {6}), "cc_A0") == "");

  const Tensor x = random_tensor({2, 4, 5}, "x");
  Tensor changed = x;
  changed.values<double>()[3 * 5 + 4] += 1;  // the last pixel
  for (const std::size_t rounds : {1, 2}) {
    const CrissCross settings{.recurrences = rounds, .gamma = 1};
    const Tensor before = values_of(run_on(x, settings), "output");
    const Tensor after = values_of(run_on(changed, settings), "output");
    for (std::size_t p = 0; p < 20; ++p) {
      const bool shares = p / 5 == 3 || p % 5 == 4;
      CHECK((before.at(p) != after.at(p)) == (shares || rounds == 2));
    }
  }
}

TEST_CASE("criss-cross attention: of one row or one column it is self-attention of its pixels") {
  AttentionSettings plain;
  plain.score.type = ScoreType::kDotProduct;
  for (const std::vector<std::size_t>& shape :
       {std::vector<std::size_t>{2, 1, 6}, std::vector<std::size_t>{2, 5, 1}}) {
    const std::vector<Tensor> maps{random_tensor(shape, "x")};
    const Trace attention =
        run_attention(test::problem_of(test::evaluate(ops::pixels_as_rows, maps), plain));
    CHECK(absolute_mismatch(values_of(run_on(maps[0], CrissCross{}), "recurrence0/weights"),
                            values_of(attention, "layer0/head0/weights"), 1e-15) == "");
  }
}

TEST_CASE("maps: weights sum to 1, in both types") {
  for (const DType dtype : test::kDTypes) {
    const Tensor x = random_tensor({3, 4, 5}, "x", dtype);
    const Trace strips = run_on(x, StripAttention{.strips = Strips::kBoth});
    const Trace cross = run_on(x, CrissCross{.recurrences = 2});
    for (const Tensor* weights :
         {&values_of(strips, "columns/weights"), &values_of(strips, "rows/weights"),
          &values_of(cross, "recurrence1/weights")}) {
      for (std::size_t i = 0; i < weights->rows(); ++i) {
        double sum = 0;
        for (std::size_t j = 0; j < weights->columns(); ++j) sum += weights->at(i, j);
        CHECK(std::abs(sum - 1) <= (dtype == DType::kFloat64 ? 1e-12 : 1e-6));
      }
    }
  }
}

}  // namespace
}  // namespace attn_viz
