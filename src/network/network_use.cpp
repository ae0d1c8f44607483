#include "otto/network/network_use.h"

#include <chrono>

namespace otto {

void NetworkUse::evaluate(std::span<const Point> points, std::span<double> values) const {
  const auto began = std::chrono::steady_clock::now();
  network().evaluate(points, values);
  seconds_ += std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
}

}  // namespace otto
