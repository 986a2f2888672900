// Feature maps over a picture: which maps, how they are sorted into sheets, and their scales.
#include "attn_viz/figure/overlays.hpp"
#include "attn_viz/mechanisms/run.hpp"
#include "catch.hpp"
#include "figure/overlay_pixels.hpp"
#include "support/maps.hpp"
#include "support/problems.hpp"
#include "support/tensors.hpp"

namespace attn_viz::figure {
namespace {

using Names = std::vector<std::string>;

std::shared_ptr<const Image> grey_picture() {
  return std::make_shared<const Image>(Image{8, 4, std::vector<std::uint8_t>(96, 100)});
}

/// Three blocks of 4 × 8, 2 × 4 and 1 × 2.
Trace distillation() {
  DistillationTask task{.title = "three blocks", .blocks = {}};
  for (const std::size_t rows : {4, 2, 1}) {
    task.blocks.push_back(
        {"E" + std::to_string(rows), test::random_tensor({2, rows, 2 * rows}, "maps")});
  }
  task.image = "p.png";
  return run(std::move(task));
}

std::vector<NamedDrawing> drawn(const Trace& trace, const std::vector<const Step*>& maps,
                                const OverlayOptions& options = {}) {
  return map_overlays(trace, maps, {"p.png", grey_picture()}, options);
}

Names titles_of(const NamedDrawing& drawing) {
  Names titles;
  for (const OverlayPanel& panel : std::get<Overlay>(drawing.drawing).panels)
    titles.push_back(panel.title);
  return titles;
}

TEST_CASE("map overlays: of each block the map that is compared, in its own size") {
  const Trace trace = distillation();
  CHECK(trace.settings.get<std::string>("image") == "p.png");
  const std::vector<const Step*> maps = usual_maps(trace);
  REQUIRE(maps.size() == 3);
  CHECK(are_maps(trace, maps));
  for (std::size_t i = 0; i < 3; ++i)
    CHECK(maps[i]->id == "block" + std::to_string(i) + "/sum_power");
  const auto drawings = drawn(trace, maps);
  REQUIRE(drawings.size() == 1);
  CHECK(drawings[0].name == "sum_power-overlay");
  CHECK(titles_of(drawings[0]) == Names{"E4, 4 × 8", "E2, 2 × 4", "E1, 1 × 2"});
  const auto& overlay = std::get<Overlay>(drawings[0].drawing);
  double largest = 0;
  for (std::size_t i = 0; i < 3; ++i) {
    const OverlayPanel& panel = overlay.panels[i];
    REQUIRE(panel.weights.size() == maps[i]->values.count());
    for (std::size_t k = 0; k < panel.weights.size(); ++k) {
      CHECK(panel.weights[k] == maps[i]->values.at(k));
      largest = std::max(largest, panel.weights[k]);
    }
  }
  CHECK(overlay.scale.low == 0);
  CHECK(overlay.scale.high == largest);
  CHECK(overlay.picture_title == "p.png");
}

TEST_CASE("map overlays: the other maps of a block, where they are compared") {
  DistillationTask task{.title = "t", .blocks = {}};
  for (int block = 0; block < 2; ++block)
    task.blocks.push_back({"E", test::random_tensor({2, 2, 2}, "maps")});
  task.settings.map = EnergyMap::kMaximumPower;
  const Trace trace = run(std::move(task));
  CHECK(usual_maps(trace)[0]->id == "block0/maximum_power");
  CHECK(usual_maps(trace)[1]->id == "block1/maximum_power");
}

TEST_CASE("map overlays: a sheet for each kind of map, with a scale of its own") {
  StripPooling settings;
  settings.gate = StripPooling::Gate{};
  const Trace trace = run(test::maps_task(test::random_tensor({2, 3, 4}, "maps"), settings));
  const auto drawings = drawn(trace, usual_maps(trace));
  REQUIRE(drawings.size() == 3);
  CHECK(drawings[0].name == "expanded-overlay");
  CHECK(drawings[1].name == "gate-values-overlay");
  CHECK(drawings[2].name == "output-overlay");
  CHECK(titles_of(drawings[1]) == Names{"g, channel 0, 3 × 4", "g, channel 1, 3 × 4"});
  const auto& signs = std::get<Overlay>(drawings[2].drawing).scale;
  CHECK(signs.map == ColorMap::kDiverging);
  CHECK(signs.low == -signs.high);
  CHECK(signs.note.starts_with("value, ± the largest size ("));
  CHECK(std::get<Overlay>(drawings[1].drawing).scale.low == 0);
}

TEST_CASE("map overlays: scales of 0 to 1, and of each map") {
  const Trace trace = distillation();
  const std::vector<const Step*> maps = usual_maps(trace);
  OverlayOptions options;
  options.scale = OverlayScale::kEach;
  const auto each = drawn(trace, maps, options);
  const auto& overlay = std::get<Overlay>(each[0].drawing);
  for (const OverlayPanel& panel : overlay.panels) {
    REQUIRE(panel.scale);
    CHECK(panel.scale->high == *std::max_element(panel.weights.begin(), panel.weights.end()));
  }
  options.scale = OverlayScale::kUnit;
  const Step* student = trace.find("pair0/student");
  const auto unit = drawn(trace, {student}, options);
  CHECK(unit[0].name == "pair0-student-overlay");
  CHECK(std::get<Overlay>(unit[0].drawing).scale.high == 1);
}

TEST_CASE("overlays: a pixel's weights of strips color whole columns and whole rows") {
  const Trace trace =
      run(test::maps_task(test::random_tensor({2, 3, 4}, "x"), StripAttention{Strips::kBoth}));
  OverlayOptions options;
  options.queries = {"1,2"};
  const auto draw = [&](const char* id) {
    const auto picture_of = [](const AxisInfo&) { return NamedPicture{"p.png", grey_picture()}; };
    const auto drawings = overlays(trace, {trace.find(id)}, picture_of, options);
    REQUIRE(drawings.size() == 1);
    return std::get<Overlay>(drawings[0].drawing);
  };
  const Overlay columns = draw("columns/weights"), rows = draw("rows/weights");
  const OverlayPanel &by_column = columns.panels.at(0), &by_row = rows.panels.at(0);
  REQUIRE(by_column.weights.size() == 12);
  for (std::size_t p = 0; p < 12; ++p) {
    CHECK(by_column.weights[p] == trace.find("columns/weights")->values.at(6, p % 4));
    CHECK(by_row.weights[p] == trace.find("rows/weights")->values.at(6, p / 4));
  }
  CHECK(by_row.marked == std::pair<std::size_t, std::size_t>{1, 2});
  CHECK(columns.notes[0].ends_with("one color for each column."));
  CHECK(rows.notes[0].ends_with("one color for each row."));
}

TEST_CASE("map overlays: many channels are cut, and the figure says so") {
  const Trace trace = run(test::maps_task(test::random_tensor({20, 2, 2}, "maps"), StripPooling{}));
  const auto drawings = drawn(trace, usual_maps(trace));
  const auto& overlay = std::get<Overlay>(drawings[0].drawing);
  CHECK(overlay.panels.size() == 16);
  CHECK(overlay.notes.back() == "The first 16 of 20 channels.");
}

TEST_CASE("map overlays: each panel is stretched over the picture by its own grid") {
  Overlay overlay;
  overlay.picture = grey_picture();
  overlay.opacity = 1;
  overlay.scale = {ColorMap::kGreys, 0, 1, ""};
  const OverlayPanel fine{.weights = {0, 1, 0, 1, 0, 1, 0, 1}, .grid = std::pair(1, 8)};
  const OverlayPanel coarse{.weights = {0, 1}, .grid = std::pair(1, 2)};
  const auto level = [&](const OverlayPanel& panel, std::size_t x) {
    return overlay_pixels(overlay, panel, *overlay.picture)[3 * x];
  };
  for (std::size_t x = 0; x < 8; ++x) {
    CHECK(level(fine, x) == level(coarse, x % 2 == 0 ? 0 : 7));
    CHECK(level(coarse, x) == level(coarse, x < 4 ? 0 : 7));
  }
  CHECK(level(coarse, 0) != level(coarse, 7));
}

}  // namespace
}  // namespace attn_viz::figure
