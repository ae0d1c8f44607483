#pragma once
// 64-bit hashes of content that several ranks hold pieces of: the sum over all words of a mixed
// (place, bits). Sums commute, so the hash does not depend on who held what. The mixing is a
// bijection of the bits, so a single changed word always changes the hash; several changed words
// go unnoticed once in 2^64.

#include <fmt/format.h>

#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

namespace otto {

/// splitmix64's finaliser (Steele, Lea, Flood 2014).
inline std::uint64_t mix(std::uint64_t z) {
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
  return z ^ (z >> 31);
}

/// Of words number first, first + 1, ... of a dataset.
inline std::uint64_t hash_words(std::span<const double> words, std::int64_t first) {
  constexpr std::uint64_t golden = 0x9e3779b97f4a7c15ULL;
  std::uint64_t sum = 0, place = static_cast<std::uint64_t>(first) * golden;
  for (const double word : words) {
    place += golden;
    sum += mix(std::bit_cast<std::uint64_t>(word) + place);
  }
  return sum;
}

/// Of the bytes at `offset` of a file; zero bytes count nothing, like holes.
inline std::uint64_t hash_bytes(std::span<const std::byte> bytes, std::int64_t offset) {
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    const auto value = static_cast<std::uint64_t>(bytes[i]);
    const auto place = static_cast<std::uint64_t>(offset) + i + 1;
    sum += value == 0 ? 0 : mix((place << 8) + value);
  }
  return sum;
}

inline std::string hexadecimal(std::uint64_t hash) { return fmt::format("{:016x}", hash); }

}  // namespace otto
