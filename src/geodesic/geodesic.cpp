// The loop around the splitting: its two scales, the bounds, and when to stop.
//
// With phi in units of w = W2^2 both parts of the constraint are of one size for gamma near w, and
// the multiplier for r near rho/w, rho = int rho^2 / int rho; the two factors were measured
// (docs/distance.md). w is guessed from the moments of the ends (Gelbrich's bound for round shapes)
// and corrected by the first iterates.
//
// Upper bound: the densities rho_k of the splitting are non-negative; given the mass of the ends
// and a thin background they are a path whose least kinetic energy is one weighted Poisson problem
// per interval (linear/kinetic_energy.h).

#include "otto/geodesic/geodesic.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "benamou_brenier_admm.h"
#include "otto/core/reproducible_sum.h"
#include "otto/linear/kinetic_energy.h"
#include "slab.h"

namespace otto {

namespace {

constexpr int check_every = 10;
constexpr double penalty = 0.3;                ///< r in units of rho/w
constexpr double stretch = 0.6;                ///< gamma in units of w
constexpr double backgrounds[] = {0.1, 0.01};  ///< in units of the tolerance, w and the box

constexpr double zero = 1e-10;  ///< of W2^2, in units of the box's diameter squared

struct Moments {
  Point mean{};
  double spread = 0;  ///< sqrt of the mean squared distance from the mean
};

Moments moments(const Mesh& mesh, std::span<const double> rho, double mass) {
  Moments m;
  const auto n = static_cast<std::size_t>(mesh.owned);
  const auto d = static_cast<std::size_t>(mesh.dimension);
  std::array<ReproducibleSum, 3> parts;
  for (std::size_t a = 0; a < d; ++a) {
    parts[a].add(n, [&](std::size_t i) { return mesh.volume[i] * rho[i] * mesh.center[i][a]; });
  }
  const std::vector<double> sums = sums_of_all(mesh.comm, parts);
  for (std::size_t a = 0; a < d; ++a) m.mean[a] = sums[a] / mass;
  ReproducibleSum square;
  for (std::size_t a = 0; a < d; ++a) {
    square.add(n, [&](std::size_t i) {
      const double x = mesh.center[i][a] - m.mean[a];
      return mesh.volume[i] * rho[i] * x * x;
    });
  }
  m.spread = std::sqrt(sum_of_all(mesh.comm, square) / mass);
  return m;
}

double diameter_squared(const Mesh& mesh) {
  double sum = 0;
  for (std::size_t a = 0; a < static_cast<std::size_t>(mesh.dimension); ++a) {
    const auto& x = mesh.box->box.nodes[a];
    sum += std::pow(x.back() - x.front(), 2);
  }
  return sum;
}

}  // namespace

struct Geodesic::Impl {
  Impl(const Mesh& m, std::span<const double> a, std::span<const double> b,
       const GeodesicOptions& o)
      : mesh(m),
        options(o),
        start(a.begin(), a.end()),
        end(b.begin(), b.end()),
        slab(make_slab(m, o.intervals)),
        order(m, slab),
        admm(slab, order.to_planes(a), order.to_planes(b)) {
    mass = integral(mesh, start);
    size = diameter_squared(mesh);
    guess_scale();
  }
  void guess_scale();
  void use_scale(double w);
  std::vector<double> density(int k) const;
  double upper_bound(double background) const;
  void take_lower(GeodesicReport& report);
  void take_upper(GeodesicReport& report);

