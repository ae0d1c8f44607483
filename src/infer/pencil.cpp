#include "otto/infer/pencil.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "../linear/assembled.h"
#include "../linear/krylov.h"
#include "otto/core/error.h"
#include "otto/infer/cell_gradients.h"

namespace otto {

namespace {

/// (diag(omega) + c A) x = b by conjugate gradients with BoomerAMG.
class SymmetricSolve {
 public:
  SymmetricSolve(const Mesh& mesh, double rtol)
      : matrix_(mesh),
        solver_(mesh.comm.handle(), std::size_t(mesh.owned),
                {.prefix = "pencil_",
                 .method = KSPCG,
                 .rtol = rtol,
                 .norm = KSP_NORM_UNPRECONDITIONED,
                 .unprefixed = KrylovControl::Unprefixed::none}) {}

  void set(double c, std::span<const double> omega, std::span<const double> g) {
    matrix_.set_symmetric(c, {}, omega, g);
    solver_.set_matrix(matrix_.mat(), matrix_.mat());
  }
  void operator()(std::span<const double> b, std::span<double> x) {
    const SolveReport report = solver_.solve(b, x);
    if (!report.converged) {
      throw NumericalError("a solve with a weighted Laplacian failed: " + report.reason);
    }
  }

 private:
  AssembledMatrix matrix_;
  KrylovSolver solver_;
};

/// R on the owned cells and their ghosts, at least `floor` of its mean.
std::vector<double> floored(const Mesh& mesh, std::span<const double> R, double floor) {
  double mass = 0, volume = 0;
  for (std::size_t k = 0; k < R.size(); ++k) {
    mass += mesh.volume[k] * R[k];
    volume += mesh.volume[k];
  }
  const double min = floor * mesh.comm.sum(mass) / mesh.comm.sum(volume);
  std::vector<double> weight(std::size_t(mesh.local()), 0.0);
  for (std::size_t k = 0; k < R.size(); ++k) weight[k] = std::max(R[k], min);
  mesh.halo.update(mesh.comm, weight);
  return weight;
}

/// a R per face, the mean of both cells.
std::vector<double> conductances(const Mesh& mesh, const std::vector<double>& R) {
  std::vector<double> g(std::size_t(mesh.faces.size()));
  for (std::size_t f = 0; f < g.size(); ++f) {
    g[f] = mesh.faces.transmissibility[f] * 0.5 *
           (R[std::size_t(mesh.faces.left[f])] + R[std::size_t(mesh.faces.right[f])]);
  }
  return g;
}

}  // namespace

struct Pencil::Impl {
  Impl(const Mesh& m, std::span<const double> R, const PencilOptions& o)
      : mesh(m), solve_A(m, o.rtol), solve_B(m, o.rtol) {
    std::vector<double> weight = floored(m, R, o.floor);
    for (std::size_t k = 0; k < std::size_t(m.owned); ++k) M.push_back(m.volume[k] * weight[k]);
    g = conductances(m, weight);
    for (std::size_t k = 0; k < M.size(); ++k) {
      seen.push_back(std::sqrt(weight[k] / (weight[k] + o.background)));
    }
    for (double& r : weight) r = std::sqrt(r);
    for (std::size_t k = 0; k < std::size_t(m.owned); ++k)
      M_root.push_back(m.volume[k] * weight[k]);
    g_root = conductances(m, weight);
    const double shift = o.gauge * std::pow(std::numbers::pi / longest_side(m), 2);
    std::vector<double> omega = M;
    for (double& w : omega) w *= shift;
    solve_A.set(1, omega, g);
  }

  /// out += factor A v.
  void add_A(double factor, std::span<const double> v, std::span<double> out) const {
    std::vector<double> local(std::size_t(mesh.local()));
    std::ranges::copy(v, local.begin());
    mesh.halo.update(mesh.comm, local);
    for (std::size_t f = 0; f < g.size(); ++f) {
      const auto K = std::size_t(mesh.faces.left[f]), L = std::size_t(mesh.faces.right[f]);
      const double flux = factor * g[f] * (local[K] - local[L]);
      if (K < out.size()) out[K] += flux;
      if (L < out.size()) out[L] -= flux;
    }
  }
  /// y becomes C y.
  void multiply_C(std::vector<double>& y) const {
    const std::vector<double> before = y;
    for (std::size_t k = 0; k < y.size(); ++k) y[k] *= M[k];
    add_A(c, before, y);
  }

