// With a_f = area/distance of a face f = K|L, n_f its direction and m_K = vol_K rho_K:
//
//   seam       the largest |V_L - V_K| of faces across a period against that of all others along the
//              same axis;
//   wall       g = -n.grad V at a wall cell, grad V by least squares over its neighbours; the mass pressed there is
//              rho_K max(area kT/g, vol_K), counted where kT/g is less than half the domain;
//   diffusion  E_f = (forward + backward)/(2 a_f) is kT and what the flux adds to it;
//              its mean along axis i is sum m_f n_i^2 E_f / sum m_f n_i^2, m_f = m_K + m_L;
//   step       the curvature of V at K is Lap_h V = sum_f a_f (V_L - V_K) / vol_K.

#include "otto/operators/cautions.h"

#include <fmt/format.h>

#include <Eigen/Dense>
#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <numeric>
#include <span>
#include <vector>

namespace otto {

namespace {

constexpr double straight = 0.9;  // cosine: two faces of a cell lie on one wall

Point across(const Mesh& mesh, std::size_t f) {
  const Point &K = mesh.center[std::size_t(mesh.faces.left[f])],
              &L = mesh.center[std::size_t(mesh.faces.right[f])];
  return {L[0] - K[0], L[1] - K[1], L[2] - K[2]};
}

std::size_t main_axis(const Point& n) {
  std::size_t axis = 0;
  for (std::size_t a = 1; a < 3; ++a) {
    if (std::abs(n[a]) > std::abs(n[axis])) axis = a;
  }
  return axis;
}

/// Ghosts that are seen from the other side of a period: their owner has them elsewhere. Collective.
std::vector<bool> moved_ghosts(const Mesh& mesh) {
  std::vector<bool> moved(std::size_t(mesh.local()), false);
  if (!mesh.comm.any(mesh.local() > mesh.owned)) return moved;
  for (std::size_t a = 0; a < std::size_t(mesh.dimension); ++a) {
    std::vector<double> x(moved.size());
    for (std::size_t i = 0; i < x.size(); ++i) x[i] = mesh.center[i][a];
    mesh.halo.update(mesh.comm, x);
    for (std::size_t i = 0; i < x.size(); ++i) {
      if (std::abs(x[i] - mesh.center[i][a]) > 1e-9 * (1 + std::abs(x[i]))) moved[i] = true;
    }
  }
  return moved;
}

double difference(const Generator& g, std::size_t f) {
  const Faces& faces = g.mesh().faces;
  return std::abs(g.external()[std::size_t(faces.right[f])] -
                  g.external()[std::size_t(faces.left[f])]);
}

double range_of(const Generator& g) {
  const auto V = g.external().first(std::size_t(g.mesh().owned));
  double low = INFINITY, high = -INFINITY;
  for (const double v : V) low = std::min(low, v), high = std::max(high, v);
  return g.mesh().comm.max(high) - g.mesh().comm.min(low);
}

/// Half the extent of the domain along each axis.
Point half_extent(const Mesh& mesh) {
  Point half{};
  for (std::size_t a = 0; a < std::size_t(mesh.dimension); ++a) {
    double low = INFINITY, high = -INFINITY;
    for (std::size_t i = 0; i < std::size_t(mesh.owned); ++i) {
      low = std::min(low, mesh.center[i][a]), high = std::max(high, mesh.center[i][a]);
    }
    half[a] = (mesh.comm.max(high) - mesh.comm.min(low)) / 2;
  }
  return half;
}

/// grad V in the cells at walls, by least squares of n.g = (V_L - V_K) / d over the faces of a cell; the
/// shortest g where they do not span the space. Empty matrices elsewhere.
class WallGradients {
 public:
  explicit WallGradients(const Generator& g) : place_(std::size_t(g.mesh().local()), nowhere) {
    const Mesh& mesh = g.mesh();
    for (const std::int32_t cell : mesh.boundary.cell) {
      std::int32_t& place = place_[std::size_t(cell)];
      if (place != nowhere) continue;
      place = std::int32_t(sums_.size());
      sums_.emplace_back();
    }
    for (std::size_t f = 0; f < std::size_t(mesh.faces.size()); ++f) {
      const auto left = std::size_t(mesh.faces.left[f]), right = std::size_t(mesh.faces.right[f]);
      if (place_[left] == nowhere && place_[right] == nowhere) continue;
      const Point x = across(mesh, f);
      const Eigen::Vector3d n = Eigen::Map<const Eigen::Vector3d>(x.data()).normalized();
      const double slope = (g.external()[right] - g.external()[left]) / mesh.faces.distance[f];
      for (const std::size_t cell : {left, right}) {
        if (place_[cell] == nowhere) continue;
        Sums& sums = sums_[std::size_t(place_[cell])];
        sums.N += n * n.transpose();
        sums.b += slope * n;
      }
    }
    Eigen::CompleteOrthogonalDecomposition<Eigen::MatrixXd> shortest(3, 3);
    for (Sums& sums : sums_) {
      const Eigen::VectorXd b = sums.b;
      sums.b = shortest.compute(sums.N).solve(b);
    }
  }

