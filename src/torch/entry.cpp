#include <ATen/Parallel.h>
#include <torch/csrc/jit/runtime/graph_executor.h>
#include <torch/script.h>
#include <torch/version.h>

#include <sstream>

#include "blas_kernels.h"
#include "designs.h"
#include "guard.h"
#include "mean_module.h"
#include "otto/network/network_entry.h"
#include "script_network.h"
#include "wide_designs.h"
#include "wide_script.h"

namespace otto {

namespace {

/// One thread per rank; and modules are run as written, operation by operation: compiled pieces
/// would depend on how often and at what shapes a module has run before.
void settle() {
  static const bool once = [] {
    choose_blas_kernels();
    at::set_num_threads(1);
    at::set_num_interop_threads(1);
    take_blas_buffer();
    return true;
  }();
  (void)once;
  torch::jit::setGraphExecutorOptimize(false);
}

/// The network that `make` returns, or null and why.
template <class Make>
auto guarded(const std::string& words, std::string& error, const Make& make)
    -> decltype(make().release()) {
  try {
    return translated(words, [&] {
      settle();
      return make().release();
    });
  } catch (const std::bad_alloc&) {
    error = "needs more memory than there is, or than it may take";
  } catch (const std::exception& e) {
    error = e.what();
  }
  return nullptr;
}

torch::jit::Module read_module(const std::string& bytes) {
  const std::string words =
      bytes.starts_with("PK")
          ? "is damaged, is not a TorchScript module, or is from a PyTorch much newer than "
            "libtorch " TORCH_VERSION
            "; write one with torch.jit.script(model).save(file), "
            "which is not what torch.save writes"
          : "is not a TorchScript module; write one with torch.jit.script(model).save(file)";
  return translated(words, [&] {
    std::istringstream stream(bytes);
    try {
      return torch::jit::load(stream, at::kCPU);
    } catch (const c10::Error&) {  // tells of archives and offsets
      throw InputError(words);
    }
  });
}

/// `wanted`, or that of the reference the module holds where `wanted` is 0.
int dimension_of(const torch::jit::Module& module, int wanted) {
  int held = 0;
  if (module.hasattr("reference_mean")) {
    const c10::IValue mean = module.attr("reference_mean");
    if (mean.isTensor()) held = int(mean.toTensor().numel());
  }
  if (wanted > 0 && held > 0 && wanted != held) {
    throw InputError("is an energy in " + std::to_string(held) + " dimensions; the data have " +
                     std::to_string(wanted));
  }
  if (wanted == 0 && held == 0) {
    throw InputError(
        "holds no reference law (buffers reference_mean and reference_factor); give --data, whose "
        "normal law is taken then");
  }
  return wanted > 0 ? wanted : held;
}

}  // namespace

extern "C" Network* otto_torch_load(const std::string& bytes, const std::string& name,
                                    int dimension, std::string& error) {
  return guarded("cannot be used", error,
                 [&] { return make_script_network(Script(read_module(bytes), name, dimension)); });
}

extern "C" Network* otto_torch_make(const NetworkDesign& design, std::string& error) {
  return guarded("the network cannot be made", error, [&] {
    return make_script_network(
        Script(make_module(design), "the " + design.kind + " network", design.dimension));
  });
}

extern "C" WideNetwork* otto_torch_load_wide(const std::string& bytes, const std::string& name,
                                             int dimension, std::string& error) {
  return guarded("cannot be used", error, [&] {
    const torch::jit::Module module = read_module(bytes);
    return make_wide_script(Script(module, name, dimension_of(module, dimension)));
  });
}

extern "C" WideNetwork* otto_torch_make_wide(const WideDesign& design, std::string& error) {
  return guarded("the network cannot be made", error, [&] {
    return make_wide_script(
        Script(make_wide_module(design), "the " + design.kind + " network", design.dimension));
  });
}

extern "C" WideNetwork* otto_torch_mean_wide(const std::vector<std::string>& files, int dimension,
                                             std::string& error) {
  return guarded("cannot be put together", error, [&] {
    std::vector<torch::jit::Module> members;
    for (const std::string& bytes : files) members.push_back(read_module(bytes));
    return make_wide_script(Script(make_mean_module(members), "the mean of energies", dimension));
  });
}

}  // namespace otto
