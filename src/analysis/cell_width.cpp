#include "cell_width.h"

#include <Eigen/Dense>
#include <algorithm>
#include <cmath>
#include <numbers>

namespace otto {

namespace {

constexpr double per_fall = 1.0 / 24;  // of Euler and Maclaurin
constexpr double max_steep = 25;  // s^2 from where on q is no longer that of a neighbour's face
constexpr double per_steepness = 1.0 / 8;  // what s^2 changes in a swerve, at most

bool equal_cells(const Generator& generator) {
  const Mesh& mesh = generator.mesh();
  return mesh.box && mesh.faces.geometric.empty() && !generator.driven() &&
         std::ranges::all_of(mesh.box->uniform, [](bool equal) { return equal; }) &&
         sides_absorb_only(generator.exchange());
}

/// area / distance without a diffusion.
double shape_of(const Faces& faces, std::size_t f) {
  return faces.geometric.empty() ? faces.transmissibility[f] : faces.geometric[f];
}

}  // namespace

CellWidth::CellWidth(const Generator& generator, const Quotient& quotient,
                     const CellWidthOptions& options)
    : generator_(generator),
      quotient_(quotient),
      mesh_(generator.mesh()),
      options_(options),
      equal_cells_(!mesh_.comm.any(!equal_cells(generator))),
      bends_(generator) {}

CellWidth::Field CellWidth::field(const std::vector<double>& shape) const {
  Field field{shape, {}};
  field.u.resize(std::size_t(mesh_.local()));
  mesh_.halo.update(mesh_.comm, field.u);
  const auto d = std::size_t(mesh_.dimension);
  for (std::size_t a = 0; a < d; ++a) field.slope[a].assign(field.u.size(), 0.0);
  if (mesh_.box) {
    set_slopes(field);
  } else {
    set_fluxes(field);
  }
  for (std::size_t a = 0; a < d; ++a) mesh_.halo.update(mesh_.comm, field.slope[a]);
  return field;
}

void CellWidth::set_slopes(Field& field) const {
  const auto d = std::size_t(mesh_.dimension);
  for (std::size_t f = 0; f < bends_.bend.size(); ++f) {
    const auto l = std::size_t(mesh_.faces.left[f]), r = std::size_t(mesh_.faces.right[f]);
    const double flux = quotient_.conductance(f) * (field.u[l] - field.u[r]);
    const std::size_t a = bends_.axis[f];
    field.slope[a][l] += flux;
    field.slope[a][r] -= flux;
  }
  for (std::size_t b = 0; b < bends_.open_share.size(); ++b) {
    if (!(bends_.open_share[b] > 0)) continue;
    const auto K = std::size_t(mesh_.boundary.cell[b]);
    const Point& n = mesh_.boundary.normal[b];
    const double flux =
        bends_.open_share[b] * generator_.absorption()[K] * quotient_.pi(K) * field.u[K];
    for (std::size_t a = 0; a < d; ++a) field.slope[a][K] += n[a] * n[a] * flux;
  }
  for (std::size_t a = 0; a < d; ++a) {
    for (std::size_t k = 0; k < std::size_t(mesh_.owned); ++k) field.slope[a][k] /= mesh_.volume[k];
  }
}

// Least squares of n.q = F / A over the faces of a cell, those on walls with F = 0.
void CellWidth::set_fluxes(Field& field) const {
  const auto owned = std::size_t(mesh_.owned);
  std::vector<Eigen::Matrix3d> normals(owned, Eigen::Matrix3d::Zero());
  std::vector<Eigen::Vector3d> fluxes(owned, Eigen::Vector3d::Zero());
  const auto add = [&](std::size_t K, const Eigen::Vector3d& n, double density) {
    if (K >= owned) return;
    normals[K] += n * n.transpose();
    fluxes[K] += density * n;
  };
  for (std::size_t f = 0; f < bends_.bend.size(); ++f) {
    const auto l = std::size_t(mesh_.faces.left[f]), r = std::size_t(mesh_.faces.right[f]);
    const double A = shape_of(mesh_.faces, f) * mesh_.faces.distance[f];
    if (!(A > 0)) continue;
    const Eigen::Vector3d n = bends_.direction[f];
    const double density = quotient_.conductance(f) * (field.u[l] - field.u[r]) / A;
    add(l, n, density);
    add(r, n, density);
  }
  for (std::size_t b = 0; b < bends_.open_share.size(); ++b) {
    add(std::size_t(mesh_.boundary.cell[b]),
        Eigen::Map<const Eigen::Vector3d>(mesh_.boundary.normal[b].data()), 0);
  }
  for (std::size_t k = 0; k < owned; ++k) {  // where normals do not span the space, the shortest q
    const Eigen::MatrixXd N = normals[k];
    const Eigen::VectorXd F = fluxes[k], q = N.completeOrthogonalDecomposition().solve(F);
    for (std::size_t a = 0; a < 3; ++a) {
      if (!field.slope[a].empty()) field.slope[a][k] = q[Eigen::Index(a)];
    }
  }
}

// sum A d / 12 (n.(q_L - q_K))^2 / (D kT pi_f), D kT pi_f = g d / A; irregular cells miss about as much again.
void CellWidth::add_fluxes(const Field& mode, Parts& sum) const {
  for (std::size_t f = 0; f < bends_.bend.size(); ++f) {
    const auto l = std::size_t(mesh_.faces.left[f]), r = std::size_t(mesh_.faces.right[f]);
    const double g = quotient_.conductance(f);
    const double A = shape_of(mesh_.faces, f) * mesh_.faces.distance[f];
    if (!(g > 0 && A > 0) || bends_.steep[f] > max_steep || !quotient_.counts(f)) continue;
    const Eigen::Vector3d n = bends_.direction[f];
    double turn = 0;
    for (std::size_t a = 0; a < std::size_t(mesh_.dimension); ++a) {
      turn += n[Eigen::Index(a)] * (mode.slope[a][r] - mode.slope[a][l]);
    }
    turn *= A / std::sqrt(g);
    sum.swerve += 2 * turn * turn / 12;
  }
}

// With T = A / d: A d^3 / (12 D kT pi_f) = T^2 d^4 / (12 g_f). dq/dn is linear along the line.
void CellWidth::add_lines(const Field& a, const Field& b, Parts& sum) const {
  for (std::size_t f = 0; f < bends_.bend.size(); ++f) {
    const double g = quotient_.conductance(f);
    if (!(g > 0) || bends_.steep[f] > max_steep || !quotient_.counts(f)) continue;
    const std::vector<double>&p = a.slope[bends_.axis[f]], &q = b.slope[bends_.axis[f]];
    const auto l = std::size_t(mesh_.faces.left[f]), r = std::size_t(mesh_.faces.right[f]);
    const double w = 1 / std::sqrt(g);  // before products, which could underflow
    const double square =
        (w * p[l] * (w * (2 * q[l] + q[r])) + w * p[r] * (w * (2 * q[r] + q[l]))) / 6;
    const double Td2 = shape_of(mesh_.faces, f) * mesh_.faces.distance[f] * mesh_.faces.distance[f];
    const double swerve = Td2 * Td2 / 12 * square;
    sum.swerve += swerve;
    sum.kink += std::abs(swerve) * bends_.steep[f] * per_steepness;
  }
}

// Between a centre and a wall there is half a line, with the same u on both ends of the whole.
void CellWidth::add_walls(const Field& a, const Field& b, Parts& sum) const {
  const BoundaryFaces& walls = mesh_.boundary;
  for (std::size_t w = 0; w < bends_.open_share.size(); ++w) {
    if (bends_.open_share[w] > 0) continue;
    const auto K = std::size_t(walls.cell[w]);
    const double d = 2 * walls.distance[w], T = walls.area[w] / d;
    const double D = walls.geometric.empty() ? 1 : walls.transmissibility[w] / walls.geometric[w];
    const double diffusion = D * generator_.temperature() * quotient_.pi(K);
    if (!(d > 0 && diffusion > 0)) continue;
    const double weight = 1 / std::sqrt(diffusion);
    double square = 0;
    for (std::size_t i = 0; i < std::size_t(mesh_.dimension); ++i) {
      square += std::abs(walls.normal[w][i]) * (weight * a.slope[i][K]) * (weight * b.slope[i][K]);
    }
    sum.swerve += 0.5 * T * d * d * d * d / 12 * square;
  }
}

CellWidth::Terms CellWidth::terms(const Field& a, const Field& b) const {
  Parts sum;
  const auto add = [&](double energy, double bend, double kink) {
    sum.energy += energy;
    sum.bend += energy * bend;
    sum.rough += std::abs(energy * bend);
    sum.kink += std::abs(energy) * kink;
  };
  for (std::size_t f = 0; f < bends_.bend.size(); ++f) {
    const auto l = std::size_t(mesh_.faces.left[f]), r = std::size_t(mesh_.faces.right[f]);
    if (!quotient_.counts(f)) continue;
    const double energy = quotient_.conductance(f) * (a.u[l] - a.u[r]) * (b.u[l] - b.u[r]);
    add(energy, bends_.bend[f], bends_.kink[f]);
    for (std::size_t i = 0; i < 3; ++i) {
      if (bends_.fall[i].empty() || i == bends_.axis[f]) continue;
      sum.wall += energy * per_fall * 0.5 * (bends_.fall[i][l] + bends_.fall[i][r]);
    }
  }
  for (std::size_t w = 0; w < bends_.open_share.size(); ++w) {
    if (!(bends_.open_share[w] > 0)) continue;
    const auto K = std::size_t(mesh_.boundary.cell[w]);
    add(bends_.open_share[w] * generator_.absorption()[K] * quotient_.pi(K) * a.u[K] * b.u[K],
        bends_.open_bend[w], 0);
  }
  if (mesh_.box) {
    add_lines(a, b, sum);
    add_walls(a, b, sum);
  } else {
    add_fluxes(a, sum);
  }
  const std::array<ReproducibleSum, 6> parts{sum.energy, sum.bend, sum.swerve,
                                             sum.rough,  sum.kink, sum.wall};
  const std::vector<double> all = sums_of_all(mesh_.comm, parts);
  return {all[0], all[1], all[2], all[3], all[4], all[5]};
}

CellWidth::Norm CellWidth::norm(const std::vector<double>& shape) const {
  std::array<ReproducibleSum, 3> parts;
  for (std::size_t k = 0; k < shape.size(); ++k) {
    const double weight = quotient_.omega(k) * shape[k] * shape[k];
    parts[0] += weight;
    for (std::size_t a = 0; a < 3; ++a) {
      if (!bends_.curvature[a].empty() && bends_.curvature[a][k] > 0) {
        parts[2] += weight * 2 *
                    std::exp(-2 * std::numbers::pi * std::numbers::pi / bends_.curvature[a][k]);
      }
      if (bends_.fall[a].empty()) continue;
      const double s = bends_.fall[a][k];
      parts[1] += weight * s * per_fall;
      parts[2] += weight * s * s * per_fall / 2;  // V may fall further before the wall
    }
  }
  const std::vector<double> sums = sums_of_all(mesh_.comm, parts);
  return {sums[1] / sums[0], sums[2] / sums[0]};
}

// Modes whose rates lie together mix: first by x = |E_ij| / lambda, or x^2 over their relative distance.
void CellWidth::correct(std::vector<Mode>& modes, std::size_t i, const Field& mode,
                        double weight) const {
  Mode& m = modes[i];
  m.corrected = m.rate;
  if (!(m.rate > 0)) return;
  const Terms t = terms(mode, mode);
  const Norm n = norm(m.shape);
  const double bend = t.bend / t.energy, swerve = (t.swerve + t.wall) / t.energy;
  const double first = (t.rough + t.swerve + std::abs(t.wall)) / t.energy + std::abs(n.wall),
               kink = t.kink / t.energy;
  const double share = std::min(1.0, t.energy / weight / m.rate);  // the rest is killing
  m.coarseness = share * (first + kink) + n.left;
  if (!equal_cells_) return;
  const double bent = 2 * swerve / std::max(1 - 2 * swerve, 0.1);  // its own next order
  double left = first * first + bent * bent + share * kink + n.left;
  for (std::size_t j = 0; j < modes.size(); ++j) {
    const double ratio = modes[j].rate / m.rate;
    if (j == i || !(ratio < options_.cluster && ratio > 1 / options_.cluster)) continue;
    const Terms mixed = terms(mode, field(modes[j].shape));
    const double x = std::abs(mixed.swerve - mixed.bend) / (weight * m.rate);
    left += std::min(x, x * x / std::abs(ratio - 1));
  }
  if (!(left < options_.max_left)) return;
  m.corrected = m.rate * (1 + share * (1 / (1 - swerve) / (1 + bend) - 1)) / (1 + n.wall);
  m.coarseness = left;
}

void CellWidth::judge(std::vector<Mode>& modes) const {
  ReproducibleSum omega;  // sum omega u^2 of every mode
  omega.add(std::size_t(mesh_.owned), [&](std::size_t k) { return quotient_.omega(k); });
  const double weight = sum_of_all(mesh_.comm, omega);
  for (std::size_t i = 0; i < modes.size(); ++i) correct(modes, i, field(modes[i].shape), weight);
}

}  // namespace otto
