#include "otto/learn/face_gradient.h"

#include <cmath>
#include <vector>

#include "otto/core/random.h"
#include "otto/core/reproducible_sum.h"
#include "otto/learn/cell_blocks.h"

namespace otto {

namespace {

/// Owned cells with ghosts: U, and the densities of the masses rho.
struct Fields {
  Fields(const Mesh& mesh, std::span<const double> energy, std::span<const double> rho)
      : U(energy.begin(), energy.end()), r(rho.begin(), rho.end()) {
    for (std::size_t k = 0; k < r.size(); ++k) r[k] /= mesh.volume[k];
    for (auto* field : {&U, &r}) {
      field->resize(std::size_t(mesh.local()));
      mesh.halo.update(mesh.comm, *field);
    }
  }
  std::vector<double> U, r;
};

/// visit(K, L, a) for every face, once from each side whose cell K is owned: half a sum over faces.
template <class Visit>
void for_each_side(const Mesh& mesh, Visit&& visit) {
  const Faces& faces = mesh.faces;
  for (std::size_t f = 0; f < std::size_t(faces.size()); ++f) {
    const double a = faces.transmissibility[f];
    const std::int32_t left = faces.left[f], right = faces.right[f];
    if (left < mesh.owned) visit(std::size_t(left), std::size_t(right), a);
    if (right < mesh.owned) visit(std::size_t(right), std::size_t(left), a);
  }
}

/// Index of the cell's row along axis a from its global number; x runs fastest.
std::int64_t index_along(const Box& box, std::int64_t number, int axis) {
  for (int a = 0; a < axis; ++a) number /= box.cells(a);
  return number % box.cells(axis);
}

constexpr std::uint64_t stream = 0x6763;  // of this file's random numbers

}  // namespace

double logarithmic_mean(double a, double b) {
  if (!(a > 0 && b > 0)) return 0;
  // with x = (a - b)/(a + b): (a + b)/2 x / artanh x, whose series is used near x = 0
  const double x = (a - b) / (a + b), x2 = x * x;
  if (x2 < 1e-6) return 0.5 * (a + b) * (1 - x2 / 3 - 4 * x2 * x2 / 45);
  return (a - b) / std::log(a / b);
}

double gradient_square(const Mesh& mesh, std::span<const double> U, std::span<const double> rho) {
  const Fields x(mesh, U, rho);
  ReproducibleSum sum;
  for_each_side(mesh, [&](std::size_t K, std::size_t L, double a) {
    const double D = x.U[K] - x.U[L];
    sum += 0.5 * a * logarithmic_mean(x.r[K], x.r[L]) * D * D;
  });
  return sum_of_all(mesh.comm, sum);
}

double add_gradient_penalty(const Mesh& mesh, std::span<const double> U,
                            std::span<const double> rho, double lambda, bool laplacian,
                            std::span<double> c) {
  const Fields x(mesh, U, rho);
  ReproducibleSum sum;
  for_each_side(mesh, [&](std::size_t K, std::size_t L, double a) {
    const double D = x.U[K] - x.U[L], weight = lambda * a;
    const double slope = weight * logarithmic_mean(x.r[K], x.r[L]) * D;
    const double curved = laplacian ? weight * (x.r[K] - x.r[L]) : 0;
    sum += 0.5 * (0.5 * slope + curved) * D;
    c[K] += slope + curved;
  });
  return sum_of_all(mesh.comm, sum);
}

double gradient_square_between(const Mesh& mesh, const Network& network,
                               std::span<const double> rho, std::uint64_t seed) {
  const Box& box = mesh.box->box;
  const CellBlocks cells(mesh);
  const std::vector<double> mass = cells.to_blocks(rho);
  std::vector<Point> points(mass.size(), Point{}), slope(mass.size());
  for (std::size_t k = 0; k < points.size(); ++k) {
    const std::int64_t number = cells.first() + std::int64_t(k);
    for (int a = 0; a < box.dimension; ++a) {
      const auto& nodes = box.nodes[std::size_t(a)];
      const auto i = std::size_t(index_along(box, number, a));
      const double u =
          RandomAt(seed, stream + std::uint64_t(a), std::uint64_t(number)).uniform()[0];
      points[k][std::size_t(a)] = nodes[i] + u * (nodes[i + 1] - nodes[i]);
    }
  }
  mesh.comm.together([&] {
    for (std::size_t begin = 0; begin < points.size(); begin += CellBlocks::size) {
      const std::size_t count = std::min(std::size_t(CellBlocks::size), points.size() - begin);
      network.gradient(std::span(points).subspan(begin, count),
                       std::span(slope).subspan(begin, count));
    }
  });
  ReproducibleSum sum;
  for (std::size_t k = 0; k < points.size(); ++k) {
    sum += mass[k] *
           (slope[k][0] * slope[k][0] + slope[k][1] * slope[k][1] + slope[k][2] * slope[k][2]);
  }
  return sum_of_all(mesh.comm, sum);
}

}  // namespace otto
