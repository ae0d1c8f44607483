#pragma once
#include <torch/script.h>

#include "otto/network/network_design.h"

namespace otto {

/// The TorchScript module of a design. Throws InputError.
torch::jit::Module make_module(const NetworkDesign& design);

}  // namespace otto
