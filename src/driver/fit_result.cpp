#include "fit_result.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "fitted_case.h"
#include "otto/driver/problem.h"
#include "otto/driver/simulation.h"
#include "otto/energy/radial_spline.h"
#include "otto/infer/deviance.h"
#include "otto/infer/likelihood.h"
#include "otto/time/schemes.h"

namespace otto {

namespace {

using Json = nlohmann::ordered_json;

constexpr double run_rtol = 1e-12;  ///< of the run's solves: two machines agree to 1e-10

const char* name_of(LinearScheme scheme) {
  return scheme == LinearScheme::tr_bdf2 ? "tr_bdf2" : "implicit_euler";
}

/// With owned values, ghosts filled.
std::vector<double> with_ghosts(const Mesh& mesh, std::span<const double> values) {
  std::vector<double> v(std::size_t(mesh.local()), 0.0);
  std::ranges::copy(values, v.begin());
  mesh.halo.update(mesh.comm, v);
  return v;
}

/// The misfit of a density to a snapshot, and the L1 distance.
struct Distance {
  double kl = 0, l1 = 0;
};

Distance distance(const Mesh& mesh, std::span<const double> rho, const Snapshot& data,
                  double background) {
  double volume = 0, kl = 0, l1 = 0;
  for (std::size_t k = 0; k < rho.size(); ++k) volume += mesh.volume[k];
  const LikelihoodOptions law{
      .background = background, .volume = mesh.comm.sum(volume), .counts = data.samples > 0};
  for (std::size_t k = 0; k < rho.size(); ++k) {
    kl += mesh.volume[k] * misfit(rho[k], data.density[k], law).value;
    l1 += mesh.volume[k] * std::abs(rho[k] - data.density[k]);
  }
  return {mesh.comm.sum(kl), mesh.comm.sum(l1)};
}

/// Of chi square with k degrees of freedom, by Wilson and Hilferty.
double p_value(double chi_square, double k) {
  const double width = 2 / (9 * k);
  const double z = (std::cbrt(chi_square / k) - (1 - width)) / std::sqrt(width);
  return 0.5 * std::erfc(z / std::sqrt(2.0));
}

/// Share of the mass where grad V is determined better than the prior alone says by half.
double determined_share(const Mesh& mesh, const FitResult& r) {
  double seen = 0, all = 0;
  for (std::size_t k = 0; k < r.R.size(); ++k) {
    const double mass = mesh.volume[k] * r.R[k];
    all += mass;
    if (r.deviations->determined[k] > 0.5) seen += mass;
  }
  return mesh.comm.sum(seen) / mesh.comm.sum(all);
}

/// Of the first series.
const Snapshot& last_seen(const FitSetup& setup) {
  return setup.data.seen[setup.data.series(0).to - 1];
}

Json heldout_part(const FitSetup& setup, std::span<const double> density, FitOutput& output) {
  const Snapshot &last = setup.data.heldout.back(), &seen = last_seen(setup);
  const double background = setup.options.background;
  const Distance model = distance(setup.mesh, density, last, background),
                 baseline = distance(setup.mesh, seen.density, last, background);
  Json json{{"time", last.time},
            {"kl", model.kl},
            {"l1", model.l1},
            {"baseline_kl", baseline.kl},
            {"baseline_l1", baseline.l1}};
  if (last.samples > 0) {
    double cells = 0;
    for (const double d : last.density) cells += d > 0 ? 1 : 0;
    json["noise_floor"] = setup.mesh.comm.sum(cells) / (2 * double(last.samples));
  }
  output.log().say(fmt::format(
      "forecast of the snapshot held out at {:g}: KL {:.3e}; the last one seen has {:.3e}",
      last.time, model.kl, baseline.kl));
  return json;
}

void write_V(const FitSetup& setup, const FitResult& r, FitOutput& output) {
  std::vector<FitField> fields;
  fields.push_back({"value", r.V});
  if (r.deviations) {
    fields.push_back({"deviation", r.deviations->V});
    fields.push_back({"determined", r.deviations->determined});
    fields.push_back({"gradient_deviation", r.deviations->gradient, setup.mesh.dimension});
  }
  fields.push_back({"poisson", r.poisson});
  fields.push_back({"weight", r.R});
  output.write_V(fields);
}

const char* name_of(GradientFlow verdict) {
  switch (verdict) {
    case GradientFlow::accepted:
      return "accepted";
    case GradientFlow::rejected:
      return "rejected";
    case GradientFlow::undecided:
      break;
  }
  return "undecided";
}

Json curl_part(const CurlTest& t, const StreamShare& stream, bool sampled) {
  Json json{{"statistic", t.statistic},
            {"degrees_of_freedom", t.degrees},
            {"p_value", p_value(t.statistic, std::max(t.degrees, 1.0))},
            {"share", stream.share},
            {"gain", stream.gain}};
  if (!sampled) json["unexplained"] = t.unexplained;
  return json;
}

Json summary_part(const FitSetup& setup, const Objective& objective, const FitResult& r) {
  const bool sampled = setup.data.sampled();
  Json json{{"unknowns", setup.c.section("fit").texts("unknowns")},
            {"flux", setup.flux},
            {"scheme", name_of(setup.options.scheme)},
            {"start", setup.options.each ? "each" : "first"},
            {"iterations", r.iterations},
            {"cg_iterations", r.cg_iterations},
            {"linear_solves", r.solves},
            {"misfit", objective.misfit()},
            {"misfit_per_snapshot", objective.misfits()},
            {"poisson_misfit", r.poisson_misfit},
            {"prior", objective.alpha},
            {"temperature", r.temperature},
            {"gradient_check", r.gradient_check},
            {"seconds", r.seconds},
            {"forward_seconds", r.forward_seconds},
            {"gradient_seconds", r.gradient_seconds},
            {"product_seconds", r.product_seconds}};
  if (r.evidence.gamma > 0) {
    json["effective_parameters"] = r.evidence.gamma;
    json["effective_samples"] = r.evidence.effective_samples;
  }
  if (sampled) {
    const DevianceLaw law = deviance_law(objective, setup.data, setup.options.background);
    const double mean = std::max(law.mean - r.evidence.gamma, 1.0);
    json["deviance"] = 2 * objective.misfit();
    json["deviance_expected"] = mean;
    json["deviance_width"] = law.deviation;
    const double unit = law.deviation * law.deviation / (2 * mean);  // a multiple of chi square
    json["p_value"] = p_value(2 * objective.misfit() / unit, mean / unit);
  }
  if (r.network) {
    json["network"] = {{"parameters", setup.network->parameters()},
                       {"misfit_by_cells", r.network->misfit_by_cells},
                       {"start_distance", r.network->first_distance}};
  }
  if (objective.has_temperature()) {
    if (r.deviations) json["temperature_deviation"] = r.temperature * r.deviations->log_kT;
    json["temperature_determined"] = r.scaling.determined;
    json["temperature_information"] = r.scaling.information;
  }
  if (objective.has_interaction()) {
    json["interaction_prior"] = objective.alpha_W;
    if (objective.has_external()) json["confounding"] = r.confounding;
  }
  if (r.curl) {
    json["gradient_flow"] = name_of(r.curl->verdict);
    json["curl"] = curl_part(*r.curl, r.stream, sampled);
  }
  if (r.deviations) json["cg_per_deviation"] = r.cg_per_deviation;
  if (r.deviations && objective.has_external()) {
    json["determined_share"] = determined_share(setup.mesh, r);
  }
  return json;
}

}  // namespace

TimeOptions run_times(const FitSetup& setup, const std::vector<int>& steps) {
  const auto& seen = setup.data.seen;
  const std::size_t count = setup.data.series(0).to;
  TimeOptions t;
  t.start = seen.front().time;
  t.end = setup.data.heldout.empty() ? seen[count - 1].time : setup.data.heldout.back().time;
  const double first = seen[1].time - seen[0].time;
  double step = first / steps[0];
  bool even = true;
  for (std::size_t k = 0; k + 1 < count; ++k) {
    const double interval = seen[k + 1].time - seen[k].time;
    even = even && std::abs(interval - first) < 1e-9 * first;
    step = std::min(step, interval / steps[k]);
  }
  t.step = step;
  if (even) t.output_every = first;
  return t;
}

namespace {

/// What [[energy]] kind = "external" of fitted.toml names; empty: V is known.
std::string external_of(const FitSetup& setup, const Objective& objective) {
  if (!objective.has_external()) return {};
  return setup.network ? "network = \"energy.pt\"" : "table = \"V.h5\"";
}

/// The known interaction and the one found; null without any.
std::unique_ptr<Interaction> interaction_of(const FitSetup& setup, const FitResult& r) {
  const Interaction* known = setup.energy.interaction();
  if (r.W.empty())
    return known ? std::make_unique<InteractionSum>(nullptr, borrowed(known)) : nullptr;
  const RadialSpline spline(setup.options.range, std::size_t(setup.options.knots));
  auto found = std::make_shared<RadialInteraction>(spline, setup.mesh);
  found->set(r.W);
  return std::make_unique<InteractionSum>(borrowed(known), std::move(found));
}

std::unique_ptr<Stepper> stepper_of(LinearScheme scheme, const Problem& problem) {
  if (scheme == LinearScheme::implicit_euler) return make_implicit_euler(problem);
  return problem.energy.interaction() ? make_lagged_tr_bdf2(problem) : make_tr_bdf2(problem);
}

void write_W(const FitSetup& setup, const FitResult& r, FitOutput& output) {
  const RadialSpline spline(setup.options.range, std::size_t(setup.options.knots));
  const std::vector<double> M = spline.bends(r.W);
  std::vector<FitCurve> curves{{"r", {}}, {"value", r.W}, {"slope", {}}};
  for (std::size_t i = 0; i < spline.size(); ++i) {
    curves[0].values.push_back(spline.knot(i));
    curves[2].values.push_back(spline.slope(r.W, M, spline.knot(i)));
  }
  if (r.deviations) {
    curves.push_back({"deviation", r.deviations->w});
    curves.push_back({"slope_deviation", r.deviations->slope});
    curves[3].values.push_back(0);
    curves[4].values.push_back(0);
  }
  output.write_curves("W.h5", curves);
}

}  // namespace

std::vector<double> forecast(FitSetup& setup, const FitResult& r, const TimeOptions& times,
                             std::span<const double> start) {
  const Mesh& mesh = setup.mesh;
  std::vector<double> V(std::size_t(mesh.local()));
  setup.energy.external(mesh, 0, V);
  const std::vector<double> found =
      with_ghosts(mesh, r.V.empty() ? std::vector<double>(std::size_t(mesh.owned), 0.0) : r.V);
  for (std::size_t k = 0; k < V.size(); ++k) V[k] += found[k];
  const FreeEnergy whole(InternalEnergy(r.temperature), {}, {}, interaction_of(setup, r));
  Generator generator(mesh, whole, find_flux(setup.flux), setup.drift.get());
  generator.set_external(V, r.temperature);
  const Problem problem{.mesh = mesh,
                        .energy = whole,
                        .generator = generator,
                        .solver = {.rtol = run_rtol},
                        .flux = setup.flux};
  const auto stepper = stepper_of(setup.options.scheme, problem);
  State state{times.start, with_ghosts(mesh, start)};
  std::vector<std::unique_ptr<Monitor>> none;
  (void)simulate(times, problem, *stepper, state, none);
  state.density.resize(std::size_t(mesh.owned));
  return state.density;
}

nlohmann::ordered_json write_result(FitSetup& setup, const Objective& objective, const FitResult& r,
                                    const TimeOptions& times, std::span<const double> start,
                                    std::vector<double>& density, FitOutput& output) {
  density = forecast(setup, r, times, start);
  if (objective.has_external()) write_V(setup, r, output);
  if (objective.has_interaction()) write_W(setup, r, output);
  if (setup.network) output.write_files([&] { return network_files(*setup.network); });
  const std::vector<NamedField> first{{"density", start}};
  output.write_density("start.h5", times.start, first);
  const Snapshot& last = setup.data.heldout.empty() ? last_seen(setup) : setup.data.heldout.back();
  const std::vector<NamedField> fields{{"density", density}, {"data", last.density}};
  output.write_density("final.h5", times.end, fields);
  output.write_text("fitted.toml", fitted_case(setup.c, {.temperature = r.temperature,
                                                         .external = external_of(setup, objective),
                                                         .interaction = objective.has_interaction(),
                                                         .times = times,
                                                         .scheme = name_of(setup.options.scheme),
                                                         .flux = setup.flux,
                                                         .rtol = run_rtol}));
  Json json = summary_part(setup, objective, r);
  if (!setup.data.heldout.empty()) json["heldout"] = heldout_part(setup, density, output);
  return json;
}

}  // namespace otto
