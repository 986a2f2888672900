// The verdicts. Two chains run side by side: one from what was given, one in which wrong steps are
// put right. While nothing is wrong they are the same values.
#include "attn_viz/check/check.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "attn_viz/core/error.hpp"
#include "check/diagnose.hpp"

namespace attn_viz::check {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

std::shared_ptr<const Tensor> not_owned(const Tensor& tensor) {
  return {std::shared_ptr<void>(), &tensor};
}

std::shared_ptr<const Tensor> in_float64(const Tensor& tensor) {
  if (tensor.dtype() == DType::kFloat64) return not_owned(tensor);
  return std::make_shared<Tensor>(tensor.as(DType::kFloat64));
}

/// Large negative numbers, which stand for −∞ in many programs, as −∞.
/// @param usual  the program's own values of the step
std::shared_ptr<const Tensor> with_masked(std::shared_ptr<const Tensor> given,
                                          const Tensor& usual) {
  constexpr double kMasked = -1e4, kFarBelow = 10;
  double least = 0;
  for (std::size_t i = 0; i < usual.count(); ++i) {
    if (std::isfinite(usual.at(i)) && usual.at(i) > kMasked) least = std::min(least, usual.at(i));
  }
  const double masked = std::min(kMasked, kFarBelow * least);
  const auto is_masked = [=](double x) { return x <= masked; };
  const auto values = given->values<double>();
  if (std::none_of(values.begin(), values.end(), is_masked)) return given;
  Tensor result = *given;
  for (double& x : result.values<double>()) x = is_masked(x) ? -kInfinity : x;
  return std::make_shared<Tensor>(std::move(result));
}

class Checker {
 public:
  Checker(const Trace& program, const Options& options, bool is_trace)
      : program_(program),
        options_(options),
        is_trace_(is_trace),
        given_(program.steps.size()),
        written_(program.steps.size(), nullptr),
        is_given_(program.steps.size(), false),
        own_(program.steps.size()),
        right_(program.steps.size()) {}

  void give(StepId id, const Tensor& values) {
    is_given_[id] = true;
    written_[id] = &values;
    given_[id].values = in_float64(values);
    const Operation* operation = find_operation(program_.steps[id].op);
    if (operation == nullptr || !operation->may_mask) return;
    const auto masked = with_masked(given_[id].values, program_.steps[id].values);
    if (masked == given_[id].values) return;
    given_[id].values = masked;
    written_[id] = masked.get();
  }

  Report run() {
    precisions_ = precisions_of(program_, written_, is_trace_);
    relative_noise_ = precisions_.bits == 53 ? 1e-9 : std::ldexp(32.0, -precisions_.bits);
    for (StepId id = 0; id < program_.steps.size(); ++id) {
      if (is_given_[id]) set_slack(given_[id], precisions_.of_step[id]);
      // Also those that come later: a mistake may mix the matrices of all heads.
      if (is_given_value(program_.steps[id]))
        own_[id] = is_given_[id] ? given_[id] : from(id, own_);
    }
    for (StepId id = 0; id < program_.steps.size(); ++id) {
      const bool taken = is_trace_ && is_given_value(program_.steps[id]);
      if (taken) {
        own_[id] = right_[id] = given_[id];
      } else if (is_given_[id]) {
        judge(id);
      } else {
        compute(id);
      }
    }
    return std::move(report_);
  }

 private:
  void set_slack(Value& value, const Precision& precision) const {
    value.slack = nullptr;
    if (options_.tolerance || precision.is_exact()) return;
    Tensor slack(DType::kFloat64, value.values->axes());
    for (std::size_t i = 0; i < slack.count(); ++i) {
      const double x = value.values->values<double>()[i];
      slack.values<double>()[i] = std::isfinite(x) ? precision.half_unit(x) : 0;
    }
    value.slack = std::make_shared<Tensor>(std::move(slack));
  }

