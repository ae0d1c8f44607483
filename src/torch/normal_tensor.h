#pragma once
#include <torch/script.h>

#include "otto/core/random.h"

namespace otto {

/// Normal numbers of standard deviation `deviation`; `stream` tells one tensor from another.
inline at::Tensor normal_tensor(at::IntArrayRef shape, double deviation, std::uint64_t seed,
                                std::uint64_t stream) {
  at::Tensor t = at::empty(shape, at::kDouble);
  auto* values = t.data_ptr<double>();
  for (std::int64_t i = 0; i < t.numel(); ++i) {
    values[i] =
        deviation * RandomAt(seed, stream, std::uint64_t(i / 2)).normal()[std::size_t(i % 2)];
  }
  return t;
}

}  // namespace otto
