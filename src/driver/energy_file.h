#pragma once
// A trained energy with the law it is measured against.

#include <filesystem>
#include <memory>
#include <optional>

#include "otto/core/comm.h"
#include "otto/particles/energy.h"
#include "otto/particles/sample_split.h"

namespace otto {

struct EnergyFile {
  std::unique_ptr<WideNetwork> network;
  std::unique_ptr<Gaussian> reference;
  bool own_reference = false;  ///< the file holds it; else it was fitted to data
};

/// Reads an energy. The reference is the one in the file; where it holds none, the normal law of the
/// data. Throws InputError. Collective.
EnergyFile read_energy(const Comm& comm, const std::filesystem::path& file, const SampleSplit* data,
                       const std::filesystem::path& data_file);

/// Writes /samples and /energy, rows of the root rank. Collective.
void write_samples(const Comm& comm, const std::filesystem::path& file, const Rows& samples,
                   const Vector& energy, const std::vector<std::pair<std::string, double>>& facts);

}  // namespace otto
