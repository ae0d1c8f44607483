#pragma once
#include <torch/script.h>

#include <vector>

namespace otto {

/// The module U = (U_1 + ... + U_M)/M of modules (n, d) -> (n), with the reference law of the first one and, where all
/// are sums over pairs of neighbours, the mean of these.
torch::jit::Module make_mean_module(const std::vector<torch::jit::Module>& members);

}  // namespace otto
