// The kernels of the library; `strength` multiplies each, and strength > 0 attracts in all of them:
//
//   quadratic             W = r^2/2
//   gaussian              W = -exp(-r^2/(2 s^2)),   s = range
//   power                 W = r^p/p,  p > -d, p != 0
//   logarithmic           W = log r
//   attractive_repulsive  W = r^a/a - r^b/b,  r^0/0 standing for log r
//
// (Carrillo, Craig, Yao, "Aggregation-diffusion equations: dynamics, asymptotics, and singular
// limits", 2019, for these kernels and their equilibria.)

#include "interactions.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "../expression_energy.h"
#include "../network_term.h"
#include "convolution.h"
#include "direct_sum.h"
#include "otto/casefile/at_key.h"
#include "otto/casefile/key.h"
#include "otto/casefile/section.h"
#include "otto/casefile/suggest.h"
#include "otto/energy/radial_spline.h"

namespace otto {

namespace {

const Declare keys{
    {},
    {{.path = "energy.expression",
      .type = Type::text,
      .doc = "W as an expression in the distance r.",
      .when = "kind=interaction",
      .equation = "1/2 int int W rho rho"},
     {.path = "energy.table",
      .type = Type::text,
      .doc = "HDF5 file of W by its values /value at distances /r, equally spaced from 0: a cubic "
             "spline, constant beyond the last.",
      .when = "kind=interaction",
      .file = true},
     {.path = "energy.library",
      .type = Type::text,
      .doc = "W by its name in the library.",
      .when = "kind=interaction",
      .equation = "1/2 int int W rho rho"},
     {.path = "energy.strength",
      .doc = "Factor by which the term is multiplied.",
      .fallback = "1.0",
      .when = "kind=interaction",
      .equation = "strength W"},
     {.path = "energy.range",
      .doc = "Range s of the Gaussian kernel.",
      .fallback = "1.0",
      .range = positive,
      .when = "library=gaussian",
      .equation = "W = -exp(-r^2/(2 s^2))"},
     {.path = "energy.attraction",
      .doc = "Exponent a of the attraction; 0 stands for log r.",
      .fallback = "2.0",
      .when = "library=attractive_repulsive",
      .equation = "W = r^a/a - r^b/b"},
     {.path = "energy.repulsion",
      .doc = "Exponent b of the repulsion; 0 stands for log r.",
      .fallback = "0.0",
      .when = "library=attractive_repulsive",
      .equation = "W = r^a/a - r^b/b"}},
    {{"energy.library", "quadratic", "Kernel of an interaction: attraction by springs.",
      "W = r^2/2"},
     {"energy.library", "gaussian", "Kernel of an interaction: attraction within a range.",
      "W = -exp(-r^2/(2 s^2))"},
     {"energy.library", "power", "Kernel of an interaction: a power of the distance.", "W = r^p/p"},
     {"energy.library", "logarithmic",
      "Kernel of an interaction: the attraction of chemotaxis (Keller-Segel) and of vortices.",
      "W = log r"},
     {"energy.library", "attractive_repulsive",
      "Kernel of an interaction: attraction from afar, repulsion nearby.", "W = r^a/a - r^b/b"}}};

const std::vector<std::string> names{"quadratic", "gaussian", "power", "logarithmic",
                                     "attractive_repulsive"};

void check_mesh(const Section& term, const Mesh& mesh) {
  if (!mesh.periods.empty()) {
    term.fail("kind",
              "interactions are not summed over the periods of a Gmsh mesh; take a box "
              "with periodic axes, or a mesh without periodic sides");
  }
  for (std::size_t a = 0; mesh.box && a < std::size_t(mesh.dimension); ++a) {
    if (mesh.box->uniform[a]) continue;
    term.fail("kind", fmt::format("interactions need cells of equal size, and those along axis {} "
                                  "of [mesh] are graded; remove the grading",
                                  "xyz"[a]));
  }
}

Kernel::Power checked(const Section& term, const std::string& key, double factor, double p, int d) {
  if (!(p > -d)) {
    term.fail(key, fmt::format("the kernel r^{} is not integrable at r = 0 in {} dimension{}; the "
                               "exponent must be greater than {}",
                               p, d, d == 1 ? "" : "s", -d));
  }
  return {factor, p};
}

Kernel from_library(const Section& term, int d) {
  const std::string name = term.text("library");
  if (term.given("exponent") && name != "power") {
    term.fail("exponent", "an exponent belongs to the kernel library = \"power\"; remove it");
  }
  const double s = term.real("strength");
  Kernel kernel;
  if (name == "quadratic") {
    kernel.powers = {{s, 2}};
  } else if (name == "gaussian") {
    const double range = term.real("range");
    kernel.smooth = [s, range](double r) { return -s * std::exp(-0.5 * r * r / range / range); };
  } else if (name == "power") {
    const double p = term.real("exponent");
    if (p == 0) {
      term.fail("exponent",
                "r^p/p has no meaning for p = 0; its place is taken by log r: write "
                "library = \"logarithmic\"");
    }
    kernel.powers = {checked(term, "exponent", s, p, d)};
  } else if (name == "logarithmic") {
    kernel.powers = {{s, 0}};
  } else if (name == "attractive_repulsive") {
    kernel.powers = {checked(term, "attraction", s, term.real("attraction"), d),
                     checked(term, "repulsion", -s, term.real("repulsion"), d)};
  } else {
    term.fail("library",
              fmt::format("'{}' is an external energy, not the kernel of an interaction; "
                          "kernels are {}",
                          name, list_words(names)));
  }
  return kernel;
}

Kernel from_expression(const Section& term) {
  const Expression W = read_expression(term, "expression", std::vector<std::string>{"r"});
  const double s = term.real("strength");
  const auto at = [W](double r) { return W(std::span<const double>(&r, 1)); };
  if (!std::isfinite(at(0))) {
    term.fail("expression", fmt::format("W is {} at r = 0, and no rule for it is known; take "
                                        "library = \"logarithmic\" or \"power\", whose rules are "
                                        "built in, or an expression that is finite at 0",
                                        at(0)));
  }
  Kernel kernel;
  kernel.smooth = [at, s](double r) { return s * at(r); };
  return kernel;
}

Kernel from_table(const Section& term) {
  const RadialTable table = at_key(term, "table", [&] { return RadialTable(term.file("table")); });
  const double s = term.real("strength");
  Kernel kernel;
  kernel.smooth = [table, s, M = table.spline.bends(table.w)](double r) {
    return s * table.spline.at(table.w, M, r);
  };
  return kernel;
}

/// Distances up to the diagonal of the box must give numbers.
void check_values(const Section& term, const Mesh& mesh, const Kernel& kernel) {
  if (!kernel.smooth || !mesh.box) return;  // else every pair of cells is seen by the sum itself
  double diagonal = 0;
  for (std::size_t a = 0; a < std::size_t(mesh.dimension); ++a) {
    const auto& x = mesh.box->box.nodes[a];
    diagonal += (x.back() - x.front()) * (x.back() - x.front());
  }
  constexpr int samples = 1000;
  for (int i = 0; i <= samples; ++i) {
    const double r = std::sqrt(diagonal) * i / samples, W = kernel.smooth(r);
    if (std::isfinite(W)) continue;
    term.fail(term.has("expression") ? "expression" : "library",
              fmt::format("W is {} at r = {:.6g}; it must be finite", W, r));
  }
}

class BoxInteraction final : public Interaction {
 public:
  BoxInteraction(const Mesh& mesh, const Convolution::Weights& w) : convolution_(mesh, w) {}
  void potential(std::span<const double> rho, std::span<double> out) const override {
    convolution_.apply(rho, out);
  }

