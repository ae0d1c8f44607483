// Gauss-Legendre rules on [0, 1], their products on boxes, and their collapsed products on
// simplices: with vertices v_0 ... v_d,
//
//   x = v_0 + u_1 (v_1 - v_0) + u_1 u_2 (v_2 - v_1) + u_1 u_2 u_3 (v_3 - v_2),
//   dx = |J| u_1^{d-1} u_2^{d-2} du,      u in [0, 1]^d     (Duffy's map).

#include "otto/tables/quadrature.h"

#include <array>
#include <cmath>
#include <string>

#include "otto/core/error.h"

namespace otto {

namespace {

constexpr std::size_t cells_at_once = 1024;

GaussRule symmetric_rule(std::initializer_list<std::pair<double, double>> of_minus_one_to_one) {
  GaussRule rule;
  for (const auto& [x, w] : of_minus_one_to_one) {
    rule.node.push_back(0.5 * (1 + x));
    rule.weight.push_back(0.5 * w);
  }
  return rule;
}

/// Points with weights, gathered cell by cell and evaluated many at a time.
class Averager {
 public:
  Averager(const PointFunction& f, std::size_t cells) : f_(f) { averages_.reserve(cells); }
  void add(const Point& x, double weight) {
    points_.push_back(x);
    weights_.push_back(weight);
  }
  void end_cell() {
    ends_.push_back(points_.size());
    if (ends_.size() == cells_at_once) flush();
  }
  std::vector<double> finish() {
    flush();
    return std::move(averages_);
  }

 private:
  void flush() {
    values_.resize(points_.size());
    f_(points_, values_);
    std::size_t q = 0;
    for (const std::size_t end : ends_) {
      double sum = 0, measure = 0;
      for (; q < end; ++q) {
        sum += weights_[q] * values_[q];
        measure += weights_[q];
      }
      averages_.push_back(sum / measure);
    }
    points_.clear();
    weights_.clear();
    ends_.clear();
  }

