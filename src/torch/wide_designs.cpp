// Networks of any dimension that Otto makes itself, as TorchScript. Formulas:
// otto/network/wide_network.h.

#include "wide_designs.h"

#include <fmt/format.h>

#include <cmath>
#include <numbers>

#include "normal_tensor.h"
#include "otto/core/error.h"

namespace otto {

namespace {

using torch::jit::Module;

constexpr double max_parameters = 1e8;  ///< training keeps half a dozen numbers for each

at::Tensor tensor_of(const std::vector<double>& x, at::IntArrayRef shape) {
  return at::tensor(x, at::kDouble).reshape(shape).clone();
}

/// A module being made: its tensors in the type of the design, its source, its streams of numbers.
struct Maker {
  explicit Maker(const WideDesign& d) : design(d), module("otto.Wide") {}

  void parameter(const std::string& name, const at::Tensor& t) {
    module.register_parameter(name, t.to(type()), false);
  }
  void buffer(const std::string& name, const at::Tensor& t) {
    module.register_buffer(name, t.to(type()));
  }
  [[nodiscard]] at::ScalarType type() const {
    return design.single_precision ? at::kFloat : at::kDouble;
  }
  /// Weights of `in` inputs and biases of layer l: normal numbers that keep the size of silu's
  /// outputs.
  void layer(std::size_t l, at::IntArrayRef shape, std::int64_t in) {
    double count = 1;
    for (const std::int64_t n : shape) count *= double(n);
    parameters += count;
    if (parameters > max_parameters) {
      throw InputError(
          fmt::format("{:.3g} parameters; networks have {:.0e} at most: give fewer "
                      "widths, channels or dense units",
                      parameters, max_parameters));
    }
    const double deviation = 1.6 / std::sqrt(double(in));
    parameter(fmt::format("weight_{}", l), normal_tensor(shape, deviation, design.seed, ++stream));
    parameter(fmt::format("bias_{}", l), normal_tensor({shape[0]}, 0.1, design.seed, ++stream));
  }
  void last(std::int64_t in) {
    parameter("weight_out",
              normal_tensor({in}, design.amplitude / std::sqrt(double(in)), design.seed, ++stream));
  }

