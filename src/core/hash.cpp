#include "otto/core/hash.h"

#include <fmt/format.h>

#include <cstdint>

namespace otto {

std::string hash_text(const std::string& text) {
  std::uint64_t hash = 14695981039346656037ULL;
  for (const unsigned char c : text) hash = (hash ^ c) * 1099511628211ULL;
  return fmt::format("{:016x}", hash);
}

}  // namespace otto
