#include "otto/driver/fitter.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <ctime>
#include <nlohmann/json.hpp>

#include "fit_levels.h"
#include "fit_result.h"
#include "otto/core/caution.h"
#include "otto/driver/fit_output.h"
#include "otto/driver/problem.h"
#include "otto/driver/run_folder.h"
#include "otto/infer/rest.h"
#include "otto/infer/start.h"
#include "otto/initial/initial.h"
#include "otto/learn/make_energy.h"
#include "otto/mesh/make_mesh.h"

namespace otto {

namespace {

void refuse_tables(const Case& c) {
  const std::pair<const char*, const char*> foreign[] = {
      {"time",
       "'otto fit' takes its times from the data, and fit.steps and fit.scheme; remove [time]"},
      {"boundary", "open sides are not available yet for 'otto fit'; remove [boundary]"},
      {"reaction", "reactions are not available yet for 'otto fit'; remove [reaction]"},
      {"diffusion", "a diffusion is not available yet for 'otto fit'; remove [diffusion]"},
      {"mobility", "a mobility is not available yet for 'otto fit'; remove [mobility]"},
      {"train", "belongs to 'otto train'; 'otto fit' has [fit]"}};
  for (const auto& [table, words] : foreign) {
    if (c.section(table).present()) c.section(table).fail("", words);
  }
}

Mesh make_fit_mesh(const Comm& comm, const Case& c) {
  refuse_tables(c);
  const Section section = c.section("mesh");
  Mesh mesh = make_mesh(comm, section);
  const std::vector<std::string> unknowns = c.section("fit").texts("unknowns");
  const bool names_interaction = std::ranges::count(unknowns, "interaction") > 0;
  if (!mesh.box) {
    if (names_interaction) {
      section.fail("kind",
                   "an unknown interaction needs a box of equal cells; take one, or give the "
                   "interaction in [[energy]]");
    }
    if (mesh.couplings) {
      section.fail(
          "control_volumes",
          "'otto fit' is not available yet for cells bounded by medians, whose fluxes see "
          "more than two cells; take \"elements\" or \"vertices\", which a Delaunay mesh has");
    }
    return mesh;
  }
  for (int a = 0; a < mesh.dimension; ++a) {
    if (mesh.box->cells(a) < 4)
      section.fail("cells", "a fit needs at least 4 cells along every axis");
    if (names_interaction && !mesh.box->uniform[std::size_t(a)]) {
      section.fail("grading", "an unknown interaction needs cells of equal size");
    }
  }
  return mesh;
}

FreeEnergy known_energy(const Case& c, const Mesh& mesh) {
  const std::vector<Section> terms = energy_terms(c);
  FreeEnergy energy = free_energy_of(c, mesh, nullptr);
  if (!(energy.temperature() > 0)) {
    terms.front().fail("kind",
                       "'otto fit' needs an entropy with the temperature, or a first guess of "
                       "it; add [[energy]] kind = \"entropy\"");
  }
  if (!energy.internal().entropy_only()) {
    terms.front().fail("kind",
                       "known terms beyond an entropy, external ones and interactions are not "
                       "available yet for 'otto fit'; remove them");
  }
  if (energy.varying_temperature()) {
    terms.front().fail(
        "kind", "a temperature that varies is not available yet for 'otto fit'; give a number");
  }
  if (energy.depends_on_time()) {
    terms.front().fail("kind", "known terms that depend on t are not available yet for 'otto fit'");
  }
  return energy;
}

std::string flux_of(const Case& c, const Mesh& mesh) {
  const Section flux = c.section("flux");
  const char* usual = mesh.box ? flux_with_limiter : "scharfetter_gummel";
  const std::string kind = flux.given("kind") ? flux.text("kind") : usual;
  if (kind == flux_on_simplices || kind == flux_of_fourth_order) {
    flux.fail("kind", fmt::format("derivatives are not available yet for '{}'; take 'limited' or "
                                  "'scharfetter_gummel'",
                                  kind));
  }
  if (const auto refusal = refuse_flux({.kind = kind}, mesh)) flux.fail("kind", refusal->message);
  return kind;
}

constexpr std::int64_t max_parameters =
    2500;  ///< of a network: each step has a dense matrix of them

/// Of fit.external = "network"; else null.
std::unique_ptr<Network> network_of(const Case& c, const Mesh& mesh, const FitSettings& options) {
  const Section fit = c.section("fit"), section = c.section("network");
  if (!options.network) {
    if (section.present()) {
      section.fail("", "belongs to fit.external = \"network\"; remove one of them");
    }
    return nullptr;
  }
  if (options.curl_test) {
    fit.fail("curl_test", "the test is of V by cells or splines; remove one of the keys");
  }
  auto network = make_energy(c, mesh, options.seed);
  const char* key = section.given("file") ? "file" : "widths";
  if (network->parameters() > max_parameters) {
    section.fail(key, fmt::format("the network has {} parameters and a fit takes {} at most; take "
                                  "fewer network.widths and network.frequencies, as [24, 24] and 8",
                                  network->parameters(), max_parameters));
  }
  if (network->single_precision()) {
    section.fail(key, "a fit needs a network of 64-bit numbers");
  }
  return network;
}

/// Nothing moves: what the data tell is V / kT.
void caution_rest(const FitSetup& setup) {
  if (!at_rest(setup.mesh, setup.data)) return;
  caution(
      "the data do not move: they determine V in units of the temperature, and not the "
      "temperature");
}

/// One series at rest has V + W * rho and no more.
void refuse_confounded(const FitSetup& setup) {
  if (!setup.options.external || !setup.options.interaction || setup.data.count() > 1) return;
  if (setup.data.sampled() || !at_rest(setup.mesh, setup.data)) return;
  setup.c.section("fit").fail(
      "unknowns",
      "the data do not move: one series at rest determines V + W * rho alone; give a series from "
      "another start, or one of the two energies");
}

/// Of this process, so that other programs do not count.
template <class Work>
double processor_seconds(const Work& work) {
  const std::clock_t began = std::clock();
  work();
  return double(std::clock() - began) / CLOCKS_PER_SEC;
}

/// The run of one fit, from its start to its files.
class Fit {
 public:
  Fit(FitSetup& setup, FitOutput& output) : setup_(setup), output_(output) {}

