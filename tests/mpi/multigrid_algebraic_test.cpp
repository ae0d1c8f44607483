// The algebraic multigrid: its parts against dense algebra, its cycle on landscapes that no regular
// coarse grid represents, and its independence of how the rows are shared out.

#include <gtest/gtest.h>

#include <Eigen/Dense>
#include <array>
#include <cmath>
#include <random>

#include "otto/multigrid/algebraic_cycle.h"
#include "otto/multigrid/galerkin.h"

namespace otto::multigrid {
namespace {

/// A landscape on a grid of the square or the cube, of side 8:  u h^d pi + dt L u  with the
/// Scharfetter-Gummel conductances of V, the same on every rank.
struct Landscape {
  int dim = 2, n = 32;
  double dt = 1;
  std::vector<double> V;

  [[nodiscard]] int cells() const { return dim == 2 ? n * n : n * n * n; }
  [[nodiscard]] double h() const { return 8.0 / n; }
  [[nodiscard]] double volume() const { return std::pow(h(), dim); }

  /// White noise of this many kT.
  static Landscape rugged(int dim, int n, double noise, double dt, unsigned seed) {
    Landscape land{dim, n, dt, {}};
    std::mt19937 random(seed);
    std::normal_distribution<double> normal;
    for (int c = 0; c < land.cells(); ++c) land.V.push_back(noise * normal(random));
    return land;
  }

  /// visit(column, entry) for row c, the diagonal last.
  template <class Visit>
  void row(int c, Visit&& visit) const {
    double own = volume() * std::exp(-V[std::size_t(c)]);
    int stride = 1;
    for (int a = 0; a < dim; ++a, stride *= n) {
      for (const int side : {-1, 1}) {
        const int at = c / stride % n + side;
        if (at < 0 || at >= n) continue;
        const int l = c + side * stride;
        const double low = std::min(V[std::size_t(c)], V[std::size_t(l)]);
        const double jump = std::abs(V[std::size_t(c)] - V[std::size_t(l)]);
        const double g = dt * volume() / (h() * h()) * std::exp(-low) *
                         (jump < 1e-8 ? 1 : jump / std::expm1(jump));
        visit(l, -g);
        own += g;
      }
    }
    visit(c, own);
  }
};

/// The rows first[r] .. first[r + 1] on rank r, in equal parts.
SparseMatrix matrix(const Comm& comm, const Landscape& land) {
  const std::int64_t begin = std::int64_t{land.cells()} * comm.rank() / comm.size();
  const std::int64_t end = std::int64_t{land.cells()} * (comm.rank() + 1) / comm.size();
  std::vector<std::int64_t> keys;
  for (std::int64_t c = begin; c < end; ++c) keys.push_back(c);
  ColumnNumbers numbers(begin, std::move(keys));
  Rows<double> rows;
  for (std::int64_t c = begin; c < end; ++c) {
    land.row(int(c), [&](int l, double a) { rows.add(numbers.local(l, l), a); });
    rows.end_row();
  }
  return make_matrix(comm, numbers, std::move(rows));
}

/// Row by row, the sum over the ranks.
Eigen::MatrixXd dense(const Comm& comm, const Rows<double>& rows, std::int64_t begin,
                      Eigen::Index height, Eigen::Index width,
                      const std::function<std::int64_t(std::int32_t)>& column) {
  Eigen::MatrixXd M = Eigen::MatrixXd::Zero(height, width);
  for (std::int32_t i = 0; i < rows.size(); ++i) {
    for (auto e = std::size_t(rows.start[std::size_t(i)]);
         e < std::size_t(rows.start[std::size_t(i) + 1]); ++e) {
      M(begin + i, column(rows.column[e])) += rows.value[e];
    }
  }
  comm.sum_in_place({M.data(), std::size_t(M.size())});
  return M;
}
Eigen::MatrixXd dense(const SparseMatrix& A) {
  return dense(A.comm, A.rows, A.begin(), A.global_rows(), A.global_rows(),
               [&](std::int32_t c) { return A.global(c); });
}

/// A vector of chance, the same on every rank; the part this rank owns.
std::vector<double> vector(int size, unsigned seed) {
  std::mt19937 random(seed);
  std::uniform_real_distribution<double> uniform(-1, 1);
  std::vector<double> x(static_cast<std::size_t>(size));
  for (double& value : x) value = uniform(random);
  return x;
}

/// The cycle as a map of whole vectors, each given and returned on every rank.
class Whole {
 public:
  Whole(const Comm& comm, const Landscape& land, const AlgebraicOptions& options = {})
      : comm_(comm) {
    SparseMatrix A = matrix(comm, land);
    begin_ = A.begin();
    cells_ = A.global_rows();
    owned_ = A.rows.size();
    cycle_ = make_algebraic_cycle(std::move(A), options);
  }
  std::vector<double> operator()(const std::vector<double>& r) const {
    std::vector<double> z(static_cast<std::size_t>(cells_), 0.0);
    cycle_->apply(r.data() + begin_, z.data() + begin_);
    comm_.sum_in_place(z);
    return z;
  }

