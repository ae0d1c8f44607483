#include "otto/multigrid/multigrid.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "cycle_kernels.h"
#include "gathering.h"

namespace otto::multigrid {

std::array<double, sweeps> damping(int dim) {
  if (dim == 1) return {0.5, 0.7, 1.0};
  if (dim == 2) return {0.5, 1.0, 1.0};
  return {0.55, 0.8, 1.55};
}

namespace {

/// Couplings s of an axis that differ by no more than this part become one constant s', and the diagonal goes with
/// it: the level's form is then sum g' (u_K - u_L)^2 with g'/g = s'/s, so that this adds no more than that part to
/// the condition of the preconditioned system, while a sweep reads half as much. True of a potential well resolved
/// by the cells, whatever the flux.
constexpr double near_constant = 0.1;

/// The couplings s = c g / sqrt(omega_K omega_L) of the faces of one axis, of all blocks, as one value; 0 where they
/// differ by too much. `root`: sqrt(omega). Collective.
double common_coupling(const Operator& op, std::size_t a, double c, std::span<const double> root) {
  double min = std::numeric_limits<double>::infinity(), max = 0;
  const auto step = std::size_t(op.grid.stride[a]);
  for_each(op.grid.n, [&](int i, int j, int k) {
    const auto q = std::size_t(op.grid.index(i, j, k));
    if (op.g[a][q] == 0) {
      if (root[q - step] > 0) min = 0;  // no wall: a face through which nothing diffuses
      return;
    }
    const double s = c * op.g[a][q] / root[q] / root[q - step];
    min = std::min(min, s);
    max = std::max(max, s);
  });
  min = op.comm.min(min);
  max = op.comm.max(max);
  return max <= (1 + near_constant) * min ? std::sqrt(min) * std::sqrt(max) : 0;
}

template <class Real>
struct Level {
  const Hierarchy::Level* plan = nullptr;
  std::vector<Real> x, y, t, d, id, p;  ///< unknown, b / d, scratch, diagonal, 1/d, transfer
  std::vector<Real> loss;               ///< c sum g / omega_K, the diagonal's part beside sigma
  std::array<std::vector<Real>, 3>
      s;                           ///< couplings of lower faces, where they are not one per axis
  std::array<Real, 3> constant{};  ///< the coupling where it is
  bool is_constant = false;
  std::vector<double> sigma;  ///< with halo layout, no halo values; not made where all are 1
  BlockExchange halo;
  std::unique_ptr<Gathering> gathering;  ///< of a level that changes its blocks
  std::vector<Real> row;

  /// Calls work(coupling) with the right kind of couplings.
  template <class Work>
  void with_coupling(Work&& work) const {
    const BlockGrid& grid = plan->op.grid;
    const auto of_dimension = [&]<int Dim>() {
      if (is_constant) {
        work(ConstantCoupling<Dim, Real>{constant, grid.stride});
      } else {
        work(FaceCoupling<Dim, Real>{{s[0].data(), s[1].data(), s[2].data()}, grid.stride});
      }
    };
    if (grid.dim == 1) of_dimension.template operator()<1>();
    if (grid.dim == 2) of_dimension.template operator()<2>();
    if (grid.dim == 3) of_dimension.template operator()<3>();
  }
};

template <class Real>
class TypedCycle final : public Cycle {
 public:
  explicit TypedCycle(const Hierarchy& hierarchy)
      : w_(damping(hierarchy.levels.front().op.grid.dim)) {
    for (const auto& plan : hierarchy.levels) levels_.push_back(make_level(plan));
    for (std::size_t l = 0; l + 1 < levels_.size(); ++l) set_transfer(levels_[l], levels_[l + 1]);
    const Operator& fine = hierarchy.levels.front().op;
    for_each(fine.grid.n, [&](int i, int j, int k) {
      root_.push_back(Real(1 / std::sqrt(fine.omega[std::size_t(fine.grid.index(i, j, k))])));
    });
  }

  void set(double c, std::span<const double> sigma) override {
    if (c != c_) {
      for (std::size_t l = 0; l < levels_.size(); ++l) set_couplings(levels_[l], c, is_smoothed(l));
      c_ = c;
    }
    set_weights(sigma);
    for (auto& level : levels_) set_diagonal(level);
    factorise(levels_.back());
  }

