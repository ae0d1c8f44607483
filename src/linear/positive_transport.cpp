#include "otto/linear/positive_transport.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "otto/core/reproducible_sum.h"
#include "otto/operators/face_runs.h"

namespace otto {

namespace {

constexpr double unknown = std::numeric_limits<double>::quiet_NaN();
/// Fluxes below it are none: so a = rho1 / pi never overflows.
constexpr double min_flux =
    std::numeric_limits<double>::min() / std::numeric_limits<double>::epsilon();

}  // namespace

PositiveTransport::PositiveTransport(const Transport& transport)
    : transport_(transport),
      mesh_(transport.mesh()),
      flux_(std::size_t(mesh_.faces.size())),
      change_(std::size_t(mesh_.owned)) {}

double PositiveTransport::move(std::span<const double> phi, std::span<const double> density,
                               double d, std::span<const double> rho0, std::vector<double>& rho1) {
  std::ranges::fill(change_, 0.0);
  ReproducibleSum kinetic;
  transport_.leave(phi, density, d, change_, &kinetic);
  rho1.resize(rho0.size());
  for (std::size_t k = 0; k < change_.size(); ++k) rho1[k] = rho0[k] - change_[k] / mesh_.volume[k];
  mesh_.halo.update(mesh_.comm, rho1);
  return sum_of_all(mesh_.comm, kinetic);
}

/// In the order of scatter() of operators/face_runs.h, which does not depend on the blocks of a box.
void PositiveTransport::list_faces() {
  if (!first_.empty()) return;
  const auto local = std::size_t(mesh_.local());
  first_.assign(local + 1, 0);
  for (std::size_t f = 0; f < flux_.size(); ++f) {
    ++first_[std::size_t(mesh_.faces.left[f]) + 1];
    ++first_[std::size_t(mesh_.faces.right[f]) + 1];
  }
  for (std::size_t k = 0; k < local; ++k) first_[k + 1] += first_[k];
  face_.resize(std::size_t(first_[local]));
  std::vector<std::int32_t> next(first_.begin(), first_.end() - 1);
  for (const FaceRun& run : transport_.runs()) {
    for (std::int32_t i = 0; i < run.count; ++i) {
      face_[std::size_t(next[std::size_t(run.right + i)]++)] = run.first + i;
    }
    for (std::int32_t i = 0; i < run.count; ++i) {
      face_[std::size_t(next[std::size_t(run.left + i)]++)] = run.first + i;
    }
  }
}

std::span<const std::int32_t> PositiveTransport::faces_of(std::size_t cell) const {
  return std::span(face_).subspan(std::size_t(first_[cell]),
                                  std::size_t(first_[cell + 1] - first_[cell]));
}

/// F = d a (W rho) D phi; flux_ holds the conductances.
void PositiveTransport::set_fluxes(std::span<const double> phi, std::span<const double> pi) {
  for (std::size_t f = 0; f < flux_.size(); ++f) {
    const auto K = std::size_t(mesh_.faces.left[f]), L = std::size_t(mesh_.faces.right[f]);
    const double F = flux_[f] * (phi[K] - phi[L]);
    const bool empty = std::abs(F) < min_flux || !((F < 0 ? pi[L] : pi[K]) > 0);
    flux_[f] = empty ? 0 : F;
  }
}

/// No cell is known; those that get nothing have their turn.
void PositiveTransport::begin() {
  list_faces();
  factor_.assign(std::size_t(mesh_.local()), unknown);
  waits_.assign(change_.size(), 0);
  turn_.clear();
  for (std::size_t f = 0; f < flux_.size(); ++f) {
    if (flux_[f] == 0) continue;
    const auto to = std::size_t(flux_[f] < 0 ? mesh_.faces.left[f] : mesh_.faces.right[f]);
    if (to < waits_.size()) ++waits_[to];
  }
  for (std::size_t k = 0; k < waits_.size(); ++k) {
    if (waits_[k] == 0) turn_.push_back(std::int32_t(k));
  }
}

/// What leaves `cell` is known: who waits for nothing else has its turn.
void PositiveTransport::release(std::size_t cell) {
  for (const std::int32_t face : faces_of(cell)) {
    const auto f = std::size_t(face);
    const auto K = std::size_t(mesh_.faces.left[f]), L = std::size_t(mesh_.faces.right[f]);
    const bool leaves = cell == K ? flux_[f] > 0 : flux_[f] < 0;
    const std::size_t to = cell == K ? L : K;
    if (leaves && to < waits_.size() && --waits_[to] == 0) turn_.push_back(std::int32_t(to));
  }
}

/// rho1 of a cell whose gains are known, and its a. Written as a change of rho0, unless most of that
/// is lost: nothing changes where nothing moves, and nothing cancels.
double PositiveTransport::fill(std::size_t k, double pi, double rho0, double& rho1) const {
  double gain = 0, out = 0;
  for (const std::int32_t face : faces_of(k)) {
    const auto f = std::size_t(face);
    const auto K = std::size_t(mesh_.faces.left[f]), L = std::size_t(mesh_.faces.right[f]);
    const double F = k == K ? flux_[f] : -flux_[f];
    if (F > 0) {
      out += F;
    } else if (F < 0) {
      gain -= F * factor_[k == K ? L : K];
    }
  }
  const double volume = mesh_.volume[k];
  if (!(out > 0)) {
    rho1 = rho0 + gain / volume;
    return 0;
  }
  const double loss = out / pi, change = (gain - loss * rho0) / (volume + loss);
  const double factor = (volume * rho0 + gain) / (volume * pi + out);
  const bool kept = std::isfinite(loss) && change >= -0.5 * rho0;
  rho1 = kept ? rho0 + change : pi * factor;
  return factor;
}

std::string PositiveTransport::move_positive(std::span<const double> phi,
                                             std::span<const double> density, double d,
                                             std::span<const double> pi,
                                             std::span<const double> rho0,
                                             std::vector<double>& rho1) {
  transport_.conductances(phi, density, d, flux_);
  set_fluxes(phi, pi);
  begin();
  rho1.resize(rho0.size());
  const auto owned = std::size_t(mesh_.owned), local = std::size_t(mesh_.local());
  std::vector<std::int32_t> ghosts;  // not known yet
  for (std::size_t k = owned; k < local; ++k) ghosts.push_back(std::int32_t(k));
  for (std::size_t done = 0, before = 0;; before = done) {
    for (; done < turn_.size(); ++done) {
      const auto k = std::size_t(turn_[done]);
      factor_[k] = fill(k, pi[k], rho0[k], rho1[k]);
      release(k);
    }
    if (!mesh_.comm.any(done < owned)) break;
    if (!mesh_.comm.any(done > before)) {
      return "the masses moved are not finite, or flow in circles";
    }
    mesh_.halo.update(mesh_.comm, factor_);
    std::erase_if(ghosts, [this](std::int32_t k) {
      if (std::isnan(factor_[std::size_t(k)])) return false;
      release(std::size_t(k));
      return true;
    });
  }
  mesh_.halo.update(mesh_.comm, rho1);
  bool finite = true;
  for (std::size_t k = 0; k < owned; ++k) finite = finite && std::isfinite(rho1[k]);
  return mesh_.comm.any(!finite) ? "the masses moved are not finite" : "";
}

}  // namespace otto
