#pragma once
#include "otto/network/wide_network.h"
#include "script_network.h"

namespace otto {

/// A TorchScript module as a WideNetwork.
std::unique_ptr<WideNetwork> make_wide_script(Script script);

/// dU/dtheta (n x m) of a quadratic form, an mlp or a clique of Otto's own at points (n x d);
/// undefined where the module is another one. dU/dA = 1/2 (x - c)(x - c)^T; by layers, with h_l the inputs of layer l, D_l = dU/da_l, and i the sites:
///
///   dU/dW_l = sum_i D_l(i) h_l(i)^T,   dU/db_l = sum_i D_l(i),   dU/dw = sum_i h_L(i).
at::Tensor site_jacobian(const Script& script, const at::Tensor& x);

}  // namespace otto
