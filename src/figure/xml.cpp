#include "figure/xml.hpp"

#include <fmt/format.h>
#include <glib.h>

namespace attn_viz::figure {

std::string escaped(std::string_view text) {
  std::string xml;
  xml.reserve(text.size());
  while (!text.empty()) {
    const gunichar c =
        text[0] == '\0' ? 0
                        : g_utf8_get_char_validated(text.data(), static_cast<gssize>(text.size()));
    const bool valid = c <= 0x10FFFF;
    const std::size_t size = valid ? static_cast<std::size_t>(g_unichar_to_utf8(c, nullptr)) : 1;
    if (c == '&') {
      xml += "&amp;";
    } else if (c == '<') {
      xml += "&lt;";
    } else if (c == '>') {
      xml += "&gt;";
    } else if (c == '"') {
      xml += "&quot;";
    } else if (!valid || (c < 0x20 && c != '\n') || (c >= 0x7F && c < 0xA0) ||
               (c & 0xFFFE) == 0xFFFE) {
      xml += "\uFFFD";
    } else {
      xml += text.substr(0, size);
    }
    text.remove_prefix(size);
  }
  return xml;
}

std::string decimal(double number, int digits) {
  std::string text = fmt::format("{:.{}f}", number, digits);
  if (text.find('.') != std::string::npos) {
    text.erase(text.find_last_not_of('0') + 1);
    if (text.back() == '.') text.pop_back();
  }
  return text == "-0" ? "0" : text;
}

}  // namespace attn_viz::figure