  /// A step from the values of a chain.
  Value from(StepId id, const std::vector<Value>& chain) const {
    const Step& step = program_.steps[id];
    if (is_given_value(step)) return {in_float64(step.values), nullptr};
    std::vector<Value> inputs;
    std::vector<const Tensor*> tensors;
    bool as_in_program = !is_trace_ && step.values.dtype() == DType::kFloat64;
    for (const StepId input : step.inputs) {
      inputs.push_back(chain[input]);
      tensors.push_back(chain[input].values.get());
      as_in_program = as_in_program && tensors.back() == &program_.steps[input].values;
    }
    if (as_in_program) return {not_owned(step.values), nullptr};
    Value value{std::make_shared<Tensor>(evaluate(step, tensors)), nullptr};
    if (!options_.tolerance) value.slack = slack_of(step, inputs, *value.values);
    return value;
  }

  bool chains_part(StepId id) const {
    const auto& inputs = program_.steps[id].inputs;
    return std::any_of(inputs.begin(), inputs.end(),
                       [&](StepId i) { return own_[i].values != right_[i].values; });
  }

  void compute(StepId id) {
    right_[id] = from(id, right_);
    own_[id] = chains_part(id) ? from(id, own_) : right_[id];
  }

  Tensor tolerance_of(StepId id, const Value& expected) const {
    Tensor tolerance(DType::kFloat64, expected.values->axes());
    auto allowed = tolerance.values<double>();
    if (options_.tolerance) {
      std::fill(allowed.begin(), allowed.end(), *options_.tolerance);
      return tolerance;
    }
    constexpr double kTies = 1 + 1e-9;  // 0.125 may become 0.12 or 0.13
    const double noise = noise_of(*expected.values, relative_noise_);
    const Precision& written = precisions_.of_step[id];
    const double whole = written.kind == Precision::Kind::kWhole ? written.half_unit(0) : 0;
    for (std::size_t i = 0; i < allowed.size(); ++i) {
      allowed[i] = std::max(noise, whole);
      if (given_[id].slack) allowed[i] += given_[id].slack->values<double>()[i] * kTies;
      if (expected.slack) allowed[i] += expected.slack->values<double>()[i] * kTies;
    }
    return tolerance;
  }

  /// The cell that is furthest off in units of its tolerance; of masked against not, the first.
  struct Furthest {
    std::size_t position = 0;
    double units = 0;
  };
  Furthest furthest(StepId id, const Value& expected, const Tensor& tolerance) const {
    Furthest furthest;
    const auto got = given_[id].values->values<double>(), want = expected.values->values<double>();
    for (std::size_t i = 0; i < got.size(); ++i) {
      if (got[i] == want[i]) continue;
      const double allowed = tolerance.values<double>()[i];
      const double off = std::abs(got[i] - want[i]);
      double units = off <= allowed ? off / std::max(allowed, 1e-300) : off / allowed;
      if (!(units >= 0)) units = kInfinity;
      if (off > allowed) units = std::max(units, 1 + 1e-12);
      if (units > furthest.units) furthest = {i, units};
    }
    return furthest;
  }

  /// Whether 0.5 stands for 0.5000: the step is right to the digits that other steps show.
  bool has_finest_digits(StepId id, const Value& expected) const {
    const Precision &here = precisions_.of_step[id], &finest = precisions_.finest;
    if (here.kind != Precision::Kind::kDecimal) return false;
    if (finest.kind == here.kind && finest.decimals <= here.decimals) return false;
    const double noise = noise_of(*expected.values, relative_noise_);
    const auto got = given_[id].values->values<double>(), want = expected.values->values<double>();
    for (std::size_t i = 0; i < got.size(); ++i) {
      const double slack = expected.slack ? expected.slack->values<double>()[i] : 0;
      if (got[i] != want[i] &&
          !(std::abs(got[i] - want[i]) <= finest.half_unit(got[i]) + slack + noise)) {
        return false;
      }
    }
    return true;
  }

