#pragma once
// libtorch lives in a module of its own (libotto_torch; otto/core/module.h), loaded only when a
// case has a network.

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "otto/core/comm.h"
#include "otto/network/network.h"
#include "otto/network/network_design.h"
#include "otto/network/wide_network.h"

namespace otto {

/// Throws InputError saying what to do where the module is not there or cannot be loaded.
void require_torch_module();

/// What becomes of files that are programs (TorchScript): they run in this process; in a child process that can do
/// nothing else (energies of [[energy]] only; others are refused); or they are refused with an InputError, unread.
enum class Programs { run, confine, refuse };
void treat_programs(Programs how);
Programs treatment_of_programs();

/// Makes a network. Throws InputError for a design that makes no sense. Not collective.
std::unique_ptr<Network> make_network(const NetworkDesign& design);

/// A network from a file, and a hash of the file's bytes by which ranks can tell that they read the
/// same.
struct NetworkFile {
  std::unique_ptr<NetworkFunction> network;
  std::string hash;
};
/// Reads a file that maps (n, d) points to (n) values: layers as data (layer_network.h), or TorchScript in float32 or
/// float64. Throws InputError naming the file: not there, damaged, of another dimension or shape, parameters that
/// are not finite. Not collective.
NetworkFile read_network(const std::filesystem::path& file, int dimension);
/// Throws InputError on every rank if the ranks' hashes differ. Collective.
void require_same_network(const Comm& comm, const std::filesystem::path& file,
                          const std::string& hash);
/// A network to be trained, from a TorchScript file, for all ranks. Collective.
std::unique_ptr<Network> load_network(const Comm& comm, const std::filesystem::path& file,
                                      int dimension);

/// The same two for networks of any dimension. Not collective.
std::unique_ptr<WideNetwork> make_wide_network(const WideDesign& design);
/// U = (U_1 + ... + U_M)/M of networks given by what their file() returns. Not collective.
std::unique_ptr<WideNetwork> mean_of_networks(const std::vector<std::string>& files, int dimension);
/// Reads a file for all ranks. Collective.
std::unique_ptr<WideNetwork> load_wide_network(const Comm& comm, const std::filesystem::path& file,
                                               int dimension);

}  // namespace otto
