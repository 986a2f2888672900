// show: a heatmap in the terminal.
#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <memory>

#include "attn_viz/figure/chosen.hpp"
#include "attn_viz/terminal/draw.hpp"
#include "attn_viz/trace/select.hpp"
#include "cli/arguments.hpp"
#include "cli/commands.hpp"
#include "cli/load.hpp"

namespace attn_viz::cli {
namespace {

enum class ColorWish { kAuto, kAlways, kNever };

struct ShowOptions {
  std::string input;
  StepQuery steps;
  figure::ChosenOptions figures;
  std::optional<std::size_t> width;
  std::optional<int> digits;
  ColorWish color = ColorWish::kAuto;
  Overrides overrides;
};

std::string_view environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? std::string_view() : value;
}

/// Whether colours are wanted, and which the terminal has. What counts is standard output.
terminal::Color color_of(ColorWish wish) {
  const bool terminal = ::isatty(STDOUT_FILENO) == 1 && environment("TERM") != "dumb";
  const bool wanted = wish == ColorWish::kAlways ||
                      (wish == ColorWish::kAuto && terminal && environment("NO_COLOR").empty());
  if (!wanted) return terminal::Color::kNone;
  const std::string_view depth = environment("COLORTERM");
  return depth == "truecolor" || depth == "24bit" ? terminal::Color::kTrue
                                                  : terminal::Color::kPalette;
}

/// Columns and lines: of the terminal, else as the environment says.
void measure(const ShowOptions& options, terminal::Options& drawing) {
  winsize size{};
  const bool known = ::isatty(STDOUT_FILENO) == 1 &&
                     ::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0;
  const auto columns = parse_number<std::uint16_t>(environment("COLUMNS"));
  const auto lines = parse_number<std::uint16_t>(environment("LINES"));
  if (known)
    drawing.width = size.ws_col;
  else if (columns && *columns > 0)
    drawing.width = *columns;
  if (known && size.ws_row > 0)
    drawing.height = size.ws_row;
  else if (lines && *lines > 0)
    drawing.height = *lines;
  drawing.width = options.width.value_or(std::max(terminal::kLeastWidth, drawing.width));
}

int show(const ShowOptions& options, Console& console) {
  console.progress(fmt::format("{}: computing", shown_name(options.input)));
  const Trace trace = load_trace(options.input, options.overrides);
  terminal::Options drawing;
  drawing.color = color_of(options.color);
  drawing.digits = options.digits;
  measure(options, drawing);
  std::string text;
  try {
    const auto steps = select_steps(trace, options.steps);
    for (figure::Figure& figure : figure::chosen_figures(trace, steps, options.figures)) {
      if (!text.empty()) figure.title.clear(), text += '\n';
      text += terminal::draw(figure, drawing);
    }
  } catch (Error& error) {
    // A faulty list of numbers is no fault of the file.
    if (error.code() == ErrorCode::kUsage) throw;
    throw error.in_file(shown_name(options.input));
  }
  console.print(text);
  return 0;
}

}  // namespace

void add_show(Program& program, Console& console) {
  const auto options = std::make_shared<ShowOptions>();
  Command& command = program.add("show", "Show a heatmap in the terminal");
  command.footer =
      "Example:\n"
      "  attn-viz show samples/alice.json --head 0\n"
      "Colors only on a terminal, and not under NO_COLOR; else shades are ASCII characters.";
  command.keep("FILE", &options->input, "Trace or document (JSON); - reads standard input")
      .required();
  command.text("--step", "STEP",
               "Name (default: weights), id, or pattern such as 'layer0/*' of the steps to show",
               [options](const std::string& text) { options->steps.step = text; });
  command.text("--layer", "LIST", "Only these layers: 0, 0-2 or 0,2",
               [options](const std::string& text) { options->steps.layer = text; });
  command.text("--head", "LIST", "Only these heads: 0, 0-2 or 0,2",
               [options](const std::string& text) { options->steps.head = text; });
  command.text("--query", "QUERY",
               "Only this query, an index or a label: as a map of patches, or one row",
               [options](const std::string& text) { options->figures.query = text; });
  command.text(
      "--color-scale", "NAME", "unit (default): weights from 0 to 1; auto: the range of the data",
      [options](const std::string& text) {
        constexpr std::string_view kKnown[] = {"unit", "auto"};
        options->figures.auto_scale = expect_name("--color-scale", "scale", text, kKnown) == 1;
      });
  command.text("--digits", "N", "Decimals of the numbers in small matrices, 0 to 17",
               [options](const std::string& text) {
                 options->digits = parse_number<int>(text);
                 if (!options->digits || *options->digits < 0 || *options->digits > 17) {
                   throw bad_value("--digits", "a whole number from 0 to 17", text);
                 }
               });
  command.text("--width", "N", "Columns to use (default: the terminal's, or 80)",
               [options](const std::string& text) {
                 const auto width = parse_number<std::uint16_t>(text);
                 if (!width || *width < terminal::kLeastWidth) {
                   throw bad_value(
                       "--width",
                       fmt::format("a whole number from {} to 65535", terminal::kLeastWidth), text);
                 }
                 options->width = *width;
               });
  command.text(
      "--color", "WHEN", "auto (default), always or never", [options](const std::string& text) {
        constexpr std::string_view kKnown[] = {"auto", "always", "never"};
        options->color = static_cast<ColorWish>(expect_name("--color", "choice", text, kKnown));
      });
  add_setting_options(command, options->overrides);
  command.act = [options, &console] { return show(*options, console); };
}

}  // namespace attn_viz::cli
