// From x = 0, r = -b, d = r:   alpha = r.r / d.A d,  x += alpha d,  r -= alpha A d,
// d <- r + (r'.r' / r.r) d. As r = -(A x + b), the decrease is 1/2 x.(r - b).

#include "conjugate_gradients.h"

#include <cmath>
#include <vector>

namespace otto {

namespace {

constexpr std::size_t window = 5;
constexpr double progress = 0.03;  ///< of the decrease, that a window of iterations must bring
constexpr double rounding = 1e-28;

/// Orthogonal directions of unit length.
class Basis {
 public:
  explicit Basis(Eigen::Index m) : V_(m, 16) {}
  void add(const Eigen::VectorXd& r, double length) {
    if (count_ == V_.cols()) V_.conservativeResize(Eigen::NoChange, 2 * count_);
    V_.col(count_++) = r / length;
  }
  void take_out_of(Eigen::VectorXd& r) const {
    const auto V = V_.leftCols(count_);
    const Eigen::VectorXd parts = V.transpose() * r;
    r.noalias() -= V * parts;
  }

 private:
  Eigen::MatrixXd V_;
  Eigen::Index count_ = 0;
};

/// Whether the last iterations brought too little; `decrease`: after each one.
bool stalls(const std::vector<double>& decrease) {
  const std::size_t n = decrease.size();
  return n > window && decrease[n - 1] - decrease[n - 1 - window] < progress * decrease[n - 1];
}

}  // namespace

QuadraticMinimum minimise_quadratic(
    const Eigen::VectorXd& b, int max_iterations,
    const std::function<void(const Eigen::VectorXd& d, Eigen::VectorXd& y)>& multiply) {
  QuadraticMinimum minimum{Eigen::VectorXd::Zero(b.size())};
  Eigen::VectorXd r = -b, d = r, y(b.size());
  Basis basis(b.size());
  std::vector<double> decrease;
  double rr = r.squaredNorm();
  const double enough = rounding * rr;
  while (minimum.iterations < max_iterations && rr > enough && !stalls(decrease)) {
    basis.add(r, std::sqrt(rr));
    multiply(d, y);
    const double curvature = d.dot(y);
    if (!(curvature > 0)) break;
    const double alpha = rr / curvature;
    minimum.x += alpha * d;
    r -= alpha * y;
    basis.take_out_of(r);
    ++minimum.iterations;
    minimum.decrease = 0.5 * minimum.x.dot(r - b);
    decrease.push_back(minimum.decrease);
    const double next = r.squaredNorm();
    d = r + next / rr * d;
    rr = next;
  }
  return minimum;
}

}  // namespace otto
