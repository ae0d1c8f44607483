#pragma once
// The entry points of libotto_torch, as the program sees them and as the module defines them. No
// torch header here. Exceptions do not pass here: a function returns null and says why in `error`.
// Members of the Network throw otto's errors only.

#include <string>
#include <vector>

#include "otto/network/network_design.h"
#include "otto/network/wide_network.h"

namespace otto {

extern "C" {
/// A TorchScript file from its bytes; `name` is what messages call it.
Network* otto_torch_load(const std::string& bytes, const std::string& name, int dimension,
                         std::string& error);
Network* otto_torch_make(const NetworkDesign& design, std::string& error);
/// The same for networks of any dimension; dimension 0: that of the reference the file holds.
WideNetwork* otto_torch_load_wide(const std::string& bytes, const std::string& name, int dimension,
                                  std::string& error);
WideNetwork* otto_torch_make_wide(const WideDesign& design, std::string& error);
/// The mean of the energies of TorchScript files, given as their bytes.
WideNetwork* otto_torch_mean_wide(const std::vector<std::string>& files, int dimension,
                                  std::string& error);
}

}  // namespace otto
