// Tasks on maps in a line, and naive versions of what is done to maps.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "attn_viz/mechanisms/run.hpp"
#include "support/problems.hpp"

namespace attn_viz::test {

template <class Settings>
MapsTask maps_task(Tensor maps, Settings settings) {
  MapsTask task;
  task.title = "test";
  task.dtype = maps.dtype();
  if (maps.rank() == 2) {
    std::vector<Axis> axes{Axis{1}, maps.axes()[0], maps.axes()[1]};
    maps = std::move(maps).with_axes(std::move(axes));
  }
  task.maps = std::move(maps);
  task.mechanism = std::move(settings);
  return task;
}

/// The same values without names, under a shape.
inline Tensor shaped(const Tensor& tensor, const std::vector<std::size_t>& shape) {
  std::vector<Axis> axes;
  for (const std::size_t size : shape) axes.push_back(Axis{size});
  return tensor.with_axes(std::move(axes));
}

/// One channel [H, W] of maps [C, H, W].
inline Tensor channel(const Tensor& maps, std::size_t index = 0) {
  const Tensor part = maps.part(index);
  return shaped(part, part.shape());
}

}  // namespace attn_viz::test
