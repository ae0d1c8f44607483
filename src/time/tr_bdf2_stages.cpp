#include "tr_bdf2_stages.h"

namespace otto {

bool TrBdf2Stages::solve(StepReport& report, const Mesh& mesh, Generator& generator,
                         LinearStage& stage, const State& state, double dt, bool last) {
  const double t = state.time, c = d * dt;
  const std::vector<double>& rho0 = state.density;
  const auto n = static_cast<std::size_t>(mesh.owned);
  stage.begin_exchange();
  slope0.resize(n);
  b.resize(n);

  generator.set_time(t);
  stage.slope(rho0, slope0);
  stage.count_exchange(alpha * c, rho0);
  for (std::size_t i = 0; i < n; ++i) b[i] = mesh.volume[i] * rho0[i] + c * slope0[i];
  generator.set_time(t + gamma * dt);
  if (!stage.solve(report, c, b, t + gamma * dt, 0, rho_g)) return false;
  if (last) stage.push(t + gamma * dt, rho_g);
  stage.count_exchange(alpha * c, rho_g);

  for (std::size_t i = 0; i < n; ++i) {
    b[i] = mesh.volume[i] * (rho0[i] + alpha * (rho_g[i] - rho0[i]));
  }
  generator.set_time(t + dt);
  if (!stage.solve(report, c, b, t + dt, 1, rho1)) return false;
  stage.count_exchange(c, rho1);
  return true;
}

}  // namespace otto
