#pragma once

#include <string>

namespace otto {

/// 64-bit FNV-1a hash in hexadecimal (Fowler, Noll and Vo).
std::string hash_text(const std::string& text);

}  // namespace otto
