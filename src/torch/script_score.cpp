// S = sum_i w_i (a/2 |grad U|^2 + b Lap U) and dS/dtheta: the slope by one run back through U's
// graph, each second derivative by one through the slope's, the derivative in theta by one through
// all of them.

#include <torch/csrc/autograd/autograd.h>

#include "script_network.h"

namespace otto {

namespace {

constexpr std::size_t score_batch = 1024;

using torch::autograd::grad;

/// Lap U of a batch; undefined where U is linear in x.
at::Tensor laplacian(const at::Tensor& slope, const at::Tensor& x) {
  at::Tensor sum;
  for (std::int64_t a = 0; a < x.size(1); ++a) {
    const at::Tensor component = slope.select(1, a).sum();
    if (!component.requires_grad()) continue;
    const at::Tensor second = grad({component}, {x}, {}, true, true, true)[0];
    if (!second.defined()) continue;
    const at::Tensor part = second.select(1, a);
    sum = sum.defined() ? sum + part : part;
  }
  return sum;
}

}  // namespace

double add_script_score(const Script& script, std::span<const Point> points,
                        std::span<const double> w, double a, double b, std::span<double> g) {
  double total = 0;
  in_batches(points, score_batch, [&](std::size_t first, std::span<const Point> batch) {
    const at::Tensor x = script.input(batch).requires_grad_();
    const at::Tensor U = script(x);
    if (!U.requires_grad()) return;
    const at::Tensor slope = grad({U.sum()}, {x}, {}, true, true, true)[0];
    if (!slope.defined()) return;
    auto* weights = const_cast<double*>(w.data() + first);
    const at::Tensor weight =
        at::from_blob(weights, {std::int64_t(batch.size())}, at::kDouble).to(U.scalar_type());
    at::Tensor density = 0.5 * a * slope.square().sum(1);
    if (b != 0) {
      if (const at::Tensor second = laplacian(slope, x); second.defined()) {
        density = density + b * second;
      }
    }
    const at::Tensor S = (weight * density).sum();
    total += S.item<double>();
    if (g.empty() || script.theta().empty() || !S.requires_grad()) return;
    script.add_pieces(grad({S}, script.theta(), {}, false, false, true), g);
  });
  return total;
}

}  // namespace otto
