#include "check/diagnose.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "attn_viz/core/error.hpp"
#include "check/mistakes.hpp"

namespace attn_viz::check {

double noise_of(const Tensor& values, double relative) {
  constexpr double kLeast = 1e-3;  // of zeros there may remain a rest of what cancelled
  double largest = kLeast;
  for (const double x : values.values<double>()) {
    if (std::isfinite(x)) largest = std::max(largest, std::abs(x));
  }
  return relative * largest;
}

namespace {

double difference(double a, double b) {
  return a == b ? 0 : std::abs(a - b);  // two masked cells agree
}

double mean_square(const Tensor& a, const Tensor& b) {
  double sum = 0;
  for (std::size_t i = 0; i < a.count(); ++i) {
    sum += std::pow(difference(a.values<double>()[i], b.values<double>()[i]), 2);
  }
  return sum / static_cast<double>(std::max<std::size_t>(1, a.count()));
}

/// How well a variation explains the numbers.
struct Fit {
  std::size_t order;
  double error;  ///< mean square
};

class Trial {
 public:
  Trial(const Known& known, const Wrong& wrong, double relative_noise)
      : known_(known),
        wrong_(wrong),
        noise_(relative_noise),
        error_of_expected_(mean_square(wrong.got, wrong.expected)) {}

  /// The mean square error, if the numbers are those of the variation.
  std::optional<double> fit(const Variation& variation, bool through_given) const {
    try {
      Rerun rerun(known_, variation, wrong_.step, through_given);
      if (!rerun.changes_target()) return std::nullopt;
      const Tensor got = rerun.run();
      if (got.shape() != wrong_.got.shape()) return std::nullopt;
      const double error = mean_square(wrong_.got, got);
      // A mistake must explain much more than no mistake does.
      constexpr double kShare = 0.25;
      if (!(error <= kShare * error_of_expected_)) return std::nullopt;
      return fits(rerun, got) ? std::optional(error) : std::nullopt;
    } catch (const Error&) {
      return std::nullopt;  // the mistake cannot be made with these sizes
    }
  }

 private:
  bool fits(Rerun& rerun, const Tensor& value) const {
    Tensor tolerance(DType::kFloat64, value.axes());
    auto allowed = tolerance.values<double>();
    const double noise = noise_of(value, noise_);
    for (std::size_t i = 0; i < allowed.size(); ++i) {
      allowed[i] = wrong_.fixed_tolerance
                       ? *wrong_.fixed_tolerance
                       : wrong_.precision.half_unit(wrong_.got.values<double>()[i]) + noise;
    }
    if (within(value, tolerance)) return true;
    if (wrong_.fixed_tolerance || !rerun.has_slack()) return false;
    for (std::size_t round = 0; round < kRounds; ++round) {
      const Tensor moved = rerun.run(round);
      for (std::size_t i = 0; i < allowed.size(); ++i) {
        const double move = difference(moved.values<double>()[i], value.values<double>()[i]);
        const double base =
            wrong_.precision.half_unit(wrong_.got.values<double>()[i]) + noise + 2 * move;
        if (std::isfinite(base)) allowed[i] = std::max(allowed[i], base);
      }
    }
    return within(value, tolerance);
  }

  bool within(const Tensor& value, const Tensor& tolerance) const {
    for (std::size_t i = 0; i < value.count(); ++i) {
      const double off = difference(wrong_.got.values<double>()[i], value.values<double>()[i]);
      if (!(off <= tolerance.values<double>()[i])) return false;
    }
    return true;
  }

