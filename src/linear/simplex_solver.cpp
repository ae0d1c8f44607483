#include "otto/linear/simplex_solver.h"

#include <algorithm>
#include <vector>

#include "assembled.h"
#include "krylov.h"

namespace otto {

namespace {

constexpr std::size_t max_cells = 4;  ///< of a group

/// The matrix as this rank's groups contribute to it, rows of ghosts included: one place for each
/// pair of cells that share a group.
class GroupMatrix {
 public:
  explicit GroupMatrix(const SimplexFlux& flux) : flux_(flux) {
    const Mesh& mesh = flux.mesh();
    std::vector<std::uint64_t> pairs;
    const auto packed = [](std::int32_t row, std::int32_t column) {
      return (std::uint64_t(std::uint32_t(row)) << 32) | std::uint32_t(column);
    };
    for (std::int32_t K = 0; K < mesh.local(); ++K) pairs.push_back(packed(K, K));
    for (const auto& g : flux.groups()) {
      for_each_entry(g, [&](std::int32_t row, std::int32_t column) {
        if (row != column) pairs.push_back(packed(row, column));
      });
    }
    std::ranges::sort(pairs);
    pairs.erase(std::unique(pairs.begin(), pairs.end()), pairs.end());
    for (const std::uint64_t p : pairs) {
      row_.push_back(std::int32_t(p >> 32));
      column_.push_back(std::int32_t(p & 0xffffffffU));
    }
    std::vector<std::size_t> first(std::size_t(mesh.local()) + 1, row_.size());
    for (std::size_t e = row_.size(); e-- > 0;) first[std::size_t(row_[e])] = e;
    const auto find = [&](std::int32_t row, std::int32_t column) {
      const auto begin = column_.begin() + std::ptrdiff_t(first[std::size_t(row)]),
                 end = column_.begin() + std::ptrdiff_t(first[std::size_t(row) + 1]);
      return std::int32_t(std::lower_bound(begin, end, column) - column_.begin());
    };
    for (std::int32_t K = 0; K < mesh.local(); ++K) diagonal_.push_back(find(K, K));
    for (const auto& g : flux.groups()) {
      for_each_entry(
          g, [&](std::int32_t row, std::int32_t column) { place_.push_back(find(row, column)); });
    }
    A_.resize(row_.size());
    K_.resize(row_.size());
  }

  [[nodiscard]] const std::vector<std::int32_t>& rows() const { return row_; }
  [[nodiscard]] const std::vector<std::int32_t>& columns() const { return column_; }
  [[nodiscard]] const std::vector<double>& A() const { return A_; }
  [[nodiscard]] const std::vector<double>& K() const { return K_; }

  void fill(double c, std::span<const double> omega, std::span<const double> rho,
            std::span<const double> mu, std::span<const double> dmu) {
    std::ranges::fill(K_, 0.0);
    std::ranges::fill(A_, 0.0);
    for (std::size_t k = 0; k < omega.size(); ++k)
      K_[std::size_t(diagonal_[k])] = omega[k] / dmu[k];
    const std::int32_t* place = place_.data();
    for (const auto& g : flux_.groups()) {
      const auto n = std::size_t(g.cells);
      const double density = c * mean_over(g, rho);
      std::array<double, max_cells> flow{};
      for_each_pair(g, [&](std::size_t i, std::size_t j, double s) {
        const double F = s * (mu[std::size_t(g.cell[i])] - mu[std::size_t(g.cell[j])]);
        flow[i] += F;
        flow[j] -= F;
        K_[std::size_t(place[i * n + i])] += density * s;
        K_[std::size_t(place[j * n + j])] += density * s;
        K_[std::size_t(place[i * n + j])] -= density * s;
        K_[std::size_t(place[j * n + i])] -= density * s;
      });
      for (std::size_t j = 0; j < n; ++j) {
        const double share = c / (g.cells * dmu[std::size_t(g.cell[j])]);
        for (std::size_t i = 0; i < n; ++i) A_[std::size_t(place[i * n + j])] += share * flow[i];
      }
      place += n * n;
    }
    for (std::size_t e = 0; e < K_.size(); ++e) A_[e] += K_[e];
  }

