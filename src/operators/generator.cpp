#include "otto/operators/generator.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "coupled_rates.h"
#include "otto/core/error.h"
#include "otto/core/fault.h"
#include "otto/core/reproducible_sum.h"
#include "otto/operators/exchange.h"
#include "otto/operators/face_diffusion.h"
#include "otto/operators/face_runs.h"
#include "otto/operators/face_temperature.h"
#include "otto/operators/fourth_order.h"
#include "passages.h"

namespace otto {

namespace {

bool varies(const Drift* drift) {
  return drift &&
         std::ranges::any_of(drift->component, [](const auto& b) { return b->depends_on_time(); });
}

bool varies(const Diffusion* diffusion) { return diffusion && diffusion->depends_on_time(); }

/// Across some face. Collective.
bool vanishes(const Mesh& mesh, const Diffusion* diffusion) {
  return diffusion && diffusion->kind == DiffusionKind::diagonal &&
         mesh.comm.any(std::ranges::count(mesh.faces.transmissibility, 0.0) > 0);
}

/// Area / distance alone.
std::span<const double> bare(const Faces& faces) {
  return faces.geometric.empty() ? faces.transmissibility : faces.geometric;
}

}  // namespace

Generator::~Generator() = default;

Generator::Generator(const Mesh& mesh, const FreeEnergy& energy, const TwoPointFlux& flux,
                     const Drift* drift, const Exchange* exchange, const Diffusion* diffusion)
    : mesh_(mesh),
      energy_(energy),
      flux_(flux),
      drift_(drift),
      diffusion_(diffusion),
      kT_(energy.temperature()),
      noise_(diffusion && diffusion->drives()),
      without_metric_(varies(diffusion) || vanishes(mesh, diffusion)),
      exchange_(exchange && !exchange->names().empty() ? exchange : nullptr),
      depends_on_time_(energy.depends_on_time() || varies(drift) || varies(diffusion) ||
                       (exchange && exchange->depends_on_time())),
      symmetric_(flux.detailed_balance() && !drift_ && !noise_ && !energy.varying_temperature() &&
                 kT_ > 0),
      monotone_(true),
      V_(static_cast<std::size_t>(mesh.local())),
      forward_(static_cast<std::size_t>(mesh.faces.size())),
      backward_(forward_.size()),
      runs_(face_runs(mesh)) {
  if (exchange_) {
    passages_ = std::make_unique<Passages>(mesh, kT_, flux, drift, noise_ ? diffusion : nullptr,
                                           *exchange_);
  }
  if (flux.order() > 2 && kT_ > 0) correction_ = std::make_unique<FourthOrder>(mesh, kT_, drift);
  evaluate_external();
  evaluate_temperature();
  if (varies(diffusion_)) evaluate_diffusion();
  evaluate_drift();
  evaluate_rates();
}

void Generator::evaluate_temperature() {
  const VaryingTemperature* kT = energy_.varying_temperature();
  if (!kT || (heat_ && !kT->depends_on_time())) return;
  heat_ = std::make_unique<FaceTemperature>(face_temperature(mesh_, *kT, time_));
}

void Generator::set_time(double t) {
  if (!depends_on_time_ || t == time_) return;
  time_ = t;
  if (energy_.depends_on_time()) evaluate_external();
  evaluate_temperature();
  if (varies(diffusion_)) evaluate_diffusion();
  if (drift_varies()) evaluate_drift();
  evaluate_rates();
}

bool Generator::drift_varies() const { return varies(drift_) || (noise_ && varies(diffusion_)); }

void Generator::evaluate_diffusion() {
  FaceDiffusion D = face_diffusion(mesh_, *diffusion_, time_);
  conductance_ = std::move(D.faces);
  exit_conductance_ = std::move(D.boundary);
  for (std::size_t f = 0; f < conductance_.size(); ++f) {
    conductance_[f] *= mesh_.faces.transmissibility[f];
  }
  for (std::size_t f = 0; f < exit_conductance_.size(); ++f) {
    exit_conductance_[f] *= mesh_.boundary.transmissibility[f];
  }
}

void Generator::evaluate_external() {
  energy_.external(mesh_, time_, V_);
  fault_point("energy", std::span(V_).first(static_cast<std::size_t>(mesh_.owned)));
  mesh_.halo.update(mesh_.comm, V_);  // both copies of a face see the same numbers
  measure_range();
}

void Generator::measure_range() {
  double min = V_.empty() ? 0 : V_[0], max = min;
  for (std::int32_t c = 0; c < mesh_.owned; ++c) {
    min = std::min(min, V_[std::size_t(c)]);
    max = std::max(max, V_[std::size_t(c)]);
  }
  const double rise = mesh_.comm.max(max) - mesh_.comm.min(min);
  range_ = rise > 0 && kT_ > 0 ? rise / kT_ : 0;
}

void Generator::evaluate_drift() {
  if (mesh_.couplings || (!drift_ && !noise_)) return;
  along_.assign(forward_.size(), 0.0);
  if (drift_) add_drift();
  if (noise_) add_noise(mesh_, *diffusion_, kT_, time_, along_);
}

void Generator::add_drift() {
  const Faces& faces = mesh_.faces;
  constexpr std::int32_t block = 4096;
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
  if (passages_) {
    passages_->evaluate({.V = V_,
                         .forward = forward_,
                         .backward = backward_,
                         .conductance = exit_conductance_.empty() ? mesh_.boundary.transmissibility
                                                                  : exit_conductance_,
                         .heat = heat_.get(),
                         .time = time_});
  }
  if (correction_) correction_->set(V_, time_);
  examine();
  ++version_;
}

/// V_L - V_K - b.(x_L - x_K) / D of the faces of a run.
void Generator::rise(const FaceRun& run, double* s) const {
  const std::span<const double> conductance = transmissibility(), geometric = bare(mesh_.faces);
  const double *left = &V_[std::size_t(run.left)], *right = &V_[std::size_t(run.right)];
#pragma omp simd
  for (std::int32_t i = 0; i < run.count; ++i) s[i] = right[i] - left[i];
  for (std::int32_t i = 0; i < (circulation_.empty() ? 0 : run.count); ++i) {
    s[i] -= circulation_[std::size_t(run.first + i)];
  }
  if (along_.empty()) return;
  const double* along = &along_[std::size_t(run.first)];
  const double *a = &conductance[std::size_t(run.first)],
               *bare = &geometric[std::size_t(run.first)];
  if (!diffusion_) {
#pragma omp simd
    for (std::int32_t i = 0; i < run.count; ++i) s[i] -= along[i];
    return;
  }
  for (std::int32_t i = 0; i < run.count; ++i) s[i] -= a[i] > 0 ? along[i] * (bare[i] / a[i]) : 0;
}

std::vector<double> Generator::rises() const {
  std::vector<double> s(forward_.size());
  for (const FaceRun& run : runs_) rise(run, &s[std::size_t(run.first)]);
  return s;
}

void Generator::limit(std::span<const double> rho) {
  if (!flux_.limited()) throw InternalError("the flux is not limited");
  ratios_ = limiter_ratios(mesh_, rho);
  evaluate_rates();
}

void Generator::set_external(std::span<const double> V, double kT) {
  if (depends_on_time_ || heat_)
    throw InternalError("V of a flow that depends on time or heat is replaced");
  V_.assign(V.begin(), V.end());
  kT_ = kT;
  measure_range();
  evaluate_rates();
}

/// a kT delta(s) g, or a |V_L - V_K| g / 2 without an entropy, upwind.
void Generator::add_limited() {
  const std::span<const double> a = transmissibility();
  const auto slope = [&](const FaceRun& run, double* s) { rise(run, s); };
  for_each_piece(runs_, slope, [&](const FaceRun& run, const double* s) {
    for (std::size_t i = 0; i < std::size_t(run.count); ++i) {
      const std::size_t f = std::size_t(run.first) + i;
      const double delta = 0.5 * (forward_[f] + backward_[f]) - a[f] * kT_;  // a kT delta(s)
      if (s[i] < 0) forward_[f] += delta * ratios_.left[f];
      if (s[i] > 0) backward_[f] += delta * ratios_.right[f];
    }
  });
}

void Generator::evaluate_two_point() {
  const std::span<const double> conductance = transmissibility();
  const auto slope = [&](const FaceRun& run, double* s) { rise(run, s); };
  for_each_piece(runs_, slope, [&](const FaceRun& run, const double* s) {
    const auto first = static_cast<std::size_t>(run.first), n = static_cast<std::size_t>(run.count);
    const double* a = &conductance[first];
    double *forward = &forward_[first], *backward = &backward_[first];
    if (kT_ > 0) {
      std::array<double, 256> scaled;
      if (heat_) {
        const double* kT = &heat_->faces[first];
        for (std::size_t i = 0; i < n; ++i) scaled[i] = s[i] / kT[i];
      } else {
        for (std::size_t i = 0; i < n; ++i) scaled[i] = s[i] / kT_;
      }
      flux_.weights(std::span(scaled).first(n), {forward, n}, {backward, n});
      const double *left = heat_ ? &heat_->cells[std::size_t(run.left)] : nullptr,
                   *right = heat_ ? &heat_->cells[std::size_t(run.right)] : nullptr;
      for (std::size_t i = 0; i < n; ++i) {
        forward[i] *= a[i] * (heat_ ? left[i] : kT_);
        backward[i] *= a[i] * (heat_ ? right[i] : kT_);
      }
    } else {
      for (std::size_t i = 0; i < n; ++i) {
        forward[i] = a[i] * std::max(-s[i], 0.0);
        backward[i] = a[i] * std::max(s[i], 0.0);
      }
    }
  });
  if (diffusion_ && !along_.empty()) carry_where_nothing_diffuses();
  if (!ratios_.left.empty()) add_limited();
}

void Generator::carry_where_nothing_diffuses() {
  const std::span<const double> a = transmissibility(), geometric = bare(mesh_.faces);
  for (std::size_t f = 0; f < along_.size(); ++f) {
    if (a[f] > 0) continue;
    forward_[f] = geometric[f] * std::max(along_[f], 0.0);
    backward_[f] = geometric[f] * std::max(-along_[f], 0.0);
  }
}

bool Generator::absorbs() const {
  return exchange_ && (exchange_->rate || !exchange_->openings.empty());
}

bool Generator::supplies() const {
  return exchange_ && (exchange_->supplies() || exchange_->reinjects);
}

std::span<const double> Generator::absorption() const {
  return absorbs() ? passages_->absorption() : std::span<const double>();
}

std::span<const double> Generator::supply() const {
  return passages_ ? passages_->supply() : std::span<const double>();
}

std::span<const double> Generator::exits() const {
  return passages_ ? passages_->exits() : std::span<const double>();
}

void Generator::reinject(std::span<const double> mass) {
  if (!exchange_ || !exchange_->reinjects)
    throw InternalError("nothing comes back in this problem");
  ReproducibleSum all;
  all.add(mass);
  const double sum = sum_of_all(mesh_.comm, all);
  reinjection_.assign(mass.begin(), mass.end());
  for (double& m : reinjection_) m /= sum;
}

std::vector<double> Generator::exchange_rates(std::span<const double> rho) const {
  return passages_ ? passages_->rates_of(rho) : std::vector<double>();
}

void Generator::examine() {
  double min = 0, sum = 0;  // of all rates: negative ones, and nan or inf anywhere
  for (std::size_t f = 0; f < forward_.size(); ++f) {
    min = std::min(min, std::min(forward_[f], backward_[f]));
    sum += 0 * forward_[f] + 0 * backward_[f];
  }
  const std::span<const double> absorption = this->absorption();
  for (const double k : absorption) {
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
    for (std::size_t k = 0; k < absorption.size(); ++k) {
      if (!std::isfinite(absorption[k])) refuse_rate(k);
    }
  });
}

void Generator::refuse_rate(std::size_t cell) const {
  constexpr std::string_view steep = "scharfetter_gummel";  // takes any slope
  const Point& x = mesh_.center[cell];
  throw NumericalError(fmt::format(
      "the rate through a face of cell {} at ({:.6g}, {:.6g}, {:.6g}) is not finite at time "
      "{:.6g}: the external energy or the drift is not finite there, or too steep for the "
      "flux '{}'; use {}smaller cells{}",
      mesh_.global[cell], x[0], x[1], x[2], time_, flux_.name(),
      flux_.name() == steep ? "" : fmt::format("the flux '{}' or ", steep),
      kT_ > 0 ? " or a larger temperature" : ""));
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
  const std::span<const double> k = absorption();
  for (std::size_t i = 0; i < k.size(); ++i) out[i] -= k[i] * rho[i];
}

}  // namespace otto
