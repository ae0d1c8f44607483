#include "otto/infer/scattered_plate.h"

#include <fmt/format.h>

#include <Eigen/SVD>
#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <vector>

#include "../linear/assembled.h"
#include "../linear/vector_arrays.h"
#include "otto/core/error.h"
#include "otto/core/random.h"

namespace otto {

namespace {

constexpr std::uint64_t stream = 0x7470;  ///< of random(), one per kind of row after it

/// Cells around one, by their numbers in PETSc's order, and the way to each of them.
using Around = std::map<std::int64_t, Point>;

Point sum(const Point& a, const Point& b) { return {a[0] + b[0], a[1] + b[1], a[2] + b[2]}; }

/// What lies within so many neighbours of every local cell.
class Rings {
 public:
  explicit Rings(const Mesh& mesh) : mesh_(mesh), next_(std::size_t(mesh.owned)) {
    std::vector<double> number(std::size_t(mesh.local()));
    const std::int64_t first = mesh.comm.offset(mesh.owned);
    for (std::size_t k = 0; k < next_.size(); ++k) number[k] = double(first) + double(k);
    mesh.halo.update(mesh.comm, number);
    for (const double x : number) around_.push_back({{std::int64_t(x), Point{}}});
    for (std::size_t f = 0; f < std::size_t(mesh.faces.size()); ++f) {
      const std::int32_t l = mesh.faces.left[f], r = mesh.faces.right[f];
      if (l < mesh.owned) next_[std::size_t(l)].push_back(r);
      if (r < mesh.owned) next_[std::size_t(r)].push_back(l);
    }
  }

  /// The cell itself stands in it.
  [[nodiscard]] const Around& of(std::size_t owned) const { return around_[owned]; }
  [[nodiscard]] std::int64_t number(std::size_t owned) const {
    return first_ + std::int64_t(owned);
  }

  /// One neighbour further. Collective.
  void grow() {
    std::vector<Around> wider(around_.size());
    for (std::size_t k = 0; k < next_.size(); ++k) {
      wider[k] = around_[k];
      for (const std::int32_t l : next_[k]) {
        Point way{};
        for (std::size_t a = 0; a < 3; ++a) {
          way[a] = mesh_.center[std::size_t(l)][a] - mesh_.center[k][a];
        }
        for (const auto& [cell, from_l] : around_[std::size_t(l)]) {
          wider[k].emplace(cell, sum(way, from_l));
        }
      }
    }
    around_ = std::move(wider);
    tell();
  }

 private:
  /// Those of the ghosts, by their owners.
  void tell() {
    const std::size_t owned = next_.size(), n = around_.size();
    std::vector<std::vector<std::pair<std::int64_t, Point>>> lists(owned);
    std::int64_t longest = 0;
    for (std::size_t k = 0; k < owned; ++k) {
      lists[k].assign(around_[k].begin(), around_[k].end());
      longest = std::max(longest, std::int64_t(lists[k].size()));
    }
    longest = mesh_.comm.max(longest);
    std::array<std::vector<double>, 4> told;
    for (std::size_t i = 0; i < std::size_t(longest); ++i) {
      for (auto& t : told) t.assign(n, -1);
      for (std::size_t k = 0; k < owned; ++k) {
        if (i >= lists[k].size()) continue;
        told[0][k] = double(lists[k][i].first);
        for (std::size_t a = 0; a < 3; ++a) told[a + 1][k] = lists[k][i].second[a];
      }
      for (auto& t : told) mesh_.halo.update(mesh_.comm, t);
      for (std::size_t k = owned; k < n; ++k) {
        if (told[0][k] < 0) continue;
        around_[k].emplace(std::int64_t(told[0][k]), Point{told[1][k], told[2][k], told[3][k]});
      }
    }
  }

  const Mesh& mesh_;
  std::vector<std::vector<std::int32_t>> next_;  // of owned cells
  std::vector<Around> around_;                   // of local cells
  std::int64_t first_ = mesh_.comm.offset(mesh_.owned);
};

/// One row of G: so much of each cell.
using Row = std::vector<std::pair<std::int64_t, double>>;

/// Q of the values around a cell, one row per entry; none where these do not determine it.
std::vector<Row> second_derivatives(const Around& around, std::int64_t self, int dimension,
                                    double determined) {
  const auto d = Eigen::Index(dimension), unknowns = d + d * (d + 1) / 2;
  const auto count = Eigen::Index(around.size()) - 1;
  if (count < unknowns) return {};
  double size = 0;
  for (const auto& [cell, way] : around) {
    size = std::max(size, std::hypot(way[0], way[1], way[2]));
  }
  Eigen::MatrixXd A(count, unknowns);
  Eigen::VectorXd weight(count);
  Eigen::Index i = 0;
  for (const auto& [cell, way] : around) {
    if (cell == self) continue;
    const double r = std::hypot(way[0], way[1], way[2]) / size;
    weight[i] = 1 / (r * r);
    Eigen::Index column = 0;
    for (std::size_t a = 0; a < std::size_t(d); ++a) A(i, column++) = way[a] / size;
    for (std::size_t a = 0; a < std::size_t(d); ++a) {
      A(i, column++) = 0.5 * way[a] * way[a] / (size * size);
    }
    for (std::size_t b = 1; b < std::size_t(d); ++b) {
      for (std::size_t a = 0; a < b; ++a) A(i, column++) = way[a] * way[b] / (size * size);
    }
    ++i;
  }
  const Eigen::JacobiSVD<Eigen::MatrixXd> svd(weight.asDiagonal() * A,
                                              Eigen::ComputeThinU | Eigen::ComputeThinV);
  const auto& s = svd.singularValues();
  if (!(s[unknowns - 1] > determined * s[0])) return {};
  const Eigen::MatrixXd inverse = svd.matrixV() * s.cwiseInverse().asDiagonal() *
                                  svd.matrixU().transpose() * weight.asDiagonal();
  std::vector<Row> rows;
  for (Eigen::Index q = d; q < unknowns; ++q) {
    const double factor = (q < 2 * d ? 1 : std::sqrt(2.0)) / (size * size);
    Row row;
    double sum = 0;
    i = 0;
    for (const auto& [cell, way] : around) {
      if (cell == self) continue;
      row.emplace_back(cell, factor * inverse(q, i));
      sum += factor * inverse(q, i++);
    }
    row.emplace_back(self, -sum);
    rows.push_back(std::move(row));
  }
  return rows;
}

}  // namespace

struct ScatteredPlate::Impl {
  explicit Impl(const Mesh& m)
      : mesh(m), kinds(std::size_t(m.dimension) * std::size_t(m.dimension + 1) / 2) {}

