// Whether a method of cheaper attention fits the rest of the settings.
#include <fmt/format.h>

#include <algorithm>

#include "attn_viz/core/error.hpp"
#include "mechanisms/approximation.hpp"
#include "mechanisms/limit.hpp"

namespace attn_viz {
namespace {

class Check {
 public:
  Check(const AttentionSettings& settings, const InputSizes& sizes,
        const AttentionParameters& parameters, const std::string& place)
      : settings_(settings),
        method_(*settings.approximation),
        sizes_(sizes),
        parameters_(parameters),
        place_(place),
        name_(kApproximationNames[static_cast<std::size_t>(method_.type)]) {}

  void run() const {
    check_scores();
    check_mask();
    switch (method_.type) {
      case ApproximationType::kLinear:
        if (method_.recurrent && !settings_.mask.causal) {
          refuse("/approximation/form", "the recurrent form needs a causal mask",
                 "add \"mask\": {\"causal\": true}, or take the form \"parallel\"");
        }
        return;
      case ApproximationType::kPerformer:
        return check_performer();
      case ApproximationType::kLinformer:
        return check_linformer();
      case ApproximationType::kNystrom:
        return check_nystrom();
    }
  }

  /// How many numbers the method's steps of one head hold, at most.
  double values() const {
    const auto number = [](std::size_t size) { return static_cast<double>(size); };
    const double n = number(sizes_.queries), m = number(sizes_.keys);
    const double d_k = number(parameters_.key_size), d_v = number(parameters_.value_size);
    const double pairs = 4 * n * m;
    switch (method_.type) {
      case ApproximationType::kLinear: {
        const double states = method_.recurrent ? m : 1;
        return pairs + (n + m) * d_k + states * d_k * (d_v + 1);
      }
      case ApproximationType::kPerformer: {
        const double r =
            number(method_.features ? method_.features->size(method_.features->rank() - 2)
                                    : method_.feature_count);
        return pairs + r * (n + m + d_k);
      }
      case ApproximationType::kLinformer: {
        const double k = number(method_.e->size(method_.e->rank() - 2));
        return pairs + k * (2 * m + 3 * n + d_k + d_v);
      }
      case ApproximationType::kNystrom: {
        const double l = number(method_.landmarks);
        return pairs + l * (2 * d_k + 2 * n + m) + 4 * l * l;
      }
    }
    return pairs;
  }

 private:
  [[noreturn]] void refuse(const std::string& below, std::string message,
                           std::string hint = "") const {
    Error error(ErrorCode::kInvalid, std::move(message));
    error.at(place_ + below);
    if (!hint.empty()) error.hint(std::move(hint));
    throw error;
  }

  /// What stands between Q Kᵀ and the weights is part of what is approximated.
  void check_scores() const {
    const ScoreType score = settings_.score.type;
    if (score != ScoreType::kDotProduct && score != ScoreType::kScaledDotProduct) {
      refuse("/score", fmt::format("the approximation \"{}\" expects dot-product or "
                                   "scaled-dot-product, got {}",
                                   name_, kScoreNames[static_cast<std::size_t>(score)]));
    }
    const NormalizeSettings& normalize = settings_.normalize;
    if (normalize.type != NormalizerType::kSoftmax) {
      refuse("/normalize", fmt::format("the approximation \"{}\" expects softmax, got {}", name_,
                                       kNormalizerNames[static_cast<std::size_t>(normalize.type)]));
    }
    if (normalize.temperature != 1) {
      refuse("/normalize/temperature",
             fmt::format("the approximation \"{}\" expects temperature 1, got {}", name_,
                         normalize.temperature),
             "set \"scale\" instead");
    }
    if (settings_.softcap) refuse("/softcap", cannot_use("a softcap"));
    if (settings_.bias) refuse("/bias", cannot_use("a bias"));
    if (settings_.talking_heads) refuse("/talking_heads", cannot_use("talking heads"));
    if (settings_.differential) refuse("/differential", cannot_use("differential attention"));
    const ScoreTricks& tricks = settings_.tricks;
    if (tricks.qk_norm) refuse("/qk_norm", cannot_use("queries and keys of one length"));
    if (!tricks.sink.empty()) refuse("/sink", cannot_use("a sink"));
    if (tricks.evaluation == Evaluation::kOnline) {
      refuse("/evaluation", cannot_use("online evaluation"));
    }
    const PositionType position = settings_.position.type;
    if (position == PositionType::kAlibi || position == PositionType::kT5 ||
        position == PositionType::kRelative) {
      refuse("/position", cannot_use("positions on the scores"));
    }
  }

