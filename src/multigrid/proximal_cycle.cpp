#include "otto/multigrid/proximal_cycle.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "jacobian_stencil.h"
#include "otto/mesh/box_faces.h"
#include "otto/multigrid/multigrid.h"
#include "proximal_kernels.h"
#include "proximal_level.h"

namespace otto::multigrid {

namespace {

/// Damping of the sweeps before the coarse grid, in reverse after it: 1/w at the zeros of the
/// Chebyshev polynomial on [1/dim, 2], where the eigenvalues of diag(id) H lie for what oscillates
/// from cell to cell along some axis.
std::array<double, 2> proximal_damping(int dimension) {
  const double low = dimension == 1 ? 0.75 : 1.0 / dimension, high = 2;
  const double mid = 0.5 * (high + low), half = 0.5 * (high - low) * std::sqrt(0.5);
  return {1 / (mid + half), 1 / (mid - half)};
}

template <class Real>
class TypedProximalCycle final : public ProximalCycle {
 public:
  explicit TypedProximalCycle(const Mesh& mesh)
      : hierarchy_(geometry(mesh), {.gather_finest = false}),
        face_rows_(face_rows(*mesh.box, hierarchy_.levels.front().op.grid)),
        w_(proximal_damping(mesh.dimension)) {
    for (const auto& plan : hierarchy_.levels) levels_.push_back(make_level(plan));
    for (std::size_t l = 0; l + 1 < levels_.size(); ++l) connect(levels_[l], levels_[l + 1]);
  }

  void set(std::span<const double> omega, std::span<const double> slope_left,
           std::span<const double> slope_right, std::span<const double> g,
           bool one_slope) override {
    Level<Real>& fine = levels_.front();
    fine.one_slope = one_slope;
    load(omega, slope_left, slope_right, g);
    set_finest_diagonal(fine);
    for (std::size_t l = 0; l + 1 < levels_.size(); ++l) {
      if (levels_[l].plan->next == Hierarchy::Next::regroup) {
        gather_stencil(levels_[l], levels_[l + 1]);
      } else {
        coarsen_stencil(levels_[l], levels_[l + 1]);
        set_diagonal(levels_[l + 1]);
      }
    }
    factorise(levels_.back());
  }

  void apply(const double* r, double scale, double* z) override {
    Level<Real>& fine = levels_.front();
    const BlockGrid& grid = fine.grid;
    const std::int32_t nx = grid.n[0];
    const double inverse = scale > 0 ? 1 / scale : 0;
    std::size_t row = 0;
    for_each_row(grid, [&](std::ptrdiff_t o) {
#pragma omp simd
      for (std::int32_t i = 0; i < nx; ++i) {
        fine.b[std::size_t(o + i)] = Real(r[row + std::size_t(i)] * inverse);
      }
      row += std::size_t(nx);
    });
    cycle(0);
    row = 0;
    for_each_row(grid, [&](std::ptrdiff_t o) {
#pragma omp simd
      for (std::int32_t i = 0; i < nx; ++i) {
        z[row + std::size_t(i)] = scale * double(fine.x[std::size_t(o + i)]);
      }
      row += std::size_t(nx);
    });
  }

 private:
  Level<Real> make_level(const Hierarchy::Level& plan) {
    Level<Real> level;
    level.plan = &plan;
    const Operator& op = plan.op;
    const bool finest = levels_.empty();
    level.grid = finest ? op.grid : stencil_grid(op.grid);
    const std::size_t size = level.grid.size;
    for (auto* v : {&level.id, &level.x, &level.b, &level.t}) v->assign(size, 0);
    level.row.assign(std::size_t(op.grid.n[0]), 0);
    if (finest) {
      level.omega.assign(size, 0);
      level.q.assign(size, 0);
      for (std::size_t a = 0; a < level.axes(); ++a) {
        for (auto* faces : {&level.left, &level.right, &level.g}) (*faces)[a].assign(size, 0);
      }
      if (plan.next != Hierarchy::Next::none) level.scaled.allocate(op.grid);
      level.halo = BlockExchange(op.comm, op.grid, op.neighbour);
    } else {
      level.stencil = full_stencil(level.grid);
    }
    level.wide_halo = StencilExchange(op.comm, level.grid, op.neighbour);
    return level;
  }

