#include "attn_viz/analysis/measures.hpp"

#include <algorithm>
#include <cmath>

namespace attn_viz::analysis {
namespace {

double term(double p) {
  return p > 0 ? -p * std::log(p) : 0;
}

}  // namespace

double entropy(Row weights) {
  double sum = 0;
  for (const double p : weights) sum += term(p);
  return sum;
}

double jensen_shannon(Row p, Row q) {
  double sum = 0;
  for (std::size_t j = 0; j < p.size(); ++j) {
    sum += term((p[j] + q[j]) / 2) - term(p[j]) / 2 - term(q[j]) / 2;
  }
  return std::max(sum, 0.0);  // rounding
}

std::size_t argmax(Row weights) {
  return static_cast<std::size_t>(std::max_element(weights.begin(), weights.end()) -
                                  weights.begin());
}

}  // namespace attn_viz::analysis
