// Brownian particles at kT = 0.3 that start in the left one of two valleys of an energy of their own,
// V(x) = (x^2 - 1)^2 - 0.3 x, on 80 cells of [-2, 2], by proximal (JKO) steps up to t = 4:
//
//   d_t rho = d_x (kT d_x rho + rho d_x V),   no flux through the walls.

#include <cmath>
#include <cstdio>

#include "otto/core/error.h"
#include "otto/core/petsc.h"
#include "otto/time/schemes.h"

using namespace otto;

struct TwoValleys final : ExternalEnergy {
  void evaluate(std::span<const Point> x, double, std::span<double> V) const override {
    for (std::size_t i = 0; i < x.size(); ++i)
      V[i] = std::pow(x[i][0] * x[i][0] - 1, 2) - 0.3 * x[i][0];
  }
};

void run(const Comm& comm) {
  Box box;
  box.nodes[0] = graded_nodes(-2, 2, 80, 1);
  const Mesh mesh = make_box_mesh(comm, box);
  std::vector<std::unique_ptr<ExternalEnergy>> terms;
  terms.push_back(std::make_unique<TwoValleys>());
  const FreeEnergy energy(0.3, std::move(terms));
  Generator generator(mesh, energy, find_flux("scharfetter_gummel"));

  State state;  // a density of mass 1 on [-1.5, -0.5]
  for (const Point& x : mesh.center) state.density.push_back(std::abs(x[0] + 1) < 0.5 ? 1.0 : 0.0);
  const auto stepper = make_jko({mesh, energy, generator});
  stepper->restart(state);
  for (int step = 0; step < 80; ++step) {
    const StepReport report = stepper->advance(state, 0.05);
    if (!report.accepted) throw NumericalError("a step was refused: " + report.reason);
  }

  std::vector<double> rho(mesh.global_cells);  // of all ranks, in the order of x
  for (int k = 0; k < mesh.owned; ++k) rho[mesh.global[k]] = state.density[k];
  comm.sum_in_place(rho);
  for (std::size_t k = 0; comm.is_root() && k < rho.size(); ++k)
    std::printf("%7.3f %.10e\n", -2 + (k + 0.5) * 0.05, rho[k]);
}

int main() {
  const PetscSession session;
  try {
    run(Comm());
  } catch (const Error& error) {
    std::fprintf(stderr, "two_valleys: %s\n", error.what());
    return int(error.status());
  }
}
