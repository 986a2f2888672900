// Known mistakes of scale, normaliser, mask, exchange and rounding. mistakes_heads.cpp has those of
// heads and positions.
#include "check/mistakes.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>

namespace attn_viz::check {

Tensor Mistakes::evaluate(StepId id, const Lookup& lookup, const Attributes& attributes) const {
  std::vector<const Tensor*> inputs;
  for (const StepId input : step(id).inputs) inputs.push_back(&lookup(input));
  return attn_viz::evaluate(step(id), attributes, inputs);
}

Tensor transposed(const Tensor& matrix) {
  const std::size_t n = matrix.rows(), m = matrix.columns();
  Tensor result(DType::kFloat64, {Axis{m}, Axis{n}});
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t j = 0; j < m; ++j) {
      result.values<double>()[j * n + i] = matrix.values<double>()[i * m + j];
    }
  }
  return result;
}

namespace {

bool begins(std::string_view text, std::string_view with) {
  return text.substr(0, with.size()) == with;
}

// ---- scale ----

/// A step that multiplies scores by a scale: which, and the sizes that the scale may be made of.
struct Scaled {
  double scale = 1;
  std::size_t head_size = 0, model_size = 0;
  bool by_head() const {
    const double expected = 1 / std::sqrt(static_cast<double>(head_size));
    return head_size > 1 && std::abs(scale - expected) <= 1e-6 * expected;
  }
};

std::optional<Scaled> scaled_at(const Mistakes& mistakes, StepId id) {
  const Step& step = mistakes.step(id);
  const bool scores = step.op == ops::scale.name && begins(mistakes.name(id), "scaled_scores");
  if (!scores && step.op != ops::attention_weights.name) return std::nullopt;
  Scaled scaled{step.attributes.get_or("scale", 1.0), 0, 0};
  StepId from = scores ? step.inputs[0] : id;
  if (!mistakes.step(from).inputs.empty()) from = mistakes.step(from).inputs[0];  // the queries
  scaled.head_size = mistakes.step(from).values.columns();
  while (!mistakes.step(from).inputs.empty() && !mistakes.is(from, ops::linear)) {
    from = mistakes.step(from).inputs[0];
  }
  if (mistakes.is(from, ops::linear)) {
    scaled.model_size = mistakes.step(mistakes.step(from).inputs[0]).values.columns();
  }
  return scaled;
}

void add_scale(Mistakes& mistakes, std::string_view name, std::string sentence,
               const std::function<std::optional<double>(const Scaled&)>& scale_of) {
  mistakes.add(name, std::move(sentence), [&](StepId id) -> Rule {
    const auto scaled = scaled_at(mistakes, id);
    const auto scale = scaled ? scale_of(*scaled) : std::nullopt;
    if (!scale) return {};
    Attributes attributes = mistakes.step(id).attributes;
    attributes.set("scale", *scale);
    return
        [=, &mistakes](const Lookup& lookup) { return mistakes.evaluate(id, lookup, attributes); };
  });
}

}  // namespace

void add_scale_mistakes(Mistakes& mistakes) {
  std::optional<Scaled> first;
  for (const StepId id : mistakes.steps) {
    if (!first) first = scaled_at(mistakes, id);
  }
  if (!first) return;
  const std::string right = first->by_head() ? fmt::format("1/√{}", first->head_size)
                                             : fmt::format("{:.4g}", first->scale);
  add_scale(mistakes, "missing-scale", fmt::format("the scores were not multiplied by {}", right),
            [](const Scaled&) { return 1.0; });
  add_scale(mistakes, "scale-without-root",
            fmt::format("the scores were multiplied by 1/{} instead of {}: the square root is "
                        "missing",
                        first->head_size, right),
            [](const Scaled& scaled) -> std::optional<double> {
              if (!scaled.by_head()) return std::nullopt;
              return 1 / static_cast<double>(scaled.head_size);
            });
  add_scale(mistakes, "scale-of-model",
            fmt::format("the scores were multiplied by 1/√{} instead of {}: the size of the "
                        "whole embedding was taken for that of one head",
                        first->model_size, right),
            [](const Scaled& scaled) -> std::optional<double> {
              if (!scaled.by_head() || scaled.model_size == 0) return std::nullopt;
              return 1 / std::sqrt(static_cast<double>(scaled.model_size));
            });
}

// ---- normaliser ----

