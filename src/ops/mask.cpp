// Which keys a query may see.
#include <algorithm>
#include <limits>
#include <optional>
#include <vector>

#include "attn_viz/core/parallel.hpp"
#include "ops/expect.hpp"
#include "ops/pattern.hpp"
#include "ops/terms.hpp"

namespace attn_viz::ops {
namespace {

/// What a mask reads beside X and Y, in this order, each only if it is there.
struct MaskInputs {
  const Tensor* allow = nullptr;        ///< [n, m] of 0 and 1
  const Tensor* edges = nullptr;        ///< [edges, 2]; there is then an attribute "self_loops"
  const Tensor* random_keys = nullptr;  ///< [pairs, 2]; the pattern's "random_keys" is "given"
};

bool has_random_keys(const Attributes& attributes) {
  return attributes.get_or("pattern", Attributes{}).find("random_keys") != nullptr;
}

MaskInputs inputs_of(Inputs inputs, const Attributes& attributes) {
  const bool edges = attributes.find("self_loops") != nullptr;
  const bool random_keys = has_random_keys(attributes);
  expect_inputs(inputs, 2 + edges + random_keys);
  MaskInputs found;
  std::size_t end = inputs.size();
  if (random_keys) found.random_keys = inputs[--end];
  if (edges) found.edges = inputs[--end];
  if (end > 2) found.allow = inputs[2];
  return found;
}

/// Inputs: X, whose rows ask; Y, whose rows are the keys; and those of MaskInputs.
/// Attributes, any of: "causal" (true), "window" ([left, right]), "padding" (true = a real key),
/// "self_loops" (whether i = j counts as an edge), "pattern" (an object with its type).
/// A key is visible if all of them agree.
Outcome evaluate_mask(Inputs inputs, const Attributes& attributes) {
  const auto [allow, edges, random_keys] = inputs_of(inputs, attributes);
  const std::size_t n = inputs[0]->rows(), m = inputs[1]->rows();
  const bool causal = attributes.get_or("causal", false);
  const bool self_loops = attributes.get_or("self_loops", false);
  const auto window = attributes.get_or("window", std::vector<double>{});
  const auto padding = attributes.get_or("padding", std::vector<bool>{});
  if (!padding.empty()) expect_equal_sizes(padding.size(), m, "the padding and the keys");
  if (allow != nullptr) expect_equal_sizes(allow->count(), n * m, "the allowed pairs and the mask");
  std::vector<std::vector<std::size_t>> neighbours;
  if (edges != nullptr) neighbours = keys_by_query(*edges, n, m);
  std::optional<Pattern> pattern;
  if (attributes.find("pattern") != nullptr) {
    pattern.emplace(attributes.get<Attributes>("pattern"), n, m, random_keys);
  }

  const auto agreed = [&, allow = allow](std::size_t i, std::size_t j) {
    const double distance = static_cast<double>(j) - static_cast<double>(i);
    return (!causal || j <= i) &&
           (window.empty() || (distance >= -window[0] && distance <= window[1])) &&
           (padding.empty() || padding[j]) && (allow == nullptr || allow->at(i, j) != 0);
  };
  const auto keep_neighbours = [&](std::size_t i, std::vector<char>& visible) {
    std::vector<char> linked(m, 0);
    for (const std::size_t j : neighbours[i]) linked[j] = 1;
    if (self_loops && i < m) linked[i] = 1;
    for (std::size_t j = 0; j < m; ++j) visible[j] = visible[j] && linked[j] ? 1 : 0;
  };
  Tensor mask(inputs[0]->dtype(), {inputs[0]->axes()[0], inputs[1]->axes()[0]});
  dispatch(mask.dtype(), [&, edges = edges](auto zero) {
    using T = decltype(zero);
    parallel_for(n, rows_per_block(8 * m), [&](std::size_t first, std::size_t last) {
      std::vector<char> visible(m);
      for (std::size_t i = first; i < last; ++i) {
        for (std::size_t j = 0; j < m; ++j) visible[j] = agreed(i, j) ? 1 : 0;
        if (edges != nullptr) keep_neighbours(i, visible);
        if (pattern) pattern->hide(i, visible);
        std::copy(visible.begin(), visible.end(), mask.values<T>().data() + i * m);
      }
    });
  });
  Attributes facts = facts_of_mask(mask);
  return {std::move(mask), std::move(facts)};
}

Outcome evaluate_mask_scores(Inputs inputs, const Attributes&) {
  expect_inputs(inputs, 2);
  const Tensor &scores = *inputs[0], &mask = *inputs[1];
  expect_equal_sizes(scores.count(), mask.count(), "the scores and the mask");
  Tensor masked(scores.dtype(), scores.axes());
  dispatch(scores.dtype(), [&](auto zero) {
    using T = decltype(zero);
    const T* s = scores.values<T>().data();
    const T* visible = mask.values<T>().data();
    T* to = masked.values<T>().data();
    parallel_for(masked.count(), rows_per_block(1), [&](std::size_t first, std::size_t last) {
      for (std::size_t i = first; i < last; ++i) {
        to[i] = visible[i] != 0 ? s[i] : -std::numeric_limits<T>::infinity();
      }
    });
  });
  return {std::move(masked)};
}

std::string mask_equation(std::span<const std::string> symbols, const Attributes& attributes) {
  std::string terms;
  const auto add = [&](const std::string& term) { terms += (terms.empty() ? "" : " ∧ ") + term; };
  if (attributes.find("causal") != nullptr) add("j ≤ i");
  if (attributes.find("window") != nullptr) add("i − left ≤ j ≤ i + right");
  if (attributes.find("padding") != nullptr) add("real(j)");
  const bool edges = attributes.find("self_loops") != nullptr;
  const std::size_t lists = edges + has_random_keys(attributes);
  if (symbols.size() > 2 + lists) add(symbols[2] + "(i, j)");
  if (edges) {
    const std::string edge = "(i, j) ∈ " + symbols[symbols.size() - lists];
    add(attributes.get_or("self_loops", false) ? "(i = j ∨ " + edge + ")" : edge);
  }
  const Attributes pattern = attributes.get_or("pattern", Attributes{});
  if (!pattern.empty()) add(Pattern::rule(pattern));
  return terms;
}

}  // namespace

Arithmetic mask_terms(const Cell& cell) {
  using namespace terms;
  const Attributes& attributes = cell.attributes;
  const auto [allow, edges, random_keys] = inputs_of(cell.inputs, attributes);
  const std::size_t i = cell.row(), j = cell.column();
  const Expression query = number(i, "i"), key = number(j, "j"), one = number(1.0);
  Arithmetic arithmetic{.result = number(cell.values.at(cell.position))};
  const auto need = [&](std::vector<Condition> group) {
    arithmetic.conditions.push_back(std::move(group));
  };
  if (attributes.get_or("causal", false)) need({{key, Relation::kAtMost, query}});
  const auto window = attributes.get_or("window", std::vector<double>{});
  if (!window.empty()) {
    need({{query - number(window[0], "left"), Relation::kAtMost, key}});
    need({{key, Relation::kAtMost, query + number(window[1], "right")}});
  }
  const auto padding = attributes.get_or("padding", std::vector<bool>{});
  if (!padding.empty()) {
    need({{number(padding[j] ? 1.0 : 0.0, indexed("real", j)), Relation::kEqual, one}});
  }
  if (allow != nullptr) need({{in(2, cell.position), Relation::kUnequal, number(0.0)}});
  if (edges != nullptr) {
    const auto linked = keys_by_query(*edges, cell.values.rows(), cell.values.columns())[i];
    const bool edge = std::find(linked.begin(), linked.end(), j) != linked.end();
    const std::string name = "edge[" + std::to_string(i) + ", " + std::to_string(j) + "]";
    std::vector<Condition> group{{number(edge ? 1.0 : 0.0, name), Relation::kEqual, one}};
    if (attributes.get_or("self_loops", false)) {
      group.insert(group.begin(), {query, Relation::kEqual, key});
    }
    need(std::move(group));
  }
  if (attributes.find("pattern") != nullptr) {
    const Pattern pattern(attributes.get<Attributes>("pattern"), cell.values.rows(),
                          cell.values.columns(), random_keys);
    for (auto& group : pattern.conditions(i, j, cell.values.columns())) need(std::move(group));
  }
  return arithmetic;
}

Arithmetic mask_scores_terms(const Cell& cell) {
  using namespace terms;
  const bool visible = cell.inputs[1]->at(cell.position) != 0;
  Arithmetic arithmetic;
  arithmetic.conditions = {
      {{in(1, cell.position), visible ? Relation::kUnequal : Relation::kEqual, number(0.0)}}};
  arithmetic.result =
      visible ? in(0, cell.position) : number(-std::numeric_limits<double>::infinity());
  return arithmetic;
}

const Operation mask{
    .name = "mask",
    .meaning = "1 where the key is visible to the query, else 0",
    .source =
        "Vaswani et al. 2017, section 3.2.3; window: Yeh et al. 2019; patterns: Beltagy et al. "
        "2020, Zaheer et al. 2020, Child et al. 2019, Xiao et al. 2023",
    .equation = mask_equation,
    .evaluate = evaluate_mask,
    .terms = mask_terms,
};

const Operation mask_scores{
    .name = "mask-scores",
    .meaning = "scores of hidden keys become −∞",
    .source = "Vaswani et al. 2017, section 3.2.3",
    .equation = [](std::span<const std::string> s,
                   const Attributes&) { return s[0] + " where " + s[1] + ", else −∞"; },
    .evaluate = evaluate_mask_scores,
    .terms = mask_scores_terms,
    .may_mask = true,
};

}  // namespace attn_viz::ops
