#include "otto/io/history.h"

#include <fmt/format.h>

#include <cmath>
#include <iterator>

namespace otto {

void History::open(const std::filesystem::path& file, std::span<const std::string> extra) {
  file_.open(file);
  file_.append(
      "step,time,dt,mass,min_density,max_density,free_energy,dissipation,edi_gap,"
      "newton_iterations,linear_iterations,wall_seconds");
  for (const auto& name : extra) file_.append("," + name);
  file_.append("\n");
  flush();
}

void History::add(const StepRecord& r, std::span<const double> extra) {
  const Ledger& l = r.ledger;
  const auto end = std::back_inserter(file_.buffer());
  fmt::format_to(end, "{},{},{},{},{},{},{},{},{},{},{},{:.6g}", r.step, r.time, r.dt, l.mass,
                 l.min_density, l.max_density, l.free_energy, l.dissipation, r.edi_gap,
                 r.newton_iterations, r.linear_iterations, r.wall_seconds);
  for (const double x : extra) {
    if (std::isnan(x)) {
      file_.append(",");
    } else {
      fmt::format_to(end, ",{}", x);
    }
  }
  file_.append("\n");
  if (std::chrono::steady_clock::now() - flushed_ >= std::chrono::seconds(1)) flush();
}

void History::flush() {
  file_.flush();
  flushed_ = std::chrono::steady_clock::now();
}

}  // namespace otto