  [[nodiscard]] std::size_t owned() const { return std::size_t(mesh.owned); }
  void assemble(const std::vector<std::vector<Row>>& rows_of);

  const Mesh& mesh;
  std::size_t kinds;  ///< rows of each cell
  MatOwner G;
  VecOwner cells, rows;
};

void ScatteredPlate::Impl::assemble(const std::vector<std::vector<Row>>& rows_of) {
  std::vector<PetscInt> at, columns;
  std::vector<PetscScalar> values;
  PetscInt row = PetscInt(mesh.comm.offset(mesh.owned)) * PetscInt(kinds);
  for (std::size_t k = 0; k < owned(); ++k) {
    for (const Row& entries : rows_of[k]) {
      for (const auto& [cell, value] : entries) {
        at.push_back(row);
        columns.push_back(PetscInt(cell));
        values.push_back(value * std::sqrt(mesh.volume[k]));
      }
      ++row;
    }
  }
  const auto height = PetscInt(owned() * kinds), width = PetscInt(owned());
  check(MatCreate(mesh.comm.handle(), G.out()));
  check(MatSetSizes(G, height, width, PETSC_DETERMINE, PETSC_DETERMINE));
  check(MatSetType(G, MATAIJ));
  check(MatSetPreallocationCOO(G, PetscCount(at.size()), at.data(), columns.data()));
  check(MatSetValuesCOO(G, values.data(), INSERT_VALUES));
  check(MatCreateVecs(G, cells.out(), rows.out()));
}

ScatteredPlate::ScatteredPlate(const Mesh& mesh, const ScatteredPlateOptions& options)
    : impl_(std::make_unique<Impl>(mesh)) {
  const std::size_t n = impl_->owned();
  std::vector<std::vector<Row>> rows(n);
  Rings rings(mesh);
  std::int64_t missing = 1;
  for (int ring = 0; ring < options.max_rings && missing > 0; ++ring) {
    rings.grow();
    std::int64_t left = 0;
    for (std::size_t k = 0; k < n; ++k) {
      if (!rows[k].empty()) continue;
      rows[k] =
          second_derivatives(rings.of(k), rings.number(k), mesh.dimension, options.determined);
      left += rows[k].empty() ? 1 : 0;
    }
    missing = mesh.comm.sum(left);
  }
  if (missing > 0) {
    throw InputError(fmt::format(
        "{} of {} cells have too few others around them for second derivatives, which the prior of "
        "an unknown external energy takes; refine the mesh",
        missing, mesh.global_cells));
  }
  impl_->assemble(rows);
}

ScatteredPlate::~ScatteredPlate() = default;

void ScatteredPlate::apply(std::span<const double> V, std::span<double> out) const {
  load(V, impl_->cells);
  check(MatMult(impl_->G, impl_->cells, impl_->rows));
  check(MatMultTranspose(impl_->G, impl_->rows, impl_->cells));
  store(impl_->cells, out);
}

double ScatteredPlate::energy(std::span<const double> V) const {
  load(V, impl_->cells);
  check(MatMult(impl_->G, impl_->cells, impl_->rows));
  double norm = 0;
  check(VecNorm(impl_->rows, NORM_2, &norm));
  return norm * norm;
}

void ScatteredPlate::random(std::uint64_t seed, std::uint64_t draw, std::span<double> out) const {
  const Mesh& mesh = impl_->mesh;
  std::vector<double> eta;
  for (std::size_t k = 0; k < impl_->owned(); ++k) {
    for (std::size_t kind = 0; kind < impl_->kinds; ++kind) {
      const std::uint64_t which = (stream + kind) << 32 | draw;
      eta.push_back(RandomAt(seed, which, std::uint64_t(mesh.global[k])).normal()[0]);
    }
  }
  load(eta, impl_->rows);
  check(MatMultTranspose(impl_->G, impl_->rows, impl_->cells));
  store(impl_->cells, out);
}

}  // namespace otto