  /// The diagonal of K, of all ranks together: local cells, ghosts up to date.
  void diagonal(std::vector<double>& D) const {
    const Mesh& mesh = flux_.mesh();
    D.resize(std::size_t(mesh.local()));
    for (std::size_t K = 0; K < D.size(); ++K) D[K] = K_[std::size_t(diagonal_[K])];
    mesh.halo.add_ghosts(mesh.comm, D);
    mesh.halo.update(mesh.comm, D);
  }

 private:
  template <class Visit>
  static void for_each_entry(const SimplexFlux::Group& g, Visit&& visit) {
    for (std::size_t i = 0; i < std::size_t(g.cells); ++i) {
      for (std::size_t j = 0; j < std::size_t(g.cells); ++j) visit(g.cell[i], g.cell[j]);
    }
  }

  const SimplexFlux& flux_;
  std::vector<std::int32_t> row_, column_;  ///< by row, then column
  std::vector<std::int32_t> diagonal_;      ///< of each local cell
  std::vector<std::int32_t> place_;         ///< of the entries of the groups, row by row
  std::vector<double> A_, K_;
};

}  // namespace

struct SimplexSolver::Impl {
  Impl(const SimplexFlux& flux, SolverOptions options)
      : mesh(flux.mesh()),
        local(flux),
        krylov(mesh.comm.handle(), std::size_t(mesh.owned),
               {.prefix = "simplex_", .rtol = options.rtol, .whole = whole_mesh(mesh, options)}) {
    make_pattern(mesh.comm.handle());
  }

  void make_pattern(MPI_Comm comm) {
    std::vector<double> number(std::size_t(mesh.local()));
    const std::int64_t first = mesh.comm.offset(mesh.owned);
    for (std::size_t k = 0; k < std::size_t(mesh.owned); ++k) number[k] = double(first) + double(k);
    mesh.halo.update(mesh.comm, number);
    std::vector<PetscInt> rows, columns;
    for (const auto k : local.rows()) rows.push_back(PetscInt(number[std::size_t(k)]));
    for (const auto L : local.columns()) columns.push_back(PetscInt(number[std::size_t(L)]));
    for (MatOwner* M : {&A, &K}) {
      std::vector<PetscInt> i = rows, j = columns;  // PETSc sorts them
      check(MatCreate(comm, M->out()));
      check(MatSetSizes(*M, mesh.owned, mesh.owned, PETSC_DETERMINE, PETSC_DETERMINE));
      check(MatSetType(*M, MATAIJ));
      check(MatSetPreallocationCOO(*M, PetscCount(i.size()), i.data(), j.data()));
    }
    check(MatSetOption(K, MAT_SPD, PETSC_TRUE));
  }

  const Mesh& mesh;
  GroupMatrix local;
  std::vector<double> D;
  MatOwner A, K;
  KrylovSolver krylov;
};

SimplexSolver::SimplexSolver(const SimplexFlux& flux, SolverOptions options)
    : impl_(std::make_unique<Impl>(flux, options)) {}
SimplexSolver::~SimplexSolver() = default;

void SimplexSolver::set(double c, std::span<const double> omega, std::span<const double> rho,
                        std::span<const double> mu, std::span<const double> dmu) {
  Impl& own = *impl_;
  own.local.fill(c, omega, rho, mu, dmu);
  own.local.diagonal(own.D);
  check(MatSetValuesCOO(own.A, own.local.A().data(), INSERT_VALUES));
  check(MatSetValuesCOO(own.K, own.local.K().data(), INSERT_VALUES));
  own.krylov.set_matrix(own.A, own.K);
}

std::span<const double> SimplexSolver::diagonal() const { return impl_->D; }

SolveReport SimplexSolver::solve(std::span<const double> rhs, std::span<double> z, double rtol) {
  return impl_->krylov.solve(rhs, z, rtol);
}

}  // namespace otto
