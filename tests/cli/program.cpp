#include "support/cli_program.hpp"

#include <fcntl.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <memory>
#include <stdexcept>
#include <system_error>

#include "catch.hpp"

namespace fs = std::filesystem;

namespace attn_viz::test {
namespace {

struct CloseFile {
  void operator()(std::FILE* file) const { std::fclose(file); }
};
using Passing = std::unique_ptr<std::FILE, CloseFile>;

void expect(bool done, const char* what) {
  if (!done) throw std::system_error(errno, std::generic_category(), what);
}

/// A file without a name.
Passing passing_file(const std::string& content = {}) {
  Passing file(std::tmpfile());
  expect(file != nullptr, "tmpfile");
  std::fwrite(content.data(), 1, content.size(), file.get());
  std::rewind(file.get());
  return file;
}

std::string content_of(std::FILE* file) {
  std::rewind(file);
  std::string content;
  char block[4096];
  for (std::size_t got = 1; got > 0;) {
    got = std::fread(block, 1, sizeof block, file);
    content.append(block, got);
  }
  return content;
}

/// A terminal that nobody looks at: what is written to `inner` is read from `outer`.
struct Terminal {
  int outer = -1, inner = -1;
  Terminal() {
    outer = ::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
    expect(outer >= 0 && ::grantpt(outer) == 0 && ::unlockpt(outer) == 0, "posix_openpt");
    const char* name = ::ptsname(outer);
    inner = name == nullptr ? -1 : ::open(name, O_RDWR | O_NOCTTY | O_CLOEXEC);
    expect(inner >= 0, "open terminal");
  }
  Terminal(const Terminal&) = delete;
  Terminal& operator=(const Terminal&) = delete;
  ~Terminal() {
    if (inner >= 0) ::close(inner);
    ::close(outer);
  }
  /// All that was written; the writer must have ended.
  std::string content() {
    ::close(inner);
    inner = -1;
    std::string content;
    char block[4096];
    for (ssize_t got = 1; got > 0;) {
      got = ::read(outer, block, sizeof block);  // fails when all is read: no writer is left
      if (got > 0) content.append(block, static_cast<std::size_t>(got));
    }
    return content;
  }
};

std::vector<char*> pointers(std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  for (std::string& text : texts) pointers.push_back(text.data());
  pointers.push_back(nullptr);
  return pointers;
}

std::vector<std::string> environment_with(const std::map<std::string, std::string>& added) {
  std::vector<std::string> environment;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string text = *entry;
    const std::string name = text.substr(0, text.find('='));
    if (name != "NO_COLOR" && added.count(name) == 0) environment.push_back(text);
  }
  for (const auto& [name, value] : added) environment.push_back(name + "=" + value);
  return environment;
}

}  // namespace

Run run(const std::vector<std::string>& arguments, const Surroundings& surroundings) {
  const Passing input = passing_file(surroundings.input);
  const Passing out = passing_file(), err = passing_file();
  std::unique_ptr<Terminal> terminal;
  if (surroundings.error_is_terminal) terminal = std::make_unique<Terminal>();
  std::unique_ptr<Terminal> screen;
  if (surroundings.output_columns > 0) {
    screen = std::make_unique<Terminal>();
    const winsize size{24, surroundings.output_columns, 0, 0};
    expect(::ioctl(screen->inner, TIOCSWINSZ, &size) == 0, "set size of terminal");
  }

  std::vector<std::string> words{ATTN_VIZ_PROGRAM};
  words.insert(words.end(), arguments.begin(), arguments.end());
  std::vector<std::string> environment = environment_with(surroundings.environment);

  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, ::fileno(input.get()), STDIN_FILENO);
  posix_spawn_file_actions_adddup2(&actions, screen ? screen->inner : ::fileno(out.get()),
                                   STDOUT_FILENO);
  if (!surroundings.output.empty()) {
    posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, surroundings.output.c_str(), O_WRONLY,
                                     0);
  }
  posix_spawn_file_actions_adddup2(&actions, terminal ? terminal->inner : ::fileno(err.get()),
                                   STDERR_FILENO);
  if (!surroundings.folder.empty()) {
    posix_spawn_file_actions_addchdir_np(&actions, surroundings.folder.c_str());
  }
  pid_t child = 0;
  const int failure = ::posix_spawn(&child, ATTN_VIZ_PROGRAM, &actions, nullptr,
                                    pointers(words).data(), pointers(environment).data());
  posix_spawn_file_actions_destroy(&actions);
  errno = failure;
  expect(failure == 0, ATTN_VIZ_PROGRAM);

  int status = 0;
  while (::waitpid(child, &status, 0) < 0) expect(errno == EINTR, "waitpid");
  return {WIFEXITED(status) ? WEXITSTATUS(status) : -1,
          screen ? screen->content() : content_of(out.get()),
          terminal ? terminal->content() : content_of(err.get())};
}

TemporaryFolder::TemporaryFolder() {
  std::string name = (fs::temp_directory_path() / "attn-viz-test-XXXXXX").string();
  expect(::mkdtemp(name.data()) != nullptr, "mkdtemp");
  path_ = name;
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;
  fs::remove_all(path_, ignored);
}

void TemporaryFolder::write(const std::string& name, std::string_view content) const {
  fs::create_directories((path_ / name).parent_path());
  std::ofstream file(path_ / name, std::ios::binary);
  file.write(content.data(), static_cast<std::streamsize>(content.size()));
  if (!file.flush()) throw std::runtime_error("cannot write " + name);
}

std::string TemporaryFolder::read(const std::string& name) const {
  return read_bytes(path_ / name);
}

std::vector<std::string> TemporaryFolder::list(const std::string& name) const {
  std::vector<std::string> paths;
  for (const auto& entry : fs::recursive_directory_iterator(path_ / name)) {
    paths.push_back(entry.path().lexically_relative(path_ / name).string() +
                    (entry.is_directory() ? "/" : ""));
  }
  std::sort(paths.begin(), paths.end());
  return paths;
}

Run TemporaryFolder::run(const std::vector<std::string>& arguments,
                         const std::string& input) const {
  return test::run(arguments, {.input = input,
                               .folder = path_,
                               .environment = {},
                               .error_is_terminal = false,
                               .output = {}});
}

bool machine_has_terminals() {
  const int terminal = ::posix_openpt(O_RDWR | O_NOCTTY);
  if (terminal < 0) {
    WARN("this machine has no terminals to test with");
    return false;
  }
  ::close(terminal);
  return true;
}

std::string sample(const std::string& name) {
  return ATTN_VIZ_SOURCE_DIR "/samples/" + name;
}

std::string read_bytes(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) throw std::runtime_error("cannot read " + path.string());
  return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace attn_viz::test