  void check_mask() const {
    const MaskSettings& mask = settings_.mask;
    const bool nystrom = method_.type == ApproximationType::kNystrom;
    const bool causal_too = !nystrom && method_.type != ApproximationType::kLinformer;
    const std::string_view allowed = nystrom      ? "no mask"
                                     : causal_too ? "causal or padding"
                                                  : "padding alone";
    const auto refuse_mask = [&](const char* name) {
      refuse(fmt::format("/mask/{}", name),
             fmt::format("the approximation \"{}\" cannot use this mask; expected {}", name_,
                         allowed));
    };
    if (mask.window) refuse_mask("window");
    if (mask.allow) refuse_mask("allow");
    if (mask.edges) refuse_mask("edges");
    if (mask.pattern) refuse_mask("pattern");
    if (mask.causal && !causal_too) refuse_mask("causal");
    if (!mask.padding.empty() && nystrom) refuse_mask("padding");
  }

  std::string cannot_use(std::string_view what) const {
    return fmt::format("the approximation \"{}\" cannot use {}", name_, what);
  }

  /// An array [size, columns], or one more leading axis for the heads.
  void expect_array(const Tensor& array, const std::string& key, std::size_t columns,
                    std::string_view meaning) const {
    const std::size_t rank = array.rank(), h = settings_.heads;
    std::vector<std::size_t> expected{array.size(rank - 2), columns};
    if (rank == 3) expected.insert(expected.begin(), h);
    if (array.shape() == expected) return;
    refuse("/approximation/" + key,
           fmt::format("expected shape {} ({}{}), got {}", shape_text(expected),
                       rank == 3 ? "heads × " : "", meaning, shape_text(array.shape())));
  }

  void check_performer() const {
    if (method_.features) {
      expect_array(*method_.features, "features", parameters_.key_size, "features × head size");
    }
    if (!(parameters_.scale > 0)) {
      refuse("/scale", fmt::format("the approximation \"performer\" expects a scale > 0, got {}",
                                   parameters_.scale));
    }
  }

  void check_linformer() const {
    if (!method_.e) throw Error(ErrorCode::kBug, "linformer without E");
    expect_array(*method_.e, "E", sizes_.keys, "projected keys × keys");
    if (!method_.f) return;
    expect_array(*method_.f, "F", sizes_.keys, "projected keys × keys");
    const std::size_t e = method_.e->size(method_.e->rank() - 2);
    const std::size_t f = method_.f->size(method_.f->rank() - 2);
    if (e != f) {
      refuse("/approximation/F", fmt::format("expected as many rows as E has, {}, got {}", e, f));
    }
  }

  void check_nystrom() const {
    const std::size_t l = method_.landmarks, n = sizes_.queries, m = sizes_.keys;
    if (l != 0 && n % l == 0 && m % l == 0) return;
    std::string divisors;
    for (std::size_t each = 1; each <= std::min<std::size_t>({n, m, 64}); ++each) {
      if (n % each == 0 && m % each == 0)
        divisors += fmt::format("{}{}", divisors.empty() ? "" : ", ", each);
    }
    refuse("/approximation/landmarks",
           n == m ? fmt::format("expected a divisor of the {} tokens, got {}", n, l)
                  : fmt::format("expected a divisor of the {} queries and the {} keys, got {}", n,
                                m, l),
           "possible here: " + divisors);
  }

  const AttentionSettings& settings_;
  const ApproximationSettings& method_;
  const InputSizes& sizes_;
  const AttentionParameters& parameters_;
  const std::string& place_;
  std::string_view name_;
};

}  // namespace

double check_approximation(const AttentionSettings& settings, const InputSizes& sizes,
                           const AttentionParameters& parameters, DType dtype,
                           const std::string& place, std::size_t limit) {
  if (!settings.approximation) return 0;
  const Check check(settings, sizes, parameters, place);
  check.run();
  const double needed = bytes_of(static_cast<double>(settings.heads) * check.values(), dtype);
  expect_bytes(needed, limit, "its steps", place + "/approximation", kFewerHeads);
  return needed;
}

}  // namespace attn_viz
