// The only code that touches the disk. Errors name the file and say what the system said.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

namespace attn_viz {

/// The whole file; "-" reads standard input.
/// @throws Error kFile if it is missing, a folder, or unreadable.
std::string read_file(const std::string& path);

/// Makes a folder and its parents.
/// @throws Error kFile if it cannot be made or is a file.
void make_folder(const std::filesystem::path& folder);

/// A file that appears whole or not at all: written without a name (or, where the file system knows
/// no such files, under a passing one) and put in its place by commit(). Without commit() nothing
/// is left.
class AtomicFile {
 public:
  /// @throws Error kFile if the folder does not exist or cannot be written.
  explicit AtomicFile(std::filesystem::path path);
  ~AtomicFile();
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;

  void write(std::string_view bytes);
  void commit();

 private:
  std::filesystem::path path_, passing_;
  int descriptor_ = -1;
  bool nameless_ = false;
};

/// An AtomicFile with this content.
void write_file(const std::filesystem::path& path, std::string_view bytes);

}  // namespace attn_viz
