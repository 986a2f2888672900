// Pictures as they were meant: the program's PNG files, decoded by libpng, against the numbers of
// the trace that was written beside them, cell by cell. Where a cell lies is asked of the layout;
// what belongs there is worked out here from the JSON alone.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <limits>
#include <nlohmann/json.hpp>
#include <optional>
#include <random>
#include <stdexcept>
#include <string>
#include <vector>

#include "attn_viz/core/error.hpp"
#include "attn_viz/figure/heatmaps.hpp"
#include "attn_viz/figure/paint.hpp"
#include "attn_viz/trace/json.hpp"
#include "catch.hpp"
#include "support/cli_pixels.hpp"
#include "support/cli_program.hpp"
#include "support/cli_trace.hpp"

using namespace attn_viz::test;
using attn_viz::Error;
using attn_viz::ErrorCode;
using attn_viz::read_trace;
using attn_viz::Step;
using attn_viz::Trace;
using Json = nlohmann::json;
namespace figure = attn_viz::figure;

namespace {

constexpr double kMaskedValue = -std::numeric_limits<double>::infinity();

/// What a figure should show: one or more matrices on one scale.
struct Meant {
  std::vector<std::vector<std::vector<double>>> panels;  ///< [panel][row][column]
  figure::ColorScale scale;
};

struct Tally {
  std::size_t figures = 0, cells = 0, masked = 0, reduced = 0;
};

std::string hex(figure::Rgb color) {
  char text[8];
  std::snprintf(text, sizeof text, "#%02x%02x%02x", color.red, color.green, color.blue);
  return text;
}

// ---- what the trace says ----

/// Rounds every number to the float32 that its shortest decimal stands for.
void round_to_float32(Json& data) {
  if (data.is_array()) {
    for (Json& element : data) round_to_float32(element);
  } else if (data.is_number()) {
    data = static_cast<double>(data.get<float>());
  }
}

std::vector<std::vector<double>> matrix_of(const Json& data) {
  const auto number = [](const Json& value) {
    return value.is_null() ? kMaskedValue : value.get<double>();
  };
  std::vector<std::vector<double>> rows;
  if (!data[0].is_array()) {  // a vector is one row
    rows.emplace_back();
    for (const Json& value : data) rows[0].push_back(number(value));
    return rows;
  }
  for (const Json& row : data) {
    rows.emplace_back();
    for (const Json& value : row) rows.back().push_back(number(value));
  }
  return rows;
}

/// The weights of a step; −∞ where the scores that they were computed from are masked.
std::vector<std::vector<double>> weights_of(const Json& trace, const Json& step) {
  auto weights = matrix_of(step["data"]);
  const auto scores = matrix_of(data(trace, step["inputs"][0]));
  std::size_t leaks = 0;
  for (std::size_t i = 0; i < weights.size(); ++i) {
    for (std::size_t j = 0; j < weights[i].size(); ++j) {
      if (scores[i][j] != kMaskedValue) continue;
      leaks += weights[i][j] != 0 ? 1 : 0;
      weights[i][j] = kMaskedValue;
    }
  }
  CHECK(leaks == 0);
  return weights;
}

std::string last_name(const std::string& id) {
  return id.substr(id.rfind('/') + 1);
}

/// All steps of this name: one scale is shared by them.
std::vector<Json> steps_named(const Json& trace, const std::string& name) {
  std::vector<Json> steps;
  for (const Json& step : trace["steps"]) {
    if (last_name(step["id"]) == name) steps.push_back(step);
  }
  return steps;
}

/// @param query  only this row of each step, for its map
figure::ColorScale scale_of(const Json& trace, const std::string& name, bool automatic,
                            std::optional<std::size_t> query = {}) {
  if (name == "mask" || name == "allow" || (name == "weights" && !automatic)) {
    return {figure::ColorMap::kViridis, 0, 1, {}};
  }
  double low = HUGE_VAL, high = -HUGE_VAL;
  for (const Json& step : steps_named(trace, name)) {
    const auto matrix = matrix_of(step["data"]);
    for (std::size_t i = 0; i < matrix.size(); ++i) {
      if (query && i != *query) continue;
      for (const double value : matrix[i]) {
        if (value == kMaskedValue) continue;
        low = std::min(low, value);
        high = std::max(high, value);
      }
    }
  }
  if (name == "weights") {
    return {figure::ColorMap::kViridis, low, low == high ? high + 1 : high, {}};
  }
  const double size = std::max(std::abs(low), std::abs(high));
  return {figure::ColorMap::kDiverging, size == 0 ? -1 : -size, size == 0 ? 1 : size, {}};
}

/// What the picture of this name shows: "heatmap", "heatmaps/layer0-head0-weights",
/// "heatmaps/layer0-head0-weights-query25", "heatmaps/layer0-head0-W_Q".
Meant meant(const Json& trace, std::string name, bool automatic) {
  if (name == "heatmap") {
    Meant all{{}, scale_of(trace, "weights", automatic)};
    for (const Json& step : steps_named(trace, "weights")) {
      all.panels.push_back(weights_of(trace, step));
    }
    return all;
  }
  name = name.substr(std::string("heatmaps/").size());
  std::replace(name.begin(), name.end(), '-', '/');
  std::optional<std::size_t> query;
  if (const std::size_t at = name.find("/query"); last_name(name).size() > 5 &&
                                                  at == name.rfind('/') &&
                                                  name.find("weights/") != std::string::npos) {
    query = std::stoul(name.substr(at + 6));
    name = name.substr(0, at);
  }
  const Json found = step(trace, name);
  const Meant one{
      {last_name(name) == "weights" ? weights_of(trace, found) : matrix_of(found["data"])},
      scale_of(trace, last_name(name), automatic, query)};
  if (!query) return one;
  // A query's row, folded to the grid of the keys.
  const Json grid = trace["axes"][std::string(found["axes"][1])]["grid"];
  Meant map{{{}}, one.scale};
  const auto& row = one.panels[0][*query];
  const std::size_t columns = grid[1];
  for (std::size_t first = 0; first < row.size(); first += columns) {
    const auto begin = row.begin() + static_cast<std::ptrdiff_t>(first);
    map.panels[0].emplace_back(begin, begin + static_cast<std::ptrdiff_t>(columns));
  }
  REQUIRE(map.panels[0].size() == grid[0]);
  return map;
}

// ---- what the picture shows ----

/// The mean of the cells that share a drawn one, without masked ones.
double drawn_value(const std::vector<std::vector<double>>& matrix, const figure::Cells& cells,
                   std::size_t row, std::size_t column) {
  double sum = 0;
  std::size_t count = 0;
  for (std::size_t i = row * cells.row_reduction;
       i < std::min(matrix.size(), (row + 1) * cells.row_reduction); ++i) {
    for (std::size_t j = column * cells.column_reduction;
         j < std::min(matrix[i].size(), (column + 1) * cells.column_reduction); ++j) {
      if (matrix[i][j] == kMaskedValue) continue;
      sum += matrix[i][j];
      ++count;
    }
  }
  return count == 0 ? kMaskedValue : sum / static_cast<double>(count);
}

/// Compares a pixel of every cell that no text, line or hatch covers: in large cells the one 2
/// pixels inside of the left upper corner, in small ones the middle.
void expect_cells(const Meant& meant, const figure::Figure& figure, const figure::Layout& layout,
                  const Pixels& pixels, Tally& tally) {
  REQUIRE(layout.panels.size() == meant.panels.size());
  std::size_t wrong = 0;
  for (std::size_t p = 0; p < layout.panels.size(); ++p) {
    const figure::Cells& cells = layout.panels[p];
    const auto& matrix = meant.panels[p];
    const auto drawn = [](std::size_t count, std::size_t reduction) {
      return (count + reduction - 1) / reduction;
    };
    REQUIRE(cells.rows == drawn(matrix.size(), cells.row_reduction));
    REQUIRE(cells.columns == drawn(matrix[0].size(), cells.column_reduction));
    const bool large = std::min(cells.cell_width, cells.cell_height) >= 10;
    const bool reduced = cells.row_reduction * cells.column_reduction > 1;
    for (std::size_t i = 0; i < cells.rows; ++i) {
      for (std::size_t j = 0; j < cells.columns; ++j) {
        const auto& marked = figure.panels[p].marked;
        const bool ringed = marked && marked->first == i && marked->second == j;
        const std::size_t inset_x = !large ? cells.cell_width / 2 : ringed ? 5 : 2;
        const std::size_t inset_y = !large ? cells.cell_height / 2 : ringed ? 5 : 2;
        const figure::Rgb got = pixels.at(cells.left + j * cells.cell_width + inset_x,
                                          cells.top + i * cells.cell_height + inset_y);
        const double value = drawn_value(matrix, cells, i, j);
        const bool masked = value == kMaskedValue;
        figure::Rgb expected = figure::palette_of(figure::Theme::kLight).masked;
        if (!masked) expected = color_of(meant.scale, value);
        bool equal = got == expected;
        if (reduced && !masked) {  // the mean's last digit may be another
          equal = equal || got == color_of(meant.scale, value * (1 + 1e-12)) ||
                  got == color_of(meant.scale, value * (1 - 1e-12));
        }
        ++tally.cells;
        tally.masked += masked ? 1 : 0;
        tally.reduced += reduced ? 1 : 0;
        if (!equal && ++wrong <= 3) {
          FAIL_CHECK("panel " << p << ", row " << i << ", column " << j << ": expected "
                              << hex(expected) << " for " << value << ", got " << hex(got));
        }
      }
    }
  }
  CHECK(wrong == 0);
}

/// A document that was run, and what came of it.
class Drawn {
 public:
  Drawn(const std::string& document, const std::vector<std::string>& options,
        figure::HeatmapOptions heatmaps = {})
      : automatic_(heatmaps.auto_scale) {
    folder_.write("a.json", document);
    std::vector<std::string> arguments{"run", "a.json", "-o", "out"};
    if (heatmaps.auto_scale) arguments.insert(arguments.end(), {"--color-scale", "auto"});
    if (heatmaps.all_steps) arguments.insert(arguments.end(), {"--draw", "all"});
    if (heatmaps.query) arguments.insert(arguments.end(), {"--query", *heatmaps.query});
    arguments.insert(arguments.end(), options.begin(), options.end());
    const Run run = folder_.run(arguments);
    REQUIRE(run.code == 0);
    REQUIRE(run.err == "");
    const std::string text = folder_.read("out/a/trace.json");
    numbers = Json::parse(text);
    if (numbers["dtype"] == "float32") {
      for (Json& step : numbers["steps"]) round_to_float32(step["data"]);
    }
    trace = read_trace(text);
    figures = figure::heatmaps(trace, heatmaps);
  }

