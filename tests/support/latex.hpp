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
/// @param within_page  whether what is too wide for the page is a fault, too
inline std::string compile_latex(const std::string& compiler, const std::string& document,
                                 bool within_page = false) {
  const TemporaryFolder folder;
  folder.write("document.tex", document);
  const std::string command = "cd '" + folder.path().string() + "' && " + compiler +
                              " -interaction=nonstopmode -halt-on-error document.tex > said 2>&1";
  const bool compiled = std::system(command.c_str()) == 0;
  const std::string said = folder.read("said");
  if (compiled) {
    const std::size_t wide = within_page ? said.find("Overfull \\hbox") : std::string::npos;
    return wide == std::string::npos ? "" : said.substr(wide, 100);
  }
  return said.substr(said.size() > 600 ? said.size() - 600 : 0);
}

}  // namespace attn_viz::test
