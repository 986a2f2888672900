// heatmap --style overlay: weights of patches over the picture.
#include <fmt/format.h>

#include <filesystem>
#include <map>
#include <sstream>

#include "attn_viz/core/files.hpp"
#include "cli/arguments.hpp"
#include "cli/heatmap.hpp"
#include "cli/load.hpp"

namespace attn_viz::cli {
namespace {

namespace fs = std::filesystem;

constexpr const char* kGroup = "Overlays (--style overlay)";

/// The picture that a document names stands beside it.
fs::path picture_path(const AxisInfo& patches, const HeatmapRequest& request) {
  if (!request.overlay.image.empty()) return request.overlay.image;
  if (patches.image.empty()) {
    throw Error(ErrorCode::kInvalid, "the patches have no image to lay weights over")
        .hint(
            "give the picture with --image FILE, or name it in the document: "
            "\"patches\": {…, \"image\": \"cat.png\"}");
  }
  const fs::path folder = request.input == "-" ? fs::path() : fs::path(request.input).parent_path();
  return folder / patches.image;
}

std::shared_ptr<const Image> read_picture(const fs::path& path, bool from_option) {
  try {
    return std::make_shared<const Image>(decode_image(read_file(path.string())));
  } catch (Error& error) {
    error.in_file(path.string());
    if (!from_option && error.code() == ErrorCode::kFile)
      error.hint("the picture stands beside the document; elsewhere it is given with --image FILE");
    throw;
  }
}

void take_average(const std::string& text, figure::OverlayOptions& options) {
  constexpr std::string_view kKnown[] = {"heads", "queries", "keys"};
  std::istringstream list(text);
  for (std::string name; std::getline(list, name, ',');) {
    const std::size_t which = expect_name("--average", "average", name, kKnown);
    if (which == 0) options.average_heads = true;
    if (which == 1) options.queries.push_back("mean");
    if (which == 2) options.keys.push_back("mean");
  }
}

/// Options that other styles share.
void add_choice_options(CLI::App& command, OverlayRequest& request) {
  const auto option = [&](const char* name, const char* value, const char* help, TakeText take) {
    return add_text_option(command, name, value, help, std::move(take))->group(kGroup);
  };
  option("--layer", "LIST", "Layers: 0, 0-2 or 0,3",
         [&](const std::string& text) { request.steps.layer = text; });
  option("--head", "LIST", "Heads: 0, 0-2 or 0,3",
         [&](const std::string& text) { request.steps.head = text; });
  command
      .add_option("--query", request.options.queries,
                  "Whose weights: an index, a label (2,7 is a patch), 0-5, all or mean; may be "
                  "given more than once")
      ->type_name("QUERY")
      ->allow_extra_args(false)  // or "[CLS]" would be a list
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)
      ->group(kGroup);
  command
      .add_option("--key", request.options.keys,
                  "The key that patches look at, likewise, for queries that are patches")
      ->type_name("KEY")
      ->allow_extra_args(false)  // or "[CLS]" would be a list
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)
      ->group(kGroup);
  option("--average", "LIST", "Mean over heads, queries or keys",
         [&](const std::string& text) { take_average(text, request.options); });
  option("--color-scale", "NAME",
         "auto (default): 0 to the largest weight drawn; unit: 0 to 1; each: every map its own",
         [&](const std::string& text) {
           constexpr std::string_view kKnown[] = {"auto", "unit", "each"};
           request.options.scale = static_cast<figure::OverlayScale>(
               expect_name("--color-scale", "scale", text, kKnown));
         });
  option("--theme", "NAME", "light (default), dark or print", [&](const std::string& text) {
    constexpr std::string_view kKnown[] = {"light", "dark", "print"};
    request.options.theme =
        static_cast<figure::Theme>(expect_name("--theme", "theme", text, kKnown));
  });
  option("--title", "TEXT", "Title in place of the document's",
         [&](const std::string& text) { request.options.title = text; });
}

}  // namespace

void add_overlay_options(CLI::App& command, HeatmapRequest& request) {
  OverlayRequest& overlay = request.overlay;
  const auto option = [&](const char* name, const char* value, const char* help, TakeText take) {
    return add_text_option(command, name, value, help, std::move(take))->group(kGroup);
  };
  add_text_option(command, "--style", "NAME",
                  "cells (default), or overlay: patches over their picture",
                  [&](const std::string& text) {
                    constexpr std::string_view kKnown[] = {"cells", "overlay"};
                    overlay.asked = expect_name("--style", "style", text, kKnown) == 1;
                  });
  add_choice_options(command, overlay);
  command.add_option("--image", overlay.image, "The picture, in place of the document's")
      ->type_name("FILE")
      ->group(kGroup);
  option("--overlay-by", "NAME", "cell (default): one colour a patch; or bilinear",
         [&](const std::string& text) {
           constexpr std::string_view kKnown[] = {"cell", "bilinear"};
           overlay.options.by = static_cast<figure::Interpolation>(
               expect_name("--overlay-by", "interpolation", text, kKnown));
         });
  option("--opacity", "X", "Of the colours over the picture, 0 to 1 (default: 0.6)",
         [&](const std::string& text) {
           const auto opacity = parse_number<double>(text);
           if (!opacity || !(*opacity >= 0 && *opacity <= 1))
             throw bad_value("--opacity", "a number from 0 to 1", text);
           overlay.options.opacity = *opacity;
         });
  option("--picture", "NAME", "The picture under the colours: grey (default) or color",
         [&](const std::string& text) {
           constexpr std::string_view kKnown[] = {"grey", "color"};
           overlay.options.grey = expect_name("--picture", "picture", text, kKnown) == 0;
         });
  command.final_callback([&command, &overlay] {
    if (overlay.asked) return;
    for (const CLI::Option* each : command.get_options()) {
      if (each->get_group() != kGroup || each->count() == 0) continue;
      throw Error(ErrorCode::kUsage, fmt::format("{} is for overlays", each->get_name()))
          .hint("add --style overlay");
    }
  });
}

std::vector<figure::NamedDrawing> overlay_drawings(const Trace& trace,
                                                   const HeatmapRequest& request) {
  const OverlayRequest& overlay = request.overlay;
  if (!overlay.options.queries.empty() && !overlay.options.keys.empty()) {
    throw Error(ErrorCode::kUsage, "a map is of queries or of keys, not of both")
        .at("--key")
        .hint("leave out --query or --key");
  }
  std::map<fs::path, std::shared_ptr<const Image>> pictures;
  const auto picture_of = [&](const AxisInfo& patches) {
    const fs::path path = picture_path(patches, request);
    std::shared_ptr<const Image>& picture = pictures[path];
    if (!picture) picture = read_picture(path, !overlay.image.empty());
    return figure::NamedPicture{path.filename().string(), picture};
  };
  try {
    return figure::overlays(trace, select_steps(trace, overlay.steps), picture_of, overlay.options);
  } catch (Error& error) {
    if (error.code() != ErrorCode::kUsage) error.in_file(shown_name(request.input));
    throw;
  }
}

}  // namespace attn_viz::cli
