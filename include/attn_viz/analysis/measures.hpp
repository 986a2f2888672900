// Numbers that describe rows of weights.
#pragma once

#include <cstddef>
#include <span>

namespace attn_viz::analysis {

/// A row of weights: m numbers that are not negative.
using Row = std::span<const double>;

/// −Σ p ln p in nats, with 0 ln 0 = 0. From 0 (one key) to ln m (all alike).
/// Source: Shannon 1948; of attention heads: Clark et al. 2019, §3.3.
/// Example: {0.5, 0.5, 0} → ln 2
double entropy(Row weights);

/// H((p + q) / 2) − H(p) / 2 − H(q) / 2 in nats, from 0 (equal) to ln 2 (nothing in common).
/// Source: Lin 1991.  Example: {1, 0} and {0, 1} → ln 2
double jensen_shannon(Row p, Row q);

/// The place of the largest weight; of several, the first.
std::size_t argmax(Row weights);

}  // namespace attn_viz::analysis
