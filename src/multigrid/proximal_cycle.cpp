#include "otto/multigrid/proximal_cycle.h"

#include <Eigen/Cholesky>
#include <algorithm>
#include <type_traits>

#include "local_forms.h"
#include "otto/mesh/box_faces.h"
#include "otto/multigrid/multigrid.h"
#include "proximal_kernels.h"
#include "proximal_level.h"

namespace otto::multigrid {

namespace {

template <class Real>
class TypedProximalCycle final : public ProximalCycle {
 public:
  explicit TypedProximalCycle(const Mesh& mesh)
      : hierarchy_(geometry(mesh)),
        face_rows_(face_rows(*mesh.box, hierarchy_.levels.front().op.grid)),
        w_(damping(mesh.dimension)) {
    for (const auto& plan : hierarchy_.levels) levels_.push_back(make_level(plan));
  }

  void set(std::span<const double> omega, std::span<const double> slope_left,
           std::span<const double> slope_right, std::span<const double> g, bool one_slope,
           bool keep_coarse) override {
    keep_coarse = keep_coarse && one_slope == levels_.front().one_slope;
    levels_.front().one_slope = one_slope;
    load(omega, slope_left, slope_right, g);
    if (keep_coarse && levels_.size() > 1) return set_diagonal(levels_.front());
    for (std::size_t l = 0; l + 1 < levels_.size(); ++l) {
      if (levels_[l].plan->next == Hierarchy::Next::gather) {
        gather_coefficients(levels_[l], levels_[l + 1]);
      } else {
        coarsen_coefficients(levels_[l], levels_[l + 1]);
      }
    }
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
    const std::size_t size = plan.op.grid.size;
    for (auto* v : {&level.omega, &level.id, &level.x, &level.b, &level.t, &level.inner}) {
      v->assign(size, 0);
    }
    for (std::size_t a = 0; a < level.axes(); ++a) level.g[a].assign(size, 0);
    if (levels_.empty()) {
      level.q.assign(size, 0);
      for (std::size_t a = 0; a < level.axes(); ++a) {
        for (auto* faces : {&level.left, &level.right}) (*faces)[a].assign(size, 0);
      }
    } else {
      with_dimension(plan.op.grid.dim, [&]<int Dim>() {
        level.form.assign(form_entries<Dim>, std::vector<Real>(size, 0));
        for (auto* parts : {&level.parts, &level.sizes}) {
          parts->assign(form_size<Dim>, std::vector<Real>(size, 0));
        }
      });
    }
    level.row.assign(std::size_t(plan.op.grid.n[0]) + 1, 0);
    level.halo = BlockExchange(plan.op.comm, plan.op.grid, plan.op.neighbour);
    if (plan.next == Hierarchy::Next::gather) {
      level.places = std::make_unique<Places>(plan.op);
      level.packed.resize(std::size_t(plan.op.grid.cells()));
      level.blocks.resize(std::size_t(plan.op.global[0] * plan.op.global[1] * plan.op.global[2]));
    }
    return level;
  }

