// Alternating directions for the dual problem (docs/distance.md):
//
//     max <phi_{N-1/2}, b> - <phi_{1/2}, a> - dt/4 (<E_{N-1/2}, b> + <E_{1/2}, a>)
//     over   q_a + |q_b|^2/2 <= 0  in every cell and at every inner time,    q = Lambda phi,
//
// Lambda phi at a cell K and time k/N: q_a = (phi_{k+1/2} - phi_{k-1/2})_K / dt and the 4 d copies
// q_b of the differences of phi across the faces of K in both intervals, each with weight 1/4. Then
// Lambda' Lambda = D_t' D_t + gamma D_x' D_x in the metric a^2 + gamma |b|^2. One iteration with
// relaxation alpha, multiplier r lambda (1, q_b / gamma) = (rho, momentum):
//
//     phi   = (Lambda' Lambda)^-1 [ Lambda'(q - u) + (b at the end - a at the start) / (r dt) ],
//     v     = alpha Lambda phi + (1 - alpha) q + u,        u = lambda (1, q_b / gamma),
//     q     = nearest point to v inside the paraboloid,    lambda its multiplier,
//
// and at both ends, where the density is known, lambda = rho/r and q_b = v_b / (1 + lambda/gamma).

#include "benamou_brenier_admm.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "otto/core/reproducible_sum.h"
#include "paraboloid.h"