 private:
  Comm comm_;
  std::int64_t begin_ = 0, cells_ = 0;
  std::int32_t owned_ = 0;
  std::unique_ptr<AlgebraicCycle> cycle_;
};

double dot(const std::vector<double>& x, const std::vector<double>& y) {
  double sum = 0;
  for (std::size_t k = 0; k < x.size(); ++k) sum += x[k] * y[k];
  return sum;
}

std::vector<double> product(const Landscape& land, const std::vector<double>& x) {
  std::vector<double> y(x.size(), 0.0);
  for (int c = 0; c < land.cells(); ++c) {
    land.row(c, [&](int l, double a) { y[std::size_t(c)] += a * x[std::size_t(l)]; });
  }
  return y;
}

/// Iterations of CG until the residual is 1e-8 of the right-hand side.
int iterations(const Landscape& land, const Whole& B) {
  const std::vector<double> b(std::size_t(land.cells()), land.volume());
  std::vector<double> x(b.size(), 0.0), r = b, z = B(r), p = z;
  double rz = dot(r, z);
  for (int k = 1; k < 100; ++k) {
    const auto Ap = product(land, p);
    const double alpha = rz / dot(p, Ap);
    for (std::size_t i = 0; i < x.size(); ++i) {
      x[i] += alpha * p[i];
      r[i] -= alpha * Ap[i];
    }
    if (dot(r, r) <= 1e-16 * dot(b, b)) return k;
    z = B(r);
    const double next = dot(r, z), beta = next / rz;
    rz = next;
    for (std::size_t i = 0; i < x.size(); ++i) p[i] = z[i] + beta * p[i];
  }
  return 100;
}

TEST(AlgebraicMultigrid, CoarseMatrixIsTheGalerkinProduct) {
  const Comm comm;
  for (const int dim : {2, 3}) {
    SparseMatrix A = matrix(comm, Landscape::rugged(dim, dim == 2 ? 17 : 7, 3, 1, 5));
    const Splitting splitting = split(A, {});
    Interpolation P = interpolate(A, splitting, {});
    const auto first = offsets(comm, P.coarse.owned());
    const Eigen::MatrixXd a = dense(A),
                          p = dense(comm, P.rows, A.begin(), a.rows(), first.back(),
                                    [&](std::int32_t c) { return P.coarse.global(c); });
    const SparseMatrix C = galerkin(A, P);
    const Eigen::MatrixXd expected = p.transpose() * a * p;
    EXPECT_LE((dense(C) - expected).cwiseAbs().maxCoeff(), 1e-13 * expected.cwiseAbs().maxCoeff());
    for (std::int32_t i = 0; i < C.rows.size(); ++i) {
      EXPECT_EQ(C.rows.column[std::size_t(C.rows.start[std::size_t(i)])], i) << "diagonal first";
    }
  }
}

TEST(AlgebraicMultigrid, InterpolationKeepsConstantsOfALaplacian) {
  Landscape land = Landscape::rugged(2, 20, 2, 1e14, 3);  // the mass is lost in rounding
  SparseMatrix A = matrix(Comm(), land);
  const Splitting splitting = split(A, {});
  const Interpolation P = interpolate(A, splitting, {});
  for (std::int32_t i = 0; i < P.rows.size(); ++i) {
    double sum = 0;
    for (auto e = std::size_t(P.rows.start[std::size_t(i)]);
         e < std::size_t(P.rows.start[std::size_t(i) + 1]); ++e) {
      sum += P.rows.value[e];
    }
    EXPECT_NEAR(sum, 1, 1e-9);
  }
}

TEST(AlgebraicMultigrid, CoarseUnknownsAreIndependentAndServeAllOthers) {
  SparseMatrix A = matrix(Comm(), Landscape::rugged(2, 24, 4, 10, 8));
  const Splitting s = split(A, {});
  for (std::int32_t i = 0; i < A.rows.size(); ++i) {
    bool served = s.is_coarse[std::size_t(i)] || std::isinf(s.bound[std::size_t(i)]);
    bool has_dependants = false;
    for (auto e = std::size_t(A.rows.start[std::size_t(i)]) + 1;
         e < std::size_t(A.rows.start[std::size_t(i) + 1]); ++e) {
      const std::int32_t j = A.rows.column[e];
      const bool linked = s.depends(i, A.rows.value[e]), back = s.depends(j, A.rows.value[e]);
      served = served || (linked && s.is_coarse[std::size_t(j)]);
      has_dependants = has_dependants || back;
      EXPECT_FALSE(linked && back && s.is_coarse[std::size_t(i)] && s.is_coarse[std::size_t(j)]);
    }
    EXPECT_TRUE(served || !has_dependants);
  }
}

TEST(AlgebraicMultigrid, CycleIsSymmetricAndPositive) {
  const Landscape land = Landscape::rugged(2, 48, 5, 1e3, 1);
  const Whole B(Comm(), land);
  const auto x = product(land, vector(land.cells(), 1)), y = product(land, vector(land.cells(), 2));
  const auto Bx = B(x), By = B(y);
  EXPECT_NEAR(dot(y, Bx), dot(x, By), 1e-5 * std::sqrt(dot(x, Bx) * dot(y, By)));
  EXPECT_GT(dot(x, Bx), 0);
}

TEST(AlgebraicMultigrid, CycleContractsInTheEnergyNorm) {
  for (const double noise : {0.0, 3.0, 10.0, 40.0}) {  // the last in double precision
    const Landscape land = Landscape::rugged(2, 48, noise, 1e4, 6);
    const Whole B(Comm(), land);
    std::vector<double> e = vector(land.cells(), 4);
    double factor = 0;
    for (int k = 0; k < 12; ++k) {
      const auto Ae = product(land, e), BAe = B(Ae);
      const double before = dot(e, Ae);
      for (std::size_t i = 0; i < e.size(); ++i) e[i] -= BAe[i];
      factor = std::sqrt(dot(e, product(land, e)) / before);
    }
    EXPECT_LT(factor, 0.5) << noise << " kT";
  }
}

TEST(AlgebraicMultigrid, CycleHasTheSameBitsOnAnyNumberOfRanks) {
  for (const int dim : {2, 3}) {
    for (const double noise : {5.0, 40.0}) {  // the last in double precision
      const Landscape land = Landscape::rugged(dim, dim == 2 ? 96 : 22, noise, 100, 9);
      const auto r = product(land, vector(land.cells(), 7));
      EXPECT_EQ(Whole(Comm(), land)(r), Whole(Comm(MPI_COMM_SELF), land)(r)) << dim << " " << noise;
    }
  }
}

TEST(AlgebraicMultigrid, FewIterationsOnRuggedLandscapesAtEverySize) {
  for (const double noise : {2.0, 5.0, 10.0, 20.0}) {
    for (const double dt : {1e-2, 1.0, 1e4}) {
      std::array<int, 2> counts{};
      for (const int n : {40, 120}) {
        const Landscape land = Landscape::rugged(2, n, noise, dt, 13);
        counts[n == 120] = iterations(land, Whole(Comm(), land));
      }
      EXPECT_LE(counts[1], 13) << noise << " kT, dt " << dt;
      EXPECT_LE(counts[1], counts[0] + 2) << noise << " kT, dt " << dt;
    }
  }
  const Landscape cube = Landscape::rugged(3, 20, 10, 1e4, 2);
  EXPECT_LE(iterations(cube, Whole(Comm(), cube)), 13);
}

}  // namespace
}  // namespace otto::multigrid