  Pixels pixels(const std::string& name) const {
    return decode_png(folder_.read("out/a/" + name + ".png"));
  }

  /// Every cell of every picture; also that there is a picture for each figure and no other.
  Tally expect_as_meant() const {
    Tally tally;
    std::vector<std::string> pictures;
    figure::Painter painter;
    for (const auto& [name, figure] : figures) {
      CAPTURE(name);
      const Meant expected = meant(numbers, name, automatic_);
      CHECK(figure.scale.map == expected.scale.map);
      CHECK(figure.scale.low == expected.scale.low);
      CHECK(figure.scale.high == expected.scale.high);
      const figure::Layout layout = painter.lay_out(figure);
      const Pixels picture = pixels(name);
      REQUIRE(picture.width == layout.width);
      REQUIRE(picture.height == layout.height);
      expect_cells(expected, figure, layout, picture, tally);
      ++tally.figures;
      pictures.push_back(name + ".png");
    }
    for (const std::string& path : folder_.list("out/a")) {
      if (path.back() == '/' || path == "trace.json") continue;
      CAPTURE(path);
      CHECK(std::count(pictures.begin(), pictures.end(), path) == 1);
    }
    return tally;
  }

  const figure::Figure& figure(const std::string& wanted) const {
    for (const auto& [name, figure] : figures) {
      if (name == wanted) return figure;
    }
    throw std::runtime_error("no figure " + wanted);
  }

