#include "attn_viz/core/files.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstring>
#include <system_error>
#include <utility>

#include "attn_viz/core/error.hpp"

namespace attn_viz {
namespace {

Error file_error(const std::string& path, const std::string& what, int reason) {
  Error error(ErrorCode::kFile, what + ": " + std::generic_category().message(reason));
  return error.in_file(path);
}

/// A file descriptor that closes itself.
struct Descriptor {
  int number;
  ~Descriptor() {
    if (number > STDERR_FILENO) ::close(number);
  }
};

}  // namespace

std::string read_file(const std::string& path) {
  const bool standard_input = path == "-";
  const Descriptor file{standard_input ? STDIN_FILENO : ::open(path.c_str(), O_RDONLY | O_CLOEXEC)};
  if (file.number < 0) throw file_error(path, "cannot be read", errno);

  struct stat status {};
  std::string content;
  if (::fstat(file.number, &status) == 0) {
    if (S_ISDIR(status.st_mode)) throw file_error(path, "cannot be read", EISDIR);
    if (S_ISREG(status.st_mode)) content.reserve(static_cast<std::size_t>(status.st_size) + 1);
  }
  std::size_t used = 0;
  for (;;) {
    constexpr std::size_t kLeastRoom = std::size_t{1} << 16;
    content.resize(std::max(content.capacity(), used + kLeastRoom));
    const ssize_t got = ::read(file.number, content.data() + used, content.size() - used);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) throw file_error(path, "cannot be read", errno);
    if (got == 0) break;
    used += static_cast<std::size_t>(got);
  }
  content.resize(used);
  return content;
}

void make_folder(const std::filesystem::path& folder) {
  std::error_code failure;
  std::filesystem::create_directories(folder, failure);
  if (!failure && !std::filesystem::is_directory(folder, failure)) {
    failure = std::make_error_code(std::errc::not_a_directory);
  }
  if (failure) throw file_error(folder.string(), "the folder cannot be made", failure.value());
}

AtomicFile::AtomicFile(std::filesystem::path path) : path_(std::move(path)) {
  static std::atomic<unsigned> number{0};
  passing_ = path_;
  passing_ += ".part-" + std::to_string(::getpid()) + "-" + std::to_string(number++);
  // Best a file without a name, which vanishes with the process, however that ends.
  const std::filesystem::path folder = path_.has_parent_path() ? path_.parent_path() : ".";
  const bool can_be_named_later = ::access("/proc/self/fd", X_OK) == 0;
  if (can_be_named_later) {
    descriptor_ = ::open(folder.c_str(), O_WRONLY | O_TMPFILE | O_CLOEXEC, 0666);
  }
  nameless_ = descriptor_ >= 0;
  if (!nameless_) {
    descriptor_ = ::open(passing_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
  }
  if (descriptor_ < 0) throw file_error(path_.string(), "cannot be written", errno);
}

AtomicFile::~AtomicFile() {
  if (descriptor_ < 0) return;
  ::close(descriptor_);
  if (!nameless_) ::unlink(passing_.c_str());
}

void AtomicFile::write(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(descriptor_, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) throw file_error(path_.string(), "cannot be written", errno);
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
}

void AtomicFile::commit() {
  const std::string open_file = "/proc/self/fd/" + std::to_string(descriptor_);
  const bool named = !nameless_ || ::linkat(AT_FDCWD, open_file.c_str(), AT_FDCWD, passing_.c_str(),
                                            AT_SYMLINK_FOLLOW) == 0;
  int reason = named ? 0 : errno;
  if (::close(std::exchange(descriptor_, -1)) != 0 && reason == 0) reason = errno;
  if (reason == 0 && ::rename(passing_.c_str(), path_.c_str()) != 0) reason = errno;
  if (reason == 0) return;
  ::unlink(passing_.c_str());
  throw file_error(path_.string(), "cannot be written", reason);
}

void write_file(const std::filesystem::path& path, std::string_view bytes) {
  AtomicFile file(path);
  file.write(bytes);
  file.commit();
}

}  // namespace attn_viz
