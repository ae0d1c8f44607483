#include "otto/multigrid/algebraic_cycle.h"

#include <Eigen/Cholesky>
#include <algorithm>
#include <cmath>

#include "otto/multigrid/galerkin.h"

namespace otto::multigrid {

namespace {

template <class Real>
struct Level {
  Comm comm{MPI_COMM_SELF};
  std::int32_t n = 0;
  Rows<Real> A;  ///< of the scaled matrix, beside its unit diagonal
  GhostExchange exchange;
  double largest = 2;       ///< eigenvalue
  Rows<Real> P;             ///< scaled; columns are the owned coarse unknowns and the ghosts
  GhostExchange of_coarse;  ///< of these
  std::vector<Real> x, b, r, d, coarse;
  bool gathers = false;  ///< the next level is the same level on every rank
  std::vector<int> count, offset;
};

std::vector<double> diagonal(SparseMatrix& A) {
  std::vector<double> d(A.local());
  for (std::int32_t i = 0; i < A.rows.size(); ++i) {
    d[std::size_t(i)] = A.rows.value[std::size_t(A.rows.start[std::size_t(i)])];
  }
  A.exchange(d.data());
  return d;
}

template <class Real>
class TypedCycle final : public AlgebraicCycle {
 public:
  TypedCycle(SparseMatrix A, const AlgebraicOptions& options) : options_(options), comm_(A.comm) {
    for (const double d : diagonal(A)) root_.push_back(1 / std::sqrt(d));
    const double finest = A.comm.sum(double(A.rows.column.size()));
    while (add_level(A)) {
    }
    complexity_ = entries_ / finest;
  }

  void apply(const double* r, double* z) override {
    Level<Real>& fine = levels_.front();
    double scale = 0;
    for (std::int32_t i = 0; i < fine.n; ++i) {
      scale = std::max(scale, std::abs(r[i] * root_[std::size_t(i)]));
    }
    scale = comm_.max(scale);
    const double inverse = scale > 0 ? 1 / scale : 0;
    for (std::int32_t i = 0; i < fine.n; ++i) {
      fine.b[std::size_t(i)] = Real(r[i] * root_[std::size_t(i)] * inverse);
    }
    cycle(0);
    for (std::int32_t i = 0; i < fine.n; ++i) {
      z[i] = double(fine.x[std::size_t(i)]) * root_[std::size_t(i)] * scale;
    }
  }

  [[nodiscard]] double complexity() const override { return complexity_; }

 private:
  /// Makes the level of A and replaces A by the next coarser matrix; false after the last.
  bool add_level(SparseMatrix& A) {
    if (A.comm.size() > 1 && A.global_rows() <= options_.gather_rows) {
      add_gathering(A);
      A = gathered(A);
      return true;
    }
    const std::vector<double> d = diagonal(A);
    entries_ += A.comm.sum(double(A.rows.column.size()));
    levels_.push_back(make_level(A, d));
    if (A.comm.size() == 1 && A.global_rows() <= options_.direct_rows) {
      factorise(A, d);
      return false;
    }
    const Splitting splitting = split(A, options_.splitting);
    Interpolation P = interpolate(A, splitting, options_.interpolation);
    const std::int64_t coarse = A.comm.sum(std::int64_t{P.coarse.owned()});
    if (coarse == 0 || double(coarse) > options_.max_share * double(A.global_rows())) return false;
    SparseMatrix C = galerkin(A, P);
    add_transfer(d, P, C);
    A = std::move(C);
    return true;
  }

  void add_gathering(const SparseMatrix& A) {
    Level<Real>& level = levels_.emplace_back();
    level.comm = A.comm;
    level.gathers = true;
    level.n = A.rows.size();
    for (auto* v : {&level.x, &level.b}) v->assign(A.local(), 0);
    for (std::size_t r = 0; r + 1 < A.first.size(); ++r) {
      level.offset.push_back(int(A.first[r]));
      level.count.push_back(int(A.first[r + 1] - A.first[r]));
    }
  }

