// patchify: a picture as a document of patches.
#include <fmt/format.h>
#include <unistr.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <tuple>
#include <utility>

#include "attn_viz/core/files.hpp"
#include "attn_viz/core/json_write.hpp"
#include "attn_viz/core/pixels.hpp"
#include "attn_viz/ops/operation.hpp"
#include "cli/arguments.hpp"
#include "cli/commands.hpp"
#include "cli/load.hpp"
#include "figure/png.hpp"
#include "mechanisms/parameters.hpp"

namespace attn_viz::cli {
namespace {

namespace fs = std::filesystem;

/// The most numbers of a document: about 200 MB of text.
constexpr double kMostNumbers = 10'000'000;
constexpr int kMostSide = 1 << 20;

struct PatchifyOptions {
  std::string input, output, picture;
  std::size_t patch = 0;
  std::optional<std::pair<std::size_t, std::size_t>> size;  ///< width, height
  bool grey = false, crop = false, pad = false, class_token = false;
  std::optional<std::size_t> embed;  ///< D
  std::optional<std::uint32_t> seed;
  std::optional<int> digits;
};

/// The pixels to be cut into patches, and what was done to them, for a reader.
struct Prepared {
  Tensor pixels;  ///< [height, width, channels]
  std::string story;
  bool is_whole = true;  ///< nothing was cut off or added: the patches cover the picture
};

std::size_t whole_patches(std::size_t side, std::size_t patch, bool pad) {
  return (side + (pad ? patch - 1 : 0)) / patch * patch;
}

Error misfit(std::size_t width, std::size_t height, std::size_t patch) {
  Error error(ErrorCode::kInvalid,
              fmt::format("patches of {0} × {0} pixels do not divide a picture "
                          "of {1} × {2} pixels (width × height)",
                          patch, width, height));
  const std::size_t less[] = {whole_patches(width, patch, false),
                              whole_patches(height, patch, false)};
  const std::string pad = fmt::format("--pad (to {} × {})", whole_patches(width, patch, true),
                                      whole_patches(height, patch, true));
  return less[0] == 0 || less[1] == 0
             ? error.hint(fmt::format("take smaller patches, --resize, or {}", pad))
             : error.hint(fmt::format("add --crop (to {} × {}) or {}, or --resize", less[0],
                                      less[1], pad));
}

/// @throws Error kInvalid unless whole patches come out, kLimit if there would be too many numbers.
Prepared prepare(const Image& picture, const PatchifyOptions& options) {
  Prepared prepared{.pixels = {}, .story = {}, .is_whole = true};
  std::size_t width = picture.width, height = picture.height;
  const auto expect_room = [&](std::size_t w, std::size_t h) {
    const double numbers = static_cast<double>(w) * static_cast<double>(h) * (options.grey ? 1 : 3);
    if (numbers <= kMostNumbers) return;
    throw Error(
        ErrorCode::kLimit,
        fmt::format("a document of {} × {} pixels would hold {:.0f} numbers; at most {:.0f} "
                    "can be written",
                    w, h, numbers, kMostNumbers))
        .hint("make the picture smaller with --resize");
  };
  if (options.size) {
    std::tie(width, height) = *options.size;
    expect_room(width, height);
    prepared.pixels = area_resized(pixels_of(picture, options.grey), height, width);
    prepared.story = fmt::format(", resized to {} × {} (means of areas)", width, height);
  }
  expect_room(width, height);
  if (!options.size) prepared.pixels = pixels_of(picture, options.grey);
  const std::size_t across = whole_patches(width, options.patch, options.pad);
  const std::size_t down = whole_patches(height, options.patch, options.pad);
  if (across == width && down == height) return prepared;
  if (!options.pad && (!options.crop || across == 0 || down == 0))
    throw misfit(width, height, options.patch);
  expect_room(across, down);
  prepared.pixels = cut_to(prepared.pixels, down, across);
  prepared.story += fmt::format(", {} at the right and bottom to {} × {}",
                                options.pad ? "padded with 0" : "cropped", across, down);
  prepared.is_whole = false;
  return prepared;
}

Tensor evaluate(const Operation& operation, std::initializer_list<const Tensor*> inputs,
                const Attributes& attributes) {
  return operation.evaluate(std::span(inputs.begin(), inputs.size()), attributes).values;
}

void round_to(Tensor& rows, int digits) {
  const double unit = std::pow(10.0, digits);
  for (double& value : rows.values<double>()) value = std::round(value * unit) / unit + 0.0;
}

// ---- the document ----

json::Node text_node(std::string text) {
  json::Node node;
  node.kind = json::Kind::kText;
  node.text = std::move(text);
  return node;
}

json::Node number_node(std::size_t number) {
  json::Node node;
  node.kind = json::Kind::kNumber;
  node.number = static_cast<double>(number);
  return node;
}

json::Node numbers_node(std::vector<std::size_t> shape, Buffer<double> numbers) {
  json::Node node;
  node.kind = json::Kind::kNumbers;
  node.shape = std::move(shape);
  node.numbers = std::move(numbers);
  return node;
}

/// The picture as the document names it: relative to the document's folder; "" if there is none
/// that the patches cover.
std::string image_of(const PatchifyOptions& options, bool is_whole) {
  fs::path picture;
  if (!options.picture.empty()) {
    picture = options.picture;
  } else if (is_whole && options.input != "-") {
    picture = options.input;
  } else {
    return "";
  }
  if (options.output.empty()) return picture.generic_string();
  const fs::path folder = fs::absolute(options.output).parent_path();
  return fs::absolute(picture)
      .lexically_normal()
      .lexically_proximate(folder.lexically_normal())
      .generic_string();
}

json::Node document_of(const PatchifyOptions& options, const Prepared& prepared, Tensor rows,
                       const std::string& embedding) {
  const std::size_t down = prepared.pixels.size(0) / options.patch;
  const std::size_t across = prepared.pixels.size(1) / options.patch;
  const std::string name =
      options.input == "-" ? "a picture" : fs::path(options.input).filename().string();
  json::Node patches;
  patches.kind = json::Kind::kObject;
  patches.members = {{"rows", number_node(down)}, {"columns", number_node(across)}};
  const std::string image = image_of(options, prepared.is_whole);
  if (!image.empty()) patches.members.emplace_back("image", text_node(image));
  if (options.class_token) {
    patches.members.emplace_back(
        "class_token", numbers_node({rows.columns()}, Buffer<double>(rows.columns(), 0.0)));
  }
  const bool of_pixels = options.patch == 1;
  const std::string row = of_pixels ? "a row for each pixel"
                                    : fmt::format(
                                          "a row for each patch of {0} × {0} pixels, which "
                                          "follow row by row",
                                          options.patch);
  const char* levels = options.grey ? "grey" : "red, green and blue";
  json::Node document;
  document.kind = json::Kind::kObject;
  document.members = {
      {"title", text_node(fmt::format("{}: {} × {} {}", name, down, across,
                                      of_pixels ? "pixels" : "patches"))},
      {"comment", text_node(fmt::format("{}{}: {}; {} from 0 to 1.{} Made by attn-viz patchify.",
                                        name, prepared.story, row, levels, embedding))},
      {"patches", std::move(patches)}};
  const auto values = rows.values<double>();
  document.members.emplace_back(
      "embeddings",
      numbers_node({rows.rows(), rows.columns()}, Buffer<double>(values.begin(), values.end())));
  return document;
}

// ---- the command ----

/// What a user may not expect of the document that was written.
void warn_of(const PatchifyOptions& options, const Prepared& prepared, std::size_t patches,
             Console& console) {
  if (!prepared.is_whole && options.picture.empty()) {
    console.warn(
        "the document names no image, because the patches do not cover the picture as it is\n"
        "  hint: --save-picture FILE.png writes the picture that they cover, for overlays");
  }
  constexpr double kMostBytes = 8.0 * (1 << 30);
  const double bytes = 8.0 * static_cast<double>(patches) * static_cast<double>(patches);
  if (bytes > kMostBytes) {
    console.warn(
        fmt::format("{} patches: their attention weights alone would take {:.0f} GiB, more "
                    "than the 8 that run allows\n"
                    "  hint: take larger patches, or --resize",
                    patches, bytes / (1 << 30)));
  }
}

/// Multiplies the rows by E. @return what was done, as a sentence
std::string embed(Tensor& rows, const PatchifyOptions& options) {
  const std::size_t size = rows.columns(), embedding = *options.embed;
  const std::size_t longest = std::max(rows.rows(), size);
  if (static_cast<double>(longest) * static_cast<double>(embedding) > kMostNumbers) {
    throw Error(ErrorCode::kLimit,
                fmt::format("expected at most {:.0f} numbers in E and in a document", kMostNumbers))
        .at("--embed");
  }
  const std::uint32_t seed = options.seed.value_or(0);
  const Tensor e = glorot_uniform(size, embedding, seed, "patchify/E", DType::kFloat64);
  rows = evaluate(ops::linear, {&rows, &e}, {});
  return fmt::format(" Each row was multiplied by a random matrix E, {} × {}, seed {}.", size,
                     embedding, seed);
}

/// The picture that the patches cover, if it was asked for, and the document.
void write_files(const PatchifyOptions& options, const Prepared& prepared, const std::string& text,
                 std::size_t patches, std::size_t numbers, Console& console) {
  if (!options.picture.empty()) {
    const Image cut = picture_of(prepared.pixels);
    write_file(options.picture, figure::encode_png(cut.rgb, cut.width, cut.height));
  }
  if (options.output.empty()) return console.print(text);
  write_file(options.output, text);
  console.result(fmt::format("{}: {} patches of {} numbers", options.output, patches, numbers));
}

/// Nothing that is read, or written first, is written over; and names can stand in a document.
void expect_fitting_names(const PatchifyOptions& options) {
  const auto same = [](const std::string& a, const std::string& b) {
    return !a.empty() && !b.empty() && a != "-" && b != "-" &&
           fs::weakly_canonical(a) == fs::weakly_canonical(b);
  };
  const auto refuse = [](const char* option, const char* what) {
    throw Error(ErrorCode::kUsage, fmt::format("expected another file than {}", what)).at(option);
  };
  if (same(options.output, options.input)) refuse("--output", "the picture that is read");
  if (same(options.picture, options.input)) refuse("--save-picture", "the picture that is read");
  if (same(options.picture, options.output)) refuse("--save-picture", "the document");
  for (const std::string* name : {&options.input, &options.output, &options.picture}) {
    if (u8_check(reinterpret_cast<const std::uint8_t*>(name->data()), name->size()) != nullptr)
      throw Error(ErrorCode::kInvalid, "its name is not UTF-8, which a document cannot hold")
          .hint("give it another name");
  }
}

int write_patches(const PatchifyOptions& options, Console& console) {
  if (options.crop && options.pad)
    throw Error(ErrorCode::kUsage, "expected --crop or --pad, not both").at("--pad");
  if (options.seed && !options.embed)
    throw Error(ErrorCode::kUsage, "it seeds the random matrix of --embed").at("--seed");
  expect_fitting_names(options);
  try {
    const Prepared prepared = prepare(decode_image(read_file(options.input)), options);
    Tensor rows = evaluate(ops::patchify, {&prepared.pixels}, {{"patch", options.patch}});
    const std::string embedding = options.embed ? embed(rows, options) : "";
    if (options.digits) round_to(rows, *options.digits);
    const std::size_t patches = rows.rows(), numbers = rows.columns();
    const std::string text =
        json::document_text(document_of(options, prepared, std::move(rows), embedding));
    write_files(options, prepared, text, patches, numbers, console);
    warn_of(options, prepared, patches, console);
  } catch (Error& error) {
    if (error.code() != ErrorCode::kUsage) error.in_file(shown_name(options.input));
    throw;
  }
  return 0;
}

/// A side of a picture, or 0 for a text that is none.
std::size_t parse_side(std::string_view text) {
  const int side = parse_number<int>(text).value_or(0);
  return side >= 1 && side <= kMostSide ? static_cast<std::size_t>(side) : 0;
}

std::size_t side_of(const std::string& option, const std::string& text) {
  const std::size_t side = parse_side(text);
  if (side == 0)
    throw bad_value(option, fmt::format("a whole number of pixels from 1 to {}", kMostSide), text);
  return side;
}

std::pair<std::size_t, std::size_t> size_of(const std::string& text) {
  const std::size_t cross = std::min(text.find('x'), text.size());
  const std::string_view all = text;
  const std::size_t width = parse_side(all.substr(0, cross));
  const std::size_t height = parse_side(all.substr(std::min(cross + 1, all.size())));
  if (width == 0 || height == 0)
    throw bad_value(
        "--resize",
        fmt::format("WIDTHxHEIGHT in pixels, such as 224x224, at most {} each", kMostSide), text);
  return {width, height};
}

void add_numbers(Command& command, const std::shared_ptr<PatchifyOptions>& options) {
  command
      .text("--patch", "P", "Side of a patch in pixels; 1: every pixel is a vector of its own",
            [options](const std::string& text) { options->patch = side_of("--patch", text); })
      .required();
  command.text("--resize", "WxH", "Before cutting: to this size, by means of areas",
               [options](const std::string& text) { options->size = size_of(text); });
  command.text("--embed", "D",
               "Rows of D numbers: the patches times a random matrix (ViT's E, untrained)",
               [options](const std::string& text) {
                 const auto size = parse_number<int>(text);
                 if (!size || *size < 1) throw bad_value("--embed", "a whole number ≥ 1", text);
                 options->embed = static_cast<std::size_t>(*size);
               });
  command.text("--seed", "N", "Of --embed: another matrix (default: 0)",
               [options](const std::string& text) {
                 options->seed = parse_number<std::uint32_t>(text);
                 if (!options->seed)
                   throw bad_value("--seed", "a whole number from 0 to 4294967295", text);
               });
  command.text("--digits", "N", "Decimals of the numbers, 1 to 15; default: all",
               [options](const std::string& text) {
                 options->digits = parse_number<int>(text);
                 if (!options->digits || *options->digits < 1 || *options->digits > 15)
                   throw bad_value("--digits", "a whole number from 1 to 15", text);
               });
}

}  // namespace

void add_patchify(Program& program, Console& console) {
  const auto options = std::make_shared<PatchifyOptions>();
  Command& command = program.add("patchify", "A picture as a document of patches");
  command.footer =
      "Example:\n"
      "  attn-viz patchify samples/cat.png --patch 40 -o cat-patches.json\n"
      "  attn-viz heatmap cat-patches.json -o out --style overlay";
  command.keep("IMAGE", &options->input, "A PNG or JPEG; - reads standard input").required();
  add_numbers(command, options);
  command.keep("--gray,--grey", &options->grey, "One channel instead of red, green and blue");
  command.keep("--crop", &options->crop,
               "Cut off at the right and bottom what is less than a patch");
  command.keep("--pad", &options->pad, "Add 0 there, up to a whole patch");
  command.keep("--class-token", &options->class_token,
               "A class token before the patches; its numbers are 0, as before a training");
  command
      .keep("--save-picture", &options->picture,
            "Also write the picture that the patches cover, which the document then names")
      .value("FILE.png");
  command.keep("-o,--output", &options->output, "The document; standard output by default")
      .value("FILE");
  command.act = [options, &console] { return write_patches(*options, console); };
}

}  // namespace attn_viz::cli
