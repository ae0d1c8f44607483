// Mixtures of Gaussians as energies: V = -log p, so that p is the Gibbs state at kT = 1.
//
//   gaussian_mixture   p = sum_k w_k N(m_k, C_k)
//   gaussian_lattice   p = 5^-d sum_k N(m_k, s^2), m_k in {-4, -2, 0, 2, 4}^d: it is a product, so
//                      V = sum_a -log[ 1/5 sum_j N(x_a; 2 j, s^2) ], j = -2 ... 2
//
// Sums of exponentials are taken relative to their largest: nothing overflows, and log p stays
// accurate far out.

#include <fmt/format.h>

#include <Eigen/Dense>
#include <array>
#include <limits>
#include <vector>

#include "../formula.h"
#include "otto/casefile/key.h"
#include "otto/casefile/section.h"

namespace otto {

namespace {

const Declare keys{
    {},
    {{.path = "energy.means",
      .type = Type::reals,
      .doc = "Means of the components, one after the other, one coordinate per axis each.",
      .required = true,
      .when = "library=gaussian_mixture",
      .equation = "V = -log sum_k w_k N(x; m_k, C_k)"},
     {.path = "energy.variances",
      .type = Type::real_or_reals,
      .doc = "Variance of each component, the same along every axis; one number serves all.",
      .range = positive,
      .when = "library=gaussian_mixture"},
     {.path = "energy.covariances",
      .type = Type::reals,
      .doc = "Covariance matrices of the components, row by row, instead of variances.",
      .when = "library=gaussian_mixture"},
     {.path = "energy.weights",
      .type = Type::reals,
      .doc = "Weights of the components, scaled to sum 1; equal by default.",
      .range = positive,
      .when = "library=gaussian_mixture"},
     {.path = "energy.deviation",
      .doc = "Standard deviation s of the Gaussians of the lattice.",
      .fallback = "0.5",
      .range = positive,
      .when = "library=gaussian_lattice",
      .equation = "V = sum_a -log[ 1/5 sum_j N(x_a; 2 j, s^2) ], j = -2 ... 2"}}};

/// log N(x; m, C) + log w = constant - |R (x - m)|^2 / 2 with R^T R = C^-1. On the axes beyond the
/// dimension C is the unit matrix and x - m is 0.
struct Component {
  Eigen::Vector3d mean = Eigen::Vector3d::Zero();
  Eigen::Matrix3d root = Eigen::Matrix3d::Identity();
  double constant = 0;
};

double minus_log(const std::vector<double>& logs) {
  const double max = *std::max_element(logs.begin(), logs.end());
  double sum = 0;
  for (const double l : logs) sum += std::exp(l - max);
  return -(max + std::log(sum));
}

class GaussianMixture final : public ExternalEnergy {
 public:
  explicit GaussianMixture(std::vector<Component> components)
      : components_(std::move(components)) {}
  void evaluate(std::span<const Point> points, double, std::span<double> values) const override {
    std::vector<double> logs(components_.size());
    for (std::size_t i = 0; i < points.size(); ++i) {
      const Eigen::Vector3d x = Eigen::Map<const Eigen::Vector3d>(points[i].data());
      for (std::size_t k = 0; k < logs.size(); ++k) {
        const Component& c = components_[k];
        logs[k] = c.constant - 0.5 * (c.root * (x - c.mean)).squaredNorm();
      }
      values[i] = minus_log(logs);
    }
  }