  /// With zeros where a pass makes no entries.
  static Stencil<Real> full_stencil(const BlockGrid& grid) {
    Stencil<Real> stencil(grid);
    for (int c = 0; c < stored_codes(grid.dim); ++c) stencil.allocate(c);
    return stencil;
  }

  /// The passes from one level to the next: what joins no cells along x copies rows.
  void connect(Level<Real>& fine, const Level<Real>& coarse) {
    const Operator& op = fine.plan->op;
    if (fine.plan->next == Hierarchy::Next::regroup) {
      fine.gathering = std::make_unique<Gathering>(op, coarse.plan->op);
      if (fine.stencil.empty()) fine.own_stencil = full_stencil(stencil_grid(op.grid));
      return;
    }
    fine.transfer = Transfer<Real>(op, fine.plan->factor, fine.grid, coarse.grid);
    BlockGrid grid = fine.grid;
    const Stencil<Real> pattern = jacobian_pattern<Real>(grid);
    const Stencil<Real>* from = fine.stencil.empty() ? &pattern : &fine.stencil;
    std::vector<std::size_t> axes{0};
    for (std::size_t a = 1; a < fine.axes(); ++a) {
      if (fine.plan->factor[a] == 2) axes.push_back(a);
    }
    fine.passes.reserve(axes.size());
    for (std::size_t p = 0; p < axes.size(); ++p) {
      const std::size_t a = axes[p];
      auto n = grid.n;
      n[a] = coarse.plan->op.grid.n[a];
      grid = BlockGrid(grid.dim, n, reach);
      CollapsePass<Real> pass{a, {}, {}, StencilExchange(op.comm, grid, op.neighbour)};
      Stencil<Real> result(grid);
      if (p + 1 < axes.size()) {
        allocate_collapsed(*from, a, result);
        pass.to = result;
      } else {
        result = full_stencil(grid);
      }
      const auto& sides = op.neighbour[a];
      if (fine.plan->factor[a] == 2 && (sides[0] >= 0 || sides[1] >= 0)) pass.beside = result;
      fine.passes.push_back(std::move(pass));
      from = &fine.passes.back().to;
    }
  }

  void set_finest_diagonal(Level<Real>& level) {
    const BlockGrid& grid = level.grid;
    with_dimension(grid.dim, [&]<int Dim>() {
      const auto c = level.coefficients();
      weighted_row_sums<Dim>(grid, c, level.q.data());
      level.halo(level.q.data());
      inverse_diagonal<Dim>(grid, c, level.q.data(), level.id.data());
    });
  }

  /// id = 1 / max(A_KK, 1/2 sum_L |A_KL|), as on the finest level.
  void set_diagonal(Level<Real>& level) {
    const Real* diagonal = level.stencil.entry(0);
    Real* id = level.id.data();
    for (std::int32_t layer = 0; layer < layers(level.grid); ++layer) {
      stencil_rows<true, Real>(
          level.stencil, layer, diagonal, level.row.data(), [=](std::ptrdiff_t o, Real sum) {
            id[o] = 1 / std::max({diagonal[o], Real(0.5) * sum, std::numeric_limits<Real>::min()});
          });
    }
  }

