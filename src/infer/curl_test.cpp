#include "otto/infer/curl_test.h"

#include <Eigen/Eigenvalues>
#include <algorithm>
#include <array>
#include <cmath>

#include "otto/infer/deviance.h"
#include "otto/infer/likelihood.h"
#include "otto/infer/stream.h"

namespace otto {

namespace {

using Fields = Objective::Fields;

void multiply(Fields& fields, const Fields& weights) {
  for (std::size_t l = 0; l < fields.size(); ++l) {
    for (std::size_t k = 0; k < fields[l].size(); ++k) fields[l][k] *= weights[l][k];
  }
}

/// What t_i owes to one drift.
struct Direction {
  double t = 0;
  Objective::Vector p, prior;  // p_i, and (priors) p_i
  Fields q;                    // per snapshot
};

/// The whole of the test at one solution.
class ScoreTest {
 public:
  ScoreTest(Objective& objective, GaussNewton& newton, const Snapshots& data, bool known_start,
            const CurlTestOptions& options)
      : J_(objective),
        newton_(newton),
        data_(data),
        intervals_(data.intervals()),
        known_start_(known_start),
        o_(options),
        g_(objective.size()) {
    J_.gradient(g_);
  }

  void add(const std::vector<double>& rise) {
    Direction d;
    const Fields u = J_.response_to_rises(rise);
    Fields cotangents = u;
    multiply(cotangents, J_.weights());
    Objective::Vector b(J_.size());
    J_.pull_back(cotangents, b);
    for (double& x : b) x = -x;
    d.p = newton_.solve(b, o_.rtol, o_.max_cg, &known_).x;
    Fields v = J_.response(d.p);
    double slope = 0;
    for (std::size_t l = 0; l < v.size(); ++l) {
      for (std::size_t k = 0; k < v[l].size(); ++k) {
        v[l][k] += u[l][k];
        slope += J_.slopes()[l][k] * u[l][k];
      }
    }
    d.t = -(J_.mesh().comm.sum(slope) + J_.dot(g_, d.p));
    d.prior.assign(J_.size(), 0.0);
    J_.add_priors(d.p, d.prior);
    multiply(v, J_.weights());
    Fields starts;
    J_.pull_back(v, b, &starts);
    d.q = by_snapshot(v, starts);
    all_.push_back(std::move(d));
  }

  /// T and its degrees of freedom; noise of variance 1 / `samples`.
  [[nodiscard]] std::array<double, 2> statistic(double samples) const {
    const auto n = Eigen::Index(all_.size());
    Eigen::MatrixXd C(n, n);
    Eigen::VectorXd t(n);
    for (Eigen::Index i = 0; i < n; ++i) {
      t[i] = all_[std::size_t(i)].t;
      for (Eigen::Index j = 0; j <= i; ++j) {
        C(i, j) = C(j, i) = covariance(all_[std::size_t(i)], all_[std::size_t(j)]);
      }
    }
    const Eigen::VectorXd scale = C.diagonal().cwiseMax(1e-300).cwiseSqrt().cwiseInverse();
    const Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd> modes(scale.asDiagonal() * C *
                                                               scale.asDiagonal());
    const Eigen::VectorXd seen = modes.eigenvectors().transpose() * scale.asDiagonal() * t;
    std::array<double, 2> result{0, 0};
    for (Eigen::Index i = 0; i < n; ++i) {
      const double size = modes.eigenvalues()[i];
      if (!(size > o_.rank * modes.eigenvalues()[n - 1])) continue;
      result[0] += samples * seen[i] * seen[i] / size;
      result[1] += 1;
    }
    return result;
  }

 private:
  /// Of a known start there is no noise.
  [[nodiscard]] Fields by_snapshot(const Fields& ends, const Fields& starts) const {
    Fields q(data_.seen.size(), std::vector<double>(ends.front().size(), 0.0));
    for (std::size_t l = 0; l < intervals_.size(); ++l) {
      const auto [from, to] = intervals_[l];
      for (std::size_t k = 0; k < ends[l].size(); ++k) q[to][k] += ends[l][k];
      if (starts[l].empty() || (known_start_ && from == 0)) continue;
      for (std::size_t k = 0; k < starts[l].size(); ++k) q[from][k] -= starts[l][k];
    }
    return q;
  }

