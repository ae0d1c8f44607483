#include "otto/driver/summary.h"

#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>

namespace otto {

using Json = nlohmann::ordered_json;

namespace {

void add_totals(Json& j, const Summary& s) {
  const RunTotals& t = *s.totals;
  j["time"] = {{"scheme", s.scheme},
               {"steps", t.steps},
               {"rejected", t.rejected},
               {"fallbacks", t.fallbacks},
               {"shortest_step", t.shortest_step},
               {"start", t.start},
               {"end", t.time},
               {"target", s.target}};
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
  if (t.max_optimality >= 0) j["solver"]["max_optimality"] = t.max_optimality;
}

Json network_part(const NetworkReport& report) {
  Json j;
  if (report.mass_outside) j["mass_outside"] = *report.mass_outside;
  for (const auto& file : report.files) {
    Json entry{{"file", file.name},
               {"parameters", file.parameters},
               {"type", file.single_precision ? "float32" : "float64"},
               {"program", file.program},
               {"hash", file.hash}};
    if (file.mass_outside) entry["mass_outside"] = *file.mass_outside;
    j["files"].push_back(std::move(entry));
  }
  return j;
}

}  // namespace

Json to_json(const Summary& s) {
  Json j;
  j["status"] = s.status;
  if (!s.reason.empty()) j["reason"] = s.reason;
  if (!s.title.empty()) j["title"] = s.title;
  if (!s.case_file.empty()) j["case"] = s.case_file;
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