  /// The fall of V per length towards the wall.
  [[nodiscard]] double fall(std::int32_t cell, const Point& normal) const {
    const Sums& sums = sums_[std::size_t(place_[std::size_t(cell)])];
    return -sums.b.dot(Eigen::Map<const Eigen::Vector3d>(normal.data()));
  }

 private:
  struct Sums {
    Eigen::Matrix3d N = Eigen::Matrix3d::Zero();
    Eigen::Vector3d b = Eigen::Vector3d::Zero();  // then g
  };
  static constexpr std::int32_t nowhere = -1;
  std::vector<std::int32_t> place_;  // of each local cell in sums_
  std::vector<Sums> sums_;
};

/// Of the faces that a cell has on one straight wall, the part that each is.
std::vector<double> parts_of_wall(const BoundaryFaces& walls) {
  std::vector<std::size_t> by_cell(std::size_t(walls.size()));
  std::iota(by_cell.begin(), by_cell.end(), std::size_t{0});
  std::ranges::stable_sort(by_cell, {}, [&](std::size_t b) { return walls.cell[b]; });
  std::vector<double> part(by_cell.size());
  for (std::size_t begin = 0, end = 0; begin < by_cell.size(); begin = end) {
    const std::int32_t cell = walls.cell[by_cell[begin]];
    while (end < by_cell.size() && walls.cell[by_cell[end]] == cell) ++end;
    const std::span<const std::size_t> of_cell(&by_cell[begin], end - begin);
    for (const std::size_t b : of_cell) {
      double area = 0;
      for (const std::size_t other : of_cell) {
        double cosine = 0;
        for (std::size_t a = 0; a < 3; ++a) cosine += walls.normal[b][a] * walls.normal[other][a];
        if (cosine > straight) area += walls.area[other];
      }
      part[b] = walls.area[b] / area;
    }
  }
  return part;
}

}  // namespace

std::optional<std::string> seam_caution(const Generator& g, const CautionLimits& limits) {
  const Mesh& mesh = g.mesh();
  const double unit = g.temperature() > 0 ? g.temperature() : range_of(g);
  const std::vector<bool> moved = moved_ghosts(mesh);
  if (!mesh.comm.any(!mesh.faces.moved.empty() || std::ranges::find(moved, true) != moved.end())) {
    return std::nullopt;
  }
  Point seam{}, inside{};  // the largest differences by the axis that a face looks along most
  std::vector<const Point*> vector(std::size_t(mesh.faces.size()), nullptr);
  for (const Faces::Moved& m : mesh.faces.moved) vector[std::size_t(m.face)] = &m.across;
  for (std::size_t f = 0; f < std::size_t(mesh.faces.size()); ++f) {
    const bool crosses = vector[f] || moved[std::size_t(mesh.faces.left[f])] ||
                         moved[std::size_t(mesh.faces.right[f])];
    double& max = (crosses ? seam : inside)[main_axis(vector[f] ? *vector[f] : across(mesh, f))];
    max = std::max(max, difference(g, f));
  }
  double jump = 0;
  for (std::size_t a = 0; a < std::size_t(mesh.dimension); ++a) {
    const double max = mesh.comm.max(seam[a]);
    if (max > limits.seam_factor * mesh.comm.max(inside[a])) jump = std::max(jump, max);
  }
  if (!(jump > limits.seam_part * unit)) return std::nullopt;
  return fmt::format(
      "V jumps by {:.3g} across a periodic seam: it is not periodic there, and the seam acts as a "
      "step of that height; give V the period of the mesh, or the mesh walls",
      jump);
}

std::optional<std::string> wall_caution(const Generator& g, std::span<const double> density,
                                        const CautionLimits& limits) {
  const Mesh& mesh = g.mesh();
  if (g.absorbs()) return std::nullopt;
  const WallGradients gradients(g);
  const std::vector<double> part = parts_of_wall(mesh.boundary);
  const Point half = half_extent(mesh);
  // per side, the last has no name: the mass in the layers, and their volume
  const std::size_t nameless = mesh.boundary_names.size();
  std::vector<double> pressed(nameless + 1), volume(nameless + 1);
  for (std::size_t b = 0; b < std::size_t(mesh.boundary.size()); ++b) {
    const auto K = std::size_t(mesh.boundary.cell[b]);
    const Point& n = mesh.boundary.normal[b];
    const double fall = gradients.fall(mesh.boundary.cell[b], n);
    const double reach =
        std::abs(n[0]) * half[0] + std::abs(n[1]) * half[1] + std::abs(n[2]) * half[2];
    if (!(fall > 0) || g.temperature() > fall * reach) continue;
    const double layer = mesh.boundary.area[b] * g.temperature() / fall;  // its volume
    std::size_t side = nameless;  // of several names the first
    for_each_name(mesh.boundary.tag[b], side, mesh.boundary_sets, [&](std::int32_t name) {
      if (side == nameless) side = std::size_t(name);
    });
    volume[side] += layer;
    pressed[side] += density[K] * std::max(layer, part[b] * mesh.volume[K]);
  }
  mesh.comm.sum_in_place(pressed);
  mesh.comm.sum_in_place(volume);
  const double mass = integral(mesh, density);
  const double whole =
      integral(mesh, std::vector<double>(std::size_t(mesh.owned), 1.0)) * limits.wall_layer;
  for (std::size_t side = 0; side <= nameless; ++side) {
    if (volume[side] > whole) pressed[side] = 0;
  }
  const auto max = std::max_element(pressed.begin(), pressed.end());
  if (!(*max > limits.wall_share * mass)) return std::nullopt;
  const auto side = std::size_t(max - pressed.begin());
  return fmt::format(
      "V presses {:.0f} % of the mass against the wall{}; where that wall is not part of the "
      "problem, the mesh is too small",
      100 * std::min(*max / mass, 1.0), side < nameless ? " " + mesh.boundary_names[side] : "s");
}

std::optional<std::string> diffusion_caution(const Generator& g, std::span<const double> density,
                                             const CautionLimits& limits) {
  const Mesh& mesh = g.mesh();
  if (!(g.temperature() > 0) || g.heat() || g.correction() || mesh.couplings) return std::nullopt;
  std::array<double, 6> sums{};  // of m n_i^2 D/kT, then of m n_i^2
  const auto mass = [&](std::int32_t cell) {
    return cell < mesh.owned ? mesh.volume[std::size_t(cell)] * density[std::size_t(cell)] : 0.0;
  };
  for (std::size_t f = 0; f < std::size_t(mesh.faces.size()); ++f) {
    const double m = mass(mesh.faces.left[f]) + mass(mesh.faces.right[f]);
    const double a = g.transmissibility()[f];
    if (!(a > 0)) continue;
    const double diffusion = (g.forward()[f] + g.backward()[f]) / (2 * a * g.temperature());
    const Point n = across(mesh, f);
    const double m_d2 = m / (mesh.faces.distance[f] * mesh.faces.distance[f]);
    for (std::size_t i = 0; i < 3; ++i) {
      const double weight = m_d2 * n[i] * n[i];
      sums[i] += weight * diffusion;
      sums[3 + i] += weight;
    }
  }
  mesh.comm.sum_in_place(sums);
  double excess = 0;
  for (std::size_t i = 0; i < 3; ++i) {
    if (sums[3 + i] > 0) excess = std::max(excess, sums[i] / sums[3 + i] - 1);
  }
  if (!(excess > limits.excess_diffusion)) return std::nullopt;
  return fmt::format(
      "where the mass is the cells are too wide for the forces: the flux diffuses {:.2g} times as "
      "much as the temperature does (cell Peclet numbers far above 2); take finer cells{}",
      1 + excess, mesh.box ? ", or flux.kind = \"fourth_order\"" : "");
}

namespace {

/// Length of the shortest way through neighbouring cells from one whose `distance` is 0, on all
/// cells; beyond `reach` infinite.
void spread(const Mesh& mesh, double reach, std::vector<double>& distance) {
  const auto& faces = mesh.faces;
  for (bool changed = true; changed;) {
    changed = false;
    mesh.halo.update(mesh.comm, distance);
    const auto pass = [&](std::size_t from, std::size_t to, double length) {
      if (!(distance[from] + length < std::min(distance[to], reach))) return;
      distance[to] = distance[from] + length;
      changed = changed || to < std::size_t(mesh.owned);
    };
    for (std::size_t f = 0; f < std::size_t(faces.size()); ++f) {
      const auto K = std::size_t(faces.left[f]), L = std::size_t(faces.right[f]);
      pass(K, L, faces.distance[f]);
      pass(L, K, faces.distance[f]);
    }
    changed = mesh.comm.any(changed);
  }
}

}  // namespace

// A step of tau pays d^2/2 tau for a way d: for kT it goes as far as d = sqrt(2 tau kT). Mass that has
// left the tops stands beside them.
std::optional<std::string> step_caution(const Generator& g, std::span<const double> density,
                                        double tau, const CautionLimits& limits) {
  const Mesh& mesh = g.mesh();
  const auto owned = std::size_t(mesh.owned);
  constexpr double far = std::numeric_limits<double>::infinity();
  std::vector<double> curvature(std::size_t(mesh.local())), distance(curvature.size(), far);
  for (std::size_t f = 0; f < std::size_t(mesh.faces.size()); ++f) {
    const auto K = std::size_t(mesh.faces.left[f]), L = std::size_t(mesh.faces.right[f]);
    const double rise = mesh.faces.transmissibility[f] * (g.external()[L] - g.external()[K]);
    curvature[K] += rise;
    curvature[L] -= rise;
  }
  double max = 0;
  for (std::size_t i = 0; i < owned; ++i) {
    const double negative = -curvature[i] / mesh.volume[i] * tau;
    if (negative > 1) distance[i] = 0;
  }
  // wall cells: V is taken to end level there, which is no curvature of its own
  for (const std::int32_t cell : mesh.boundary.cell) distance[std::size_t(cell)] = far;
  if (!mesh.comm.any(std::ranges::find(distance, 0.0) != distance.end())) return std::nullopt;
  spread(mesh, std::sqrt(2 * tau * g.temperature()), distance);
  std::vector<double> near(owned);
  for (std::size_t i = 0; i < owned; ++i) {
    if (distance[i] < far) near[i] = density[i];
    if (distance[i] == 0) max = std::max(max, -curvature[i] / mesh.volume[i] * tau);
  }
  const double share = integral(mesh, near) / integral(mesh, density);
  max = mesh.comm.max(max);
  if (!(share > limits.curved_share)) return std::nullopt;
  return fmt::format(
      "{:.0f} % of the mass lies where V curves down by up to {:.2g}/tau, or as near as a step "
      "goes "
      "for kT: steps of tau = {:.3g} may pass over barriers that the flow stops at; a time.step of "
      "{:.2g} would follow it",
      100 * share, max, tau, tau / max);
}

}  // namespace otto
