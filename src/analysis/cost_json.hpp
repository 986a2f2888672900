// Costs as JSON.
#pragma once

#include <string>

#include "attn_viz/analysis/cost_text.hpp"

namespace attn_viz::analysis {

std::string cost_json(const CostReport& report);

}  // namespace attn_viz::analysis
