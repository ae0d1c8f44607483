#include "activations.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "lane_kernels.h"
#include "otto/core/error.h"

namespace otto {

namespace {

/// 1/(1 + e^-a).
double logistic(double a) { return 1 / (1 + std::exp(-a)); }

constexpr Activation activations[] = {
    {"silu", nullptr},
    {"tanh",
     [](double a, double& h, double& slope) {
       h = std::tanh(a);
       slope = 1 - h * h;
     }},
    {"relu",
     [](double a, double& h, double& slope) {
       h = a > 0 ? a : 0.0;
       slope = a > 0 ? 1.0 : 0.0;
     }},
    {"sigmoid",
     [](double a, double& h, double& slope) {
       h = logistic(a);
       slope = h * logistic(-a);
     }},
    {"softplus",  // log(1 + e^a)
     [](double a, double& h, double& slope) {
       h = std::max(a, 0.0) + std::log1p(std::exp(-std::abs(a)));
       slope = logistic(a);
     }},
    {"gelu",  // a Phi(a), Phi the law of a normal number
     [](double a, double& h, double& slope) {
       const double Phi = 0.5 * std::erfc(-a / std::numbers::sqrt2);
       h = a * Phi;
       slope = Phi + a * std::exp(-0.5 * a * a) * std::numbers::inv_sqrtpi / std::numbers::sqrt2;
     }},
    {"elu",
     [](double a, double& h, double& slope) {
       h = a > 0 ? a : std::expm1(a);
       slope = a > 0 ? 1.0 : std::exp(a);
     }},
    {"sin",
     [](double a, double& h, double& slope) {
       h = std::sin(a);
       slope = std::cos(a);
     }},
};

}  // namespace

const Activation& find_activation(const std::string& name) {
  const auto* found =
      std::ranges::find_if(activations, [&](const Activation& f) { return f.name == name; });
  if (found != std::end(activations)) return *found;
  std::string names;
  for (const Activation& f : activations) names += std::string(names.empty() ? "" : ", ") + f.name;
  throw InputError("declares the activation '" + name + "'; there are " + names);
}

void apply(const Activation& f, std::span<double> h, std::span<double> slope) {
  if (!f.one) return lane_kernels().silu(h.data(), h.size(), h.data(), slope.data());
  for (std::size_t i = 0; i < h.size(); ++i) f.one(h[i], h[i], slope[i]);
}

}  // namespace otto
