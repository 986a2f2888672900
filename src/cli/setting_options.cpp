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

std::uint32_t parse_count(std::string_view option, const std::string& text) {
  const auto count = parse_number<std::uint32_t>(text);
  if (!count || *count == 0) throw bad_value(option, "a whole number ≥ 1", text);
  return *count;
}

constexpr SettingOption kOptions[] = {
    {"--heads", "N", "Number of heads",
     [](Overrides& overrides, const std::string& text) {
       overrides.heads = parse_count("--heads", text);
     }},
    {"--score", "NAME", "dot-product, scaled-dot-product, additive, cosine, bilinear or gat",
     [](Overrides& overrides, const std::string& text) {
       overrides.score = find_score(text);
       if (!overrides.score) expect_name("--score", "score", text, kScoreNames);
     }},
    {"--scale", "X", "Number that multiplies the scores",
     [](Overrides& overrides, const std::string& text) {
       overrides.scale = parse_number<double>(text);
       if (!overrides.scale || !std::isfinite(*overrides.scale)) {
         throw bad_value("--scale", "a number", text);
       }
     }},
    {"--normalize", "NAME",
     "softmax, relu, relu-mean, relu-normalized, sigmoid, softmax-off-by-one, sparsemax, "
     "entmax, hardmax or sample",
     [](Overrides& overrides, const std::string& text) {
       expect_name("--normalize", "normaliser", text, kNormalizerNames);
       overrides.normalize = find_normalizer(text);
     }},
    {"--temperature", "T", "Temperature of softmax: scores are divided by it",
     [](Overrides& overrides, const std::string& text) {
       overrides.temperature = parse_number<double>(text);
       const double number = overrides.temperature.value_or(0);
       if (!(number > 0) || !std::isfinite(number)) {
         throw bad_value("--temperature", "a number > 0", text);
       }
     }},
    {"--window", "LEFT,RIGHT", "Truncated attention: keys i-LEFT to i+RIGHT",
     [](Overrides& overrides, const std::string& text) { overrides.window = parse_window(text); }},
    {"--position", "NAME",
     "none, sinusoidal, sinusoidal-2d, rope or alibi; others need parameters, which only a "
     "document can give",
     [](Overrides& overrides, const std::string& text) {
       expect_name("--position", "position", text, kPositionNames);
       overrides.position = find_position(text);
     }},
    {"--weights", "NAME", "identity or random",
     [](Overrides& overrides, const std::string& text) {
       constexpr std::string_view kWeights[] = {"identity", "random"};
       const bool identity = expect_name("--weights", "weights", text, kWeights) == 0;
       overrides.identity_weights = identity;
       overrides.random_weights = !identity;
     }},
    {"--seed", "N", "Seed of random weights",
     [](Overrides& overrides, const std::string& text) {
       overrides.seed = parse_number<std::uint32_t>(text);
       if (!overrides.seed) throw bad_value("--seed", "a whole number from 0 to 4294967295", text);
     }},
    {"--dtype", "NAME", "float64 (default) or float32",
     [](Overrides& overrides, const std::string& text) {
       constexpr std::string_view kTypes[] = {"float64", "float32"};
       const bool wide = expect_name("--dtype", "dtype", text, kTypes) == 0;
       overrides.dtype = wide ? DType::kFloat64 : DType::kFloat32;
     }},
};

}  // namespace

std::span<const SettingOption> setting_options() {
  return kOptions;
}

void add_setting_options(Command& command, Overrides& overrides) {
  constexpr const char* kGroup = "Settings (they go before those of the document)";
  for (const SettingOption& option : kOptions) {
    command
        .text(option.name, option.value, option.help,
              [&overrides, &option](const std::string& text) { option.set(overrides, text); })
        .group(kGroup);
  }
  command.keep("--causal", &overrides.causal, "Hide the future: keys up to the query")
      .group(kGroup);
}

}  // namespace attn_viz::cli
