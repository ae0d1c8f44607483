// Brownian particles at temperature kT = 0.3 that start in the left one of two valleys of their own
// energy V(x) = (x^2 - 1)^2 - 0.3 x, on 80 cells of [-2, 2], by proximal (JKO) steps up to t = 4:
//
//   d_t rho = d_x (kT d_x rho + rho d_x V),   no flux through the walls.

#include <cmath>
#include <cstdio>

#include "otto/core/petsc.h"
#include "otto/time/schemes.h"

struct TwoValleys final : otto::ExternalEnergy {
  void evaluate(std::span<const otto::Point> x, double, std::span<double> V) const override {
    for (std::size_t i = 0; i < x.size(); ++i)
      V[i] = std::pow(x[i][0] * x[i][0] - 1, 2) - 0.3 * x[i][0];
  }
};

void run(const otto::Comm& comm) {
  otto::Box box{.dimension = 1};
  box.nodes[0] = otto::graded_nodes(-2, 2, 80, 1);
  const otto::Mesh mesh = otto::make_box_mesh(comm, box);
  std::vector<std::unique_ptr<otto::ExternalEnergy>> terms;
  terms.push_back(std::make_unique<TwoValleys>());
  const otto::FreeEnergy energy(0.3, std::move(terms));
  otto::Generator generator(mesh, energy, otto::find_flux("scharfetter_gummel"));

  otto::State state{.time = 0, .density = std::vector<double>(mesh.local())};
  for (int k = 0; k < mesh.local(); ++k)
    state.density[k] = std::exp(-8 * std::pow(mesh.center[k][0] + 1, 2));
  const double mass = otto::integral(mesh, state.density);
  for (double& rho : state.density) rho /= mass;

  const auto stepper = otto::make_jko({mesh, energy, generator});
  stepper->restart(state);
  for (int step = 0; step < 80; ++step) {
    const otto::StepReport report = stepper->advance(state, 0.05);
    if (!report.accepted) throw otto::NumericalError("a step was refused: " + report.reason);
  }
  std::vector<double> x(mesh.global_cells), rho(mesh.global_cells);  // of all ranks
  for (int k = 0; k < mesh.owned; ++k) {
    x[mesh.global[k]] = mesh.center[k][0];
    rho[mesh.global[k]] = state.density[k];
  }
  comm.sum_in_place(x);
  comm.sum_in_place(rho);
  for (std::size_t k = 0; comm.is_root() && k < x.size(); ++k)
    std::printf("%8.4f %.10e\n", x[k], rho[k]);
}

int main() {
  const otto::PetscSession session;
  const otto::Comm comm;
  try {
    run(comm);
  } catch (const otto::Error& error) {  // the same on every rank
    if (comm.is_root()) std::fprintf(stderr, "two_valleys: %s\n", error.what());
    return int(error.status());
  }
}
