#include "otto/multigrid/algebraic_cycle.h"

#include <Eigen/Cholesky>
#include <algorithm>
#include <array>
#include <cmath>

#include "otto/core/reproducible_sum.h"
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
  Rows<Real> R;           ///< P^T of the owned coarse unknowns; columns are the unknowns and ghosts
  GhostExchange of_fine;  ///< of these
  std::vector<Real> x, b, r, d, coarse, fine;
  bool gathers = false;  ///< the next level is the same level on every rank
  std::vector<int> count, offset;
  std::vector<std::int32_t> place;  ///< on the next level of all unknowns, rank by rank
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
      A = gathered(A, levels_.back().place);
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
    add_transfer(A, d, P, C);
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
      std::array<ReproducibleSum, 2> squares;
      const auto square = [](Real x) { return double(x) * double(x); };
      squares[0].add(std::size_t(level.n), [&](std::size_t i) { return square(level.d[i]); });
      squares[1].add(std::size_t(level.n), [&](std::size_t i) { return square(level.r[i]); });
      const std::vector<double> norms = sums_of_all(level.comm, squares);
      if (!(norms[1] > 0)) break;
      value = std::sqrt(norms[1] / norms[0]);
      const auto inverse = Real(1 / std::sqrt(norms[1]));
      std::ranges::transform(level.r, level.d.begin(), [&](Real r) { return inverse * r; });
    }
    return options_.power_margin * value;
  }

  /// The entries of M, whose rows have the diagonal `of_row` of one level and whose columns that of the other,
  /// scaled by `ratio` of the two. `of_column` gets those of the ghosts.
  template <class Ratio>
  static Rows<Real> scaled(SparseMatrix& M, const std::vector<double>& of_row,
                           std::vector<double>& of_column, std::size_t owned, Ratio&& ratio) {
    of_column.resize(owned + M.ghost.size());
    M.exchange(of_column.data());
    Rows<Real> rows;
    for (auto i = std::size_t(0); i < std::size_t(M.rows.size()); ++i) {
      for (auto e = std::size_t(M.rows.start[i]); e < std::size_t(M.rows.start[i + 1]); ++e) {
        const std::int32_t c = M.rows.column[e];
        rows.add(c, Real(M.rows.value[e] * ratio(of_row[i], of_column[std::size_t(c)])));
      }
      rows.end_row();
    }
    return rows;
  }

  /// Scales P and P^T, and gives their columns exchanges of their own.
  void add_transfer(const SparseMatrix& A, const std::vector<double>& d, const Interpolation& P,
                    SparseMatrix& C) {
    Level<Real>& level = levels_.back();
    const auto fine = std::size_t(level.n), coarse = std::size_t(C.rows.size());
    SparseMatrix up = make_matrix(C.comm, P.coarse, P.rows, false), down = restriction(A, P);
    const std::vector<double> coarse_d = diagonal(C);
    std::vector<double> of_coarse(coarse_d.begin(), coarse_d.begin() + std::ptrdiff_t(coarse)),
        of_fine(d.begin(), d.begin() + std::ptrdiff_t(fine));
    level.P = scaled(up, d, of_coarse, coarse, [](double f, double c) { return std::sqrt(f / c); });
    level.R =
        scaled(down, coarse_d, of_fine, fine, [](double c, double f) { return std::sqrt(f / c); });
    level.of_coarse = up.exchange;
    level.of_fine = down.exchange;
    level.coarse.assign(of_coarse.size(), 0);
    level.fine.assign(of_fine.size(), 0);
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

  static Real row_product(const Rows<Real>& M, std::size_t i, const std::vector<Real>& x) {
    Real sum = 0;
    for (auto e = std::size_t(M.start[i]); e < std::size_t(M.start[i + 1]); ++e) {
      sum += M.value[e] * x[std::size_t(M.column[e])];
    }
    return sum;
  }

  /// Coarse b = P^T r.
  void restrict_residual(Level<Real>& level, Level<Real>& next) {
    std::copy_n(level.r.begin(), level.n, level.fine.begin());
    level.of_fine(level.fine.data());
    for (auto I = std::size_t(0); I < std::size_t(next.n); ++I) {
      next.b[I] = row_product(level.R, I, level.fine);
    }
  }

  /// x += P (coarse x), and r after it.
  void add_correction(Level<Real>& level, const Level<Real>& next) {
    std::copy_n(next.x.begin(), next.n, level.coarse.begin());
    level.of_coarse(level.coarse.data());
    for (auto i = std::size_t(0); i < std::size_t(level.n); ++i) {
      level.d[i] = row_product(level.P, i, level.coarse);
      level.x[i] += level.d[i];
    }
    subtract_product(level);
  }

  /// The scaled vectors of a level and of its copies agree: so do their diagonals.
  void cycle_gathered(std::size_t l) {
    Level<Real>&divided = levels_[l], &whole = levels_[l + 1];
    const MPI_Datatype type = std::is_same_v<Real, float> ? MPI_FLOAT : MPI_DOUBLE;
    std::vector<Real> by_rank(divided.place.size());
    MPI_Allgatherv(divided.b.data(), divided.n, type, by_rank.data(), divided.count.data(),
                   divided.offset.data(), type, divided.comm.handle());
    for (std::size_t i = 0; i < by_rank.size(); ++i) {
      whole.b[std::size_t(divided.place[i])] = by_rank[i];
    }
    cycle(l + 1);
    const auto begin = std::size_t(divided.offset[std::size_t(divided.comm.rank())]);
    for (std::size_t i = 0; i < std::size_t(divided.n); ++i) {
      divided.x[i] = whole.x[std::size_t(divided.place[begin + i])];
    }
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
