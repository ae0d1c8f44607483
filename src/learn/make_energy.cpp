// [network]: which energy is trained.

#include "otto/learn/make_energy.h"

#include <fmt/format.h>

#include "otto/casefile/at_key.h"
#include "otto/casefile/key.h"
#include "otto/network/network_module.h"

namespace otto {

namespace {

const Declare keys{
    {{.path = "network", .doc = "The energy U_theta that is trained (`otto train`)."}},
    {{.path = "network.kind",
      .type = Type::text,
      .doc = "The design of a new network.",
      .fallback = "\"mlp\""},
     {.path = "network.file",
      .type = Type::text,
      .doc = "A TorchScript file to go on from, instead of a new network.",
      .file = true},
     {.path = "network.frequencies",
      .type = Type::integer,
      .doc = "Sines and as many cosines the first layer sees beside the coordinates.",
      .fallback = "64",
      .range = non_negative,
      .when = "kind=mlp"},
     {.path = "network.slowest",
      .doc = "Wave number of the slowest, per half side of the box.",
      .fallback = "1.0",
      .range = positive,
      .when = "kind=mlp"},
     {.path = "network.fastest",
      .doc = "Wave number of the fastest; those between are spread evenly in their logarithm.",
      .fallback = "40.0",
      .range = positive,
      .when = "kind=mlp"},
     {.path = "network.widths",
      .type = Type::integers,
      .doc = "Units of the hidden layers.",
      .fallback = "[32, 32, 32]",
      .range = {.min = 1},
      .when = "kind=mlp|clique"}},
    {{"network.kind", "mlp", "A multi-layer perceptron on sines and cosines of the coordinates.",
      "h0 = [z, sin(z B), cos(z B)], h_i = silu(W_i h_(i-1) + b_i), U = w . h"},
     {"network.kind", "quadratic", "A quadratic form, starting from the identity.",
      "U = 1/2 x^T A x"}}};

}  // namespace

std::unique_ptr<Network> make_energy(const Case& c, const Mesh& mesh, std::uint64_t seed) {
  const Section network = c.section("network");
  if (network.given("file")) {
    const auto file = network.file("file");
    return at_key(network, "file", [&] { return load_network(mesh.comm, file, mesh.dimension); });
  }
  NetworkDesign design;
  design.kind = network.text("kind");
  design.dimension = mesh.dimension;
  for (std::size_t a = 0; a < std::size_t(mesh.dimension); ++a) {
    design.box.lower[a] = mesh.box ? mesh.box->box.nodes[a].front() : mesh.lower[a];
    design.box.upper[a] = mesh.box ? mesh.box->box.nodes[a].back() : mesh.upper[a];
  }
  design.seed = seed;
  if (design.kind == "mlp") {
    design.frequencies = int(network.integer("frequencies"));
    design.slowest = network.real("slowest");
    design.fastest = network.real("fastest");
    design.widths = network.integers("widths");
    if (!(design.fastest >= design.slowest)) {
      network.fail("fastest", "must not be less than network.slowest");
    }
  }
  std::unique_ptr<Network> made;
  mesh.comm.together([&] { made = make_network(design); });
  return made;
}

}  // namespace otto
