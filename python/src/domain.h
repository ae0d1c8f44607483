#pragma once
// What gradients are taken of: the mesh, flux, drift and diffusion of a case, with V and kT given anew each time.

#include <memory>

#include "cells.h"
#include "otto/app/commands.h"
#include "otto/casefile/case.h"
#include "otto/mesh/mesh.h"
#include "otto/operators/diffusion.h"
#include "otto/operators/exchange.h"
#include "otto/operators/face_rates.h"
#include "otto/operators/generator.h"

namespace otto::python {

/// Parts refer to one another: never moved.
struct Domain {
  /// Collective; throws InputError.
  Domain(const Comm& comm, const RunOptions& options);
  Domain(const Domain&) = delete;

  Case c;
  Mesh mesh;
  std::shared_ptr<const Diffusion> diffusion;
  std::unique_ptr<Drift> drift;
  Exchange exchange;
  const TwoPointFlux& flux;
  Cells cells;
};

/// A generator of a domain for one V and kT; owns what it refers to.
struct Flux {
  /// Throws InputError where there are no derivatives. Collective.
  Flux(std::shared_ptr<const Domain> domain, double temperature);

  std::shared_ptr<const Domain> domain;
  FreeEnergy energy;
  Generator generator;
};

/// A gradient in V (owned cells) and kT (this rank's part).
struct Gradient {
  std::vector<double> V;
  double kT = 0;
};

}  // namespace otto::python
