// heatmap --style overlay: weights of patches, or feature maps, over the picture.
#include <fmt/format.h>

#include <algorithm>
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
/// @param what, where  of the error where it names none
fs::path picture_path(const std::string& image, const HeatmapRequest& request, const char* what,
                      const char* where) {
  if (!request.overlay.image.empty()) return request.overlay.image;
  if (image.empty()) {
    throw Error(ErrorCode::kInvalid, what)
        .hint(std::string("give the picture with --image FILE, or name it in the document: ") +
              where);
  }
  const fs::path folder = request.input == "-" ? fs::path() : fs::path(request.input).parent_path();
  return folder / image;
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

bool is_weights(const Step& step) {
  return step.id == "weights" || step.id.ends_with("/weights");
}

/// Of the steps that keep a pattern, the maps, or else the weights: it names their kernels, too.
std::vector<const Step*> drawn_of(const Trace& trace, std::vector<const Step*> steps,
                                  const std::string& wanted) {
  if (wanted.find_first_of("*?[") == std::string::npos) return steps;
  std::vector<const Step*> maps, weights;
  for (const Step* step : steps) {
    if (figure::are_maps(trace, {step})) maps.push_back(step);
    if (is_weights(*step)) weights.push_back(step);
  }
  if (maps.empty() && weights.empty()) {
    throw Error(ErrorCode::kUsage,
                fmt::format("none of the {} steps of \"{}\" holds feature maps or weights of "
                            "patches, to lay over a picture",
                            steps.size(), wanted))
        .at("--step")
        .hint("draw other steps with --style heatmap");
  }
  return maps.empty() ? weights : maps;
}

/// The steps that were asked for; of mechanisms on maps that have no weights, their maps.
std::vector<const Step*> steps_of(const Trace& trace, const HeatmapRequest& request) {
  const StepQuery& wanted = request.selection.steps;
  if (!has_weights(trace) && wanted.step == StepQuery{}.step && !wanted.layer && !wanted.head) {
    std::vector<const Step*> maps = figure::usual_maps(trace);
    if (!maps.empty()) return maps;
  }
  expect_weights(trace, request.selection,
                 "an overlay lays weights of patches or feature maps over a picture; the mechanism "
                 "\"{}\" has neither");
  return drawn_of(trace, select_steps(trace, wanted), wanted.step);
}

/// @throws Error kUsage for options that only weights have.
void expect_no_queries(const figure::OverlayOptions& options) {
  const char* option = !options.queries.empty() ? "--query"
                       : !options.keys.empty()  ? "--key"
                       : options.average_heads  ? "--average"
                                                : nullptr;
  if (option == nullptr) return;
  throw Error(ErrorCode::kUsage, "maps have no queries, keys or heads")
      .at(option)
      .hint("leave it out, or choose weights with --step");
}

}  // namespace

bool has_weights(const Trace& trace) {
  return std::any_of(trace.steps.begin(), trace.steps.end(), is_weights);
}

void expect_weights(const Trace& trace, const figure::Selection& selection, const char* reason) {
  if (has_weights(trace) || selection.steps.step != StepQuery{}.step) return;
  const auto mechanism = trace.settings.get_or("mechanism", std::string("attention"));
  throw Error(ErrorCode::kInvalid, fmt::format(fmt::runtime(reason), mechanism))
      .hint(figure::usual_maps(trace).empty()
                ? "run draws its results, and --step NAME any of its steps"
                : "run draws its maps, and --style overlay lays them over their picture");
}

void add_overlay_options(Command& command, OverlayRequest& overlay) {
  const auto option = [&](const char* name, const char* value, const char* help, TakeText take) {
    return command.text(name, value, help, std::move(take)).group(kGroup);
  };
  command.keep("--image", &overlay.image, "The picture, in place of the document's")
      .value("FILE")
      .group(kGroup);
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
  const auto picture_at = [&](const fs::path& path) {
    std::shared_ptr<const Image>& picture = pictures[path];
    if (!picture) picture = read_picture(path, !request.overlay.image.empty());
    return figure::NamedPicture{path.filename().string(), picture};
  };
  try {
    const std::vector<const Step*> steps = steps_of(trace, request);
    if (figure::are_maps(trace, steps)) {
      expect_no_queries(options);
      const auto image = trace.settings.get_or("image", std::string());
      return figure::map_overlays(
          trace, steps,
          picture_at(picture_path(image, request, "there is no image to lay the maps over",
                                  "\"image\": \"cat.png\"")),
          options);
    }
    if (!std::all_of(steps.begin(), steps.end(), [](const Step* s) { return is_weights(*s); })) {
      throw Error(ErrorCode::kUsage,
                  "expected weights of patches, or feature maps, to lay over a "
                  "picture")
          .at("--step")
          .hint("draw other steps with --style heatmap");
    }
    const auto picture_of = [&](const AxisInfo& patches) {
      return picture_at(picture_path(patches.image, request,
                                     "the patches have no image to lay weights over",
                                     "\"patches\": {…, \"image\": \"cat.png\"}"));
    };
    return figure::overlays(trace, steps, picture_of, options);
  } catch (Error& error) {
    if (error.code() != ErrorCode::kUsage) error.in_file(shown_name(request.input));
    throw;
  }
}

}  // namespace attn_viz::cli