  Json numbers;
  Trace trace;
  std::vector<figure::NamedFigure> figures;

 private:
  TemporaryFolder folder_;
  bool automatic_;
};

Drawn drawn_sample(const std::string& name, const figure::HeatmapOptions& heatmaps = {}) {
  return Drawn(read_bytes(sample(name)), {}, heatmaps);
}

/// Rows of numbers in ±1.5, the same on every platform.
Json random_rows(std::size_t rows, std::size_t columns, unsigned seed) {
  std::minstd_rand random(seed);
  Json data = Json::array();
  for (std::size_t i = 0; i < rows; ++i) {
    Json row = Json::array();
    for (std::size_t j = 0; j < columns; ++j) {
      row.push_back(std::round(3000 * (static_cast<double>(random()) / 2147483647.0) - 1500) /
                    1000);
    }
    data.push_back(std::move(row));
  }
  return data;
}

std::vector<std::string> texts_of(const figure::Figure& figure, figure::TextKind kind) {
  std::vector<std::string> texts;
  for (const figure::PlacedText& text : figure::lay_out(figure).texts) {
    if (text.kind == kind) texts.push_back(text.text);
  }
  return texts;
}

const std::string kWeights = "heatmaps/layer0-head0-weights";

}  // namespace

TEST_CASE("pixels: the colours of the ends and the middle are the published ones") {
  const figure::ColorScale unit{figure::ColorMap::kViridis, 0, 1, {}};
  CHECK(hex(color_of(unit, 0)) == "#440154");
  CHECK(hex(color_of(unit, 1)) == "#fde725");
  CHECK(hex(color_of(unit, 0.5)) == "#21918c" /* entry 128 */);
  CHECK(hex(color_of(unit, 0.25)) == "#3b528b" /* entry 64 */);
  CHECK(hex(figure::palette_of(figure::Theme::kLight).masked) == "#dcdcdc");
}

