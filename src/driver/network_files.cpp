#include "otto/driver/network_files.h"

#include "otto/network/layer_network.h"

namespace otto {

std::vector<NamedBytes> network_files(const Network& network) {
  std::vector<NamedBytes> files{{"energy.pt", network.file()}};
  if (const auto declared = network.declared()) {
    files.push_back(
        {"energy.safetensors", layer_network_bytes(declared->arrays, declared->layers)});
  }
  return files;
}

}  // namespace otto
