#include "otto/particles/bennett.h"

#include <algorithm>
#include <cmath>
#include <vector>

namespace otto {

namespace {

double logistic(double x) { return 1 / (1 + std::exp(-x)); }

}  // namespace

double log_mean_exp(std::span<const double> x) {
  const double top = *std::ranges::max_element(x);
  if (!std::isfinite(top)) return top;
  double sum = 0;
  for (const double v : x) sum += std::exp(v - top);
  return top + std::log(sum / double(x.size()));
}

TwoSided two_sided(std::span<const double> F, std::span<const double> R) {
  TwoSided z;
  z.forward = log_mean_exp(F);
  std::vector<double> minus(R.size());
  std::ranges::transform(R, minus.begin(), [](double r) { return -r; });
  z.reverse = -log_mean_exp(minus);
  const double M = std::log(double(F.size()) / double(R.size()));
  const auto excess = [&](double at) {  // falls in `at`
    double sum = 0;
    for (const double f : F) sum += logistic(f - at - M);
    for (const double r : R) sum -= logistic(at - r + M);
    return sum;
  };
  double low = std::min(*std::ranges::min_element(F), *std::ranges::min_element(R)) - 5,
         high = std::max(*std::ranges::max_element(F), *std::ranges::max_element(R)) + 5;
  for (int i = 0; i < 200 && high - low > 1e-13 * (1 + std::abs(low)); ++i) {
    const double middle = 0.5 * (low + high);
    (excess(middle) > 0 ? low : high) = middle;
  }
  z.bennett = 0.5 * (low + high);
  return z;
}

double effective_size(std::span<const double> x) {
  const double top = *std::ranges::max_element(x);
  double sum = 0, squares = 0;
  for (const double v : x) {
    const double w = std::exp(v - top);
    sum += w;
    squares += w * w;
  }
  return sum * sum / squares;
}

double standard_deviation(std::span<const double> x) {
  double mean = 0, squares = 0;
  for (const double v : x) mean += v / double(x.size());
  for (const double v : x) squares += (v - mean) * (v - mean);
  return std::sqrt(squares / std::max<double>(double(x.size()) - 1, 1));
}

Slope crooks_slope(std::span<const double> F, std::span<const double> R) {
  double centre = 0, a = 1, c = 0, variance = 0;
  for (const double f : F) centre += f / double(F.size() + R.size());
  for (const double r : R) centre += r / double(F.size() + R.size());
  for (int iteration = 0; iteration < 50; ++iteration) {  // Newton on (slope a, offset c)
    double ga = 0, gc = 0, haa = 1e-12, hac = 0, hcc = 1e-12;
    const auto add = [&](double w, double label) {
      const double t = w - centre, s = logistic(a * t + c), q = s * (1 - s);
      ga += (label - s) * t;
      gc += label - s;
      haa += q * t * t;
      hac += q * t;
      hcc += q;
    };
    for (const double f : F) add(f, 0);
    for (const double r : R) add(r, 1);
    const double det = haa * hcc - hac * hac;
    if (!(det > 0)) break;
    variance = hcc / det;
    const double da = (hcc * ga - hac * gc) / det, dc = (haa * gc - hac * ga) / det;
    const double damp = std::min(1.0, 1 / (std::abs(da) + 1e-300));
    a += damp * da;
    c += damp * dc;
    if (std::abs(da) + std::abs(dc) < 1e-10) break;
  }
  return {a, std::sqrt(variance)};
}

}  // namespace otto