namespace otto {

namespace {

constexpr double relaxation = 1.8;

using Rows = std::vector<std::vector<double>>;

Rows make_rows(int sides, std::size_t size) {
  return Rows(static_cast<std::size_t>(sides), std::vector<double>(size, 0.0));
}

/// Differences along one of the axes inside a plane; zero at walls.
void difference_inside(const double* x, std::int64_t rest, std::int64_t stride, std::int64_t n,
                       double inverse, double* low, double* high) {
#pragma omp simd
  for (std::int64_t r = 0; r < rest - stride; ++r) high[r] = inverse * (x[r + stride] - x[r]);
  for (std::int64_t line = (n - 1) * stride; line < rest; line += n * stride) {
    std::fill_n(high + line, stride, 0.0);
  }
  std::fill_n(low, stride, 0.0);
  std::copy_n(high, rest - stride, low + stride);
}

/// y -= the divergence of the fluxes whose parts on either side of the faces are low and high.
void subtract_divergence_inside(const double* low, const double* high, std::int64_t rest,
                                std::int64_t stride, double inverse, double* y) {
#pragma omp simd
  for (std::int64_t r = 0; r < rest - stride; ++r) {
    y[r] -= inverse * (high[r] + low[r + stride]);
  }
#pragma omp simd
  for (std::int64_t r = stride; r < rest; ++r) {
    y[r] += inverse * (low[r] + high[r - stride]);
  }
}

/// y += sum over sides of x^2.
void add_squares(const double* x, std::int64_t rest, double* y) {
#pragma omp simd
  for (std::int64_t r = 0; r < rest; ++r) y[r] += x[r] * x[r];
}

}  // namespace

BenamouBrenierAdmm::BenamouBrenierAdmm(const Slab& slab, std::span<const double> a,
                                       std::span<const double> b)
    : slab_(slab),
      poisson_(slab),
      sides_(2 * slab.dimension),
      phi_(slab.size(), 0.0),
      before_(make_rows(sides_, slab.size())),
      after_(make_rows(sides_, slab.size())),
      low_(slab.size()),
      high_(slab.size()) {
  const std::int64_t N = slab.intervals;
  lambda_.resize(static_cast<std::size_t>(slab.planes * (N + 1) * slab.rest));
  qa_.assign(lambda_.size(), 0.0);
  for (std::int64_t s = 0; s < slab.planes; ++s) {
    for (std::int64_t k = 0; k <= N; ++k) {
      const double t = static_cast<double>(k) * slab.dt();
      double* row = level(lambda_, s, k);
      for (std::int64_t r = 0; r < slab.rest; ++r) {
        const auto cell = static_cast<std::size_t>(s * slab.rest + r);
        row[r] = (1 - t) * a[cell] + t * b[cell];
      }
    }
  }
  slab_.exchange(phi_.data(), below_, above_);
}

void BenamouBrenierAdmm::set_scales(double r, double gamma) {
  for (double& x : lambda_) x *= r_ / r;
  r_ = r;
  gamma_ = gamma;
}

void BenamouBrenierAdmm::gradient(std::int64_t plane, std::int64_t k, Rows& g) const {
  const std::int64_t rest = slab_.rest;
  const double* x = phi_.data() + slab_.at(plane, k);
  std::int64_t stride = 1;
  for (std::size_t a = 0; a + 1 < static_cast<std::size_t>(slab_.dimension); ++a) {
    difference_inside(x, rest, stride, slab_.cells[a], 1 / slab_.width[a], g[2 * a].data(),
                      g[2 * a + 1].data());
    stride *= slab_.cells[a];
  }
  const auto last = static_cast<std::size_t>(slab_.dimension - 1);
  const double inverse = 1 / slab_.width[last];
  const auto beyond = static_cast<std::ptrdiff_t>(k * rest);
  const double* under = plane > 0          ? phi_.data() + slab_.at(plane - 1, k)
                        : slab_.below >= 0 ? below_.data() + beyond
                                           : x;
  const double* over = plane + 1 < slab_.planes ? phi_.data() + slab_.at(plane + 1, k)
                       : slab_.above >= 0       ? above_.data() + beyond
                                                : x;
  double *low = g[2 * last].data(), *high = g[2 * last + 1].data();
#pragma omp simd
  for (std::int64_t r = 0; r < rest; ++r) {
    low[r] = inverse * (x[r] - under[r]);
    high[r] = inverse * (over[r] - x[r]);
  }
}

struct BenamouBrenierAdmm::Work {
  Work(int sides, std::int64_t rest)
      : g(make_rows(sides, static_cast<std::size_t>(rest))),
        g_before(g),
        flux(g),
        flux_before(g),
        a(static_cast<std::size_t>(rest)),
        squares(a),
        shrink(a),
        part(a) {}
  Rows g, g_before;        ///< differences of phi after and before the present level
  Rows flux, flux_before;  ///< gamma/4 (q_b - u_b), summed over the two levels of an interval
  std::vector<double> a, squares, shrink, part;
};

/// v, then q and lambda, of one row of cells at time k/N; their parts of the right-hand side.
void BenamouBrenierAdmm::update_level(std::int64_t plane, std::int64_t k, Work& w) {
  const std::int64_t rest = slab_.rest, N = slab_.intervals;
  const bool inner = k > 0 && k < N;
  const double inverse_gamma = 1 / gamma_;
  double* lambda = level(lambda_, plane, k);
  double* qa = level(qa_, plane, k);
  std::fill(w.squares.begin(), w.squares.end(), 0.0);
  const auto extend = [&](double* q, const std::vector<double>& g) {
#pragma omp simd
    for (std::int64_t r = 0; r < rest; ++r) {
      q[r] = relaxation * g[r] + (1 - relaxation + lambda[r] * inverse_gamma) * q[r];
      w.squares[r] += 0.25 * q[r] * q[r];
    }
  };
  for (std::size_t j = 0; j < static_cast<std::size_t>(sides_); ++j) {
    if (k > 0) extend(before_[j].data() + slab_.at(plane, k - 1), w.g_before[j]);
    if (k < N) extend(after_[j].data() + slab_.at(plane, k), w.g[j]);
  }
  if (inner) {
    const double *x = phi_.data() + slab_.at(plane, k), *y = x - rest;
    const double inverse_dt = relaxation / slab_.dt();
#pragma omp simd
    for (std::int64_t r = 0; r < rest; ++r) {
      w.a[r] = inverse_dt * (x[r] - y[r]) + (1 - relaxation) * qa[r] + lambda[r];
    }
    project_onto_paraboloid(rest, w.a.data(), w.squares.data(), gamma_, lambda);
#pragma omp simd
    for (std::int64_t r = 0; r < rest; ++r) qa[r] = w.a[r] - lambda[r];
  }
#pragma omp simd
  for (std::int64_t r = 0; r < rest; ++r) {
    const double u = lambda[r] * inverse_gamma;
    w.shrink[r] = 1 / (1 + u);
    w.part[r] = 0.25 * gamma_ * (1 - u);
  }
  const auto contract = [&](double* q, std::vector<double>& flux) {
#pragma omp simd
    for (std::int64_t r = 0; r < rest; ++r) {
      q[r] *= w.shrink[r];
      flux[r] += w.part[r] * q[r];
    }
  };
  for (std::size_t j = 0; j < static_cast<std::size_t>(sides_); ++j) {
    if (k > 0) contract(before_[j].data() + slab_.at(plane, k - 1), w.flux_before[j]);
    if (k < N) contract(after_[j].data() + slab_.at(plane, k), w.flux[j]);
  }
}

/// The right-hand side of interval k, whose two levels are done, but for the fluxes across planes.
void BenamouBrenierAdmm::close_interval(std::int64_t plane, std::int64_t k, Work& w) {
  const std::int64_t rest = slab_.rest;
  const double inverse_dt = 1 / slab_.dt();
  const double *qa0 = level(qa_, plane, k), *qa1 = level(qa_, plane, k + 1);
  const double *l0 = level(lambda_, plane, k), *l1 = level(lambda_, plane, k + 1);
  double* y = poisson_.values().data() + slab_.at(plane, k);
#pragma omp simd
  for (std::int64_t r = 0; r < rest; ++r) {
    y[r] = inverse_dt * ((qa0[r] - l0[r]) - (qa1[r] - l1[r]));
  }
  std::int64_t stride = 1;
  for (std::size_t a = 0; a + 1 < static_cast<std::size_t>(slab_.dimension); ++a) {
    subtract_divergence_inside(w.flux_before[2 * a].data(), w.flux_before[2 * a + 1].data(), rest,
                               stride, 1 / slab_.width[a], y);
    stride *= slab_.cells[a];
  }
  const auto last = static_cast<std::size_t>(slab_.dimension - 1);
  const auto at = static_cast<std::ptrdiff_t>(slab_.at(plane, k));
  std::ranges::copy(w.flux_before[2 * last], low_.begin() + at);
  std::ranges::copy(w.flux_before[2 * last + 1], high_.begin() + at);
}

void BenamouBrenierAdmm::sweep_plane(std::int64_t plane, Work& w) {
  const auto clear = [](Rows& rows) {
    for (auto& row : rows) std::fill(row.begin(), row.end(), 0.0);
  };
  clear(w.flux);
  for (std::int64_t k = 0; k <= slab_.intervals; ++k) {
    std::swap(w.g, w.g_before);
    std::swap(w.flux, w.flux_before);
    clear(w.flux);
    if (k < slab_.intervals) gradient(plane, k, w.g);
    update_level(plane, k, w);
    if (k > 0) close_interval(plane, k - 1, w);
  }
}

void BenamouBrenierAdmm::sweep() {
  Work work(sides_, slab_.rest);
  for (std::int64_t s = 0; s < slab_.planes; ++s) sweep_plane(s, work);
}

void BenamouBrenierAdmm::add_flux_across_planes() {
  std::vector<double> low_above, high_below, unused;
  slab_.exchange(low_.data(), unused, low_above);
  slab_.exchange(high_.data(), high_below, unused);
  const double inverse = 1 / slab_.width[static_cast<std::size_t>(slab_.dimension - 1)];
  const auto count = static_cast<std::size_t>(slab_.intervals * slab_.rest);
  double* y = poisson_.values().data();
  // The flux through the face between two planes enters one and leaves the other.
  const auto enter = [&](std::size_t plane, const double* high, const double* low, double sign) {
    double* to = y + plane * count;
#pragma omp simd
    for (std::size_t i = 0; i < count; ++i) to[i] += sign * inverse * (high[i] + low[i]);
  };
  const auto planes = static_cast<std::size_t>(slab_.planes);
  for (std::size_t s = 0; s < planes; ++s) {
    const double *low = low_.data() + s * count, *high = high_.data() + s * count;
    if (s > 0) enter(s, high - count, low, 1);
    if (s == 0 && slab_.below >= 0) enter(s, high_below.data(), low, 1);
    if (s + 1 < planes) enter(s, high, low + count, -1);
    if (s + 1 == planes && slab_.above >= 0) enter(s, high, low_above.data(), -1);
  }
}

void BenamouBrenierAdmm::iterate() {
  sweep();
  add_flux_across_planes();
  poisson_.solve(gamma_);
  const auto phi = poisson_.values();
  std::copy(phi.begin(), phi.end(), phi_.begin());
  slab_.exchange(phi_.data(), below_, above_);
}

DualValues BenamouBrenierAdmm::dual() const {
  const std::int64_t rest = slab_.rest, N = slab_.intervals;
  const double dt = slab_.dt();
  const auto row = static_cast<std::size_t>(rest);
  Rows g = make_rows(sides_, row);
  std::vector<double> E(row), E_before(row), over(row);
  // Largest phi' + |grad phi|^2/2 at each inner time; the dual function, the mass at the start and
  // the density's part in what violates the constraint.
  std::vector<double> excess(static_cast<std::size_t>(N - 1), -std::numeric_limits<double>::max());
  std::array<ReproducibleSum, 3> parts;
  for (std::int64_t s = 0; s < slab_.planes; ++s) {
    for (std::int64_t k = 0; k < N; ++k) {
      std::swap(E, E_before);
      gradient(s, k, g);
      std::fill(E.begin(), E.end(), 0.0);
      for (const auto& side : g) add_squares(side.data(), rest, E.data());
      const double* x = phi_.data() + slab_.at(s, k);
      if (k > 0) {
        double worst = excess[static_cast<std::size_t>(k - 1)];
        const double* lambda = level(lambda_, s, k);
#pragma omp simd reduction(max : worst)
        for (std::int64_t r = 0; r < rest; ++r) {
          const double above = (x[r] - x[r - rest]) / dt + 0.125 * (E[r] + E_before[r]);
          worst = std::max(worst, above);
          over[std::size_t(r)] = lambda[r] * above;
        }
        parts[2].add(over);
        excess[static_cast<std::size_t>(k - 1)] = worst;
      }
      const auto weigh = [&](std::int64_t end, double sign) {
        const double* lambda = level(lambda_, s, end);
        parts[0].add(row,
                     [&](std::size_t r) { return lambda[r] * (sign * x[r] - 0.125 * dt * E[r]); });
        if (end == 0) parts[1].add(std::span(lambda, row));
      };
      if (k == 0) weigh(0, -1);
      if (k == N - 1) weigh(N, 1);
    }
  }
  const std::vector<double> sums = sums_of_all(slab_.comm, parts);
  MPI_Allreduce(MPI_IN_PLACE, excess.data(), static_cast<int>(excess.size()), MPI_DOUBLE, MPI_MAX,
                slab_.comm.handle());
  double shift = 0;
  for (const double x : excess) shift += dt * x;
  const double unit = 2 * r_ * slab_.cell_volume();
  return {unit * (sums[0] - dt * sums[2]), unit * (sums[0] - shift * sums[1])};
}

std::vector<double> BenamouBrenierAdmm::density(std::int64_t k) const {
  std::vector<double> rho;
  for (std::int64_t s = 0; s < slab_.planes; ++s) {
    const double* row = level(lambda_, s, k);
    for (std::int64_t r = 0; r < slab_.rest; ++r) rho.push_back(r_ * row[r]);
  }
  return rho;
}

std::vector<double> BenamouBrenierAdmm::slope(bool at_end) const {
  const double sign = at_end ? 1 : -1;
  const std::int64_t k = at_end ? slab_.intervals - 1 : 0;
  const auto row = static_cast<std::size_t>(slab_.rest);
  Rows g = make_rows(sides_, row);
  std::vector<double> E(row), slopes;
  for (std::int64_t s = 0; s < slab_.planes; ++s) {
    gradient(s, k, g);
    std::ranges::fill(E, 0.0);
    for (const auto& side : g) add_squares(side.data(), slab_.rest, E.data());
    const double* x = phi_.data() + slab_.at(s, k);
    for (std::size_t r = 0; r < row; ++r) {
      slopes.push_back(2 * (sign * x[r] - 0.125 * slab_.dt() * E[r]));
    }
  }
  return slopes;
}

}  // namespace otto
