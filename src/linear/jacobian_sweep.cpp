#include "otto/linear/jacobian_sweep.h"

#include <algorithm>

namespace otto {

namespace {

struct SweepOptions {
  double min_pivot =
      0.05;  ///< of a unit diagonal: where the matrix is far from an M-matrix, pivots
             ///< near 0 would make a sweep worse than none
};

}  // namespace

JacobianSweep::JacobianSweep(const Transport& transport)
    : transport_(transport), mesh_(transport.mesh()), first_(std::size_t(mesh_.owned) + 1, 0) {
  const Faces& faces = mesh_.faces;
  const auto for_each_side = [&](auto&& use) {
    for (std::int32_t f = 0; f < faces.size(); ++f) {
      const auto l = faces.left[std::size_t(f)], r = faces.right[std::size_t(f)];
      if (l < mesh_.owned) use(l, r, f);
      if (r < mesh_.owned) use(r, l, f);
    }
  };
  for_each_side([&](std::int32_t cell, auto, auto) { ++first_[std::size_t(cell) + 1]; });
  for (std::size_t k = 1; k < first_.size(); ++k) first_[k] += first_[k - 1];
  neighbours_.resize(std::size_t(first_.back()));
  std::vector<std::int32_t> next(first_.begin(), first_.end() - 1);
  for_each_side([&](std::int32_t cell, std::int32_t other, std::int32_t face) {
    neighbours_[std::size_t(next[std::size_t(cell)]++)] = {other, face};
  });
}

inline double JacobianSweep::slope(std::int32_t face, double jump) const {
  const auto f = std::size_t(face);
  const double theta = transport_.theta()[f];
  return 0.5 * mesh_.faces.transmissibility[f] * (jump + (jump > 0 ? theta : -theta) * jump);
}

/// A cell follows as soon as all its lower neighbours have.
void JacobianSweep::order_cells(std::span<const double> phi,
                                std::vector<std::int32_t>& order) const {
  order.clear();
  order.reserve(std::size_t(mesh_.owned));
  std::vector<std::int32_t> waits(std::size_t(mesh_.owned), 0);
  const auto inner = [&](std::int32_t cell) { return cell < mesh_.owned; };
  for (std::int32_t k = 0; k < mesh_.owned; ++k) {
    for (const auto [l, face] : neighbours(k)) {
      if (inner(l) && phi[std::size_t(l)] < phi[std::size_t(k)]) ++waits[std::size_t(k)];
    }
    if (waits[std::size_t(k)] == 0) order.push_back(k);
  }
  for (std::size_t at = 0; at < order.size(); ++at) {
    const std::int32_t k = order[at];
    for (const auto [l, face] : neighbours(k)) {
      if (!inner(l) || !(phi[std::size_t(l)] > phi[std::size_t(k)])) continue;
      if (--waits[std::size_t(l)] == 0) order.push_back(l);
    }
  }
}

void JacobianSweep::factor(std::span<const double> phi, double d, Factors& factors) const {
  order_cells(phi, factors.order);
  factors.upwind = transport_.upwind();
  factors.inverse.resize(std::size_t(mesh_.owned));
  for (const std::int32_t cell : factors.order) {
    const auto k = std::size_t(cell);
    const double scale = d / mesh_.volume[k];
    double pivot = 1;
    for (const auto [other, face] : neighbours(cell)) {
      const auto l = std::size_t(other);
      const double jump = phi[k] - phi[l], s = scale * slope(face, jump);
      pivot += s;
      if (factors.upwind || other >= mesh_.owned || !(jump > 0)) continue;
      pivot -= s * d / mesh_.volume[l] * slope(face, -jump) * factors.inverse[l];
    }
    factors.inverse[k] = 1 / std::max(pivot, SweepOptions{}.min_pivot);
  }
}

void JacobianSweep::solve(std::span<const double> phi, double d, const Factors& factors,
                          std::span<const double> b, std::span<double> x) const {
  for (const std::int32_t cell : factors.order) {
    const auto k = std::size_t(cell);
    double sum = 0;
    for (const auto [other, face] : neighbours(cell)) {
      const auto l = std::size_t(other);
      const double jump = phi[k] - phi[l];
      if (other < mesh_.owned && jump > 0) sum += slope(face, jump) * x[l];
    }
    x[k] = factors.inverse[k] * (b[k] + d / mesh_.volume[k] * sum);
  }
  if (factors.upwind) return;
  for (auto at = factors.order.size(); at-- > 0;) {
    const std::int32_t cell = factors.order[at];
    const auto k = std::size_t(cell);
    double sum = 0;
    for (const auto [other, face] : neighbours(cell)) {
      const auto l = std::size_t(other);
      const double jump = phi[k] - phi[l];
      if (other < mesh_.owned && jump < 0) sum += slope(face, jump) * x[l];
    }
    x[k] += factors.inverse[k] * (d / mesh_.volume[k] * sum);
  }
}

void JacobianSweep::solve_adjoint(std::span<const double> phi, double d, const Factors& factors,
                                  std::span<const double> b, std::span<double> x) const {
  // -J_LK = s_LK: the slope of the neighbour's row
  const auto from = [&](std::size_t l, std::int32_t face, double jump) {
    return d / mesh_.volume[l] * slope(face, -jump) * x[l];
  };
  for (const std::int32_t cell : factors.order) {
    const auto k = std::size_t(cell);
    double sum = b[k];
    if (!factors.upwind) {
      for (const auto [other, face] : neighbours(cell)) {
        const double jump = phi[k] - phi[std::size_t(other)];
        if (other < mesh_.owned && jump > 0) sum += from(std::size_t(other), face, jump);
      }
    }
    x[k] = factors.inverse[k] * sum;
  }
  for (auto at = factors.order.size(); at-- > 0;) {
    const std::int32_t cell = factors.order[at];
    const auto k = std::size_t(cell);
    double sum = 0;
    for (const auto [other, face] : neighbours(cell)) {
      const double jump = phi[k] - phi[std::size_t(other)];
      if (other < mesh_.owned && jump < 0) sum += from(std::size_t(other), face, jump);
    }
    x[k] += factors.inverse[k] * sum;
  }
}

}  // namespace otto
