#pragma once
#include <torch/script.h>

#include "otto/network/wide_network.h"

namespace otto {

/// The TorchScript module of a design of any dimension. Throws InputError.
torch::jit::Module make_wide_module(const WideDesign& design);

}  // namespace otto