  const PointFunction& f_;
  std::vector<Point> points_;
  std::vector<double> weights_, values_, averages_;
  std::vector<std::size_t> ends_;
};

/// Quadrature points along one axis, `per_cell` for each owned cell.
struct AxisPoints {
  std::vector<double> x = {0.0}, weight = {1.0};  // beyond the dimension: the one point 0
  std::size_t per_cell = 1;
};

AxisPoints axis_points(const BoxBlock& block, std::size_t axis, const GaussRule& rule) {
  AxisPoints points{.x = {}, .weight = rule.weight, .per_cell = rule.node.size()};
  for (std::int32_t i = 0; i < block.size[axis]; ++i) {
    const auto at = static_cast<std::size_t>(block.begin[axis] + i);
    const double lower = block.box.nodes[axis][at], upper = block.box.nodes[axis][at + 1];
    for (const double node : rule.node) points.x.push_back(lower + node * (upper - lower));
  }
  return points;
}

/// The cell whose first points along the axes are i, j, k.
void add_box_cell(Averager& averager, const std::array<AxisPoints, 3>& axes, std::size_t i,
                  std::size_t j, std::size_t k) {
  const auto& [x, y, z] = axes;
  for (std::size_t c = 0; c < z.per_cell; ++c) {
    for (std::size_t b = 0; b < y.per_cell; ++b) {
      for (std::size_t a = 0; a < x.per_cell; ++a) {
        averager.add({x.x[i + a], y.x[j + b], z.x[k + c]}, x.weight[a] * y.weight[b] * z.weight[c]);
      }
    }
  }
  averager.end_cell();
}

std::vector<double> box_averages(const Mesh& mesh, const PointFunction& f) {
  const GaussRule& rule = gauss_legendre(quadrature_points(mesh.dimension));
  std::array<AxisPoints, 3> axes;
  for (std::size_t a = 0; a < static_cast<std::size_t>(mesh.dimension); ++a) {
    axes[a] = axis_points(*mesh.box, a, rule);
  }
  Averager averager(f, static_cast<std::size_t>(mesh.owned));
  for (std::size_t k = 0; k < axes[2].x.size(); k += axes[2].per_cell) {
    for (std::size_t j = 0; j < axes[1].x.size(); j += axes[1].per_cell) {
      for (std::size_t i = 0; i < axes[0].x.size(); i += axes[0].per_cell) {
        add_box_cell(averager, axes, i, j, k);
      }
    }
  }
  return averager.finish();
}

Point difference(const Point& a, const Point& b) { return {a[0] - b[0], a[1] - b[1], a[2] - b[2]}; }

Point add(const Point& a, double c, const Point& b) {
  return {a[0] + c * b[0], a[1] + c * b[1], a[2] + c * b[2]};
}

/// d! times the signed measure of the simplex spanned by the edges v_k - v_0.
double jacobian(const std::array<Point, 4>& v, int d) {
  const Point a = difference(v[1], v[0]);
  if (d == 1) return a[0];
  const Point b = difference(v[2], v[0]);
  if (d == 2) return a[0] * b[1] - a[1] * b[0];
  const Point c = difference(v[3], v[0]);
  return a[0] * (b[1] * c[2] - b[2] * c[1]) - a[1] * (b[0] * c[2] - b[2] * c[0]) +
         a[2] * (b[0] * c[1] - b[1] * c[0]);
}

/// A piece that is turned over is subtracted if `signed_size`.
void add_simplex(Averager& averager, const std::array<Point, 4>& v, int d, bool signed_size) {
  const GaussRule& rule = gauss_legendre(quadrature_points(d));
  const int n = static_cast<int>(rule.node.size());
  const double size = signed_size ? jacobian(v, d) : std::abs(jacobian(v, d));
  const int total = d == 1 ? n : d == 2 ? n * n : n * n * n;
  for (int q = 0; q < total; ++q) {
    Point x = v[0];
    double weight = size, along = 1;
    for (int k = 0, digits = q; k < d; ++k, digits /= n) {
      const auto i = static_cast<std::size_t>(digits % n);
      along *= rule.node[i];
      x = add(x, along,
              difference(v[static_cast<std::size_t>(k) + 1], v[static_cast<std::size_t>(k)]));
      weight *= rule.weight[i] * std::pow(rule.node[i], d - 1 - k);
    }
    averager.add(x, weight);
  }
}

/// The simplices of a cell, as positions in its list of vertices.
std::vector<std::array<std::size_t, 4>> simplices(std::uint8_t type, std::size_t vertices) {
  constexpr std::uint8_t line = 3, triangle = 5, polygon = 7, quad = 9, tetra = 10, hexahedron = 12;
  switch (type) {
    case line:
      return {{0, 1, 0, 0}};
    case triangle:
    case polygon:
    case quad: {
      std::vector<std::array<std::size_t, 4>> fan;
      for (std::size_t i = 1; i + 1 < vertices; ++i) fan.push_back({0, i, i + 1, 0});
      return fan;
    }
    case tetra:
      return {{0, 1, 2, 3}};
    case hexahedron:  // six around the diagonal 0-6
      return {{0, 1, 2, 6}, {0, 2, 3, 6}, {0, 3, 7, 6}, {0, 7, 4, 6}, {0, 4, 5, 6}, {0, 5, 1, 6}};
    default:
      throw InternalError("no quadrature for cells of VTK type " + std::to_string(type));
  }
}

}  // namespace

const GaussRule& gauss_legendre(int n) {
  static const double a = std::sqrt(3.0 / 5), inner = std::sqrt(5 - 2 * std::sqrt(10.0 / 7)) / 3,
                      outer = std::sqrt(5 + 2 * std::sqrt(10.0 / 7)) / 3,
                      inner_weight = (322 + 13 * std::sqrt(70.0)) / 900,
                      outer_weight = (322 - 13 * std::sqrt(70.0)) / 900;
  static const GaussRule three = symmetric_rule({{-a, 5.0 / 9}, {0, 8.0 / 9}, {a, 5.0 / 9}});
  static const GaussRule five = symmetric_rule({{-outer, outer_weight},
                                                {-inner, inner_weight},
                                                {0, 128.0 / 225},
                                                {inner, inner_weight},
                                                {outer, outer_weight}});
  if (n != 3 && n != 5) throw InternalError("no Gauss rule of " + std::to_string(n) + " points");
  return n == 3 ? three : five;
}

int quadrature_points(int dimension) { return dimension == 3 ? 3 : 5; }

namespace {

void add_shape(Averager& averager, const CellShapes& shapes, std::size_t cell, int dimension,
               bool signed_size) {
  const auto first = static_cast<std::size_t>(shapes.offsets[cell]);
  const auto vertices = static_cast<std::size_t>(shapes.offsets[cell + 1]) - first;
  for (const auto& corners : simplices(shapes.types[cell], vertices)) {
    std::array<Point, 4> v;
    for (std::size_t i = 0; i < 4; ++i) {
      v[i] = shapes.points[static_cast<std::size_t>(shapes.connectivity[first + corners[i]])];
    }
    add_simplex(averager, v, dimension, signed_size);
  }
}

std::vector<double> piece_averages(const CellPieces& pieces, int dimension,
                                   const PointFunction& f) {
  Averager averager(f, pieces.first.size() - 1);
  for (std::size_t cell = 0; cell + 1 < pieces.first.size(); ++cell) {
    for (auto p = pieces.first[cell]; p < pieces.first[cell + 1]; ++p) {
      add_shape(averager, pieces.simplices, std::size_t(p), dimension, true);
    }
    averager.end_cell();
  }
  return averager.finish();
}

}  // namespace

std::vector<double> cell_averages(const Mesh& mesh, const PointFunction& f) {
  if (mesh.box) return box_averages(mesh, f);
  if (mesh.pieces) return piece_averages(*mesh.pieces, mesh.dimension, f);
  return shape_averages(cell_shapes(mesh), mesh.dimension, f);
}

std::vector<double> shape_averages(const CellShapes& shapes, int dimension,
                                   const PointFunction& f) {
  Averager averager(f, shapes.types.size());
  for (std::size_t cell = 0; cell < shapes.types.size(); ++cell) {
    add_shape(averager, shapes, cell, dimension, false);
    averager.end_cell();
  }
  return averager.finish();
}

}  // namespace otto