  /// Where the faces of the mesh, stretch by stretch, belong in the block arrays.
  struct FaceRow {
    std::size_t axis = 0, first = 0;  ///< face of the mesh
    std::ptrdiff_t at = 0, count = 0;
  };
  static std::vector<FaceRow> face_rows(const BoxBlock& block, const BlockGrid& grid) {
    std::vector<FaceRow> rows;
    std::size_t face = 0;
    for_each_face(block, GhostLayers(block),
                  [&](int a, const BlockIndex& at, std::int32_t, std::int32_t) {
                    const std::ptrdiff_t here = grid.index(at[0], at[1], at[2]);
                    const bool joins = !rows.empty() && rows.back().axis == std::size_t(a) &&
                                       rows.back().at + rows.back().count == here;
                    if (!joins) rows.push_back({std::size_t(a), face, here, 0});
                    ++rows.back().count;
                    ++face;
                  });
    return rows;
  }

  /// Mesh order to block arrays, finest level; slopes become beta = slope / volume.
  void load(std::span<const double> omega, std::span<const double> slope_left,
            std::span<const double> slope_right, std::span<const double> g) {
    Level<Real>& fine = levels_.front();
    const BlockGrid& grid = fine.grid;
    const double* from = omega.data();
    for_each_row(grid, [&](std::ptrdiff_t o) {
      Real* to = fine.omega.data() + o;
#pragma omp simd
      for (std::int32_t i = 0; i < grid.n[0]; ++i) {
        to[i] = std::max(Real(from[i]), std::numeric_limits<Real>::min());
      }
      from += grid.n[0];
    });
    fine.halo(fine.omega.data());
    const double* volume = fine.plan->op.omega.data();
    for (const FaceRow& row : face_rows_) {
      const double *vol = volume + row.at, *below = vol - grid.stride[row.axis];
      const double *left = &slope_left[row.first], *right = &slope_right[row.first];
      Real *to_left = fine.left[row.axis].data() + row.at,
           *to_right = fine.right[row.axis].data() + row.at,
           *to_g = fine.g[row.axis].data() + row.at;
#pragma omp simd
      for (std::ptrdiff_t i = 0; i < row.count; ++i) {
        to_left[i] = Real(left[i] / below[i]);
        to_g[i] = Real(g[row.first + std::size_t(i)]);
      }
      if (fine.one_slope) continue;
#pragma omp simd
      for (std::ptrdiff_t i = 0; i < row.count; ++i) to_right[i] = Real(right[i] / vol[i]);
    }
  }

  void scale_rows(Level<Real>& fine) {
    with_dimension(fine.grid.dim, [&]<int Dim>() {
      fine.scaled.template set<Dim>(fine.grid, fine.coefficients());
    });
    for (auto& s : fine.scaled.values) fine.halo(s.data());
  }

  /// P^T A P, axis by axis.
  void coarsen_stencil(Level<Real>& fine, Level<Real>& coarse) {
    const bool finest = fine.stencil.empty();
    if (finest) scale_rows(fine);
    const Stencil<Real>* from = &fine.stencil;
    for (auto& pass : fine.passes) {
      const bool last = &pass == &fine.passes.back();
      Stencil<Real>& to = last ? coarse.stencil : pass.to;
      if (pass.axis > 0) {
        collapse_axis(*from, pass.axis, fine.transfer.weights[pass.axis], to, pass.beside);
      } else if (finest) {
        collapse_rows(fine.grid, fine.plan->factor[0], fine.transfer.weights[0],
                      JacobianRows<Real>(fine.grid, fine.scaled, fine.coefficients()), to,
                      pass.beside);
      } else {
        collapse_rows(fine.grid, fine.plan->factor[0], fine.transfer.weights[0],
                      StoredRows<Real>(*from), to, pass.beside);
      }
      if (!pass.beside.empty()) {
        const auto beside = pass.beside.arrays();
        pass.halo.add_back(pass.axis, std::span<Real* const>(beside));
        add_beside(pass.beside, to);
      }
      const auto arrays = to.arrays();
      pass.halo.fill(std::span<Real* const>(arrays));
      from = &to;
    }
  }

