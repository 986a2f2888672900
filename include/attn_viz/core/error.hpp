// The one error type. Thrown where the fault is seen, caught once, in cli/.
#pragma once

#include <exception>
#include <span>
#include <string>
#include <string_view>

namespace attn_viz {

/// What went wrong; the value is the exit code of the program.
enum class ErrorCode {
  kUsage = 2,    ///< the command line is wrong
  kInvalid = 3,  ///< an input is invalid
  kFile = 4,     ///< a file cannot be read or written
  kLimit = 5,    ///< a stated limit (size, memory) would be exceeded
  kBug = 70,     ///< attn-viz itself is wrong
};

/// An error with a place, a message (what is wrong and what was expected) and, where there is a
/// likely fix, a hint. `what()` reads "file: place: message\n  hint: hint", without absent parts.
class Error : public std::exception {
 public:
  Error(ErrorCode code, std::string message) : code_(code), message_(std::move(message)) {
    compose();
  }

  /// The JSON pointer or step id at which the fault was seen.
  Error& at(std::string place) { return place_ = std::move(place), compose(); }
  /// The likely fix.
  Error& hint(std::string hint) { return hint_ = std::move(hint), compose(); }
  /// The file in which the fault was seen; the first one named stays.
  Error& in_file(std::string file) {
    if (file_.empty()) file_ = std::move(file);
    return compose();
  }

  ErrorCode code() const noexcept { return code_; }
  const std::string& file() const noexcept { return file_; }
  const std::string& place() const noexcept { return place_; }
  const std::string& message() const noexcept { return message_; }
  const std::string& hint() const noexcept { return hint_; }
  const char* what() const noexcept override { return text_.c_str(); }

 private:
  Error& compose();

  ErrorCode code_;
  std::string file_, place_, message_, hint_, text_;
};

/// The candidate nearest to a misspelt name, or "" if none is near enough to be meant.
/// Distance counts insertions, deletions, replacements and exchanged neighbours.
std::string_view nearest_name(std::string_view name, std::span<const std::string_view> candidates);

/// "unknown score "cosin"; expected one of …", with the nearest name as a hint.
/// @param kind  what is named: "score".
Error unknown_name(ErrorCode code, std::string_view kind, std::string_view name,
                   std::span<const std::string_view> known);

}  // namespace attn_viz
