#pragma once
// Random numbers that depend on nothing but (seed, stream, index): a particle's numbers are the
// same on any number of ranks, and any of them can be had without those before it.
//
// Philox4x32-10 (Salmon, Moraes, Dror, Shaw, "Parallel random numbers: as easy as 1, 2, 3", 2011) of
// the authors' library Random123: a 128-bit counter of (index, stream), a 64-bit key. Normal numbers
// by Box and Muller.

#include <array>
#include <cmath>
#include <cstdint>
#include <numbers>

namespace otto {

/// 128 random bits for a counter and a key.
std::array<std::uint32_t, 4> philox(std::array<std::uint32_t, 4> counter, std::uint64_t key);

/// The numbers at position `index` of one stream.
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
