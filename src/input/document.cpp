#include "attn_viz/input/document.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "input/attention_settings.hpp"
#include "input/fields.hpp"

namespace attn_viz {
namespace {

using json::Kind;
using json::Value;

/// [rows, columns] numbers with at least one of each.
Tensor read_rows(const Value& value, std::string_view what, DType dtype) {
  Tensor rows = value.tensor(2, fmt::format("a list of rows of numbers ({})", what), dtype);
  if (rows.count() == 0) throw value.unexpected("at least one row with at least one number");
  return rows;
}

AxisInfo read_patches(const Value& patches, std::size_t n, const std::string& embeddings) {
  patches.allow_keys({"rows", "columns", "image"});
  const auto rows = patches.require("rows").whole_number(1);
  const auto columns = patches.require("columns").whole_number(1);
  if (n % rows != 0 || n / rows != columns) {
    throw patches.error(
        fmt::format("expected rows × columns = {} (one patch for each row of {}), "
                    "got {} × {}",
                    n, embeddings, rows, columns));
  }
  AxisInfo axis{.name = {}, .labels = {}, .grid = std::pair(rows, columns), .image = {}};
  for (std::size_t patch = 0; patch < n; ++patch) {
    axis.labels.push_back(fmt::format("{},{}", patch / columns, patch % columns));
  }
  if (const auto image = patches.find("image")) axis.image = image->text();
  return axis;
}

/// The labels of a sequence of n rows: its tokens, its patches, or plain numbers.
AxisInfo read_axis(const Value& sequence, std::size_t n) {
  const auto tokens = sequence.find("tokens");
  const auto patches = sequence.find("patches");
  const std::string embeddings = sequence.pointer() + "/embeddings";
  if (patches) {
    if (tokens) throw patches->error("expected either tokens or patches, got both");
    return read_patches(*patches, n, embeddings);
  }
  AxisInfo axis;
  if (tokens) {
    axis.labels = tokens->texts();
    if (axis.labels.size() != n) {
      throw tokens->error(fmt::format("expected {} label{} (one for each row of {}), got {}", n,
                                      n == 1 ? "" : "s", embeddings, axis.labels.size()));
    }
  } else {
    for (std::size_t i = 0; i < n; ++i) axis.labels.push_back(std::to_string(i));
  }
  return axis;
}

Context read_context(const Value& value, DType dtype) {
  value.allow_keys({"tokens", "patches", "embeddings", "values"});
  Context context{.axis = {},
                  .embeddings = read_rows(value.require("embeddings"), "m × d′", dtype),
                  .values = {}};
  const std::size_t m = context.embeddings.rows();
  context.axis = read_axis(value, m);
  if (const auto values = value.find("values")) {
    context.values = read_rows(*values, "m × d″", dtype);
    if (context.values->rows() != m) {
      throw values->error(
          fmt::format("expected {} rows (one for each row of {}/embeddings), got {}", m,
                      value.pointer(), context.values->rows()));
    }
  }
  return context;
}

void apply(const Overrides& overrides, AttentionSettings& settings) {
  if (overrides.heads) settings.heads = *overrides.heads;
  if (overrides.score && *overrides.score != settings.score.type) {
    settings.score = ScoreSettings{};
    settings.score.type = *overrides.score;
  }
  if (overrides.scale) settings.scale = overrides.scale;
  if (overrides.normalize && *overrides.normalize != settings.normalize.type) {
    settings.normalize = NormalizeSettings{};
    settings.normalize.type = *overrides.normalize;
  }
  if (overrides.causal) settings.mask.causal = true;
  if (overrides.window) settings.mask.window = overrides.window;
  if (overrides.identity_weights) settings.weights = IdentityWeights{};
  const bool random_already = std::holds_alternative<RandomWeights>(settings.weights);
  if (overrides.random_weights && !random_already) settings.weights = RandomWeights{};
  if (overrides.seed) {
    auto* random = std::get_if<RandomWeights>(&settings.weights);
    if (random == nullptr) {
      throw Error(ErrorCode::kUsage, "--seed: expected random weights, but they are not random")
          .hint("add --weights random");
    }
    random->seed = *overrides.seed;
  }
}

}  // namespace

Problem read_document(const Value& document, std::string default_title,
                      const Overrides& overrides) {
  for (const std::string_view key : {"layers", "output"}) {
    if (document.is(Kind::kObject) && document.find(key)) {
      throw not_yet_supported(*document.find(key));
    }
  }
  // "steps" are somebody's answers, for `check` alone.
  document.allow_keys(
      {"title", "tokens", "patches", "embeddings", "context", "attention", "mechanism", "steps"});
  if (const auto mechanism = document.find("mechanism")) {
    constexpr std::string_view kMechanisms[] = {"attention"};
    if (mechanism->text() != kMechanisms[0]) {
      throw unknown_name(ErrorCode::kInvalid, "mechanism", mechanism->text(), kMechanisms)
          .at(mechanism->pointer());
    }
  }

  Problem problem;
  problem.dtype = overrides.dtype.value_or(DType::kFloat64);
  const auto title = document.find("title");
  problem.title = title ? title->text() : std::move(default_title);
  problem.embeddings = read_rows(document.require("embeddings"), "n × d", problem.dtype);
  problem.axis = read_axis(document, problem.embeddings.rows());
  if (const auto context = document.find("context")) {
    problem.context = read_context(*context, problem.dtype);
  }
  if (const auto attention = document.find("attention")) {
    problem.attention = read_attention(*attention, problem.dtype);
  }
  apply(overrides, problem.attention);
  return problem;
}

Problem read_document(std::string_view text, std::string default_title,
                      const Overrides& overrides) {
  const json::Node document = json::parse(text);
  return read_document(Value(document, ""), std::move(default_title), overrides);
}

}  // namespace attn_viz
