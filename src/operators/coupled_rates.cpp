// With the values sorted, x_0 <= ... <= x_p,
//
//   exp[x_0 ... x_p] = (exp[x_1 ... x_p] - exp[x_0 ... x_{p-1}]) / (x_p - x_0),
//
// where x_p - x_0 >= 1, and else, h_k the sum of all products of k of the values,
//
//   exp[x_0 ... x_p] = e^{x_p} sum_k h_k(x - x_p) / (k + p)!.

#include "coupled_rates.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace otto {

namespace {

/// exp[x_0 ... x_p] of sorted values.
double divided(const double* x, std::size_t p) {
  if (p == 0) return std::exp(x[0]);
  const double width = x[p] - x[0];
  if (width >= 1) return (divided(x + 1, p - 1) - divided(x, p - 1)) / width;
  std::array<double, 4> h{};  // h[i]: the sum of products of the present degree in the first i + 1
  h.fill(1);
  double factorial = 1;
  for (std::size_t i = 2; i <= p; ++i) factorial *= double(i);
  double sum = 1 / factorial;
  for (std::size_t k = 1; k < 24; ++k) {
    factorial *= double(k + p);
    h[0] *= x[0] - x[p];
    for (std::size_t i = 1; i <= p; ++i) h[i] = h[i - 1] + (x[i] - x[p]) * h[i];
    sum += h[p] / factorial;
  }
  return std::exp(x[p]) * sum;
}

/// b at the middle of every coupling, one axis after the other.
std::vector<std::vector<double>> drift_at(const Mesh& mesh, const Drift* drift, double t) {
  std::vector<std::vector<double>> b;
  if (!drift) return b;
  std::vector<Point> middles;
  for (const Coupling& e : *mesh.couplings) middles.push_back(e.middle);
  for (const auto& component : drift->component) {
    component->evaluate(middles, t, b.emplace_back(middles.size()));
  }
  return b;
}

}  // namespace

double mean_of_exp(std::span<const double> u) {
  std::array<double, 4> x{};
  for (std::size_t n = 0; n < u.size(); ++n) {  // sorted
    std::size_t at = n;
    for (; at > 0 && x[at - 1] > u[n]; --at) x[at] = x[at - 1];
    x[at] = u[n];
  }
  double factorial = 1;
  for (std::size_t i = 2; i < u.size(); ++i) factorial *= double(i);
  return factorial * divided(x.data(), u.size() - 1);
}

void coupled_rates(const Mesh& mesh, std::span<const double> V, const Drift* drift, double t,
                   double kT, std::span<double> forward, std::span<double> backward) {
  std::ranges::fill(forward, 0.0);
  std::ranges::fill(backward, 0.0);
  const auto b = drift_at(mesh, drift, t);
  const std::size_t corners = std::size_t(mesh.dimension) + 1;
  for (std::size_t g = 0; g < mesh.couplings->size(); ++g) {
    const Coupling& e = (*mesh.couplings)[g];
    std::array<double, 4> U{}, weight{};
    for (std::size_t i = 0; i < corners; ++i) {
      double rise = V[std::size_t(e.cell[i])] - V[std::size_t(e.cell[0])];
      for (std::size_t a = 0; i > 0 && a < b.size(); ++a)
        rise -= b[a][g] * e.edge[i - 1][a] / e.diffusion;
      U[i] = rise / kT;
    }
    const double max = *std::max_element(U.begin(), U.begin() + std::ptrdiff_t(corners));
    for (double& u : U) u -= max;
    const double M = mean_of_exp(std::span(U).first(corners));
    for (std::size_t i = 0; i < corners; ++i) weight[i] = kT * std::exp(U[i]) / M;
    std::size_t pair = 0;
    for (std::size_t j = 1; j < corners; ++j) {
      for (std::size_t i = 0; i < j; ++i, ++pair) {
        if (e.face[pair] < 0) continue;
        const auto f = std::size_t(e.face[pair]);
        const bool forth = mesh.faces.left[f] == e.cell[i];
        forward[f] += e.s[pair] * weight[forth ? i : j];
        backward[f] += e.s[pair] * weight[forth ? j : i];
      }
    }
  }
}

}  // namespace otto
