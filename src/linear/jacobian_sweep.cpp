#include "otto/linear/jacobian_sweep.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace otto {

namespace {

constexpr double unknown = std::numeric_limits<double>::quiet_NaN();

struct SweepOptions {
  double min_pivot =
      0.05;  ///< of a unit diagonal: where the matrix is far from an M-matrix, pivots
             ///< near 0 would make a sweep worse than none
};

}  // namespace

JacobianSweep::JacobianSweep(const Transport& transport)
    : transport_(transport),
      mesh_(transport.mesh()),
      first_(std::size_t(mesh_.local()) + 1, 0),
      x_(std::size_t(mesh_.local())) {
  const Faces& faces = mesh_.faces;
  const auto for_each_side = [&](auto&& use) {
    for (std::int32_t f = 0; f < faces.size(); ++f) {
      const auto l = faces.left[std::size_t(f)], r = faces.right[std::size_t(f)];
      use(l, r, f);
      use(r, l, f);
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

/// 1 / P of a cell whose lower neighbours have theirs.
double JacobianSweep::inverse_of(std::span<const double> phi, double d, std::int32_t cell,
                                 const Factors& factors) const {
  const auto k = std::size_t(cell);
  const double scale = d / mesh_.volume[k];
  double pivot = 1;
  for (const auto [other, face] : neighbours(cell)) {
    const auto l = std::size_t(other);
    const double jump = phi[k] - phi[l], s = scale * slope(face, jump);
    pivot += s;
    if (factors.upwind || !(jump > 0)) continue;
    pivot -= s * d / mesh_.volume[l] * slope(face, -jump) * factors.inverse[l];
  }
  return 1 / std::max(pivot, SweepOptions{}.min_pivot);
}

void JacobianSweep::factor(std::span<const double> phi, double d, Factors& factors) const {
  const auto owned = std::size_t(mesh_.owned), local = std::size_t(mesh_.local());
  std::vector<std::int32_t>& order = factors.order;
  std::vector<std::size_t>& round = factors.round;
  std::vector<double>& inverse = factors.inverse;
  order.clear();
  order.reserve(owned);
  round.clear();
  factors.upwind = transport_.upwind();
  inverse.assign(local, unknown);
  std::vector<std::int32_t> waits(owned, 0), ghosts;  // for lower neighbours; not known yet
  for (std::size_t k = 0; k < owned; ++k) {
    for (const auto [l, face] : neighbours(std::int32_t(k))) {
      if (phi[std::size_t(l)] < phi[k]) ++waits[k];
    }
    if (waits[k] == 0) order.push_back(std::int32_t(k));
  }
  for (std::size_t k = owned; k < local; ++k) ghosts.push_back(std::int32_t(k));
  const auto release = [&](std::int32_t k) {
    for (const auto [l, face] : neighbours(k)) {
      const bool waiting = l < mesh_.owned && phi[std::size_t(l)] > phi[std::size_t(k)];
      if (waiting && --waits[std::size_t(l)] == 0) order.push_back(l);
    }
  };
  for (std::size_t done = 0;;) {
    const std::size_t before = done;
    for (; done < order.size(); ++done) {
      const std::int32_t k = order[done];
      inverse[std::size_t(k)] = inverse_of(phi, d, k, factors);
      release(k);
    }
    round.push_back(done);
    if (!mesh_.comm.any(done < owned)) return;
    if (!mesh_.comm.any(done > before)) break;
    mesh_.halo.update(mesh_.comm, inverse);
    std::erase_if(ghosts, [&](std::int32_t k) {
      if (std::isnan(inverse[std::size_t(k)])) return false;
      release(k);
      return true;
    });
  }
  // phi is not finite: whatever the others come to
  for (std::size_t k = 0; k < owned; ++k) {
    if (std::isnan(inverse[k])) order.push_back(std::int32_t(k));
  }
  round.push_back(order.size());
}

/// visit(cell) from below, ghosts of x_ up to date where they have had their turn.
template <class Visit>
void JacobianSweep::upwards(const Factors& factors, Visit&& visit) const {
  std::size_t at = 0;
  for (const std::size_t end : factors.round) {
    if (&end != factors.round.data()) mesh_.halo.update(mesh_.comm, x_);
    for (; at < end; ++at) visit(factors.order[at]);
  }
}

/// Likewise from above.
template <class Visit>
void JacobianSweep::downwards(const Factors& factors, Visit&& visit) const {
  std::size_t at = factors.order.size();
  for (std::size_t r = factors.round.size(); r-- > 0;) {
    if (r + 1 < factors.round.size()) mesh_.halo.update(mesh_.comm, x_);
    for (const std::size_t end = r > 0 ? factors.round[r - 1] : 0; at > end;) {
      visit(factors.order[--at]);
    }
  }
}

void JacobianSweep::solve(std::span<const double> phi, double d, const Factors& factors,
                          std::span<const double> b, std::span<double> x) const {
  upwards(factors, [&](std::int32_t cell) {
    const auto k = std::size_t(cell);
    double sum = 0;
    for (const auto [other, face] : neighbours(cell)) {
      const auto l = std::size_t(other);
      const double jump = phi[k] - phi[l];
      if (jump > 0) sum += slope(face, jump) * x_[l];
    }
    x_[k] = factors.inverse[k] * (b[k] + d / mesh_.volume[k] * sum);
  });
  if (!factors.upwind) {
    downwards(factors, [&](std::int32_t cell) {
      const auto k = std::size_t(cell);
      double sum = 0;
      for (const auto [other, face] : neighbours(cell)) {
        const auto l = std::size_t(other);
        const double jump = phi[k] - phi[l];
        if (jump < 0) sum += slope(face, jump) * x_[l];
      }
      x_[k] += factors.inverse[k] * (d / mesh_.volume[k] * sum);
    });
  }
  std::copy_n(x_.begin(), mesh_.owned, x.begin());
}

void JacobianSweep::solve_adjoint(std::span<const double> phi, double d, const Factors& factors,
                                  std::span<const double> b, std::span<double> x) const {
  // -J_LK = s_LK: the slope of the neighbour's row
  const auto from = [&](std::size_t l, std::int32_t face, double jump) {
    return d / mesh_.volume[l] * slope(face, -jump) * x_[l];
  };
  if (factors.upwind) {
    for (std::size_t k = 0; k < std::size_t(mesh_.owned); ++k) x_[k] = factors.inverse[k] * b[k];
  } else {
    upwards(factors, [&](std::int32_t cell) {
      const auto k = std::size_t(cell);
      double sum = b[k];
      for (const auto [other, face] : neighbours(cell)) {
        const double jump = phi[k] - phi[std::size_t(other)];
        if (jump > 0) sum += from(std::size_t(other), face, jump);
      }
      x_[k] = factors.inverse[k] * sum;
    });
  }
  downwards(factors, [&](std::int32_t cell) {
    const auto k = std::size_t(cell);
    double sum = 0;
    for (const auto [other, face] : neighbours(cell)) {
      const double jump = phi[k] - phi[std::size_t(other)];
      if (jump < 0) sum += from(std::size_t(other), face, jump);
    }
    x_[k] += factors.inverse[k] * sum;
  });
  std::copy_n(x_.begin(), mesh_.owned, x.begin());
}

}  // namespace otto
