#pragma once

#include <cstdint>
#include <functional>
#include <span>

namespace otto {

/// Numbers of this rank that are not in memory as a whole: they come piece by piece, in order.
template <class T>
struct Pieces {
  using Sink = std::function<void(std::span<const T>)>;
  std::int64_t count = 0;                   ///< of all pieces
  std::function<void(const Sink&)> stream;  ///< hands them over; collective where it says so
};

}  // namespace otto
