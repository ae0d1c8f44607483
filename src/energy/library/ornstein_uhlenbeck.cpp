// The Ornstein-Uhlenbeck process: a quadratic well,
//
//   V = 1/2 (x - m)^T A (x - m),      A symmetric positive definite.
//
// A Gaussian stays one: mean m + e^{-A t} (m0 - m), covariance C' = -A C - C A + 2 kT.

#include <fmt/format.h>

#include <Eigen/Dense>

#include "../formula.h"
#include "otto/casefile/key.h"
#include "otto/casefile/section.h"

namespace otto {

namespace {

const Declare keys{
    {},
    {{.path = "energy.matrix",
      .type = Type::real_or_reals,
      .doc = "The symmetric positive definite matrix A, row by row; the unit matrix by default.",
      .when = "library=ornstein_uhlenbeck",
      .equation = "V = 1/2 (x - m)^T A (x - m)"},
     {.path = "energy.mean",
      .type = Type::real_or_reals,
      .doc = "The bottom m of the well, one coordinate per axis; the origin by default.",
      .when = "library=ornstein_uhlenbeck",
      .equation = "V = 1/2 (x - m)^T A (x - m)"}}};

/// A, with the unit matrix on the axes beyond the dimension (where x - m is 0).
Eigen::Matrix3d read_matrix(const Section& term, int d) {
  Eigen::Matrix3d A = Eigen::Matrix3d::Identity();
  if (!term.has("matrix")) return A;
  const std::vector<double> entries = term.reals("matrix");
  if (entries.size() != static_cast<std::size_t>(d * d)) {
    term.fail("matrix", fmt::format("has {} numbers; a {} x {} matrix takes {}, row by row",
                                    entries.size(), d, d, d * d));
  }
  for (int i = 0; i < d; ++i) {
    for (int j = 0; j < d; ++j) A(i, j) = entries[static_cast<std::size_t>(i * d + j)];
  }
  if (!A.isApprox(A.transpose(), 1e-12)) {
    term.fail("matrix", "is not symmetric; the part that is not acts as a [drift], not an energy");
  }
  const double min = Eigen::SelfAdjointEigenSolver<Eigen::Matrix3d>(A).eigenvalues()[0];
  if (!(min > 0)) {
    term.fail("matrix",
              fmt::format("is not positive definite: its least eigenvalue is {:.6g}", min));
  }
  return A;
}

Eigen::Vector3d read_mean(const Section& term, int d) {
  Eigen::Vector3d mean = Eigen::Vector3d::Zero();
  if (!term.has("mean")) return mean;
  const std::vector<double> entries = term.reals("mean");
  if (entries.size() != static_cast<std::size_t>(d)) {
    term.fail("mean", fmt::format("has {} numbers; the mesh has {} axes", entries.size(), d));
  }
  for (int i = 0; i < d; ++i) mean[i] = entries[static_cast<std::size_t>(i)];
  return mean;
}

const RegisterExternal ornstein_uhlenbeck{
    {.name = "ornstein_uhlenbeck",
     .doc = "A quadratic well with any symmetric positive definite matrix.",
     .equation = "V = 1/2 (x - m)^T A (x - m)",
     .make =
         [](const Section& term, int d) {
           const Eigen::Matrix3d A = read_matrix(term, d);
           const Eigen::Vector3d mean = read_mean(term, d);
           return formula([A, mean](const Point& x) {
             const Eigen::Vector3d v = Eigen::Map<const Eigen::Vector3d>(x.data()) - mean;
             return 0.5 * v.dot(A * v);
           });
         },
     .lower = {-5, -5, -5},
     .upper = {5, 5, 5}}};

}  // namespace

}  // namespace otto
