#include "otto/infer/pencil.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "../linear/assembled.h"
#include "../linear/krylov.h"
#include "otto/core/error.h"
#include "otto/infer/cell_gradients.h"
#include "otto/linear/transport_pair.h"

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
      : mesh(m), solve_A(m, o.rtol), solve_G(m, {.rtol = o.rtol}) {
    std::vector<double> weight = floored(m, R, o.floor);
    g = conductances(m, weight);
    floored_R = weight;
    weight.resize(std::size_t(m.owned));
    for (std::size_t k = 0; k < weight.size(); ++k) {
      MR.push_back(m.volume[k] * weight[k]);
      MRR.push_back(MR[k] * weight[k]);
      seen.push_back(m.volume[k] * weight[k] / std::sqrt(weight[k] + o.background));
    }
    double sum = 0;
    for (const double x : MR) sum += x;
    mass = m.comm.sum(sum);
    const double shift = o.gauge * std::pow(std::numbers::pi / longest_side(m), 2);
    std::vector<double> omega = MR;
    for (double& w : omega) w *= shift;
    solve_A.set(1, omega, g);
  }

  /// out += A v.
  void add_A(std::span<const double> v, std::span<double> out) const {
    const std::vector<double> local = with_ghosts(v);
    for (std::size_t f = 0; f < g.size(); ++f) {
      const auto K = std::size_t(mesh.faces.left[f]), L = std::size_t(mesh.faces.right[f]);
      const double flux = g[f] * (local[K] - local[L]);
      if (K < out.size()) out[K] += flux;
      if (L < out.size()) out[L] -= flux;
    }
  }
  /// Of the flow that leaves R at rest at kT = 1: T R = A.
  [[nodiscard]] FaceRates rates_at_rest() const {
    FaceRates r;
    for (std::size_t f = 0; f < g.size(); ++f) {
      r.forward.push_back(g[f] / floored_R[std::size_t(mesh.faces.left[f])]);
      r.backward.push_back(g[f] / floored_R[std::size_t(mesh.faces.right[f])]);
    }
    return r;
  }
  /// y becomes (M + t T)^T y, or (M + t T) y.
  void multiply(std::vector<double>& y, bool transposed) const {
    const std::vector<double> local = with_ghosts(y);
    for (std::size_t k = 0; k < y.size(); ++k) y[k] *= mesh.volume[k];
    if (transposed) return add_transposed(mesh, t, rates, local, y);
    std::vector<double> F(rates.forward.size());
    face_fluxes(mesh, rates.forward, rates.backward, local, F);
    add_divergence(mesh, t, F, y);
  }
  /// r less a part of m R, so that its sum is 0.
  void balance(std::vector<double>& r) const {
    double sum = 0;
    for (const double x : r) sum += x;
    const double part = mesh.comm.sum(sum) / mass;
    for (std::size_t k = 0; k < r.size(); ++k) r[k] -= part * MR[k];
  }
  [[nodiscard]] std::vector<double> with_ghosts(std::span<const double> v) const {
    std::vector<double> local(std::size_t(mesh.local()), 0.0);
    std::ranges::copy(v, local.begin());
    mesh.halo.update(mesh.comm, local);
    return local;
  }

  const Mesh& mesh;
  std::vector<double> MR, MRR, g;  ///< m R and m R^2 of the cells, a R of the faces
  std::vector<double> seen;        ///< m (S R)^1/2
  std::vector<double> floored_R;   ///< with ghosts
  double mass = 1;                 ///< sum of m R
  double t = 0, N = 0, alpha = 1;
  FaceRates rates;
  SymmetricSolve solve_A;
  TransportPair solve_G;
};

Pencil::Pencil(const Mesh& mesh, std::span<const double> R, const PencilOptions& options)
    : impl_(std::make_unique<Impl>(mesh, R, options)) {}

Pencil::~Pencil() = default;

void Pencil::set(double N, double t, double alpha, FaceRates rates) {
  Impl& o = *impl_;
  o.N = N;
  o.t = t;
  o.alpha = alpha;
  if (N == 0) return;
  o.rates = rates.forward.empty() ? o.rates_at_rest() : std::move(rates);
  const double root = std::sqrt(alpha);
  std::vector<double> omega(o.seen.size());
  for (std::size_t k = 0; k < omega.size(); ++k) {
    omega[k] = t * std::sqrt(N) * o.seen[k] + root * o.mesh.volume[k];
  }
  o.solve_G.set(root * t, o.rates, omega);
}

void Pencil::slow_waves(std::span<const double> v, double w, std::span<double> out) const {
  const Impl& o = *impl_;
  const std::size_t n = v.size();
  std::ranges::fill(out.first(n), 0.0);
  o.add_A(v, out.first(n));
  for (std::size_t k = 0; k < n; ++k) {
    out[k] /= std::sqrt(o.MR[k]);
    out[n + k] = w * std::sqrt(o.MR[k]) * v[k];
  }
}

void Pencil::apply(std::span<const double> r, std::span<double> out) {
  Impl& o = *impl_;
  std::vector<double> y(r.size()), z(r.begin(), r.end());
  o.balance(z);
  o.solve_A(z, y);
  if (o.N > 0) {
    o.multiply(y, true);
    o.solve_G.solve_transposed(y, z);
    for (std::size_t k = 0; k < z.size(); ++k) z[k] *= o.MRR[k];
    o.solve_G.solve(z, y);
    o.multiply(y, false);
  } else {
    for (std::size_t k = 0; k < y.size(); ++k) y[k] *= o.MRR[k] / o.alpha;
  }
  o.balance(y);  // would be a constant of `out`
  o.solve_A(y, out);
  double sum = 0;
  for (std::size_t k = 0; k < r.size(); ++k) sum += o.MR[k] * out[k];
  const double mean = o.mesh.comm.sum(sum) / o.mass;
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
