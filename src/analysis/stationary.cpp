#include "stationary.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "flow_solver.h"
#include "mean_diffusion.h"
#include "otto/core/error.h"
#include "otto/mesh/periods.h"

namespace otto {

namespace {

constexpr double min_scale = 1e-200;  // of the largest density: products with it are still numbers
constexpr double min_factor =
    1e-3;  // of a density over its scale, which a solve leaves to its tolerance
constexpr double max_old_scale = 0.3;  // |w| up to which the matrix of the step before still serves

class Settling {
 public:
  Settling(const Generator& g, const StationaryOptions& options)
      : g_(g), mesh_(g.mesh()), options_(options), solver_(mesh_) {
    out_.assign(std::size_t(mesh_.local()), 0.0);
    for (std::size_t f = 0; f < std::size_t(mesh_.faces.size()); ++f) {
      out_[std::size_t(mesh_.faces.left[f])] += g.forward()[f];
      out_[std::size_t(mesh_.faces.right[f])] += g.backward()[f];
    }
  }

  std::vector<double> density() {
    std::vector<double> rho(std::size_t(mesh_.local()), 1.0);
    normalise(rho);
    const double longest = options_.longest * square() / mean_diffusion(g_);
    for (double c = shortest(); c < longest; c *= options_.growth) {
      make_matrix(c, rho);
      (void)step(rho, 1, options_.coarse_rtol);
    }
    make_matrix(longest, rho);
    settle(rho, true);
    require_same_end(rho);
    return rho;
  }

 private:
  void normalise(std::vector<double>& rho) const {
    const double mass = integral(mesh_, rho);
    for (double& v : rho) v /= mass;
  }

  [[nodiscard]] double square() const {
    double sum = 0;
    for (std::size_t a = 0; a < std::size_t(mesh_.dimension); ++a) {
      const double length = upper_end(mesh_, a) - lower_end(mesh_, a);
      sum += length * length;
    }
    return sum;
  }

  [[nodiscard]] double shortest() const {
    double rate = 0;
    for (std::size_t k = 0; k < std::size_t(mesh_.owned); ++k) {
      rate = std::max(rate, out_[k] / mesh_.volume[k]);
    }
    return options_.shortest / mesh_.comm.max(rate);
  }

  /// (M + c A) diag(s), `s` with ghosts.
  void make_matrix(double c, const std::vector<double>& s) {
    c_ = c;
    const double floor = min_scale * mesh_.comm.max(*std::ranges::max_element(s));
    scale_.resize(s.size());
    for (std::size_t k = 0; k < s.size(); ++k) scale_[k] = std::max(std::abs(s[k]), floor);
    std::vector<double> diagonal(std::size_t(mesh_.owned)), left_right, right_left;
    for (std::size_t k = 0; k < diagonal.size(); ++k) {
      diagonal[k] = scale_[k] * (mesh_.volume[k] + c * out_[k]);
    }
    for (std::size_t f = 0; f < std::size_t(mesh_.faces.size()); ++f) {
      left_right.push_back(-c * g_.backward()[f] * scale_[std::size_t(mesh_.faces.right[f])]);
      right_left.push_back(-c * g_.forward()[f] * scale_[std::size_t(mesh_.faces.left[f])]);
    }
    solver_.set(diagonal, left_right, right_left);
  }

  /// The step of the matrix's length, by so many solves, each for what the one before has left; the largest |w|.
  double step(std::vector<double>& rho, int solves, double rtol) {
    const auto owned = std::size_t(mesh_.owned);
    const std::vector<double> before = rho;
    std::vector<double> r(owned), w(owned);
    double first = 0;
    for (int pass = 0; pass < solves; ++pass) {
      g_.apply(rho, r);
      for (std::size_t k = 0; k < owned; ++k) {
        r[k] = mesh_.volume[k] * (before[k] - rho[k]) + c_ * r[k];
      }
      solver_.solve(r, w, rtol, "stationary density");
      double largest = 0;
      for (std::size_t k = 0; k < owned; ++k) {
        largest = std::max(largest, std::abs(w[k]));
        const double next = rho[k] + scale_[k] * w[k];
        rho[k] = g_.monotone() ? std::max(next, min_factor * std::min(rho[k], scale_[k])) : next;
      }
      mesh_.halo.update(mesh_.comm, rho);
      if (pass == 0) first = mesh_.comm.max(largest);
    }
    normalise(rho);
    return first;
  }

  /// Long steps until they change nothing more; `rescale`: what moves becomes the scale.
  void settle(std::vector<double>& rho, bool rescale) {
    double change = 1;
    for (int k = 0; change > options_.settled; ++k) {
      if (k == options_.max_steps) {
        throw NumericalError(fmt::format("the stationary density does not settle in {} long steps",
                                         options_.max_steps));
      }
      const std::vector<double> before = rho;
      const double moved = step(rho, 2, options_.rtol);
      if (rescale && moved > max_old_scale) make_matrix(c_, rho);
      const double now = apart(rho, before);
      if (k > 1 && now > 0.5 * change && now < options_.stalled) break;
      change = now;
    }
  }

  [[nodiscard]] double apart(const std::vector<double>& a, const std::vector<double>& b) const {
    double sum = 0;
    for (std::size_t k = 0; k < std::size_t(mesh_.owned); ++k) {
      sum += mesh_.volume[k] * std::abs(a[k] - b[k]);
    }
    return mesh_.comm.sum(sum);
  }

  /// Steps that move nothing may be too short for what is slow: from another start they end elsewhere then.
  void require_same_end(const std::vector<double>& settled) {
    std::vector<double> other = settled;
    for (std::size_t k = 0; k < std::size_t(mesh_.owned); ++k) {
      const Point& x = mesh_.center[k];
      double w = 0;  // goes from one end of the domain to the other, without its symmetries
      for (std::size_t a = 0; a < std::size_t(mesh_.dimension); ++a) {
        const double lower = lower_end(mesh_, a), length = upper_end(mesh_, a) - lower;
        w += (x[a] - lower) / length / (1 + double(a));
      }
      other[k] *= 0.1 + w * w;
    }
    mesh_.halo.update(mesh_.comm, other);
    normalise(other);
    settle(other, false);
    const double all = apart(other, settled);
    if (all <= options_.max_apart) return;
    throw NumericalError(fmt::format(
        "the stationary density is not resolved: from two starts it ends with {:.2g} of the mass "
        "apart, as wells do that are hardly ever left; try a larger temperature",
        all));
  }

  const Generator& g_;
  const Mesh& mesh_;
  StationaryOptions options_;
  FlowSolver solver_;
  std::vector<double> out_, scale_;
  double c_ = 0;
};

}  // namespace

std::vector<double> stationary_density(const Generator& generator,
                                       const StationaryOptions& options) {
  return Settling(generator, options).density();
}

}  // namespace otto
