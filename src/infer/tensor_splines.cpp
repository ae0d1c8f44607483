#include "otto/infer/tensor_splines.h"

#include <Eigen/Sparse>
#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>

namespace otto {

namespace {

constexpr std::size_t support = 4;              ///< B-splines that do not vanish at a point
constexpr std::size_t reach = 2 * support - 1;  ///< B-splines that one meets along an axis

/// Along one axis.
struct Axis {
  double lower = 0, width = 1;  ///< of an interval
  std::size_t intervals = 1;
  bool periodic = false;

  [[nodiscard]] std::size_t size() const { return periodic ? intervals : intervals + support - 1; }
  [[nodiscard]] std::size_t wrapped(std::size_t i) const { return periodic ? i % intervals : i; }
};

/// Those at x: the first, and the values of four.
struct Piece {
  std::size_t first = 0;
  std::array<double, support> value{};
};

Piece piece_at(const Axis& axis, double x) {
  const double u = (x - axis.lower) / axis.width;
  const auto last = std::int64_t(axis.intervals) - 1;
  const std::int64_t i = std::clamp<std::int64_t>(std::int64_t(std::floor(u)), 0, last);
  const double t = u - double(i), s = 1 - t;
  return {std::size_t(i),
          {s * s * s / 6, (3 * t * t * t - 6 * t * t + 4) / 6, (3 * s * s * s - 6 * s * s + 4) / 6,
           t * t * t / 6}};
}

std::vector<Axis> axes_of(const Mesh& mesh, const std::vector<int>& intervals) {
  std::vector<Axis> axes;
  for (std::size_t a = 0; a < std::size_t(mesh.dimension); ++a) {
    double lower = mesh.lower[a], upper = mesh.upper[a];
    if (mesh.box) {
      lower = mesh.box->box.nodes[a].front();
      upper = mesh.box->box.nodes[a].back();
    }
    const auto n = std::size_t(intervals[a]);
    axes.push_back({lower, (upper - lower) / double(n), n, mesh.box && mesh.box->box.periodic[a]});
  }
  return axes;
}

}  // namespace

struct TensorSplines::Impl {
  Impl(const Mesh& m, const std::vector<int>& intervals) : mesh(m), axes(axes_of(m, intervals)) {
    for (const Axis& a : axes) size *= a.size();
    for (std::size_t k = 0; k < std::size_t(mesh.owned); ++k) {
      for (std::size_t a = 0; a < axes.size(); ++a) {
        pieces.push_back(piece_at(axes[a], mesh.center[k][a]));
      }
    }
    factor();
  }

  /// work(coefficient, value, place of the B-spline among the four along every axis) of an owned cell.
  template <class Work>
  void for_each(std::size_t k, Work&& work) const {
    const Piece* p = &pieces[k * axes.size()];
    const std::size_t d = axes.size(), count = std::size_t(1) << (2 * d);
    for (std::size_t m = 0; m < count; ++m) {
      std::size_t number = 0, stride = 1;
      std::array<std::size_t, 3> place{};
      double value = 1;
      for (std::size_t a = 0; a < d; ++a) {
        place[a] = m >> (2 * a) & 3;
        number += stride * axes[a].wrapped(p[a].first + place[a]);
        stride *= axes[a].size();
        value *= p[a].value[place[a]];
      }
      work(number, value, place);
    }
  }
  [[nodiscard]] std::vector<std::size_t> column_of(std::size_t row) const;
  void factor();

