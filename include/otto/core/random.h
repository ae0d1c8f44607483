#pragma once
// Random numbers that depend on nothing but (seed, stream, index): a particle's numbers are the
// same on any number of ranks, and any of them can be had without those before it.
//
// Philox4x32-10 (Salmon, Moraes, Dror, Shaw, "Parallel random numbers: as easy as 1, 2, 3", 2011):
// ten rounds of two 32 x 32 -> 64 bit products on a 128-bit counter with a 64-bit key. Normal
// numbers by Box and Muller.

#include <array>
#include <cmath>
#include <cstdint>
#include <numbers>

namespace otto {

/// 128 random bits for a counter and a key.
inline std::array<std::uint32_t, 4> philox(std::array<std::uint32_t, 4> c, std::uint64_t key) {
  auto k0 = static_cast<std::uint32_t>(key), k1 = static_cast<std::uint32_t>(key >> 32);
  for (int round = 0; round < 10; ++round) {
    const std::uint64_t a = std::uint64_t{0xD2511F53} * c[0], b = std::uint64_t{0xCD9E8D57} * c[2];
    c = {static_cast<std::uint32_t>(b >> 32) ^ c[1] ^ k0, static_cast<std::uint32_t>(b),
         static_cast<std::uint32_t>(a >> 32) ^ c[3] ^ k1, static_cast<std::uint32_t>(a)};
    k0 += 0x9E3779B9;
    k1 += 0xBB67AE85;
  }
  return c;
}

/// The numbers number `index` of one stream.
class RandomAt {
 public:
  RandomAt(std::uint64_t seed, std::uint64_t stream, std::uint64_t index) {
    const auto bits =
        philox({static_cast<std::uint32_t>(index), static_cast<std::uint32_t>(index >> 32),
                static_cast<std::uint32_t>(stream), static_cast<std::uint32_t>(stream >> 32)},
               seed);
    first_ = bits[0] | std::uint64_t{bits[1]} << 32;
    second_ = bits[2] | std::uint64_t{bits[3]} << 32;
  }
  /// Two independent numbers, uniform in (0, 1): multiples of 2^-53 plus half of one.
  [[nodiscard]] std::array<double, 2> uniform() const { return {unit(first_), unit(second_)}; }
  /// Two independent standard normal numbers.
  [[nodiscard]] std::array<double, 2> normal() const {
    const double r = std::sqrt(-2 * std::log(unit(first_)));
    const double angle = 2 * std::numbers::pi * unit(second_);
    return {r * std::cos(angle), r * std::sin(angle)};
  }

 private:
  static double unit(std::uint64_t bits) {
    return (static_cast<double>(bits >> 11) + 0.5) * 0x1p-53;
  }
  std::uint64_t first_, second_;
};

}  // namespace otto
