#include "cell_bends.h"

#include <algorithm>
#include <cmath>

#include "otto/operators/absorbing.h"
#include "otto/operators/exchange.h"

namespace otto {

namespace {

constexpr double max_exponent = 50;  // of what the cubic adds to V/kT on a line
constexpr double fourth =
    1.0 / 144;  // bend per fourth difference: (1/12) (D2 - V'' h^2) = D4 / 144

/// Gauss's rule on [0, 1], exact to degree 9.
constexpr std::array<double, 5> gauss_point{0.0469100770306680, 0.2307653449471585, 0.5,
                                            0.7692346550528415, 0.9530899229693320};
constexpr std::array<double, 5> gauss_weight{0.1184634425280945, 0.2393143352496832,
                                             0.2844444444444444, 0.2393143352496832,
                                             0.1184634425280945};

/// int exp(s t + more(t)) dt / int exp(s t) dt - 1 over 0 <= t <= end.
template <class More>
double excess(double s, double end, More&& more) {
  double with = 0, without = 0;
  for (std::size_t i = 0; i < gauss_point.size(); ++i) {
    const double t = end * gauss_point[i];
    const double w = gauss_weight[i] * std::exp(s * t - std::max(s, 0.0) * end);
    with += w * std::expm1(std::clamp(more(t), -max_exponent, max_exponent));
    without += w;
  }
  return with / without;
}

template <class Vector>
std::size_t main_axis(const Vector& n) {
  std::size_t axis = 0;
  for (std::size_t a = 1; a < 3; ++a) {
    if (std::abs(n[a]) > std::abs(n[axis])) axis = a;
  }
  return axis;
}

}  // namespace

/// Every opening is a side that absorbs, and killing does not come with it.
bool sides_absorb_only(const Exchange* exchange) {
  if (!exchange) return true;
  if (exchange->rate && !exchange->openings.empty()) return false;
  return std::ranges::all_of(exchange->openings, [](const Opening& o) {
    return o.kind == Opening::Kind::absorbing && !o.where.side.empty();
  });
}

CellBends::CellBends(const Generator& generator)
    : bend(generator.transmissibility().size()),
      kink(bend.size(), 0.0),
      steep(bend.size()),
      open_share(std::size_t(generator.mesh().boundary.size()), 0.0),
      open_bend(open_share.size(), 0.0),
      generator_(generator),
      mesh_(generator.mesh()) {
  find_directions();
  const auto V = generator_.external();
  std::vector<double> s(bend.size()), forward(s.size()), backward(s.size());
  for (std::size_t f = 0; f < s.size(); ++f) {
    s[f] = (V[std::size_t(mesh_.faces.right[f])] - V[std::size_t(mesh_.faces.left[f])]) /
           generator_.temperature();
    steep[f] = s[f] * s[f];
  }
  generator_.flux().weights(s, forward, backward);
  if (mesh_.box) {
    find_bends(forward, backward, s);
    find_sides();
  } else {
    take_means(forward, backward, s);
  }
}

void CellBends::find_directions() {
  for (std::size_t f = 0; f < bend.size(); ++f) {
    const Point &K = mesh_.center[std::size_t(mesh_.faces.left[f])],
                &L = mesh_.center[std::size_t(mesh_.faces.right[f])];
    direction.emplace_back(L[0] - K[0], L[1] - K[1], L[2] - K[2]);
  }
  for (const Faces::Moved& m : mesh_.faces.moved) {
    direction[std::size_t(m.face)] = Eigen::Map<const Eigen::Vector3d>(m.across.data());
  }
  for (Eigen::Vector3d& n : direction) {
    n.normalize();
    axis.push_back(main_axis(n));
  }
}

// On a box. Beyond a wall the difference of the cell before it goes on.
CellBends::Axes CellBends::second_differences(const Axes& of) const {
  const auto d = std::size_t(mesh_.dimension);
  const auto cells = std::size_t(mesh_.local());
  Axes second, length;
  std::vector<std::array<int, 3>> neighbours(cells, std::array<int, 3>{});
  for (std::size_t a = 0; a < d; ++a) second[a].assign(cells, 0.0), length[a].assign(cells, 0.0);
  for (std::size_t f = 0; f < axis.size(); ++f) {
    const std::size_t a = axis[f];
    const auto l = std::size_t(mesh_.faces.left[f]), r = std::size_t(mesh_.faces.right[f]);
    const double distance = mesh_.faces.distance[f], rise = (of[a][r] - of[a][l]) / distance;
    for (const std::size_t K : {l, r}) {
      second[a][K] += K == l ? rise : -rise;
      length[a][K] += distance / 2;
      ++neighbours[K][a];
    }
  }
  for (std::size_t a = 0; a < d; ++a) {
    for (std::size_t k = 0; k < std::size_t(mesh_.owned); ++k) {
      second[a][k] = neighbours[k][a] == 2 ? second[a][k] * length[a][k] : std::nan("");
    }
    mesh_.halo.update(mesh_.comm, second[a]);
  }
  const Axes inside = second;
  for (std::size_t f = 0; f < axis.size(); ++f) {
    const auto l = std::size_t(mesh_.faces.left[f]), r = std::size_t(mesh_.faces.right[f]);
    auto& values = second[axis[f]];
    if (std::isnan(values[l])) values[l] = inside[axis[f]][r];
    if (std::isnan(values[r])) values[r] = inside[axis[f]][l];
  }
  for (std::size_t a = 0; a < d; ++a) {
    mesh_.halo.update(mesh_.comm, second[a]);
    for (double& v : second[a]) v = std::isnan(v) ? 0 : v;  // an axis of one or two cells
  }
  return second;
}

// The mean of s^2 over directions is that of h^2 V''.
void CellBends::take_means(std::span<const double> forward, std::span<const double> backward,
                           std::span<const double> s) {
  std::vector<double>& mean = curvature[0];
  mean.assign(std::size_t(mesh_.local()), 0.0);
  for (std::size_t f = 0; f < s.size(); ++f) {
    bend[f] = 0.5 * (forward[f] + backward[f]) - 1;
    mean[std::size_t(mesh_.faces.left[f])] += mesh_.faces.transmissibility[f] * s[f];
    mean[std::size_t(mesh_.faces.right[f])] -= mesh_.faces.transmissibility[f] * s[f];
  }
  const double d = mesh_.dimension;
  for (std::size_t k = 0; k < mean.size(); ++k) mean[k] *= std::pow(mesh_.volume[k], 2 / d - 1) / d;
}

void CellBends::find_bends(std::span<const double> forward, std::span<const double> backward,
                           std::span<const double> s) {
  const auto V = generator_.external();
  Axes values;
  for (std::size_t a = 0; a < std::size_t(mesh_.dimension); ++a) {
    values[a].assign(V.begin(), V.end());
    for (double& v : values[a]) v /= generator_.temperature();
  }
  curvature = second_differences(values);
  const Axes bent = second_differences(curvature);
  for (std::size_t f = 0; f < s.size(); ++f) {
    const auto l = std::size_t(mesh_.faces.left[f]), r = std::size_t(mesh_.faces.right[f]);
    const double A = curvature[axis[f]][l] / 6, B = curvature[axis[f]][r] / 6;
    const double of_course = excess(s[f], 1, [&](double t) {
      return A * (1 - t) * ((1 - t) * (1 - t) - 1) + B * t * (t * t - 1);
    });
    const double change = std::abs(s[f]);
    const double of_flux =  // 1 for Scharfetter-Gummel
        std::max(forward[f], backward[f]) * (change > 0 ? -std::expm1(-change) / change : 1);
    bend[f] = (1 + of_course) * of_flux - 1;
    kink[f] = fourth * 0.5 * (std::abs(bent[axis[f]][l]) + std::abs(bent[axis[f]][r]));
  }
}

// V on an absorbing side is continued linearly from the last two centres; the line to it is half as long.
void CellBends::find_sides() {
  std::vector<std::string> names;
  if (const Exchange* exchange = generator_.exchange(); exchange && sides_absorb_only(exchange)) {
    for (const Opening& opening : exchange->openings) names.push_back(opening.where.side);
  }
  const auto owned = std::size_t(mesh_.owned);
  std::vector<double> open(owned, 0.0);  // absorbing faces of each cell
  for (const AbsorbingFace& face : absorbing_faces(mesh_, names)) {
    open_share[std::size_t(face.face)] = 1;
    ++open[std::size_t(face.cell)];
  }
  const auto V = generator_.external();
  const auto d = std::size_t(mesh_.dimension);
  for (std::size_t a = 0; a < d; ++a) fall[a].assign(std::size_t(mesh_.local()), 0.0);
  for (const AbsorbingFace& face : absorbing_faces(mesh_, mesh_.boundary_names)) {
    const auto K = std::size_t(face.cell), b = std::size_t(face.face);
    const std::size_t along = main_axis(face.normal);
    double rise = 0;  // of V/kT over a whole line
    for (const auto& [L, weight] : face.slope) {
      rise += 2 * weight * (V[std::size_t(L)] - V[K]) / generator_.temperature();
    }
    if (open_share[b] > 0) {
      open_share[b] /= open[K];
      const double D2 = curvature[along][K];
      open_bend[b] = excess(rise, 0.5, [&](double t) { return 0.5 * D2 * (t + t * t); });
    } else {
      fall[along][K] -= rise;
    }
  }
  for (std::size_t a = 0; a < d; ++a) mesh_.halo.update(mesh_.comm, fall[a]);
}

}  // namespace otto
