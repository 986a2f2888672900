#include "attn_viz/input/document.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "input/attention_settings.hpp"
#include "input/fields.hpp"
#include "input/sequence.hpp"
#include "input/stack_settings.hpp"

namespace attn_viz {
namespace {

using json::Kind;
using json::Value;

/// Rows that stand before the patches: a class token, registers. None: no rows.
Tensor read_extra_rows(const Value& patches, std::size_t d, std::vector<std::string>& labels,
                       DType dtype) {
  Buffer<double> values;
  const auto append = [&](const Value& value, const Tensor& rows) {
    if (rows.columns() != d) {
      throw value.error(fmt::format("expected {} numbers, as in a row of the embeddings, got {}", d,
                                    rows.columns()));
    }
    for (std::size_t i = 0; i < rows.count(); ++i) values.push_back(rows.at(i));
  };
  if (const auto token = patches.find("class_token")) {
    append(*token, token->tensor(1, "a list of numbers", dtype));
    labels.emplace_back(kClassTokenLabel);
  }
  if (const auto registers = patches.find("registers")) {
    const Tensor rows = read_rows(*registers, "registers × d", dtype);
    append(*registers, rows);
    for (std::size_t i = 0; i < rows.rows(); ++i) labels.push_back(fmt::format("[REG {}]", i));
  }
  return Tensor({Axis{labels.size()}, Axis{d}}, std::move(values)).as(dtype);
}

/// The rows of one matrix below those of another.
Tensor stacked(const Tensor& above, const Tensor& below) {
  Tensor rows(below.dtype(), {Axis{above.rows() + below.rows()}, Axis{below.columns()}});
  dispatch(rows.dtype(), [&](auto zero) {
    using T = decltype(zero);
    const auto top = above.values<T>(), bottom = below.values<T>();
    const auto middle = std::copy(top.begin(), top.end(), rows.values<T>().begin());
    std::copy(bottom.begin(), bottom.end(), middle);
  });
  return rows;
}

/// @param embeddings  the rows of the patches; what stands before the patches is put before them
AxisInfo read_patches(const Value& patches, Tensor& embeddings, const std::string& place) {
  patches.allow_keys({"rows", "columns", "image", "class_token", "registers"});
  const std::size_t n = embeddings.rows();
  const auto rows = patches.require("rows").whole_number(1);
  const auto columns = patches.require("columns").whole_number(1);
  if (n % rows != 0 || n / rows != columns) {
    throw patches.error(
        fmt::format("expected rows × columns = {} (one patch for each row of {}), "
                    "got {} × {}",
                    n, place, rows, columns));
  }
  AxisInfo axis{.name = {}, .labels = {}, .grid = std::pair(rows, columns), .image = {}};
  const Tensor extra =
      read_extra_rows(patches, embeddings.columns(), axis.labels, embeddings.dtype());
  axis.extra = axis.labels.size();
  if (axis.extra > 0) embeddings = stacked(extra, embeddings);
  for (std::size_t patch = 0; patch < n; ++patch) {
    axis.labels.push_back(fmt::format("{},{}", patch / columns, patch % columns));
  }
  if (const auto image = patches.find("image")) axis.image = image->text();
  return axis;
}

}  // namespace

Tensor read_rows(const Value& value, std::string_view what, DType dtype) {
  Tensor rows = value.tensor(2, fmt::format("a list of rows of numbers ({})", what), dtype);
  if (rows.count() == 0) throw value.unexpected("at least one row with at least one number");
  return rows;
}

AxisInfo read_axis(const Value& sequence, Tensor& rows) {
  const std::size_t n = rows.rows();
  const auto tokens = sequence.find("tokens");
  const auto patches = sequence.find("patches");
  const std::string embeddings = sequence.pointer() + "/embeddings";
  if (patches) {
    if (tokens) throw patches->error("expected either tokens or patches, got both");
    return read_patches(*patches, rows, embeddings);
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

namespace {

Context read_context(const Value& value, DType dtype) {
  value.allow_keys({"tokens", "patches", "embeddings", "values", "layers"});
  Context context{.axis = {},
                  .embeddings = read_rows(value.require("embeddings"), "m × d′", dtype),
                  .values = {}};
  context.axis = read_axis(value, context.embeddings);
  const std::size_t m = context.embeddings.rows();
  if (const auto values = value.find("values")) {
    context.values = read_rows(*values, "m × d″", dtype);
    if (context.values->rows() != m) {
      throw values->error(fmt::format(
          "expected {} rows (one for each row of {}/embeddings{}), got {}", m, value.pointer(),
          context.axis.extra > 0 ? " and what stands before the patches" : "",
          context.values->rows()));
    }
  }
  if (const auto layers = value.find("layers")) {
    if (context.values) {
      throw layers->error(
          "expected either values or layers (their output is the values), got both");
    }
    context.layers = read_layers(*layers, true, dtype);
  }
  return context;
}

}  // namespace

void apply(const Overrides& overrides, AttentionSettings& settings, bool mask) {
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
  if (overrides.temperature) {
    const NormalizerType type = settings.normalize.type;
    if (type != NormalizerType::kSoftmax && type != NormalizerType::kSample) {
      throw Error(ErrorCode::kUsage,
                  fmt::format("expected the normaliser softmax or sample, got {}",
                              kNormalizerNames[static_cast<std::size_t>(type)]))
          .at("--temperature");
    }
    settings.normalize.temperature = *overrides.temperature;
  }
  if (overrides.position && mask) {
    override_position(settings.position, *overrides.position);
    settings.key_position.reset();
  }
  if (mask && overrides.causal) settings.mask.causal = true;
  if (mask && overrides.window) settings.mask.window = overrides.window;
  if (overrides.identity_weights) settings.weights = IdentityWeights{};
  const bool random_already = std::holds_alternative<RandomWeights>(settings.weights);
  if (overrides.random_weights && !random_already) settings.weights = RandomWeights{};
}

Problem read_document(const Value& document, std::string default_title,
                      const Overrides& overrides) {
  // "steps" are somebody's answers, for `check` alone.
  document.allow_keys({"title", "tokens", "patches", "embeddings", "context", "attention", "layers",
                       "output", "mechanism", "steps"});
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
  problem.axis = read_axis(document, problem.embeddings);
  if (const auto context = document.find("context")) {
    problem.context = read_context(*context, problem.dtype);
  }
  if (const auto attention = document.find("attention")) {
    problem.attention = read_attention(*attention, problem.dtype);
  }
  if (const auto layers = document.find("layers")) {
    if (document.find("attention")) {
      throw layers->error("expected either attention or layers, got both");
    }
    problem.layers = read_layers(*layers, false, problem.dtype);
  }
  if (const auto output = document.find("output")) {
    problem.output = read_output(*output, problem.dtype);
  }
  apply(overrides, problem);
  return problem;
}

Problem read_document(std::string_view text, std::string default_title,
                      const Overrides& overrides) {
  const json::Node document = json::parse(text);
  return read_document(Value(document, ""), std::move(default_title), overrides);
}

}  // namespace attn_viz
