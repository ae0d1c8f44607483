// With h_l the inputs of layer l, a_l = W_l h_l + b_l, h_(l+1) = silu(a_l), U = w . h_L, and
//
//   D_l = dU/da_l:    D_(L-1) = w silu'(a_(L-1)),    D_(l-1) = (W_l^T D_l) silu'(a_(l-1)),
//
// the derivative in W_l is the outer product D_l h_l^T, so that for all points at once, h and D
// being matrices with a row for every point,
//
//   J s   = sum_l rows of (h_l S_l^T + 1 s_l^T) times rows of D_l  +  h_L s_w,
//   J^T c : (c D_l)^T h_l for W_l,  (c D_l)^T 1 for b_l,  h_L^T c for w.
//
// h and D are kept, so that either product takes the operations of one U without its functions.

#include "mlp.h"

#include <fmt/ranges.h>

#include <functional>

#include "batched_linearisation.h"
#include "otto/core/random.h"

namespace otto {

namespace {

/// The tensors of the module itself; undefined where it has none of that name.
struct Mlp {
  explicit Mlp(const torch::jit::Module& module)
      : center(of(module, "center")),
        scale(of(module, "scale")),
        frequency(of(module, "frequency")),
        out(of(module, "weight_out")) {
    for (int l = 0;; ++l) {
      const at::Tensor W = of(module, fmt::format("weight_{}", l));
      if (!W.defined()) break;
      weight.push_back(W);
      bias.push_back(of(module, fmt::format("bias_{}", l)));
    }
  }

  static at::Tensor of(const torch::jit::Module& module, const std::string& name) {
    if (!module.hasattr(name)) return {};
    const c10::IValue value = module.attr(name);
    return value.isTensor() ? value.toTensor().detach() : at::Tensor();
  }

  /// h_0 of points (n, d), by the operations of the module's source.
  [[nodiscard]] at::Tensor features(const at::Tensor& x) const {
    const at::Tensor z = (x - center) * scale;
    if (!frequency.defined()) return z;
    const at::Tensor p = at::matmul(z, frequency);
    return at::cat({z, at::sin(p), at::cos(p)}, 1);
  }
  /// a_l of h_l.
  [[nodiscard]] at::Tensor layer(std::size_t l, const at::Tensor& h) const {
    return at::linear(h, weight[l], bias[l]);
  }

  at::Tensor center, scale, frequency;
  std::vector<at::Tensor> weight, bias;
  at::Tensor out;
};

/// All parameters in the order of theta, and nothing missing.
bool is_whole(const Mlp& mlp, const Script& script) {
  std::vector<at::Tensor> theta;
  for (std::size_t l = 0; l < mlp.weight.size(); ++l) {
    theta.push_back(mlp.weight[l]);
    theta.push_back(mlp.bias[l]);
  }
  theta.push_back(mlp.out);
  const auto same = [](const at::Tensor& a, const at::Tensor& b) {
    return a.defined() && a.data_ptr() == b.data_ptr() && b.is_contiguous();
  };
  return mlp.center.defined() && mlp.scale.defined() && !mlp.weight.empty() &&
         std::ranges::equal(theta, script.theta(), same);
}

/// The module's values at points in and around its box.
bool agrees(const Mlp& mlp, const Script& script) {
  constexpr std::int64_t n = 64;
  at::Tensor z = at::empty({n, script.dimension()}, at::kDouble);
  auto* values = z.data_ptr<double>();
  for (std::int64_t i = 0; i < z.numel(); ++i) {
    values[i] = 3 * RandomAt(1, 1, std::uint64_t(i)).uniform()[0] - 1.5;
  }
  const at::Tensor x = z / mlp.scale + mlp.center;
  at::Tensor h = mlp.features(x);
  for (std::size_t l = 0; l < mlp.weight.size(); ++l) h = at::silu(mlp.layer(l, h));
  return at::equal(at::mv(h, mlp.out), script(x));
}

/// The numbers of a span, shared, as a tensor of one column.
at::Tensor column(std::span<const double> x) {
  return at::from_blob(const_cast<double*>(x.data()), {std::int64_t(x.size()), 1}, at::kDouble);
}

/// h and D of a batch.
class Layers {
 public:
  Layers(const Script& script, std::span<const Point> points) {
    const torch::NoGradGuard no_grad;
    const Mlp mlp(script.module());
    std::vector<at::Tensor> a;
    at::Tensor h = mlp.features(script.input(points));
    const at::Tensor ones = at::ones({h.size(0), 1}, at::kDouble);
    for (std::size_t l = 0; l < mlp.weight.size(); ++l) {
      h_.push_back(at::cat({h, ones}, 1));
      a.push_back(mlp.layer(l, h));
      h = at::silu(a.back());
    }
    h_.push_back(h);
    U_ = at::mv(h, mlp.out);
    D_.resize(a.size());
    at::Tensor above = mlp.out.expand_as(h);
    for (std::size_t l = a.size(); l-- > 0;) {
      D_[l] = at::silu_backward(above, a[l]);
      if (l > 0) above = at::mm(D_[l], mlp.weight[l]);
    }
  }

