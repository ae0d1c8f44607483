// J = dU/dtheta by automatic differentiation on graphs that are kept. With a dummy v (n),
//
//   G(v) = J^T v,      J^T c by running back through U's graph,
//   J s = d/dv (s . G(v)), by running back through G's graph: G is linear in v.

#include <torch/csrc/autograd/autograd.h>

#include "guard.h"
#include "script_network.h"

namespace otto {

namespace {

/// Bytes that the graphs of one Linearisation may keep; batches beyond are built anew for every
/// product.
constexpr double kept_bytes = 1.5e9;

using torch::autograd::grad;

/// The graphs of one batch.
struct Graph {
  Graph(const Script& script, std::span<const Point> points) {
    U = script(script.input(points));
    if (!U.requires_grad()) return;
    v = at::zeros_like(U).requires_grad_();
    G = grad({U}, script.theta(), {v}, true, true, true);
    for (std::size_t i = 0; i < G.size(); ++i) {
      if (G[i].defined() && G[i].requires_grad()) parts.push_back(i);
    }
  }
  at::Tensor U, v;
  std::vector<at::Tensor> G;
  std::vector<std::size_t> parts;  ///< of G that depend on v
};

/// Rough size of a graph per point: a dozen numbers for every row of every parameter.
double bytes_per_point(const Script& script) {
  double rows = 8;
  for (const at::Tensor& p : script.theta()) rows += p.dim() > 1 ? double(p.size(0)) : 1;
  return 12 * 8 * rows;
}

class ScriptLinearisation final : public Linearisation {
 public:
  ScriptLinearisation(const Script& script, std::span<const Point> points)
      : script_(script.copy()), points_(points.begin(), points.end()) {
    value_.reserve(points_.size());
    const double room = kept_bytes / bytes_per_point(script_);
    in_batches(points_, batch_size, [&](std::size_t first, std::span<const Point> batch) {
      Graph graph(script_, batch);
      for (const double U : numbers(graph.U)) value_.push_back(U);
      if (double(first + batch.size()) <= room) kept_.push_back(std::move(graph));
    });
  }

  std::span<const double> value() const override { return value_; }

  void apply(std::span<const double> s, std::span<double> dU) const override {
    const auto pieces = script_.pieces(s);
    over_graphs([&](std::size_t first, std::size_t count, const Graph& graph) {
      const auto out = dU.subspan(first, count);
      std::fill(out.begin(), out.end(), 0.0);
      if (graph.parts.empty()) return;
      std::vector<at::Tensor> G, along;
      for (const std::size_t i : graph.parts) {
        G.push_back(graph.G[i]);
        along.push_back(pieces[i]);
      }
      const at::Tensor product = grad(G, {graph.v}, along, true, false, true)[0];
      if (!product.defined()) return;
      const auto values = numbers(product);
      std::copy(values.begin(), values.end(), out.begin());
    });
  }

  void add_adjoint(std::span<const double> c, std::span<double> g) const override {
    over_graphs([&](std::size_t first, std::size_t count, const Graph& graph) {
      if (!graph.U.requires_grad()) return;
      auto* weights = const_cast<double*>(c.data() + first);
      const at::Tensor along =
          at::from_blob(weights, {std::int64_t(count)}, at::kDouble).to(graph.U.scalar_type());
      script_.add_pieces(grad({graph.U}, script_.theta(), {along}, true, false, true), g);
    });
  }

 private:
  template <class Work>
  void over_graphs(const Work& work) const {
    try {
      translated(script_.name() + ": cannot be differentiated", [&] {
        std::size_t number = 0;
        in_batches(points_, batch_size, [&](std::size_t first, std::span<const Point> batch) {
          if (number < kept_.size()) {
            work(first, batch.size(), kept_[number++]);
          } else {
            work(first, batch.size(), Graph(script_, batch));
          }
        });
      });
    } catch (const InputError& e) {
      throw InternalError(e.what());
    }
  }

  Script script_;
  std::vector<Point> points_;
  std::vector<double> value_;
  std::vector<Graph> kept_;
};

}  // namespace

std::unique_ptr<Linearisation> linearise_script(const Script& script,
                                                std::span<const Point> points) {
  return std::make_unique<ScriptLinearisation>(script, points);
}

}  // namespace otto