  void gather_stencil(Level<Real>& divided, Level<Real>& whole) {
    const bool finest = divided.stencil.empty();
    if (finest) {
      Stencil<Real> none;
      scale_rows(divided);
      collapse_rows(divided.grid, 1, AxisWeights<Real>{},
                    JacobianRows<Real>(divided.grid, divided.scaled, divided.coefficients()),
                    divided.own_stencil, none);
    }
    const Stencil<Real>& from = finest ? divided.own_stencil : divided.stencil;
    for (int c = 0; c < stored_codes(whole.grid.dim); ++c) {
      divided.gathering->gather(from.grid, from.entry(c), whole.grid, whole.stencil.entry(c));
    }
    divided.gathering->gather(divided.grid, divided.id.data(), whole.grid, whole.id.data());
    const auto arrays = whole.stencil.arrays();
    whole.wide_halo.fill(std::span<Real* const>(arrays));
  }

  /// The coarsest level as a dense matrix, column by column.
  void factorise(Level<Real>& coarsest) {
    const Operator& op = coarsest.plan->op;
    const BlockGrid& grid = coarsest.grid;
    const std::int64_t n = op.grid.cells();
    if (n > direct_cells || op.comm.size() > 1) return;
    Eigen::MatrixXd A(n, n);
    std::int64_t column = 0;
    std::ranges::fill(coarsest.x, Real(0));
    for_each(op.grid.n, [&](int i, int j, int k) {
      const auto me = std::size_t(grid.index(i, j, k));
      coarsest.x[me] = 1;
      std::int64_t row = 0;
      apply_operator(coarsest, [&](std::ptrdiff_t, Real y) { A(row++, column) = double(y); });
      std::ranges::fill(coarsest.x, Real(0));  // the halo of a periodic axis included
      ++column;
    });
    direct_.set(A);
  }

  /// use(o, (H x)_o) in two passes, with q = Omega J x between them. Several products may run
  /// together: the next one writes a layer of q when this one no longer needs it.
  template <int Dim>
  auto jacobian_pass(Level<Real>& level, Real* x) {
    return Pass{x, [&grid = level.grid, c = level.coefficients(), x, q = level.q.data()](
                       std::int32_t layer) { weighted_jacobian<Dim>(grid, layer, c, x, q); }};
  }
  template <int Dim, class Use>
  auto adjoint_pass(Level<Real>& level, const Real* x, Use use) {
    Real* q = level.q.data();
    return Pass{q, [&grid = level.grid, c = level.coefficients(), x, q, use](std::int32_t layer) {
                  apply_rows<Dim>(grid, layer, c, x, q, use);
                }};
  }
  /// to = x + w id (b - H x).
  template <int Dim>
  auto sweep_pass(Level<Real>& level, double w, const Real* x, Real* to) {
    return adjoint_pass<Dim>(
        level, x,
        [w = Real(w), id = level.id.data(), b = level.b.data(), x, to](std::ptrdiff_t o, Real y) {
          to[o] = x[o] + w * id[o] * (b[o] - y);
        });
  }
  template <class... Passes>
  void run(Level<Real>& level, Passes... pass) {
    multigrid::run<Real>(level.grid, level.halo, std::move(pass)...);
  }

  /// use(o, (H x)_o).
  template <class Use>
  void apply_operator(Level<Real>& level, Use use) {
    Real* x = level.x.data();
    if (!level.stencil.empty()) {
      level.wide_halo.fill(x);
      for (std::int32_t layer = 0; layer < layers(level.grid); ++layer) {
        stencil_rows<false, Real>(level.stencil, layer, x, level.row.data(), use);
      }
      return;
    }
    with_dimension(level.grid.dim, [&]<int Dim>() {
      run(level, jacobian_pass<Dim>(level, x), adjoint_pass<Dim>(level, x, use));
    });
  }

  /// x = x + w id (b - H x).
  void smooth(Level<Real>& level, double w) {
    const Real *x = level.x.data(), *id = level.id.data(), *b = level.b.data();
    Real* to = level.t.data();
    apply_operator(level, [=, w = Real(w)](std::ptrdiff_t o, Real y) {
      to[o] = x[o] + w * id[o] * (b[o] - y);
    });
    std::swap(level.x, level.t);
  }