  void apply(const double* r, double scale, double* z) override {
    Level<Real>& fine = levels_.front();
    const BlockGrid& grid = fine.plan->op.grid;
    const std::int32_t nx = grid.n[0];
    const double inverse = scale > 0 ? 1 / scale : 0;
    std::size_t row = 0;
    for_each_row(grid, [&](std::ptrdiff_t o) {
#pragma omp simd
      for (std::int32_t i = 0; i < nx; ++i) {
        fine.y[std::size_t(o + i)] =
            Real(r[row + i] * inverse) * root_[row + i] * fine.id[std::size_t(o + i)];
      }
      row += std::size_t(nx);
    });
    cycle(0);
    row = 0;
    for_each_row(grid, [&](std::ptrdiff_t o) {
#pragma omp simd
      for (std::int32_t i = 0; i < nx; ++i) {
        z[row + i] = scale * double(fine.x[std::size_t(o + i)]) * double(root_[row + i]);
      }
      row += std::size_t(nx);
    });
  }

 private:
  Level<Real> make_level(const Hierarchy::Level& plan) {
    Level<Real> level;
    level.plan = &plan;
    const std::size_t size = plan.op.grid.size;
    for (auto* v : {&level.x, &level.y, &level.t, &level.d, &level.id, &level.p})
      v->assign(size, 0);
    level.row.assign(std::size_t(plan.op.grid.n[0]) + 1, 0);
    level.halo = BlockExchange(plan.op.comm, plan.op.grid, plan.op.neighbour);
    return level;
  }

  /// p_K = sqrt(omega_K / omega_I): an aggregate I is in local equilibrium, u_K = u_I.
  void set_transfer(Level<Real>& fine, const Level<Real>& coarse) {
    if (fine.plan->next == Hierarchy::Next::regroup) {
      fine.gathering = std::make_unique<Gathering>(fine.plan->op, coarse.plan->op);
      return;
    }
    const Operator &f = fine.plan->op, &c = coarse.plan->op;
    const auto& factor = fine.plan->factor;
    for_each(f.grid.n, [&](int i, int j, int k) {
      const auto me = std::size_t(f.grid.index(i, j, k));
      const auto parent = std::size_t(c.grid.index(i / factor[0], j / factor[1], k / factor[2]));
      fine.p[me] = Real(std::sqrt(f.omega[me] / c.omega[parent]));
    });
  }

  /// The cells of level l are smoothed and joined, by these blocks or, after it has changed them, by others.
  [[nodiscard]] bool is_smoothed(std::size_t l) const {
    while (levels_[l].plan->next == Hierarchy::Next::regroup) ++l;
    return levels_[l].plan->next == Hierarchy::Next::coarsen;
  }

  /// s = c g / sqrt(omega_K omega_L), and the loss c sum g / omega_K = sum s sqrt(omega_L / omega_K).
  /// `may_be_constant`: the same for all blocks of a level, however they change.
  void set_couplings(Level<Real>& level, double c, bool may_be_constant) {
    const Operator& op = level.plan->op;
    std::vector<double> root(op.grid.size);
    std::ranges::transform(op.omega, root.begin(), [](double omega) { return std::sqrt(omega); });
    level.is_constant = may_be_constant;
    for (std::size_t a = 0; a < std::size_t(op.grid.dim) && level.is_constant; ++a) {
      const double s = common_coupling(op, a, c, root);
      level.constant[a] = Real(s);
      level.is_constant = s > 0;
    }
    level.loss.assign(op.grid.size, 0);
    for (std::size_t a = 0; a < std::size_t(op.grid.dim); ++a) {
      const std::size_t step = std::size_t(op.grid.stride[a]);
      std::vector<Real>& s = level.s[a];
      s.assign(level.is_constant ? 0 : op.grid.size, 0);
      for (std::size_t q = step; q < op.grid.size && !level.is_constant; ++q) {
        const double g = op.g[a][q];
        s[q] = g > 0 ? Real(c * g / root[q] / root[q - step]) : Real(0);
      }
    }
    for_each(op.grid.n, [&](int i, int j, int k) {
      const auto K = std::size_t(op.grid.index(i, j, k));
      double loss = 0;
      for (std::size_t a = 0; a < std::size_t(op.grid.dim); ++a) {
        const auto step = std::size_t(op.grid.stride[a]);
        const double below = op.g[a][K], above = op.g[a][K + step];
        if (level.is_constant) {
          const double roots = (below > 0 ? root[K - step] : 0) + (above > 0 ? root[K + step] : 0);
          loss += double(level.constant[a]) * (roots / root[K]);
        } else {
          loss += c * ((below + above) / op.omega[K]);
        }
      }
      level.loss[K] = Real(loss);
    });
  }

