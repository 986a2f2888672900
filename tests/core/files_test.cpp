#include "attn_viz/core/files.hpp"

#include <filesystem>
#include <random>
#include <string>

#include "attn_viz/core/error.hpp"
#include "catch.hpp"
#include "support/errors.hpp"

namespace attn_viz {
namespace {

namespace fs = std::filesystem;
using test::error_code_of;
using test::error_of;

/// A folder of its own for a test, gone afterwards.
class Folder {
 public:
  Folder() {
    std::random_device random;
    path_ = fs::temp_directory_path() / ("attn-viz-files-" + std::to_string(random()));
    fs::create_directory(path_);
  }
  ~Folder() { fs::remove_all(path_); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;

  fs::path operator/(const std::string& name) const { return path_ / name; }
  std::size_t entries() const {
    std::size_t count = 0;
    for (const auto& entry : fs::directory_iterator(path_)) count += entry.exists() ? 1 : 0;
    return count;
  }

 private:
  fs::path path_;
};

TEST_CASE("files: what is written is read") {
  const Folder folder;
  std::string bytes = "zero \0 byte, 汤姆\n";
  bytes += std::string(300'000, 'x') + '\0';
  write_file(folder / "a", bytes);
  CHECK(read_file((folder / "a").string()) == bytes);
  write_file(folder / "a", "shorter");
  CHECK(read_file((folder / "a").string()) == "shorter");
  write_file(folder / "empty", "");
  CHECK(read_file((folder / "empty").string()).empty());
  CHECK(folder.entries() == 2);
}

TEST_CASE("files: without commit nothing is left, and the old file stays") {
  const Folder folder;
  {
    AtomicFile file(folder / "new");
    file.write("half");
    CHECK_FALSE(fs::exists(folder / "new"));
  }
  CHECK(folder.entries() == 0);

  write_file(folder / "old", "old");
  {
    AtomicFile file(folder / "old");
    file.write("half");
  }
  CHECK(read_file((folder / "old").string()) == "old");
  AtomicFile file(folder / "old");
  file.write("new, ");
  file.write("in pieces");
  CHECK(read_file((folder / "old").string()) == "old");
  file.commit();
  CHECK(read_file((folder / "old").string()) == "new, in pieces");
  CHECK(folder.entries() == 1);
}

TEST_CASE("files: two writers of one file do not disturb each other") {
  const Folder folder;
  AtomicFile first(folder / "a"), second(folder / "a");
  first.write("first");
  second.write("second");
  first.commit();
  CHECK(read_file((folder / "a").string()) == "first");
  second.commit();
  CHECK(read_file((folder / "a").string()) == "second");
}

TEST_CASE("files: a missing folder or a folder in the place of a file is an error") {
  const Folder folder;
  const std::string missing = (folder / "none" / "a").string();
  CHECK(error_of([&] { write_file(missing, "x"); }) ==
        missing + ": cannot be written: No such file or directory");
  CHECK(error_code_of([&] { write_file(missing, "x"); }) == 4);

  fs::create_directory(folder / "folder");
  CHECK(error_of([&] { write_file(folder / "folder", "x"); }) ==
        (folder / "folder").string() + ": cannot be written: Is a directory");
  CHECK(folder.entries() == 1);
}

TEST_CASE("files: reading what is missing or a folder is an error") {
  const Folder folder;
  const std::string missing = (folder / "none").string();
  CHECK(error_of([&] { read_file(missing); }) ==
        missing + ": cannot be read: No such file or directory");
  CHECK(error_code_of([&] { read_file(missing); }) == 4);
  fs::create_directory(folder / "folder");
  CHECK(error_of([&] { read_file((folder / "folder").string()); }) ==
        (folder / "folder").string() + ": cannot be read: Is a directory");
}

TEST_CASE("files: folders are made with their parents, and may be there already") {
  const Folder folder;
  make_folder(folder / "a/b/c");
  CHECK(fs::is_directory(folder / "a/b/c"));
  make_folder(folder / "a/b/c");
  write_file(folder / "file", "");
  const std::string below = (folder / "file/b").string();
  CHECK(error_of([&] { make_folder(below); }) ==
        below + ": the folder cannot be made: Not a directory");
  const std::string file = (folder / "file").string();
  CHECK(error_of([&] { make_folder(file); }) ==
        file + ": the folder cannot be made: Not a directory");
  CHECK(error_code_of([&] { make_folder(file); }) == 4);
}

}  // namespace
}  // namespace attn_viz
