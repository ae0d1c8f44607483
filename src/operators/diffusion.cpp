#include "otto/operators/diffusion.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <Eigen/Dense>
#include <algorithm>
#include <cmath>

#include "diffusion_table.h"
#include "otto/casefile/key.h"
#include "otto/casefile/section.h"
#include "otto/core/error.h"
#include "otto/core/words.h"
#include "otto/flux/two_point.h"
#include "otto/mesh/region.h"

namespace otto {

namespace {

const Declare keys{
    {{"diffusion", "How easily the density moves: a number or a tensor, 1 if not said."},
     {.path = "diffusion.region", .doc = "Its value in a region of the mesh.", .repeated = true}},
    {{.path = "diffusion.expression",
      .type = Type::text,
      .doc = "D > 0 as an expression in x, y, z and t. What diffuses is kT D; Gibbs states do not "
             "depend on it.",
      .equation = "d_t rho = div(D (kT grad rho + rho grad V))"},
     {.path = "diffusion.tensor",
      .type = Type::matrix,
      .doc = "D as a symmetric and positive definite tensor, one row per axis, of numbers or "
             "expressions. Diagonal ones go with every flux on boxes, others with flux.kind = "
             "\"simplex\".",
      .equation = "d_t rho = div(rho D grad mu), mu = U'(rho) + V"},
     {.path = "diffusion.unit",
      .type = Type::text,
      .doc = "Unit of the values of `expression`, `table` and `tensor` where they are diffusion "
             "coefficients as measured, <x^2> = 2 D t, such as \"cm^2/s\": they are brought to the "
             "units of the case and divided by kT. By default they are the D of the equation.",
      .equation = "D = D_measured / kT"},
     {.path = "diffusion.convention",
      .type = Type::text,
      .doc = "How dX = -D grad V dt + sqrt(2 kT D) dW was meant.",
      .fallback = "\"klimontovich\""},
     {.path = "diffusion.region.name",
      .type = Type::text,
      .doc = "Physical name of the region.",
      .required = true},
     {.path = "diffusion.region.expression",
      .type = Type::text,
      .doc = "As `diffusion.expression`, in that region."},
     {.path = "diffusion.region.tensor",
      .type = Type::matrix,
      .doc = "As `diffusion.tensor`, in that region."}},
    {{"diffusion.convention", "klimontovich",
      "The equilibrium is exp(-V/kT) whatever D: the drift kT div D belongs to the noise.",
      "d_t rho = div(D (kT grad rho + rho grad V))"},
     {"diffusion.convention", "ito",
      "Ito's: with a number D the equilibrium is exp(-V/kT) / D, as if V were V + kT log D.",
      "d_t rho = div(D rho grad V) + kT div div(D rho)"},
     {"diffusion.convention", "stratonovich",
      "Stratonovich's: with a number D the equilibrium is exp(-V/kT) / sqrt(D).",
      "d_t rho = div(D rho grad V) + kT div(sqrt(D) grad(sqrt(D) rho))"},
     {"flux.kind", flux_on_simplices,
      "Whole gradients from groups of d + 1 cells: consistent for any tensor and on meshes that "
      "are "
      "orthogonal to nothing. Positive, dissipative, Gibbs states at rest.",
      "F_ij = rho_e s_ij (mu_i - mu_j), mu = U'(rho) + V, rho_e the mean of the group"}}};

bool is_zero(const Function& f) { return f.constant() && f.value() == 0; }

/// Why it is not symmetric and positive definite; "" where it is.
std::string fault_of(const Tensor& T) {
  if (!T.allFinite()) return "must be finite";
  if (!(T - T.transpose()).isZero(1e-14 * T.cwiseAbs().maxCoeff())) {
    return "must be symmetric: equal numbers on both sides of the diagonal";
  }
  const Eigen::SelfAdjointEigenSolver<Tensor> eigen(T);
  const double min = eigen.eigenvalues()(0), max = eigen.eigenvalues()(T.rows() - 1);
  if (min > 1e-14 * max) return "";
  return fmt::format("must be positive definite; its eigenvalues are {:.6g}",
                     fmt::join(eigen.eigenvalues(), ", "));
}

DiffusionKind kind_of(const DiffusionLaw& law, int d) {
  if (law.scalar()) return DiffusionKind::scalar;
  for (int i = 0; i < d; ++i) {
    for (int j = 0; j < d; ++j) {
      if (i != j && !is_zero(law.entry[std::size_t(i * d + j)])) return DiffusionKind::full;
    }
  }
  return DiffusionKind::diagonal;
}

/// Constant tensors are judged where they are written; a diagonal one may vanish along an axis.
void check_constant(const Section& section, const DiffusionLaw& law, int d) {
  if (!std::ranges::all_of(law.entry, &Function::constant)) return;
  Tensor T(d, d);
  for (int i = 0; i < d; ++i) {
    for (int j = 0; j < d; ++j) T(i, j) = law.entry[std::size_t(i * d + j)].value();
  }
  const Eigen::VectorXd diagonal = T.diagonal();
  const bool degenerate = kind_of(law, d) == DiffusionKind::diagonal && T.allFinite() &&
                          diagonal.minCoeff() >= 0 && diagonal.maxCoeff() > 0;
  if (degenerate) return;
  if (const std::string fault = fault_of(T); !fault.empty()) section.fail("tensor", fault);
}

/// A tensor of one number on the diagonal is that number.
DiffusionLaw read_tensor(const Section& section, int d) {
  const auto rows = section.matrix("tensor");
  const bool square = rows.size() == std::size_t(d) && std::ranges::all_of(rows, [&](auto& row) {
                        return row.size() == std::size_t(d);
                      });
  if (!square) {
    section.fail("tensor", fmt::format("the mesh has {0} dimension{1}, so {0} row{1} of {0} "
                                       "number{1} {2} needed",
                                       d, d == 1 ? "" : "s", d == 1 ? "is" : "are"));
  }
  DiffusionLaw law;
  for (const auto& row : rows) {
    for (const std::string& text : row) {
      law.entry.push_back(read_function(section, "tensor", text, d));
    }
  }
  check_constant(section, law, d);
  bool one_number = kind_of(law, d) != DiffusionKind::full;
  for (int a = 1; a < d; ++a)
    one_number = one_number && rows[std::size_t(a)][std::size_t(a)] == rows[0][0];
  if (one_number) return {{law.entry[0]}};
  return law;
}

DiffusionLaw read_law(const Section& section, int d) {
  const bool number = section.given("expression"), tensor = section.given("tensor");
  if (number && tensor) {
    section.fail("tensor", "give either an expression or a tensor, not both");
  }
  if (tensor) return read_tensor(section, d);
  if (number) {
    DiffusionLaw law{{read_function(section, "expression", section.text("expression"), d)}};
    if (law.entry[0].constant() && !(law.entry[0].value() > 0)) {
      section.fail("expression", fmt::format("D is {}; it must be positive", law.entry[0].text()));
    }
    return law;
  }
  return {{one()}};
}

/// Outside the regions with a law of their own.
DiffusionLaw read_whole(const Section& section, const Mesh& mesh) {
  refuse_keys_without_table(section);
  if (!section.given("table")) return read_law(section, mesh.dimension);
  for (const char* key : {"expression", "tensor"}) {
    if (section.given(key)) section.fail("table", fmt::format("give either it or {}", key));
  }
  return {{read_diffusion_table(section, mesh)}};
}

void multiply(DiffusionLaw& law, double factor) {
  for (Function& entry : law.entry) entry = scaled(entry, factor);
}

double read_noise(const Section& section) {
  const std::string word = section.text("convention");
  return word == "ito" ? 1 : word == "stratonovich" ? 0.5 : 0;
}

void read_regions(Diffusion& diffusion, std::span<const Section> regions, const Mesh& mesh) {
  const std::size_t names = mesh.region_names.size(), labels = names + mesh.region_sets.size();
  diffusion.region.assign(labels, diffusion.everywhere);
  std::vector<bool> given(labels, false);
  std::vector<std::int32_t> named;
  for (const Section& section : regions) {
    const std::int32_t region = read_region(section, mesh, "name");
    if (std::ranges::find(named, region) != named.end()) {
      section.fail("name", fmt::format("the region '{}' has its diffusion already; say one of them",
                                       mesh.region_names[std::size_t(region)]));
    }
    named.push_back(region);
    if (!section.given("expression") && !section.given("tensor")) {
      section.fail("", "needs an expression or a tensor: the diffusion in that region");
    }
    const DiffusionLaw law = read_law(section, mesh.dimension);
    for (std::size_t label = 0; label < labels; ++label) {
      if (!has_name(std::int32_t(label), region, names, mesh.region_sets)) continue;
      if (given[label] && label >= names) {
        section.fail("name", fmt::format("the region '{}' shares cells with another that has a "
                                         "tensor of its own; give such cells one tensor",
                                         mesh.region_names[std::size_t(region)]));
      }
      given[label] = true;
      diffusion.region[label] = law;
    }
  }
}

/// sum_i h kT log D_i, or h kT log D of a number.
class NoiseEnergy final : public ExternalEnergy {
 public:
  NoiseEnergy(DiffusionLaw law, int dimension, double factor)
      : law_(std::move(law)), dimension_(dimension), factor_(factor) {}

