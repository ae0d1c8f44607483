#include "positive_start.h"

#include <algorithm>

#include "otto/core/reproducible_sum.h"
#include "otto/operators/exchange.h"

namespace otto {

PositiveStart::PositiveStart(const Problem& problem, const PositiveStartOptions& options)
    : options_(options),
      mesh_(problem.mesh),
      generator_(problem.generator),
      noise_(options.noise * problem.solver.rtol),
      left_(options.steps) {}

bool PositiveStart::wanted(const LinearStage& stage, double dt, const std::vector<double>& rho1) {
  const Exchange* exchange = generator_.exchange();
  if (!exchange || exchange->openings.empty()) return false;
  if (!generator_.monotone() || generator_.flux().limited()) return false;
  const auto e = generator_.exits();
  ReproducibleSum comes_in;
  comes_in.add(e.size(), [&](std::size_t k) { return e[k] * std::max(-rho1[k], 0.0); });
  const bool wrong = dt * sum_of_all(mesh_.comm, comes_in) > noise_ * stage.mass();
  if (!wrong) left_ = std::min(left_ + 1, options_.steps);
  return wrong && left_ > 0;
}

void PositiveStart::empty_exits(LinearStage& stage, double dt, std::vector<double>& rho) {
  const auto e = generator_.exits(), k = generator_.absorption();
  std::vector<double> too_much(rho.size(), 0.0);
  for (std::size_t i = 0; i < e.size(); ++i) {
    if (!(rho[i] < 0) || !(e[i] > 0)) continue;
    too_much[i] = -mesh_.volume[i] * rho[i] / (dt * k[i]);
    rho[i] = 0;
  }
  stage.count_exchange(-dt, too_much);
  std::ranges::fill(too_much, 0.0);
  stage.count_exchange(dt, too_much);  // what comes in whatever the density
}

bool PositiveStart::solve(StepReport& report, LinearStage& stage, const State& state, double dt,
                          std::vector<double>& rho1) {
  --left_;
  const double t = state.time, half = dt / 2;
  std::vector<double> b(static_cast<std::size_t>(mesh_.owned)), rho(rho1.size()), rho_f;
  const auto euler = [&](const std::vector<double>& from, double c, double end,
                         std::vector<double>& to) {
    for (std::size_t i = 0; i < b.size(); ++i) b[i] = mesh_.volume[i] * from[i];
    generator_.set_time(end);
    return stage.solve(report, c, b, end, 1, to);
  };
  LinearStage::Counted counted = stage.counted();
  stage.begin_exchange();
  if (!euler(state.density, dt, t + dt, rho_f)) return false;
  stage.count_exchange(-dt, rho_f);
  if (!euler(state.density, half, t + half, rho)) return false;
  stage.count_exchange(dt, rho);
  if (!euler(rho, half, t + dt, rho)) return false;
  stage.count_exchange(dt, rho);
  for (std::size_t i = 0; i < rho.size(); ++i) rho[i] = 2 * rho[i] - rho_f[i];
  empty_exits(stage, dt, rho);
  if (stage.negative_part(rho) < stage.negative_part(rho1)) {
    rho1.swap(rho);
    report.fallback = fallback::pieces;
  } else {
    stage.count_again(std::move(counted));
  }
  return true;
}

}  // namespace otto