  Level<Real> make_level(const SparseMatrix& A, const std::vector<double>& d) {
    Level<Real> level;
    level.comm = A.comm;
    level.n = A.rows.size();
    level.exchange = A.exchange;
    std::vector<double> root;
    for (const double x : d) root.push_back(1 / std::sqrt(x));
    double bound = 1;
    for (auto i = std::size_t(0); i < std::size_t(level.n); ++i) {
      double sum = 0;
      for (auto e = std::size_t(A.rows.start[i]) + 1; e < std::size_t(A.rows.start[i + 1]); ++e) {
        const auto j = std::size_t(A.rows.column[e]);
        level.A.add(A.rows.column[e], Real(A.rows.value[e] * root[i] * root[j]));
        sum += std::abs(A.rows.value[e]);
      }
      level.A.end_row();
      bound = std::max(bound, 1 + sum / d[i]);
    }
    for (auto* v : {&level.x, &level.b, &level.r, &level.d}) v->assign(A.local(), 0);
    level.largest = std::min(A.comm.max(bound), estimate_largest(level, A.key));
    return level;
  }

  /// A little more than the largest eigenvalue, by the power method.
  double estimate_largest(Level<Real>& level, const std::vector<std::int64_t>& keys) {
    double value = 1;
    for (std::size_t i = 0; i < level.d.size(); ++i) level.d[i] = Real(hash(keys[i]) - 0.5);
    for (int k = 0; k < options_.power_steps; ++k) {
      std::ranges::fill(level.r, Real(0));
      subtract_product(level);
      std::array<double, 2> norms{};
      for (auto i = std::size_t(0); i < std::size_t(level.n); ++i) {
        norms[0] += double(level.d[i]) * double(level.d[i]);
        norms[1] += double(level.r[i]) * double(level.r[i]);
      }
      level.comm.sum_in_place(norms);
      if (!(norms[1] > 0)) break;
      value = std::sqrt(norms[1] / norms[0]);
      const auto inverse = Real(1 / std::sqrt(norms[1]));
      std::ranges::transform(level.r, level.d.begin(), [&](Real r) { return inverse * r; });
    }
    return options_.power_margin * value;
  }

  /// Scales P and gives its columns an exchange of their own.
  void add_transfer(const std::vector<double>& d, const Interpolation& P, SparseMatrix& C) {
    Level<Real>& level = levels_.back();
    const SparseMatrix columns = make_matrix(C.comm, P.coarse, P.rows);
    std::vector<double> coarse_d = diagonal(C);
    coarse_d.resize(columns.local());
    level.of_coarse = columns.exchange;
    level.of_coarse(coarse_d.data());
    for (auto i = std::size_t(0); i < std::size_t(level.n); ++i) {
      for (auto e = std::size_t(columns.rows.start[i]); e < std::size_t(columns.rows.start[i + 1]);
           ++e) {
        const std::int32_t c = columns.rows.column[e];
        const double ratio = std::sqrt(d[i] / coarse_d[std::size_t(c)]);
        level.P.add(c, Real(columns.rows.value[e] * ratio));
      }
      level.P.end_row();
    }
    level.coarse.assign(columns.local(), 0);
  }

  void factorise(const SparseMatrix& A, const std::vector<double>& d) {
    const Eigen::Index n = A.rows.size();
    Eigen::MatrixXd M = Eigen::MatrixXd::Zero(n, n);
    for (Eigen::Index i = 0; i < n; ++i) {
      for (auto e = std::size_t(A.rows.start[std::size_t(i)]);
           e < std::size_t(A.rows.start[std::size_t(i) + 1]); ++e) {
        const Eigen::Index j = A.rows.column[e];
        M(i, j) = A.rows.value[e] / std::sqrt(d[std::size_t(i)]) / std::sqrt(d[std::size_t(j)]);
      }
      M(i, i) += options_.shift;
    }
    direct_.compute(M);
    use_direct_ = direct_.info() == Eigen::Success;
  }

  /// r -= A d.
  void subtract_product(Level<Real>& level) {
    level.exchange(level.d.data());
    const Real* d = level.d.data();
    const std::int32_t *start = level.A.start.data(), *column = level.A.column.data();
    const Real* value = level.A.value.data();
    for (std::int32_t i = 0; i < level.n; ++i) {
      Real sum = d[i];
      for (std::int32_t e = start[i]; e < start[i + 1]; ++e) sum += value[e] * d[column[e]];
      level.r[std::size_t(i)] -= sum;
    }
  }

