#include "otto/operators/generator.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "coupled_rates.h"
#include "otto/core/error.h"
#include "otto/core/fault.h"
#include "otto/operators/absorbing.h"
#include "otto/operators/face_runs.h"
#include "otto/operators/fourth_order.h"

namespace otto {

namespace {

/// Of a cell whose centre lies on an absorbing side, over its own rates: what is left is rounding of its
/// neighbours.
constexpr double hold = 1e10;

bool varies(const Drift* drift) {
  return drift &&
         std::ranges::any_of(drift->component, [](const auto& b) { return b->depends_on_time(); });
}

}  // namespace

Generator::~Generator() = default;

Generator::Generator(const Mesh& mesh, const FreeEnergy& energy, const TwoPointFlux& flux,
                     const Drift* drift, const std::vector<std::string>& absorbing)
    : mesh_(mesh),
      energy_(energy),
      flux_(flux),
      drift_(drift),
      kT_(energy.temperature()),
      depends_on_time_(energy.depends_on_time() || varies(drift)),
      symmetric_(flux.detailed_balance() && !drift && kT_ > 0),
      monotone_(true),
      absorbs_(!absorbing.empty()),
      V_(static_cast<std::size_t>(mesh.local())),
      forward_(static_cast<std::size_t>(mesh.faces.size())),
      backward_(forward_.size()),
      exits_(absorbing_faces(mesh, absorbing)),
      runs_(face_runs(mesh)) {
  if (flux.order() > 2 && kT_ > 0) correction_ = std::make_unique<FourthOrder>(mesh, kT_, drift);
  evaluate_external();
  if (drift_ && !mesh_.couplings) evaluate_drift();
  evaluate_rates();
}

void Generator::set_time(double t) {
  if (!depends_on_time_ || t == time_) return;
  time_ = t;
  if (energy_.depends_on_time()) evaluate_external();
  if (varies(drift_) && !mesh_.couplings) evaluate_drift();
  evaluate_rates();
}

void Generator::evaluate_external() {
  energy_.external(mesh_, time_, V_);
  fault_point("energy", std::span(V_).first(static_cast<std::size_t>(mesh_.owned)));
  mesh_.halo.update(mesh_.comm, V_);  // both copies of a face see the same numbers
  double min = V_.empty() ? 0 : V_[0], max = min;
  for (std::int32_t c = 0; c < mesh_.owned; ++c) {
    min = std::min(min, V_[std::size_t(c)]);
    max = std::max(max, V_[std::size_t(c)]);
  }
  const double rise = mesh_.comm.max(max) - mesh_.comm.min(min);
  range_ = rise > 0 && kT_ > 0 ? rise / kT_ : 0;
}

void Generator::evaluate_drift() {
  const Faces& faces = mesh_.faces;
  constexpr std::int32_t block = 4096;
  along_.resize(forward_.size());
  std::vector<Point> points, across;
  std::vector<double> b(block);
  for (std::int32_t begin = 0; begin < faces.size(); begin += block) {
    const std::int32_t end = std::min(faces.size(), begin + block);
    points.clear();
    for (std::int32_t f = begin; f < end; ++f) {
      points.push_back(
          middle_of_face(mesh_, faces.left[std::size_t(f)], faces.right[std::size_t(f)]));
    }
    across.clear();
    for (std::int32_t f = begin; f < end; ++f) {
      const Point &K = mesh_.center[std::size_t(faces.left[std::size_t(f)])],
                  &L = mesh_.center[std::size_t(faces.right[std::size_t(f)])];
      across.push_back({L[0] - K[0], L[1] - K[1], L[2] - K[2]});
    }
    for (const Faces::Moved& m : faces.moved) {
      if (m.face < begin || m.face >= end) continue;
      points[std::size_t(m.face - begin)] = m.middle;
      across[std::size_t(m.face - begin)] = m.across;
    }
    std::fill(along_.begin() + begin, along_.begin() + end, 0.0);
    for (std::size_t a = 0; a < drift_->component.size(); ++a) {
      drift_->component[a]->evaluate(points, time_, std::span(b).first(points.size()));
      for (std::int32_t f = begin; f < end; ++f) {
        const auto i = static_cast<std::size_t>(f - begin);
        along_[std::size_t(f)] += b[i] * across[i][a];
      }
    }
  }
}

void Generator::evaluate_rates() {
  if (mesh_.couplings && kT_ > 0) {
    coupled_rates(mesh_, V_, drift_, time_, kT_, forward_, backward_);
  } else {
    evaluate_two_point();
  }
  fault_point("rates", forward_);
  if (absorbs_) evaluate_absorption();
  if (correction_) correction_->set(V_, time_);
  examine();
  ++version_;
}

void Generator::evaluate_two_point() {
  const auto rise = [this](const FaceRun& run, double* s) {  // V_L - V_K - b.n d
    const double *left = &V_[std::size_t(run.left)], *right = &V_[std::size_t(run.right)];
#pragma omp simd
    for (std::int32_t i = 0; i < run.count; ++i) s[i] = right[i] - left[i];
    if (along_.empty()) return;
    const double* along = &along_[std::size_t(run.first)];
#pragma omp simd
    for (std::int32_t i = 0; i < run.count; ++i) s[i] -= along[i];
  };
  for_each_piece(runs_, rise, [this](const FaceRun& run, const double* s) {
    const auto first = static_cast<std::size_t>(run.first), n = static_cast<std::size_t>(run.count);
    const double* a = &mesh_.faces.transmissibility[first];
    double *forward = &forward_[first], *backward = &backward_[first];
    if (kT_ > 0) {
      std::array<double, 256> scaled;
      for (std::size_t i = 0; i < n; ++i) scaled[i] = s[i] / kT_;
      flux_.weights(std::span(scaled).first(n), {forward, n}, {backward, n});
      for (std::size_t i = 0; i < n; ++i) {
        forward[i] *= a[i] * kT_;
        backward[i] *= a[i] * kT_;
      }
    } else {
      for (std::size_t i = 0; i < n; ++i) {
        forward[i] = a[i] * std::max(-s[i], 0.0);
        backward[i] = a[i] * std::max(s[i], 0.0);
      }
    }
  });
}

void Generator::hold_at_walls() {
  absorption_.assign(std::size_t(mesh_.owned), 0.0);
  std::vector<bool> held(absorption_.size(), false);
  for (const AbsorbingFace& exit : exits_) held[std::size_t(exit.cell)] = true;
  const auto add = [&](std::int32_t cell, double rate) {
    if (cell >= mesh_.owned || !held[std::size_t(cell)]) return;
    absorption_[std::size_t(cell)] += hold * std::abs(rate);
  };
  for (std::size_t f = 0; f < forward_.size(); ++f) {
    add(mesh_.faces.left[f], forward_[f]);
    add(mesh_.faces.right[f], backward_[f]);
  }
}

void Generator::evaluate_absorption() {
  if (mesh_.centres_on_walls) {
    hold_at_walls();
    return;
  }
  const std::size_t n = exits_.size();
  std::vector<double> s(n), out(n), unused(n);
  std::vector<Point> middle(n);
  for (std::size_t e = 0; e < n; ++e) {
    const AbsorbingFace& exit = exits_[e];
    const auto K = std::size_t(exit.cell);
    for (const auto& [L, weight] : exit.slope) s[e] += weight * (V_[std::size_t(L)] - V_[K]);
    middle[e] = mesh_.center[K];
    for (std::size_t a = 0; a < 3; ++a) middle[e][a] += 0.5 * exit.distance * exit.normal[a];
  }
  for (std::size_t a = 0; drift_ && a < drift_->component.size(); ++a) {
    drift_->component[a]->evaluate(middle, time_, out);
    for (std::size_t e = 0; e < n; ++e) s[e] -= out[e] * exits_[e].distance * exits_[e].normal[a];
  }
  if (kT_ > 0) {
    for (double& x : s) x /= kT_;
    flux_.weights(s, out, unused);
  } else {
    for (std::size_t e = 0; e < n; ++e) out[e] = std::max(-s[e], 0.0);
  }
  absorption_.assign(std::size_t(mesh_.owned), 0.0);
  for (std::size_t e = 0; e < n; ++e) {
    absorption_[std::size_t(exits_[e].cell)] +=
        exits_[e].transmissibility * (kT_ > 0 ? kT_ : 1.0) * out[e];
  }
}

void Generator::examine() {
  double min = 0, sum = 0;  // of all rates: negative ones, and nan or inf anywhere
  for (std::size_t f = 0; f < forward_.size(); ++f) {
    min = std::min(min, std::min(forward_[f], backward_[f]));
    sum += 0 * forward_[f] + 0 * backward_[f];
  }
  for (const double k : absorption_) {
    min = std::min(min, k);
    sum += 0 * k;
  }
  monotone_ = !correction_ && !mesh_.comm.any(min < 0);
  mesh_.comm.together([&] {
    if (sum == 0) return;
    for (std::size_t f = 0; f < forward_.size(); ++f) {
      if (std::isfinite(forward_[f]) && std::isfinite(backward_[f])) continue;
      refuse_rate(std::size_t(mesh_.faces.left[f]));
    }
    for (std::size_t k = 0; k < absorption_.size(); ++k) {
      if (!std::isfinite(absorption_[k])) refuse_rate(k);
    }
  });
}

void Generator::refuse_rate(std::size_t cell) const {
  const Point& x = mesh_.center[cell];
  throw NumericalError(fmt::format(
      "the rate through a face of cell {} at ({:.6g}, {:.6g}, {:.6g}) is not finite at time "
      "{:.6g}: the external energy or the drift is not finite there, or too steep for the "
      "flux '{}'; use the flux 'scharfetter_gummel' or smaller cells",
      mesh_.global[cell], x[0], x[1], x[2], time_, flux_.name()));
}

void Generator::apply(std::span<const double> rho, std::span<double> out) const {
  std::fill_n(out.begin(), mesh_.owned, 0.0);
  const auto flux = [&](const FaceRun& run, double* F) {
    const double *left = &rho[std::size_t(run.left)], *right = &rho[std::size_t(run.right)];
    const double *forward = &forward_[std::size_t(run.first)],
                 *backward = &backward_[std::size_t(run.first)];
#pragma omp simd
    for (std::int32_t i = 0; i < run.count; ++i) {
      F[i] = forward[i] * left[i] - backward[i] * right[i];
    }
  };
  for_each_piece(runs_, flux,
                 [&](const FaceRun& run, const double* F) { scatter(run, F, out.data()); });
  if (correction_) {
    corrections_.resize(forward_.size());
    correction_->fluxes(rho, corrections_);
    for (const FaceRun& run : runs_)
      scatter(run, &corrections_[std::size_t(run.first)], out.data());
  }
  for (std::size_t k = 0; k < absorption_.size(); ++k) out[k] -= absorption_[k] * rho[k];
}

}  // namespace otto
