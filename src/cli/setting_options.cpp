// Options for the settings of a document.
#include <cmath>

#include "cli/arguments.hpp"
#include "cli/commands.hpp"

namespace attn_viz::cli {
namespace {

std::pair<double, double> parse_window(const std::string& text) {
  const std::size_t comma = text.find(',');
  if (comma != std::string::npos) {
    const auto left = parse_number<std::uint32_t>(std::string_view(text).substr(0, comma));
    const auto right = parse_number<std::uint32_t>(std::string_view(text).substr(comma + 1));
    if (left && right) return {*left, *right};
  }
  throw bad_value("--window", "LEFT,RIGHT, two whole numbers ≥ 0", text);
}

}  // namespace

void add_setting_options(CLI::App& command, Overrides& overrides) {
  constexpr const char* kGroup = "Settings (they go before those of the document)";
  const auto option = [&](const char* name, const char* value, const char* help, TakeText take) {
    add_text_option(command, name, value, help, std::move(take))->group(kGroup);
  };
  option("--heads", "N", "Number of heads", [&](const std::string& text) {
    const auto heads = parse_number<std::uint32_t>(text);
    if (!heads || *heads == 0) throw bad_value("--heads", "a whole number ≥ 1", text);
    overrides.heads = *heads;
  });
  option("--score", "NAME", "dot-product, scaled-dot-product, additive, cosine or bilinear",
         [&](const std::string& text) {
           overrides.score = find_score(text);
           if (!overrides.score) expect_name("--score", "score", text, kScoreNames);
         });
  option("--scale", "X", "Number that multiplies the scores", [&](const std::string& text) {
    overrides.scale = parse_number<double>(text);
    if (!overrides.scale || !std::isfinite(*overrides.scale)) {
      throw bad_value("--scale", "a number", text);
    }
  });
  option("--normalize", "NAME",
         "softmax, relu, relu-mean, relu-normalized, sigmoid, softmax-off-by-one, sparsemax, "
         "entmax, hardmax or sample",
         [&](const std::string& text) {
           expect_name("--normalize", "normaliser", text, kNormalizerNames);
           overrides.normalize = find_normalizer(text);
         });
  option("--window", "LEFT,RIGHT", "Truncated attention: keys i-LEFT to i+RIGHT",
         [&](const std::string& text) { overrides.window = parse_window(text); });
  option("--position", "NAME", "none", [](const std::string& text) {
    constexpr std::string_view kPositions[] = {"none"};
    expect_name("--position", "position", text, kPositions);
  });
  option("--weights", "NAME", "identity or random", [&](const std::string& text) {
    constexpr std::string_view kWeights[] = {"identity", "random"};
    const bool identity = expect_name("--weights", "weights", text, kWeights) == 0;
    overrides.identity_weights = identity;
    overrides.random_weights = !identity;
  });
  option("--seed", "N", "Seed of random weights", [&](const std::string& text) {
    overrides.seed = parse_number<std::uint32_t>(text);
    if (!overrides.seed) throw bad_value("--seed", "a whole number from 0 to 4294967295", text);
  });
  option("--dtype", "NAME", "float64 (default) or float32", [&](const std::string& text) {
    constexpr std::string_view kTypes[] = {"float64", "float32"};
    const bool wide = expect_name("--dtype", "dtype", text, kTypes) == 0;
    overrides.dtype = wide ? DType::kFloat64 : DType::kFloat32;
  });
  add_flag(command, "--causal", overrides.causal, "Hide the future: keys up to the query")
      ->group(kGroup);
}

}  // namespace attn_viz::cli
