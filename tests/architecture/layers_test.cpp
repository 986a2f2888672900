// The rooms: who may include whom, that headers form no cycle, and what only one room may do.
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <regex>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "catch.hpp"

namespace {

namespace fs = std::filesystem;

/// A source file: its path below include/attn_viz/ or src/ ("core/tensor.hpp"), and its text.
struct Source {
  std::string path, text;
  bool is_public = false;  ///< below include/

  std::string room() const { return path.substr(0, path.find('/')); }
};

std::vector<Source> read_sources(const fs::path& root) {
  std::vector<Source> sources;
  for (const char* folder : {"include/attn_viz", "src"}) {
    for (const auto& entry : fs::recursive_directory_iterator(root / folder)) {
      const std::string extension = entry.path().extension().string();
      if (extension != ".hpp" && extension != ".cpp") continue;
      std::ifstream file(entry.path());
      std::stringstream text;
      text << file.rdbuf();
      sources.push_back({fs::relative(entry.path(), root / folder).generic_string(), text.str(),
                         std::string(folder) != "src"});
    }
  }
  std::sort(sources.begin(), sources.end(),
            [](const Source& a, const Source& b) { return a.path < b.path; });
  return sources;
}

/// What each room may include beside itself. cli may include all.
const std::map<std::string, std::set<std::string>> kMayInclude{
    {"core", {}},
    {"ops", {"core"}},
    {"trace", {"core", "ops"}},
    {"mechanisms", {"core", "ops", "trace"}},
    {"input", {"core", "mechanisms"}},
    {"analysis", {"core", "ops", "trace"}},
    {"explain", {"core", "ops", "trace"}},
    {"check", {"core", "ops", "trace"}},
    {"figure", {"core", "ops", "trace", "analysis"}},
    // Another painter of the figures that figure/ describes: their colours, levels and labels.
    {"terminal", {"core", "figure"}},
    {"report", {"core", "ops", "trace", "analysis"}},
};

struct Include {
  std::string name;  ///< as written between the quotes
  bool is_public() const { return name.rfind("attn_viz/", 0) == 0; }
  /// Below include/attn_viz/ or src/.
  std::string path() const { return is_public() ? name.substr(9) : name; }
};

std::vector<Include> includes_of(const Source& source) {
  static const std::regex line(R"re((^|\n)[ \t]*#[ \t]*include[ \t]*"([^"\n]*)")re");
  std::vector<Include> includes;
  for (std::sregex_iterator found(source.text.begin(), source.text.end(), line), end; found != end;
       ++found) {
    includes.push_back({(*found)[2]});
  }
  return includes;
}

/// One line for each include that goes against the arrows.
std::vector<std::string> wrong_includes(const std::vector<Source>& sources) {
  std::vector<std::string> faults;
  for (const Source& source : sources) {
    const std::string room = source.room();
    if (room == "cli") continue;
    const auto allowed = kMayInclude.find(room);
    if (allowed == kMayInclude.end()) {
      faults.push_back(source.path + ": the room \"" + room + "\" is not in the plan");
      continue;
    }
    for (const Include& include : includes_of(source)) {
      const std::string other = include.path().substr(0, include.path().find('/'));
      if (other != room && allowed->second.count(other) == 0) {
        faults.push_back(source.path + " includes " + include.name);
      } else if (source.is_public && !include.is_public()) {
        faults.push_back(source.path + ", which is public, includes " + include.name);
      }
    }
  }
  return faults;
}

/// The first cycle of includes found, "a.hpp → b.hpp → a.hpp", or "".
std::string include_cycle(const std::vector<Source>& sources) {
  std::map<std::string, std::vector<std::string>> edges;
  const auto key = [](bool is_public, const std::string& path) {
    return (is_public ? "attn_viz/" : "") + path;
  };
  for (const Source& source : sources) {
    for (const Include& include : includes_of(source)) {
      edges[key(source.is_public, source.path)].push_back(include.name);
    }
  }
  std::set<std::string> done;
  std::vector<std::string> path;
  std::string cycle;
  const auto visit = [&](const auto& self, const std::string& file) -> void {
    if (!cycle.empty() || done.count(file) > 0) return;
    const auto open = std::find(path.begin(), path.end(), file);
    if (open != path.end()) {
      for (auto step = open; step != path.end(); ++step) cycle += *step + " → ";
      cycle += file;
      return;
    }
    path.push_back(file);
    for (const std::string& next : edges[file]) self(self, next);
    path.pop_back();
    done.insert(file);
  };
  std::vector<std::string> files;
  for (const auto& [file, includes] : edges) files.push_back(file);
  for (const std::string& file : files) visit(visit, file);
  return cycle;
}

/// The text without comments and without what stands in quotes (but with include lines).
std::string code_only(const std::string& text) {
  static const std::regex noise(
      R"re((^|\n)[ \t]*#[ \t]*include[^\n]*|//[^\n]*|/\*[^]*?\*/|"(\\.|[^"\\\n])*"|'(\\.|[^'\\\n])')re");
  std::string code;
  auto position = text.begin();
  for (std::sregex_iterator found(text.begin(), text.end(), noise), end; found != end; ++found) {
    code.append(position, text.begin() + found->position());
    if (found->str().find("#") != std::string::npos && found->str().find("include") <= 12) {
      code += found->str();
    }
    position = text.begin() + found->position() + found->length();
  }
  code.append(position, text.end());
  return code;
}

/// One line for each use of `pattern` outside what `may` allows.
template <class May>
std::vector<std::string> uses(const std::vector<Source>& sources, const std::regex& pattern,
                              May may) {
  std::vector<std::string> faults;
  for (const Source& source : sources) {
    if (may(source)) continue;
    const std::string code = code_only(source.text);
    for (std::sregex_iterator found(code.begin(), code.end(), pattern), end; found != end;
         ++found) {
      faults.push_back(source.path + ": " + found->str());
    }
  }
  return faults;
}

std::vector<std::string> prints_or_exits(const std::vector<Source>& sources) {
  static const std::regex pattern(
      R"re(<iostream>|<cstdio>|\bstd::(cout|cerr|clog)\b|\bfmt::print\w*|\b(f|v|vf)?printf\b|\bf?puts\b|\bputchar\b|\b(std::)?(exit|_Exit|quick_exit|abort|terminate)[ \t]*\(|\bSTDOUT_FILENO\b)re");
  return uses(sources, pattern, [](const Source& source) { return source.room() == "cli"; });
}

std::vector<std::string> opens_files(const std::vector<Source>& sources) {
  static const std::regex pattern(
      R"re(<fstream>|\bstd::[io]?fstream\b|\bf(re|d)?open\b|::open\b|\bmmap\b|\bcreate_director\w+|\bremove_all\b)re");
  return uses(sources, pattern,
              [](const Source& source) { return source.path == "core/files.cpp"; });
}

/// A list on lines, so that a failing CHECK shows every fault.
std::string lines(const std::vector<std::string>& faults) {
  std::string text;
  for (const std::string& fault : faults) text += fault + "\n";
  return text;
}

const std::vector<Source>& all_sources() {
  static const std::vector<Source> sources = read_sources(ATTN_VIZ_SOURCE_DIR);
  return sources;
}

TEST_CASE("rooms: the files are found") {
  CHECK(all_sources().size() > 40);
  const auto has = [](const std::string& path) {
    return std::any_of(all_sources().begin(), all_sources().end(),
                       [&](const Source& source) { return source.path == path; });
  };
  CHECK(has("core/tensor.hpp"));
  CHECK(has("core/files.cpp"));
  CHECK(has("cli/main.cpp"));
  std::size_t includes = 0;
  for (const Source& source : all_sources()) includes += includes_of(source).size();
  CHECK(includes > 80);
}

TEST_CASE("rooms: arrows point one way only") {
  CHECK(lines(wrong_includes(all_sources())) == "");
}

TEST_CASE("rooms: headers form no cycle") {
  CHECK(include_cycle(all_sources()) == "");
}

TEST_CASE("rooms: only cli prints or exits") {
  CHECK(lines(prints_or_exits(all_sources())) == "");
}

TEST_CASE("rooms: only core/files.cpp opens files") {
  CHECK(lines(opens_files(all_sources())) == "");
}

TEST_CASE("rooms: the checks see what is wrong") {
  const std::vector<Source> wrong{
      {"core/a.hpp", "#include \"attn_viz/ops/b.hpp\"\n#include \"core/c.hpp\"", true},
      {"core/c.hpp", "// #include \"attn_viz/cli/no.hpp\"\n  #  include \"attn_viz/core/a.hpp\"",
       false},
      {"ops/b.cpp", "#include \"attn_viz/core/a.hpp\"\n#include \"attn_viz/trace/t.hpp\"", false},
      {"figure/f.cpp", "#include \"mechanisms/m.hpp\"\n#include \"attn_viz/analysis/a.hpp\"",
       false},
      {"attic/a.cpp", "", false},
      {"cli/main.cpp", "#include \"attn_viz/figure/f.hpp\"\n#include <iostream>", false},
  };
  CHECK(lines(wrong_includes(wrong)) ==
        "core/a.hpp includes attn_viz/ops/b.hpp\n"
        "core/a.hpp, which is public, includes core/c.hpp\n"
        "ops/b.cpp includes attn_viz/trace/t.hpp\n"
        "figure/f.cpp includes mechanisms/m.hpp\n"
        "attic/a.cpp: the room \"attic\" is not in the plan\n");
  CHECK(include_cycle(wrong) == "attn_viz/core/a.hpp → core/c.hpp → attn_viz/core/a.hpp");

  const std::vector<Source> loud{
      {"core/a.cpp", "#include <iostream>\nvoid f() { std::cout << 1; }", false},
      {"ops/b.cpp", "// printf(\nconst char* s = \"exit(1)\"; void g() { std::exit(3); }", false},
      {"trace/c.cpp", "void h() { fmt::print(\"x\"); printf(\"y\"); }", false},
      {"trace/quiet.cpp", "std::string sprint(); /* exit(1) */ int exits; char c = '\"';", false},
      {"cli/main.cpp", "int main() { std::exit(0); }", false}};
  CHECK(lines(prints_or_exits(loud)) ==
        "core/a.cpp: <iostream>\ncore/a.cpp: std::cout\nops/b.cpp: std::exit(\n"
        "trace/c.cpp: fmt::print\ntrace/c.cpp: printf\n");

  const std::vector<Source> opening{
      {"core/files.cpp", "#include <fstream>\nint f = ::open(p, 0);", false},
      {"core/other.cpp", "#include <fstream>\nint f = ::open(p, 0);", false},
      {"figure/f.cpp", "auto* f = std::fopen(\"a\", \"w\"); bool reopened;", false}};
  CHECK(lines(opens_files(opening)) ==
        "core/other.cpp: <fstream>\ncore/other.cpp: ::open\nfigure/f.cpp: fopen\n");
}

}  // namespace
