// Networks Otto makes itself, as TorchScript: the source below is what the file holds, so that it
// loads anywhere. Formulas: otto/network/network_design.h.

#include "designs.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numbers>
#include <numeric>

#include "normal_tensor.h"
#include "otto/core/error.h"
#include "otto/core/random.h"

namespace otto {

namespace {

using torch::jit::Module;

at::Tensor tensor_of(const Point& x, int d) {
  at::Tensor t = at::empty({d}, at::kDouble);
  std::copy_n(x.begin(), d, t.data_ptr<double>());
  return t;
}

/// B of the design.
at::Tensor frequencies(const NetworkDesign& design) {
  const int d = design.dimension, k = design.frequencies;
  constexpr double golden = 0.61803398874989485;
  const double turn = RandomAt(design.seed, 1, 0).uniform()[0];
  at::Tensor B = normal_tensor({k, d}, 1, design.seed, 1);
  auto* row = B.data_ptr<double>();
  for (int i = 0; i < k; ++i, row += d) {
    if (d == 2) {
      const double angle = std::numbers::pi * std::fmod(turn + golden * i, 1.0);
      row[0] = std::cos(angle);
      row[1] = std::sin(angle);
    }
    const double length = std::sqrt(std::inner_product(row, row + d, row, 0.0));
    const double wanted = design.slowest * std::pow(design.fastest / design.slowest, (i + 0.5) / k);
    std::transform(row, row + d, row, [=](double x) { return x * wanted / length; });
  }
  return B.t().contiguous();
}

void check_mlp(const NetworkDesign& design) {
  for (std::size_t a = 0; a < std::size_t(design.dimension); ++a) {
    if (!(design.box.upper[a] > design.box.lower[a])) {
      throw InputError("a network needs a training box with sides of positive length");
    }
  }
  if (design.frequencies < 0) throw InputError("the number of frequencies cannot be negative");
  if (!(design.slowest > 0 && design.fastest >= design.slowest)) {
    throw InputError("the frequencies of a network must be positive and in order");
  }
  if (design.widths.empty()) throw InputError("a network needs at least one hidden layer");
  for (const auto width : design.widths) {
    if (width < 1) throw InputError("hidden layers need at least one unit");
  }
}

void add_layers(Module& module, const NetworkDesign& design, std::string& source) {
  std::int64_t in = design.dimension + 2 * design.frequencies;
  std::uint64_t stream = 1;
  for (std::size_t layer = 0; layer < design.widths.size(); ++layer) {
    const std::int64_t out = design.widths[layer];
    // Without sines and cosines the first layer alone gives U its curvature.
    const double deviation = 1 / std::sqrt(double(in));
    const std::string weight = fmt::format("weight_{}", layer),
                      bias = fmt::format("bias_{}", layer);
    module.register_parameter(
        weight, normal_tensor({out, in}, 1.6 * deviation, design.seed, ++stream), false);
    module.register_parameter(bias, normal_tensor({out}, 0.5, design.seed, ++stream), false);
    source += fmt::format("    h = torch.silu(torch.linear(h, self.{}, self.{}))\n", weight, bias);
    in = out;
  }
  module.register_parameter(
      "weight_out",
      normal_tensor({in}, design.amplitude / std::sqrt(double(in)), design.seed, ++stream), false);
  source += "    return torch.mv(h, self.weight_out)\n";
}

Module make_mlp(const NetworkDesign& design) {
  check_mlp(design);
  const int d = design.dimension;
  Module module("otto.Mlp");
  const at::Tensor lower = tensor_of(design.box.lower, d), upper = tensor_of(design.box.upper, d);
  module.register_buffer("box_lower", lower);
  module.register_buffer("box_upper", upper);
  module.register_buffer("center", (lower + upper) / 2);
  module.register_buffer("scale", 2 / (upper - lower));
  std::string source =
      "def forward(self, x: Tensor) -> Tensor:\n    z = (x - self.center) * self.scale\n";
  if (design.frequencies > 0) {
    module.register_buffer("frequency", frequencies(design));
    source +=
        "    p = torch.matmul(z, self.frequency)\n"
        "    h = torch.cat([z, torch.sin(p), torch.cos(p)], 1)\n";
  } else {
    source += "    h = z\n";
  }
  add_layers(module, design, source);
  module.define(source);
  return module;
}

Module make_quadratic(const NetworkDesign& design) {
  const int d = design.dimension;
  at::Tensor A = at::eye(d, at::kDouble);
  if (!design.matrix.empty()) {
    if (design.matrix.size() != std::size_t(d) * std::size_t(d)) {
      throw InputError(fmt::format("the matrix of a quadratic network needs {} numbers", d * d));
    }
    std::copy(design.matrix.begin(), design.matrix.end(), A.data_ptr<double>());
  }
  Module module("otto.Quadratic");
  module.register_parameter("matrix", A, false);
  module.define(
      "def forward(self, x: Tensor) -> Tensor:\n"
      "    y = torch.matmul(x, self.matrix + self.matrix.t())\n"
      "    return 0.25 * torch.sum(x * y, 1)\n");
  return module;
}

}  // namespace

Module make_module(const NetworkDesign& design) {
  if (design.dimension < 1 || design.dimension > 3) {
    throw InputError("a network needs 1, 2 or 3 dimensions");
  }
  Module module = design.kind == "mlp" ? make_mlp(design)
                  : design.kind == "quadratic"
                      ? make_quadratic(design)
                      : throw InputError("no network is called '" + design.kind + "'");
  for (at::Tensor p : module.parameters()) p.requires_grad_();
  return module;
}

}  // namespace otto
