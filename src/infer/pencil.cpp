#include "otto/infer/pencil.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "laplacian_solve.h"
#include "otto/infer/cell_gradients.h"
#include "otto/linear/transport_pair.h"

namespace otto {

struct Pencil::Impl {
  Impl(const Mesh& m, std::span<const double> R_mean, const PencilOptions& o)
      : mesh(m),
        options(o),
        R(floored(m, R_mean, o.floor)),
        solve_L(m, o.rtol),
        solve_G(m, {.rtol = o.rtol}) {
    for (std::size_t k = 0; k < R_mean.size(); ++k) M.push_back(m.volume[k] * R[k]);
  }

  void set_L(const std::vector<double>& g) {
    const double shift = options.gauge * std::pow(std::numbers::pi / longest_side(mesh), 2);
    std::vector<double> omega = M;
    for (double& w : omega) w *= shift;
    solve_L.set(omega, g);
  }
  /// y becomes G^-T E^T y.
  void transposed_part(std::vector<double>& y) {
    std::vector<double> Ey(y.size());
    for (std::size_t k = 0; k < y.size(); ++k) Ey[k] = mesh.volume[k] * y[k];
    add_transposed(mesh, t, rates, ghosted(mesh, y), Ey);
    solve_G.solve_transposed(Ey, y);
  }
  /// y becomes E G^-1 y.
  void forward_part(std::vector<double>& y) {
    std::vector<double> z(y.size()), flux(rates.forward.size());
    solve_G.solve(y, z);
    face_fluxes(mesh, rates.forward, rates.backward, ghosted(mesh, z), flux);
    for (std::size_t k = 0; k < y.size(); ++k) y[k] = mesh.volume[k] * z[k];
    add_divergence(mesh, t, flux, y);
  }

  const Mesh& mesh;
  PencilOptions options;
  std::vector<double> R;  ///< with ghosts
  std::vector<double> M;  ///< m R
  bool data = false;      ///< N > 0
  double t = 1, alpha = 1;
  FaceRates rates;
  LaplacianSolve solve_L;
  TransportPair solve_G;
};

Pencil::Pencil(const Mesh& mesh, std::span<const double> R, const PencilOptions& options)
    : impl_(std::make_unique<Impl>(mesh, R, options)) {}

Pencil::~Pencil() = default;

void Pencil::set(double N, double t, double alpha, const FaceRates& rates) {
  Impl& o = *impl_;
  o.data = true;
  o.t = t;
  o.rates = rates;
  // E is an M-matrix for every flux: of centred ones, what would flow against the drift is left out
  for (auto* side : {&o.rates.forward, &o.rates.backward}) {
    for (double& r : *side) r = std::max(r, 0.0);
  }
  std::vector<double> g(rates.forward.size());
  for (std::size_t f = 0; f < g.size(); ++f) {  // -dF/d rise
    g[f] = rates.backward_rise[f] * o.R[std::size_t(o.mesh.faces.right[f])] -
           rates.forward_rise[f] * o.R[std::size_t(o.mesh.faces.left[f])];
  }
  o.set_L(g);
  std::vector<double> omega(o.M.size());
  for (std::size_t k = 0; k < omega.size(); ++k) {
    omega[k] = t * o.M[k] * std::sqrt(N / (o.R[k] + o.options.background)) +
               std::sqrt(alpha) * o.mesh.volume[k];
  }
  o.solve_G.set(std::sqrt(alpha) * t, o.rates, omega);
}

void Pencil::set_prior(double alpha) {
  impl_->data = false;
  impl_->alpha = alpha;
  impl_->set_L(conductances(impl_->mesh, impl_->R));
}

void Pencil::apply(std::span<const double> r, std::span<double> out) {
  Impl& o = *impl_;
  double sums[2] = {0, 0};
  for (std::size_t k = 0; k < r.size(); ++k) sums[0] += r[k], sums[1] += o.M[k];
  o.mesh.comm.sum_in_place(sums);
  std::vector<double> y(r.size()), z(r.begin(), r.end());
  for (std::size_t k = 0; k < z.size(); ++k) z[k] -= o.M[k] * sums[0] / sums[1];
  o.solve_L(z, y);
  if (o.data) o.transposed_part(y);
  const double factor = o.data ? 1 : 1 / o.alpha;
  for (std::size_t k = 0; k < y.size(); ++k) y[k] *= factor * o.R[k] * o.M[k];
  if (o.data) o.forward_part(y);
  o.solve_L(y, out);
  double sum = 0;
  for (std::size_t k = 0; k < r.size(); ++k) sum += o.M[k] * out[k];
  const double mean = o.mesh.comm.sum(sum) / sums[1];
  for (std::size_t k = 0; k < r.size(); ++k) out[k] -= mean;
}

}  // namespace otto
