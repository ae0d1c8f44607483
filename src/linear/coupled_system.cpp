#include "otto/linear/coupled_system.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "krylov.h"

namespace otto {

namespace {

struct CoupledOptions {
  /// Of vol/C~ over the conductances of a cell: S C~ is then at most about 1/2 where C~ is not C.
  double max_factor = 4;
};

/// Flexible: a cycle in single precision is not linear to the last digits. The tolerance is for a
/// caller that names none; Newton's method does. Counts stay below 50, and a direction is used as it
/// is after 200.
KrylovControl control() {
  return {.prefix = "coupled_",
          .method = KSPFGMRES,
          .rtol = 1e-6,
          .max_iterations = 200,
          .restart = 50,
          .unprefixed = KrylovControl::Unprefixed::rtol};
}

}  // namespace

struct CoupledSystem::Impl {
  Impl(const Transport& t, const Interaction* i, ProximalSystem& s)
      : transport(t),
        interaction(i),
        system(s),
        mesh(t.mesh()),
        n(std::size_t(mesh.owned)),
        krylov(
            mesh.comm.handle(), 2 * n, control(), [this](auto in, auto out) { multiply(in, out); },
            [this](auto in, auto out) { precondition(in, out); }) {
    for (auto* v : {&x, &field}) v->resize(std::size_t(mesh.local()));
    for (auto* v : {&y, &first, &second, &z, &root, &near}) v->resize(n);
  }

  const Transport& transport;
  const Interaction* interaction;
  ProximalSystem& system;
  const Mesh& mesh;
  std::size_t n;
  ProximalCoefficients c;
  std::vector<double> x, field;                         ///< owned + ghosts
  std::vector<double> y, first, second, z, near, root;  ///< owned; near = vol/C~ and its root
  KrylovSolver krylov;
  CoupledOptions options;

  void multiply(std::span<const double> in, std::span<double> out);
  void precondition(std::span<const double> in, std::span<double> out);
};

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

void CoupledSystem::set(const ProximalCoefficients& c) {
  Impl& s = *impl_;
  s.c = c;
  std::ranges::fill(s.near, 0.0);
  const Faces& faces = s.mesh.faces;
  for (std::size_t f = 0; f < c.g.size(); ++f) {
    for (const std::int32_t cell : {faces.left[f], faces.right[f]}) {
      if (std::size_t(cell) < s.n) s.near[std::size_t(cell)] += s.options.max_factor * c.g[f];
    }
  }
  for (std::size_t k = 0; k < s.n; ++k) {
    s.near[k] = std::min(c.omega[k], s.near[k]);
    s.root[k] = std::sqrt(s.near[k]);
  }
  s.system.set({s.near, c.slope_left, c.slope_right, c.g});
}

SolveReport CoupledSystem::solve(std::span<const double> r, std::span<const double> g,
                                 std::span<double> x, std::span<double> y, double rtol) {
  Impl& s = *impl_;
  std::vector<double> both(2 * s.n);
  for (std::size_t k = 0; k < s.n; ++k) {
    both[k] = r[k] / s.root[k];
    both[s.n + k] = -s.root[k] * g[k];
  }
  SolveReport report = s.krylov.solve(both, both, rtol);
  for (std::size_t k = 0; k < s.n; ++k) {
    x[k] = both[k] / s.root[k];
    y[k] = both[s.n + k] / s.mesh.volume[k] * s.root[k];
  }
  return report;
}

}  // namespace otto
