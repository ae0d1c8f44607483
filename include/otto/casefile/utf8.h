#pragma once
#include <cstddef>
#include <string_view>

namespace otto {

/// Position of the first byte that is not UTF-8 text (NUL counts as such); npos if all is.
std::size_t find_not_utf8(std::string_view text);

}  // namespace otto
