#pragma once
// `otto fit`: from snapshots of a population to its energy, and a folder of results.

#include <filesystem>
#include <memory>

#include "otto/casefile/case.h"
#include "otto/core/error.h"
#include "otto/driver/resume.h"
#include "otto/energy/free_energy.h"
#include "otto/infer/fit_settings.h"
#include "otto/infer/snapshots.h"
#include "otto/mesh/mesh.h"
#include "otto/network/network.h"
#include "otto/operators/generator.h"

namespace otto {

/// Everything a fit is made of, in the order it is made. `otto check` stops there.
struct FitSetup {
  /// Collective; throws InputError.
  FitSetup(const Comm& comm, const Case& c);
  FitSetup(const FitSetup&) = delete;
  FitSetup& operator=(const FitSetup&) = delete;

  const Case& c;
  Mesh mesh;
  FreeEnergy energy;             ///< the known terms, and the temperature or its first guess
  std::unique_ptr<Drift> drift;  ///< known, or null
  Snapshots data;
  FitSettings options;
  std::unique_ptr<Network> network;  ///< of the unknown V, or null
  std::string flux;                  ///< its name
  Generator generator;               ///< on `mesh`, of `energy`
};

/// Fits until the tolerance, the iterations or a signal end it. Collective; throws NumericalError and
/// IoError.
ExitStatus fit(const Comm& comm, const Case& c, const std::filesystem::path& folder,
               Resumption resumption);

}  // namespace otto
