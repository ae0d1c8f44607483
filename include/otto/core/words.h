#pragma once
// Pieces of messages.

#include <fmt/format.h>

#include <string>

#include "otto/core/point.h"

namespace otto {

/// "(0.5, -1)": the first `dimension` coordinates.
inline std::string to_text(const Point& x, int dimension) {
  std::string text = "(";
  for (int a = 0; a < dimension; ++a) {
    text += fmt::format("{}{}", a > 0 ? ", " : "", x[static_cast<std::size_t>(a)]);
  }
  return text + ")";
}

}  // namespace otto