  /// sigma of an aggregate: the mean over its Gibbs mass.
  void set_weights(std::span<const double> sigma) {
    ones_ = sigma.empty();
    if (ones_) return;
    for (auto& level : levels_) level.sigma.assign(level.plan->op.grid.size, 0.0);
    std::size_t at = 0;
    const BlockGrid& grid = levels_.front().plan->op.grid;
    for_each(grid.n, [&](int i, int j, int k) {
      levels_.front().sigma[std::size_t(grid.index(i, j, k))] = sigma[at++];
    });
    for (std::size_t l = 0; l + 1 < levels_.size(); ++l) coarse_weights(levels_[l], levels_[l + 1]);
  }

  void coarse_weights(Level<Real>& fine, Level<Real>& coarse) {
    const Operator &f = fine.plan->op, &c = coarse.plan->op;
    if (fine.plan->next == Hierarchy::Next::regroup) {
      fine.gathering->gather(f.grid, fine.sigma.data(), c.grid, coarse.sigma.data());
      return;
    }
    const auto& factor = fine.plan->factor;
    for_each(f.grid.n, [&](int i, int j, int k) {
      const auto me = std::size_t(f.grid.index(i, j, k));
      const auto parent = std::size_t(c.grid.index(i / factor[0], j / factor[1], k / factor[2]));
      coarse.sigma[parent] += fine.sigma[me] * (f.omega[me] / c.omega[parent]);
    });
  }

  void set_diagonal(Level<Real>& level) {
    const BlockGrid& grid = level.plan->op.grid;
    for_each(grid.n, [&](int i, int j, int k) {
      const auto me = std::size_t(grid.index(i, j, k));
      const double d = (ones_ ? 1 : level.sigma[me]) + double(level.loss[me]);
      level.d[me] = Real(d);
      level.id[me] = Real(1 / d);
    });
  }

  void factorise(const Level<Real>& coarsest) {
    const Operator& op = coarsest.plan->op;
    const std::int64_t n = op.grid.cells();
    if (n > direct_cells || op.comm.size() > 1) return;
    Eigen::MatrixXd A = Eigen::MatrixXd::Zero(n, n);
    const auto number = [&](std::array<int, 3> at) {
      for (std::size_t a = 0; a < 3; ++a) at[a] = (at[a] + op.grid.n[a]) % op.grid.n[a];
      return at[0] + std::int64_t{op.grid.n[0]} * (at[1] + std::int64_t{op.grid.n[1]} * at[2]);
    };
    for_each(op.grid.n, [&](int i, int j, int k) {
      const auto me = std::size_t(op.grid.index(i, j, k));
      const std::int64_t K = number({i, j, k});
      A(K, K) += coarsest.d[me];
      for (std::size_t a = 0; a < std::size_t(op.grid.dim); ++a) {
        std::array<int, 3> below{i, j, k};
        --below[a];
        const std::int64_t L = number(below);
        A(K, L) -= coarsest.s[a][me];
        A(L, K) -= coarsest.s[a][me];
      }
    });
    direct_.set(A);
  }

  void cycle(std::size_t l) {
    Level<Real>& level = levels_[l];
    switch (level.plan->next) {
      case Hierarchy::Next::none:
        return solve_coarsest(level);
      case Hierarchy::Next::regroup:
        return cycle_gathered(l);
      case Hierarchy::Next::coarsen:
        break;
    }
    go_down(level, levels_[l + 1]);
    cycle(l + 1);
    go_up(level, levels_[l + 1]);
  }

  template <class... Passes>
  void run(Level<Real>& level, Passes... pass) {
    multigrid::run<Real>(level.plan->op.grid, level.halo, std::move(pass)...);
  }

  /// out = one damped sweep from x.
  template <class Coupling>
  auto sweep_pass(Level<Real>& level, const Coupling& coupling, double w, std::vector<Real>& x,
                  std::vector<Real>& out) {
    return Pass{x.data(),
                [&level, &coupling, w, from = x.data(), to = out.data()](std::int32_t layer) {
                  sweep<Real>(level.plan->op.grid, layer, coupling, Real(w), level.id.data(),
                              level.y.data(), from, to);
                }};
  }