namespace {

/// Normalisers in which the keys of a row share something.
bool shares_rows(const Step& step) {
  constexpr std::string_view kOps[] = {"softmax",         "softmax-off-by-one", "softmax-with-sink",
                                       "relu-normalized", "sparsemax",          "entmax"};
  return contains(kOps, step.op);
}

Tensor divided_by_row_sums(const Tensor& scores) {
  Tensor weights = scores;
  auto values = weights.values<double>();
  const std::size_t m = weights.columns();
  for (std::size_t i = 0; i < weights.rows(); ++i) {
    double sum = 0;
    for (std::size_t j = 0; j < m; ++j) {
      sum += std::isfinite(values[i * m + j]) ? values[i * m + j] : 0;
    }
    for (std::size_t j = 0; j < m; ++j) {
      double& x = values[i * m + j];
      x = std::isfinite(x) ? x / sum : 0;
    }
  }
  return weights;
}

/// The mean of all values for each query, or of those of the keys that have a weight.
Tensor mean_values(const Tensor& weights, const Tensor& values, bool visible_only) {
  Tensor means = weights;
  auto shares = means.values<double>();
  const std::size_t m = means.columns();
  for (std::size_t i = 0; i < means.rows(); ++i) {
    const auto row = shares.subspan(i * m, m);
    for (double& share : row) share = !visible_only || share != 0 ? 1 : 0;
    double sum = 0;
    for (const double share : row) sum += share;
    for (double& share : row) share = sum > 0 ? share / sum : 0;
  }
  const Tensor* inputs[] = {&means, &values};
  return ops::matmul.evaluate(Inputs(inputs, 2), {}).values;
}

}  // namespace

void add_weight_mistakes(Mistakes& mistakes) {
  mistakes.add("no-exponent",
               "each score was divided by the sum of its row; softmax takes the exponential of "
               "every score first",
               [&](StepId id) -> Rule {
                 if (!mistakes.is(id, ops::softmax)) return {};
                 return [=, &mistakes](const Lookup& lookup) {
                   return divided_by_row_sums(lookup(mistakes.step(id).inputs[0]));
                 };
               });
  mistakes.add("softmax-over-all",
               "the whole matrix was made to sum to 1; each row (query) should, by itself",
               [&](StepId id) -> Rule {
                 if (!shares_rows(mistakes.step(id))) return {};
                 return [=, &mistakes](const Lookup& lookup) {
                   const Tensor& scores = lookup(mistakes.step(id).inputs[0]);
                   const Tensor row = scores.with_axes({Axis{1}, Axis{scores.count()}});
                   return mistakes.evaluate(id, {&row}).with_axes(scores.axes());
                 };
               });
  mistakes.add("softmax-over-columns",
               "the columns (keys) were made to sum to 1; the rows (queries) should",
               [&](StepId id) -> Rule {
                 if (!shares_rows(mistakes.step(id))) return {};
                 return [=, &mistakes](const Lookup& lookup) {
                   const Tensor columns = transposed(lookup(mistakes.step(id).inputs[0]));
                   return transposed(mistakes.evaluate(id, {&columns}));
                 };
               });
  for (const bool visible_only : {false, true}) {
    mistakes.add("unweighted-values",
                 visible_only ? "the output is the plain mean of the visible values; the weights "
                                "were not used"
                              : "the output is the plain mean of all values; the weights were "
                                "not used",
                 [&](StepId id) -> Rule {
                   if (!mistakes.is(id, ops::matmul)) return {};
                   return [=, &mistakes](const Lookup& lookup) {
                     const auto& inputs = mistakes.step(id).inputs;
                     return mean_values(lookup(inputs[0]), lookup(inputs[1]), visible_only);
                   };
                 });
  }
}

// ---- mask ----

void add_mask_mistakes(Mistakes& mistakes) {
  mistakes.add(
      "mask-after-softmax",
      "the weights were made from all scores and hidden ones then set to 0, so rows no longer sum "
      "to 1; the scores should be masked first",
      [&](StepId id) -> Rule {
        const Step& step = mistakes.step(id);
        if (!shares_rows(step) || !mistakes.is(step.inputs[0], ops::mask_scores)) return {};
        return [=, &mistakes](const Lookup& lookup) {
          const auto& masked = mistakes.step(mistakes.step(id).inputs[0]).inputs;
          Tensor weights = mistakes.evaluate(id, {&lookup(masked[0])});
          const Tensor& mask = lookup(masked[1]);
          for (std::size_t i = 0; i < weights.count(); ++i) {
            if (mask.values<double>()[i] == 0) weights.values<double>()[i] = 0;
          }
          return weights;
        };
      });
  mistakes.add("wrong-triangle",
               "the other triangle was masked; a query should see itself and what is before it",
               [&](StepId id) -> Rule {
                 if (!mistakes.is(id, ops::mask)) return {};
                 if (mistakes.step(id).values.rows() != mistakes.step(id).values.columns())
                   return {};
                 return [=, &mistakes](const Lookup& lookup) {
                   return transposed(mistakes.evaluate(id, lookup));
                 };
               });
  mistakes.add("wrong-triangle",
               "the diagonal was masked, too; a query should see itself and what is before it",
               [&](StepId id) -> Rule {
                 const Step& step = mistakes.step(id);
                 if (step.op != ops::mask.name || step.attributes.find("causal") == nullptr) {
                   return {};
                 }
                 return [=, &mistakes](const Lookup& lookup) {
                   Tensor mask = mistakes.evaluate(id, lookup);
                   const std::size_t n = std::min(mask.rows(), mask.columns());
                   for (std::size_t i = 0; i < n; ++i) {
                     mask.values<double>()[i * mask.columns() + i] = 0;
                   }
                   return mask;
                 };
               });
}

