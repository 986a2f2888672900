// "recurrence", "encoder", "decoder": recurrent cells.
#pragma once

#include "attn_viz/core/json.hpp"
#include "attn_viz/mechanisms/settings/encoder_decoder.hpp"

namespace attn_viz {

/// @param kind  what the cell is, for errors: "encoder".
CellSettings read_cell(const json::Value& value, std::string_view kind, DType dtype);

/// A cell of one direction, and the state that it begins with.
DecoderSettings read_decoder(const json::Value& value, DType dtype);

}  // namespace attn_viz
