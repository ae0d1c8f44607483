#include "otto/operators/face_diffusion.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "otto/core/error.h"
#include "otto/core/words.h"
#include "otto/mesh/box_faces.h"

namespace otto {

namespace {

/// Of the distance between two centres: how far from a face each side's D is taken. A jump at the face is seen
/// whatever the rounding of its place, and a D that is smooth there changes by 1e-12 of its curvature.
constexpr double beside = 1e-6;

/// w / D_K + (1 - w) / D_L, inverted; 0 where either is.
double in_series(double w, double K, double L) { return 1 / (w / K + (1 - w) / L); }

void check(const Diffusion& diffusion, std::span<const Point> points, std::span<const double> D,
           double t) {
  const bool may_vanish = diffusion.kind == DiffusionKind::diagonal;
  for (std::size_t i = 0; i < D.size(); ++i) {
    if (std::isfinite(D[i]) && (D[i] > 0 || (may_vanish && D[i] == 0))) continue;
    throw InputError(fmt::format("{}: {} is {} at {} at time {}; it must be finite and {}",
                                 diffusion.place, diffusion.letter, D[i],
                                 to_text(points[i], diffusion.dimension), t,
                                 may_vanish ? "not negative" : "positive"));
  }
}

Point between(const Point& x, const Point& across, double part) {
  return {x[0] + part * across[0], x[1] + part * across[1], x[2] + part * across[2]};
}

std::vector<Point> half_way_to_walls(const Mesh& mesh) {
  std::vector<Point> points;
  for (std::size_t f = 0; f < std::size_t(mesh.boundary.size()); ++f) {
    points.push_back(between(mesh.center[std::size_t(mesh.boundary.cell[f])],
                             mesh.boundary.normal[f], 0.5 * mesh.boundary.distance[f]));
  }
  return points;
}

// ---- boxes --------------------------------------------------------------------------------------

/// D along an axis at the owned cells, `shift` widths of the cell above its centre; with ghosts.
std::vector<double> shifted_field(const Mesh& mesh, const Diffusion& diffusion, std::size_t axis,
                                  double shift, double t) {
  const auto owned = std::size_t(mesh.owned);
  std::vector<double> D(std::size_t(mesh.local()));
  mesh.comm.together([&] {
    std::vector<Point> points(mesh.center.begin(), mesh.center.begin() + mesh.owned);
    for_each_cell(*mesh.box, [&](std::int32_t cell, const BlockIndex& at) {
      points[std::size_t(cell)][axis] +=
          shift * mesh.box->width(int(axis), mesh.box->begin[axis] + at[axis]);
    });
    const auto values = std::span(D).first(owned);
    diffusion.everywhere.along(axis, mesh.dimension).evaluate(points, t, values);
    check(diffusion, points, values, t);
  });
  mesh.halo.update(mesh.comm, D);
  return D;
}

/// The part of the way between the centres on either side of a box face that lies below it.
double share_below(const BoxBlock& block, std::size_t axis, std::int32_t above) {
  const std::int64_t n = block.cells(int(axis)), at = block.begin[axis] + above;
  const double low = block.width(int(axis), (at - 1 + n) % n),
               high = block.width(int(axis), at % n);
  return low / (low + high);
}

/// D along the normal of each wall of a box.
std::vector<double> at_walls(const Mesh& mesh, const Diffusion& diffusion, double t) {
  std::array<std::vector<Point>, 3> points;
  const auto axis_of = [&](std::size_t f) {
    const Point& n = mesh.boundary.normal[f];
    return n[0] != 0 ? 0U : n[1] != 0 ? 1U : 2U;
  };
  const std::vector<Point> walls = half_way_to_walls(mesh);
  for (std::size_t f = 0; f < walls.size(); ++f) points[axis_of(f)].push_back(walls[f]);
  std::array<std::vector<double>, 3> D;
  for (std::size_t a = 0; a < 3; ++a) {
    D[a].resize(points[a].size());
    if (D[a].empty()) continue;
    diffusion.everywhere.along(a, mesh.dimension).evaluate(points[a], t, D[a]);
    check(diffusion, points[a], D[a], t);
  }
  std::array<std::size_t, 3> next{};
  std::vector<double> all;
  for (std::size_t f = 0; f < walls.size(); ++f) {
    const std::size_t a = axis_of(f);
    all.push_back(D[a][next[a]++]);
  }
  return all;
}

FaceDiffusion on_box(const Mesh& mesh, const Diffusion& diffusion, double t) {
  const BoxBlock& block = *mesh.box;
  std::array<std::vector<double>, 3> below, above;  // at the lower and the upper face of each cell
  for (std::size_t a = 0; a < std::size_t(mesh.dimension); ++a) {
    below[a] = shifted_field(mesh, diffusion, a, beside - 0.5, t);
    above[a] = shifted_field(mesh, diffusion, a, 0.5 - beside, t);
  }
  FaceDiffusion D;
  D.faces.reserve(std::size_t(mesh.faces.size()));
  for_each_face(
      block, GhostLayers(block),
      [&](int axis, const BlockIndex& at, std::int32_t left, std::int32_t right) {
        const auto a = std::size_t(axis);
        D.faces.push_back(in_series(share_below(block, a, at[a]), above[a][std::size_t(left)],
                                    below[a][std::size_t(right)]));
      });
  mesh.comm.together([&] { D.boundary = at_walls(mesh, diffusion, t); });
  return D;
}

// ---- general meshes: a number -------------------------------------------------------------------

/// What each cell has of the regions with a law of their own, by label; the rest is `everywhere`.
class Regions {
 public:
  Regions(const Mesh& mesh, const Diffusion& diffusion) : diffusion_(diffusion) {
    if (diffusion.region.empty()) return;
    share_.assign(diffusion.region.size(), std::vector<double>(std::size_t(mesh.local())));
    const auto add = [&](std::size_t cell, std::int32_t label, double part) {
      if (label >= 0) share_[std::size_t(label)][cell] += part;
    };
    if (!mesh.region_fractions) {
      for (std::size_t i = 0; i < mesh.region.size(); ++i) add(i, mesh.region[i], 1);
      return;
    }
    const RegionFractions& all = *mesh.region_fractions;
    for (std::size_t i = 0; i < std::size_t(mesh.owned); ++i) {
      for (auto s = all.begin[i]; s < all.begin[i + 1]; ++s) {
        const auto& [label, part] = all.volume_fraction[std::size_t(s)];
        add(i, label, part);
      }
    }
    for (auto& share : share_) mesh.halo.update(mesh.comm, share);
  }

