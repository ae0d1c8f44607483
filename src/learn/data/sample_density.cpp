#include "sample_density.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <numeric>

#include "otto/mesh/locate.h"

namespace otto {

namespace {

constexpr double reach = 6;  ///< standard deviations beyond which a normal is left out
constexpr double common_ratio = 1.5, single_ratio = 1.25;  ///< between two widths tried
constexpr int max_ratios = 12;  ///< such ratios from one width to another

double below(double x, double h) { return 0.5 * std::erfc(-x / (h * std::numbers::sqrt2)); }

/// The columns of B_a: shares of the intervals from `first` on.
struct Column {
  std::int64_t first = 0;
  std::vector<double> share;
};

/// Images of the centre c: those within reach of the axis.
std::vector<double> images(const Box& box, std::size_t axis, double c, double h) {
  const double low = box.nodes[axis].front(), high = box.nodes[axis].back(), L = high - low;
  const double period = box.periodic[axis] ? L : 2 * L;
  std::vector<double> found;
  const auto add = [&](double x) {
    const auto turns = std::int64_t(std::ceil((reach * h + period) / period));
    for (std::int64_t k = -turns; k <= turns; ++k) {
      const double y = x + double(k) * period;
      if (y > low - reach * h && y < high + reach * h) found.push_back(y);
    }
  };
  add(c);
  if (!box.periodic[axis]) add(2 * low - c);
  return found;
}

std::vector<Column> columns(const Box& box, std::size_t axis, double h) {
  const auto& x = box.nodes[axis];
  const auto n = std::int64_t(x.size()) - 1;
  std::vector<Column> B(std::size_t(n), Column{});
  for (std::int64_t j = 0; j < n; ++j) {
    const double c = 0.5 * (x[std::size_t(j)] + x[std::size_t(j) + 1]);
    std::vector<double> share(std::size_t(n), 0.0);
    std::int64_t first = n, last = -1;
    for (const double y : images(box, axis, c, h)) {
      const auto from = std::clamp<std::int64_t>(
          std::ranges::upper_bound(x, y - reach * h) - x.begin() - 1, 0, n - 1);
      for (std::int64_t i = from; i < n && x[std::size_t(i)] < y + reach * h; ++i) {
        share[std::size_t(i)] +=
            below(x[std::size_t(i) + 1] - y, h) - below(x[std::size_t(i)] - y, h);
        first = std::min(first, i);
        last = std::max(last, i);
      }
    }
    double sum = 0;
    for (const double s : share) sum += s;
    Column& column = B[std::size_t(j)];
    column.first = first;
    for (std::int64_t i = first; i <= last; ++i)
      column.share.push_back(share[std::size_t(i)] / sum);
  }
  return B;
}

/// One column of B for every interval of every axis.
std::array<std::vector<Column>, 3> spread(const Box& box, const Widths& h) {
  std::array<std::vector<Column>, 3> B;
  for (std::size_t a = 0; a < 3; ++a) {
    if (int(a) < box.dimension && h[a] > 0) {
      B[a] = columns(box, a, h[a]);
      continue;
    }
    for (std::int64_t j = 0; j < box.cells(int(a)); ++j) B[a].push_back({j, {1.0}});
  }
  return B;
}

/// Rows of `values` along an axis times B_a^T.
std::vector<double> along(const Box& box, std::size_t axis, const std::vector<Column>& B,
                          const std::vector<double>& values) {
  std::size_t stride = 1;
  for (std::size_t a = 0; a < axis; ++a) stride *= std::size_t(box.cells(int(a)));
  const std::size_t n = B.size();
  std::vector<double> result(values.size(), 0.0);
  for (std::size_t cell = 0; cell < values.size(); ++cell) {
    const double value = values[cell];
    if (value == 0) continue;
    const std::size_t j = cell / stride % n;
    double* row = result.data() + (cell - j * stride);
    const Column& column = B[j];
    for (std::size_t i = 0; i < column.share.size(); ++i) {
      row[(std::size_t(column.first) + i) * stride] += column.share[i] * value;
    }
  }
  return result;
}

/// The largest L of a parabola through three widths, in log h.
double vertex(double below, double at, double above) {
  const double bend = below - 2 * at + above;
  return bend < 0 ? 0.5 * (below - above) / bend : 0;
}

}  // namespace

SampleDensity::SampleDensity(const Box& box) {
  whole_.box = box;
  std::size_t cells = 1;
  for (int a = 0; a < 3; ++a) {
    whole_.size[std::size_t(a)] = std::int32_t(box.cells(a));
    cells *= std::size_t(box.cells(a));
  }
  counts_.assign(cells, 0.0);
  sizes_.resize(cells);
  const auto n0 = std::size_t(box.cells(0)), n1 = std::size_t(box.cells(1));
  for (std::size_t i = 0; i < cells; ++i) {
    const std::array<std::size_t, 3> at{i % n0, i / n0 % n1, i / n0 / n1};
    sizes_[i] = 1;
    for (std::size_t a = 0; a < 3; ++a) sizes_[i] *= box.nodes[a][at[a] + 1] - box.nodes[a][at[a]];
  }
}

void SampleDensity::add(std::span<const double> x) {
  counts_[std::size_t(locate(whole_, x).cell)] += 1;
  samples_ += 1;
}

std::vector<double> SampleDensity::masses(const Widths& h) const {
  const auto B = spread(whole_.box, h);
  std::vector<double> q = counts_;
  for (std::size_t a = 0; a < 3; ++a) {
    if (h[a] > 0 && int(a) < whole_.box.dimension) q = along(whole_.box, a, B[a], q);
  }
  for (double& m : q) m /= samples_;
  return q;
}

double SampleDensity::likelihood(const Widths& h) const {
  const auto B = spread(whole_.box, h);
  const std::vector<double> q = masses(h);
  const std::size_t n0 = B[0].size(), n1 = B[1].size();
  const double e = 1 / samples_, uniform = e / std::accumulate(sizes_.begin(), sizes_.end(), 0.0);
  double sum = 0;
  for (std::size_t i = 0; i < q.size(); ++i) {
    if (counts_[i] == 0) continue;
    const std::array<std::size_t, 3> at{i % n0, i / n0 % n1, i / n0 / n1};
    double own = 1;  // B_ii
    for (std::size_t a = 0; a < 3; ++a) {
      const Column& column = B[a][at[a]];
      own *= column.share[at[a] - std::size_t(column.first)];
    }
    const double others = std::max(samples_ * q[i] - own, 0.0) / ((samples_ - 1) * sizes_[i]);
    sum += counts_[i] * std::log((1 - e) * others + uniform);
  }
  return sum / samples_;
}

/// Standard deviations of the counts; a cell's width at least.
Widths SampleDensity::deviations() const {
  const Box& box = whole_.box;
  Widths s{};
  std::size_t stride = 1;
  for (std::size_t a = 0; int(a) < box.dimension; ++a) {
    const auto& x = box.nodes[a];
    const std::size_t n = x.size() - 1;
    double mean = 0, square = 0;
    for (std::size_t i = 0; i < counts_.size(); ++i) {
      const std::size_t j = i / stride % n;
      const double c = 0.5 * (x[j] + x[j + 1]) - x[0];
      mean += counts_[i] * c / samples_;
      square += counts_[i] * c * c / samples_;
    }
    s[a] = std::max(std::sqrt(std::max(square - mean * mean, 0.0)),
                    (x.back() - x.front()) / double(n));
    stride *= n;
  }
  return s;
}

/// Some h is that of a whole axis: wider ones are as good as uniform.
bool SampleDensity::fills(const Widths& h) const {
  for (std::size_t a = 0; int(a) < whole_.box.dimension; ++a) {
    const auto& x = whole_.box.nodes[a];
    if (h[a] > x.back() - x.front()) return true;
  }
  return false;
}

/// From h on along the axes chosen, by a common factor, to where (2) is largest.
Widths SampleDensity::climb(const Widths& h, std::array<bool, 3> axes, double ratio) const {
  const auto times = [&](double steps) {
    Widths scaled = h;
    for (std::size_t a = 0; a < 3; ++a) {
      if (axes[a]) scaled[a] *= std::pow(ratio, steps);
    }
    return scaled;
  };
  std::array<double, 3> L{likelihood(times(-1)), likelihood(h), likelihood(times(1))};
  int k = 0;
  const bool up = L[2] > L[1];
  const auto on = [&] { return std::abs(k) < max_ratios && !(up && fills(times(k))); };
  while (on() && (up ? L[2] > L[1] : L[0] > L[1])) {
    k += up ? 1 : -1;
    if (up) {
      L = {L[1], L[2], likelihood(times(k + 1))};
    } else {
      L = {likelihood(times(k - 1)), L[0], L[1]};
    }
  }
  return times(k + vertex(L[0], L[1], L[2]));
}

Widths SampleDensity::best_widths() const {
  if (samples_ < 2) return {};
  const int d = whole_.box.dimension;
  Widths h = deviations();
  for (double& width : h) width *= std::pow(samples_, -1.0 / (d + 4));
  h = climb(h, {true, true, true}, common_ratio);
  for (std::size_t a = 0; int(a) < d && d > 1; ++a) {
    std::array<bool, 3> alone{};
    alone[a] = true;
    h = climb(h, alone, single_ratio);
  }
  return d > 1 ? climb(h, {true, true, true}, single_ratio) : h;
}

}  // namespace otto
