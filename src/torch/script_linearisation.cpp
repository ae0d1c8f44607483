// J = dU/dtheta by automatic differentiation on graphs that are kept. With a dummy v (n),
//
//   G(v) = J^T v,      J^T c by running back through U's graph,
//   J s = d/dv (s . G(v)), by running back through G's graph: G is linear in v.

#include <torch/csrc/autograd/autograd.h>

#include "batched_linearisation.h"

namespace otto {

namespace {

using torch::autograd::grad;

/// The graphs of one batch.
class Graph {
 public:
  Graph(const Script& script, std::span<const Point> points) {
    U_ = script(script.input(points));
    if (!U_.requires_grad()) return;
    v_ = at::zeros_like(U_).requires_grad_();
    G_ = grad({U_}, script.theta(), {v_}, true, true, true);
    for (std::size_t i = 0; i < G_.size(); ++i) {
      if (G_[i].defined() && G_[i].requires_grad()) parts_.push_back(i);
    }
  }

  /// Roughly: a dozen numbers for every row of every parameter.
  static double bytes_per_point(const Script& script) {
    double rows = 8;
    for (const at::Tensor& p : script.theta()) rows += p.dim() > 1 ? double(p.size(0)) : 1;
    return 12 * 8 * rows;
  }

  static std::vector<LayerShape> layers(const Script&) { return {}; }
  void add_moments(std::size_t, std::span<const double>, std::span<double>,
                   std::span<double>) const {}

  void value(std::span<double> out) const { std::ranges::copy(numbers(U_), out.begin()); }

  void apply(const Script&, const std::vector<at::Tensor>& s, std::span<double> dU) const {
    std::ranges::fill(dU, 0.0);
    if (parts_.empty()) return;
    std::vector<at::Tensor> G, along;
    for (const std::size_t i : parts_) {
      G.push_back(G_[i]);
      along.push_back(s[i]);
    }
    const at::Tensor product = grad(G, {v_}, along, true, false, true)[0];
    if (product.defined()) std::ranges::copy(numbers(product), dU.begin());
  }

  void add_adjoint(const Script& script, std::span<const double> c, std::span<double> g) const {
    if (!U_.requires_grad()) return;
    auto* weights = const_cast<double*>(c.data());
    const at::Tensor along =
        at::from_blob(weights, {std::int64_t(c.size())}, at::kDouble).to(U_.scalar_type());
    script.add_pieces(grad({U_}, script.theta(), {along}, true, false, true), g);
  }

 private:
  at::Tensor U_, v_;
  std::vector<at::Tensor> G_;
  std::vector<std::size_t> parts_;  ///< of G that depend on v
};

}  // namespace

std::unique_ptr<Linearisation> linearise_script(const Script& script,
                                                std::span<const Point> points) {
  return std::make_unique<BatchedLinearisation<Graph>>(script, points);
}

}  // namespace otto
