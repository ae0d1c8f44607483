#include "otto/io/summary.h"

#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>

namespace otto {

using Json = nlohmann::ordered_json;

namespace {

void add_totals(Json& j, const Summary& s) {
  const RunTotals& t = *s.totals;
  j["time"] = {{"scheme", s.scheme}, {"steps", t.steps}, {"rejected", t.rejected},
               {"start", t.start},   {"end", t.time},    {"target", s.target}};
  j["mass"] = {
      {"initial", t.mass_initial}, {"final", t.mass_final}, {"max_relative_drift", t.max_drift}};
  j["min_density"] = t.min_density;
  j["energy"] = {{"exists", s.energy_exists},
                 {"initial", t.energy_initial},
                 {"final", t.energy_final},
                 {"max_increase", t.max_increase},
                 {"edi_gap", t.edi_gap}};
  if (s.gibbs_distance) j["energy"]["kl_gibbs"] = *s.gibbs_distance;
  if (s.error) {
    j["error"] = {{"l1", s.error->l1}, {"l2", s.error->l2}, {"linf", s.error->linf}};
    // densities may vanish: no number for infinity in JSON
    if (std::isfinite(s.error->kl)) j["error"]["kl"] = s.error->kl;
    if (std::isfinite(s.error->reverse_kl)) j["error"]["reverse_kl"] = s.error->reverse_kl;
  }
  if (t.error_estimate >= 0) j["error"]["time_estimate"] = t.error_estimate;
  j["solver"] = {{"newton_iterations", t.newton},
                 {"linear_iterations", t.linear},
                 {"max_linear_iterations", t.max_linear}};
}

/// r log(r/s) - r + s without cancellation near r = s.
double relative_entropy(double r, double s) {
  if (!(r > 0)) return s;
  if (!(s > 0)) return std::numeric_limits<double>::infinity();
  const double u = (s - r) / r;
  return r * (u - std::log1p(u));
}

Json network_part(const NetworkReport& report) {
  Json j;
  if (report.mass_outside) j["mass_outside"] = *report.mass_outside;
  for (const auto& file : report.files) {
    Json entry{{"file", file.name},
               {"parameters", file.parameters},
               {"type", file.single_precision ? "float32" : "float64"}};
    if (file.mass_outside) entry["mass_outside"] = *file.mass_outside;
    j["files"].push_back(std::move(entry));
  }
  return j;
}

}  // namespace

ErrorNorms error_norms(const Mesh& mesh, std::span<const double> density,
                       std::span<const double> exact) {
  double l1 = 0, l2 = 0, linf = 0, kl = 0, reverse_kl = 0;
  for (std::size_t i = 0; i < static_cast<std::size_t>(mesh.owned); ++i) {
    const double e = std::abs(density[i] - exact[i]);
    l1 += mesh.volume[i] * e;
    l2 += mesh.volume[i] * e * e;
    linf = std::isnan(e) || e > linf ? e : linf;
    kl += mesh.volume[i] * relative_entropy(exact[i], density[i]);
    reverse_kl += mesh.volume[i] * relative_entropy(density[i], exact[i]);
  }
  return {mesh.comm.sum(l1), std::sqrt(mesh.comm.sum(l2)), mesh.comm.max(linf), mesh.comm.sum(kl),
          mesh.comm.sum(reverse_kl)};
}

Json to_json(const Summary& s) {
  Json j;
  j["status"] = s.status;
  if (!s.reason.empty()) j["reason"] = s.reason;
  if (!s.title.empty()) j["title"] = s.title;
  j["ranks"] = s.provenance.ranks;
  if (s.mesh) {
    j["mesh"] = {
        {"kind", s.mesh->kind}, {"dimension", s.mesh->dimension}, {"cells", s.mesh->cells}};
  }
  if (s.totals) add_totals(j, s);
  j["seconds"] = {{"total", s.spent.total},
                  {"setup", s.spent.setup},
                  {"solve", s.spent.solve},
                  {"output", s.spent.output}};
  if (s.network) {
    j["network"] = network_part(*s.network);
    j["seconds"]["network"] = s.network->seconds;
  }
  j["memory_mb"] = s.memory_mb;
  if (!s.fingerprint.empty()) j["fingerprint"] = s.fingerprint;
  if (!s.warnings.empty()) j["warnings"] = s.warnings;
  j["version"] = s.provenance.version;
  j["revision"] = s.provenance.revision;
  j["compiler"] = s.provenance.compiler;
  for (const auto& [name, words] : s.provenance.libraries) j["libraries"][name] = words;
  j["case_hash"] = s.provenance.case_hash;
  j["date"] = s.provenance.date;
  return j;
}

}  // namespace otto
