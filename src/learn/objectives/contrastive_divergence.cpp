// Contrastive divergence: the likelihood's gradient with the model's expectation taken over
// Langevin particles,
//
//   L = E_q U - 1/N sum_n U(x_n),       x_n after n_s = `sampler_steps` steps of length tau / n_s,
//
// which go on from where they are (persistent) or start uniform in the box (short_run). The
// classic baseline; KL(q|p) is still computed exactly, for history.csv.

#include <algorithm>
#include <cmath>

#include "descent.h"
#include "otto/core/blocks.h"
#include "otto/core/error.h"
#include "otto/core/random.h"
#include "otto/core/reproducible_sum.h"
#include "otto/learn/langevin.h"

namespace otto {

namespace {

constexpr std::uint64_t restart_stream = 0x7265;

ParticleBox particle_box(const Mesh& mesh) {
  ParticleBox box;
  box.dimension = mesh.dimension;
  for (std::size_t a = 0; a < std::size_t(mesh.dimension); ++a) {
    box.lower[a] = mesh.box->box.nodes[a].front();
    box.upper[a] = mesh.box->box.nodes[a].back();
    box.periodic[a] = mesh.box->box.periodic[a];
  }
  return box;
}

class ContrastiveDivergence final : public Descent {
 public:
  explicit ContrastiveDivergence(Training& t)
      : Descent(t),
        box_(particle_box(t.mesh)),
        blocks_(t.mesh.comm, t.options.particles, LangevinParticles::batch),
        first_(blocks_.begin(blocks_.first_block)),
        particles_(LangevinParticles::uniform(
            box_, std::min(blocks_.begin(blocks_.end_block), blocks_.count) - first_, first_,
            t.options.seed)) {}

  double value_and_gradient(std::vector<double>& g) override {
    const auto& q = training_.data.mass;
    g = pull_back(training_, q);
    const Comm& comm = training_.mesh.comm;
    const auto x = particles_.positions();
    const double weight = -1.0 / double(training_.options.particles);
    ReproducibleSum sum;
    const auto part = tree_sum(comm, blocks_, g.size(), [&](std::int64_t b, std::span<double> of) {
      const auto begin = std::size_t(blocks_.begin(b) - first_), n = std::size_t(blocks_.length(b));
      const auto J = training_.network.linearise(x.subspan(begin, n));
      for (const double U : J->value()) sum += weight * U;
      J->add_adjoint(std::vector<double>(n, weight), of);
    });
    for (std::size_t k = 0; k < g.size(); ++k) g[k] += part[k];
    return expectation(training_, q) + sum_of_all(comm, sum);
  }

  void remember(Archive& archive) override {
    Descent::remember(archive);
    archive.number("restarts", restarts_);
    std::uint64_t steps = particles_.steps();
    archive.number("steps", steps);
    const auto d = std::size_t(box_.dimension);
    std::vector<double> all(d * std::size_t(training_.options.particles), 0.0);
    const auto x = particles_.positions();
    for (std::size_t i = 0; i < x.size(); ++i) {
      for (std::size_t a = 0; a < d; ++a) all[(std::size_t(first_) + i) * d + a] = x[i][a];
    }
    training_.mesh.comm.sum_in_place(all);
    archive.numbers("particles", all);
    if (!archive.loading()) return;
    particles_.set_steps(steps);
    for (std::size_t i = 0; i < x.size(); ++i) {
      Point p{};
      for (std::size_t a = 0; a < d; ++a) p[a] = all[(std::size_t(first_) + i) * d + a];
      particles_.place(i, p);
    }
  }

 private:
  void move_sampler() override {
    const TrainOptions& o = training_.options;
    if (o.sampler == "short_run") start_again();
    bool finite = true;
    training_.mesh.comm.together([&] {
      const auto slope = [&](std::span<const Point> points, std::span<Point> at) {
        training_.network.gradient(points, at);
      };
      EnergyFunction energy;
      if (o.kernel == "mala") {
        energy = [&](std::span<const Point> points, std::span<double> U) {
          training_.network.evaluate(points, U);
        };
      }
      particles_.advance(o.sampler_steps, o.tau / o.sampler_steps, slope, energy);
      for (const Point& x : particles_.positions()) finite = finite && std::isfinite(x[0]);
      if (!finite) {
        throw NumericalError(
            "a Langevin particle has no finite position; take more train.sampler_steps or a "
            "smaller train.tau");
      }
    });
  }

  void start_again() {
    const std::size_t n = particles_.positions().size();
    ++restarts_;
    for (std::size_t i = 0; i < n; ++i) {
      Point x{};
      const std::uint64_t number = std::uint64_t(first_) + i;
      for (std::size_t a = 0; a < std::size_t(box_.dimension); ++a) {
        const double u =
            RandomAt(training_.options.seed, restart_stream + 3 * restarts_ + a, number)
                .uniform()[0];
        x[a] = box_.lower[a] + u * (box_.upper[a] - box_.lower[a]);
      }
      particles_.place(i, x);
    }
  }

  ParticleBox box_;
  Blocks blocks_;  ///< of the particles
  std::int64_t first_;
  LangevinParticles particles_;
  std::uint64_t restarts_ = 0;
};

const RegisterObjective registered{
    {.name = "contrastive_divergence",
     .doc = "Contrastive divergence over Langevin particles, by Adam: the classic baseline.",
     .equation = "L = E_q U - 1/N sum_n U(x_n)",
     .iterations = 4000,
     .tau = 0.3,
     // 0.01 leaves the particles behind: moons on 48^2 cells diverges within 60 iterations
     .learning_rate = 0.001,
     .sampler_steps = 30,
     .takes_jko = false,
     .make = [](Training& t) { return std::make_unique<ContrastiveDivergence>(t); }}};

}  // namespace

}  // namespace otto
