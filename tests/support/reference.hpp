// Values that other programs computed, from tests/data/.
#pragma once

#include <fstream>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "attn_viz/core/tensor.hpp"

namespace attn_viz::test {

inline nlohmann::json load_json(const std::string& path) {
  std::ifstream file(path);
  if (!file) throw std::runtime_error("missing file: " + path);
  return nlohmann::json::parse(file);
}

inline nlohmann::json load_reference(const std::string& name) {
  return load_json(ATTN_VIZ_TEST_DATA "/" + name);
}

namespace detail {

inline void flatten(const nlohmann::json& nest, std::size_t depth, std::vector<Axis>& axes,
                    Buffer<double>& values) {
  if (!nest.is_array()) {
    if (nest.is_string()) {
      // These files write what JSON cannot as texts.
      const std::string text = nest.get<std::string>();
      if (text != "-inf" && text != "nan") throw std::runtime_error("unexpected text: " + text);
      values.push_back(text == "-inf" ? -std::numeric_limits<double>::infinity()
                                      : std::numeric_limits<double>::quiet_NaN());
    } else if (nest.is_boolean()) {
      values.push_back(nest.get<bool>() ? 1 : 0);
    } else {
      values.push_back(nest.get<double>());
    }
    return;
  }
  if (axes.size() == depth) axes.push_back(Axis{nest.size()});
  for (const nlohmann::json& element : nest) flatten(element, depth + 1, axes, values);
}

}  // namespace detail

/// A nest of numbers (true is 1, "-inf" is −∞, "nan" is NaN) as a tensor.
inline Tensor tensor_of(const nlohmann::json& nest, DType dtype = DType::kFloat64) {
  std::vector<Axis> axes;
  Buffer<double> values;
  detail::flatten(nest, 0, axes, values);
  return Tensor(std::move(axes), std::move(values)).as(dtype);
}

/// Rows [first, first + count) of a nest, as a tensor.
inline Tensor rows_from(const nlohmann::json& nest, std::size_t first, std::size_t count,
                        DType dtype) {
  nlohmann::json rows = nlohmann::json::array();
  for (std::size_t i = first; i < first + count; ++i) rows.push_back(nest[i]);
  return tensor_of(rows, dtype);
}

}  // namespace attn_viz::test