  ExitStatus run() {
    caution_rest(setup_);
    output_.introduce(setup_.mesh, describe());
    start_density();
    FitLevel level(setup_.mesh, setup_.generator, setup_.data, setup_.options);
    const auto start = begin(level);
    if (!start) return output_.stop_between();
    Continuation continuation = level.continuation(*start);
    if (setup_.network) network_ = level.network_fit(*setup_.network);
    output_.start(setup_.mesh, [&](Archive& a) {
      a.part("newton", level.newton());
      a.part("continuation", continuation);
      if (network_) a.part("network", *network_);
    });
    iterations_ = output_.steps();
    if (!continuation.advance(stop_)) return output_.stop_between();
    bool stopped = false;
    while (!continuation.done() && !stopped) {
      const NewtonRow row = continuation.next();
      iterations_ = row.iteration;
      const bool given_up = !continuation.advance(stop_);
      stopped = output_.add(row, continuation.done() && !network_) || given_up;
    }
    if (network_ && !stopped) stopped = fit_network(level);
    return stopped ? output_.finish({{"iterations", iterations_}}, {})
                   : conclude(level, continuation);
  }

 private:
  [[nodiscard]] std::string describe() const {
    const Snapshots& d = setup_.data;
    return fmt::format("fit to {} {} in {} series over {:g}, {} kept out; {} cells, flux {}",
                       d.seen.size(), d.sampled() ? "sets of samples" : "densities", d.count(),
                       d.duration(), d.heldout.size(), setup_.mesh.global_cells, setup_.flux);
  }

  /// From V by cells. True: a stop is asked for.
  bool fit_network(FitLevel& level) {
    GaussNewton& newton = level.newton();
    if (!network_->started()) {
      network_->start(newton.x(), newton.solves());
      output_.log().say(
          fmt::format("network of {} parameters: starts {:.2g} of V by cells away from it",
                      setup_.network->parameters(), network_->first_distance()));
    }
    for (int step = 0; step < setup_.options.iterations && !network_->converged(); ++step) {
      NewtonRow row{.iteration = ++iterations_};
      network_->step(row);
      if (output_.add(row, network_->converged() || step + 1 == setup_.options.iterations))
        return true;
    }
    newton.move(network_->x());
    return false;
  }

  /// [initial] is the known start in place of the first snapshot.
  void start_density() {
    if (setup_.c.section("initial").present()) {
      setup_.data.seen.front().density = initial_density(setup_.c, setup_.mesh, setup_.energy);
    }
    start_ = setup_.data.seen.front().density;
  }

  /// Where Newton's method starts; nothing of it is needed where the fit is resumed. None: a stop.
  std::optional<LevelStart> begin(FitLevel& level) {
    poisson_misfit_ = level.poisson_misfit();
    if (!output_.resumed()) return find_start(setup_, level, output_);
    return LevelStart{.x = level.poisson_start(), .alpha = level.first_alpha()};
  }

