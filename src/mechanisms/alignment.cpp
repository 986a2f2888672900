#include "mechanisms/alignment.hpp"

#include <fmt/format.h>

#include <utility>

#include "attn_viz/core/error.hpp"
#include "mechanisms/parameters.hpp"
#include "mechanisms/shapes.hpp"

namespace attn_viz {
namespace {

bool is_luong(AlignmentType type) {
  return type == AlignmentType::kLuongDot || type == AlignmentType::kLuongGeneral ||
         type == AlignmentType::kLuongConcat;
}

class AlignmentResolver {
 public:
  AlignmentResolver(const AlignmentSettings& settings, const AlignmentSizes& sizes, DType dtype)
      : settings_(settings), sizes_(sizes), dtype_(dtype) {
    if (const auto* given = std::get_if<AlignmentMatrices>(&settings.weights)) given_ = *given;
    random_ = std::get_if<RandomWeights>(&settings.weights);
  }

  AlignmentParameters resolve() const {
    AlignmentParameters result;
    const std::size_t d_s = sizes_.state, d_h = sizes_.encoded;
    const std::size_t a = hidden();
    switch (settings_.type) {
      case AlignmentType::kNone:
      case AlignmentType::kGiven:
        return result;
      case AlignmentType::kBahdanau:
        result.w_a = matrix(given_.w_a, d_s, a, "W_a", "state × hidden");
        result.u_a = matrix(given_.u_a, d_h, a, "U_a", "encoder state × hidden");
        result.v_a = vector(given_.v_a, a, "v_a");
        return result;
      case AlignmentType::kLuongDot:
        expect_states_fit();
        break;
      case AlignmentType::kLuongGeneral:
        result.w_a = matrix(given_.w_a, d_s, d_h, "W_a", "state × encoder state");
        break;
      case AlignmentType::kLuongConcat:
        result.w_a = matrix(given_.w_a, d_s + d_h, a, "W_a", "state and encoder state × hidden");
        result.v_a = vector(given_.v_a, a, "v_a");
        break;
    }
    if (given_.w_c || random_ != nullptr) {
      const std::size_t out = given_.w_c ? given_.w_c->columns() : d_s;
      result.w_c = matrix(given_.w_c, d_h + d_s, out, "W_c", "context and state × output");
    }
    if (settings_.local == LocalType::kPredictive) {
      const std::size_t p = given_.v_p   ? given_.v_p->count()
                            : given_.w_p ? given_.w_p->columns()
                                         : d_s;
      result.w_p = matrix(given_.w_p, d_s, p, "W_p", "state × hidden");
      result.v_p = vector(given_.v_p, p, "v_p");
    }
    return result;
  }

 private:
  /// a: what states are projected to before they are compared.
  std::size_t hidden() const {
    if (given_.v_a) return given_.v_a->count();
    if (given_.w_a) return given_.w_a->columns();
    if (given_.u_a) return given_.u_a->columns();
    return settings_.type == AlignmentType::kLuongConcat ? sizes_.state + sizes_.encoded
                                                         : sizes_.state;
  }

  std::string place(const char* name) const { return std::string("/attention/weights/") + name; }

  Tensor matrix(const std::optional<Tensor>& given, std::size_t rows, std::size_t columns,
                const char* name, const char* meaning) const {
    if (given) {
      expect_shape(*given, {rows, columns}, place(name), meaning);
      return *given;
    }
    if (random_ != nullptr) {
      return glorot_uniform(rows, columns, random_->seed, std::string("attention/") + name, dtype_);
    }
    if (rows == columns) return identity_matrix(rows, dtype_);
    throw Error(ErrorCode::kInvalid,
                fmt::format("missing: the identity would need as many rows as columns, but it is "
                            "{} × {}",
                            rows, columns))
        .at(place(name))
        .hint(fmt::format("give the matrix ({})", meaning));
  }

  Tensor vector(const std::optional<Tensor>& given, std::size_t size, const char* name) const {
    if (given) {
      expect_shape(*given, {size}, place(name), "hidden");
      return *given;
    }
    if (random_ == nullptr) return ones(size, dtype_);
    return glorot_uniform(size, 1, random_->seed, std::string("attention/") + name, dtype_)
        .with_axes({Axis{size}});
  }

  void expect_states_fit() const {
    if (sizes_.state == sizes_.encoded) return;
    throw Error(ErrorCode::kInvalid,
                fmt::format("expected states of one size, got {} in the decoder and {} in the "
                            "encoder",
                            sizes_.state, sizes_.encoded))
        .at("/attention/type")
        .hint("take \"luong-general\", whose matrix is state × encoder state");
  }