  /// D at points that belong to cells.
  [[nodiscard]] std::vector<double> evaluate(std::span<const Point> points,
                                             std::span<const std::int32_t> cells, double t) const {
    std::vector<double> D(points.size()), rest(points.size(), 1.0);
    for (std::size_t label = 0; label < share_.size(); ++label) {
      std::vector<double> part(points.size());
      for (std::size_t i = 0; i < part.size(); ++i) {
        part[i] = share_[label][std::size_t(cells[i])];
        rest[i] -= part[i];
      }
      add(diffusion_.region[label], points, part, t, D);
    }
    for (double& r : rest) r = r < 1e-9 ? 0 : r;  // volumes are sums
    add(diffusion_.everywhere, points, rest, t, D);
    check(diffusion_, points, D, t);
    return D;
  }

 private:
  static void add(const DiffusionLaw& law, std::span<const Point> points,
                  std::span<const double> part, double t, std::vector<double>& D) {
    std::vector<std::size_t> some;
    std::vector<Point> at;
    for (std::size_t i = 0; i < part.size(); ++i) {
      if (part[i] > 0) some.push_back(i), at.push_back(points[i]);
    }
    std::vector<double> values(at.size());
    law.entry[0].evaluate(at, t, values);
    for (std::size_t k = 0; k < some.size(); ++k) D[some[k]] += part[some[k]] * values[k];
  }

