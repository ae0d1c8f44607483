#include "otto/particles/trainer.h"

#include <cmath>
#include <limits>
#include <numbers>

#include "otto/core/error.h"
#include "trainer_impl.h"

namespace otto {

namespace {

double norm(std::span<const double> g) {
  double sum = 0;
  for (const double x : g) sum += x * x;
  return std::sqrt(sum);
}

}  // namespace

void Adam::step(std::span<double> theta, std::span<const double> g, double rate,
                const ParticleTrainOptions& o) {
  m.resize(theta.size(), 0);
  v.resize(theta.size(), 0);
  ++t;
  const double c1 = 1 - std::pow(o.beta1, double(t)), c2 = 1 - std::pow(o.beta2, double(t));
  for (std::size_t i = 0; i < theta.size(); ++i) {
    m[i] = o.beta1 * m[i] + (1 - o.beta1) * g[i];
    v[i] = o.beta2 * v[i] + (1 - o.beta2) * g[i] * g[i];
    theta[i] -= rate * (m[i] / c1 / (std::sqrt(v[i] / c2) + 1e-8) + o.weight_decay * theta[i]);
  }
}

ParticleTrainer::Impl::Impl(const Comm& c, WideNetwork& n, const Gaussian& w, const Gaussian& g,
                            const Rows& train, double noise, ParticleTrainOptions options)
    : comm(c),
      network(n),
      white(w),
      reference(g),
      o(std::move(options)),
      cloud(comm, network, white, reference, o),
      batch(comm, train, noise, o.batch, o.seed),
      theta(std::size_t(network.parameters())),
      mean(theta.size(), 0.0) {
  network.get(theta);
}

std::int64_t ParticleTrainer::Impl::age() const {
  const bool later = o.cycle > 0 && iteration >= o.iterations;
  return later ? (iteration - o.iterations) % o.cycle : iteration;
}

std::int64_t ParticleTrainer::Impl::length() const {
  return o.cycle > 0 && iteration >= o.iterations ? o.cycle : o.iterations;
}

double ParticleTrainer::Impl::rate() const {
  const double k = double(age()), whole = double(std::max<std::int64_t>(length(), 1));
  const double rise = std::min(1.0, (k + 1) / std::max(o.warm_up, 1.0));
  const double past = std::max(0.0, k / whole - o.constant) / (1 - o.constant);
  return o.learning_rate * rise * std::max(0.01, 0.5 * (1 + std::cos(std::numbers::pi * past)));
}

void ParticleTrainer::Impl::set(const std::vector<double>& next) {
  for (const double x : next) {
    if (!std::isfinite(x)) {
      throw NumericalError("theta is finite no more; take a smaller train.learning_rate");
    }
  }
  theta = next;
  network.set(theta);
}

double ParticleTrainer::Impl::contrast(std::uint64_t draw, std::vector<double>& g) const {
  const std::size_t m = theta.size();
  // one more entry for U itself
  const auto term = [&](const Rows& x, const Vector& w, std::span<double> sum) {
    sum[m] += network.add_gradient(as_span(x), as_span(w), sum.first(m));
  };
  std::vector<double> q = tree_sum(comm, batch.blocks(), m + 1, [&](std::int64_t b, auto sum) {
    term(batch.rows(b, draw), Vector::Constant(batch.blocks().length(b), 1 / double(o.batch)), sum);
  });
  const std::vector<double> rho =
      tree_sum(comm, cloud.blocks(), m + 1,
               [&](std::int64_t b, auto sum) { term(cloud.points(b), cloud.shares(b), sum); });
  for (std::size_t i = 0; i <= m; ++i) q[i] -= rho[i];
  const double difference = q[m];
  q.resize(m);
  g = std::move(q);
  return difference;
}

void ParticleTrainer::Impl::add_penalty(double weight, const std::vector<Rows>& at,
                                        std::vector<double>& g) const {
  const auto sum =
      tree_sum(comm, cloud.blocks(), g.size(), [&](std::int64_t b, std::span<double> s) {
        const Rows x = cloud.points(b);
        const Vector w = weight * cloud.shares(b);
        const Rows t = at.empty() ? Rows(Rows::Zero(x.rows(), x.cols()))
                                  : at[std::size_t(b - cloud.blocks().first_block)];
        (void)network.add_slope_square(as_span(x), as_span(w), as_span(white.factor()), as_span(t),
                                       s);
      });
  for (std::size_t i = 0; i < g.size(); ++i) g[i] += sum[i];
}

void ParticleTrainer::Impl::add_laplacian(std::vector<double>& g) const {
  // All axes one by one in few dimensions; else Hutchinson's estimate by one vector of signs.
  constexpr int few = 4;
  const int d = network.dimension();
  const auto sum =
      tree_sum(comm, cloud.blocks(), g.size(), [&](std::int64_t b, std::span<double> s) {
        const Rows x = cloud.points(b);
        const Vector w = -o.penalty * cloud.shares(b);
        Rows v(x.rows(), x.cols());
        for (int a = 0; a < (d <= few ? d : 1); ++a) {
          for (Eigen::Index i = 0; i < x.rows(); ++i) {
            Rows sign = Rows::Zero(1, d);
            if (d <= few) {
              sign(0, a) = 1;
            } else {
              normal_numbers(o.seed, Purpose::trace, cloud.blocks().begin(b) + i,
                             std::uint64_t(iteration) + 1, as_span(sign));
              sign = sign.unaryExpr([](double y) { return y < 0 ? -1.0 : 1.0; });
            }
            v.row(i) = sign * white.factor().transpose();
          }
          (void)network.add_curvature(as_span(x), as_span(w), as_span(v), s);
        }
      });
  for (std::size_t i = 0; i < g.size(); ++i) g[i] += sum[i];
}

double ParticleTrainer::Impl::descend() {
  std::vector<double> g;
  gap = contrast(std::uint64_t(iteration), g);
  if (o.objective != "contrastive_divergence") add_penalty(o.penalty, {}, g);
  if (o.objective == "fisher") add_laplacian(g);
  return adam_step(g);
}

double ParticleTrainer::Impl::adam_step(const std::vector<double>& g) {
  std::vector<double> next = theta;
  adam.step(next, g, rate(), o);
  set(next);
  return norm(g);
}

double ParticleTrainer::Impl::move() {
  if (o.objective == "wasserstein_natural") return natural();
  if (o.objective == "proximal") return proximal();
  if (o.objective == "noise_contrastive") return tell_apart();
  if (o.objective == "denoising") return denoise();
  return descend();
}

double ParticleTrainer::Impl::proximal() {
  std::vector<Rows> at;  // L^T grad U_k at the particles
  comm.together([&] {
    for (std::int64_t b = cloud.blocks().first_block; b < cloud.blocks().end_block; ++b) {
      const Rows x = cloud.points(b);
      Vector U(x.rows());
      Rows slope(x.rows(), x.cols());
      network.evaluate(as_span(x), as_span(U), as_span(slope));
      at.push_back(white.slope_in_z(slope));
    }
  });
  double first = 0;
  for (int inner = 0; inner < o.inner_steps; ++inner) {
    std::vector<double> g;
    const double difference =
        contrast(std::uint64_t(iteration) * std::uint64_t(o.inner_steps) + std::uint64_t(inner), g);
    if (o.proximal_penalty > 0) add_penalty(o.proximal_penalty, {}, g);
    if (inner == 0) {  // the slope of what holds U near U_k is 0 there
      gap = difference;
    } else {
      // one block more than none on ranks without blocks: `at` empty means another penalty
      add_penalty(1 / o.tau, at.empty() ? std::vector<Rows>{Rows()} : at, g);
    }
    const double length = adam_step(g);
    if (inner == 0) first = length;
  }
  return first;
}

ParticleTrainer::ParticleTrainer(const Comm& comm, WideNetwork& network, const Gaussian& white,
                                 const Gaussian& reference, const Rows& train, double noise,
                                 ParticleTrainOptions options)
    : impl_(std::make_unique<Impl>(comm, network, white, reference, train, noise,
                                   std::move(options))) {}

ParticleTrainer::~ParticleTrainer() = default;

ParticleReport ParticleTrainer::iterate() {
  Impl& t = *impl_;
  if (t.o.sampler == "short_run") {
    t.comm.together([&] { t.cloud.restart(std::uint64_t(t.iteration) + 1); });
  }
  constexpr double none = std::numeric_limits<double>::quiet_NaN();
  ParticleReport report{.acceptance = none, .step = none, .effective = none, .log_z = none};
  if (!without_particles(t.o.objective)) {
    report.acceptance = t.cloud.advance();
    report.step = t.cloud.step();
    report.effective = t.cloud.effective();
    report.log_z = t.cloud.tracked_log_z();
  }
  if (t.age() == 0) t.adam = Adam();
  report.gradient_norm = t.move();
  report.gap = t.gap;
  const double power = t.o.objective == "wasserstein_natural" ? t.o.natural_memory : t.o.memory;
  const double share = std::max(t.o.average, (power + 1) / (double(t.age()) + power + 1));
  for (std::size_t i = 0; i < t.mean.size(); ++i) t.mean[i] += share * (t.theta[i] - t.mean[i]);
  ++t.iteration;
  return report;
}

std::int64_t ParticleTrainer::iteration() const { return impl_->iteration; }

std::vector<double> ParticleTrainer::averaged() const {
  return impl_->iteration == 0 ? impl_->theta : impl_->mean;
}

const std::vector<double>& ParticleTrainer::theta() const { return impl_->theta; }

Rows ParticleTrainer::particles() const { return impl_->cloud.all_points(); }

void ParticleTrainer::remember(Archive& a) {
  Impl& t = *impl_;
  a.number("iteration", t.iteration);
  a.numbers("theta", t.theta);
  a.numbers("mean", t.mean);
  std::vector<double> C(t.C.data(), t.C.data() + t.C.size());
  a.numbers("C", C);
  if (a.loading() && !C.empty()) {
    const auto m = Eigen::Index(t.theta.size());
    t.C = Eigen::Map<const Eigen::MatrixXd>(C.data(), m, m);
  }
  a.part("adam", t.adam);
  if (a.loading()) t.network.set(t.theta);
  a.part("cloud", t.cloud);
}

}  // namespace otto