TEST_CASE("pixels: one token") {
  const Drawn drawn(R"({"embeddings": [[1, 2]]})", {});
  const Tally tally = drawn.expect_as_meant();
  CHECK(tally.figures == 2);
  CHECK(tally.cells == 2);
  const figure::Cells cell = figure::lay_out(drawn.figure(kWeights)).panels[0];
  CHECK(hex(drawn.pixels(kWeights).at(cell.left + 2, cell.top + 2)) == "#fde725");
}

TEST_CASE("pixels: the running example, with every step drawn") {
  const Drawn drawn =
      drawn_sample("three-tokens.json", {.all_steps = true, .auto_scale = false, .query = {}});
  const Tally tally = drawn.expect_as_meant();
  CHECK(tally.figures == 1 + drawn.numbers["steps"].size());
  // Two of weights and two of scores, 9 cells each; five matrices 2 × 2 and seven 3 × 2 less W_V.
  CHECK(tally.cells == 4 * 9 + 4 * 4 + 7 * 6);
}

TEST_CASE("pixels: rows are queries and columns are keys, each beside its label") {
  const Drawn drawn = drawn_sample("three-tokens.json");
  const figure::Layout layout = figure::lay_out(drawn.figure(kWeights));
  const figure::Cells& cells = layout.panels[0];
  const std::vector<std::string> labels{"red", "green", "yellow"};
  std::size_t rows = 0, columns = 0;
  for (const figure::PlacedText& text : layout.texts) {
    const double middle_x = text.left + text.width / 2, middle_y = text.top + text.height / 2;
    const auto left = static_cast<double>(cells.left), top = static_cast<double>(cells.top);
    if (text.kind == figure::TextKind::kRowLabel) {
      CHECK(text.text == labels[rows]);
      CHECK(static_cast<std::size_t>((middle_y - top) / static_cast<double>(cells.cell_height)) ==
            rows++);
      CHECK(text.left + text.width < left);
    } else if (text.kind == figure::TextKind::kColumnLabel) {
      CHECK(text.text == labels[columns]);
      CHECK(static_cast<std::size_t>((middle_x - left) / static_cast<double>(cells.cell_width)) ==
            columns++);
      CHECK(text.top + text.height < top);
    }
  }
  CHECK(rows == 3);
  CHECK(columns == 3);
  CHECK(texts_of(drawn.figure(kWeights), figure::TextKind::kRowName) ==
        std::vector<std::string>{"queries"});
  CHECK(texts_of(drawn.figure(kWeights), figure::TextKind::kColumnName) ==
        std::vector<std::string>{"keys"});
  CHECK(texts_of(drawn.figure(kWeights), figure::TextKind::kValue) ==
        std::vector<std::string>{"0.40", "0.20", "0.40", "0.16", "0.16", "0.67", "0.18", "0.09",
                                 "0.73"});
}

