#include "fit_levels.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "otto/driver/problem.h"
#include "otto/infer/start.h"
#include "otto/mesh/restrict.h"

namespace otto {

namespace {

struct LevelOptions {
  std::int64_t min_cells = 24;  ///< along the shortest axis of the coarsest grid
  double first_prior = 10;      ///< of the misfit of the Poisson solve over its bending energy
  double kernel_length = 0.25;  ///< of the range: W of kT bends so, for its first prior
  double first_prior_W =
      0.01;  ///< of the misfit over that bending energy: held at 0, W leaves all to V, which the evidence is content with
  double coarse_prior = 10;  ///< factor of a strength asked for, per coarser grid
  int decades = 1;           ///< above the strength asked for, from a coarser grid's V
};

/// The Poisson solve's V with ghosts.
std::vector<double> first_potential(const Mesh& mesh, const Generator& generator,
                                    const Snapshots& data, const FitSettings& options) {
  std::vector<double> V(std::size_t(mesh.local()), 0.0);
  if (!options.external) return V;
  const auto found = poisson_potential(mesh, data, generator.temperature(), generator.external());
  std::ranges::copy(found, V.begin());
  mesh.halo.update(mesh.comm, V);
  return V;
}

std::vector<double> sum(std::span<const double> a, std::span<const double> b) {
  std::vector<double> c(a.begin(), a.end());
  for (std::size_t k = 0; k < c.size(); ++k) c[k] += b[k];
  return c;
}

/// Grids of cells joined in pairs are boxes'; splines need as many cells as they have unknowns along an axis.
bool can_coarsen(const Mesh& mesh, const FitSettings& options) {
  if (!mesh.box) return false;
  const Box& box = mesh.box->box;
  for (int a = 0; a < box.dimension; ++a) {
    const std::int64_t cells = box.cells(a) / 2;
    if (box.cells(a) % 2 != 0 || cells < LevelOptions{}.min_cells) return false;
    if (!options.splines.empty() && cells < options.splines[std::size_t(a)] + 3) return false;
  }
  return true;
}

/// The known energy but for V, which the grid is given.
FreeEnergy without_external(const Case& c, const Mesh& mesh) {
  std::vector<Section> terms = energy_terms(c);
  std::erase_if(terms, [](const Section& term) { return term.text("kind") == "external"; });
  return make_free_energy(terms, mesh);
}

/// The fit on a coarser grid, and on those below it; known V and temperature as on the finer one. None: a stop is asked for.
std::optional<LevelStart> fit_coarse(const Mesh& fine, std::span<const double> known, double kT,
                                     const FitSetup& setup, const Snapshots& data, int depth,
                                     FitOutput& output) {
  const Mesh mesh = make_box_mesh(fine.comm, joined_in_pairs(fine.box->box));
  const Snapshots coarse = coarsened(data, fine, mesh);
  std::vector<double> V = restrict_density(fine, known, mesh);
  V.resize(std::size_t(mesh.local()));
  mesh.halo.update(mesh.comm, V);
  const FreeEnergy energy = without_external(setup.c, mesh);
  Generator generator(mesh, energy, find_flux(setup.flux), setup.drift.get());
  generator.set_external(V, kT);
  FitLevel level(mesh, generator, coarse, setup.options);
  const double factor = std::pow(LevelOptions{}.coarse_prior, depth);
  LevelStart start{.x = {}, .alpha = level.first_alpha()};
  if (setup.options.prior) start.alpha = {start.alpha.V * factor, start.alpha.W * factor};
  std::vector<Objective::Vector> candidates{level.poisson_start()};
  if (setup.options.external && can_coarsen(mesh, setup.options)) {
    auto below = fit_coarse(mesh, std::span(V).first(std::size_t(mesh.owned)), kT, setup, coarse,
                            depth + 1, output);
    if (!below) return std::nullopt;
    candidates.push_back(std::move(below->x));
    if (!setup.options.prior) start.alpha = below->alpha;
  }
  const std::size_t best = level.best_of(candidates, start.alpha);
  start.fitted = best == 1;
  start.x = std::move(candidates[best]);
  Continuation continuation = level.continuation(start);
  const auto stop = [&output] { return output.stop_asked(); };
  int steps = 0;
  while (!continuation.done()) {
    if (stop()) return std::nullopt;
    (void)continuation.next();
    if (!continuation.advance(stop)) return std::nullopt;
    ++steps;
  }
  output.log().say(fmt::format("{} cells: {} Newton steps, prior {:.2e}, misfit {:.4e}",
                               mesh.global_cells, steps, level.objective().alpha,
                               level.objective().misfit()));
  Objective::Vector x = level.newton().x();
  const Unknowns& u = level.objective().unknowns();
  Objective::Vector finer;  // coefficients of splines are the same on both
  if (u.coefficients == 0) finer = prolong(mesh, u.V(std::span<const double>(x)), fine);
  finer.insert(finer.end(), x.begin() + std::ptrdiff_t(u.cells), x.end());
  return LevelStart{.x = std::move(finer),
                    .alpha = {level.objective().alpha, level.objective().alpha_W}};
}

}  // namespace

FitLevel::FitLevel(const Mesh& mesh, Generator& generator, const Snapshots& data,
                   const FitSettings& options)
    : data_(data),
      options_(options),
      V_(first_potential(mesh, generator, data, options)),
      steps_(time_steps(mesh, data, options, sum(V_, generator.external()))),
      objective_(generator, data, options, steps_) {
  const Unknowns& u = objective_.unknowns();
  poisson_.assign(u.size(), 0.0);
  if (options.external) {
    objective_.set_potential(std::span(V_).first(std::size_t(mesh.owned)), poisson_);
  }
  if (options.temperature) poisson_.back() = std::log(generator.temperature());
  (void)objective_.value(poisson_);
  poisson_misfit_ = objective_.misfit();
  if (options.prior) {
    first_alpha_ = {*options.prior, *options.prior};
    return;
  }
  const LevelOptions rule;
  const auto strength = [&](double factor, double bending) {
    return factor * poisson_misfit_ / std::max(bending, 1e-300);
  };
  if (options.external) {
    first_alpha_.V = strength(rule.first_prior, objective_.bending(poisson_));
  }
  if (options.interaction) {
    const double kT = generator.temperature(), length = rule.kernel_length * options.range;
    first_alpha_.W =
        strength(rule.first_prior_W, std::pow(kT / (length * length), 2) * options.range);
  }
}

std::size_t FitLevel::best_of(const std::vector<Objective::Vector>& candidates,
                              PriorStrengths alpha) {
  objective_.alpha = alpha.V;
  objective_.alpha_W = alpha.W;
  std::size_t best = 0;
  double smallest = 0;
  for (std::size_t i = 0; i < candidates.size(); ++i) {
    const double J = objective_.value(candidates[i]);
    if (i > 0 && !(J < smallest)) continue;
    smallest = J;
    best = i;
  }
  return best;
}

std::vector<double> FitLevel::mean_density() const {
  std::vector<double> mean = data_integral(data_);
  for (double& r : mean) r /= data_.duration();
  return mean;
}

double FitLevel::mean_interval() const {
  return data_.duration() / double(data_.intervals().size());
}

std::unique_ptr<NetworkFit> FitLevel::network_fit(Network& network) {
  return std::make_unique<NetworkFit>(objective_, network, mean_density(), mean_interval(),
                                      NetworkFitOptions{.tolerance = options_.tolerance});
}

Continuation FitLevel::continuation(const LevelStart& start) {
  newton_ = std::make_unique<GaussNewton>(objective_, mean_density(), mean_interval(), start.x);
  ContinuationOptions options;
  if (start.fitted) options.decades = LevelOptions{}.decades;
  return {objective_, *newton_, options_, data_.sampled(), !options_.prior, start.alpha, options};
}

std::optional<LevelStart> find_start(FitSetup& setup, FitLevel& finest, FitOutput& output) {
  LevelStart start{.x = finest.poisson_start(), .alpha = finest.first_alpha()};
  if (!setup.options.external) return start;
  std::vector<Objective::Vector> candidates{finest.poisson_start(),
                                            Objective::Vector(finest.poisson_start().size(), 0.0)};
  if (setup.options.temperature) candidates.back().back() = start.x.back();
  if (can_coarsen(setup.mesh, setup.options)) {
    std::vector<double> known(std::size_t(setup.mesh.local()));
    setup.energy.external(setup.mesh, 0, known);
    auto below = fit_coarse(setup.mesh, std::span(known).first(std::size_t(setup.mesh.owned)),
                            setup.energy.temperature(), setup, setup.data, 1, output);
    if (!below) return std::nullopt;
    candidates.push_back(std::move(below->x));
    if (!setup.options.prior) start.alpha = below->alpha;
  }
  const std::size_t best = finest.best_of(candidates, start.alpha);
  start.fitted = best == 2;
  start.x = std::move(candidates[best]);
  return start;
}

}  // namespace otto
