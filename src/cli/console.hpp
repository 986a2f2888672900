// What the program says: results on stdout, everything else on stderr.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "attn_viz/core/error.hpp"

namespace attn_viz::cli {

/// Prints messages. Colour only on a terminal, and never when NO_COLOR is set.
class Console {
 public:
  void be_quiet() { quiet_ = true; }

  /// A line on stdout; not when quiet.
  void result(std::string_view line);
  /// What was asked for, on stdout, also when quiet.
  void print(std::string_view text);
  /// Sees to it that all results are out.
  /// @throws Error kFile if standard output took less than all.
  static void finish();
  /// "attn-viz: warning: …" on stderr; not when quiet.
  void warn(std::string_view message);
  /// "attn-viz: …" on stderr, with its hint.
  void fail(const Error& error);
  /// What goes on, on one line of a terminal that is written over; shown after the first second.
  void progress(std::string_view message);
  void end_progress();

 private:
  void say(std::string_view color, std::string_view kind, std::string_view message);

  bool quiet_ = false;
  bool progress_shown_ = false;
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

}  // namespace attn_viz::cli