  /// The gradient against central differences of J along a direction p, about x + p: at x itself, a
  /// minimum, both would be rounding. Relative. Steps are short: what differences of fourth order leave out is to be about 1e-9
  /// also where a step of V is many kT. Solves are tighter: where the fit is good J is small, and so are its differences.
  double check_gradient(FitLevel& level) {
    Objective& J = level.objective();
    const Objective::Vector& x = level.newton().x();
    const std::size_t n = J.size();
    constexpr double length = 0.02, h = 0.025;  // of p over x; between two values, over p
    constexpr double tighter = 0.1;
    const double rtol = J.rtol();
    J.set_rtol(tighter * rtol);
    Objective::Vector p(n), at(n), g(n);
    const double cells = std::max(J.dot(Objective::Vector(n, 1.0), Objective::Vector(n, 1.0)), 1.0);
    const double scale = std::max(std::sqrt(J.dot(x, x) / cells), 1e-300);
    for (std::size_t i = 0; i < n; ++i) p[i] = length * scale * std::sin(1 + 3 * x[i] / scale);
    const auto value = [&](double part) {
      for (std::size_t i = 0; i < n; ++i) at[i] = x[i] + (1 + part) * p[i];
      return J.value(at);
    };
    const double differences =
        (8 * (value(h) - value(-h)) - (value(2 * h) - value(-2 * h))) / (12 * h);
    (void)value(0);
    J.gradient(g);
    const double slope = J.dot(g, p);
    J.set_rtol(rtol);
    (void)J.value(x);
    return std::abs(differences - slope) / std::max(std::abs(slope), 1e-300);
  }

  ExitStatus conclude(FitLevel& level, const Continuation& continuation) {
    Objective& J = level.objective();
    GaussNewton& newton = level.newton();
    FitResult r;
    const GaussNewton::Work before = newton.work();
    if (!judge(J, newton, continuation.last_evidence(), r)) {
      newton.restore(before);
      return output_.stop_between();
    }
    r.gradient_check = check_gradient(level);
    r.temperature = J.temperature();
    r.confounding = confounding_of(J);
    r.poisson_misfit = poisson_misfit_;
    if (network_) r.network = {network_->misfit_by_cells(), network_->first_distance()};
    r.iterations = iterations_;
    r.cg_iterations = newton.cg_iterations() + (network_ ? network_->cg_iterations() : 0);
    r.solves = network_ ? network_->solves() : newton.solves();
    r.seconds = seconds_since(began_);
    if (J.has_external()) {
      take_potential(J, newton, r);
      r.poisson = J.potential(level.poisson_start());
    }
    if (J.has_interaction()) {
      const auto w = J.unknowns().w(std::span<const double>(newton.x()));
      r.W.assign(w.begin(), w.end());
      r.W.push_back(0);
    }
    warn(J, r);
    std::vector<double> density;
    const TimeOptions times = run_times(setup_, level.steps());
    const auto json = write_result(setup_, J, r, times, start_, density, output_);
    return output_.finish(json, density);
  }

  /// What is determined, and whether it is a gradient flow. False: a stop is asked for.
  bool judge(Objective& J, GaussNewton& newton, const Evidence& last, FitResult& r) {
    time_derivatives(J, newton, r);
    r.R = J.time_integral();
    r.evidence = last;
    if (last.gamma == 0 && uses_evidence(J)) {
      const auto found = evidence(J, newton, setup_.data.sampled(), setup_.options.seed, stop_);
      if (!found) return false;
      r.evidence = *found;
    }
    r.scaling = scaling_of(J, newton, r.R, r.evidence.effective_samples);
    if (setup_.options.deviations > 0) {
      output_.log().say(
          fmt::format("error bars from {} perturbed solves", setup_.options.deviations));
      const long cg = newton.cg_iterations();
      r.deviations = deviations(J, newton, r.R, r.evidence.effective_samples, setup_.options.seed,
                                setup_.options.deviations, stop_,
                                {.draw_rtol = setup_.options.deviations_rtol});
      if (!r.deviations) return false;
      r.cg_per_deviation = double(newton.cg_iterations() - cg) / setup_.options.deviations;
    }
    return !setup_.options.curl_test || test_curl(J, newton, r);
  }

  /// Densities with a given prior and without error bars and tests have no use for it, which costs as much as the fit.
  [[nodiscard]] bool uses_evidence(const Objective& J) const {
    return setup_.data.sampled() || setup_.options.deviations > 0 || setup_.options.curl_test ||
           J.has_temperature();
  }

