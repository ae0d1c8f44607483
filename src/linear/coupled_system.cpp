#include "otto/linear/coupled_system.h"

#include <petscksp.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "assembled.h"
#include "vector_arrays.h"

namespace otto {

namespace {

constexpr double most_times = 4;  ///< vol/C~ over the conductances of a cell

}  // namespace

struct CoupledSystem::Impl {
  Impl(const Transport& t, const Interaction* i, ProximalSystem& s)
      : transport(t), interaction(i), system(s), mesh(t.mesh()), n(std::size_t(mesh.owned)) {
    for (auto* v : {&b, &u}) {
      check(VecCreateMPI(mesh.comm.handle(), PetscInt(2 * n), PETSC_DETERMINE, v->out()));
    }
    for (auto* v : {&x, &field}) v->resize(std::size_t(mesh.local()));
    for (auto* v : {&y, &first, &second, &z, &root, &near}) v->resize(n);
    make_ksp();
  }

  const Transport& transport;
  const Interaction* interaction;
  ProximalSystem& system;
  const Mesh& mesh;
  std::size_t n;
  ProximalCoefficients c;
  std::vector<double> x, field;                         ///< owned + ghosts
  std::vector<double> y, first, second, z, near, root;  ///< owned; near = vol/C~ and its root
  MatOwner shell;
  PetscOwner<KSP, KSPDestroy> ksp;
  VecOwner b, u;
  double user_rtol = -1;

  void make_ksp();
  void multiply(std::span<const double> in, std::span<double> out);
  void precondition(std::span<const double> in, std::span<double> out);
};

void CoupledSystem::Impl::make_ksp() {
  const MPI_Comm comm = mesh.comm.handle();
  const auto product = [](Mat A, Vec in, Vec out) -> PetscErrorCode {
    void* context = nullptr;
    PetscCall(MatShellGetContext(A, &context));
    with_arrays(in, out,
                [&](auto from, auto to) { static_cast<Impl*>(context)->multiply(from, to); });
    return 0;
  };
  const auto eliminate = [](PC pc, Vec in, Vec out) -> PetscErrorCode {
    void* context = nullptr;
    PetscCall(PCShellGetContext(pc, &context));
    with_arrays(in, out,
                [&](auto from, auto to) { static_cast<Impl*>(context)->precondition(from, to); });
    return 0;
  };
  using Multiply = PetscErrorCode (*)(Mat, Vec, Vec);
  check(MatCreateShell(comm, PetscInt(2 * n), PetscInt(2 * n), PETSC_DETERMINE, PETSC_DETERMINE,
                       this, shell.out()));
  check(MatShellSetOperation(shell, MATOP_MULT,
                             reinterpret_cast<void (*)()>(static_cast<Multiply>(product))));
  check(KSPCreate(comm, ksp.out()));
  check(KSPSetOptionsPrefix(ksp, "coupled_"));
  check(KSPSetOperators(ksp, shell, shell));
  check(KSPSetTolerances(ksp, 1e-6, 1e-300, 1e30, 200));
  check(
      KSPSetType(ksp, KSPFGMRES));  // a cycle in single precision is not linear to the last digits
  check(KSPGMRESSetRestart(ksp, 50));
  PC pc = nullptr;
  check(KSPGetPC(ksp, &pc));
  check(PCSetType(pc, PCSHELL));
  check(PCShellSetContext(pc, this));
  check(PCShellSetApply(pc, eliminate));
  check(KSPSetFromOptions(ksp));
  PetscBool set = PETSC_FALSE;
  check(PetscOptionsGetReal(nullptr, nullptr, "-ksp_rtol", &user_rtol, &set));
}

/// The solution without W and with C~, but for one cycle in place of H^-1.
void CoupledSystem::Impl::precondition(std::span<const double> in, std::span<double> out) {
  const Jacobian J(transport, c.slope_left, c.slope_right);
  for (std::size_t k = 0; k < n; ++k) {
    second[k] = in[n + k] / root[k];  // over vol, as a density of energy
    field[k] = near[k] / mesh.volume[k] * second[k];
  }
  mesh.halo.update(mesh.comm, field);
  J.apply_adjoint(field, z);
  for (std::size_t k = 0; k < n; ++k) z[k] += root[k] * in[k];
  system.precondition(z, std::span(x).first(n));
  mesh.halo.update(mesh.comm, x);
  J.apply(x, y);
  for (std::size_t k = 0; k < n; ++k) {
    out[k] = x[k] * root[k];
    out[n + k] = root[k] * (y[k] - second[k]);
  }
}

/// In the unknowns x root and y vol/root, root^2 = vol/C~, rows scaled alike.
void CoupledSystem::Impl::multiply(std::span<const double> in, std::span<double> out) {
  const Jacobian J(transport, c.slope_left, c.slope_right);
  for (std::size_t k = 0; k < n; ++k) {
    x[k] = in[k] / root[k];
    y[k] = in[n + k] / mesh.volume[k] * root[k];
    field[k] = y[k];
  }
  mesh.halo.update(mesh.comm, x);
  mesh.halo.update(mesh.comm, field);
  J.apply_adjoint(field, first, c.g, x);
  J.apply(x, second);
  std::ranges::fill(z, 0.0);
  if (interaction) interaction->potential(y, z);
  for (std::size_t k = 0; k < n; ++k) {
    out[k] = first[k] / root[k];
    out[n + k] = root[k] * (second[k] - z[k] - mesh.volume[k] / c.omega[k] * y[k]);
  }
}

CoupledSystem::CoupledSystem(const Transport& transport, const Interaction* interaction,
                             ProximalSystem& system)
    : impl_(std::make_unique<Impl>(transport, interaction, system)) {}
CoupledSystem::~CoupledSystem() = default;

void CoupledSystem::set(const ProximalCoefficients& c, bool keep_coarse) {
  Impl& s = *impl_;
  s.c = c;
  std::ranges::fill(s.near, 0.0);
  const Faces& faces = s.mesh.faces;
  for (std::size_t f = 0; f < c.g.size(); ++f) {
    for (const std::int32_t cell : {faces.left[f], faces.right[f]}) {
      if (std::size_t(cell) < s.n) s.near[std::size_t(cell)] += most_times * c.g[f];
    }
  }
  for (std::size_t k = 0; k < s.n; ++k) {
    s.near[k] = std::min(c.omega[k], s.near[k]);
    s.root[k] = std::sqrt(s.near[k]);
  }
  s.system.set({s.near, c.slope_left, c.slope_right, c.g}, keep_coarse);
}

SolveReport CoupledSystem::solve(std::span<const double> r, std::span<const double> g,
                                 std::span<double> x, std::span<double> y, double rtol) {
  Impl& s = *impl_;
  std::vector<double> both(2 * s.n);
  for (std::size_t k = 0; k < s.n; ++k) {
    both[k] = r[k] / s.root[k];
    both[s.n + k] = -s.root[k] * g[k];
  }
  if (s.user_rtol > 0) rtol = std::min(rtol, s.user_rtol);
  check(KSPSetTolerances(s.ksp, rtol, PETSC_DEFAULT, PETSC_DEFAULT, PETSC_DEFAULT));
  SolveReport report = solve_with(s.ksp, s.b, s.u, both, both);
  for (std::size_t k = 0; k < s.n; ++k) {
    x[k] = both[k] / s.root[k];
    y[k] = both[s.n + k] / s.mesh.volume[k] * s.root[k];
  }
  return report;
}

}  // namespace otto