  static double bytes_per_point(const Script& script) {
    double width = 1;
    for (const at::Tensor& p : script.theta()) {
      width += p.dim() > 1 ? double(p.size(0) + p.size(1) + 1) : 0;
    }
    return sizeof(double) * (width + double(script.theta().back().size(0)));
  }

  static std::vector<LayerShape> layers(const Script& script) {
    std::vector<LayerShape> shapes;
    for (const at::Tensor& p : script.theta()) {
      if (p.dim() > 1) shapes.push_back({std::size_t(p.size(0)), std::size_t(p.size(1)), true});
    }
    shapes.push_back({1, std::size_t(script.theta().back().size(0)), false});
    return shapes;
  }

  void value(std::span<double> out) const { std::ranges::copy(numbers(U_), out.begin()); }

  void apply(const Script&, const std::vector<at::Tensor>& s, std::span<double> dU) const {
    const torch::NoGradGuard no_grad;
    at::Tensor sum = column(dU).squeeze(1);
    at::mv_out(sum, h_.back(), s.back());
    for (std::size_t l = 0; l < D_.size(); ++l) {
      const at::Tensor S = at::cat({s[2 * l], s[2 * l + 1].unsqueeze(1)}, 1);
      sum += at::mm(h_[l], S.t()).mul_(D_[l]).sum(1);
    }
  }

  void add_adjoint(const Script& script, std::span<const double> c, std::span<double> g) const {
    const torch::NoGradGuard no_grad;
    const at::Tensor weights = column(c);
    std::vector<at::Tensor> pieces;
    for (std::size_t l = 0; l < D_.size(); ++l) {
      const at::Tensor both = at::mm((D_[l] * weights).t(), h_[l]);
      const std::int64_t inputs = both.size(1) - 1;
      pieces.push_back(both.narrow(1, 0, inputs));
      pieces.push_back(both.select(1, inputs));
    }
    pieces.push_back(at::mv(h_.back().t(), weights.squeeze(1)));
    script.add_pieces(pieces, g);
  }

  void add_moments(std::size_t l, std::span<const double> c, std::span<double> hh,
                   std::span<double> DD) const {
    const torch::NoGradGuard no_grad;
    const at::Tensor weights = column(c);
    const auto add = [&](const at::Tensor& t, std::span<double> sum) {
      const std::vector<double> values = numbers(at::mm((t * weights).t(), t));
      std::ranges::transform(values, sum, sum.begin(), std::plus{});
    };
    add(h_[l], hh);
    add(l < D_.size() ? D_[l] : at::ones_like(weights), DD);
  }

 private:
  std::vector<at::Tensor> h_;  ///< of layer l; but for the last layer a column of ones is added
  std::vector<at::Tensor> D_;  ///< none for the last layer, where D = 1
  at::Tensor U_;
};

}  // namespace

bool is_mlp(const Script& script) {
  if (script.type() != at::kDouble) return false;
  const torch::NoGradGuard no_grad;
  const Mlp mlp(script.module());
  try {
    return is_whole(mlp, script) && agrees(mlp, script);
  } catch (const std::exception&) {  // other shapes
    return false;
  }
}

std::optional<DeclaredLayers> declare_mlp(const Script& script) {
  const Mlp mlp(script.module());
  DeclaredLayers declared;
  const auto hold = [&](const std::string& name, const at::Tensor& t) {
    declared.arrays.arrays[name] = {t.sizes().vec(), numbers(t), false};
  };
  std::vector<std::string> layers = {R"({"kind": "affine", "center": "center", "scale": "scale"})"};
  hold("center", mlp.center);
  hold("scale", mlp.scale);
  if (mlp.frequency.defined()) {
    layers.emplace_back(R"({"kind": "fourier", "frequency": "frequency"})");
    hold("frequency", mlp.frequency);
  }
  for (std::size_t l = 0; l < mlp.weight.size(); ++l) {
    layers.push_back(fmt::format(
        R"({{"kind": "dense", "weight": "weight_{0}", "bias": "bias_{0}", "activation": "silu"}})",
        l));
    hold(fmt::format("weight_{}", l), mlp.weight[l]);
    hold(fmt::format("bias_{}", l), mlp.bias[l]);
  }
  layers.emplace_back(R"({"kind": "dense", "weight": "weight_out"})");
  hold("weight_out", mlp.out);
  for (const char* side : {"box_lower", "box_upper"}) {
    if (const at::Tensor t = Mlp::of(script.module(), side); t.defined()) hold(side, t);
  }
  declared.layers = fmt::format("[{}]", fmt::join(layers, ", "));
  return declared;
}

std::unique_ptr<Linearisation> linearise_mlp(const Script& script, std::span<const Point> points) {
  return std::make_unique<BatchedLinearisation<Layers>>(script, points);
}

}  // namespace otto