  const Mesh& mesh;
  std::vector<double> M, g;            ///< m R of the cells, a R of the faces
  std::vector<double> M_root, g_root;  ///< of sqrt R
  std::vector<double> seen;            ///< sqrt(R / (R + b))
  double c = 0;                        ///< kT t
  SymmetricSolve solve_A, solve_B;
};

Pencil::Pencil(const Mesh& mesh, std::span<const double> R, const PencilOptions& options)
    : impl_(std::make_unique<Impl>(mesh, R, options)) {}

Pencil::~Pencil() = default;

void Pencil::set(double N, double t, double kT, double alpha) {
  Impl& o = *impl_;
  o.c = kT * t;
  std::vector<double> omega = o.M;
  for (std::size_t k = 0; k < omega.size(); ++k) {
    omega[k] = std::sqrt(N) * t * o.seen[k] * o.M[k] + std::sqrt(alpha) * o.M_root[k];
  }
  std::vector<double> g = o.g_root;
  for (double& a : g) a *= std::sqrt(alpha) * o.c;
  o.solve_B.set(1, omega, g);
}

void Pencil::slow_waves(std::span<const double> v, double w, std::span<double> out) const {
  const Impl& o = *impl_;
  const std::size_t n = v.size();
  std::ranges::fill(out.first(n), 0.0);
  o.add_A(1, v, out.first(n));
  for (std::size_t k = 0; k < n; ++k) {
    out[k] /= std::sqrt(o.M[k]);
    out[n + k] = w * std::sqrt(o.M[k]) * v[k];
  }
}

void Pencil::apply(std::span<const double> r, std::span<double> out) {
  Impl& o = *impl_;
  double sums[2] = {0, 0};
  for (std::size_t k = 0; k < r.size(); ++k) sums[0] += r[k], sums[1] += o.M[k];
  o.mesh.comm.sum_in_place(sums);
  std::vector<double> y(r.size()), z(r.begin(), r.end());
  for (std::size_t k = 0; k < z.size(); ++k) z[k] -= o.M[k] * sums[0] / sums[1];
  o.solve_A(z, y);
  o.multiply_C(y);
  o.solve_B(y, z);
  for (std::size_t k = 0; k < z.size(); ++k) z[k] *= o.M[k];
  o.solve_B(z, y);
  o.multiply_C(y);
  o.solve_A(y, out);
  double sum = 0;
  for (std::size_t k = 0; k < r.size(); ++k) sum += o.M[k] * out[k];
  const double mean = o.mesh.comm.sum(sum) / sums[1];
  for (std::size_t k = 0; k < r.size(); ++k) out[k] -= mean;
}

std::vector<double> solve_weighted_laplacian(const Mesh& mesh, std::span<const double> R,
                                             std::span<const double> rhs, double floor) {
  constexpr double rtol = 1e-8, shift = 1e-10;  // the shift holds the constant
  const std::vector<double> weight = floored(mesh, R, floor);
  double mass = 0, volume = 0;
  for (std::size_t k = 0; k < R.size(); ++k)
    mass += mesh.volume[k] * weight[k], volume += mesh.volume[k];
  const double mean = mesh.comm.sum(mass) / mesh.comm.sum(volume);
  std::vector<double> omega(R.size());
  for (std::size_t k = 0; k < omega.size(); ++k) omega[k] = shift * mean * mesh.volume[k];
  SymmetricSolve solve(mesh, rtol);
  solve.set(1, omega, conductances(mesh, weight));
  std::vector<double> V(rhs.size());
  solve(rhs, V);
  double sum = 0;
  mass = 0;
  for (std::size_t k = 0; k < V.size(); ++k) {
    sum += mesh.volume[k] * weight[k] * V[k];
    mass += mesh.volume[k] * weight[k];
  }
  const double level = mesh.comm.sum(sum) / mesh.comm.sum(mass);
  for (double& v : V) v -= level;
  return V;
}

}  // namespace otto
