// Which figures a choice gives, what they show, and what they say of it.
#include "attn_viz/figure/selected.hpp"

#include <fmt/format.h>

#include <set>

#include "attn_viz/figure/places.hpp"
#include "catch.hpp"
#include "figure/layout_support.hpp"
#include "figure/names.hpp"
#include "support/errors.hpp"
#include "support/problems.hpp"

namespace attn_viz::figure {
namespace {

using Names = std::vector<std::string>;

const Trace& trace() {
  static const Trace made = [] {
    Problem problem = test::problem_of(test::random_tensor({6, 6}, "x"));
    problem.axis.labels = {"the", "quick", "fox", "sees", "the", "dog"};
    LayerSettings layer;
    layer.attention = AttentionSettings{};
    layer.attention->heads = 3;
    layer.attention->mask.causal = true;
    layer.attention->weights = RandomWeights{4};
    problem.layers = {layer, layer};
    return run_attention(problem);
  }();
  return made;
}

std::vector<NamedFigure> chosen(const Selection& selection, const Look& look = {}) {
  return selected_heatmaps(trace(), selection, look);
}

Selection of_head(const std::string& layer, const std::string& head) {
  Selection selection;
  selection.steps.layer = layer;
  selection.steps.head = head;
  return selection;
}

std::string error(const Selection& selection, const Look& look = {}) {
  return test::error_of([&] { chosen(selection, look); });
}

}  // namespace

TEST_CASE("selected: an overview, and a figure for each map") {
  CHECK(names_of(chosen({})) == Names{"heatmap", "layer0-head0-weights", "layer0-head1-weights",
                                      "layer0-head2-weights", "layer1-head0-weights",
                                      "layer1-head1-weights", "layer1-head2-weights"});
  CHECK(names_of(chosen(of_head("1", "2"))) == Names{"layer1-head2-weights"});
  Selection selection = of_head("0", "0-1");
  CHECK(names_of(chosen(selection)) ==
        Names{"heatmap", "layer0-head0-weights", "layer0-head1-weights"});
  selection.overviews = Overviews::kOff;
  CHECK(names_of(chosen(selection)) == Names{"layer0-head0-weights", "layer0-head1-weights"});
  selection.overviews = Overviews::kOnly;
  CHECK(names_of(chosen(selection)) == Names{"heatmap"});
  selection = {};
  selection.steps.step = "concat";
  CHECK(names_of(chosen(selection)) == Names{"heatmap-concat", "layer0-concat", "layer1-concat"});
  selection.steps.step = "layer0/head0/*";
  const Names all = names_of(chosen(selection));
  CHECK(std::set(all.begin(), all.end()).size() == all.size());
  CHECK(std::count(all.begin(), all.end(), "layer0-head0-query") == 1);
}

TEST_CASE("selected: the heads of one layer stand three in a row, four in a square") {
  for (const auto& [heads, per_row] : {std::pair{2, 2}, {3, 3}, {4, 2}, {5, 3}, {10, 4}}) {
    Problem problem =
        test::problem_of(test::random_tensor({3, static_cast<std::size_t>(heads)}, "x"));
    problem.attention.heads = static_cast<std::size_t>(heads);
    CHECK(heatmaps(run_attention(problem))[0].figure.panels_per_row ==
          static_cast<std::size_t>(per_row));
  }
}

TEST_CASE("selected: an overview has a row for each layer and a column for each head") {
  const Figure figure = chosen({})[0].figure;
  CHECK(figure.panels.size() == 6);
  CHECK(figure.panels_per_row == 3);
  CHECK(figure.panel_rows.labels == Names{"0", "1"});
  CHECK(figure.panel_columns.labels == Names{"0", "1", "2"});
  CHECK(figure.subtitle == "Attention weights of 6 heads in 2 layers");
  const Tensor& weights = test::values_of(trace(), "layer1/head2/weights");
  CHECK(figure.panels[5].values.at(4, 2) == weights.at(4, 2));
  Selection selection;
  selection.steps.step = "layer?/*/weights";
  selection.steps.head = "0,2";
  CHECK(chosen(selection)[0].figure.panel_columns.labels == Names{"0", "2"});
  // A head that is not drawn leaves its place empty.
  selection.steps = {.step = "*[01]/head[02]/weights", .layer = {}, .head = {}};
  Trace thinned = trace();
  for (Step& step : thinned.steps)
    if (step.id == "layer0/head2/weights") step.id = "layer0/other";
  const Figure grid = selected_heatmaps(thinned, selection, {})[0].figure;
  REQUIRE(grid.panels.size() == 4);
  CHECK(grid.panels[1].blank);
  check_layout(lay_out(grid));
}

TEST_CASE("selected: queries and keys by index, range and label, in the order given") {
  Selection selection = of_head("0", "1");
  selection.queries = {"dog,1-2"};
  selection.keys = {"3,quick"};
  const auto figures = chosen(selection);
  REQUIRE(figures.size() == 1);
  const Figure& figure = figures[0].figure;
  CHECK(figure.rows.labels == Names{"dog", "quick", "fox"});
  CHECK(figure.columns.labels == Names{"sees", "quick"});
  const Tensor& weights = test::values_of(trace(), "layer0/head1/weights");
  const Panel& panel = figure.panels[0];
  CHECK(panel.values.at(0, 1) == weights.at(5, 1));
  CHECK(panel.values.at(2, 1) == weights.at(2, 1));
  // Masked cells stay masked.
  REQUIRE(panel.scores);
  CHECK(panel.scores->at(1, 0) == kMinusInfinity);
  CHECK(panel.scores->at(0, 0) > kMinusInfinity);
  double drawn = 0, all = 0;
  for (const std::size_t i : {5, 1, 2})
    for (std::size_t j = 0; j < 6; ++j) {
      all += weights.at(i, j);
      drawn += j == 3 || j == 1 ? weights.at(i, j) : 0;
    }
  REQUIRE(figure.notes.size() == 1);
  CHECK(figure.notes[0] ==
        fmt::format("3 of 6 queries, 2 of 6 keys; these keys have {:.2g} of the weight.",
                    drawn / all));
}

TEST_CASE("selected: the strongest keys, by their sums over all that is drawn") {
  Selection selection;
  selection.top = 2;
  const auto figures = chosen(selection);
  std::vector<double> sums(6);
  for (const Step& step : trace().steps) {
    if (parse_step_id(step.id).step != "weights") continue;
    for (std::size_t i = 0; i < 6; ++i)
      for (std::size_t j = 0; j < 6; ++j) sums[j] += step.values.at(i, j);
  }
  const auto rank = [&](std::size_t key) {
    return std::count_if(sums.begin(), sums.end(), [&](double sum) { return sum > sums[key]; });
  };
  Names expected;
  for (std::size_t j = 0; j < 6; ++j)
    if (rank(j) < 2) expected.push_back(trace().axes[0].labels[j]);
  for (const NamedFigure& each : figures) CHECK(each.figure.columns.labels == expected);
  CHECK(figures[0].figure.notes[0].find("2 of 6 keys: the strongest by total weight over all "
                                        "that is drawn, in their order; these keys have 0.") == 0);
  selection.top = 100;
  CHECK(chosen(selection)[1].figure.notes.empty());
}

TEST_CASE("selected: the mean of the heads of each layer") {
  Selection selection;
  selection.average_heads = true;
  const auto figures = chosen(selection);
  CHECK(names_of(figures) == Names{"heatmap", "layer0-mean-weights", "layer1-mean-weights"});
  CHECK(figures[0].figure.subtitle == "Attention weights of 2 layers, mean of the heads");
  CHECK(figures[2].figure.subtitle == "Layer 1: weights, mean of 3 heads");
  const Panel& panel = figures[2].figure.panels[0];
  double sum = 0;
  for (std::size_t head = 0; head < 3; ++head)
    sum += test::values_of(trace(), fmt::format("layer1/head{}/weights", head)).at(4, 1);
  CHECK(panel.values.at(4, 1) == Approx(sum / 3).epsilon(1e-15));
  CHECK(panel.scores->at(1, 4) == kMinusInfinity);
  selection.steps.step = "concat";
  CHECK(error(selection) == "--average: the step \"layer0/concat\" belongs to no head");
}

TEST_CASE("selected: scales of what is drawn, of each map, logarithmic") {
  const auto scale = [&](const Selection& selection, ScaleChoice choice, std::size_t figure = 0) {
    Look look;
    look.scale = choice;
    return chosen(selection, look)[figure].figure.scale;
  };
  const auto range = [&](const std::string& id, bool least) {
    double found = least ? 1 : 0;
    const Tensor& values = test::values_of(trace(), id);
    for (std::size_t i = 0; i < 6; ++i)
      for (std::size_t j = 0; j <= i; ++j)
        found = least ? std::min(found, values.at(i, j)) : std::max(found, values.at(i, j));
    return found;
  };
  const Selection one = of_head("0", "1");
  CHECK(scale(one, ScaleChoice::kUnit).high == 1);
  CHECK(scale(one, ScaleChoice::kUnit).note == "weight, 0 to 1");
  CHECK(scale({}, ScaleChoice::kUnit).note == "weight, 0 to 1, one scale for all heads");
  // Masked cells are not in the range, so 0 is not.
  CHECK(scale(one, ScaleChoice::kAuto).low == range("layer0/head1/weights", true));
  CHECK(scale(one, ScaleChoice::kAuto).high == range("layer0/head1/weights", false));
  const auto each = [&] {
    Look look;
    look.scale = ScaleChoice::kEach;
    return chosen({}, look)[0].figure;
  }();
  for (std::size_t p = 0; p < 6; ++p) {
    REQUIRE(each.panels[p].scale);
    const std::string id = fmt::format("layer{}/head{}/weights", p / 3, p % 3);
    CHECK(each.panels[p].scale->low == range(id, true));
    CHECK(each.panels[p].scale->high == range(id, false));
  }
  CHECK(each.scale.note.find("weight; each map has a scale of its own") == 0);
  const ColorScale log = scale(one, ScaleChoice::kLog);
  CHECK(log.logarithmic);
  CHECK(log.high == 1);
  CHECK(log.low <= range("layer0/head1/weights", true));
  CHECK(log.low * 10 > range("layer0/head1/weights", true));
  Selection scores;
  scores.steps.step = "scores";
  Look look;
  look.scale = ScaleChoice::kLog;
  CHECK(error(scores, look).find("--color-scale: \"scores\" has negative values") == 0);
  look.map = ColorMap::kDiverging;
  CHECK(error(one, look).find("--colormap: a logarithmic scale has no middle") == 0);
}

TEST_CASE("selected: colour maps by theme and by sign, and what the figure says of a misfit") {
  Selection scores;
  scores.steps.step = "scores";
  const auto scale = [&](const Selection& selection, Theme theme, std::optional<ColorMap> map) {
    Look look;
    look.theme = theme;
    look.map = map;
    return chosen(selection, look)[0].figure.scale;
  };
  CHECK(scale({}, Theme::kLight, {}).map == ColorMap::kViridis);
  CHECK(scale({}, Theme::kPrint, {}).map == ColorMap::kGreys);
  CHECK(scale(scores, Theme::kLight, {}).map == ColorMap::kDiverging);
  CHECK(scale(scores, Theme::kDark, {}).map == ColorMap::kDivergingDark);
  const auto ends_with = [](const std::string& text, const std::string& end) {
    return text.size() >= end.size() && text.substr(text.size() - end.size()) == end;
  };
  CHECK(ends_with(scale(scores, Theme::kPrint, {}).note, "; middle grey is 0, darker is positive"));
  CHECK(ends_with(scale(scores, Theme::kLight, ColorMap::kPlasma).note, "; the middle color is 0"));
  const ColorScale both = scale({}, Theme::kLight, ColorMap::kDiverging);
  CHECK(both.low == -1);
  CHECK(ends_with(both.note, "; white is 0"));
  CHECK(ends_with(scale({}, Theme::kDark, ColorMap::kDiverging).note, "; black is 0"));
}

TEST_CASE("selected: queries across") {
  Look look;
  look.transpose = true;
  look.title = "Another title";
  Selection selection = of_head("0", "0");
  selection.queries = {"5,3"};
  const Figure figure = chosen(selection, look)[0].figure;
  CHECK(figure.title == "Another title");
  CHECK(figure.columns.name == "queries");
  CHECK(figure.rows.name == "keys");
  CHECK(figure.columns.labels == Names{"dog", "sees"});
  const Tensor& weights = test::values_of(trace(), "layer0/head0/weights");
  CHECK(figure.panels[0].values.at(2, 0) == weights.at(5, 2));
  CHECK(figure.panels[0].scores->at(4, 1) == kMinusInfinity);
}

TEST_CASE("selected: what does not go together") {
  Selection selection;
  selection.keys = {"1"};
  selection.top = 2;
  CHECK(error(selection) == "--top: the strongest keys, or those of --key; not both");
  selection = {};
  selection.steps.step = "query";
  selection.keys = {"1"};
  CHECK(error(selection) == "--key: the step \"layer0/head0/query\" has no column for each key");
  selection = {};
  selection.steps.step = "scores";
  selection.top = 1;
  CHECK(error(selection).find("--top: the step \"layer0/head0/scores\" holds no weights") == 0);
  selection = {};
  selection.steps.step = "W_Q";
  selection.queries = {"1"};
  CHECK(error(selection) == "--query: the step \"layer0/head0/W_Q\" has no row for each query");
}

TEST_CASE("selected: weights of a query on patches are a map") {
  Problem problem = test::problem_of(test::random_tensor({6, 3}, "x"));
  problem.axis.grid = {2, 3};
  problem.axis.labels = {"0,0", "0,1", "0,2", "1,0", "1,1", "1,2"};
  const Trace patches = run_attention(problem);
  Selection selection;
  CHECK(names_of(selected_heatmaps(patches, selection, {})) ==
        Names{"layer0-head0-weights", "layer0-head0-weights-query4"});
  selection.queries = {"0,2"};
  const auto map = selected_heatmaps(patches, selection, {});
  CHECK(names_of(map) == Names{"layer0-head0-weights-query2"});
  CHECK(map[0].figure.panels[0].marked == std::pair<std::size_t, std::size_t>(0, 2));
  selection.queries = {"0-2"};
  CHECK(names_of(selected_heatmaps(patches, selection, {})) == Names{"layer0-head0-weights"});
}

TEST_CASE("places: indices, ranges, labels, and labels that look like them") {
  const Names labels = {"a", "b,c", "1-2", "7", "\"", "the", "the", "", "x-y"};
  using Places = std::vector<std::size_t>;
  const auto find = [&](const std::string& text) { return places_of(text, labels, "key"); };
  CHECK(find("0") == Places{0});
  CHECK(find("3,0,3") == Places{3, 0});
  CHECK(find("2-4") == Places{2, 3, 4});
  CHECK(find("4,2-3,a") == Places{4, 2, 3, 0});
  CHECK(find("b,c") == Places{1});
  CHECK(find("1-2") == Places{2});  // the label, as a whole
  CHECK(find("\"1-2\",0-1") == Places{2, 0, 1});
  CHECK(find("\"b,c\",a") == Places{1, 0});
  CHECK(find("7") == Places{7});  // an index before a label
  CHECK(find("\"7\"") == Places{3});
  CHECK(find("\"") == Places{4});
  CHECK(find("x-y,a") == Places{8, 0});
  CHECK(find("5-6") == Places{5, 6});
  const auto error = [&](const std::string& text) { return test::error_of([&] { find(text); }); };
  CHECK(error("the") == "2 keys have the label \"the\"; expected an index\n  hint: 5,6 have it");
  CHECK(error("a,zz") ==
        "there is no key \"zz\"; expected an index from 0 to 8, a range such as 0-8, or a label");
  for (const char* wrong : {"9", "3-2", "0-9", "-1", "1-", "a-7", "99999999999999999999999"}) {
    CAPTURE(wrong);
    CHECK(error(wrong).find("there is no key") == 0);
  }
  const Names words = {"rabbit", "hole"};
  CHECK(test::error_of([&] { places_of("rabit", words, "query"); }) ==
        "there is no query \"rabit\"; expected an index from 0 to 1, a range such as 0-1, or a "
        "label\n  hint: did you mean rabbit?");
}

}  // namespace attn_viz::figure
