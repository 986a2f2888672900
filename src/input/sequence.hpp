// Rows of numbers and their labels, as every document has them.
#pragma once

#include <string_view>

#include "attn_viz/core/json.hpp"
#include "attn_viz/mechanisms/settings/labelled_rows.hpp"

namespace attn_viz {

/// [rows, columns] numbers with at least one of each.
/// @param what  the extents, for the error: "n × d".
Tensor read_rows(const json::Value& value, std::string_view what, DType dtype);

/// The labels of a sequence of n rows: its tokens, its patches, or plain numbers. What stands
/// before the patches is put before the rows.
AxisInfo read_axis(const json::Value& sequence, Tensor& rows);

}  // namespace attn_viz
