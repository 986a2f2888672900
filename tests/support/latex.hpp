// Compiling LaTeX where a compiler is installed.
#pragma once

#include <cstdlib>
#include <string>

#include "support/cli_program.hpp"

namespace attn_viz::test {

inline bool is_installed(const std::string& program) {
  return std::system(("command -v " + program + " > /dev/null 2>&1").c_str()) == 0;
}

/// "" if the document compiles, else the last lines of the compiler.
inline std::string compile_latex(const std::string& compiler, const std::string& document) {
  const TemporaryFolder folder;
  folder.write("document.tex", document);
  const std::string command = "cd '" + folder.path().string() + "' && " + compiler +
                              " -interaction=nonstopmode -halt-on-error document.tex > said 2>&1";
  if (std::system(command.c_str()) == 0) return "";
  const std::string said = folder.read("said");
  return said.substr(said.size() > 600 ? said.size() - 600 : 0);
}

}  // namespace attn_viz::test
