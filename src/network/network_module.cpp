#include "otto/network/network_module.h"

#include <fmt/format.h>

#include <fstream>
#include <sstream>

#include "confined_network.h"
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
  decltype(&otto_torch_mean_wide) mean_wide = nullptr;
  std::string error;  ///< why there are none
};

TorchCalls find_calls() {
  TorchCalls calls;
  Module module("libotto_torch.so");
  module.find(calls.load, "otto_torch_load");
  module.find(calls.make, "otto_torch_make");
  module.find(calls.load_wide, "otto_torch_load_wide");
  module.find(calls.make_wide, "otto_torch_make_wide");
  module.find(calls.mean_wide, "otto_torch_mean_wide");
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
  if (!std::filesystem::is_regular_file(file, code)) {
    throw InputError(file.string() + ": is a folder or a device; an energy is a file");
  }
  std::ifstream stream(file, std::ios::binary);
  std::ostringstream bytes;
  bytes << stream.rdbuf();
  if (!stream) {
    throw InputError(file.string() + ": cannot be read");
  }
  return std::move(bytes).str();
}

/// TorchScript is an archive ("PK"). What is named as data is read as such, cut or damaged as it may be.
bool is_data(const std::string& bytes, const std::filesystem::path& file) {
  return looks_like_safetensors(bytes) ||
         (file.extension() == ".safetensors" && !bytes.starts_with("PK"));
}

Programs& treatment() {
  static Programs how = Programs::run;
  return how;
}

/// Loads libtorch and has it start its threads.
void start_torch() {
  NetworkDesign smallest;
  smallest.kind = "quadratic";
  smallest.dimension = 1;
  const std::vector<Point> point(1);
  std::vector<double> value(1);
  make_network(smallest)->evaluate(point, value);
}

/// For what runs in this process. `what` the file is wanted for.
void require_permission(const std::filesystem::path& file, const char* what) {
  if (treatment() == Programs::run) return;
  const char* why =
      treatment() == Programs::refuse
          ? "--no-code refuses programs; energy.safetensors holds an energy without code "
            "(docs/networks.md)"
          : "--sandbox has no place for it; only networks of [[energy]] are confined";
  throw InputError(
      fmt::format("{}: is TorchScript, a program that {} would run: {}", file.string(), what, why));
}

/// The bytes of a file that runs in this process; `instead` of numbers without code.
std::string read_script(const std::filesystem::path& file, const char* what, const char* instead) {
  std::string bytes = read_bytes(file);
  if (is_data(bytes, file)) {
    throw InputError(fmt::format("{}: holds numbers without code; {}", file.string(), instead));
  }
  require_permission(file, what);
  return bytes;
}

std::unique_ptr<Network> run_script(const std::string& bytes, const std::filesystem::path& file,
                                    int dimension) {
  std::string error;
  std::unique_ptr<Network> network(torch_calls().load(bytes, file.string(), dimension, error));
  if (!network) throw InputError(file.string() + ": " + error);
  return network;
}

}  // namespace

void require_torch_module() { torch_calls(); }

void treat_programs(Programs how) { treatment() = how; }

Programs treatment_of_programs() { return treatment(); }

std::unique_ptr<Network> make_network(const NetworkDesign& design) {
  std::string error;
  std::unique_ptr<Network> network(torch_calls().make(design, error));
  if (!network) throw InputError(error);
  return network;
}

NetworkFile read_network(const std::filesystem::path& file, int dimension) {
  const std::string bytes = read_bytes(file);
  if (!is_data(bytes, file)) {
    const auto run = [&] { return run_script(bytes, file, dimension); };
    if (treatment() == Programs::confine) {
      return {confine_network(file.string(), start_torch, run), hash_text(bytes)};
    }
    require_permission(file, "reading");
    return {run(), hash_text(bytes)};
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
    const std::string bytes =
        read_script(file, "training", "training goes on from the energy.pt beside it");
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

std::unique_ptr<WideNetwork> mean_of_networks(const std::vector<std::string>& files,
                                              int dimension) {
  std::string error;
  std::unique_ptr<WideNetwork> network(torch_calls().mean_wide(files, dimension, error));
  if (!network) throw InputError(error);
  return network;
}

std::unique_ptr<WideNetwork> load_wide_network(const Comm& comm, const std::filesystem::path& file,
                                               int dimension) {
  std::unique_ptr<WideNetwork> network;
  std::string hash;
  comm.together([&] {
    const std::string bytes =
        read_script(file, "reading", "particles do not use them; give TorchScript");
    std::string error;
    network.reset(torch_calls().load_wide(bytes, file.string(), dimension, error));
    if (!network) throw InputError(file.string() + ": " + error);
    hash = hash_text(bytes);
  });
  require_same_network(comm, file, hash);
  return network;
}

}  // namespace otto
