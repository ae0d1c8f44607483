#pragma once
// What one asks of a generator beside densities: exit times, committors, stationary currents.

#include <array>
#include <span>
#include <string>
#include <vector>

#include "otto/energy/free_energy.h"
#include "otto/flux/two_point.h"
#include "otto/linear/shifted_solver.h"
#include "otto/operators/generator.h"

namespace otto {

/// T of the owned cells: the mean time until a density that starts there has left through the
/// absorbing sides, -Q* T = 1. The generator absorbs. Collective; throws NumericalError.
std::vector<double> mean_exit_time(const Generator& generator, SolverOptions options);

/// A set of the committor: sides of the mesh, or the cells whose `level` is positive. The edge of a
/// level set lies where the level, linear between two centres, is 0.
struct Target {
  std::vector<std::string> sides = {};
  std::vector<double> level = {};  ///< owned + ghosts; empty for sides
};

/// Parts a generator with other absorbing sides is made from.
struct GeneratorParts {
  const Mesh& mesh;
  const FreeEnergy& energy;
  const TwoPointFlux& flux;
  const Drift* drift = nullptr;
  const Diffusion* diffusion = nullptr;
};

/// q of the owned cells: the probability to reach `to` before `from`, Q* q = 0 outside of both,
/// q = 0 on `from` and 1 on `to`. Collective; throws NumericalError.
std::vector<double> committor(const GeneratorParts& parts, const Target& from, const Target& to,
                              SolverOptions options);

struct StationaryState {
  std::vector<double> density;      ///< owned cells, mass 1
  std::array<double, 3> current{};  ///< mass per time through a section across each axis
};

/// The density with Q rho = 0 and its currents, which differ from 0 along periodic axes with a
/// drift. Collective; throws NumericalError.
StationaryState stationary_state(const Generator& generator);

}  // namespace otto
