// Subcommands and their options as plain descriptions. parser.cpp alone gives them to the parser.
#pragma once

#include <cstddef>
#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace attn_viz::cli {

/// Takes the text of an option; throws Error kUsage if it is not what is expected.
using TakeText = std::function<void(const std::string&)>;

/// An option ("--heads", "-o,--output") or, without a dash, a positional argument ("FILE").
struct Option {
  using Text = std::string;
  using Texts = std::vector<std::string>;
  /// A flag, a text, several texts, or whoever takes the text.
  using Place = std::variant<bool*, Text*, std::optional<Text>*, Texts*, TakeText>;

  std::string names, help;
  Place place;                  ///< where what is given goes
  std::string value_name = "";  ///< what stands for the value in the help: "DIR"
  std::string group_name = "";  ///< heading in the help; empty: that of all others
  bool is_required = false;
  std::size_t count = 0;  ///< how often it was given

  Option& value(std::string in_the_help) {
    value_name = std::move(in_the_help);
    return *this;
  }
  Option& group(std::string heading) {
    group_name = std::move(heading);
    return *this;
  }
  Option& required() {
    is_required = true;
    return *this;
  }
};

/// A subcommand, and what to do when it was named; the result is the exit code.
struct Command {
  std::string name, about;
  std::string footer = "";
  std::deque<Option> options = {};  ///< a deque: references to them stay
  std::function<int()> act = nullptr;

  /// An option whose text is checked as it is taken: text("--heads", "N", "Number of heads", …).
  Option& text(std::string names, std::string value, std::string help, TakeText take);

  /// An option without a value ("--causal", but not "--causal=5"), one whose text is kept, or one
  /// that may be given again; without a dash: a positional argument, or all of them.
  Option& keep(std::string names, Option::Place place, std::string help);

  /// Whether an option was given on the command line.
  bool given(const std::string& option) const;
};

/// The program: what stands before and after the list of subcommands, and these.
struct Program {
  std::string name, about, footer, version;
  std::vector<Option> options = {};   ///< those of every subcommand
  std::deque<Command> commands = {};  ///< a deque: references to them stay

  Command& add(std::string command, std::string purpose);
};

/// Reads the command line into the places of the options.
/// @return the subcommand that was named; null where the help or the version was asked for, which
///     has then been printed
/// @throws Error kUsage, and what a TakeText throws
const Command* parse(Program& program, int argc, char** argv);

}  // namespace attn_viz::cli