  void set_diagonal(Level<Real>& level) {
    const BlockGrid& grid = level.plan->op.grid;
    const bool finest = level.form.empty();
    with_dimension(grid.dim, [&]<int Dim>() {
      if (finest) {
        const auto c = level.coefficients();
        weighted_row_sums<Dim>(grid, c, level.q.data());
        level.halo(level.q.data());
        return inverse_diagonal<Dim>(grid, c, level.q.data(), level.id.data());
      }
      const auto entries = pointers<form_size<Dim>>(level.parts),
                 sums = pointers<form_size<Dim>>(level.sizes);
      local_sizes<Dim, Real>(grid, pointers<form_entries<Dim>>(level.form), entries, sums);
      for (std::size_t k = 1; k < form_size<Dim>; ++k) {
        level.halo(entries[k]);
        level.halo(sums[k]);
      }
      inverse_diagonal_of_forms<Dim, Real>(grid, level.conductances(), entries, sums,
                                           level.id.data());
    });
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
    const BlockGrid& grid = fine.plan->op.grid;
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

  /// Adds rows of the fine level to those of the coarse one: add(fine row, its (j, k)) writes a row
  /// of n[0] values, whose pairs (`pairs`; else only the first of each pair) are summed into `out`.
  template <class Add>
  void add_rows(Level<Real>& fine, const Level<Real>& coarse, bool pairs, std::vector<Real>& out,
                Add&& add) {
    const BlockGrid &grid = fine.plan->op.grid, &to = coarse.plan->op.grid;
    const auto& factor = fine.plan->factor;
    const std::int32_t nx = grid.n[0];
    Real* row = fine.row.data();
    row[nx] = 0;
    std::ranges::fill(out, Real(0));
    for_each_row_at(grid, [&](std::ptrdiff_t o, int j, int k) {
      if (!add(o, j, k, row)) return;
      Real* target = out.data() + to.index(0, j / factor[1], k / factor[2]);
      if (factor[0] == 1) {
#pragma omp simd
        for (std::int32_t i = 0; i < nx; ++i) target[i] += row[i];
      } else if (pairs) {
        for (std::int32_t i = 0; i < to.n[0]; ++i) target[i] += row[2 * i] + row[2 * i + 1];
      } else {
        for (std::int32_t i = 0; i < to.n[0]; ++i) target[i] += row[2 * i];
      }
    });
  }

  static auto copy_of(const Level<Real>& level, const std::vector<Real>& from) {
    return [x = from.data(), nx = level.plan->op.grid.n[0]](std::ptrdiff_t o, int, int, Real* row) {
      std::copy_n(x + o, nx, row);
      return true;
    };
  }

  /// Omega: sums. Forms: see local_forms.h. g: see coarsen.h.
  void coarsen_coefficients(Level<Real>& fine, Level<Real>& coarse) {
    add_rows(fine, coarse, true, coarse.omega, copy_of(fine, fine.omega));
    coarse.halo(coarse.omega.data());
    coarsen_forms(fine, coarse);
    const std::int32_t nx = fine.plan->op.grid.n[0];
    for (std::size_t a = 0; a < fine.axes(); ++a) {
      set_inner(fine, a);
      const std::ptrdiff_t s = fine.plan->op.grid.stride[a];
      const Real *g = fine.g[a].data(), *inner = fine.inner.data();
      // over the faces below the cells o that lie between two coarse cells
      add_rows(fine, coarse, a != 0, coarse.g[a],
               [&](std::ptrdiff_t first, int j, int k, Real* row) {
                 if ((a == 1 ? j : a == 2 ? k : 0) % fine.plan->factor[a] != 0) return false;
#pragma omp simd
                 for (std::ptrdiff_t i = 0; i < nx; ++i) {
                   const std::ptrdiff_t o = first + i;
                   row[i] = g[o] > 0 ? 1 / (1 / g[o] + inner[o - s] + inner[o]) : Real(0);
                 }
                 return true;
               });
      coarse.halo(coarse.g[a].data());
    }
  }

  void coarsen_forms(Level<Real>& fine, Level<Real>& coarse) {
    const BlockGrid &from = fine.plan->op.grid, &to = coarse.plan->op.grid;
    const auto& factor = fine.plan->factor;
    with_dimension(from.dim, [&]<int Dim>() {
      const auto G = pointers<form_entries<Dim>>(coarse.form);
      if (fine.form.empty()) {
        join_forms<Dim, Real>(from, to, factor, walls(fine), rows_of<Dim>(fine), G);
      } else {
        const StoredForm<Dim, Real> form{pointers<form_entries<Dim>>(fine.form)};
        join_forms<Dim, Real>(from, to, factor, walls(fine), form, G);
      }
    });
  }

  template <int Dim>
  static RowOfJacobian<Dim, Real> rows_of(const Level<Real>& finest) {
    const auto c = finest.coefficients();
    return {c.omega, c.left, c.right, c.stride};
  }

  /// Sides where a block ends at a wall.
  static std::array<std::array<bool, 2>, 3> walls(const Level<Real>& level) {
    std::array<std::array<bool, 2>, 3> at{};
    for (std::size_t a = 0; a < 3; ++a) {
      for (std::size_t side = 0; side < 2; ++side) {
        at[a][side] = level.plan->op.neighbour[a][side] < 0;
      }
    }
    return at;
  }

  /// inner = theta / g of the face between a cell and its sibling along axis a (coarsen.h), theta
  /// the sibling's share of their Omega; 0 where an odd end leaves a cell alone.
  void set_inner(Level<Real>& fine, std::size_t a) {
    const BlockGrid& grid = fine.plan->op.grid;
    std::ranges::fill(fine.inner, Real(0));
    if (fine.plan->factor[a] != 2) return;
    const std::ptrdiff_t s = grid.stride[a];
    const Real *g = fine.g[a].data(), *omega = fine.omega.data();
    Real* inner = fine.inner.data();
    const auto pair = [=](std::ptrdiff_t o) {  // cells o and o + s
      const Real both = (omega[o] + omega[o + s]) * g[o + s];
      inner[o] = omega[o + s] / both;
      inner[o + s] = omega[o] / both;
    };
    for_each_row_at(grid, [&](std::ptrdiff_t o, int j, int k) {
      if (a == 0) {
        for (std::int32_t i = 0; i + 1 < grid.n[0]; i += 2) pair(o + i);
        return;
      }
      const int at = a == 1 ? j : k;
      if (at % 2 == 1 || at + 1 == grid.n[a]) return;
#pragma omp simd
      for (std::int32_t i = 0; i < grid.n[0]; ++i) pair(o + i);
    });
    fine.halo(fine.inner.data());
  }

  void gather_array(Level<Real>& divided, const std::vector<Real>& from, const Operator& whole,
                    std::vector<Real>& to) {
    const Operator& f = divided.plan->op;
    const MPI_Datatype type = std::is_same_v<Real, float> ? MPI_FLOAT : MPI_DOUBLE;
    std::size_t at = 0;
    for_each(f.grid.n, [&](int i, int j, int k) {
      divided.packed[at++] = from[std::size_t(f.grid.index(i, j, k))];
    });
    MPI_Allgatherv(divided.packed.data(), int(divided.packed.size()), type, divided.blocks.data(),
                   divided.places->count.data(), divided.places->offset.data(), type,
                   f.comm.handle());
    divided.places->for_each([&](std::size_t q, std::int64_t i, std::int64_t j, std::int64_t k) {
      to[std::size_t(whole.grid.index(i, j, k))] = divided.blocks[q];
    });
  }

  void gather_coefficients(Level<Real>& divided, Level<Real>& whole) {
    const auto gather_one = [&](const std::vector<Real>& from, std::vector<Real>& to) {
      gather_array(divided, from, whole.plan->op, to);
      whole.halo(to.data());
    };
    gather_one(divided.omega, whole.omega);
    for (std::size_t a = 0; a < divided.axes(); ++a) gather_one(divided.g[a], whole.g[a]);
    if (divided.form.empty()) return gather_finest(divided, whole);
    for (std::size_t e = 0; e < whole.form.size(); ++e) {
      gather_array(divided, divided.form[e], whole.plan->op, whole.form[e]);
    }
  }

  /// The finest level is gathered at once where it is small: its rows as forms.
  void gather_finest(Level<Real>& divided, Level<Real>& whole) {
    const BlockGrid& grid = divided.plan->op.grid;
    with_dimension(grid.dim, [&]<int Dim>() {
      std::vector<std::vector<Real>> rows(form_entries<Dim>, std::vector<Real>(grid.size, 0));
      join_forms<Dim, Real>(grid, grid, {1, 1, 1}, walls(divided), rows_of<Dim>(divided),
                            pointers<form_entries<Dim>>(rows));
      for (std::size_t e = 0; e < rows.size(); ++e) {
        gather_array(divided, rows[e], whole.plan->op, whole.form[e]);
      }
    });
  }

  /// The coarsest level as a dense matrix, column by column.
  void factorise(Level<Real>& coarsest) {
    const Operator& op = coarsest.plan->op;
    const std::int64_t n = op.grid.cells();
    use_direct_ = n <= direct_cells && op.comm.size() == 1;
    if (!use_direct_) return;
    Eigen::MatrixXd A(n, n);
    std::int64_t column = 0;
    std::ranges::fill(coarsest.x, Real(0));
    for_each(op.grid.n, [&](int i, int j, int k) {
      const auto me = std::size_t(op.grid.index(i, j, k));
      coarsest.x[me] = 1;
      std::int64_t row = 0;
      apply_operator(coarsest, [&](std::ptrdiff_t, Real y) { A(row++, column) = double(y); });
      std::ranges::fill(coarsest.x, Real(0));  // the halo of a periodic axis included
      ++column;
    });
    direct_.compute(A);
    use_direct_ = direct_.info() == Eigen::Success;
  }

  /// use(o, (H x)_o) in two passes, with q = Omega J x between them. Several products may run
  /// together: the next one writes a layer of q when this one no longer needs it.
  template <int Dim>
  auto jacobian_pass(Level<Real>& level, Real* x) {
    return Pass{x, [&grid = level.plan->op.grid, c = level.coefficients(), x, q = level.q.data()](
                       std::int32_t layer) { weighted_jacobian<Dim>(grid, layer, c, x, q); }};
  }
  template <int Dim, class Use>
  auto adjoint_pass(Level<Real>& level, const Real* x, Use use) {
    Real* q = level.q.data();
    return Pass{q, [&grid = level.plan->op.grid, c = level.coefficients(), x, q,
                    use](std::int32_t layer) { apply_rows<Dim>(grid, layer, c, x, q, use); }};
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
    multigrid::run<Real>(level.plan->op.grid, level.halo, std::move(pass)...);
  }

  /// use(o, (H x)_o) on a coarse level.
  template <int Dim, class Use>
  void apply_forms(Level<Real>& level, Real* x, Use use) {
    const BlockGrid& grid = level.plan->op.grid;
    const auto G = pointers<form_entries<Dim>>(level.form);
    const auto q = pointers<form_size<Dim>>(level.parts);
    const auto local = [&](std::int32_t layer) { local_products<Dim, Real>(grid, layer, G, x, q); };
    const auto collect = [&](std::int32_t layer) {
      collect_products<Dim, Real>(grid, layer, level.conductances(), x, q, use);
    };
    if (!level.halo.any()) return run_passes(layers(grid), local, collect);
    level.halo(x);
    run_passes(layers(grid), local);
    for (std::size_t k = 1; k < form_size<Dim>; ++k) level.halo(q[k]);
    run_passes(layers(grid), collect);
  }

  /// use(o, (H x)_o).
  template <class Use>
  void apply_operator(Level<Real>& level, Use use) {
    with_dimension(level.plan->op.grid.dim, [&]<int Dim>() {
      Real* x = level.x.data();
      if (!level.form.empty()) return apply_forms<Dim>(level, x, use);
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
    const BlockGrid& grid = level.plan->op.grid;
    Real *x = level.x.data(), *t = level.t.data(), *b = level.b.data(), *id = level.id.data();
    const auto first = [=, &grid, w = Real(w_[0])](std::int32_t layer) {
      for_each_row(grid, layer, [=, &grid](std::ptrdiff_t row, int, int) {
#pragma omp simd
        for (std::ptrdiff_t o = row; o < row + grid.n[0]; ++o) x[o] = w * id[o] * b[o];
      });
    };
    if (!level.form.empty()) {
      run_passes(layers(grid), first);
      for (std::size_t s = 1; s < w_.size(); ++s) smooth(level, w_[s]);
      Real* residual = level.t.data();
      return apply_operator(level, [=](std::ptrdiff_t o, Real y) { residual[o] = b[o] - y; });
    }
    with_dimension(grid.dim, [&]<int Dim>() {
      run(level, Pass{static_cast<Real*>(nullptr), first},                    //
          jacobian_pass<Dim>(level, x), sweep_pass<Dim>(level, w_[1], x, t),  //
          jacobian_pass<Dim>(level, t), sweep_pass<Dim>(level, w_[2], t, x),  //
          jacobian_pass<Dim>(level, x),
          adjoint_pass<Dim>(level, x, [=](std::ptrdiff_t o, Real y) { t[o] = b[o] - y; }));
    });
  }

  /// The sweeps backwards, from x (into x).
  void smooth_back(Level<Real>& level) {
    if (!level.form.empty()) {
      for (std::size_t s = w_.size(); s-- > 0;) smooth(level, w_[s]);
      return;
    }
    with_dimension(level.plan->op.grid.dim, [&]<int Dim>() {
      Real *x = level.x.data(), *t = level.t.data();
      run(level, jacobian_pass<Dim>(level, x), sweep_pass<Dim>(level, w_[2], x, t),
          jacobian_pass<Dim>(level, t), sweep_pass<Dim>(level, w_[1], t, x),
          jacobian_pass<Dim>(level, x), sweep_pass<Dim>(level, w_[0], x, t));
    });
    std::swap(level.x, level.t);
  }

  void cycle(std::size_t l) {
    Level<Real>& level = levels_[l];
    switch (level.plan->next) {
      case Hierarchy::Next::none:
        return solve_coarsest(level);
      case Hierarchy::Next::gather:
        return cycle_gathered(l);
      case Hierarchy::Next::coarsen:
        break;
    }
    Level<Real>& coarse = levels_[l + 1];
    smooth_from_zero(level);
    add_rows(level, coarse, true, coarse.b, copy_of(level, level.t));
    cycle(l + 1);
    prolong_add(level, coarse);
    smooth_back(level);
  }

  void prolong_add(Level<Real>& fine, const Level<Real>& coarse) {
    const BlockGrid &grid = fine.plan->op.grid, &from = coarse.plan->op.grid;
    const auto& factor = fine.plan->factor;
    Real* row = fine.row.data();
    for_each_row_at(from, [&](std::ptrdiff_t source, int J, int K) {
      const Real* in = coarse.x.data() + source;
      for (std::int32_t i = 0; i < grid.n[0]; ++i) row[i] = in[i / factor[0]];
      for (int k = K * factor[2]; k < std::min((K + 1) * factor[2], grid.n[2]); ++k) {
        for (int j = J * factor[1]; j < std::min((J + 1) * factor[1], grid.n[1]); ++j) {
          Real* to = fine.x.data() + grid.index(0, j, k);
#pragma omp simd
          for (std::int32_t i = 0; i < grid.n[0]; ++i) to[i] += row[i];
        }
      }
    });
  }

  void cycle_gathered(std::size_t l) {
    Level<Real>&divided = levels_[l], &whole = levels_[l + 1];
    const Operator &f = divided.plan->op, &c = whole.plan->op;
    gather_array(divided, divided.b, c, whole.b);
    cycle(l + 1);
    for_each(f.grid.n, [&](int i, int j, int k) {
      divided.x[std::size_t(f.grid.index(i, j, k))] =
          whole.x[std::size_t(c.grid.index(i + f.begin[0], j + f.begin[1], k + f.begin[2]))];
    });
  }

  void solve_coarsest(Level<Real>& level) {
    const BlockGrid& grid = level.plan->op.grid;
    if (!use_direct_) {
      std::ranges::fill(level.x, Real(0));
      return smooth_last(w_, [&](double w) { smooth(level, w); });
    }
    Eigen::VectorXd b(grid.cells());
    Eigen::Index at = 0;
    for_each(grid.n, [&](int i, int j, int k) {
      b[at++] = double(level.b[std::size_t(grid.index(i, j, k))]);
    });
    direct_.solveInPlace(b);
    at = 0;
    for_each(grid.n, [&](int i, int j, int k) {
      level.x[std::size_t(grid.index(i, j, k))] = Real(b[at++]);
    });
  }

  Hierarchy hierarchy_;
  std::vector<FaceRow> face_rows_;
  std::array<double, sweeps> w_;  ///< damping of the sweeps
  std::vector<Level<Real>> levels_;
  Eigen::LLT<Eigen::MatrixXd> direct_;
  bool use_direct_ = false;
};

}  // namespace

std::unique_ptr<ProximalCycle> make_proximal_cycle(const Mesh& mesh, bool single_precision) {
  if (single_precision) return std::make_unique<TypedProximalCycle<float>>(mesh);
  return std::make_unique<TypedProximalCycle<double>>(mesh);
}

}  // namespace otto::multigrid
