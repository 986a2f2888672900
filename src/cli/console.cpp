#include "cli/console.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <system_error>

namespace attn_viz::cli {
namespace {

constexpr std::string_view kRed = "\x1b[1;31m", kYellow = "\x1b[1;33m", kPlain = "\x1b[0m";

bool colored() {
  const char* refused = std::getenv("NO_COLOR");
  return ::isatty(STDERR_FILENO) == 1 && (refused == nullptr || *refused == '\0');
}

}  // namespace

void Console::result(std::string_view line) {
  end_progress();
  if (quiet_) return;
  const std::string text = fmt::format("{}\n", line);
  std::fwrite(text.data(), 1, text.size(), stdout);  // failures are seen by finish()
}

void Console::print(std::string_view text) {
  end_progress();
  std::fwrite(text.data(), 1, text.size(), stdout);  // failures are seen by finish()
}

void Console::say(std::string_view color, std::string_view kind, std::string_view message) {
  end_progress();
  if (colored()) {
    fmt::print(stderr, "{}attn-viz:{}{} {}\n", color, kind, kPlain, message);
  } else {
    fmt::print(stderr, "attn-viz:{} {}\n", kind, message);
  }
}

void Console::warn(std::string_view message) {
  if (!quiet_) say(kYellow, " warning:", message);
}

void Console::fail(const Error& error) {
  say(kRed, "", error.what());
}

void Console::finish() {
  const bool failed = std::fflush(stdout) != 0;
  const int reason = failed ? errno : EIO;
  if (!failed && std::ferror(stdout) == 0) return;
  Error error(ErrorCode::kFile, "cannot be written: " + std::generic_category().message(reason));
  throw error.in_file("standard output");
}

void Console::progress(std::string_view message) {
  constexpr std::chrono::seconds kPatience{1};
  const bool long_enough = std::chrono::steady_clock::now() - start_ > kPatience;
  if (quiet_ || !long_enough || ::isatty(STDERR_FILENO) != 1) return;
  fmt::print(stderr, "\r\x1b[K{} …", message);
  std::fflush(stderr);
  progress_shown_ = true;
}

void Console::end_progress() {
  if (!progress_shown_) return;
  fmt::print(stderr, "\r\x1b[K");
  progress_shown_ = false;
}

}  // namespace attn_viz::cli
