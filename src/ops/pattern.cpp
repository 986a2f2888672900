// Sources: dilated and Longformer: Beltagy et al. 2020, section 3; strided: Child et al. 2019,
// section 4.2; BigBird: Zaheer et al. 2020, section 2; sinks: Xiao et al. 2023 (StreamingLLM).
#include "ops/pattern.hpp"

#include <algorithm>
#include <cmath>

#include "attn_viz/core/error.hpp"
#include "attn_viz/core/random.hpp"
#include "ops/terms.hpp"

namespace attn_viz::ops {
namespace {

/// An index below `end`. @throws Error kInvalid if it is none.
std::size_t index_of(double value, std::size_t end, const char* what) {
  if (value >= 0 && value < static_cast<double>(end) && value == std::floor(value)) {
    return static_cast<std::size_t>(value);
  }
  throw Error(ErrorCode::kInvalid, std::string("expected the index of a ") + what + " from 0 to " +
                                       std::to_string(end == 0 ? 0 : end - 1));
}

std::size_t whole_number(const Attributes& constants, const char* name, double least) {
  constexpr double kMost = 9007199254740992.0;
  const double value = constants.get<double>(name);
  if (value >= least && value <= kMost && value == std::floor(value)) {
    return static_cast<std::size_t>(value);
  }
  throw Error(ErrorCode::kInvalid, std::string("pattern: expected a whole number \"") + name +
                                       "\" ≥ " + std::to_string(static_cast<int>(least)));
}

std::size_t gap(std::size_t i, std::size_t j) {
  return i < j ? j - i : i - j;
}

}  // namespace

std::vector<std::vector<std::size_t>> keys_by_query(const Tensor& pairs, std::size_t n,
                                                    std::size_t m) {
  if (pairs.rank() != 2 || pairs.columns() != 2) {
    throw Error(ErrorCode::kInvalid, "expected pairs of a query and a key");
  }
  std::vector<std::vector<std::size_t>> keys(n);
  for (std::size_t pair = 0; pair < pairs.rows(); ++pair) {
    const std::size_t query = index_of(pairs.at(pair, 0), n, "query");
    keys[query].push_back(index_of(pairs.at(pair, 1), m, "key"));
  }
  return keys;
}

Pattern::Pattern(const Attributes& constants, std::size_t n, std::size_t m,
                 const Tensor* random_keys)
    : window_(whole_number(constants, "window", 0)) {
  const auto& type = constants.get<std::string>("type");
  if (type == "dilated") {
    type_ = Type::kDilated;
    period_ = whole_number(constants, "step", 1);
  } else if (type == "strided") {
    type_ = Type::kStrided;
    period_ = whole_number(constants, "stride", 1);
  } else if (type == "longformer" || type == "big-bird") {
    type_ = type == "longformer" ? Type::kLongformer : Type::kBigBird;
    const std::size_t tokens = std::max(n, m);
    global_.assign(tokens, 0);
    for (const double token : constants.get<std::vector<double>>("global")) {
      global_[index_of(token, tokens, "token")] = 1;
    }
  } else if (type == "sinks") {
    type_ = Type::kSinks;
    sinks_ = whole_number(constants, "sinks", 0);
  } else {
    throw Error(ErrorCode::kInvalid, "unknown pattern \"" + type + "\"");
  }
  if (type_ != Type::kBigBird) return;
  drawn_ = random_keys == nullptr;
  if (drawn_) {
    random_ = whole_number(constants, "random", 0);
    seed_ = static_cast<double>(whole_number(constants, "seed", 0));
    stream_ = constants.get_or<std::string>("stream", "");
  } else {
    random_keys_ = keys_by_query(*random_keys, n, m);
  }
}

bool Pattern::sees(std::size_t i, std::size_t j) const {
  switch (type_) {
    case Type::kDilated:
      return gap(i, j) % period_ == 0 && gap(i, j) / period_ <= window_;
    case Type::kStrided:
      return j <= i && (i - j < window_ || (i - j) % period_ == 0);
    case Type::kSinks:
      return j <= i && (j < sinks_ || i - j < window_);
    case Type::kLongformer:
    case Type::kBigBird:
      return gap(i, j) <= window_ || global_[i] != 0 || global_[j] != 0;
  }
  return false;
}

/// Keys that query i does not see yet: those given, or as many as wanted, drawn without repetition.
void Pattern::add_random_keys(std::size_t i, std::vector<char>& seen) const {
  if (!drawn_) {
    for (const std::size_t j : random_keys_[i]) seen[j] = 1;
    return;
  }
  std::vector<std::size_t> hidden;
  for (std::size_t j = 0; j < seen.size(); ++j) {
    if (seen[j] == 0) hidden.push_back(j);
  }
  Random random(static_cast<std::uint64_t>(seed_), stream_ + "/" + std::to_string(i));
  for (std::size_t drawn = 0; drawn < random_ && drawn < hidden.size(); ++drawn) {
    const double left = static_cast<double>(hidden.size() - drawn);
    std::swap(hidden[drawn],
              hidden[drawn + static_cast<std::size_t>(std::floor(random.uniform() * left))]);
    seen[hidden[drawn]] = 1;
  }
}

void Pattern::hide(std::size_t i, std::span<char> visible) const {
  std::vector<char> seen(visible.size());
  for (std::size_t j = 0; j < visible.size(); ++j) seen[j] = sees(i, j) ? 1 : 0;
  if (type_ == Type::kBigBird) add_random_keys(i, seen);
  for (std::size_t j = 0; j < visible.size(); ++j) visible[j] = visible[j] && seen[j] ? 1 : 0;
}

std::vector<std::vector<Condition>> Pattern::conditions(std::size_t i, std::size_t j,
                                                        std::size_t keys) const {
  using namespace terms;
  const Expression query = number(i, "i"), key = number(j, "j"), one = number(1.0);
  const Expression apart = absolute(query - key), back = query - key;
  const Expression window = number(window_, "window");
  const Condition past{key, Relation::kAtMost, query};
  const Condition near{apart, Relation::kAtMost, window};
  const auto divides = [](Expression what, Expression by) {
    Expression rest;
    rest.kind = Expression::Kind::kRemainder;
    rest.parts = {std::move(what), std::move(by)};
    return Condition{std::move(rest), Relation::kEqual, number(0.0)};
  };
  const auto is_global = [&](std::size_t token) {
    return Condition{number(global_[token] != 0 ? 1.0 : 0.0, indexed("global", token)),
                     Relation::kEqual, one};
  };
  switch (type_) {
    case Type::kDilated: {
      const Expression step = number(period_, "step");
      return {{divides(apart, step)}, {{apart / step, Relation::kAtMost, window}}};
    }
    case Type::kStrided:
      return {{past}, {{back, Relation::kLess, window}, divides(back, number(period_, "stride"))}};
    case Type::kSinks:
      return {{past},
              {{key, Relation::kLess, number(sinks_, "sinks")}, {back, Relation::kLess, window}}};
    case Type::kLongformer:
      return {{near, is_global(i), is_global(j)}};
    case Type::kBigBird:
      break;
  }
  std::vector<char> seen(keys), with_random(keys);
  for (std::size_t k = 0; k < keys; ++k) seen[k] = with_random[k] = sees(i, k) ? 1 : 0;
  add_random_keys(i, with_random);
  const bool drawn = seen[j] == 0 && with_random[j] != 0;
  const std::string name = "random[" + std::to_string(i) + ", " + std::to_string(j) + "]";
  return {
      {near, is_global(i), is_global(j), {number(drawn ? 1.0 : 0.0, name), Relation::kEqual, one}}};
}

std::string Pattern::rule(const Attributes& constants) {
  const auto type = constants.get_or<std::string>("type", "");
  if (type == "dilated") return "|i − j| ∈ {0, step, …, window · step}";
  if (type == "strided") return "j ≤ i ∧ (i − j < window ∨ stride divides i − j)";
  if (type == "sinks") return "j ≤ i ∧ (j < sinks ∨ i − j < window)";
  const std::string random = type == "big-bird" ? " ∨ random(i, j)" : "";
  return "(|i − j| ≤ window ∨ global(i) ∨ global(j)" + random + ")";
}

}  // namespace attn_viz::ops
