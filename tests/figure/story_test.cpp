// The story of a head: what its equations are, that every cell has its colour, that nothing is
// clipped or covered, and that frames reveal it in place.
#include "attn_viz/figure/story.hpp"

#include <algorithm>
#include <deque>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "attn_viz/core/error.hpp"
#include "attn_viz/input/document.hpp"
#include "attn_viz/mechanisms/attention.hpp"
#include "catch.hpp"
#include "figure/support.hpp"

using namespace attn_viz;
using namespace attn_viz::figure;

namespace {

/// Kept until the end: a story looks at its trace's values.
const Trace& kept_trace(const std::string& document) {
  static std::deque<Trace> traces;
  return traces.emplace_back(run_attention(read_document(document, "test")));
}

const Trace& sample(const std::string& name) {
  std::ifstream file(ATTN_VIZ_SOURCE_DIR "/samples/" + name + ".json");
  REQUIRE(file);
  return kept_trace({std::istreambuf_iterator<char>(file), {}});
}

/// The samples of attention; the story of other mechanisms is not told.
std::vector<std::string> sample_names() {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(ATTN_VIZ_SOURCE_DIR "/samples")) {
    if (entry.path().extension() != ".json") continue;
    std::ifstream file(entry.path());
    const std::string text{std::istreambuf_iterator<char>(file), {}};
    if (text.find("\"mechanism\"") == std::string::npos)
      names.push_back(entry.path().stem().string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

/// "Project: queries, keys and values | X · W_Q = Q".
std::vector<std::string> told(const Story& story) {
  std::vector<std::string> lines;
  for (const StoryLine& line : story.lines) {
    std::string text = line.stage.substr(0, line.stage.find_first_of(" :")) + " |";
    for (const StoryTerm& term : line.terms) {
      if (!term.sign.empty()) text += " " + term.sign;
      text += " " + term.matrix.symbol;
    }
    lines.push_back(text + (line.continues ? " (continues)" : ""));
  }
  return lines;
}

/// The term of each panel of the picture, found by how many panels each line adds.
std::vector<const StoryMatrix*> drawn_matrices(const Story& story, Painter& painter) {
  std::vector<const StoryMatrix*> matrices;
  std::size_t before = 0;
  for (const Story& frame : frames_of(story)) {
    const StoryLine& line = story.lines[*frame.revealed - 1];
    const std::size_t now = painter.lay_out(frame).panels.size();
    const std::size_t skipped = line.terms.size() - (now - before);
    REQUIRE(skipped <= (line.continues ? 1 : 0));
    for (std::size_t t = skipped; t < line.terms.size(); ++t)
      matrices.push_back(&line.terms[t].matrix);
    before = now;
  }
  return matrices;
}

struct Box {
  double left, top, right, bottom;
  bool meets(const Box& other) const {
    return left < other.right && other.left < right && top < other.bottom && other.top < bottom;
  }
};

Box box_of(const PlacedText& text) {
  return {text.left, text.top, text.left + text.width, text.top + text.height};
}

/// Everything inside of the sheet; no text on another, or on a matrix if it is not a number;
/// no matrix on another.
void check_story(const Layout& layout) {
  std::vector<Box> matrices, texts;
  for (const Cells& cells : layout.panels)
    matrices.push_back({static_cast<double>(cells.left), static_cast<double>(cells.top),
                        static_cast<double>(cells.left + cells.columns * cells.cell_width),
                        static_cast<double>(cells.top + cells.rows * cells.cell_height)});
  for (const PlacedText& text : layout.texts) texts.push_back(box_of(text));
  const auto inside = [&](const Box& box) {
    return box.left >= 0 && box.top >= 0 && box.right <= static_cast<double>(layout.width) &&
           box.bottom <= static_cast<double>(layout.height);
  };
  std::size_t wrong = 0;
  for (std::size_t a = 0; a < texts.size(); ++a) {
    const PlacedText& text = layout.texts[a];
    if (text.width == 0) continue;
    if (!inside(texts[a]) && wrong++ == 0) UNSCOPED_INFO("outside: " << text.text);
    for (std::size_t b = a + 1; b < texts.size(); ++b)
      if (layout.texts[b].width > 0 && texts[a].meets(texts[b]) && wrong++ == 0)
        UNSCOPED_INFO("meet: " << text.text << " and " << layout.texts[b].text);
    for (const Box& matrix : matrices)
      if (text.kind != TextKind::kValue && texts[a].meets(matrix) && wrong++ == 0)
        UNSCOPED_INFO("on cells: " << text.text);
  }
  for (std::size_t a = 0; a < matrices.size(); ++a) {
    if (!inside(matrices[a]) && wrong++ == 0) UNSCOPED_INFO("matrix " << a << " outside");
    for (std::size_t b = a + 1; b < matrices.size(); ++b)
      if (matrices[a].meets(matrices[b]) && wrong++ == 0)
        UNSCOPED_INFO("matrices " << a << " and " << b);
  }
  CHECK(wrong == 0);
}

/// The colour of a drawn cell, or of the nearest two where it is a mean.
bool is_color_of(Rgb got, const StoryMatrix& matrix, const Cells& cells, std::size_t i,
                 std::size_t j, Theme theme) {
  const Panel& panel = matrix.panel;
  double sum = 0, count = 0;
  for (std::size_t r = i * cells.row_reduction;
       r < std::min((i + 1) * cells.row_reduction, panel.values.rows()); ++r)
    for (std::size_t c = j * cells.column_reduction;
         c < std::min((j + 1) * cells.column_reduction, panel.values.columns()); ++c) {
      const bool masked = panel.values.at(r, c) == kMinusInfinity ||
                          (panel.scores && panel.scores->at(r, c) == kMinusInfinity);
      if (masked) continue;
      sum += panel.values.at(r, c);
      count += 1;
    }
  if (count == 0) return got == palette_of(theme).masked;
  const double slack = cells.row_reduction * cells.column_reduction > 1 ? 1e-9 : 0;
  return got == color_of(*panel.scale, sum / count - slack) ||
         got == color_of(*panel.scale, sum / count + slack);
}

void check_pixels(const Story& story, Painter& painter) {
  const Layout layout = painter.lay_out(story);
  const DecodedPng image = decode(painter.paint(story, Format::kPng).bytes);
  REQUIRE(image.width == layout.width);
  REQUIRE(image.height == layout.height);
  const std::vector<const StoryMatrix*> matrices = drawn_matrices(story, painter);
  REQUIRE(matrices.size() == layout.panels.size());
  std::size_t wrong = 0;
  for (std::size_t p = 0; p < matrices.size(); ++p) {
    const Cells& cells = layout.panels[p];
    for (std::size_t i = 0; i < cells.rows; ++i)
      for (std::size_t j = 0; j < cells.columns; ++j)
        if (!is_color_of(cell_color(image, cells, i, j), *matrices[p], cells, i, j, story.theme) &&
            wrong++ == 0)
          UNSCOPED_INFO(matrices[p]->symbol << ", cell " << i << ", " << j);
  }
  CHECK(wrong == 0);
}

std::string random_document(std::size_t n, std::size_t d, const std::string& more,
                            const std::vector<std::string>& words = {}) {
  const std::vector<double> numbers = random_values(n * d, -2, 2);
  std::string text = "{\"title\": \"A story\", \"tokens\": [";
  for (std::size_t i = 0; i < n; ++i)
    text += (i == 0 ? "\"" : ", \"") +
            (words.empty() ? numbered("t", i) : words[i % words.size()]) + "\"";
  text += "], \"embeddings\": [";
  for (std::size_t i = 0; i < n; ++i) {
    text += i == 0 ? "[" : ", [";
    for (std::size_t j = 0; j < d; ++j)
      text += (j == 0 ? "" : ", ") + std::to_string(numbers[i * d + j]);
    text += "]";
  }
  return text + "]" + more + "}";
}

}  // namespace

TEST_CASE("story: it reads like the mathematics") {
  CHECK(told(story_of(sample("three-tokens"))) ==
        std::vector<std::string>{
            "Project | X · W_Q = Q", "Project | X · W_K = K", "Project | X · W_V = V",
            "Compare | Q · Kᵀ = S", "Compare | S → S_scaled (continues)",
            "Normalise | S_scaled → A (continues)", "Mix | A · V = O_0", "Combine | C · W_O = O"});
  CHECK(told(story_of(sample("tom-chase-jerry")))[2] == "Project | Z · W_V = V");
  const auto differential = told(story_of(sample("differential")));
  CHECK(std::count(differential.begin(), differential.end(), "Normalise | A_1 − λ · A_2 = A") == 1);
  const auto masked = told(story_of(sample("causal")));
  CHECK(std::count(masked.begin(), masked.end(),
                   "Compare | S_scaled where M → S_masked (continues)") == 1);
  StoryOptions second;
  second.head = 1;
  const auto alice = told(story_of(sample("alice"), second));
  CHECK(std::count(alice.begin(), alice.end(), "Combine | O_0 ‖ O_1 = C") == 1);
  const auto learned = told(story_of(sample("learned")));
  CHECK(learned[1] == "Prepare | X + P = X_P");
  const auto talking = told(story_of(sample("talking-heads")));
  CHECK(std::count(talking.begin(), talking.end(), "Compare | S , S (head 1) , P_l → S_mixed") ==
        1);
  const auto many =
      told(story_of(kept_trace(random_document(3, 8, R"(, "attention": {"heads": 8})"))));
  CHECK(std::count(many.begin(), many.end(), "Combine | O_0 … = C") == 1);
}

TEST_CASE("story: positions of queries and keys prepare the input of their layer") {
  StoryOptions cross;
  cross.block = StoryOptions::Block::kCross;
  const std::vector<std::string> detr = told(story_of(sample("detr"), cross));
  const auto tells = [&](const char* line) {
    return std::count(detr.begin(), detr.end(), line) == 1;
  };
  CHECK(tells("Prepare | R + P = X_P"));
  CHECK(tells("Prepare | H_1 + P_K = Y_P"));
  CHECK(tells("Project | Y_P · W_K = K"));
  CHECK(tells("Project | H_1 · W_V = V"));
}

TEST_CASE("story: every step of the head is a result, with its equation, name and shape") {
  for (const std::string& name : sample_names()) {
    INFO(name);
    const Trace& trace = sample(name);
    StoryOptions options;
    const bool decoder = trace.find("layer0/head0/weights") != nullptr;
    if (!decoder) options.block = StoryOptions::Block::kCross;
    const Story story = story_of(trace, options);
    const std::string prefix = decoder ? "layer0/head0/" : "layer0/cross/head0/";
    for (const Step& step : trace.steps) {
      if (step.id.rfind(prefix, 0) != 0 || step.inputs.empty()) continue;
      INFO(step.id);
      const auto line = std::find_if(story.lines.begin(), story.lines.end(), [&](const auto& each) {
        return each.terms.back().matrix.panel.title == step.id;
      });
      REQUIRE(line != story.lines.end());
      const StoryMatrix& result = line->terms.back().matrix;
      CHECK(result.equation == step.equation);
      CHECK(result.symbol == step.symbol);
      CHECK(result.facts.find(std::to_string(step.values.shape()[0])) != std::string::npos);
    }
  }
}

TEST_CASE("story: each cell of each sample has the colour of its value, and nothing is covered") {
  Painter painter;
  for (const std::string& name : sample_names()) {
    INFO(name);
    const Trace& trace = sample(name);
    StoryOptions options;
    if (trace.find("layer0/head0/weights") == nullptr) options.block = StoryOptions::Block::kCross;
    const Story story = story_of(trace, options);
    check_story(painter.lay_out(story));
    check_pixels(story, painter);
  }
}

TEST_CASE("story: shapes from 1 to hundreds, of one head or many") {
  Painter painter;
  const std::size_t shapes[][2] = {{1, 1},   {1, 8},  {2, 1},  {9, 1},    {3, 16},  {7, 7},
                                   {12, 12}, {13, 4}, {40, 8}, {128, 64}, {3, 300}, {600, 2}};
  for (const auto& [n, d] : shapes)
    for (const std::size_t heads : {std::size_t{1}, std::size_t{8}}) {
      if (d % heads != 0) continue;
      INFO(n << " × " << d << ", " << heads << " heads");
      const Trace& trace = kept_trace(random_document(
          n, d,
          R"(, "attention": {"weights": {"random": 1}, "heads": )" + std::to_string(heads) + "}"));
      for (const Theme theme : {Theme::kLight, Theme::kDark}) {
        StoryOptions options;
        options.look.theme = theme;
        const Story story = story_of(trace, options);
        const Layout layout = painter.lay_out(story);
        CHECK(layout.width * 9 == layout.height * 16);
        check_story(layout);
        check_pixels(story, painter);
      }
    }
}

TEST_CASE("story: a drawn cell that is a mean says so") {
  const Story story = story_of(kept_trace(random_document(3, 900, "")));
  Painter painter;
  const Layout layout = painter.lay_out(story);
  CHECK(std::any_of(layout.panels.begin(), layout.panels.end(),
                    [](const Cells& cells) { return cells.column_reduction > 1; }));
  CHECK(std::any_of(layout.texts.begin(), layout.texts.end(), [](const PlacedText& text) {
    return text.kind == TextKind::kFacts && text.text.rfind("a cell: mean of", 0) == 0;
  }));
}

TEST_CASE("story: more than a sheet holds makes a higher one, or one as wide as its longest line") {
  Painter painter;
  Story story = story_of(sample("causal"));
  const std::vector<StoryLine> lines = story.lines;
  for (int i = 0; i < 25; ++i) story.lines.insert(story.lines.end(), lines.begin(), lines.end());
  const Layout high = painter.lay_out(story);
  CHECK(high.height * 16 > high.width * 9);
  check_story(high);
  story.lines = lines;
  for (int i = 0; i < 40; ++i) story.lines[0].terms.push_back(lines[0].terms[1]);
  check_story(painter.lay_out(story));
}

TEST_CASE("story: words of all sorts") {
  Painter painter;
  const std::vector<std::string> words = {"the",
                                          "注意力",
                                          "العربية",
                                          "מילה",
                                          std::string(200, 'w'),
                                          "Donaudampfschiff",
                                          "",
                                          " leading",
                                          "<b>&amp;",
                                          "🙂🙂",
                                          "a\\nb",
                                          "हिन्दी"};
  for (const std::size_t n : {2, 5, 12, 30}) {
    INFO(n);
    check_story(painter.lay_out(story_of(
        kept_trace(random_document(n, 4, R"(, "attention": {"mask": {"causal": true}})", words)))));
  }
  Story story = story_of(sample("three-tokens"));
  for (int i = 0; i < 60; ++i) story.title += " and a very long title";
  story.notes = {"A note.", std::string(500, 'n')};
  check_story(painter.lay_out(story));
}

TEST_CASE("story: frames reveal one result after another in its place") {
  Painter painter;
  for (const char* name : {"three-tokens", "causal", "differential"}) {
    INFO(name);
    const Story story = story_of(sample(name));
    const Layout whole = painter.lay_out(story);
    const std::vector<Story> frames = frames_of(story);
    REQUIRE(frames.size() == story.lines.size());
    std::size_t before = 0;
    for (const Story& frame : frames) {
      const Layout layout = painter.lay_out(frame);
      CHECK(layout.width == whole.width);
      CHECK(layout.height == whole.height);
      REQUIRE(layout.panels.size() > before);
      for (std::size_t p = 0; p < layout.panels.size(); ++p) {
        CHECK(layout.panels[p].left == whole.panels[p].left);
        CHECK(layout.panels[p].top == whole.panels[p].top);
      }
      // The outline of the newest result, and of it alone.
      const DecodedPng image = decode(painter.paint(frame, Format::kPng).bytes);
      const auto beside = [&](const Cells& cells) {
        return image.at(cells.left - 5, cells.top + cells.cell_height / 2);
      };
      const Rgb outline = beside(layout.panels.back());
      CHECK_FALSE(outline == palette_of(Theme::kLight).paper);
      CHECK_FALSE(beside(layout.panels.front()) == outline);
      before = layout.panels.size();
    }
    CHECK(before == whole.panels.size());
    CHECK(painter.lay_out(frames.back()).texts.size() == whole.texts.size());
  }
}

TEST_CASE("story: a query is followed through the rows that are its own") {
  StoryOptions options;
  options.query = "green";
  const Story story = story_of(sample("three-tokens"), options);
  std::vector<std::string> marked;
  for (const StoryLine& line : story.lines)
    for (const StoryTerm& term : line.terms)
      if (term.matrix.marked_row) {
        CHECK(term.matrix.marked_row == 1);
        marked.push_back(line.terms.back().matrix.symbol + ": " + term.matrix.symbol);
      }
  CHECK(marked == std::vector<std::string>{"Q: X", "Q: Q", "S: Q", "S: S", "S_scaled: S",
                                           "S_scaled: S_scaled", "A: S_scaled", "A: A", "O_0: A",
                                           "O_0: O_0", "O: C", "O: O"});
  options.query = "2";
  options.head = 1;
  const Story alice = story_of(sample("alice"), options);
  CHECK(alice.lines.back().terms[0].matrix.marked_row == 2);
  CHECK(alice.lines.back().terms[2].matrix.marked_row == 2);
  options.head = 0;
  options.query = "blue";
  CHECK_THROWS_AS(story_of(sample("three-tokens"), options), Error);
}

TEST_CASE("story: which head, and what is said of a missing one") {
  const Trace& trace = sample("encoder-decoder");
  using Block = StoryOptions::Block;
  const auto first_of = [&](Block block) {
    StoryOptions options;
    options.block = block;
    return told(story_of(trace, options))[0];
  };
  CHECK(first_of(Block::kSelf) == "Project | X · W_Q = Q");
  CHECK(first_of(Block::kEncoder) == "Project | Y · W_Q = Q");
  CHECK(first_of(Block::kCross) == "Project | O · W_Q = Q");
  const auto refusal = [&](std::size_t layer, std::size_t head, Block block) {
    StoryOptions options;
    options.layer = layer;
    options.head = head;
    options.block = block;
    try {
      story_of(trace, options);
    } catch (const Error& error) {
      return std::string(error.what());
    }
    return std::string();
  };
  CHECK(refusal(0, 2, Block::kSelf).find("there is no head 2 in layer 0; expected 0 to 0") !=
        std::string::npos);
  CHECK(refusal(7, 0, Block::kCross).find("there is no layer 7 of cross-attention") !=
        std::string::npos);
}

TEST_CASE("story: all formats, and the same bytes each time") {
  const Story story = story_of(sample("causal"));
  Painter painter;
  for (const Format format : {Format::kPng, Format::kSvg, Format::kPdf}) {
    const std::string bytes = painter.paint(story, format).bytes;
    CHECK(bytes.size() > 10'000);
    CHECK(bytes == paint(story, format).bytes);
  }
}