  /// Of the model where there is one, of the data at the start of a series.
  [[nodiscard]] double covariance(const Direction& a, const Direction& b) const {
    const Mesh& mesh = J_.mesh();
    double sum = 0;
    for (std::size_t s = 0; s < data_.seen.size(); ++s) {
      const Snapshot& datum = data_.seen[s];
      std::array<double, 3> means{0, 0, 0};  // q_a q_b, q_a, q_b
      const auto leg = std::ranges::find(intervals_, s, &Interval::to);
      const std::vector<double>& rho = leg == intervals_.end()
                                           ? datum.density
                                           : J_.densities()[std::size_t(leg - intervals_.begin())];
      for (std::size_t k = 0; k < rho.size(); ++k) {
        const double r = std::max(rho[k], 0.0), qa = a.q[s][k] / mesh.volume[k],
                     qb = b.q[s][k] / mesh.volume[k];
        means[0] += mesh.volume[k] * r * qa * qb;
        means[1] += mesh.volume[k] * r * qa;
        means[2] += mesh.volume[k] * r * qb;
      }
      mesh.comm.sum_in_place(means);
      const double N = datum.samples > 0 ? double(datum.samples) : 1.0;
      sum += (means[0] - means[1] * means[2]) / N;
    }
    return sum + J_.dot(a.p, b.prior);
  }

  Objective& J_;
  GaussNewton& newton_;
  const Snapshots& data_;
  std::vector<Interval> intervals_;
  bool known_start_;
  CurlTestOptions o_;
  Objective::Vector g_;
  ConjugateSpace known_;
  std::vector<Direction> all_;
};

/// The misfit of taking every snapshot for the one before it.
double motion(const Mesh& mesh, const Snapshots& data, double background) {
  double volume = 0, sum = 0;
  for (std::size_t k = 0; k < std::size_t(mesh.owned); ++k) volume += mesh.volume[k];
  const LikelihoodOptions law{.background = background, .volume = mesh.comm.sum(volume)};
  for (const Interval& i : data.intervals()) {
    const auto &from = data.seen[i.from].density, &to = data.seen[i.to].density;
    for (std::size_t k = 0; k < from.size(); ++k) {
      sum += mesh.volume[k] * misfit(from[k], to[k], law).value;
    }
  }
  return mesh.comm.sum(sum);
}

/// The energies miss the data: beyond the noise of counts, or, densities having none, by more than a share of the motion.
bool missed(const CurlTest& t, bool sampled, const CurlTestOptions& o) {
  if (sampled) return t.deviance > t.expected + o.deviations * t.expected_width;
  return t.unexplained > o.unexplained;
}

/// The drift is significant and the energies miss the data: no gradient flow. Of densities significance alone says
/// little, since discretisation errors have a shape, too.
GradientFlow verdict_of(const CurlTest& t, bool sampled, const CurlTestOptions& o) {
  const bool significant = t.statistic > t.degrees + o.deviations * std::sqrt(2 * t.degrees);
  const bool bad = missed(t, sampled, o);
  if (significant && bad) return GradientFlow::rejected;
  if (bad || (significant && sampled)) return GradientFlow::undecided;
  return GradientFlow::accepted;
}

}  // namespace

std::optional<CurlTest> curl_test(Objective& objective, GaussNewton& newton, const Snapshots& data,
                                  bool known_start, double samples, double gamma, double background,
                                  const std::function<bool()>& stop, const CurlTestOptions& o) {
  ScoreTest score(objective, newton, data, known_start, o);
  const Streams drifts(objective.mesh(), o.modes);
  for (std::size_t i = 0; i < drifts.size(); ++i) {
    if (stop()) return std::nullopt;
    score.add(drifts.rise(i));
  }
  CurlTest test;
  test.deviance = 2 * samples * objective.misfit();
  const auto [statistic, degrees] = score.statistic(samples);
  test.statistic = statistic;
  test.degrees = degrees;
  if (data.sampled()) {
    const DevianceLaw law = deviance_law(objective, data, background);
    test.expected = law.mean - gamma;
    test.expected_width = law.deviation;
  } else {
    test.unexplained =
        objective.misfit() / std::max(motion(objective.mesh(), data, background), 1e-300);
  }
  test.verdict = verdict_of(test, data.sampled(), o);
  return test;
}

}  // namespace otto
