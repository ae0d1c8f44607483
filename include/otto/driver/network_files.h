#pragma once
// A network as files.

#include <string>
#include <vector>

#include "otto/network/network.h"

namespace otto {

/// A file by its name and its content.
struct NamedBytes {
  std::string name, bytes;
};

/// energy.pt, and energy.safetensors where the network can be written as numbers alone.
std::vector<NamedBytes> network_files(const Network& network);

}  // namespace otto
