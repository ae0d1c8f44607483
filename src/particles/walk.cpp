#include "otto/particles/walk.h"

#include <cmath>

#include "otto/core/error.h"
#include "otto/core/random.h"

namespace otto {

namespace {

constexpr int purpose_shift = 40;  // streams of 2^40 particles for each purpose

std::uint64_t stream_of(Purpose purpose, std::int64_t particle) {
  return (std::uint64_t(purpose) << purpose_shift) + std::uint64_t(particle);
}
/// Pairs of numbers one step of a particle may use: d normal ones and a uniform one.
std::uint64_t pairs(std::size_t dimension) { return dimension / 2 + 2; }

const double* row(const Rows& m, Eigen::Index i) { return m.data() + i * m.cols(); }

/// U_b(y) - U_b(z).
double rise(const Particles& p, const Particles& y, Eigen::Index i, double b) {
  return (1 - b) * (y.U0[i] - p.U0[i]) + b * (y.U[i] - p.U[i]);
}

/// grad U_b of every particle, times its h.
Rows scaled_slopes(const Particles& p, const Vector& b, const Vector& h) {
  const Vector by_U = b.cwiseProduct(h), by_U0 = h - by_U;
  return by_U.asDiagonal() * p.slope + by_U0.asDiagonal() * p.slope0;
}

/// The chance of a step whose log ratio is that; none where it is not a number.
double chance_of(double log_ratio) {
  return std::isfinite(log_ratio) ? std::exp(std::min(0.0, log_ratio)) : 0;
}

/// log of e^(U_b(z) - U_b(y)) k(z|y) / k(y|z), where y was reached by xi.
double log_acceptance(const Particles& p, const Particles& y, Eigen::Index i, double b, double h,
                      const double* xi) {
  const double *z = row(p.z, i), *to = row(y.z, i), *s = row(y.slope, i), *s0 = row(y.slope0, i);
  double back = 0, there = 0;  // |z - y + h grad U_b(y)|^2 and |xi|^2
  for (Eigen::Index a = 0; a < p.z.cols(); ++a) {
    const double r = z[a] - to[a] + h * ((1 - b) * s0[a] + b * s[a]);
    back += r * r;
    there += xi[a] * xi[a];
  }
  return -rise(p, y, i, b) - back / (4 * h) + 0.5 * there;
}

}  // namespace

bool exploded(const Particles& p) {
  constexpr double far = 1e8;
  return !(p.z.cwiseAbs().maxCoeff() < far && p.z.allFinite() && p.U.allFinite());
}

void copy_particle(const Particles& from, Eigen::Index i, Particles& to, Eigen::Index k) {
  to.z.row(k) = from.z.row(i);
  to.U[k] = from.U[i];
  to.U0[k] = from.U0[i];
  to.slope.row(k) = from.slope.row(i);
  to.slope0.row(k) = from.slope0.row(i);
}

void swap_particles(Particles& p, Eigen::Index i, Eigen::Index k) {
  p.z.row(i).swap(p.z.row(k));
  std::swap(p.U[i], p.U[k]);
  std::swap(p.U0[i], p.U0[k]);
  p.slope.row(i).swap(p.slope.row(k));
  p.slope0.row(i).swap(p.slope0.row(k));
}

void normal_numbers(std::uint64_t seed, Purpose purpose, std::int64_t particle, std::uint64_t step,
                    std::span<double> out) {
  const std::uint64_t stream = stream_of(purpose, particle), base = step * pairs(out.size());
  for (std::size_t a = 0; a < out.size(); a += 2) {
    const auto two = RandomAt(seed, stream, base + a / 2).normal();
    out[a] = two[0];
    if (a + 1 < out.size()) out[a + 1] = two[1];
  }
}

double uniform_number(std::uint64_t seed, Purpose purpose, std::int64_t particle,
                      std::uint64_t step, int dimension) {
  const auto n = pairs(std::size_t(dimension));
  return RandomAt(seed, stream_of(purpose, particle), step * n + n - 1).uniform()[0];
}

Walk::Walk(const ParticleEnergy& energy, const Gaussian& white, const Gaussian* reference,
           WalkOptions options)
    : energy_(energy), white_(white), reference_(reference), options_(std::move(options)) {
  if (options_.kernel != "mala" && options_.kernel != "ula" && options_.kernel != "underdamped") {
    throw InternalError("no kernel is called '" + options_.kernel + "'");
  }
}

Particles Walk::place(std::int64_t first, Rows z, std::uint64_t step) const {
  Particles p;
  p.first = first;
  p.z = std::move(z);
  refresh(p);
  if (options_.kernel != "underdamped") return p;
  p.v.resize(p.z.rows(), p.z.cols());
  for (Eigen::Index i = 0; i < p.v.rows(); ++i) {
    normal_numbers(options_.seed, Purpose::velocity, first + i, step,
                   {p.v.data() + i * p.v.cols(), std::size_t(p.v.cols())});
  }
  return p;
}

Rows Walk::reference_in_z(std::int64_t first, Eigen::Index n, std::uint64_t step) const {
  const auto d = std::size_t(white_.dimension());
  Rows xi(n, Eigen::Index(d));
  for (Eigen::Index i = 0; i < n; ++i) {
    normal_numbers(options_.seed, options_.purpose, first + i, step,
                   {xi.data() + std::size_t(i) * d, d});
  }
  return reference_ == &white_ ? xi : white_.whiten(reference_->points(xi));
}

Particles Walk::draw(std::int64_t first, Eigen::Index n, std::uint64_t step) const {
  return place(first, reference_in_z(first, n, step));
}

void Walk::refresh(Particles& p) const {
  const Rows x = white_.points(p.z);
  Rows slope;
  energy_.evaluate(x, p.U, slope);
  p.slope = white_.slope_in_z(slope);
  if (reference_ == nullptr) {
    p.U0 = Vector::Zero(p.z.rows());
    p.slope0 = Rows::Zero(p.z.rows(), p.z.cols());
  } else if (reference_ == &white_) {
    p.U0 = white_.energy_of_white(p.z);
    p.slope0 = p.z;
  } else {
    reference_->evaluate(x, p.U0, slope);
    p.slope0 = white_.slope_in_z(slope);
  }
}

/// y = z - h grad U_b + sqrt(2 h) xi; a fresh draw where b = 0.
Rows Walk::propose(const Particles& p, const Vector& b, const Vector& h, const Rows& xi,
                   std::uint64_t step) const {
  const Eigen::Index n = p.z.rows(), d = p.z.cols();
  Rows y(n, d);
  for (Eigen::Index i = 0; i < n; ++i) {
    double* out = y.data() + i * d;
    if (b[i] == 0) {
      const Rows fresh = reference_in_z(p.first + i, 1, step);
      std::copy_n(fresh.data(), d, out);
      continue;
    }
    const double width = std::sqrt(2 * h[i]);
    const double *z = row(p.z, i), *s = row(p.slope, i), *s0 = row(p.slope0, i), *e = row(xi, i);
    for (Eigen::Index a = 0; a < d; ++a) {
      out[a] = z[a] - h[i] * ((1 - b[i]) * s0[a] + b[i] * s[a]) + width * e[a];
    }
  }
  return y;
}

Vector Walk::step(Particles& p, const Vector& b, const Vector& h, std::uint64_t step) const {
  const Eigen::Index n = p.z.rows(), d = p.z.cols();
  Rows xi(n, d);
  for (Eigen::Index i = 0; i < n; ++i) {
    normal_numbers(options_.seed, options_.purpose, p.first + i, step,
                   {xi.data() + i * d, std::size_t(d)});
  }
  if (options_.kernel == "underdamped") return glide(p, b, h, xi, step);
  Particles y;
  y.first = p.first;
  y.z = propose(p, b, h, xi, step);
  refresh(y);
  Vector accepted = Vector::Ones(n);
  for (Eigen::Index i = 0; i < n; ++i) {
    if (options_.kernel == "mala" && b[i] != 0) {
      accepted[i] = chance_of(log_acceptance(p, y, i, b[i], h[i], row(xi, i)));
      const double u = uniform_number(options_.seed, options_.purpose, p.first + i, step, int(d));
      if (!(u < accepted[i])) continue;
    }
    copy_particle(y, i, p, i);
  }
  return accepted;
}

Vector Walk::glide(Particles& p, const Vector& b, const Vector& h, const Rows& xi,
                   std::uint64_t step) const {
  const Eigen::Index n = p.z.rows();
  const Vector keep = (-options_.friction * h.array()).exp(),
               renew = (1 - keep.array().square()).sqrt();
  p.v = keep.asDiagonal() * p.v + renew.asDiagonal() * xi;
  Particles y;
  y.first = p.first;
  y.v = p.v - 0.5 * scaled_slopes(p, b, h);
  y.z = p.z + h.asDiagonal() * y.v;
  refresh(y);
  y.v -= 0.5 * scaled_slopes(y, b, h);
  Vector accepted(n);
  const Vector before = row_squares(p.v), after = row_squares(y.v);
  for (Eigen::Index i = 0; i < n; ++i) {
    accepted[i] = chance_of(-rise(p, y, i, b[i]) + 0.5 * (before[i] - after[i]));
    const double u =
        uniform_number(options_.seed, options_.purpose, p.first + i, step, int(p.z.cols()));
    if (u < accepted[i]) {
      copy_particle(y, i, p, i);
      p.v.row(i) = y.v.row(i);
    } else {
      p.v.row(i) *= -1;
    }
  }
  return accepted;
}

}  // namespace otto
