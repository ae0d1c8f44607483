#include "otto/network/network_module.h"

#include <fstream>
#include <sstream>

#include "otto/core/error.h"
#include "otto/core/hash.h"
#include "otto/core/module.h"
#include "otto/network/layer_network.h"
#include "otto/network/network_entry.h"

namespace otto {

namespace {

struct TorchCalls {
  decltype(&otto_torch_load) load = nullptr;
  decltype(&otto_torch_make) make = nullptr;
  decltype(&otto_torch_load_wide) load_wide = nullptr;
  decltype(&otto_torch_make_wide) make_wide = nullptr;
  std::string error;  ///< why there are none
};

TorchCalls find_calls() {
  TorchCalls calls;
  Module module("libotto_torch.so");
  module.find(calls.load, "otto_torch_load");
  module.find(calls.make, "otto_torch_make");
  module.find(calls.load_wide, "otto_torch_load_wide");
  module.find(calls.make_wide, "otto_torch_make_wide");
  calls.error = module.error();
  return calls;
}

const TorchCalls& torch_calls() {
  static const TorchCalls calls = find_calls();
  if (!calls.error.empty()) {
    throw InputError("the torch module, which network energies need, is missing: " + calls.error +
                     "; build with -DOTTO_TORCH=ON and libtorch-dev installed");
  }
  return calls;
}

std::string read_bytes(const std::filesystem::path& file) {
  std::error_code code;
  if (!std::filesystem::exists(file, code)) throw InputError(file.string() + ": no such file");
  std::ifstream stream(file, std::ios::binary);
  std::ostringstream bytes;
  bytes << stream.rdbuf();
  if (!stream || !std::filesystem::is_regular_file(file, code)) {
    throw InputError(file.string() + ": cannot be read");
  }
  return std::move(bytes).str();
}

bool& forbidden() {
  static bool value = false;
  return value;
}

void require_permission(const std::filesystem::path& file) {
  if (!forbidden()) return;
  throw InputError(file.string() +
                   ": is TorchScript, a program that reading would run, and --no-code refuses "
                   "programs; energy.safetensors holds an energy without code (docs/networks.md)");
}

std::unique_ptr<Network> run_script(const std::string& bytes, const std::filesystem::path& file,
                                    int dimension) {
  require_permission(file);
  std::string error;
  std::unique_ptr<Network> network(torch_calls().load(bytes, file.string(), dimension, error));
  if (!network) throw InputError(file.string() + ": " + error);
  return network;
}

}  // namespace

void require_torch_module() { torch_calls(); }

void forbid_programs() { forbidden() = true; }

bool programs_forbidden() { return forbidden(); }

std::unique_ptr<Network> make_network(const NetworkDesign& design) {
  std::string error;
  std::unique_ptr<Network> network(torch_calls().make(design, error));
  if (!network) throw InputError(error);
  return network;
}

NetworkFile read_network(const std::filesystem::path& file, int dimension) {
  const std::string bytes = read_bytes(file);
  if (!looks_like_safetensors(bytes)) {
    return {run_script(bytes, file, dimension), hash_text(bytes)};
  }
  try {
    return {read_layer_network(bytes, dimension), hash_text(bytes)};
  } catch (const InputError& e) {
    throw InputError(file.string() + ": " + e.what());
  }
}

void require_same_network(const Comm& comm, const std::filesystem::path& file,
                          const std::string& hash) {
  if (!comm.any(comm.broadcast(hash) != hash)) return;
  throw InputError(file.string() +
                   ": is not the same file on all ranks; put it where every node sees it");
}

std::unique_ptr<Network> load_network(const Comm& comm, const std::filesystem::path& file,
                                      int dimension) {
  std::unique_ptr<Network> network;
  std::string hash;
  comm.together([&] {
    const std::string bytes = read_bytes(file);
    if (looks_like_safetensors(bytes)) {
      throw InputError(
          file.string() +
          ": holds numbers without code; training goes on from the energy.pt beside it");
    }
    network = run_script(bytes, file, dimension);
    hash = hash_text(bytes);
  });
  require_same_network(comm, file, hash);
  return network;
}

std::unique_ptr<WideNetwork> make_wide_network(const WideDesign& design) {
  std::string error;
  std::unique_ptr<WideNetwork> network(torch_calls().make_wide(design, error));
  if (!network) throw InputError(error);
  return network;
}

std::unique_ptr<WideNetwork> load_wide_network(const Comm& comm, const std::filesystem::path& file,
                                               int dimension) {
  std::unique_ptr<WideNetwork> network;
  std::string hash;
  comm.together([&] {
    const std::string bytes = read_bytes(file);
    if (looks_like_safetensors(bytes)) {
      throw InputError(
          file.string() +
          ": holds numbers without code, which particles do not use; give TorchScript");
    }
    require_permission(file);
    std::string error;
    network.reset(torch_calls().load_wide(bytes, file.string(), dimension, error));
    if (!network) throw InputError(file.string() + ": " + error);
    hash = hash_text(bytes);
  });
  require_same_network(comm, file, hash);
  return network;
}

}  // namespace otto