  const Diffusion& diffusion_;
  std::vector<std::vector<double>> share_;  // by label, of the local cells
};

/// A face between two cells, as the rank that owns `left` sees it.
struct Way {
  Point from{}, across{};
};

std::vector<Way> ways_of(const Mesh& mesh) {
  const Faces& faces = mesh.faces;
  std::vector<Way> ways;
  for (std::size_t f = 0; f < std::size_t(faces.size()); ++f) {
    const Point &K = mesh.center[std::size_t(faces.left[f])],
                &L = mesh.center[std::size_t(faces.right[f])];
    ways.push_back({K, {L[0] - K[0], L[1] - K[1], L[2] - K[2]}});
  }
  for (const Faces::Moved& m : faces.moved) {
    ways[std::size_t(m.face)] = {between(m.middle, m.across, -0.5), m.across};
  }
  return ways;
}

void between_cells(const Mesh& mesh, const Regions& regions, double t, FaceDiffusion& D) {
  const Faces& faces = mesh.faces;
  const std::vector<Way> ways = ways_of(mesh);
  const auto share = [&](std::size_t f) {
    return faces.left_share.empty() ? 0.5 : faces.left_share[f];
  };
  std::vector<Point> left, right;
  for (std::size_t f = 0; f < ways.size(); ++f) {
    left.push_back(between(ways[f].from, ways[f].across, share(f) - beside));
    right.push_back(between(ways[f].from, ways[f].across, share(f) + beside));
  }
  const std::vector<double> K = regions.evaluate(left, faces.left, t),
                            L = regions.evaluate(right, faces.right, t);
  for (std::size_t f = 0; f < ways.size(); ++f) D.faces.push_back(in_series(share(f), K[f], L[f]));
}

void of_couplings(const Mesh& mesh, const Diffusion& diffusion, double t, FaceDiffusion& D) {
  std::vector<Point> middles;
  std::vector<std::int32_t> labels;
  for (const Coupling& e : *mesh.couplings) {
    middles.push_back(e.middle);
    labels.push_back(e.region);
  }
  for (const Tensor& T : diffusion.tensors(middles, labels, t)) D.couplings.push_back(T(0, 0));
}

FaceDiffusion on_mesh(const Mesh& mesh, const Diffusion& diffusion, double t) {
  const Regions regions(mesh, diffusion);
  FaceDiffusion D;
  mesh.comm.together([&] {
    if (mesh.couplings) {
      of_couplings(mesh, diffusion, t, D);
      D.faces.assign(std::size_t(mesh.faces.size()), 1.0);
    } else {
      between_cells(mesh, regions, t, D);
    }
    D.boundary = regions.evaluate(half_way_to_walls(mesh), mesh.boundary.cell, t);
  });
  return D;
}

void multiply(std::vector<double>& values, const std::vector<double>& factors) {
  for (std::size_t i = 0; i < values.size(); ++i) values[i] *= factors[i];
}

void set_couplings(Mesh& mesh, const std::vector<double>& D) {
  auto couplings = std::make_shared<std::vector<Coupling>>(*mesh.couplings);
  std::ranges::fill(mesh.faces.transmissibility, 0.0);
  for (std::size_t g = 0; g < couplings->size(); ++g) {
    Coupling& e = (*couplings)[g];
    e.diffusion = D[g];
    for (std::size_t pair = 0; pair < e.s.size(); ++pair) {
      e.s[pair] *= D[g];
      if (e.face[pair] >= 0) mesh.faces.transmissibility[std::size_t(e.face[pair])] += e.s[pair];
    }
  }
  mesh.couplings = std::move(couplings);
}

}  // namespace

FaceDiffusion face_diffusion(const Mesh& mesh, const Diffusion& diffusion, double t) {
  if (diffusion.kind == DiffusionKind::full ||
      (diffusion.kind == DiffusionKind::diagonal && !mesh.box)) {
    throw InternalError("a tensor across faces that are orthogonal to none of its axes");
  }
  return mesh.box ? on_box(mesh, diffusion, t) : on_mesh(mesh, diffusion, t);
}

void set_metric(Mesh& mesh, const Diffusion& diffusion) {
  const FaceDiffusion D = face_diffusion(mesh, diffusion, 0);
  mesh.faces.geometric = mesh.faces.transmissibility;
  mesh.boundary.geometric = mesh.boundary.transmissibility;
  multiply(mesh.boundary.transmissibility, D.boundary);
  if (mesh.couplings) {
    set_couplings(mesh, D.couplings);
  } else {
    multiply(mesh.faces.transmissibility, D.faces);
  }
}

void add_noise(const Mesh& mesh, const Diffusion& diffusion, double kT, double t,
               std::span<double> along) {
  std::array<std::vector<double>, 3> D;
  for (std::size_t a = 0; a < std::size_t(mesh.dimension); ++a) {
    D[a] = shifted_field(mesh, diffusion, a, 0, t);
  }
  std::size_t f = 0;
  for_each_face(*mesh.box, GhostLayers(*mesh.box),
                [&](int axis, const BlockIndex&, std::int32_t left, std::int32_t right) {
                  const auto& D_a = D[std::size_t(axis)];
                  along[f++] -=
                      diffusion.noise * kT * (D_a[std::size_t(right)] - D_a[std::size_t(left)]);
                });
}

}  // namespace otto
