#pragma once
// What a run tells of its networks: how far it has gone outside the boxes they were trained in, and
// what share of the time they took.

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "otto/energy/free_energy.h"
#include "otto/mesh/mesh.h"

namespace otto {

struct NetworkReport {
  struct File {
    std::string name, hash;
    bool program = false;  ///< TorchScript
    std::int64_t parameters = 0;
    bool single_precision = false;
    /// Mass in the cells whose centres are outside the training box; nothing where the file names
    /// no box, or gives a kernel.
    std::optional<double> mass_outside;
  };
  std::vector<File> files;
  std::optional<double> mass_outside;  ///< the largest
  double seconds = 0;                  ///< evaluation, on the slowest rank

  /// One sentence for every file with more than a thousandth of the mass outside.
  [[nodiscard]] std::vector<std::string> warnings(double mass) const;
};

/// Nothing without networks. `density`: owned values. Collective.
std::optional<NetworkReport> report_networks(const FreeEnergy& energy, const Mesh& mesh,
                                             std::span<const double> density);

}  // namespace otto