  /// Sweeps from zero (into x), and the residual (into t).
  void smooth_from_zero(Level<Real>& level) {
    const BlockGrid& grid = level.grid;
    Real *x = level.x.data(), *t = level.t.data(), *b = level.b.data(), *id = level.id.data();
    const auto first = [=, &grid, w = Real(w_[0])](std::int32_t layer) {
      for_each_row(grid, layer, [=, &grid](std::ptrdiff_t row, int, int) {
#pragma omp simd
        for (std::ptrdiff_t o = row; o < row + grid.n[0]; ++o) x[o] = w * id[o] * b[o];
      });
    };
    if (!level.stencil.empty()) {
      run_passes(layers(grid), first);
      smooth(level, w_[1]);
      Real* residual = level.t.data();
      return apply_operator(level, [=](std::ptrdiff_t o, Real y) { residual[o] = b[o] - y; });
    }
    with_dimension(grid.dim, [&]<int Dim>() {
      run(level, Pass{static_cast<Real*>(nullptr), first},                    //
          jacobian_pass<Dim>(level, x), sweep_pass<Dim>(level, w_[1], x, t),  //
          jacobian_pass<Dim>(level, t),
          adjoint_pass<Dim>(level, t, [=](std::ptrdiff_t o, Real y) { x[o] = b[o] - y; }));
    });
    std::swap(level.x, level.t);
  }

  /// The sweeps backwards, from x (into x).
  void smooth_back(Level<Real>& level) {
    if (!level.stencil.empty()) {
      smooth(level, w_[1]);
      return smooth(level, w_[0]);
    }
    with_dimension(level.grid.dim, [&]<int Dim>() {
      Real *x = level.x.data(), *t = level.t.data();
      run(level, jacobian_pass<Dim>(level, x), sweep_pass<Dim>(level, w_[1], x, t),
          jacobian_pass<Dim>(level, t), sweep_pass<Dim>(level, w_[0], t, x));
    });
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
    Level<Real>& coarse = levels_[l + 1];
    smooth_from_zero(level);
    level.wide_halo.fill(level.t.data(), 1);
    level.transfer.restrict_to(level.t.data(), coarse.b);
    cycle(l + 1);
    coarse.wide_halo.fill(coarse.x.data());
    level.transfer.prolong_add(coarse.x.data(), level.x.data());
    smooth_back(level);
  }

  void cycle_gathered(std::size_t l) {
    Level<Real>&divided = levels_[l], &whole = levels_[l + 1];
    divided.gathering->gather(divided.grid, divided.b.data(), whole.grid, whole.b.data());
    cycle(l + 1);
    divided.gathering->own_part(whole.grid, whole.x.data(), divided.grid, divided.x.data());
  }

  void solve_coarsest(Level<Real>& level) {
    if (!direct_.exists()) {  // a level that could not be coarsened: smooth it symmetrically
      std::ranges::fill(level.x, Real(0));
      return smooth_last(w_, [&](double w) { smooth(level, w); });
    }
    const Real* b = level.b.data();
    direct_.solve(
        level.grid, [b](std::ptrdiff_t o) { return b[o]; }, level.x.data());
  }

  Hierarchy hierarchy_;
  std::vector<FaceRow> face_rows_;
  std::array<double, 2> w_;  ///< damping of the sweeps
  std::vector<Level<Real>> levels_;
  DenseInverse direct_;
};

}  // namespace

std::unique_ptr<ProximalCycle> make_proximal_cycle(const Mesh& mesh, bool single_precision) {
  if (single_precision) return std::make_unique<TypedProximalCycle<float>>(mesh);
  return std::make_unique<TypedProximalCycle<double>>(mesh);
}

}  // namespace otto::multigrid