  const Known& known_;
  const Wrong& wrong_;
  double noise_, error_of_expected_;
};

/// The steps that a step is computed from, and itself, in order.
/// @param same_layer  without those of other layers
std::vector<StepId> steps_before(const Trace& program, StepId target, bool same_layer) {
  const StepName own = parse_step_id(program.steps[target].id);
  std::vector<char> is_before(target + 1, 0);
  is_before[target] = 1;
  std::vector<StepId> steps;
  for (StepId id = target + 1; id-- > 0;) {
    if (is_before[id] == 0) continue;
    for (const StepId input : program.steps[id].inputs) is_before[input] = 1;
    const StepName name = parse_step_id(program.steps[id].id);
    const bool near = !name.layer || (name.layer == own.layer && name.encoder == own.encoder &&
                                      name.cross == own.cross);
    if (!same_layer || near) steps.push_back(id);
  }
  std::reverse(steps.begin(), steps.end());
  return steps;
}

/// Whether the cells that are off are the expected ones, rounded more coarsely than the step says:
/// each is right to the decimals that it shows itself, or its last decimal is off by one.
std::optional<Diagnosis> coarse_cells(const Wrong& wrong) {
  bool own_digits = true, last_digit = true, all_zero = true;
  int fewest = 100;
  for (std::size_t i = 0; i < wrong.got.count(); ++i) {
    const double got = wrong.got.values<double>()[i], expected = wrong.expected.values<double>()[i];
    const double tolerance = wrong.tolerance.values<double>()[i];
    const double off = difference(got, expected);
    if (off <= tolerance) continue;
    const int decimals = decimals_of(got);
    fewest = std::min(fewest, decimals);
    all_zero = all_zero && got == 0;
    own_digits = own_digits && off <= 0.5 * std::pow(10.0, -decimals) + tolerance;
    const bool decimal = wrong.precision.kind == Precision::Kind::kDecimal;
    last_digit =
        last_digit && decimal && off <= std::pow(10.0, -wrong.precision.decimals) + tolerance;
  }
  if (wrong.fixed_tolerance || all_zero) return std::nullopt;
  if (own_digits) {
    return Diagnosis{
        "coarse-rounding",
        fmt::format("right if rounded to {}; the sheet has finer numbers",
                    fewest == 0 ? "whole numbers"
                                : fmt::format("{} decimal{}", fewest, fewest == 1 ? "" : "s"))};
  }
  if (last_digit) {
    return Diagnosis{"coarse-rounding",
                     "the last digit is off by one: cut off instead of rounded, or computed from "
                     "rounded numbers"};
  }
  return std::nullopt;
}

void add_fits(const Mistakes& mistakes, const Trial& trial, bool through_given,
              std::vector<Diagnosis>& diagnoses) {
  std::vector<Fit> fits;
  for (std::size_t i = 0; i < mistakes.found.size(); ++i) {
    if (const auto error = trial.fit(mistakes.found[i], through_given)) fits.push_back({i, *error});
  }
  std::stable_sort(fits.begin(), fits.end(), [](const Fit& a, const Fit& b) {
    constexpr double kClearly = 0.5;  // else the order of the list decides
    return a.error < kClearly * b.error && b.error > 1e-18;
  });
  for (const Fit& fit : fits) {
    const Variation& variation = mistakes.found[fit.order];
    const bool named = std::any_of(diagnoses.begin(), diagnoses.end(),
                                   [&](const Diagnosis& d) { return d.name == variation.name; });
    if (!named) diagnoses.push_back({variation.name, variation.sentence});
  }
}

}  // namespace

std::vector<Diagnosis> diagnose(const Known& known, const Wrong& wrong, double relative_noise) {
  std::vector<Diagnosis> diagnoses;
  const Trial trial(known, wrong, relative_noise);
  const bool decimal = wrong.precision.kind == Precision::Kind::kDecimal;
  const int decimals = decimal ? wrong.precision.decimals : 100;
  for (const bool through_given : {false, true}) {
    const std::vector<StepId> steps = steps_before(known.program, wrong.step, through_given);
    Mistakes mistakes(known, wrong.step, steps);
    add_scale_mistakes(mistakes);
    add_weight_mistakes(mistakes);
    add_mask_mistakes(mistakes);
    add_exchange_mistakes(mistakes);
    add_head_mistakes(mistakes);
    add_position_mistakes(mistakes);
    add_fits(mistakes, trial, through_given, diagnoses);
    if (!diagnoses.empty()) return diagnoses;
  }
  if (const auto coarse = coarse_cells(wrong)) return {*coarse};
  const std::vector<StepId> steps = steps_before(known.program, wrong.step, false);
  Mistakes mistakes(known, wrong.step, steps);
  add_rounding_mistakes(mistakes, decimals);
  add_fits(mistakes, trial, false, diagnoses);
  return diagnoses;
}

}  // namespace attn_viz::check