 private:
  Convolution convolution_;
};

}  // namespace

Kernel make_kernel(const Section& term, const Mesh& mesh, NetworkUses& networks) {
  check_mesh(term, mesh);
  const bool named = term.given("library"), written = term.given("expression"),
             learned = term.given("network"), tabled = term.given("table");
  if (named + written + learned + tabled != 1) {
    term.fail("kind", named || written || learned || tabled
                          ? "an interaction takes only one of library, expression, table and "
                            "network; write another [[energy]] for another term"
                          : "an interaction needs library, expression, table or network");
  }
  if (tabled) return from_table(term);
  if (learned) {
    networks.push_back(read_network_term(term, mesh.dimension));
    return {{}, {}, networks.back(), term.real("strength")};
  }
  Kernel kernel = named ? from_library(term, mesh.dimension) : from_expression(term);
  check_values(term, mesh, kernel);
  return kernel;
}

std::unique_ptr<Interaction> make_interaction(const std::vector<Kernel>& kernels,
                                              const Mesh& mesh) {
  if (!mesh.box) return make_direct_sum(kernels, mesh);
  const BoxBlock& box = *mesh.box;
  Point h{};
  double volume = 1;
  for (std::size_t a = 0; a < std::size_t(mesh.dimension); ++a) {
    h[a] = box.width(int(a), 0);
    volume *= h[a];
  }
  return std::make_unique<BoxInteraction>(
      mesh, [&](std::span<const Offset> offsets, std::span<double> w) {
        std::vector<Point> x(offsets.size());
        for (std::size_t i = 0; i < x.size(); ++i) {
          Point distance{};
          for (std::size_t a = 0; a < 3; ++a) {
            x[i][a] = double(offsets[i][a]) * h[a];
            distance[a] = std::abs(x[i][a]);
          }
          w[i] = 0;
          for (const Kernel& kernel : kernels) {
            w[i] += kernel.between_cells(distance, h, mesh.dimension);
          }
        }
        for (const Kernel& kernel : kernels) kernel.add_network(x, w);
        for (double& value : w) value *= volume;
      });
}

}  // namespace otto
