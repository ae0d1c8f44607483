#include "otto/network/network_module.h"

#include <fstream>
#include <functional>
#include <sstream>

#include "otto/core/error.h"
#include "otto/core/module.h"
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

}  // namespace

void require_torch_module() { torch_calls(); }

std::unique_ptr<Network> make_network(const NetworkDesign& design) {
  std::string error;
  std::unique_ptr<Network> network(torch_calls().make(design, error));
  if (!network) throw InputError(error);
  return network;
}

NetworkFile read_network(const std::filesystem::path& file, int dimension) {
  const std::string bytes = read_bytes(file);
  const TorchCalls& calls = torch_calls();
  std::string error;
  NetworkFile read;
  read.network.reset(calls.load(bytes, file.string(), dimension, error));
  if (!read.network) throw InputError(file.string() + ": " + error);
  read.hash = std::hash<std::string>{}(bytes);
  return read;
}

void require_same_network(const Comm& comm, const std::filesystem::path& file, std::uint64_t hash) {
  const auto root = std::stoull(comm.broadcast(std::to_string(hash)));
  if (!comm.any(root != hash)) return;
  throw InputError(file.string() +
                   ": is not the same file on all ranks; put it where every node sees it");
}

std::unique_ptr<Network> load_network(const Comm& comm, const std::filesystem::path& file,
                                      int dimension) {
  NetworkFile read;
  comm.together([&] { read = read_network(file, dimension); });
  require_same_network(comm, file, read.hash);
  return std::move(read.network);
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
  std::uint64_t hash = 0;
  comm.together([&] {
    const std::string bytes = read_bytes(file);
    std::string error;
    network.reset(torch_calls().load_wide(bytes, file.string(), dimension, error));
    if (!network) throw InputError(file.string() + ": " + error);
    hash = std::hash<std::string>{}(bytes);
  });
  require_same_network(comm, file, hash);
  return network;
}

}  // namespace otto