  const WideDesign& design;
  Module module;
  std::string source;
  std::uint64_t stream = 0x776964;
  double parameters = 0;
};

void add_affine(Maker& m) {
  const auto d = m.design.dimension;
  const auto or_else = [&](const std::vector<double>& x, double value) {
    return x.empty() ? std::vector<double>(std::size_t(d), value) : x;
  };
  m.buffer("center", tensor_of(or_else(m.design.center, 0), {d}));
  m.buffer("scale", 1 / tensor_of(or_else(m.design.scale, 1), {d}));
}

/// `network` of mlp and clique: an mlp at every site, summed. h (n x sites x inputs).
void add_sites(Maker& m, std::int64_t inputs, const std::string& sites) {
  add_affine(m);
  if (m.design.widths.empty()) throw InputError("a network needs at least one hidden layer");
  std::int64_t in = inputs;
  std::string layers;
  for (std::size_t l = 0; l < m.design.widths.size(); ++l) {
    const std::int64_t out = m.design.widths[l];
    if (out < 1) throw InputError("hidden layers need at least one unit");
    m.layer(l, {out, in}, in);
    layers +=
        fmt::format("    h = torch.silu(torch.linear(h, self.weight_{0}, self.bias_{0}))\n", l);
    in = out;
  }
  m.last(in);
  m.source += "def layers(self, h: Tensor) -> Tensor:\n" + layers +
              "    return torch.sum(torch.matmul(h, self.weight_out), 1)\n";
  m.source += "def network(self, x: Tensor) -> Tensor:\n    z = (x - self.center) * self.scale\n" +
              sites + "    return self.layers(h)\n";
}

void add_quadratic(Maker& m) {
  const auto d = m.design.dimension;
  add_affine(m);
  const auto& A = m.design.matrix;
  m.parameter("matrix", A.empty() ? at::eye(d, at::kDouble) : tensor_of(A, {d, d}));
  m.source +=
      "def network(self, x: Tensor) -> Tensor:\n"
      "    y = x - self.center\n"
      "    return 0.25 * torch.sum(y * torch.matmul(y, self.matrix + self.matrix.t()), 1)\n";
}

/// `wrap`: h with one more pixel on every side longer than one, the one from the opposite edge.
void add_wrap(Maker& m) {
  m.source +=
      "def wrap(self, h: Tensor) -> Tensor:\n"
      "    if h.size(2) > 1:\n"
      "        h = torch.cat([h[:, :, -1:, :], h, h[:, :, :1, :]], 2)\n"
      "    if h.size(3) > 1:\n"
      "        h = torch.cat([h[:, :, :, -1:], h, h[:, :, :, :1]], 3)\n"
      "    return h\n";
}

void add_conv(Maker& m) {
  const WideDesign& design = m.design;
  if (design.image.size() != 2 || design.image[0] * design.image[1] != design.dimension) {
    throw InputError(fmt::format("the image of a conv network must hold {} pixels, height x width",
                                 design.dimension));
  }
  add_affine(m);
  if (design.periodic) add_wrap(m);
  std::int64_t in = 1, sides[2] = {design.image[0], design.image[1]};
  std::string layers = fmt::format("    h = z.reshape([-1, 1, {}, {}])\n", sides[0], sides[1]);
  std::size_t l = 0;
  for (; l < design.channels.size(); ++l) {
    std::int64_t k[2], stride[2], pad[2];
    for (int a = 0; a < 2; ++a) {
      const bool flat = design.image[std::size_t(a)] == 1;  // nothing to convolve with
      k[a] = flat ? 1 : l == 0 ? 3 : 4;
      stride[a] = flat || l == 0 ? 1 : 2;
      pad[a] = flat || design.periodic ? 0 : 1;
      if (sides[a] % stride[a] != 0) {
        throw InputError(
            fmt::format("the image of {} x {} cannot be halved for channel {} of conv; "
                        "give fewer channels",
                        sides[0], sides[1], l + 1));
      }
      sides[a] /= stride[a];
    }
    const std::int64_t out = design.channels[l];
    m.layer(l, {out, in, k[0], k[1]}, in * k[0] * k[1]);
    layers += fmt::format(
        "    h = torch.silu(torch.conv2d({1}, self.weight_{0}, self.bias_{0}, [{2}, {3}], [{4}, "
        "{5}], [1, 1], 1))\n",
        l, design.periodic ? "self.wrap(h)" : "h", stride[0], stride[1], pad[0], pad[1]);
    in = out;
  }
  if (!design.periodic) in *= sides[0] * sides[1];
  m.layer(l, {design.dense, in}, in);
  layers +=
      fmt::format("    h = torch.silu(torch.linear({1}, self.weight_{0}, self.bias_{0}))\n", l,
                  design.periodic ? "torch.flatten(h, 2).transpose(1, 2)" : "torch.flatten(h, 1)");
  m.last(design.dense);
  m.source += "def network(self, x: Tensor) -> Tensor:\n    z = (x - self.center) * self.scale\n" +
              layers +
              (design.periodic ? "    return torch.sum(torch.matmul(h, self.weight_out), 1)\n"
                               : "    return torch.mv(h, self.weight_out)\n");
}

/// -log g with g = N(m, L L^T): 1/2 |L^-1 (x - m)|^2 + log det L + d/2 log 2 pi.
void add_reference(Maker& m) {
  const auto d = m.design.dimension;
  const ReferenceBuffers& g = *m.design.reference;
  const at::Tensor L = tensor_of(g.factor, {d, d});
  m.buffer("reference_mean", tensor_of(g.mean, {d}));
  m.buffer("reference_factor", L);
  m.buffer("reference_white", at::inverse(L).t().contiguous());
  const double constant =
      L.diagonal().log().sum().item<double>() + 0.5 * d * std::log(2 * std::numbers::pi);
  m.buffer("reference_constant", at::tensor({constant}, at::kDouble));
  m.source +=
      "def reference(self, x: Tensor) -> Tensor:\n"
      "    z = torch.matmul(x - self.reference_mean, self.reference_white)\n"
      "    return 0.5 * torch.sum(z * z, 1) + self.reference_constant\n";
}

/// u(a, b) of a clique: the site's share of a product reference, and n(a, b).
void add_pair(Maker& m) {
  m.source +=
      "def pair(self, ab: Tensor) -> Tensor:\n"
      "    z = (ab - self.center[0:1]) * self.scale[0:1]\n"
      "    u = self.layers(z.unsqueeze(1))\n";
  if (m.design.reference) {
    m.source +=
        "    y = (ab.select(1, 0) - self.reference_mean[0]) * self.reference_white[0][0]\n"
        "    u = u + 0.5 * y * y + self.reference_constant / float(self.reference_mean.size(0))\n";
  }
  m.source += "    return u\n";
}

}  // namespace

Module make_wide_module(const WideDesign& design) {
  if (design.dimension < 1) throw InputError("a network needs at least one dimension");
  Maker m(design);
  if (design.kind == "mlp") {
    add_sites(m, design.dimension, "    h = z.unsqueeze(1)\n");
  } else if (design.kind == "clique") {
    add_sites(m, 2, "    h = torch.stack([z, torch.roll(z, [-1], [1])], 2)\n");
  } else if (design.kind == "quadratic") {
    add_quadratic(m);
  } else if (design.kind == "conv") {
    add_conv(m);
  } else {
    throw InputError("no network is called '" + design.kind + "'");
  }
  if (design.reference) add_reference(m);
  if (design.kind == "clique") add_pair(m);
  m.source += design.reference
                  ? "def forward(self, x: Tensor) -> Tensor:\n"
                    "    return self.reference(x) + self.network(x)\n"
                  : "def forward(self, x: Tensor) -> Tensor:\n    return self.network(x)\n";
  m.module.define(m.source);
  for (at::Tensor p : m.module.parameters()) p.requires_grad_();
  return m.module;
}

}  // namespace otto