 private:
  std::vector<Component> components_;
};

void set_covariance(Component& c, const Section& term, const Eigen::Matrix3d& C, int d,
                    std::size_t k) {
  const Eigen::LLT<Eigen::Matrix3d> factor(C);
  if (!C.isApprox(C.transpose(), 1e-12) || factor.info() != Eigen::Success) {
    term.fail("covariances", fmt::format("matrix {} is not symmetric positive definite", k + 1));
  }
  const Eigen::Matrix3d L = factor.matrixL();
  c.root = L.inverse();
  c.constant = -L.diagonal().array().log().sum() - 0.5 * d * std::log(2 * pi);
}

/// The covariance matrix of component k, or an error where there is not one for each.
Eigen::Matrix3d covariance(const Section& term, std::size_t k, std::size_t count, int d) {
  if (term.has("variances") == term.has("covariances")) {
    term.fail("library", "gaussian_mixture takes either 'variances' or 'covariances'");
  }
  Eigen::Matrix3d C = Eigen::Matrix3d::Identity();
  if (term.has("variances")) {
    const std::vector<double> v = term.reals("variances");
    if (v.size() != 1 && v.size() != count) {
      term.fail("variances",
                fmt::format("has {} numbers for {} means; give 1 or {}", v.size(), count, count));
    }
    for (int a = 0; a < d; ++a) C(a, a) = v[v.size() == 1 ? 0 : k];
    return C;
  }
  const std::vector<double> all = term.reals("covariances");
  const auto entries = static_cast<std::size_t>(d * d);
  if (all.size() != count * entries) {
    term.fail("covariances", fmt::format("has {} numbers; {} matrices of {} x {} take {}",
                                         all.size(), count, d, d, count * entries));
  }
  for (int i = 0; i < d; ++i) {
    for (int j = 0; j < d; ++j) C(i, j) = all[k * entries + static_cast<std::size_t>(i * d + j)];
  }
  return C;
}

std::vector<double> log_weights(const Section& term, std::size_t count) {
  std::vector<double> w(count, 1.0);
  if (term.has("weights")) w = term.reals("weights");
  if (w.size() != count) {
    term.fail("weights", fmt::format("has {} numbers for {} means", w.size(), count));
  }
  double sum = 0;
  for (const double x : w) sum += x;
  for (double& x : w) x = std::log(x / sum);
  return w;
}

std::unique_ptr<ExternalEnergy> make_mixture(const Section& term, int d) {
  const std::vector<double> means = term.reals("means");
  const auto axes = static_cast<std::size_t>(d);
  if (means.empty() || means.size() % axes != 0) {
    term.fail("means", fmt::format("has {} numbers; it takes {} for each mean", means.size(), d));
  }
  std::vector<Component> components(means.size() / axes);
  const std::vector<double> log_w = log_weights(term, components.size());
  for (std::size_t k = 0; k < components.size(); ++k) {
    for (std::size_t a = 0; a < axes; ++a) {
      components[k].mean[static_cast<Eigen::Index>(a)] = means[k * axes + a];
    }
    set_covariance(components[k], term, covariance(term, k, components.size(), d), d, k);
    components[k].constant += log_w[k];
  }
  return std::make_unique<GaussianMixture>(std::move(components));
}

/// -log[ 1/5 sum_j N(x; 2 j, s^2) ]
double lattice_axis(double x, double s) {
  std::array<double, 5> logs{};
  double max = -std::numeric_limits<double>::infinity(), sum = 0;
  for (std::size_t j = 0; j < 5; ++j) {
    logs[j] = -0.5 * square((x - 2 * (static_cast<double>(j) - 2)) / s);
    max = std::max(max, logs[j]);
  }
  for (const double l : logs) sum += std::exp(l - max);
  return -(max + std::log(sum)) + std::log(5 * s) + 0.5 * std::log(2 * pi);
}

const RegisterExternal gaussian_mixture{
    {.name = "gaussian_mixture",
     .doc = "Minus the logarithm of a mixture of Gaussians.",
     .equation = "V = -log sum_k w_k N(x; m_k, C_k)",
     .make = make_mixture,
     .lower = {-5, -5, -5},
     .upper = {5, 5, 5},
     .example = "means = [2.0, 2.0, 2.0, -2.0, -2.0, -2.0]\nvariances = 0.5"}};

const RegisterExternal gaussian_lattice{
    {.name = "gaussian_lattice",
     .doc = "Minus the logarithm of the mixture of 5^d Gaussians on a square lattice.",
     .equation = "V = -log[5^-d sum_k N(x; m_k, s^2)], m_k in {-4, -2, 0, 2, 4}^d",
     .make =
         [](const Section& term, int d) {
           const double s = term.real("deviation");
           return formula([s, d](const Point& x) {
             double V = 0;
             for (std::size_t a = 0; a < std::size_t(d); ++a) V += lattice_axis(x[a], s);
             return V;
           });
         },
     .lower = {-6, -6, -6},
     .upper = {6, 6, 6}}};

}  // namespace

}  // namespace otto