  void judge(StepId id) {
    const Value& given = given_[id];
    const Value right = from(id, right_);
    if (right.values->shape() != given.values->shape()) {
      throw Error(ErrorCode::kInvalid,
                  fmt::format("its inputs give shape {}, but it has shape {}",
                              shape_text(right.values->shape()), shape_text(given.values->shape())))
          .at(program_.steps[id].id);
    }
    CheckedStep checked{.step = id};
    own_[id] = given;
    const Tensor allowed = tolerance_of(id, right);
    const Furthest from_right = furthest(id, right, allowed);
    if (from_right.units <= 1) {
      if (has_finest_digits(id, right)) set_slack(given_[id], precisions_.finest);
      right_[id] = own_[id] = given_[id];
      report_.steps.push_back(std::move(checked));
      return;
    }
    right_[id] = right;
    if (chains_part(id)) {
      const Value own = from(id, own_);
      const Tensor allowed_own = tolerance_of(id, own);
      const Furthest from_own = furthest(id, own, allowed_own);
      const bool carried = from_own.units <= 1;
      checked.verdict = carried ? Verdict::kCarried : Verdict::kWrong;
      if (carried) {
        describe(checked, from_right.position, right, allowed);
      } else {
        blame(checked, from_own.position, own, allowed_own);
      }
    } else {
      checked.verdict = Verdict::kWrong;
      blame(checked, from_right.position, right, allowed);
    }
    report_.steps.push_back(std::move(checked));
  }

  void describe(CheckedStep& checked, std::size_t position, const Value& expected,
                const Tensor& tolerance) const {
    const Tensor& got = *given_[checked.step].values;
    checked.expected = expected.values->values<double>()[position];
    checked.got = got.values<double>()[position];
    checked.tolerance = tolerance.values<double>()[position];
    checked.cell.assign(got.rank(), 0);
    for (std::size_t axis = got.rank(); axis-- > 0;) {
      checked.cell[axis] = position % got.size(axis);
      position /= got.size(axis);
    }
  }

  void blame(CheckedStep& checked, std::size_t position, const Value& expected,
             const Tensor& tolerance) const {
    describe(checked, position, expected, tolerance);
    if (is_given_value(program_.steps[checked.step])) return;
    const Wrong wrong{checked.step, *given_[checked.step].values,      *expected.values,
                      tolerance,    precisions_.of_step[checked.step], options_.tolerance};
    checked.diagnoses = diagnose({program_, own_, is_given_}, wrong, relative_noise_);
  }

  const Trace& program_;
  const Options& options_;
  bool is_trace_;
  std::vector<Value> given_;
  std::vector<const Tensor*> written_;  ///< as given, for their digits
  std::vector<bool> is_given_;
  Precisions precisions_;
  double relative_noise_ = 0;
  std::vector<Value> own_;    ///< as given, else computed from these
  std::vector<Value> right_;  ///< the same with wrong steps put right
  Report report_;
};

}  // namespace

std::string_view name_of(Verdict verdict) {
  constexpr std::string_view kNames[] = {"right", "wrong", "carried"};
  return kNames[static_cast<std::size_t>(verdict)];
}

bool Report::ok() const {
  return first_wrong() == nullptr;
}

std::size_t Report::count(Verdict verdict) const {
  return static_cast<std::size_t>(
      std::count_if(steps.begin(), steps.end(),
                    [=](const CheckedStep& step) { return step.verdict == verdict; }));
}

const CheckedStep* Report::first_wrong() const {
  const auto found = std::find_if(steps.begin(), steps.end(), [](const CheckedStep& step) {
    return step.verdict == Verdict::kWrong;
  });
  return found == steps.end() ? nullptr : &*found;
}

Report check_trace(const Trace& trace, const Options& options) {
  Checker checker(trace, options, true);
  for (StepId id = 0; id < trace.steps.size(); ++id) checker.give(id, trace.steps[id].values);
  return checker.run();
}

Report check_answers(const Trace& program, const std::vector<Answer>& answers,
                     const Options& options) {
  Checker checker(program, options, false);
  for (const Answer& answer : answers) checker.give(answer.step, answer.values);
  return checker.run();
}

}  // namespace attn_viz::check
