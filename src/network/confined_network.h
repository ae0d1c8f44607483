#pragma once
// A network whose file is a program, evaluated in a child process that can do nothing else
// (otto/core/confinement.h): values and slopes come through a pipe.

#include <filesystem>
#include <functional>
#include <memory>
#include <string>

#include "otto/network/network.h"

namespace otto {

struct ConfinedOptions {
  /// Seconds a child may take for its file, and for an answer beside `seconds_per_point`; a network of a million
  /// parameters takes a tenth.
  double patience = 8;
  double seconds_per_point = 1e-3;          ///< a hundred times what a large network takes
  std::uint64_t memory_bytes = 2ULL << 30;  ///< beyond what libtorch itself takes
};

/// `read` makes the network of a file in the child; `prepare`, before it, needs files and loads libraries. Throws InputError
/// where the child cannot be confined, does not answer in time, or says why it has no network. Not collective.
std::unique_ptr<NetworkFunction> confine_network(
    const std::string& name, const std::function<void()>& prepare,
    const std::function<std::unique_ptr<NetworkFunction>()>& read,
    const ConfinedOptions& options = {});

}  // namespace otto
