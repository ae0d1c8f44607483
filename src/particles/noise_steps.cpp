// Objectives that need noise of a known law and no Markov chain.
//
// Noise contrast. n data, N = nu n draws y of the reference g, f = -log g - U, u = f - log Z - log nu:
//
//   L = 1/n [sum_x softplus(-u(x)) + sum_y softplus(u(y))],
//   dL/dtheta = 1/n [sum_x s(-u) dU/dtheta - sum_y s(u) dU/dtheta],   s(u) = 1/(1 + e^(-u)).
//
// dL/dlog Z = 0 is Bennett's equation, solved for the present draws, so that L is a function of theta
// alone whose gradient is the one above. L rests where s(u) = q/(q + nu g): p = q.
//
// Denoising. y = x + s e, of the law q * N(0, s^2), which has E(e | y) = -s grad log(q * N(0, s^2))(y):
//
//   L = 1/2 E |s grad U(y) - e|^2 = s^2/2 E |grad U(y) - e/s|^2
//
// rests where grad U is the slope of -log(q * N(0, s^2)).

#include <cmath>
#include <limits>

#include "otto/particles/bennett.h"
#include "trainer_impl.h"

namespace otto {

namespace {

double logistic(double u) { return 1 / (1 + std::exp(-u)); }

double mean_of(const std::vector<double>& x) {
  double sum = 0;
  for (const double v : x) sum += v;
  return sum / double(x.size());
}

}  // namespace

double ParticleTrainer::Impl::tell_apart() {
  using Points = std::function<Rows(std::int64_t)>;
  const auto draw = std::uint64_t(iteration);
  const Points data = [&](std::int64_t b) { return batch.rows(b, draw); },
               noise = [&](std::int64_t b) { return cloud.reference_draws(b, draw + 1); };
  struct Seen {
    std::vector<double> U, f;  // at the points of the owned blocks
  };
  const auto look = [&](const Blocks& blocks, const Points& points) {
    Seen seen;
    comm.together([&] {
      for (auto b = blocks.first_block; b < blocks.end_block; ++b) {
        const Rows x = points(b);
        Vector U(x.rows());
        network.evaluate(as_span(x), as_span(U), {});
        const Vector f = reference.energy(x) - U;
        seen.U.insert(seen.U.end(), U.begin(), U.end());
        seen.f.insert(seen.f.end(), f.begin(), f.end());
      }
    });
    return seen;
  };
  // the gradient of sum w U, and w of every owned point
  const auto pull = [&](const Blocks& blocks, const Points& points, const std::vector<double>& w) {
    return tree_sum(comm, blocks, theta.size(), [&](std::int64_t b, std::span<double> sum) {
      const Rows x = points(b);
      const auto at = blocks.begin(b) - blocks.begin(blocks.first_block);
      (void)network.add_gradient(as_span(x),
                                 std::span(w).subspan(std::size_t(at), std::size_t(x.rows())), sum);
    });
  };
  Seen q = look(batch.blocks(), data), g = look(cloud.blocks(), noise);
  const auto all = [&](const std::vector<double>& x) { return gather(comm, std::span(x)); };
  const double n = double(o.batch), nu = double(o.particles) / n,
               log_z = two_sided(all(g.f), all(q.f)).bennett;
  gap = mean_of(all(q.U)) - mean_of(all(g.U));
  for (double& f : q.f) f = logistic(log_z + std::log(nu) - f) / n;
  for (double& f : g.f) f = logistic(f - log_z - std::log(nu)) / n;
  auto slope = pull(batch.blocks(), data, q.f);
  const auto of_noise = pull(cloud.blocks(), noise, g.f);
  for (std::size_t i = 0; i < slope.size(); ++i) slope[i] -= of_noise[i];
  return adam_step(slope);
}

double ParticleTrainer::Impl::denoise() {
  const auto draw = std::uint64_t(iteration);
  const double s = batch.noise();
  const Rows unit = Rows::Identity(network.dimension(), network.dimension());
  const auto g =
      tree_sum(comm, batch.blocks(), theta.size(), [&](std::int64_t b, std::span<double> sum) {
        const Rows y = batch.rows(b, draw), t = batch.unit_noise(b, draw) / s;
        const Vector w = Vector::Constant(y.rows(), s * s / double(o.batch));
        (void)network.add_slope_square(as_span(y), as_span(w), as_span(unit), as_span(t), sum);
      });
  gap = std::numeric_limits<double>::quiet_NaN();
  return adam_step(g);
}

}  // namespace otto
