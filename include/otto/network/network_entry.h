#pragma once
// The entry points of libotto_torch, as the program sees them and as the module defines them. No
// torch header here. Exceptions do not pass here: a function returns null and says why in `error`.
// Members of the Network throw otto's errors only.

#include <string>

#include "otto/network/network_design.h"

namespace otto {

extern "C" {
/// A TorchScript file from its bytes; `name` is what messages call it.
Network* otto_torch_load(const std::string& bytes, const std::string& name, int dimension,
                         std::string& error);
Network* otto_torch_make(const NetworkDesign& design, std::string& error);
}

}  // namespace otto
