#include "otto/energy/radial_spline.h"

#include <fmt/format.h>

#include <Eigen/Dense>
#include <algorithm>
#include <cmath>

#include "convolution.h"
#include "otto/core/error.h"
#include "otto/core/point.h"
#include "otto/tables/columns.h"

namespace otto {

namespace {

using RowMajor = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

/// Of T M = D w / d^2: W'(0) = 0, continuous slopes at the knots between, M_n = 0.
std::vector<double> bends_of_values(std::size_t n, double d) {
  const auto size = Eigen::Index(n + 1);
  RowMajor T = RowMajor::Zero(size, size), D = RowMajor::Zero(size, size);
  const double scale = 6 / (d * d);
  T(0, 0) = 2, T(0, 1) = 1;
  D(0, 0) = -scale, D(0, 1) = scale;
  for (Eigen::Index i = 1; i + 1 < size; ++i) {
    T(i, i - 1) = T(i, i + 1) = 1, T(i, i) = 4;
    D(i, i - 1) = D(i, i + 1) = scale, D(i, i) = -2 * scale;
  }
  T(size - 1, size - 1) = 1;
  const RowMajor Q = T.partialPivLu().solve(D);
  return {Q.data(), Q.data() + Q.size()};
}

Eigen::Map<const RowMajor> square(const std::vector<double>& Q, std::size_t size) {
  return {Q.data(), Eigen::Index(size), Eigen::Index(size)};
}

std::vector<double> read(const ColumnFile& file, const char* name) {
  if (!file.has(name)) {
    file.fail(fmt::format("has no {}; a kernel is /r, equally spaced from 0, and /value", name));
  }
  return file.read(name, 0, file.shape(name).rows);
}

std::vector<double> checked_values(const std::filesystem::path& name, double* range) {
  const ColumnFile file(name);
  const std::vector<double> r = read(file, "/r"), w = read(file, "/value");
  if (r.size() != w.size() || r.size() < 3) {
    file.fail(fmt::format("has {} distances and {} values; a kernel is at least 3 of each",
                          r.size(), w.size()));
  }
  constexpr double tolerance = 1e-9;  ///< of the range
  *range = r.back();
  for (std::size_t i = 0; i < r.size(); ++i) {
    const double expected = r.back() * double(i) / double(r.size() - 1);
    if (!(r.back() > 0) || !(std::abs(r[i] - expected) <= tolerance * r.back())) {
      file.fail(fmt::format("has r = {} in row {}; distances are equally spaced from 0", r[i], i));
    }
    if (!std::isfinite(w[i])) file.fail(fmt::format("has W = {} in row {}", w[i], i));
  }
  return w;
}

}  // namespace

RadialSpline::RadialSpline(double range, std::size_t n)
    : range_(range), d_(range / double(n)), n_(n), Q_(bends_of_values(n, d_)) {}

RadialSpline::Piece RadialSpline::piece(double r) const {
  const double at = std::min(r / d_, double(n_));
  const auto i = std::min(std::size_t(at), n_ - 1);
  const double b = at - double(i);
  return {i, 1 - b, b};
}

std::vector<double> RadialSpline::bends(std::span<const double> w) const {
  std::vector<double> M(size());
  Eigen::Map<Eigen::VectorXd>(M.data(), Eigen::Index(size())) =
      square(Q_, size()) * Eigen::Map<const Eigen::VectorXd>(w.data(), Eigen::Index(size()));
  return M;
}

double RadialSpline::at(std::span<const double> w, std::span<const double> M, double r) const {
  const auto [i, a, b] = piece(r);
  return a * w[i] + b * w[i + 1] +
         d_ * d_ / 6 * ((a * a * a - a) * M[i] + (b * b * b - b) * M[i + 1]);
}

double RadialSpline::slope(std::span<const double> w, std::span<const double> M, double r) const {
  if (r >= range_) return 0;
  const auto [i, a, b] = piece(r);
  return (w[i + 1] - w[i]) / d_ + d_ / 6 * ((1 - 3 * a * a) * M[i] + (3 * b * b - 1) * M[i + 1]);
}

void RadialSpline::add(double r, double factor, std::span<double> of_w,
                       std::span<double> of_M) const {
  const auto [i, a, b] = piece(r);
  of_w[i] += factor * a;
  of_w[i + 1] += factor * b;
  of_M[i] += factor * d_ * d_ / 6 * (a * a * a - a);
  of_M[i + 1] += factor * d_ * d_ / 6 * (b * b * b - b);
}

void RadialSpline::gather(std::span<const double> of_M, std::span<double> of_w) const {
  Eigen::Map<Eigen::VectorXd>(of_w.data(), Eigen::Index(size())) +=
      square(Q_, size()).transpose() *
      Eigen::Map<const Eigen::VectorXd>(of_M.data(), Eigen::Index(size()));
}

/// Of linear pieces M: d/3 sum (M_i^2 + M_i M_(i+1) + M_(i+1)^2).
std::vector<double> RadialSpline::bending() const {
  const auto m = Eigen::Index(size());
  RowMajor mass = RowMajor::Zero(m, m);
  for (Eigen::Index i = 0; i + 1 < m; ++i) {
    mass(i, i) += d_ / 3;
    mass(i + 1, i + 1) += d_ / 3;
    mass(i, i + 1) += d_ / 6;
    mass(i + 1, i) += d_ / 6;
  }
  const RowMajor B = square(Q_, size()).transpose() * mass * square(Q_, size());
  return {B.data(), B.data() + B.size()};
}

RadialTable::RadialTable(const std::filesystem::path& file) : spline(1, 2) {
  double range = 1;
  w = checked_values(file, &range);
  spline = RadialSpline(range, w.size() - 1);
}

namespace {

/// Lengths from one cell to another.
struct Cells {
  explicit Cells(const Mesh& mesh) {
    if (!mesh.box) throw InternalError("radial splines are for boxes");
    for (int a = 0; a < mesh.dimension; ++a) {
      h[std::size_t(a)] = mesh.box->width(a, 0);
      volume *= h[std::size_t(a)];
    }
  }
  [[nodiscard]] double length(const Offset& z) const {
    double square = 0;
    for (std::size_t a = 0; a < 3; ++a) square += std::pow(double(z[a]) * h[a], 2);
    return std::sqrt(square);
  }
  Point h{};
  double volume = 1;
};

}  // namespace

struct RadialInteraction::Impl {
  Impl(const RadialSpline& s, const Mesh& m)
      : spline(s), cells(m), convolution(m, [](auto, auto w) { std::ranges::fill(w, 0.0); }) {}

