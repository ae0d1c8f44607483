// Coarse matrices of the proximal cycle against P^T A P made with dense matrices.

#include <gtest/gtest.h>

#include <Eigen/Dense>
#include <numeric>

#include "../../src/multigrid/collapse.h"
#include "../../src/multigrid/stencil_exchange.h"
#include "../../src/multigrid/transfer.h"
#include "dense.h"

namespace otto {
namespace {

using multigrid::Operator;
using multigrid::Stencil;

/// A box's block with its number of cells along each axis.
Operator block_of(const Mesh& mesh) {
  const BoxBlock& block = *mesh.box;
  Operator op;
  op.comm = mesh.comm;
  op.neighbour = block.neighbour;
  op.begin = block.begin;
  op.global = {block.cells(0), block.cells(1), block.cells(2)};
  op.grid = multigrid::BlockGrid(mesh.dimension, block.size);
  return op;
}

struct Sizes {
  std::array<std::int64_t, 3> n{1, 1, 1};
  std::array<bool, 3> periodic{};
  int dim = 1;
  [[nodiscard]] std::int64_t cells() const { return n[0] * n[1] * n[2]; }
  /// The number of the cell at `at`, periodic axes closed upon themselves; -1 beyond a wall.
  [[nodiscard]] std::int64_t number(std::array<std::int64_t, 3> at) const {
    for (std::size_t a = 0; a < 3; ++a) {
      if (periodic[a]) at[a] = ((at[a] % n[a]) + n[a]) % n[a];
      if (at[a] < 0 || at[a] >= n[a]) return -1;
    }
    return at[0] + n[0] * (at[1] + n[1] * at[2]);
  }
  template <class Visit>
  void each(Visit&& visit) const {
    for (std::int64_t k = 0; k < n[2]; ++k) {
      for (std::int64_t j = 0; j < n[1]; ++j) {
        for (std::int64_t i = 0; i < n[0]; ++i) visit(std::array{i, j, k});
      }
    }
  }
};

/// An entry made of the numbers of its row and column.
double entry(std::int64_t row, std::int64_t column) {
  const auto [low, high] = std::minmax(row, column);
  return test::noise({0.01 * double(low), 0.013 * double(high), 0}, 1);
}

/// The whole matrix, every pair of cells at most two apart along every axis.
Eigen::MatrixXd dense(const Sizes& s) {
  Eigen::MatrixXd A = Eigen::MatrixXd::Zero(s.cells(), s.cells());
  s.each([&](std::array<std::int64_t, 3> at) {
    multigrid::for_each_offset(s.dim, -1, [&](const multigrid::Offset& d) {
      const std::int64_t row = s.number(at),
                         column = s.number({at[0] + d[0], at[1] + d[1], at[2] + d[2]});
      if (column >= 0) A(row, column) = entry(row, column);
    });
  });
  return A;
}

/// Linear interpolation along axis a.
Eigen::MatrixXd interpolation(const Sizes& fine, const Sizes& coarse, std::size_t a) {
  Eigen::MatrixXd P = Eigen::MatrixXd::Zero(fine.cells(), coarse.cells());
  fine.each([&](std::array<std::int64_t, 3> at) {
    const std::int64_t i = at[a], row = fine.number(at);
    std::array<std::int64_t, 3> own = at, other = at;
    own[a] = i / 2;
    other[a] = i % 2 == 0 ? i / 2 - 1 : i / 2 + 1;
    const bool alone = i % 2 == 0 && i + 1 == fine.n[a];
    const bool beside_odd_end = fine.periodic[a] && fine.n[a] % 2 == 1 && i == 1;
    const bool whole = alone || beside_odd_end || coarse.number(other) < 0;
    P(row, coarse.number(own)) += whole ? 1 : 0.75;
    if (!whole) P(row, coarse.number(other)) += 0.25;
  });
  return P;
}

void check(const Sizes& s, const Mesh& mesh) {
  const Operator op = block_of(mesh);
  Stencil<double> A(multigrid::stencil_grid(op.grid));
  Sizes fine = s;
  Eigen::MatrixXd expected = dense(s);
  for (int c = 0; c < multigrid::stored_codes(s.dim); ++c) A.allocate(c);
  const auto global = [&](const Operator& of, std::int64_t i, std::int64_t j, std::int64_t k) {
    return std::array{i + of.begin[0], j + of.begin[1], k + of.begin[2]};
  };
  const auto each_entry = [&](const Operator& of, const Sizes& sizes, Stencil<double>& M,
                              auto&& visit) {
    multigrid::for_each(of.grid.n, [&](int i, int j, int k) {
      const auto at = global(of, i, j, k);
      multigrid::for_each_offset(sizes.dim, -1, [&](const multigrid::Offset& d) {
        const int code = multigrid::code_of(d);
        if (code < 0) return;
        const std::int64_t column = sizes.number({at[0] + d[0], at[1] + d[1], at[2] + d[2]});
        visit(M.entry(code)[M.grid.index(i, j, k)], sizes.number(at), column);
      });
    });
  };
  each_entry(op, fine, A, [&](double& value, std::int64_t row, std::int64_t column) {
    if (column >= 0) value = expected(row, column);
  });
  const auto fill = [](const Operator& of, Stencil<double>& M) {
    const auto arrays = M.arrays();
    multigrid::StencilExchange(of.comm, M.grid, of.neighbour)
        .fill(std::span<double* const>(arrays));
  };
  fill(op, A);
  Operator level = op;
  for (std::size_t a = 0; a < std::size_t(s.dim); ++a) {
    if (mesh.comm.any(level.begin[a] % 2 != 0)) return;  // such an axis is not coarsened
    Sizes coarse = fine;
    coarse.n[a] = (fine.n[a] + 1) / 2;
    const Eigen::MatrixXd P = interpolation(fine, coarse, a);
    expected = (P.transpose() * expected * P).eval();
    const multigrid::AxisWeights<double> weights(level, a);
    Operator next = level;
    next.begin[a] = level.begin[a] / 2;
    next.global[a] = coarse.n[a];
    auto n = level.grid.n;
    n[a] = (n[a] + 1) / 2;
    next.grid = multigrid::BlockGrid(s.dim, n);
    Stencil<double> C(multigrid::stencil_grid(next.grid));
    multigrid::allocate_collapsed(A, a, C);
    Stencil<double> beside = C;
    if (a == 0) {
      multigrid::collapse_rows(A.grid, 2, weights, multigrid::StoredRows<double>(A), C, beside);
    } else {
      multigrid::collapse_axis(A, a, weights, C, beside);
    }
    const auto arrays = beside.arrays();
    multigrid::StencilExchange halo(next.comm, C.grid, next.neighbour);
    halo.add_back(a, std::span<double* const>(arrays));
    multigrid::add_beside(beside, C);
    fill(next, C);
    // entries of one pair that a short periodic axis wraps around more than once add up
    Eigen::MatrixXd found = Eigen::MatrixXd::Zero(coarse.cells(), coarse.cells());
    each_entry(next, coarse, C, [&](double& value, std::int64_t row, std::int64_t column) {
      if (column < 0) {
        EXPECT_EQ(value, 0);
        return;
      }
      found(row, column) += value;
      if (column != row) found(column, row) += value;
    });
    mesh.comm.sum_in_place(std::span(found.data(), std::size_t(found.size())));
    EXPECT_LE((found - expected).cwiseAbs().maxCoeff(), 1e-12 * expected.cwiseAbs().maxCoeff())
        << s.n[0] << " x " << s.n[1] << " x " << s.n[2] << ", axis " << a;
    A = std::move(C);
    fine = coarse;
    level = next;
  }
}

void check(std::vector<std::int64_t> n, std::vector<bool> periodic = {}) {
  Sizes s;
  s.dim = int(n.size());
  std::ranges::copy(n, s.n.begin());
  std::ranges::copy(periodic, s.periodic.begin());
  check(s, make_box_mesh(Comm(), test::graded_box(n, 1, periodic)));
}

TEST(Stencil, CoarseMatrixIsTheGalerkinProduct) {
  check({40});
  check({41});
  check({17, 12});
  check({16, 21});
  check({9, 8, 7});
}

TEST(Stencil, GalerkinProductAcrossPeriodicEnds) {
  check({40}, {true});
  check({37}, {true});
  check({16, 13}, {true, false});
  check({12, 17}, {false, true});
}

}  // namespace
}  // namespace otto
