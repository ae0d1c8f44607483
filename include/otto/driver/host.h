#pragma once
// What a program that runs the commands in its own process adds to a case, and what it answers in place
// of the command line: an interpreter has its own screen, signals and clock, and several runs in its life.

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "otto/driver/simulation.h"
#include "otto/energy/free_energy.h"
#include "otto/mesh/mesh.h"

namespace otto {

/// Functions of the host. Each may be empty. All are called on every rank.
struct Host {
  /// External energies beside those of the case, made for every mesh anew; `what` names them in messages.
  std::function<std::vector<std::unique_ptr<ExternalEnergy>>(const Mesh&)> energies = {};
  std::string what = "external energy of the host";
  /// The density of the owned cells a run starts from, as it is, in place of that of [initial].
  /// Collective; throws Error.
  std::function<std::vector<double>(const Mesh&)> density = {};
  /// Watches the steps of a run, told of each before the files are written.
  std::function<std::unique_ptr<Monitor>(const Mesh&)> monitor = {};
};

/// Adds the energies of `host`, which may be null, and evaluates the sum once. Collective; throws InputError.
void add_host_energies(const Host* host, const Mesh& mesh, FreeEnergy& energy);

}  // namespace otto
