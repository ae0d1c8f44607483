#include "script_network.h"

#include <torch/csrc/autograd/autograd.h>

#include <sstream>

#include "guard.h"
#include "mlp.h"
#include "quadratic.h"

namespace otto {

namespace {

class ScriptNetwork final : public Network {
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

  at::Tensor at_points(std::span<const Point> batch) const {
    return named([&] { return script_(script_.input(batch)); });
  }

 public:
  explicit ScriptNetwork(Script script) : script_(std::move(script)), mlp_(is_mlp(script_)) {
    read_box();
  }

  int dimension() const override { return script_.dimension(); }
  std::int64_t parameters() const override { return script_.parameters(); }
  std::optional<TrainingBox> box() const override { return box_; }
  bool single_precision() const override { return script_.type() == at::kFloat; }

  void get(std::span<double> theta) const override { script_.get(theta); }
  void set(std::span<const double> theta) override { script_.set(theta); }

  void evaluate(std::span<const Point> points, std::span<double> U) const override {
    const torch::NoGradGuard no_grad;
    in_batches(points, batch_size, [&](std::size_t first, std::span<const Point> batch) {
      const std::vector<double> values = numbers(at_points(batch));
      std::copy(values.begin(), values.end(), U.begin() + std::ptrdiff_t(first));
    });
  }

  void gradient(std::span<const Point> points, std::span<Point> slope) const override {
    const auto d = std::size_t(dimension());
    in_batches(points, batch_size, [&](std::size_t first, std::span<const Point> batch) {
      const at::Tensor x = script_.input(batch).requires_grad_();
      const at::Tensor U = named([&] { return script_(x); });
      for (std::size_t i = 0; i < batch.size(); ++i) slope[first + i] = {};
      if (!U.requires_grad()) return;
      const auto grad =
          named([&] { return torch::autograd::grad({U.sum()}, {x}, {}, {}, false, true)[0]; });
      if (!grad.defined()) return;
      const std::vector<double> values = numbers(grad);
      for (std::size_t i = 0; i < batch.size(); ++i) {
        for (std::size_t a = 0; a < d; ++a) slope[first + i][a] = values[i * d + a];
      }
    });
  }

  double add_score(std::span<const Point> points, std::span<const double> w, double a, double b,
                   std::span<double> g) const override {
    return named([&] { return add_script_score(script_, points, w, a, b, g); });
  }

  std::unique_ptr<Linearisation> linearise(std::span<const Point> points) const override {
    return named(
        [&] { return mlp_ ? linearise_mlp(script_, points) : linearise_script(script_, points); });
  }

  std::string file() const override {
    std::ostringstream bytes;
    script_.module().save(bytes);
    return std::move(bytes).str();
  }

  std::optional<DeclaredLayers> declared() const override {
    return mlp_ ? declare_mlp(script_) : declare_quadratic(script_);
  }

 private:
  /// The buffers box_lower and box_upper (d each), if the module has them.
  void read_box() {
    const torch::jit::Module& module = script_.module();
    if (!module.hasattr("box_lower") || !module.hasattr("box_upper")) return;
    const c10::IValue lower = module.attr("box_lower"), upper = module.attr("box_upper");
    if (!lower.isTensor() || !upper.isTensor()) return;
    const auto low = numbers(lower.toTensor()), high = numbers(upper.toTensor());
    if (low.size() != high.size()) return;
    if (low.size() != std::size_t(dimension())) {
      throw InputError("is a network in " + std::to_string(low.size()) +
                       " dimensions; the mesh has " + std::to_string(dimension()));
    }
    box_.emplace();
    std::copy(low.begin(), low.end(), box_->lower.begin());
    std::copy(high.begin(), high.end(), box_->upper.begin());
  }

  Script script_;
  bool mlp_;  ///< Otto's own
  std::optional<TrainingBox> box_;
};

}  // namespace

std::unique_ptr<Network> make_script_network(Script script) {
  return std::make_unique<ScriptNetwork>(std::move(script));
}

}  // namespace otto
