#include "otto/particles/ring.h"

#include <algorithm>
#include <cmath>

#include "otto/particles/walk.h"

namespace otto {

namespace {

double site(const Ring& r, double x) {
  const double w = x * x - 1;
  return r.barrier * w * w + r.field * x;
}

/// K divided by its largest entry, and the log of that.
double scale(Rows& K) {
  const double top = K.maxCoeff();
  K /= top;
  return std::log(top);
}

}  // namespace

double Ring::pair(double x, double y) const {
  return site(*this, x) + 0.5 * coupling * (y - x) * (y - x);
}

void RingEnergy::evaluate(const Rows& x, Vector& U, Rows& slope) const {
  U = energy(x);
  slope.resize(x.rows(), x.cols());
  const Eigen::Index d = x.cols();
  for (Eigen::Index n = 0; n < x.rows(); ++n) {
    for (Eigen::Index i = 0; i < d; ++i) {
      const double a = x(n, i), next = x(n, (i + 1) % d), before = x(n, (i + d - 1) % d);
      slope(n, i) = factor_ * (4 * ring_.barrier * a * (a * a - 1) + ring_.field +
                               ring_.coupling * (2 * a - next - before));
    }
  }
}

Vector RingEnergy::energy(const Rows& x) const {
  Vector U = Vector::Zero(x.rows());
  const Eigen::Index d = x.cols();
  for (Eigen::Index n = 0; n < x.rows(); ++n) {
    for (Eigen::Index i = 0; i < d; ++i) U[n] += ring_.pair(x(n, i), x(n, (i + 1) % d));
    U[n] *= factor_;
  }
  return U;
}

ChainNodes nodes_of(const Ring& ring) {
  constexpr double height = 80;  // e^-80 of the law's density is nothing
  ChainNodes nodes;
  double lowest = site(ring, 0);
  for (double x = -3; x <= 3; x += 0.01) lowest = std::min(lowest, site(ring, x));
  double R = 1;
  while (std::min(site(ring, R), site(ring, -R)) - lowest < height) R += 0.05;
  nodes.lower = -R;
  nodes.upper = R;
  // a dozen nodes across the narrowest bell of K
  const double narrow = 1 / std::sqrt(ring.coupling + 8 * ring.barrier + 1);
  nodes.count = std::max(300, int(std::ceil(2 * R / (narrow / 12))));
  return nodes;
}

double log_trace_power(const Rows& K, int d) {
  Rows square = K, power;
  double log_square = scale(square), log_power = 0;
  for (int left = d;; left /= 2) {
    if (left % 2 == 1) {
      power = power.size() == 0 ? square : Rows(power * square);
      log_power += log_square + scale(power);
    }
    if (left <= 1) break;
    square = Rows(square * square);
    log_square = 2 * log_square + scale(square);
  }
  return log_power + std::log(power.trace());
}

RingLaw::RingLaw(Ring ring) : ring_(ring), nodes_(nodes_of(ring)) {
  const int n = nodes_.count, d = ring_.dimension;
  K_.resize(n, n);
  for (int i = 0; i < n; ++i) {
    for (int j = 0; j < n; ++j) {
      K_(i, j) = std::exp(-ring_.pair(nodes_.at(i), nodes_.at(j))) * nodes_.width();
    }
  }
  log_z_ = log_trace_power(K_, d);
  Rows power = Rows::Identity(n, n);
  turned_.push_back(power);
  for (int m = 1; m <= d; ++m) {
    power = Rows(power * K_);
    (void)scale(power);
    turned_.emplace_back(power.transpose());
  }
  pairs_ = K_.cwiseProduct(turned_[std::size_t(d - 1)]);
  pairs_ /= pairs_.sum();
  double square = 0;
  for (int i = 0; i < n; ++i) {
    const double x = nodes_.at(i), mass = pairs_.row(i).sum();
    mean_ += mass * x;
    square += mass * x * x;
    for (int j = 0; j < n; ++j) mean_energy_ += d * pairs_(i, j) * ring_.pair(x, nodes_.at(j));
  }
  variance_ = square - mean_ * mean_;
}

Rows RingLaw::samples(std::int64_t first, std::int64_t n, std::uint64_t seed) const {
  const int count = nodes_.count, d = ring_.dimension;
  Rows x(n, d);
  Vector weights(count);
  const auto draw = [&](double u) {
    double sum = 0;
    for (int i = 0; i < count; ++i) weights[i] = sum += weights[i];
    const double* begin = weights.data();
    return std::min<std::ptrdiff_t>(std::upper_bound(begin, begin + count, u * sum) - begin,
                                    count - 1);
  };
  const Vector start = turned_[std::size_t(d)].diagonal();
  for (std::int64_t s = 0; s < n; ++s) {
    Eigen::Index origin = 0, at = 0;
    for (int i = 0; i < d; ++i) {
      if (i == 0) {
        weights = start;
      } else {
        weights = K_.row(at).cwiseProduct(turned_[std::size_t(d - i)].row(origin)).transpose();
      }
      const auto step = 2 * std::uint64_t(i);
      at = draw(uniform_number(seed, Purpose::ring, first + s, step, 1));
      if (i == 0) origin = at;
      const double u = uniform_number(seed, Purpose::ring, first + s, step + 1, 1);
      x(s, i) = nodes_.at(int(at)) + nodes_.width() * (u - 0.5);
    }
  }
  return x;
}

double RingLaw::log_z_of(const Rows& pair_energy) const {
  return log_trace_power(((-pair_energy).array().exp() * nodes_.width()).matrix(), ring_.dimension);
}

}  // namespace otto