  /// x += p(A) r, p the polynomial of `degree` whose residual is least on [lowest, 1] largest.
  void smooth(Level<Real>& level, int degree, bool keep_residual) {
    const double low = options_.lowest * level.largest;
    const double middle = (level.largest + low) / 2, half = (level.largest - low) / 2;
    double rho = half / middle;
    const auto n = std::size_t(level.n);
    for (std::size_t i = 0; i < n; ++i) level.d[i] = Real(1 / middle) * level.r[i];
    for (int k = 1;; ++k) {
      for (std::size_t i = 0; i < n; ++i) level.x[i] += level.d[i];
      if (k == degree && !keep_residual) return;
      subtract_product(level);
      if (k == degree) return;
      const double next = 1 / (2 * middle / half - rho);
      const auto old = Real(next * rho), fresh = Real(2 * next / half);
      rho = next;
      for (std::size_t i = 0; i < n; ++i) level.d[i] = old * level.d[i] + fresh * level.r[i];
    }
  }

  void cycle(std::size_t l) {
    Level<Real>& level = levels_[l];
    if (level.gathers) return cycle_gathered(l);
    if (l + 1 == levels_.size()) return solve_last(level);
    Level<Real>& next = levels_[l + 1];
    std::ranges::fill(level.x, Real(0));
    level.r = level.b;
    smooth(level, options_.degree, true);
    restrict_residual(level, next);
    cycle(l + 1);
    add_correction(level, next);
    smooth(level, options_.degree, false);
  }

  /// Coarse b = P^T r.
  void restrict_residual(Level<Real>& level, Level<Real>& next) {
    std::ranges::fill(level.coarse, Real(0));
    for (auto i = std::size_t(0); i < std::size_t(level.n); ++i) {
      for (auto e = std::size_t(level.P.start[i]); e < std::size_t(level.P.start[i + 1]); ++e) {
        level.coarse[std::size_t(level.P.column[e])] += level.P.value[e] * level.r[i];
      }
    }
    level.of_coarse.add_back(level.coarse.data());
    std::copy_n(level.coarse.begin(), next.n, next.b.begin());
  }

  /// x += P (coarse x), and r after it.
  void add_correction(Level<Real>& level, const Level<Real>& next) {
    std::copy_n(next.x.begin(), next.n, level.coarse.begin());
    level.of_coarse(level.coarse.data());
    for (auto i = std::size_t(0); i < std::size_t(level.n); ++i) {
      Real sum = 0;
      for (auto e = std::size_t(level.P.start[i]); e < std::size_t(level.P.start[i + 1]); ++e) {
        sum += level.P.value[e] * level.coarse[std::size_t(level.P.column[e])];
      }
      level.d[i] = sum;
      level.x[i] += sum;
    }
    subtract_product(level);
  }

  /// The scaled vectors of a level and of its copies agree: so do their diagonals.
  void cycle_gathered(std::size_t l) {
    Level<Real>&divided = levels_[l], &whole = levels_[l + 1];
    const MPI_Datatype type = std::is_same_v<Real, float> ? MPI_FLOAT : MPI_DOUBLE;
    MPI_Allgatherv(divided.b.data(), divided.n, type, whole.b.data(), divided.count.data(),
                   divided.offset.data(), type, divided.comm.handle());
    cycle(l + 1);
    std::copy_n(whole.x.begin() + divided.offset[std::size_t(divided.comm.rank())], divided.n,
                divided.x.begin());
  }

  void solve_last(Level<Real>& level) {
    if (!use_direct_) {
      std::ranges::fill(level.x, Real(0));
      level.r = level.b;
      return smooth(level, options_.last_degree, false);
    }
    Eigen::VectorXd b(level.n);
    for (Eigen::Index i = 0; i < b.size(); ++i) b[i] = double(level.b[std::size_t(i)]);
    direct_.solveInPlace(b);
    for (Eigen::Index i = 0; i < b.size(); ++i) level.x[std::size_t(i)] = Real(b[i]);
  }

  AlgebraicOptions options_;
  Comm comm_;
  std::vector<double> root_;  ///< of the inverse diagonal
  std::vector<Level<Real>> levels_;
  Eigen::LLT<Eigen::MatrixXd> direct_;
  bool use_direct_ = false;
  double entries_ = 0, complexity_ = 1;
};

}  // namespace

std::unique_ptr<AlgebraicCycle> make_algebraic_cycle(SparseMatrix finest,
                                                     const AlgebraicOptions& options) {
  double min = std::numeric_limits<double>::max(), max = 0;
  for (const double d : diagonal(finest)) {
    min = std::min(min, d);
    max = std::max(max, d);
  }
  if (finest.comm.max(max) <= options.single_range * finest.comm.min(min)) {
    return std::make_unique<TypedCycle<float>>(std::move(finest), options);
  }
  return std::make_unique<TypedCycle<double>>(std::move(finest), options);
}

}  // namespace otto::multigrid
