#include "otto/operators/transport.h"

#include <cmath>

#include "otto/core/vector_math.h"
#include "otto/operators/face_runs.h"

namespace otto {

namespace {

/// Adds values to both cells of every face of a run, owned cells only.
inline void add_both(const FaceRun& run, const double* to_left, const double* to_right,
                     double* out) {
  if (run.left_owned) {
    double* to = out + run.left;
#pragma omp simd
    for (std::int32_t i = 0; i < run.count; ++i) to[i] += to_left[i];
  }
  if (run.right_owned) {
    double* to = out + run.right;
#pragma omp simd
    for (std::int32_t i = 0; i < run.count; ++i) to[i] += to_right[i];
  }
}

/// The pieces of all runs, at most 256 faces each.
template <class Visit>
void for_each_part(const std::vector<FaceRun>& runs, Visit&& visit) {
  for_each_piece(
      runs, [&](const FaceRun& run, double*) { visit(run); }, [](const FaceRun&, const double*) {});
}

constexpr std::size_t max_faces = 256;

}  // namespace

void Transport::hamilton_jacobi(std::span<const double> phi, double d, std::span<double> G) const {
  const auto owned = std::size_t(mesh_.owned);
  std::fill_n(G.begin(), owned, 0.0);
  alignas(64) double left[max_faces], right[max_faces];
  for_each_part(runs_, [&](const FaceRun& run) {
    const double *x = &phi[std::size_t(run.left)], *y = &phi[std::size_t(run.right)];
    const double* a = &mesh_.faces.transmissibility[std::size_t(run.first)];
    const double* theta = &theta_[std::size_t(run.first)];
#pragma omp simd
    for (std::int32_t i = 0; i < run.count; ++i) {
      const double jump = x[i] - y[i], square = 0.25 * d * a[i] * jump * jump;
      const double side = jump > 0 ? theta[i] : -theta[i];
      left[i] = (1 + side) * square;
      right[i] = (1 - side) * square;
    }
    add_both(run, left, right, G.data());
  });
  for (std::size_t k = 0; k < owned; ++k) G[k] = phi[k] + G[k] / mesh_.volume[k];
}

double Transport::leave(std::span<const double> phi, std::span<const double> rho, double d,
                        std::span<double> out) const {
  Accumulator kinetic;
  const auto flux = [&](const FaceRun& run, double* F) {
    const auto l = std::size_t(run.left), r = std::size_t(run.right);
    const double *x = &phi[l], *y = &phi[r], *p = &rho[l], *q = &rho[r];
    const double* a = &mesh_.faces.transmissibility[std::size_t(run.first)];
    const double* theta = &theta_[std::size_t(run.first)];
    double energy = 0;
#pragma omp simd reduction(+ : energy)
    for (std::int32_t i = 0; i < run.count; ++i) {
      const double jump = x[i] - y[i], side = jump > 0 ? theta[i] : -theta[i];
      const double F_i = 0.5 * a[i] * ((1 + side) * p[i] + (1 - side) * q[i]) * jump;
      energy += F_i * jump;
      F[i] = -d * F_i;
    }
    kinetic.add(run.left_owned && run.right_owned ? energy : 0.5 * energy);
  };
  for_each_piece(runs_, flux,
                 [&](const FaceRun& run, const double* F) { scatter(run, F, out.data()); });
  return kinetic.value();
}

void Transport::slopes(std::span<const double> phi, double d, std::span<double> slope_left,
                       std::span<double> slope_right) const {
  for_each_part(runs_, [&](const FaceRun& run) {
    const auto f = std::size_t(run.first);
    const double *x = &phi[std::size_t(run.left)], *y = &phi[std::size_t(run.right)];
    const double *a = &mesh_.faces.transmissibility[f], *theta = &theta_[f];
    double *left = &slope_left[f], *right = &slope_right[f];
#pragma omp simd
    for (std::int32_t i = 0; i < run.count; ++i) {
      const double jump = x[i] - y[i], side = jump > 0 ? theta[i] : -theta[i];
      const double half = 0.5 * d * a[i] * jump;
      left[i] = (1 + side) * half;
      right[i] = (1 - side) * half;
    }
  });
}

void Transport::conductances(std::span<const double> phi, std::span<const double> rho, double d,
                             std::span<double> g) const {
  for_each_part(runs_, [&](const FaceRun& run) {
    const auto f = std::size_t(run.first), l = std::size_t(run.left), r = std::size_t(run.right);
    const double *x = &phi[l], *y = &phi[r], *p = &rho[l], *q = &rho[r];
    const double *a = &mesh_.faces.transmissibility[f], *theta = &theta_[f];
    double* out = &g[f];
#pragma omp simd
    for (std::int32_t i = 0; i < run.count; ++i) {
      const double side = x[i] > y[i] ? theta[i] : -theta[i];
      out[i] = 0.5 * d * a[i] * ((1 + side) * p[i] + (1 - side) * q[i]);
    }
  });
}

void Jacobian::apply(std::span<const double> x, std::span<double> out) const {
  const Mesh& mesh = transport_.mesh();
  const auto owned = std::size_t(mesh.owned);
  std::fill_n(out.begin(), owned, 0.0);
  alignas(64) double to_left[max_faces], to_right[max_faces];
  for_each_part(transport_.runs(), [&](const FaceRun& run) {
    const auto f = std::size_t(run.first);
    const double *p = &x[std::size_t(run.left)], *q = &x[std::size_t(run.right)];
    const double *left = &left_[f], *right = &right_[f];
#pragma omp simd
    for (std::int32_t i = 0; i < run.count; ++i) {
      const double jump = p[i] - q[i];
      to_left[i] = left[i] * jump;
      to_right[i] = right[i] * jump;
    }
    add_both(run, to_left, to_right, out.data());
  });
  for (std::size_t k = 0; k < owned; ++k) out[k] = x[k] + out[k] / mesh.volume[k];
}

void Jacobian::apply_adjoint(std::span<const double> w, std::span<double> out) const {
  const Mesh& mesh = transport_.mesh();
  for (std::size_t k = 0; k < std::size_t(mesh.owned); ++k) out[k] = mesh.volume[k] * w[k];
  const auto flux = [&](const FaceRun& run, double* F) {
    const auto f = std::size_t(run.first);
    const double *p = &w[std::size_t(run.left)], *q = &w[std::size_t(run.right)];
    const double *left = &left_[f], *right = &right_[f];
#pragma omp simd
    for (std::int32_t i = 0; i < run.count; ++i) F[i] = -(left[i] * p[i] + right[i] * q[i]);
  };
  for_each_piece(transport_.runs(), flux,
                 [&](const FaceRun& run, const double* F) { scatter(run, F, out.data()); });
}

void Jacobian::apply_adjoint(std::span<const double> w, std::span<double> out,
                             std::span<const double> g, std::span<const double> x) const {
  const Mesh& mesh = transport_.mesh();
  for (std::size_t k = 0; k < std::size_t(mesh.owned); ++k) out[k] = mesh.volume[k] * w[k];
  const auto flux = [&](const FaceRun& run, double* F) {
    const auto f = std::size_t(run.first), l = std::size_t(run.left), r = std::size_t(run.right);
    const double *p = &w[l], *q = &w[r], *y = &x[l], *z = &x[r];
    const double *left = &left_[f], *right = &right_[f], *conductance = &g[f];
#pragma omp simd
    for (std::int32_t i = 0; i < run.count; ++i) {
      F[i] = -(left[i] * p[i] + right[i] * q[i] + conductance[i] * (y[i] - z[i]));
    }
  };
  for_each_piece(transport_.runs(), flux,
                 [&](const FaceRun& run, const double* F) { scatter(run, F, out.data()); });
}

}  // namespace otto
