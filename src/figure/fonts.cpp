#include "attn_viz/figure/fonts.hpp"

#include <fmt/format.h>
#include <fontconfig/fontconfig.h>
#include <glib.h>
#include <uniname.h>

#include <algorithm>
#include <memory>
#include <string_view>

#include "attn_viz/core/error.hpp"

namespace attn_viz::figure {
namespace {

struct FreeText {
  void operator()(void* memory) const { g_free(memory); }
};

struct DestroyPattern {
  void operator()(FcPattern* pattern) const { FcPatternDestroy(pattern); }
};
struct DestroyObjects {
  void operator()(FcObjectSet* objects) const { FcObjectSetDestroy(objects); }
};
struct DestroyFonts {
  void operator()(FcFontSet* fonts) const { FcFontSetDestroy(fonts); }
};

bool is_same(const std::string& a, const std::string& b) {
  const std::unique_ptr<char, FreeText> x(g_utf8_casefold(a.data(), static_cast<gssize>(a.size())));
  const std::unique_ptr<char, FreeText> y(g_utf8_casefold(b.data(), static_cast<gssize>(b.size())));
  return std::string_view(x.get()) == y.get();
}

}  // namespace

std::vector<std::string> installed_families() {
  const std::unique_ptr<FcPattern, DestroyPattern> any(FcPatternCreate());
  const std::unique_ptr<FcObjectSet, DestroyObjects> wanted(
      FcObjectSetBuild(FC_FAMILY, FC_FONTFORMAT, nullptr));
  const std::unique_ptr<FcFontSet, DestroyFonts> fonts(
      FcFontList(nullptr, any.get(), wanted.get()));
  std::vector<std::string> names;
  for (int i = 0; fonts && i < fonts->nfont; ++i) {
    FcChar8* text = nullptr;
    if (FcPatternGetString(fonts->fonts[i], FC_FONTFORMAT, 0, &text) != FcResultMatch) continue;
    // Pango sets texts in no others.
    const std::string_view format = reinterpret_cast<const char*>(text);
    if (format != "TrueType" && format != "CFF") continue;
    for (int n = 0; FcPatternGetString(fonts->fonts[i], FC_FAMILY, n, &text) == FcResultMatch; ++n)
      names.emplace_back(reinterpret_cast<const char*>(text));
  }
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  return names;
}

Fonts find_fonts(const std::string& family) {
  std::vector<std::string> names = installed_families();
  for (const char* generic : {"sans-serif", "serif", "monospace"}) names.emplace_back(generic);
  for (const std::string& name : names)
    if (is_same(name, family)) return {name};

  const std::vector<std::string_view> known(names.begin(), names.end());
  Error error(ErrorCode::kUsage, fmt::format("no font of the family \"{}\" is installed", family));
  const std::string_view near = nearest_name(family, known);
  if (!near.empty()) throw error.hint(fmt::format("did you mean \"{}\"?", near));
  // One name of each kind: of "Noto Sans CJK SC", "Noto Sans CJK TC", … the first.
  constexpr std::size_t kNamed = 8;
  std::string some, last;
  std::size_t listed = 0;
  for (const std::string& name : names) {
    const std::string kind = name.substr(0, name.find(' '));
    if (kind == last || listed == kNamed) continue;
    some += (some.empty() ? "" : ", ") + name;
    last = kind;
    ++listed;
  }
  throw error.hint(fmt::format("installed are {} and others; `fc-list : family` lists all", some));
}

std::string character_name(char32_t character) {
  char name[UNINAME_MAX];
  return unicode_character_name(character, name) == nullptr ? "" : name;
}

}  // namespace attn_viz::figure
