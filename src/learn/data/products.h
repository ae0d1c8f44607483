#pragma once
// Sums of product measures with exact cell masses, and curves as such sums: what most of the toy
// densities are made of.

#include <array>
#include <functional>
#include <span>
#include <vector>

#include "otto/mesh/box.h"

namespace otto {

/// weight times the product over both axes of (uniform on center +- half) convolved with
/// (normal of standard deviation s). A half of 0 is a point; then s > 0.
struct Product {
  double weight = 1;
  std::array<double, 2> center{}, half{};
  double s = 0;
};
/// masses[c] += the masses in the owned cells of the block, exact to rounding.
void add_products(const BoxBlock& block, std::span<const Product> parts, std::span<double> masses);

/// A point of the plane for every parameter t, and the speed |dx/dt|.
struct Curve {
  double begin = 0, end = 1;
  std::function<std::array<double, 2>(double t)> point;
  double speed = 1;  ///< the largest
};
/// Products of width s along an open curve: weight(t) dt at every t, by Gauss-Legendre quadrature
/// on pieces no longer than s / 3, which for normals leaves about 1e-13.
std::vector<Product> along(const Curve& curve, const std::function<double(double t)>& weight,
                           std::array<double, 2> half, double s);
/// Points of equal weight on the circle of a radius around the origin, by the trapezoidal rule at
/// distances of s / 2, whose error is of the order exp(-8 pi^2).
std::vector<Product> around(double radius, double weight, double s);

}  // namespace otto
