// heatmap --style overlay: weights of patches over the picture.
#include <fmt/format.h>

#include <filesystem>
#include <map>

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

/// What is drawn, from the options that all kinds of picture share.
figure::OverlayOptions options_of(const HeatmapRequest& request) {
  using figure::OverlayScale;
  using figure::ScaleChoice;
  const OverlayRequest& overlay = request.overlay;
  figure::OverlayOptions options{.queries = request.selection.queries,
                                 .keys = request.selection.keys,
                                 .average_heads = request.selection.average_heads,
                                 .by = overlay.by,
                                 .opacity = overlay.opacity,
                                 .grey = overlay.grey,
                                 .look = request.look};
  if (overlay.average_queries) options.queries.push_back("mean");
  if (overlay.average_keys) options.keys.push_back("mean");
  if (request.look.scale == ScaleChoice::kLog) {
    throw Error(ErrorCode::kUsage, "overlays have no logarithmic scale").at("--color-scale");
  }
  if (request.scale_given) {
    options.scale = request.look.scale == ScaleChoice::kUnit   ? OverlayScale::kUnit
                    : request.look.scale == ScaleChoice::kEach ? OverlayScale::kEach
                                                               : OverlayScale::kAuto;
  }
  return options;
}

}  // namespace

void add_overlay_options(CLI::App& command, OverlayRequest& overlay) {
  const auto option = [&](const char* name, const char* value, const char* help, TakeText take) {
    return add_text_option(command, name, value, help, std::move(take))->group(kGroup);
  };
  command.add_option("--image", overlay.image, "The picture, in place of the document's")
      ->type_name("FILE")
      ->group(kGroup);
  option("--overlay-by", "NAME", "cell (default): one color a patch; or bilinear",
         [&](const std::string& text) {
           constexpr std::string_view kKnown[] = {"cell", "bilinear"};
           overlay.by = static_cast<figure::Interpolation>(
               expect_name("--overlay-by", "interpolation", text, kKnown));
         });
  option("--opacity", "X", "Of the colors over the picture, 0 to 1 (default: 0.6)",
         [&](const std::string& text) {
           const auto opacity = parse_number<double>(text);
           if (!opacity || !(*opacity >= 0 && *opacity <= 1))
             throw bad_value("--opacity", "a number from 0 to 1", text);
           overlay.opacity = *opacity;
         });
  option("--picture", "NAME", "The picture under the colors: grey (default) or color",
         [&](const std::string& text) {
           constexpr std::string_view kKnown[] = {"grey", "color"};
           overlay.grey = expect_name("--picture", "picture", text, kKnown) == 0;
         });
}

std::vector<figure::NamedDrawing> overlay_drawings(const Trace& trace,
                                                   const HeatmapRequest& request) {
  const figure::OverlayOptions options = options_of(request);
  if (!options.queries.empty() && !options.keys.empty()) {
    throw Error(ErrorCode::kUsage, "a map is of queries or of keys, not of both")
        .at("--key")
        .hint("leave out --query or --key");
  }
  std::map<fs::path, std::shared_ptr<const Image>> pictures;
  const auto picture_of = [&](const AxisInfo& patches) {
    const fs::path path = picture_path(patches, request);
    std::shared_ptr<const Image>& picture = pictures[path];
    if (!picture) picture = read_picture(path, !request.overlay.image.empty());
    return figure::NamedPicture{path.filename().string(), picture};
  };
  try {
    return figure::overlays(trace, select_steps(trace, request.selection.steps), picture_of,
                            options);
  } catch (Error& error) {
    if (error.code() != ErrorCode::kUsage) error.in_file(shown_name(request.input));
    throw;
  }
}

}  // namespace attn_viz::cli
