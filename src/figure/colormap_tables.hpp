// The published tables of the colour maps that are not computed.
#pragma once

#include <array>
#include <cstdint>

namespace attn_viz::figure {

/// 0xRRGGBB from the low to the high end.
using ColorTable = std::array<std::uint32_t, 256>;
extern const ColorTable kViridisTable, kMagmaTable, kInfernoTable, kPlasmaTable, kCividisTable;

}  // namespace attn_viz::figure