  const AlignmentSettings& settings_;
  const AlignmentSizes& sizes_;
  DType dtype_;
  AlignmentMatrices given_ = {};
  const RandomWeights* random_ = nullptr;
};

void check_given(const AlignmentSettings& settings, const AlignmentSizes& sizes) {
  const Tensor& a = *settings.given;
  expect_shape(a, {sizes.target, sizes.source}, "/attention/given", "target × source");
  for (std::size_t i = 0; i < a.count(); ++i) {
    if (a.at(i) >= 0) continue;
    throw Error(ErrorCode::kInvalid, fmt::format("expected weights ≥ 0, got {}", a.at(i)))
        .at(fmt::format("/attention/given/{}/{}", i / a.columns(), i % a.columns()));
  }
}

}  // namespace

AlignmentParameters resolve_alignment(const AlignmentSettings& settings,
                                      const AlignmentSizes& sizes, DType dtype) {
  if (settings.type == AlignmentType::kGiven) check_given(settings, sizes);
  return AlignmentResolver(settings, sizes, dtype).resolve();
}

AlignmentSteps record_parameters(Recorder record, const AlignmentSettings& settings,
                                 AlignmentParameters parameters, const AlignmentSizes& sizes) {
  AlignmentSteps steps;
  const auto give = [&](const char* name, std::optional<Tensor>& value) {
    return record.parameter(name, name, std::move(*value));
  };
  if (parameters.w_a) {
    const StepId w_a = give("W_a", parameters.w_a);
    if (settings.type == AlignmentType::kLuongConcat) {
      // [h_t; h̄_s] W_a is h_t times its upper rows and h̄_s times its lower rows.
      steps.score.push_back(record.step(Role::kHidden, "W_a_target", "W_a,t", ops::slice_rows,
                                        {w_a}, {{"first", 0.0}, {"rows", sizes.state}}));
      steps.score.push_back(record.step(Role::kHidden, "W_a_source", "W_a,s", ops::slice_rows,
                                        {w_a}, {{"first", sizes.state}, {"rows", sizes.encoded}}));
    } else {
      steps.score.push_back(w_a);
    }
  }
  if (parameters.u_a) steps.score.push_back(give("U_a", parameters.u_a));
  if (parameters.v_a) steps.score.push_back(give("v_a", parameters.v_a));
  if (parameters.w_c) steps.w_c = give("W_c", parameters.w_c);
  if (parameters.w_p) {
    steps.w_p = give("W_p", parameters.w_p);
    const std::size_t size = parameters.v_p->count();
    parameters.v_p = std::move(*parameters.v_p).with_axes({Axis{size}, Axis{1}});
    steps.v_p = give("v_p", parameters.v_p);
  }
  return steps;
}

StepId record_scores(Recorder& record, AlignmentType type, const AlignmentSteps& steps, StepId s,
                     StepId h) {
  std::vector<StepId> inputs{s, h};
  inputs.insert(inputs.end(), steps.score.begin(), steps.score.end());
  const Operation& operation = type == AlignmentType::kLuongDot       ? ops::dot_product
                               : type == AlignmentType::kLuongGeneral ? ops::bilinear
                                                                      : ops::additive;
  return record.step(Role::kScores, "scores", "E", operation, std::move(inputs));
}

StepId record_weights(Recorder& record, const AlignmentSettings& settings,
                      const AlignmentSteps& steps, StepId scores, StepId s, StepId h) {
  if (!is_luong(settings.type) || settings.local == LocalType::kGlobal) {
    return record.step(Role::kWeights, "weights", "A", ops::softmax, {scores});
  }
  const bool predictive = settings.local == LocalType::kPredictive;
  const auto width = static_cast<double>(settings.window);
  StepId p = 0;
  if (predictive) {
    // p_t = S · σ(v_p · tanh(h_t W_p)), between the first and the last word of the source.
    const StepId projected =
        record.step(Role::kPosition, "position_projected", "P_p", ops::linear, {s, *steps.w_p});
    const StepId hidden = record.step(Role::kPosition, "position_hidden", "T_p", ops::activation,
                                      {projected}, {{"function", "tanh"}});
    const StepId logit =
        record.step(Role::kPosition, "position_logit", "l_p", ops::linear, {hidden, *steps.v_p});
    const StepId share =
        record.step(Role::kPosition, "position_share", "σ_p", ops::sigmoid, {logit});
    const auto length = static_cast<double>(record.values(h).rows());
    p = record.step(Role::kPosition, "position", "p", ops::scale, {share}, {{"scale", length}});
  } else {
    p = record.step(Role::kPosition, "position", "p", ops::row_numbers, {s});
  }
  const StepId window =
      record.step(Role::kMask, "window", "M", ops::local_window, {p, h}, {{"half_width", width}});
  const StepId masked =
      record.step(Role::kScores, "masked_scores", "E_masked", ops::mask_scores, {scores, window});
  if (!predictive) return record.step(Role::kWeights, "weights", "A", ops::softmax, {masked});
  const StepId aligned = record.step(Role::kWeights, "aligned", "A_align", ops::softmax, {masked});
  const StepId bell = record.step(Role::kGate, "gaussian", "N", ops::local_gaussian, {p, h},
                                  {{"sigma", width / 2}});
  return record.step(Role::kWeights, "weights", "A", ops::multiply, {aligned, bell});
}

Attributes settings_of(const AlignmentSettings& settings) {
  Attributes described{{"type", kAlignmentNames[static_cast<std::size_t>(settings.type)]}};
  if (settings.type == AlignmentType::kNone) {
    described.set("summary", kSummaryNames[static_cast<std::size_t>(settings.summary)]);
    return described;
  }
  if (settings.type == AlignmentType::kGiven) return described;
  if (is_luong(settings.type)) {
    described.set("local", kLocalNames[static_cast<std::size_t>(settings.local)]);
    if (settings.local != LocalType::kGlobal) described.set("window", settings.window);
  }
  if (const auto* random = std::get_if<RandomWeights>(&settings.weights)) {
    described.set("weights", Attributes{{"random", static_cast<double>(random->seed)}});
  } else {
    const bool given = std::holds_alternative<AlignmentMatrices>(settings.weights);
    described.set("weights", given ? "given" : "identity");
  }
  return described;
}

}  // namespace attn_viz