  /// False: a stop is asked for. A population at rest is that of a gradient flow and of others.
  bool test_curl(Objective& J, GaussNewton& newton, FitResult& r) {
    output_.log().say("test for a drift that is no gradient");
    r.curl =
        curl_test(J, newton, setup_.data, setup_.c.section("initial").present(),
                  r.evidence.effective_samples, r.evidence.gamma, setup_.options.background, stop_);
    if (!r.curl) return false;
    const auto stream =
        find_stream(setup_, J.unknowns(), newton.x(), J.misfit(), CurlTestOptions{}.modes, stop_);
    if (!stream) return false;
    r.stream = *stream;
    if (at_rest(setup_.mesh, setup_.data)) r.curl->verdict = GradientFlow::undecided;
    return true;
  }

  /// Of a value, a gradient after it, and a product.
  static void time_derivatives(Objective& J, const GaussNewton& newton, FitResult& r) {
    Objective::Vector g(J.size());
    r.forward_seconds = processor_seconds([&] { (void)J.value(newton.x()); });
    r.gradient_seconds = processor_seconds([&] { J.gradient(g); });
    r.product_seconds = processor_seconds([&] { J.product(newton.x(), g); });
  }

  /// Less its mean where the population was.
  void take_potential(const Objective& J, const GaussNewton& newton, FitResult& r) {
    const Mesh& mesh = setup_.mesh;
    r.V = J.potential(newton.x());
    double weighted = 0, weight = 0;
    for (std::size_t k = 0; k < r.V.size(); ++k) {
      weighted += mesh.volume[k] * r.R[k] * r.V[k];
      weight += mesh.volume[k] * r.R[k];
    }
    const double mean = mesh.comm.sum(weighted) / mesh.comm.sum(weight);
    for (double& v : r.V) v -= mean;
  }

  void warn(const Objective& J, const FitResult& r) {
    if (J.has_temperature() && !r.scaling.determined) {
      output_.warn("the data do not determine the temperature: V is known in its units alone");
    }
    constexpr double strong = 10;  // of the evidence's: V bends visibly
    if (r.curl && J.alpha > strong * r.evidence.alpha) {
      output_.warn(fmt::format(
          "fit.prior is {:.2g} times what the evidence asks for: what it keeps V from may "
          "be taken for a drift; judge the flow with prior = \"evidence\"",
          J.alpha / r.evidence.alpha));
    }
    if (r.curl && r.curl->verdict == GradientFlow::rejected) {
      output_.warn(
          fmt::format("the data are not those of a gradient flow: a drift that is no gradient is "
                      "significant (chi square {:.4g} "
                      "of {:g} degrees of freedom), and no V explains the data",
                      r.curl->statistic, r.curl->degrees));
    }
  }

  FitSetup& setup_;
  FitOutput& output_;
  std::function<bool()> stop_ = [this] { return output_.stop_asked(); };
  std::vector<double> start_;
  double poisson_misfit_ = 0;
  int iterations_ = 0;
  std::unique_ptr<NetworkFit> network_;
  SteadyClock::time_point began_ = SteadyClock::now();
};

}  // namespace

FitSetup::FitSetup(const Comm& comm, const Case& whole)
    : c(whole),
      mesh(make_fit_mesh(comm, c)),
      energy(known_energy(c, mesh)),
      drift(make_drift(c.section("drift"), mesh.dimension)),
      data(read_snapshots(c, mesh)),
      options(read_fit_settings(c, mesh, data.sampled())),
      network(network_of(c, mesh, options)),
      flux(flux_of(c, mesh)),
      generator(mesh, energy, find_flux(flux), drift.get()) {
  if (options.external && options.temperature && data.intervals().size() < 2) {
    c.section("fit").fail(
        "unknowns",
        "one interval between two snapshots fits every temperature with a V of its "
        "own; give a third snapshot, or the temperature");
  }
  if (options.curl_test && (mesh.dimension != 2 || !mesh.box || !options.external)) {
    c.section("fit").fail("curl_test",
                          "the test is for an unknown V on boxes of two axes; remove the key");
  }
  refuse_confounded(*this);
  if ((options.interaction || energy.interaction()) &&
      options.scheme == LinearScheme::implicit_euler) {
    c.section("fit").fail("scheme", "interactions go with 'tr_bdf2'; remove the key");
  }
  if (generator.depends_on_time()) {
    c.section("drift").fail("", "a drift that depends on t is not available yet for 'otto fit'");
  }
}

ExitStatus fit(const Comm& comm, const Case& c, const std::filesystem::path& folder,
               Resumption resumption) {
  FitOutput output(comm, c, folder, std::move(resumption));
  try {
    FitSetup setup(comm, c);
    return Fit(setup, output).run();
  } catch (const std::exception& error) {
    output.fail(error);
    throw;
  }
}

}  // namespace otto