  RadialSpline spline;
  Cells cells;
  Convolution convolution;
};

RadialInteraction::RadialInteraction(const RadialSpline& spline, const Mesh& mesh)
    : impl_(std::make_unique<Impl>(spline, mesh)) {}
RadialInteraction::~RadialInteraction() = default;

void RadialInteraction::set(std::span<const double> w) {
  Impl& o = *impl_;
  const std::vector<double> M = o.spline.bends(w);
  o.convolution.set([&](std::span<const Offset> offsets, std::span<double> weight) {
    for (std::size_t i = 0; i < offsets.size(); ++i) {
      weight[i] = o.cells.volume * o.spline.at(w, M, o.cells.length(offsets[i]));
    }
  });
}

void RadialInteraction::potential(std::span<const double> rho, std::span<double> out) const {
  impl_->convolution.apply(rho, out);
}

struct RadialGradient::Impl {
  Impl(const RadialSpline& s, const Mesh& m) : spline(s), mesh(m), cells(m), correlation(m) {}

  const RadialSpline& spline;
  const Mesh& mesh;
  Cells cells;
  Correlation correlation;
};

RadialGradient::RadialGradient(const RadialSpline& spline, const Mesh& mesh)
    : impl_(std::make_unique<Impl>(spline, mesh)) {}
RadialGradient::~RadialGradient() = default;

void RadialGradient::add(std::span<const double> a, std::span<const double> rho) {
  impl_->correlation.add(a, rho);
}

void RadialGradient::clear() { impl_->correlation.clear(); }

std::vector<double> RadialGradient::gather() {
  const RadialSpline& s = impl_->spline;
  const Mesh& mesh = impl_->mesh;
  std::vector<double> of_w(s.size(), 0.0), of_M(s.size(), 0.0);
  impl_->correlation.visit([&](const Offset& z, double C) {
    s.add(impl_->cells.length(z), C * impl_->cells.volume, of_w, of_M);
  });
  s.gather(of_M, of_w);
  mesh.comm.sum_in_place(of_w);
  return of_w;
}

}  // namespace otto