  const Mesh& mesh;
  GeodesicOptions options;
  std::vector<double> start, end;
  Slab slab;
  SlabOrder order;
  BenamouBrenierAdmm admm;
  double mass = 1, size = 1, typical = 1;  ///< typical: int rho^2 / int rho
  double w = 1;                            ///< the present scale of W2^2 per mass
};

void Geodesic::Impl::guess_scale() {
  std::vector<double> square(start.size());
  for (std::size_t i = 0; i < square.size(); ++i) {
    square[i] = 0.5 * (start[i] * start[i] + end[i] * end[i]);
  }
  typical = integral(mesh, square) / mass;
  const Moments a = moments(mesh, start, mass), b = moments(mesh, end, mass);
  double guess = std::pow(a.spread - b.spread, 2);
  for (std::size_t i = 0; i < 3; ++i) guess += std::pow(a.mean[i] - b.mean[i], 2);
  // Shapes alone make a distance, too; the iterates correct this.
  use_scale(std::max(guess, 0.02 * a.spread * b.spread));
}

void Geodesic::Impl::use_scale(double scale) {
  w = std::clamp(scale, 1e-8 * size, size);
  admm.set_scales(penalty * typical / w, stretch * w);
}

std::vector<double> Geodesic::Impl::density(int k) const {
  if (k == 0) return start;
  if (k == options.intervals) return end;
  std::vector<double> rho = order.from_planes(admm.density(k));
  const double scale = mass / integral(mesh, rho);
  for (double& x : rho) x *= scale;
  return rho;
}

double Geodesic::Impl::upper_bound(double background) const {
  const auto owned = static_cast<std::size_t>(mesh.owned);
  const double everywhere = mass / (slab.cell_volume() * static_cast<double>(mesh.global_cells));
  const double dt = slab.dt();
  std::vector<double> now, next = start, rate(owned),
                           middle(static_cast<std::size_t>(mesh.local()));
  double total = 0;
  for (int k = 1; k <= options.intervals; ++k) {
    now = std::move(next);
    next = density(k);
    if (k < options.intervals) {
      for (double& x : next) x = (1 - background) * x + background * everywhere;
    }
    for (std::size_t i = 0; i < owned; ++i) {
      rate[i] = (next[i] - now[i]) / dt;
      middle[i] = 0.5 * (now[i] + next[i]);
    }
    mesh.halo.update(mesh.comm, middle);
    total += dt * min_kinetic_energy(mesh, middle, rate);
  }
  return total;
}

void Geodesic::Impl::take_lower(GeodesicReport& report) {
  const DualValues dual = admm.dual();
  report.lower = std::max(report.lower, dual.lower);
  report.squared = std::clamp(dual.estimate, report.lower, std::max(report.lower, report.upper));
}

void Geodesic::Impl::take_upper(GeodesicReport& report) {
  const double unit = options.tolerance * std::max(report.lower / (mass * size), 1e-9);
  for (const double background : backgrounds) {
    report.upper = std::min(report.upper, upper_bound(background * unit));
  }
  report.squared = std::clamp(report.squared, report.lower, std::max(report.lower, report.upper));
}

Geodesic::Geodesic(const Mesh& mesh, std::span<const double> a, std::span<const double> b,
                   const GeodesicOptions& options)
    : impl_(std::make_unique<Impl>(mesh, a, b, options)) {}
Geodesic::~Geodesic() = default;

GeodesicReport Geodesic::solve(const Watch& watch) {
  Impl& o = *impl_;
  GeodesicReport report;
  report.upper = std::numeric_limits<double>::infinity();
  int next_upper = check_every;
  while (report.iterations < o.options.max_iterations) {
    o.admm.iterate();
    const int i = ++report.iterations;
    const bool last = i == o.options.max_iterations;
    if (i % check_every != 0 && !last) continue;
    o.take_lower(report);
    // The upper bound costs as much as some iterations: it waits for the lower one.
    const bool close = report.squared - report.lower <=
                       std::max(o.options.tolerance * report.squared, zero * o.mass * o.size);
    if ((close && i >= next_upper) || last) {
      o.take_upper(report);
      next_upper = i + std::max(check_every, i / 8);
    }
    const double enough = std::max(o.options.tolerance * report.upper, zero * o.mass * o.size);
    report.converged = std::isfinite(report.upper) && report.gap() <= enough;
    if ((watch && !watch(report)) || report.converged) break;
    const double scale = report.squared / o.mass;
    if (i <= 8 * check_every && (scale > 1.5 * o.w || scale < o.w / 1.5)) o.use_scale(scale);
  }
  return report;
}

std::vector<double> Geodesic::density(int k) const { return impl_->density(k); }

std::array<std::vector<double>, 2> Geodesic::slopes() const {
  const Impl& o = *impl_;
  return {o.order.from_planes(o.admm.slope(false)), o.order.from_planes(o.admm.slope(true))};
}

std::vector<double> Geodesic::midpoint() const {
  const int N = impl_->options.intervals;
  std::vector<double> rho = impl_->density(N / 2);
  if (N % 2 == 0) return rho;
  const std::vector<double> other = impl_->density(N / 2 + 1);
  for (std::size_t i = 0; i < rho.size(); ++i) rho[i] = 0.5 * (rho[i] + other[i]);
  return rho;
}

}  // namespace otto
