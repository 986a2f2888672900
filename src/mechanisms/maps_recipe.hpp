// The recipes on feature maps, and what they share.
#pragma once

#include <string>

#include "attn_viz/mechanisms/settings/maps.hpp"
#include "attn_viz/trace/recorder.hpp"

namespace attn_viz {

/// What a recipe on maps works with.
struct MapsScope {
  Recorder record;
  StepId x;           ///< the maps as given
  std::string place;  ///< JSON pointer of the settings: "/strip_pooling"
  std::size_t limit;  ///< the bytes that one step may take

  const Tensor& values(StepId step) const { return record.values(step); }
  MapsScope below(const std::string& name) const {
    return {record.branch(name), x, place + "/" + name, limit};
  }
  /// @throws Error kLimit if a step of so many numbers would take more than the limit.
  void expect_numbers(double numbers, const std::string& what) const;
};

/// What a kernel may be at the place where a convolution stands.
enum class KernelForm { kFull, kDown, kAcross, kPoint };

/// Everything of a convolution but its weights.
struct ConvolutionPlan {
  KernelForm form = KernelForm::kFull;
  bool relu = false;
  std::optional<std::size_t> layer = {};  ///< where the name is that of a layer
  std::size_t dilation = 1;
  Padding padding = Padding::kZero;
  std::string place = {};  ///< of the setting, where it is not its name below that of the scope
};

/// Records the convolution that a setting asks for, its norm and its ReLU, below a name:
/// "name/kernel", "name/convolved", …; without the setting nothing, not even the ReLU.
/// @param name    of the steps, and of the setting below scope.place
/// @param symbol  of the result
/// @return the last step, or x
/// @throws Error kInvalid, placed at the setting, if the kernel does not fit.
StepId record_convolution(const MapsScope& scope, const std::string& name,
                          const std::string& symbol, const std::optional<Convolution>& setting,
                          StepId x, ConvolutionPlan plan = {});

/// Records max(x, 0).
StepId record_rectified(Recorder record, std::string_view name, std::string symbol, StepId x);

/// Records x resized to the rows and columns of `like`.
StepId record_resized(Recorder record, Role role, std::string_view name, std::string symbol,
                      StepId x, StepId like, bool align_corners);

// ---- one recipe for each mechanism; the last step is "output" ----
void record_mechanism(const MapsScope& scope, const Convolution2d& settings);
void record_mechanism(const MapsScope& scope, const AdaptivePooling& settings);
void record_mechanism(const MapsScope& scope, const SpatialPyramid& settings);
void record_mechanism(const MapsScope& scope, const PyramidPooling& settings);
void record_mechanism(const MapsScope& scope, const AtrousPyramid& settings);
void record_mechanism(const MapsScope& scope, const StripPooling& settings);
void record_mechanism(const MapsScope& scope, const MixedPooling& settings);
void record_mechanism(const MapsScope& scope, const StripAttention& settings);
void record_mechanism(const MapsScope& scope, const CrissCross& settings);
void record_mechanism(const MapsScope& scope, const AttentionFusion& settings);

}  // namespace attn_viz
