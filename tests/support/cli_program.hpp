// Runs the executable as a user does: arguments, standard input and environment in; exit code,
// standard output and standard error out.
#pragma once

#include <filesystem>
#include <map>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

namespace attn_viz::test {

/// What a run of the program gave back.
struct Run {
  int code = -1;  ///< exit code; −1 if a signal ended it
  std::string out, err;
  bool operator==(const Run&) const = default;
};

/// For Catch2's messages.
inline std::ostream& operator<<(std::ostream& to, const Run& run) {
  return to << "code " << run.code << "\nout:\n" << run.out << "\nerr:\n" << run.err;
}

/// How to run it, beside the arguments.
struct Surroundings {
  std::string input = {};             ///< standard input
  std::filesystem::path folder = {};  ///< to run in; messages then name files relative to it
  std::map<std::string, std::string> environment = {};  ///< added; NO_COLOR is never inherited
  bool error_is_terminal = false;
  std::string output = {};  ///< a file or device for standard output, instead of Run::out
  /// Standard output is a terminal of so many columns (0: none), which takes at most 4096 bytes.
  unsigned short output_columns = 0;
};

/// Example: run({"run", "a.json", "-o", "out"}, {.folder = folder.path()}).code == 0
Run run(const std::vector<std::string>& arguments, const Surroundings& surroundings = {});

/// A new, empty folder that is removed at the end.
class TemporaryFolder {
 public:
  TemporaryFolder();
  ~TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  const std::filesystem::path& path() const { return path_; }
  /// Writes a file in it, with the folders on the way.
  void write(const std::string& name, std::string_view content) const;
  std::string read(const std::string& name) const;
  /// The paths of all files and folders in it (folders end in "/"), sorted; below `name` if given.
  std::vector<std::string> list(const std::string& name = {}) const;
  /// Runs the program in it.
  Run run(const std::vector<std::string>& arguments, const std::string& input = {}) const;

 private:
  std::filesystem::path path_;
};

/// Three tokens of two numbers.
inline constexpr char kDocument[] = R"({"embeddings": [[1, 0], [0, 1], [1, 1]]})";
/// What `run a.json -o out` says of it.
inline constexpr char kDone[] = "out/a: trace.json, heatmap.png, 1 figure in heatmaps/\n";

inline bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

/// Whether programs can be given a terminal here; a bare chroot has none (no /dev/pts).
bool machine_has_terminals();

/// The path of a sample.
std::string sample(const std::string& name);

/// The whole file.
std::string read_bytes(const std::filesystem::path& path);

}  // namespace attn_viz::test