TEST_CASE("pixels: a dozen tokens, two heads, on both scales") {
  for (const bool automatic : {false, true}) {
    CAPTURE(automatic);
    const Drawn drawn =
        drawn_sample("alice.json", {.all_steps = false, .auto_scale = automatic, .query = {}});
    const Tally tally = drawn.expect_as_meant();
    CHECK(tally.figures == 3);
    CHECK(tally.cells == 4 * 144);
    CHECK(tally.masked == 0);
  }
}

TEST_CASE("pixels: the scale is written on the figure, and auto changes it") {
  const auto note = [](const Drawn& drawn, const std::string& name) {
    return texts_of(drawn.figure(name), figure::TextKind::kScaleNote).at(0);
  };
  const Drawn fixed = drawn_sample("three-tokens.json");
  const Drawn automatic =
      drawn_sample("three-tokens.json", {.all_steps = false, .auto_scale = true, .query = {}});
  CHECK(note(fixed, kWeights) == "weight, 0 to 1");
  CHECK(note(automatic, kWeights) == "weight, range of the data (0.0879 to 0.734)");
  const figure::Cells cells = figure::lay_out(automatic.figure(kWeights)).panels[0];
  const auto color = [&](std::size_t row, std::size_t column) {
    return hex(automatic.pixels(kWeights).at(cells.left + column * cells.cell_width + 2,
                                             cells.top + row * cells.cell_height + 2));
  };
  CHECK(color(2, 1) == "#440154");  // the smallest weight
  CHECK(color(2, 2) == "#fde725");  // the largest
  const figure::HeatmapOptions own_range{.all_steps = false, .auto_scale = true, .query = {}};
  CHECK(note(drawn_sample("cat.json"), kWeights) == "weight, 0 to 1");
  CHECK(note(drawn_sample("cat.json", own_range), kWeights + "-query25") ==
        "weight, range of the query's weights (2.24e-08 to 0.197)");
  CHECK(note(drawn_sample("two-heads.json"), "heatmap") ==
        "weight, 0 to 1, one scale for all heads");
  CHECK(note(drawn_sample("two-heads.json"), kWeights) ==
        "weight, 0 to 1, one scale for all heads");
}

TEST_CASE("pixels: masked cells have their own colour, not that of 0") {
  Json document{{"embeddings", random_rows(12, 8, 1)}};
  const Drawn drawn(document.dump(), {"--causal", "--heads", "2"});
  const Tally tally = drawn.expect_as_meant();
  CHECK(tally.cells == 4 * 144);
  CHECK(tally.masked == 4 * 66);
  const figure::Figure& figure = drawn.figure(kWeights);
  const figure::Cells cells = figure::lay_out(figure).panels[0];
  const Pixels pixels = drawn.pixels(kWeights);
  const auto corner = [&](std::size_t row, std::size_t column) {
    return hex(pixels.at(cells.left + column * cells.cell_width + 2,
                         cells.top + row * cells.cell_height + 2));
  };
  CHECK(corner(0, 0) == "#fde725");
  CHECK(corner(0, 11) == "#dcdcdc");
  // Hatched, and named in the legend.
  std::size_t hatched = 0;
  for (std::size_t y = 1; y < cells.cell_height; ++y) {
    for (std::size_t x = 1; x < cells.cell_width; ++x) {
      hatched += pixels.at(cells.left + 11 * cells.cell_width + x, cells.top + y) ==
                 figure::palette_of(figure::Theme::kLight).hatch;
    }
  }
  CHECK(hatched > cells.cell_width);
  CHECK(texts_of(figure, figure::TextKind::kLegend) == std::vector<std::string>{"masked"});
  CHECK(texts_of(drawn_sample("alice.json").figure(kWeights), figure::TextKind::kLegend).empty());
}

