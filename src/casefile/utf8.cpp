#include "otto/casefile/utf8.h"

namespace otto {

namespace {

// Length of the well-formed sequence at the beginning (Unicode 15, table 3-7); 0 if there is none.
std::size_t sequence_length(std::string_view s) {
  const auto byte = [&](std::size_t i) {
    return static_cast<unsigned char>(i < s.size() ? s[i] : 0);
  };
  const auto in = [&](std::size_t i, int low, int high) {
    return byte(i) >= low && byte(i) <= high;
  };
  if (in(0, 0x01, 0x7f)) return 1;
  if (in(0, 0xc2, 0xdf) && in(1, 0x80, 0xbf)) return 2;
  const bool three = (byte(0) == 0xe0 && in(1, 0xa0, 0xbf)) ||
                     (byte(0) == 0xed && in(1, 0x80, 0x9f)) ||
                     (in(0, 0xe1, 0xef) && byte(0) != 0xed && in(1, 0x80, 0xbf));
  if (three && in(2, 0x80, 0xbf)) return 3;
  const bool four = (byte(0) == 0xf0 && in(1, 0x90, 0xbf)) ||
                    (in(0, 0xf1, 0xf3) && in(1, 0x80, 0xbf)) ||
                    (byte(0) == 0xf4 && in(1, 0x80, 0x8f));
  return four && in(2, 0x80, 0xbf) && in(3, 0x80, 0xbf) ? 4 : 0;
}

}  // namespace

std::size_t find_not_utf8(std::string_view text) {
  for (std::size_t i = 0; i < text.size();) {
    const std::size_t n = sequence_length(text.substr(i));
    if (n == 0) return i;
    i += n;
  }
  return std::string_view::npos;
}

}  // namespace otto