  /// Smooths from zero (into t) and restricts the residual to the coarse y.
  void go_down(Level<Real>& level, Level<Real>& coarse) {
    const BlockGrid &grid = level.plan->op.grid, &coarse_grid = coarse.plan->op.grid;
    level.with_coupling([&](const auto& coupling) {
      run(level,
          Pass{level.y.data(),
               [&](std::int32_t layer) {
                 first_sweeps<Real>(grid, layer, coupling, Real(w_[0]), Real(w_[1]),
                                    level.id.data(), level.y.data(), level.x.data());
               }},
          sweep_pass(level, coupling, w_[2], level.x, level.t),
          Pass{level.t.data(), [&](std::int32_t layer) {
                 restrict_residual<Real>(grid, layer, coupling, level.d.data(), level.p.data(),
                                         level.y.data(), level.t.data(), coarse_grid,
                                         level.plan->factor, coarse.id.data(), level.row.data(),
                                         coarse.y.data());
               }});
    });
  }

  /// Adds the coarse correction to t and smooths (into x).
  void go_up(Level<Real>& level, const Level<Real>& coarse) {
    const BlockGrid &grid = level.plan->op.grid, &coarse_grid = coarse.plan->op.grid;
    level.with_coupling([&](const auto& coupling) {
      run(level,
          Pass{static_cast<Real*>(nullptr),
               [&](std::int32_t layer) {
                 prolong_add<Real>(grid, layer, level.p.data(), coarse_grid, level.plan->factor,
                                   coarse.x.data(), level.row.data(), level.t.data());
               }},
          sweep_pass(level, coupling, w_[2], level.t, level.x),
          sweep_pass(level, coupling, w_[1], level.x, level.t),
          sweep_pass(level, coupling, w_[0], level.t, level.x));
    });
  }

  /// x = one damped sweep from x.
  void smooth(Level<Real>& level, double w) {
    level.with_coupling([&](const auto& coupling) {
      run(level, sweep_pass(level, coupling, w, level.x, level.t));
    });
    std::swap(level.x, level.t);
  }

  void cycle_gathered(std::size_t l) {
    Level<Real>&divided = levels_[l], &whole = levels_[l + 1];
    const Operator &f = divided.plan->op, &c = whole.plan->op;
    divided.gathering->gather(f.grid, divided.y.data(), c.grid, whole.y.data());
    cycle(l + 1);
    divided.gathering->own_part(c.grid, whole.x.data(), f.grid, divided.x.data());
  }

  void solve_coarsest(Level<Real>& level) {
    const BlockGrid& grid = level.plan->op.grid;
    if (!direct_.exists()) {
      std::ranges::fill(level.x, Real(0));
      return smooth_last(w_, [&](double w) { smooth(level, w); });
    }
    direct_.solve(
        grid, [&](std::ptrdiff_t o) { return double(level.y[o]) * double(level.d[o]); },
        level.x.data());
  }

  std::array<double, sweeps> w_;  ///< damping
  std::vector<Level<Real>> levels_;
  std::vector<Real> root_;  ///< 1 / sqrt(omega) of the finest cells, no halo
  DenseInverse direct_;
  bool ones_ = true;
  double c_ = -1;
};

}  // namespace

Hierarchy::Hierarchy(Operator finest, const HierarchyOptions& options) {
  levels.push_back({std::move(finest)});
  for (;;) {
    Level& level = levels.back();
    const std::int64_t cells = level.op.global[0] * level.op.global[1] * level.op.global[2];
    const bool divided = level.op.comm.size() > 1;
    // What may not be gathered is coarsened on one rank too: the same hierarchy on any number of them.
    const bool may_gather = options.gather_finest || levels.size() > 1;
    if (!divided && may_gather && cells <= direct_cells) break;
    level.factor = coarsening_factors(level.op, options.coarsening);
    const bool stuck = level.factor == std::array<int, 3>{1, 1, 1};
    Fit next = divided ? fit(level.op, level.factor) : Fit::coarsen;
    const bool few = cells <= options.gather_cells && may_gather;
    if (divided && (few || stuck)) next = Fit::gather;
    if (next != Fit::coarsen) {
      Operator other = next == Fit::gather ? gather(level.op) : regroup(level.op, level.factor);
      level.next = Next::regroup;
      level.factor = {1, 1, 1};
      levels.push_back({std::move(other)});
    } else if (!stuck) {
      level.next = Next::coarsen;
      levels.push_back({coarsen(level.op, level.factor)});
    } else {
      break;
    }
  }
}

std::unique_ptr<Cycle> make_cycle(const Hierarchy& hierarchy, bool single_precision) {
  if (single_precision) return std::make_unique<TypedCycle<float>>(hierarchy);
  return std::make_unique<TypedCycle<double>>(hierarchy);
}

}  // namespace otto::multigrid
