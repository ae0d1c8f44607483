#include "wide_script.h"

#include <torch/csrc/autograd/autograd.h>

#include <sstream>

#include "guard.h"

namespace otto {

namespace {

using torch::autograd::grad;

class WideScript final : public WideNetwork {
 private:
  /// Errors name the file.
  template <class Work>
  auto named(const Work& work) const {
    try {
      return translated("cannot be differentiated", work);
    } catch (const InputError& e) {
      throw InputError(script_.name() + ": " + e.what());
    }
  }

  [[nodiscard]] at::Tensor tensor(std::span<const double> x, at::IntArrayRef shape) const {
    return at::from_blob(const_cast<double*>(x.data()), shape, at::kDouble)
        .to(script_.type(), false, true);
  }
  [[nodiscard]] at::Tensor column(std::span<const double> x) const {
    return tensor(x, {std::int64_t(x.size())});
  }
  [[nodiscard]] at::Tensor rows(std::span<const double> x) const {
    return tensor(x, {std::int64_t(x.size()) / dimension(), dimension()});
  }
  static void put(const at::Tensor& t, std::span<double> out) {
    std::ranges::copy(numbers(t), out.begin());
  }
  double add_sum(const at::Tensor& S, std::span<double> g) const {
    if (!g.empty() && !script_.theta().empty() && S.requires_grad()) {
      script_.add_pieces(grad({S}, script_.theta(), {}, false, false, true), g);
    }
    return S.item<double>();
  }

 public:
  explicit WideScript(Script script) : script_(std::move(script)) {}

  int dimension() const override { return script_.dimension(); }
  std::int64_t parameters() const override { return script_.parameters(); }

  void get(std::span<double> theta) const override { script_.get(theta); }
  void set(std::span<const double> theta) override { script_.set(theta); }

  void evaluate(std::span<const double> x, std::span<double> U,
                std::span<double> slope) const override {
    named([&] {
      at::Tensor points = script_.input(x);
      if (slope.empty()) {
        const torch::NoGradGuard no_grad;
        return put(script_(points), U);
      }
      points.requires_grad_();
      const at::Tensor value = script_(points);
      put(value, U);
      std::ranges::fill(slope, 0.0);
      if (!value.requires_grad()) return;
      const at::Tensor g = grad({value.sum()}, {points}, {}, {}, false, true)[0];
      if (g.defined()) put(g, slope);
    });
  }

  double add_gradient(std::span<const double> x, std::span<const double> w,
                      std::span<double> g) const override {
    return named([&] { return add_sum((column(w) * script_(script_.input(x))).sum(), g); });
  }

  double add_slope_square(std::span<const double> x, std::span<const double> w,
                          std::span<const double> L, std::span<const double> t,
                          std::span<double> g) const override {
    return named([&] {
      const at::Tensor points = script_.input(x).requires_grad_();
      const at::Tensor slope = grad({script_(points).sum()}, {points}, {}, true, true)[0];
      const at::Tensor off = at::matmul(slope, rows(L)) - rows(t);
      return add_sum(0.5 * (column(w) * off.square().sum(1)).sum(), g);
    });
  }

  double add_curvature(std::span<const double> x, std::span<const double> w,
                       std::span<const double> v, std::span<double> g) const override {
    return named([&] {
      const at::Tensor points = script_.input(x).requires_grad_(), along = rows(v);
      const at::Tensor slope = grad({script_(points).sum()}, {points}, {}, true, true)[0];
      const at::Tensor inner = (slope * along).sum();
      if (!inner.requires_grad()) return 0.0;
      const at::Tensor Hv = grad({inner}, {points}, {}, true, true, true)[0];
      if (!Hv.defined()) return 0.0;
      return add_sum((column(w) * (Hv * along).sum(1)).sum(), g);
    });
  }

  void jacobian(std::span<const double> x, std::span<double> J) const override {
    named([&] {
      const at::Tensor points = script_.input(x);
      if (const at::Tensor by_layers = site_jacobian(script_, points); by_layers.defined()) {
        return put(by_layers, J);
      }
      const auto m = std::size_t(parameters());
      std::ranges::fill(J, 0.0);
      const at::Tensor U = script_(points);
      if (!U.requires_grad()) return;
      for (std::int64_t i = 0; i < U.size(0); ++i) {
        script_.add_pieces(grad({U[i]}, script_.theta(), {}, true, false, true),
                           J.subspan(std::size_t(i) * m, m));
      }
    });
  }

  bool has_pair() const override { return script_.module().find_method("pair").has_value(); }

  void pair(std::span<const double> ab, std::span<double> u) const override {
    named([&] {
      const torch::NoGradGuard no_grad;
      Script copy = script_;
      put(copy.module()
              .get_method("pair")({tensor(ab, {std::int64_t(ab.size()) / 2, 2})})
              .toTensor(),
          u);
    });
  }

  std::optional<ReferenceBuffers> reference() const override {
    const torch::jit::Module& module = script_.module();
    const auto buffer = [&](const char* name) -> at::Tensor {
      if (!module.hasattr(name)) return {};
      const c10::IValue value = module.attr(name);
      return value.isTensor() ? value.toTensor() : at::Tensor();
    };
    const at::Tensor mean = buffer("reference_mean"), factor = buffer("reference_factor");
    if (!mean.defined() || !factor.defined() || mean.numel() != dimension() ||
        factor.numel() != std::int64_t(dimension()) * dimension()) {
      return std::nullopt;
    }
    return ReferenceBuffers{numbers(mean), numbers(factor)};
  }

  std::string file() const override {
    std::ostringstream bytes;
    script_.module().save(bytes);
    return std::move(bytes).str();
  }

 private:
  Script script_;
};

}  // namespace

std::unique_ptr<WideNetwork> make_wide_script(Script script) {
  return std::make_unique<WideScript>(std::move(script));
}

}  // namespace otto
