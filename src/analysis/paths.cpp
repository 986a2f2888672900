#include "attn_viz/analysis/paths.hpp"

#include <algorithm>
#include <bit>

namespace attn_viz::analysis {

Links::Links(std::size_t outputs, std::size_t inputs)
    : outputs_(outputs), inputs_(inputs), words_((inputs + 63) / 64), bits_(outputs * words_) {}

void Links::join_all(const Links& other) {
  for (std::size_t w = 0; w < bits_.size(); ++w) bits_[w] |= other.bits_[w];
}

std::size_t Links::reads(std::size_t i) const {
  std::size_t count = 0;
  for (std::size_t w = 0; w < words_; ++w) {
    count += static_cast<std::size_t>(std::popcount(row(i)[w]));
  }
  return count;
}

std::size_t Links::count() const {
  std::size_t count = 0;
  for (std::size_t i = 0; i < outputs_; ++i) count += reads(i);
  return count;
}

Links Links::after(const Links& before) const {
  Links both(outputs_, before.inputs_);
  for (std::size_t i = 0; i < outputs_; ++i) {
    for (std::size_t j = 0; j < inputs_; ++j) {
      if (!joined(i, j)) continue;
      for (std::size_t w = 0; w < both.words_; ++w) both.row(i)[w] |= before.row(j)[w];
    }
  }
  return both;
}

/// The search from one output, over sets of 64 positions a word.
struct PathFinder {
  const Links& links;
  std::vector<std::uint64_t> reached = {}, frontier = {}, next = {};

  void add_to(Paths& paths, std::size_t from) {
    const std::size_t n = links.inputs_, words = links.words_;
    reached.assign(words, 0);
    reached[from / 64] |= std::uint64_t{1} << (from % 64);
    frontier = reached;
    std::size_t count = 1;
    for (std::size_t layers = 1; count < n; ++layers) {
      read_through_frontier();
      std::size_t found = 0;
      for (std::size_t w = 0; w < words; ++w) {
        frontier[w] = next[w] & ~reached[w];
        reached[w] |= frontier[w];
        found += static_cast<std::size_t>(std::popcount(frontier[w]));
      }
      if (found == 0) break;
      count += found;
      paths.longest = std::max(paths.longest.value_or(0), layers);
    }
    paths.never += n - count;
  }

  void read_through_frontier() {
    next.assign(links.words_, 0);
    for (std::size_t w = 0; w < links.words_; ++w) {
      for (std::uint64_t left = frontier[w]; left != 0; left &= left - 1) {
        const std::uint64_t* row =
            links.row(64 * w + static_cast<std::size_t>(std::countr_zero(left)));
        for (std::size_t k = 0; k < links.words_; ++k) next[k] |= row[k];
      }
    }
  }
};

Paths paths_of(const Links& links) {
  Paths paths;
  PathFinder finder{links};
  for (std::size_t i = 0; i < links.outputs(); ++i) finder.add_to(paths, i);
  return paths;
}

}  // namespace attn_viz::analysis
