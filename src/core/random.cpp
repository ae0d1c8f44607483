#include "otto/core/random.h"

#include <Random123/philox.h>

namespace otto {

std::array<std::uint32_t, 4> philox(std::array<std::uint32_t, 4> counter, std::uint64_t key) {
  const philox4x32_ctr_t c{{counter[0], counter[1], counter[2], counter[3]}};
  const philox4x32_key_t k{{std::uint32_t(key), std::uint32_t(key >> 32)}};
  const philox4x32_ctr_t bits = philox4x32(c, k);
  return {bits.v[0], bits.v[1], bits.v[2], bits.v[3]};
}

}  // namespace otto
