#include "otto/operators/transport.h"

#include <algorithm>
#include <cmath>

#include "otto/core/reproducible_sum.h"
#include "otto/core/vector_math.h"
#include "otto/operators/face_runs.h"

namespace otto {

namespace {

/// Adds values to both cells of every face of a run, owned cells only.
inline void add_both(const FaceRun& run, const double* to_left, const double* to_right,
                     double* out) {
  if (run.right_owned) {
    double* to = out + run.right;
#pragma omp simd
    for (std::int32_t i = 0; i < run.count; ++i) to[i] += to_right[i];
  }
  if (run.left_owned) {
    double* to = out + run.left;
#pragma omp simd
    for (std::int32_t i = 0; i < run.count; ++i) to[i] += to_left[i];
  }
}

constexpr std::int32_t max_faces = 256;

/// The pieces of a run, at most 256 faces each.
template <class Visit>
void cut(const FaceRun& run, Visit&& visit) {
  for (std::int32_t begin = 0; begin < run.count; begin += max_faces) {
    visit(FaceRun{run.first + begin, std::min(max_faces, run.count - begin), run.left + begin,
                  run.right + begin, run.left_owned, run.right_owned});
  }
}

/// a of each run, or nothing where it changes along one.
std::vector<double> transmissibilities(const Mesh& mesh, const std::vector<FaceRun>& runs) {
  std::vector<double> values;
  for (const FaceRun& run : runs) {
    const double* a = &mesh.faces.transmissibility[std::size_t(run.first)];
    if (std::any_of(a, a + run.count, [=](double other) { return other != *a; })) return {};
    values.push_back(*a);
  }
  return values;
}

constexpr double linear_jump = 1e-2;  ///< up to it theta is j/6, to 1e-6; the formula cancels there

}  // namespace

double blended_theta(double left, double right) {
  if (!(left > 0) || !(right > 0)) return 1;
  const double j = std::abs(std::log(left / right));
  return j < linear_jump ? j / 6 : 1 / std::tanh(0.5 * j) - 2 / j;
}

Transport::Transport(const Mesh& mesh)
    : mesh_(mesh),
      runs_(face_runs(mesh)),
      a_(transmissibilities(mesh, runs_)),
      theta_(std::size_t(mesh.faces.size()), 0.0) {}

Transport::Weights Transport::weights() const {
  if (weights_ == Weights::unknown) {
    const auto all = [this](double value) {
      return std::ranges::all_of(theta_, [=](double theta) { return theta == value; });
    };
    weights_ = all(0) ? Weights::centred : all(1) ? Weights::upwind : Weights::mixed;
  }
  return weights_;
}

/// visit(run, a, side): a(i) and side(i, D phi) = theta sign D phi of the i-th face of the piece.
/// Centred weights on equal cells, the common case, are spared the arrays of both.
template <class Visit>
void Transport::for_each_part(Visit&& visit) const {
  const bool plain = !a_.empty() && weights() == Weights::centred;
  for (std::size_t r = 0; r < runs_.size(); ++r) {
    cut(runs_[r], [&](const FaceRun& run) {
      if (plain) {
        return visit(
            run, [a = a_[r]](std::int32_t) { return a; }, [](std::int32_t, double) { return 0.0; });
      }
      const double* a = &mesh_.faces.transmissibility[std::size_t(run.first)];
      const double* theta = &theta_[std::size_t(run.first)];
      visit(
          run, [a](std::int32_t i) { return a[i]; },
          [theta](std::int32_t i, double jump) { return jump > 0 ? theta[i] : -theta[i]; });
    });
  }
}

void Transport::hamilton_jacobi(std::span<const double> phi, double d, std::span<double> G) const {
  const auto owned = std::size_t(mesh_.owned);
  std::fill_n(G.begin(), owned, 0.0);
  alignas(64) double left[max_faces], right[max_faces];
  for_each_part([&](const FaceRun& run, auto a, auto side_of) {
    const double *x = &phi[std::size_t(run.left)], *y = &phi[std::size_t(run.right)];
#pragma omp simd
    for (std::int32_t i = 0; i < run.count; ++i) {
      const double jump = x[i] - y[i], square = 0.25 * d * a(i) * jump * jump;
      const double side = side_of(i, jump);
      left[i] = (1 + side) * square;
      right[i] = (1 - side) * square;
    }
    add_both(run, left, right, G.data());
  });
  for (std::size_t k = 0; k < owned; ++k) G[k] = phi[k] + G[k] / mesh_.volume[k];
}

void Transport::leave(std::span<const double> phi, std::span<const double> rho, double d,
                      std::span<double> out, ReproducibleSum* kinetic) const {
  alignas(64) double F[max_faces], energy[max_faces];
  for_each_part([&](const FaceRun& run, auto a, auto side_of) {
    const auto l = std::size_t(run.left), r = std::size_t(run.right);
    const double *x = &phi[l], *y = &phi[r], *p = &rho[l], *q = &rho[r];
#pragma omp simd
    for (std::int32_t i = 0; i < run.count; ++i) {
      const double jump = x[i] - y[i], side = side_of(i, jump);
      const double F_i = 0.5 * a(i) * ((1 + side) * p[i] + (1 - side) * q[i]) * jump;
      energy[i] = F_i * jump;
      F[i] = -d * F_i;
    }
    if (kinetic && run.left_owned) kinetic->add({energy, std::size_t(run.count)});
    scatter(run, F, out.data());
  });
}

void Transport::slopes(std::span<const double> phi, double d, std::span<double> slope_left,
                       std::span<double> slope_right) const {
  for_each_part([&](const FaceRun& run, auto a, auto side_of) {
    const auto f = std::size_t(run.first);
    const double *x = &phi[std::size_t(run.left)], *y = &phi[std::size_t(run.right)];
    double *left = &slope_left[f], *right = &slope_right[f];
#pragma omp simd
    for (std::int32_t i = 0; i < run.count; ++i) {
      const double jump = x[i] - y[i], side = side_of(i, jump);
      const double half = 0.5 * d * a(i) * jump;
      left[i] = (1 + side) * half;
      right[i] = (1 - side) * half;
    }
  });
}

void Transport::conductances(std::span<const double> phi, std::span<const double> rho, double d,
                             std::span<double> g) const {
  for_each_part([&](const FaceRun& run, auto a, auto side_of) {
    const auto f = std::size_t(run.first), l = std::size_t(run.left), r = std::size_t(run.right);
    const double *x = &phi[l], *y = &phi[r], *p = &rho[l], *q = &rho[r];
    double* out = &g[f];
#pragma omp simd
    for (std::int32_t i = 0; i < run.count; ++i) {
      const double side = side_of(i, x[i] - y[i]);
      out[i] = 0.5 * d * a(i) * ((1 + side) * p[i] + (1 - side) * q[i]);
    }
  });
}

void Jacobian::apply(std::span<const double> x, std::span<double> out) const {
  const Mesh& mesh = transport_.mesh();
  const auto owned = std::size_t(mesh.owned);
  std::fill_n(out.begin(), owned, 0.0);
  alignas(64) double to_left[max_faces], to_right[max_faces];
  for (const FaceRun& whole : transport_.runs()) {
    cut(whole, [&](const FaceRun& run) {
      const auto f = std::size_t(run.first);
      const double *p = &x[std::size_t(run.left)], *q = &x[std::size_t(run.right)];
      const double *left = &left_[f], *right = &right_[f];
#pragma omp simd
      for (std::int32_t i = 0; i < run.count; ++i) {
        const double jump = p[i] - q[i];
        to_left[i] = left[i] * jump;
        to_right[i] = right[i] * jump;
      }
      add_both(run, to_left, to_right, out.data());
    });
  }
  for (std::size_t k = 0; k < owned; ++k) out[k] = x[k] + out[k] / mesh.volume[k];
}

void Jacobian::apply_adjoint(std::span<const double> w, std::span<double> out) const {
  const Mesh& mesh = transport_.mesh();
  for (std::size_t k = 0; k < std::size_t(mesh.owned); ++k) out[k] = mesh.volume[k] * w[k];
  const auto flux = [&](const FaceRun& run, double* F) {
    const auto f = std::size_t(run.first);
    const double *p = &w[std::size_t(run.left)], *q = &w[std::size_t(run.right)];
    const double *left = &left_[f], *right = &right_[f];
#pragma omp simd
    for (std::int32_t i = 0; i < run.count; ++i) F[i] = -(left[i] * p[i] + right[i] * q[i]);
  };
  for_each_piece(transport_.runs(), flux,
                 [&](const FaceRun& run, const double* F) { scatter(run, F, out.data()); });
}

void Jacobian::apply_adjoint(std::span<const double> w, std::span<double> out,
                             std::span<const double> g, std::span<const double> x) const {
  const Mesh& mesh = transport_.mesh();
  for (std::size_t k = 0; k < std::size_t(mesh.owned); ++k) out[k] = mesh.volume[k] * w[k];
  const auto flux = [&](const FaceRun& run, double* F) {
    const auto f = std::size_t(run.first), l = std::size_t(run.left), r = std::size_t(run.right);
    const double *p = &w[l], *q = &w[r], *y = &x[l], *z = &x[r];
    const double *left = &left_[f], *right = &right_[f], *conductance = &g[f];
#pragma omp simd
    for (std::int32_t i = 0; i < run.count; ++i) {
      F[i] = -(left[i] * p[i] + right[i] * q[i] + conductance[i] * (y[i] - z[i]));
    }
  };
  for_each_piece(transport_.runs(), flux,
                 [&](const FaceRun& run, const double* F) { scatter(run, F, out.data()); });
}

}  // namespace otto