// ---- exchange ----

void add_exchange_mistakes(Mistakes& mistakes) {
  constexpr std::string_view kScores[] = {"dot-product",      "cosine", "additive",
                                          "bilinear",         "gat",    "relative-dot-product",
                                          "attention-weights"};
  mistakes.add("query-key-exchanged",
               "queries and keys were exchanged: K Qᵀ instead of Q Kᵀ; rows should be queries, "
               "columns keys",
               [&](StepId id) -> Rule {
                 if (!contains(kScores, mistakes.step(id).op)) return {};
                 return [=, &mistakes](const Lookup& lookup) {
                   std::vector<const Tensor*> inputs;
                   for (const StepId i : mistakes.step(id).inputs) inputs.push_back(&lookup(i));
                   std::swap(inputs[0], inputs[1]);
                   return mistakes.evaluate(id, inputs);
                 };
               });
  // The query made with the key's matrix, the key with the query's.
  const std::string own(mistakes.name(mistakes.target));
  if (own == "query" || own == "key") {
    const std::string other = own == "query" ? "key" : "query";
    const std::string& id_of_target = mistakes.step(mistakes.target).id;
    const std::string id_of_other =
        id_of_target.substr(0, id_of_target.size() - own.size()) + other;
    const Step* sibling = mistakes.known.program.find(id_of_other);
    if (sibling != nullptr && sibling->op == ops::linear.name) {
      mistakes.add("query-key-exchanged",
                   fmt::format("the {} was made with the matrix of the {}", own, other),
                   [&](StepId id) -> Rule {
                     if (id != mistakes.target || !mistakes.is(id, ops::linear)) return {};
                     return [=, &mistakes](const Lookup& lookup) {
                       std::vector<const Tensor*> inputs{&lookup(mistakes.step(id).inputs[0])};
                       for (std::size_t i = 1; i < sibling->inputs.size(); ++i) {
                         inputs.push_back(&lookup(sibling->inputs[i]));
                       }
                       return mistakes.evaluate(id, inputs);
                     };
                   });
    }
  }
  mistakes.add("transposed-weights",
               "the weights were transposed: Aᵀ instead of A; rows should be queries, columns keys",
               [&](StepId id) -> Rule {
                 if (!begins(mistakes.name(id), "weights") || mistakes.step(id).inputs.empty()) {
                   return {};
                 }
                 return [=, &mistakes](const Lookup& lookup) {
                   return transposed(mistakes.evaluate(id, lookup));
                 };
               });
  mistakes.add(
      "transposed-weights",
      "the weights were transposed before the product with the values: Aᵀ V instead of A V",
      [&](StepId id) -> Rule {
        if (!mistakes.is(id, ops::matmul)) return {};
        return [=, &mistakes](const Lookup& lookup) {
          const auto& inputs = mistakes.step(id).inputs;
          const Tensor weights = transposed(lookup(inputs[0]));
          return mistakes.evaluate(id, {&weights, &lookup(inputs[1])});
        };
      });
}

// ---- rounding ----

namespace {

Tensor rounded(Tensor tensor, int decimals) {
  const double unit = std::pow(10.0, decimals);
  for (double& x : tensor.values<double>()) x = std::isfinite(x) ? std::round(x * unit) / unit : x;
  return tensor;
}

std::string decimals_text(int decimals) {
  return decimals == 0 ? "whole numbers"
                       : fmt::format("{} decimal{}", decimals, decimals == 1 ? "" : "s");
}

}  // namespace

void add_rounding_mistakes(Mistakes& mistakes, int decimals) {
  constexpr int kMostDecimals = 4;
  const auto between = [&](StepId id) {
    return id != mistakes.target && !mistakes.known.given[id] &&
           !mistakes.step(id).inputs.empty() && !mistakes.is(id, ops::mask);
  };
  std::set<std::string> names;
  for (const StepId id : mistakes.steps) {
    if (between(id)) names.insert(std::string(mistakes.name(id)));
  }
  if (names.size() > 1) names.insert("");  // all of them
  for (int digits = std::min(decimals - 1, kMostDecimals); digits >= 0; --digits) {
    for (const std::string& name : names) {
      mistakes.add("coarse-rounding",
                   fmt::format("{} rounded to {} before going on; round only the result",
                               name.empty() ? "the steps before it were"
                                            : fmt::format("the numbers of \"{}\" were", name),
                               decimals_text(digits)),
                   [&](StepId id) -> Rule {
                     if (!between(id) || (!name.empty() && mistakes.name(id) != name)) return {};
                     return [=, &mistakes](const Lookup& lookup) {
                       return rounded(mistakes.evaluate(id, lookup), digits);
                     };
                   });
    }
    if (digits == 0) continue;
    const double unit = std::pow(10.0, digits);
    add_scale(mistakes, "coarse-rounding",
              fmt::format("the scale was rounded to {}", decimals_text(digits)),
              [=](const Scaled& scaled) { return std::round(scaled.scale * unit) / unit; });
  }
}

}  // namespace attn_viz::check
