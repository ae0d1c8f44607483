#include "history_columns.h"

#include <limits>

#include "otto/driver/moments.h"

namespace otto {

namespace {

using Row = HistoryRow;

template <class Get>
Column<Row> real(std::string name, Get get) {
  return {std::move(name), [get](const Row& r, std::string& row) { append_real(row, get(r)); }};
}

template <class Get>
Column<Row> count(std::string name, Get get) {
  return {std::move(name), [get](const Row& r, std::string& row) {
            fmt::format_to(std::back_inserter(row), "{}", get(r));
          }};
}

Columns<Row> contract() {
  return {count("step", [](const Row& r) { return r.step.step; }),
          real("time", [](const Row& r) { return r.step.time; }),
          real("dt", [](const Row& r) { return r.step.dt; }),
          real("mass", [](const Row& r) { return r.step.ledger.mass; }),
          real("min_density", [](const Row& r) { return r.step.ledger.min_density; }),
          real("max_density", [](const Row& r) { return r.step.ledger.max_density; }),
          real("free_energy", [](const Row& r) { return r.step.ledger.free_energy; }),
          real("dissipation", [](const Row& r) { return r.step.ledger.dissipation; }),
          real("edi_gap", [](const Row& r) { return r.step.edi_gap; }),
          count("newton_iterations", [](const Row& r) { return r.step.newton_iterations; }),
          count("linear_iterations", [](const Row& r) { return r.step.linear_iterations; }),
          {"wall_seconds",
           [](const Row& r, std::string& row) {
             fmt::format_to(std::back_inserter(row), "{:.6g}", r.step.wall_seconds);
           }},
          count("refused", [](const Row& r) { return r.step.refused; }),
          count("fallback", [](const Row& r) { return r.step.fallback; })};
}

double estimate_of(const Row& r) {
  return r.step.error_estimate >= 0 ? r.step.error_estimate
                                    : std::numeric_limits<double>::quiet_NaN();
}

void add_inner_steps(Columns<Row>& columns) {
  columns.push_back(count("inner_newton_iterations",
                          [](const Row& r) { return r.step.inner.newton_iterations; }));
  columns.push_back(count("inner_linear_iterations",
                          [](const Row& r) { return r.step.inner.linear_iterations; }));
  columns.push_back(
      count("transport_solves", [](const Row& r) { return r.step.inner.transport_solves; }));
  columns.push_back(
      count("transport_sweeps", [](const Row& r) { return r.step.inner.transport_sweeps; }));
}

}  // namespace

Columns<Row> history_columns(const HistoryChoice& choice) {
  Columns<Row> columns = contract();
  if (choice.error_estimate) columns.push_back(real("error_estimate", estimate_of));
  if (choice.gibbs_distance) {
    columns.push_back(real("kl_gibbs", [](const Row& r) { return r.gibbs_distance; }));
  }
  if (choice.moments_dimension > 0) {
    std::size_t i = 0;
    for (auto& name : moment_names(choice.moments_dimension)) {
      columns.push_back(real(std::move(name), [i](const Row& r) { return r.moments[i]; }));
      ++i;
    }
  }
  if (choice.inner_steps) add_inner_steps(columns);
  for (std::size_t i = 0; i < choice.exchanged.size(); ++i) {
    columns.push_back(real(choice.exchanged[i], [i](const Row& r) {
      return i < r.step.exchanged.size() ? r.step.exchanged[i]
                                         : std::numeric_limits<double>::quiet_NaN();
    }));
  }
  return columns;
}

}  // namespace otto