TEST_CASE("pixels: a visible key of weight 0 has the colour of 0") {
  // exp(−2000) is 0 in float64.
  const Drawn drawn(R"({"embeddings": [[1], [2001]], "attention": {"score": "dot",
      "mask": {"allow": [[1, 1], [0, 1]]}}})",
                    {});
  const Tally tally = drawn.expect_as_meant();
  CHECK(tally.masked == 2);
  REQUIRE(data(drawn.numbers, "layer0/head0/weights")[0][0] == 0);
  const figure::Cells cells = figure::lay_out(drawn.figure(kWeights)).panels[0];
  const Pixels pixels = drawn.pixels(kWeights);
  CHECK(hex(pixels.at(cells.left + 2, cells.top + 2)) == "#440154");
  CHECK(hex(pixels.at(cells.left + 2, cells.top + cells.cell_height + 2)) == "#dcdcdc");
}

TEST_CASE("pixels: a row that sees no key is masked throughout, and a note says so") {
  const Drawn drawn(R"({"tokens": ["a", "b"], "embeddings": [[1], [2]],
      "attention": {"mask": {"allow": [[1, 1], [0, 0]]}}})",
                    {});
  CHECK(drawn.expect_as_meant().masked == 4);
  CHECK(texts_of(drawn.figure(kWeights), figure::TextKind::kNote) ==
        std::vector<std::string>{"No key is visible to: b; all its weights are 0."});
}

TEST_CASE("pixels: cross-attention of 3 queries over 7 keys") {
  const Json document{
      {"tokens", {"x", "y", "z"}},
      {"embeddings", random_rows(3, 4, 2)},
      {"context",
       {{"tokens", {"a", "b", "c", "d", "e", "f", "g"}}, {"embeddings", random_rows(7, 4, 3)}}},
      {"attention",
       {{"scale", 3}, {"mask", {{"padding", {true, true, true, true, true, false, false}}}}}}};
  for (const bool automatic : {false, true}) {
    const Drawn drawn(document.dump(), {},
                      {.all_steps = true, .auto_scale = automatic, .query = {}});
    drawn.expect_as_meant();
    const figure::Cells cells = figure::lay_out(drawn.figure(kWeights)).panels[0];
    CHECK(cells.rows == 3);
    CHECK(cells.columns == 7);
    CHECK(texts_of(drawn.figure(kWeights), figure::TextKind::kRowLabel) ==
          std::vector<std::string>{"x", "y", "z"});
    CHECK(texts_of(drawn.figure(kWeights), figure::TextKind::kColumnLabel) ==
          std::vector<std::string>{"a", "b", "c", "d", "e", "f", "g"});
  }
  CHECK(drawn_sample("tom-chase-jerry.json").expect_as_meant().cells == 18);
}

TEST_CASE("pixels: 8 heads of 128 tokens, causal, within a window: all panels share one scale") {
  const Json document{{"embeddings", random_rows(128, 16, 4)},
                      {"attention", {{"heads", 8}, {"scale", 4}, {"weights", {{"random", 5}}}}}};
  for (const bool automatic : {false, true}) {
    CAPTURE(automatic);
    const Drawn drawn(document.dump(), {"--causal", "--window", "40,0"},
                      {.all_steps = false, .auto_scale = automatic, .query = {}});
    const Tally tally = drawn.expect_as_meant();
    CHECK(tally.figures == 9);
    CHECK(tally.cells == 16 * 128 * 128);
    // Row i sees the keys from i − 40 to i: 41 · 42 / 2 + 87 · 41 of 128².
    CHECK(tally.masked == 16 * (128 * 128 - 41 * 42 / 2 - 87 * 41));
    const figure::Figure& overview = drawn.figure("heatmap");
    CHECK(texts_of(overview, figure::TextKind::kPanelTitle) ==
          std::vector<std::string>{"head 0", "head 1", "head 2", "head 3", "head 4", "head 5",
                                   "head 6", "head 7"});
    CHECK(texts_of(overview, figure::TextKind::kScaleNote).size() == 1);
  }
}

TEST_CASE("pixels: patches, as a matrix and as a map of the chosen query") {
  const Drawn middle =
      drawn_sample("cat.json", {.all_steps = false, .auto_scale = true, .query = {}});
  CHECK(middle.expect_as_meant().cells == 2 * 2500 + 50);
  const Drawn drawn =
      drawn_sample("cat.json", {.all_steps = false, .auto_scale = false, .query = "3,5"});
  CHECK(drawn.expect_as_meant().cells == 2 * 2500 + 50);
  const figure::Figure& map = drawn.figure(kWeights + "-query35");
  const figure::Cells cells = figure::lay_out(map).panels[0];
  CHECK(cells.rows == 5);
  CHECK(cells.columns == 10);
  // The query itself is outlined: black at its edge.
  const Pixels pixels = drawn.pixels(kWeights + "-query35");
  CHECK(hex(pixels.at(cells.left + 5 * cells.cell_width + 1,
                      cells.top + 3 * cells.cell_height + 1)) == "#000000");
}

