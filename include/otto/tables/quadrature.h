#pragma once
// Cell averages by Gauss-Legendre quadrature, the only place where point values of a density become
// the cell values the solver works with.

#include <functional>
#include <span>
#include <vector>

#include "otto/core/point.h"
#include "otto/mesh/mesh.h"

namespace otto {

/// Nodes in (0, 1) and weights that sum to 1: n points are exact for polynomials of degree 2n - 1.
struct GaussRule {
  std::vector<double> node, weight;
};
/// The rule of n = 3 or n = 5 points; throws InternalError for another n.
const GaussRule& gauss_legendre(int n);
/// Points per axis in d dimensions: 5 for d = 1, 2 and 3 for d = 3.
int quadrature_points(int dimension);

/// A function of many points at once: values[i] = f(points[i]).
using PointFunction = std::function<void(std::span<const Point> points, std::span<double> values)>;

/// (1/|K|) int_K f over every owned cell K: the product rule on the cells of a box, the collapsed
/// product rule on the simplices of any other cell. Local.
std::vector<double> cell_averages(const Mesh& mesh, const PointFunction& f);

/// The same for cells given by their shapes: lines, triangles, convex polygons and quads,
/// tetrahedra and hexahedra with plane faces. Exact for degree 2n - d. Throws InternalError for
/// another type.
std::vector<double> shape_averages(const CellShapes& shapes, int dimension, const PointFunction& f);

}  // namespace otto
