// The arithmetic of one cell: how a number of an operation's result comes from the numbers of its
// inputs, as an expression that can be printed and evaluated.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "attn_viz/ops/operation.hpp"

namespace attn_viz {

/// A tree of operations on numbers.
struct Expression {
  enum class Kind {
    kNumber,   ///< a constant, perhaps with a name: `number`, `name`
    kInput,    ///< a cell of an input: `index`, `position`
    kOwn,      ///< another cell of the same result: `position`
    kDefined,  ///< a definition of the same arithmetic: `index`
    kSum,
    kProduct,
    kMaximum,     ///< of one part or more
    kDifference,  ///< from here on: of two parts
    kQuotient,
    kPower,
    kRemainder,
    kNegative,  ///< from here on: of one part
    kRoot,
    kAbsolute,
    kExp,
    kLog,
    kSin,
    kCos,
    kTanh,
    kErfc,
  };
  Kind kind = Kind::kNumber;
  double number = 0;
  std::size_t index = 0;
  std::size_t position = 0;  ///< row-major
  std::string name = {};
  std::vector<Expression> parts = {};
};

/// A number that gets a name before it is used: "Σ = e[0] + e[1]".
struct Definition {
  std::string symbol;
  Expression value;
};

enum class Relation { kEqual, kUnequal, kLess, kAtMost, kGreater, kAtLeast };

/// A comparison that decides something; it may also fail to hold.
struct Condition {
  Expression left;
  Relation relation;
  Expression right;
};

/// What a formula does not say by itself. Each has its sentence in the catalogue of explain/.
enum class Remark {
  kMaximumSubtracted,  ///< the row's maximum is subtracted before the exponential
  kHiddenKey,          ///< the key is masked
  kNoVisibleKey,       ///< the row has no visible key
  kNothingPositive,    ///< the row has no positive score
  kZeroLength,         ///< a vector of length 0
  kFirstOfEquals,      ///< several scores are the largest; the first one counts
  kThreshold,          ///< τ is the number at which the weights of the row sum to 1
  kProbability,        ///< the key was drawn with these probabilities
  kDrawn,              ///< a random number of the generator
  kOrthogonal,         ///< random rows, then made orthogonal
  kLargestOfAll,       ///< m is the largest exponent of all rows
  kVanishing,          ///< 10⁻¹² is added to a denominator that is nearly 0
  kPadding,            ///< a key that is padding is not added
  kFlow,               ///< the last of several small steps along the curve
  kIteration,          ///< the last of several iterations
  kPseudoInverse,      ///< found by a singular value decomposition
  kBucket,             ///< distances share numbers by ranges
  kLargestAt,          ///< this is the pair with the largest difference
  kMeanOfMany,         ///< the sum of many differences, given as one number
  kBeyondTheEdges,     ///< pixels beyond the edges of maps are 0
  kEdgeRepeated,       ///< pixels beyond the edges of maps are those at the edge
  kLargestSubtracted,  ///< the largest number is subtracted before the exponential
  kSumOfMany,          ///< a sum of many terms, given as one number
  kLargestOfMany,      ///< the largest of many cells, shown alone
  kWeightsOfPixels,    ///< w is the weight of a class, W that of all pixels
  kLanePixels,         ///< N_p, N_g and N_o count pixels
  kBeyondTheEnds,      ///< a neighbour before the first or after the last row
};
constexpr std::size_t kRemarks = static_cast<std::size_t>(Remark::kBeyondTheEnds) + 1;

/// How one cell comes about.
struct Arithmetic {
  std::vector<Definition> definitions = {};
  /// Every group must hold; a group holds if one of its conditions does.
  std::vector<std::vector<Condition>> conditions = {};
  Expression result = {};
  /// Equations that the result satisfies, where it was not found by a formula.
  std::vector<Condition> checks = {};
  std::vector<Remark> remarks = {};

  /// Appends a definition. @return a reference to it.
  Expression define(std::string symbol, Expression value);
};

/// The cell that is asked about.
struct Cell {
  Inputs inputs;
  const Attributes& attributes;
  const Tensor& values;  ///< the operation's result for these inputs
  std::size_t position;  ///< row-major
  /// Every term, however many; else sums that nobody could read are given as one number.
  bool whole = false;

  std::size_t row() const { return position / values.columns(); }
  std::size_t column() const { return position % values.columns(); }
};

/// The numbers that an expression stands on.
struct Numbers {
  Inputs inputs;
  const Tensor& values;
  std::span<const double> definitions;
};

/// The value of an expression, in float64.
double value_of(const Expression& expression, const Numbers& numbers);

/// The values of all definitions, in order.
std::vector<double> values_of_definitions(const Arithmetic& arithmetic, Inputs inputs,
                                          const Tensor& values);

bool holds(const Condition& condition, const Numbers& numbers);

}  // namespace attn_viz