TEST_CASE("pixels: a map over patches of another picture") {
  const Json document{
      {"tokens", {"what", "where"}},
      {"embeddings", random_rows(2, 3, 6)},
      {"context",
       {{"patches", {{"rows", 3}, {"columns", 4}}}, {"embeddings", random_rows(12, 3, 7)}}}};
  const Drawn drawn(document.dump(), {},
                    {.all_steps = false, .auto_scale = true, .query = "where"});
  CHECK(drawn.expect_as_meant().cells == 2 * 24 + 12);
  CHECK_FALSE(drawn.figure(kWeights + "-query1").panels[0].marked);
}

TEST_CASE("pixels: where cells outnumber pixels, a drawn cell is the mean of those visible") {
  const Json document{{"embeddings", random_rows(330, 2, 8)}};
  const Drawn drawn(document.dump(), {"--causal", "--heads", "2"},
                    {.all_steps = false, .auto_scale = true, .query = {}});
  const Tally tally = drawn.expect_as_meant();
  CHECK(tally.reduced == 2 * 165 * 165);  // the overview; each head alone has room
  CHECK(tally.cells == tally.reduced + 2 * 330 * 330);
}

TEST_CASE("pixels: float32") {
  const Json document{{"embeddings", random_rows(20, 4, 9)}};
  CHECK(Drawn(document.dump(), {"--dtype", "float32", "--causal"},
              {.all_steps = true, .auto_scale = true, .query = {}})
            .expect_as_meant()
            .cells > 500);
}

// ---- weights that break their promise ----

namespace {

/// The error of drawing a trace whose first head's weights were changed.
template <class Change>
std::string error_of(const std::string& document, Change&& change) {
  const TemporaryFolder folder;
  folder.write("a.json", document);
  REQUIRE(folder.run({"run", "a.json", "-o", "out", "--no-heatmaps"}).code == 0);
  Trace trace = read_trace(folder.read("out/a/trace.json"));
  for (Step& step : trace.steps) {
    if (step.id == "layer0/head0/weights") change(step.values.values<double>());
  }
  try {
    figure::heatmaps(trace);
  } catch (const Error& error) {
    CHECK(error.code() == ErrorCode::kInvalid);
    return error.what();
  }
  return "drawn";
}

}  // namespace

TEST_CASE("pixels: weights that break their promise are not drawn") {
  const std::string plain = R"({"embeddings": [[1, 0], [0, 1], [1, 1]]})";
  const std::string causal =
      R"({"embeddings": [[0], [0], [0]], "attention": {"mask": {"causal": true}}})";
  const std::string place = "layer0/head0/weights: ";
  CHECK(error_of(plain, [](auto) {}) == "drawn");
  CHECK(error_of(plain, [](auto a) { a[0] += 1e-12; }) == "drawn");
  CHECK(error_of(plain, [](auto a) { a[4] += 0.25; }) ==
        place + "row 1: expected weights with sum 1, got sum 1.25");
  CHECK(error_of(plain, [](auto a) { a[6] = a[7] = a[8] = 0; }) ==
        place + "row 2: expected weights with sum 1, got sum 0");
  CHECK(error_of(plain, [](auto a) { a[0] = 1.5, a[1] = -0.5, a[2] = 0; }) ==
        place + "row 0: expected weights from 0 to 1");
  CHECK(error_of(plain, [](auto a) { a[0] = std::nan(""); }) ==
        place + "row 0: expected weights from 0 to 1");
  // The sum is right, but a masked key has a part of it.
  CHECK(error_of(causal, [](auto a) { a[3] = 0.25, a[4] = 0.5, a[5] = 0.25; }) ==
        place + "row 1: expected weight 0 where a key is masked");
  CHECK(error_of(causal, [](auto a) { a[0] = 0; }) ==
        place + "row 0: expected weights with sum 1, got sum 0");
}
