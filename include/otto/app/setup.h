#pragma once
// Everything a run builds before its first step. `otto check` builds it and stops there, so it
// meets the same errors.

#include <memory>

#include "otto/casefile/case.h"
#include "otto/core/comm.h"
#include "otto/driver/host.h"
#include "otto/driver/time_options.h"
#include "otto/energy/free_energy.h"
#include "otto/mesh/mesh.h"
#include "otto/operators/diffusion.h"
#include "otto/operators/exchange.h"
#include "otto/operators/generator.h"
#include "otto/time/stepper.h"

namespace otto {

/// The parts refer to one another: made in this order, and never moved.
struct Setup {
  /// Keeps a reference to the case. `host` may be null. Collective; throws InputError.
  Setup(const Comm& comm, const Case& whole, const Host* host = nullptr);
  Setup(const Setup&) = delete;
  Setup& operator=(const Setup&) = delete;

  const Case& c;
  Mesh mesh;
  std::shared_ptr<const Diffusion> diffusion;  ///< null: 1
  FreeEnergy energy;
  std::unique_ptr<Drift> drift;
  Exchange exchange;
  Generator generator;
  Problem problem;
  TimeOptions times;
  std::unique_ptr<Stepper> stepper;
  State state;  ///< the initial density, ghosts filled
};

}  // namespace otto
