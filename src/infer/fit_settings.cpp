#include "otto/infer/fit_settings.h"

#include <fmt/format.h>

#include <algorithm>

#include "otto/casefile/key.h"
#include "otto/core/error.h"

namespace otto {

namespace {

const Declare keys{
    {{.path = "fit", .doc = "What `otto fit` infers from data.snapshots, and how."}},
    {{.path = "fit.unknowns",
      .type = Type::texts,
      .doc = "What is inferred; known terms stand in [[energy]], and the entropy's temperature is "
             "the value or the first guess.",
      .fallback = "[\"external\"]"},
     {.path = "fit.external",
      .type = Type::text,
      .doc = "How the unknown V is written.",
      .fallback = "\"cells\""},
     {.path = "fit.external_knots",
      .type = Type::integers,
      .doc = "Equal intervals along every axis of the splines of V, each from a knot to the next. "
             "Default: 16, or the cells along the axis where these are fewer.",
      .range = {.min = 2, .max = 400}},
     {.path = "fit.range",
      .doc = "Distance up to which the unknown W is a cubic spline; it is constant beyond.",
      .range = positive,
      .unit = "length"},
     {.path = "fit.knots",
      .type = Type::integer,
      .doc = "Equal intervals of that spline.",
      .fallback = "20",
      .range = {.min = 2, .max = 200}},
     {.path = "fit.start",
      .type = Type::text,
      .doc = "Where each interval between two snapshots starts. Default: each for densities, first "
             "for samples."},
     {.path = "fit.prior",
      .type = Type::real_or_text,
      .doc = "Strength alpha of the prior in nats, or \"evidence\". Densities count as one sample.",
      .fallback = "\"evidence\"",
      .equation = "J = sum_k N_k KL_k + alpha/2 int |Hess V|^2"},
     {.path = "fit.background",
      .doc = "Share of a uniform density mixed into data and model: an outlier model.",
      .fallback = "1e-4",
      .range = {.min = 0, .max = 0.5, .above = true, .below = true}},
     {.path = "fit.iterations",
      .type = Type::integer,
      .doc = "Newton steps for one strength of the prior, at most.",
      .fallback = "40",
      .range = positive},
     {.path = "fit.tolerance",
      .doc = "A Newton step expected to lower the objective by less than this part of it, after "
             "which refreshed limiters change little, ends the iteration.",
      .fallback = "1e-3",
      .range = {.min = 0, .max = 1, .above = true, .below = true}},
     {.path = "fit.steps",
      .type = Type::integer,
      .doc = "Time steps between two snapshots. Default: as many as keep |grad V| dt / h <= 3, at "
             "least 4.",
      .range = positive},
     {.path = "fit.scheme",
      .type = Type::text,
      .doc = "How the flow steps in time.",
      .fallback = "\"tr_bdf2\""},
     {.path = "fit.curl_test",
      .type = Type::flag,
      .doc = "Whether to test that the data are those of a gradient flow: against drifts that "
             "are no gradient, on boxes of two axes.",
      .fallback = "false"},
     {.path = "fit.deviations",
      .type = Type::integer,
      .doc = "Perturbed solves that give the error bars; 0: none.",
      .fallback = "32",
      .range = non_negative},
     {.path = "fit.deviations_rtol",
      .type = Type::real,
      .doc = "What perturbed solves leave of their right-hand sides.",
      .fallback = "1e-3",
      .range = {.min = 0, .max = 1, .above = true, .below = true}},
     {.path = "fit.seed",
      .type = Type::integer,
      .doc = "Of all random numbers.",
      .fallback = "1",
      .range = non_negative}},
    {{"fit.scheme", "tr_bdf2", "TR-BDF2: second order."},
     {"fit.scheme", "implicit_euler", "Implicit Euler: first order, positive."},
     {"fit.external", "cells", "A value in every cell, held together by the prior."},
     {.path = "fit.external",
      .value = "splines",
      .doc = "Products of cubic B-splines of one axis each, on knots coarser than the cells.",
      .equation = "V(x) = sum_i y_i prod_a B((x_a - lower_a) / w_a - i_a)"},
     {.path = "fit.external",
      .value = "network",
      .doc = "The network of [network], which starts from V by cells."},
     {"fit.start", "each", "Each interval from its own datum: densities without much noise."},
     {"fit.start", "first", "One trajectory from the first snapshot: samples."}}};

void read_unknowns(const Section& fit, FitSettings& o) {
  o.external = o.temperature = o.interaction = false;
  const auto unknowns = fit.texts("unknowns");
  if (unknowns.empty()) {
    fit.fail("unknowns", "names nothing; name \"external\", \"interaction\" or \"temperature\"");
  }
  for (const std::string& word : unknowns) {
    if (word == "external") {
      o.external = true;
    } else if (word == "temperature") {
      o.temperature = true;
    } else if (word == "interaction") {
      o.interaction = true;
    } else {
      fit.fail("unknowns", fmt::format("'{}' is no unknown; take \"external\", \"interaction\" or "
                                       "\"temperature\"",
                                       word));
    }
  }
}

/// Intervals of the splines of V along every axis.
std::vector<int> read_knots(const Section& fit, const Mesh& mesh) {
  constexpr std::int64_t usual = 16;
  const auto d = std::size_t(mesh.dimension);
  if (!mesh.periods.empty()) {
    fit.fail("external", "splines are not available yet for a mesh with periods; take \"cells\"");
  }
  std::vector<std::int64_t> knots;
  if (fit.given("external_knots")) {
    knots = fit.integers("external_knots");
    if (knots.size() != d) {
      fit.fail("external_knots", fmt::format("has {} entries, and the mesh {} axes; give a number "
                                             "of intervals for each",
                                             knots.size(), d));
    }
  }
  std::vector<int> result;
  for (std::size_t a = 0; a < d; ++a) {
    const std::int64_t cells = mesh.box ? mesh.box->cells(int(a)) : usual;
    if (!knots.empty() && mesh.box && knots[a] > cells) {
      fit.fail(
          "external_knots",
          fmt::format("{} intervals along an axis of {} cells leave some without a value; take "
                      "at most as many as cells",
                      knots[a], cells));
    }
    result.push_back(int(knots.empty() ? std::min(usual, cells) : knots[a]));
  }
  return result;
}

}  // namespace

FitSettings read_fit_settings(const Case& c, const Mesh& mesh, bool sampled) {
  const Section fit = c.section("fit");
  FitSettings o;
  read_unknowns(fit, o);
  o.curl_test = fit.flag("curl_test");
  for (const char* key : {"range", "knots"}) {
    if (fit.given(key) && !o.interaction) {
      fit.fail(key,
               "belongs to an unknown interaction; name it in fit.unknowns, or remove the key");
    }
  }
  const bool splines = fit.text("external") == "splines";
  o.network = fit.text("external") == "network";
  if ((splines || o.network || fit.given("external_knots")) && !o.external) {
    fit.fail(splines || o.network ? "external" : "external_knots",
             "belongs to an unknown external energy; name it in fit.unknowns, or remove the key");
  }
  if (!splines && fit.given("external_knots")) {
    fit.fail("external_knots", "belongs to fit.external = \"splines\"; remove one of them");
  }
  if (splines) o.splines = read_knots(fit, mesh);
  if (o.interaction) {
    if (!fit.given("range")) {
      throw InputError(fit.where("unknowns") +
                       ": fit.unknowns: an unknown interaction needs fit.range, the distance "
                       "beyond which W is constant");
    }
    o.range = fit.real("range");
    o.knots = int(fit.integer("knots"));
  }
  o.each = fit.given("start") ? fit.text("start") == "each" : !sampled;
  if (!fit.holds_text("prior")) {
    o.prior = fit.real("prior");
    if (!(*o.prior > 0)) fit.fail("prior", "must be positive, or \"evidence\"");
  } else if (fit.text("prior") != "evidence") {
    fit.fail("prior", fmt::format("'{}' is neither a number nor \"evidence\"", fit.text("prior")));
  }
  o.background = fit.real("background");
  o.iterations = int(fit.integer("iterations"));
  o.tolerance = fit.real("tolerance");
  if (fit.given("steps")) o.steps = int(fit.integer("steps"));
  o.deviations = int(fit.integer("deviations"));
  o.deviations_rtol = fit.real("deviations_rtol");
  o.seed = std::uint64_t(fit.integer("seed"));
  o.scheme = fit.text("scheme") == "tr_bdf2" ? LinearScheme::tr_bdf2 : LinearScheme::implicit_euler;
  return o;
}

}  // namespace otto