  void evaluate(std::span<const Point> points, double t, std::span<double> values) const override {
    std::ranges::fill(values, 0.0);
    std::vector<double> D(points.size());
    for (std::size_t a = 0; a < (law_.scalar() ? 1 : std::size_t(dimension_)); ++a) {
      law_.along(a, dimension_).evaluate(points, t, D);
      for (std::size_t i = 0; i < D.size(); ++i) values[i] += factor_ * std::log(D[i]);
    }
  }
  [[nodiscard]] bool depends_on_time() const override {
    return std::ranges::any_of(law_.entry, &Function::depends_on_time);
  }

 private:
  DiffusionLaw law_;
  int dimension_;
  double factor_;
};

}  // namespace

bool Diffusion::depends_on_time() const {
  const auto varies = [](const DiffusionLaw& law) {
    return std::ranges::any_of(law.entry, &Function::depends_on_time);
  };
  return varies(everywhere) || std::ranges::any_of(region, varies);
}

bool Diffusion::drives() const {
  if (noise == 0 || everywhere.scalar()) return false;
  for (std::size_t a = 0; a < std::size_t(dimension); ++a) {
    const Function& D = everywhere.along(a, dimension);
    for (std::size_t o = 0; o < 3; ++o) {
      if (o != a && D.uses_axis(o)) return true;
    }
    if (is_zero(D)) return true;
  }
  return false;
}

std::vector<Tensor> Diffusion::tensors(std::span<const Point> points,
                                       std::span<const std::int32_t> labels, double t) const {
  const int d = dimension;
  std::vector<Tensor> all(points.size(), Tensor::Identity(d, d));
  std::vector<std::vector<std::size_t>> of_law(region.size() + 1);  // the last: everywhere
  for (std::size_t i = 0; i < points.size(); ++i) {
    const bool own = labels[i] >= 0 && !region.empty();
    of_law[own ? std::size_t(labels[i]) : region.size()].push_back(i);
  }
  std::vector<Point> at;
  std::vector<double> values;
  for (std::size_t l = 0; l < of_law.size(); ++l) {
    const DiffusionLaw& law = l < region.size() ? region[l] : everywhere;
    at.clear();
    for (const std::size_t i : of_law[l]) at.push_back(points[i]);
    values.resize(at.size());
    for (std::size_t e = 0; e < law.entry.size() && !at.empty(); ++e) {
      law.entry[e].evaluate(at, t, values);
      const auto i = Eigen::Index(e) / d, j = Eigen::Index(e) % d;
      for (std::size_t p = 0; p < at.size(); ++p) {
        Tensor& T = all[of_law[l][p]];
        if (law.scalar()) {
          T *= values[p];
        } else {
          T(i, j) = values[p];
        }
      }
    }
  }
  for (std::size_t i = 0; i < all.size(); ++i) {
    const std::string fault = fault_of(all[i]);
    if (fault.empty()) continue;
    throw InputError(fmt::format("{}: at {} the tensor {}", place, to_text(points[i], d), fault));
  }
  return all;
}

Diffusion identity_diffusion(const Mesh& mesh) {
  Diffusion one_everywhere;
  one_everywhere.dimension = mesh.dimension;
  one_everywhere.everywhere = {{one()}};
  return one_everywhere;
}

Diffusion read_diffusion(const Section& whole, std::span<const Section> regions, const Mesh& mesh,
                         double factor) {
  const int d = mesh.dimension;
  Diffusion diffusion;
  diffusion.dimension = d;
  diffusion.everywhere = read_whole(whole, mesh);
  diffusion.noise = read_noise(whole);
  const char* key = whole.given("tensor")  ? "tensor"
                    : whole.given("table") ? "table"
                                           : "expression";
  diffusion.place = whole.where(key) + ": diffusion";
  if (!regions.empty()) read_regions(diffusion, regions, mesh);
  multiply(diffusion.everywhere, factor);
  for (DiffusionLaw& law : diffusion.region) multiply(law, factor);
  diffusion.kind = kind_of(diffusion.everywhere, d);
  for (const DiffusionLaw& law : diffusion.region) {
    diffusion.kind = std::max(diffusion.kind, kind_of(law, d));
  }
  if (diffusion.noise > 0 && !regions.empty()) {
    whole.fail("convention",
               "between regions D jumps, where only \"klimontovich\" has a meaning; give one "
               "expression for the whole mesh");
  }
  if (diffusion.noise > 0 && diffusion.kind == DiffusionKind::full) {
    whole.fail(
        "convention",
        "full tensors go with \"klimontovich\" only; write what the noise implies as [drift]");
  }
  return diffusion;
}

std::unique_ptr<ExternalEnergy> noise_energy(const Diffusion& diffusion, double kT) {
  if (diffusion.noise == 0 || diffusion.drives()) return nullptr;
  return std::make_unique<NoiseEnergy>(diffusion.everywhere, diffusion.dimension,
                                       diffusion.noise * kT);
}

std::optional<std::string> words_of_noise(const Diffusion& diffusion) {
  if (diffusion.noise == 0) return std::nullopt;
  const std::string name = diffusion.noise == 1 ? "ito" : "stratonovich";
  const std::string part = diffusion.noise == 1 ? "" : "1/2 ";
  if (diffusion.drives()) {
    return fmt::format(
        "diffusion: the convention \"{}\" adds the velocity -{}kT d_i D_i, which is not that of an "
        "energy: the free energy need not fall, and the equilibrium is not exp(-V/kT)",
        name, part);
  }
  return fmt::format("diffusion: the convention \"{}\" adds {}kT log {} to V", name, part,
                     diffusion.everywhere.scalar() ? "D" : "(the product of the D_i)");
}

}  // namespace otto