  const Mesh& mesh;
  std::vector<Axis> axes;
  std::size_t size = 1;
  std::vector<Piece> pieces;  ///< of each owned cell, one per axis
  Eigen::SimplicialLDLT<Eigen::SparseMatrix<double>> gram;
};

/// Those B-splines that one meets, in the order of for_each's differences of places.
std::vector<std::size_t> TensorSplines::Impl::column_of(std::size_t row) const {
  std::vector<std::size_t> columns{0};
  std::size_t stride = 1;
  for (const Axis& axis : axes) {
    const std::size_t i = row % axis.size(), n = axis.size();
    row /= n;
    std::vector<std::size_t> more;
    for (std::size_t far = 0; far < reach; ++far) {
      // Beyond an end there is none, and nothing was summed there.
      const std::size_t j = (i + far + n * reach - (support - 1)) % n;
      for (const std::size_t c : columns) more.push_back(c + stride * j);
    }
    columns = std::move(more);
    stride *= n;
  }
  return columns;
}

/// M_s, summed over ranks as `reach` entries per axis of each row.
void TensorSplines::Impl::factor() {
  const std::size_t d = axes.size();
  std::size_t per_row = 1;
  for (std::size_t a = 0; a < d; ++a) per_row *= reach;
  std::vector<double> entries(size * per_row, 0.0);
  for (std::size_t k = 0; k < std::size_t(mesh.owned); ++k) {
    for_each(k, [&](std::size_t i, double vi, const std::array<std::size_t, 3>& pi) {
      for_each(k, [&](std::size_t, double vj, const std::array<std::size_t, 3>& pj) {
        std::size_t at = 0, stride = 1;
        for (std::size_t a = 0; a < d; ++a, stride *= reach) {
          at += stride * (pj[a] + support - 1 - pi[a]);
        }
        entries[i * per_row + at] += mesh.volume[k] * vi * vj;
      });
    });
  }
  mesh.comm.sum_in_place(entries);
  // B-splines that hardly a cell sees are held at 0.
  double trace = 0;
  for (std::size_t i = 0; i < size; ++i) trace += entries[i * per_row + per_row / 2];
  constexpr double tiny = 1e-12;
  std::vector<Eigen::Triplet<double>> triplets;
  for (std::size_t i = 0; i < size; ++i) {
    const std::vector<std::size_t> columns = column_of(i);
    triplets.emplace_back(int(i), int(i), tiny * trace / double(size));
    for (std::size_t e = 0; e < per_row; ++e) {
      const double value = entries[i * per_row + e];
      if (value != 0) triplets.emplace_back(int(i), int(columns[e]), value);
    }
  }
  const auto n = Eigen::Index(size);
  Eigen::SparseMatrix<double> M(n, n);
  M.setFromTriplets(triplets.begin(), triplets.end());
  gram.compute(M);
}

TensorSplines::TensorSplines(const Mesh& mesh, const std::vector<int>& intervals)
    : impl_(std::make_unique<Impl>(mesh, intervals)) {}

TensorSplines::~TensorSplines() = default;

std::size_t TensorSplines::size() const { return impl_->size; }

void TensorSplines::values(std::span<const double> y, std::span<double> V) const {
  for (std::size_t k = 0; k < V.size(); ++k) {
    double sum = 0;
    impl_->for_each(k, [&](std::size_t i, double value, const auto&) { sum += value * y[i]; });
    V[k] = sum;
  }
}

void TensorSplines::transpose(std::span<const double> of_V, std::span<double> out) const {
  std::ranges::fill(out, 0.0);
  for (std::size_t k = 0; k < of_V.size(); ++k) {
    impl_->for_each(k,
                    [&](std::size_t i, double value, const auto&) { out[i] += value * of_V[k]; });
  }
  impl_->mesh.comm.sum_in_place(out);
}

void TensorSplines::project(std::span<const double> V, std::span<double> y) const {
  std::vector<double> weighted(V.begin(), V.end());
  for (std::size_t k = 0; k < weighted.size(); ++k) weighted[k] *= impl_->mesh.volume[k];
  transpose(weighted, y);
  const Eigen::Map<Eigen::VectorXd> of_y(y.data(), Eigen::Index(y.size()));
  Eigen::Map<Eigen::VectorXd>(y.data(), Eigen::Index(y.size())) = impl_->gram.solve(of_y).eval();
}

void TensorSplines::lift(std::span<const double> of_y, std::span<double> of_V) const {
  const Eigen::Map<const Eigen::VectorXd> y(of_y.data(), Eigen::Index(of_y.size()));
  const Eigen::VectorXd z = impl_->gram.solve(y);
  values({z.data(), of_y.size()}, of_V);
  for (std::size_t k = 0; k < of_V.size(); ++k) of_V[k] *= impl_->mesh.volume[k];
}

}  // namespace otto
