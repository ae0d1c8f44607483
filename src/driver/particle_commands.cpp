#include "otto/driver/particle_commands.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "energy_file.h"
#include "otto/core/caution.h"
#include "otto/core/error.h"
#include "otto/driver/run_folder.h"
#include "otto/io/numpy_file.h"
#include "otto/particles/mixture.h"

namespace otto {

namespace {

using Json = nlohmann::ordered_json;

constexpr int noise_copies = 4;  ///< of every held-out row: another draw moves the mean of one copy
                                 ///< by some tenths of a nat

SampleSplit read_data(const Comm& comm, const std::filesystem::path& file, double noise) {
  SampleSplit data;
  comm.together([&] { data = read_split(file, {.noise = noise}); });
  return data;
}

Json exchange_json(const ExchangeResult& e) {
  return {{"log_z_forward", e.all.forward},
          {"log_z_reverse", e.all.reverse},
          {"log_z_bar", e.all.bennett},
          {"log_z_bar_halves", {e.first_half.bennett, e.second_half.bennett}},
          {"swap_acceptance", e.swaps},
          {"swap_acceptance_min", *std::ranges::min_element(e.swaps)},
          {"reference_descendants", e.descendants},
          {"acceptance", e.acceptance},
          {"mean_f", e.mean_f}};
}

/// Mean log-density under the models everybody can fit, on the test rows.
Json baselines(const Comm& comm, const SampleSplit& data, const Rows& test, std::uint64_t seed) {
  std::vector<double> figures(3, 0.0);
  comm.together([&] {
    if (!comm.is_root()) return;
    check_spread(data.train, data.noise);
    figures[0] = -Gaussian::fitted(data.train, data.noise).energy(test).mean();
    const Rows train = with_noise(data.train, data.noise, noise_copies, seed + 1);
    const bool choose = data.validation.rows() > 0;
    const Rows judge = choose ? with_noise(data.validation, data.noise, noise_copies, seed + 2)
                              : train.topRows(std::min<Eigen::Index>(train.rows(), 1000));
    double best = -1e300;
    const auto floors =
        choose ? std::vector<double>{3e-3, 1e-2, 3e-2, 1e-1} : std::vector<double>{3e-2};
    for (const double floor : floors) {
      const Mixture mixture = Mixture::fitted(train, {.floor = floor, .seed = seed});
      const double score = mixture.log_density(judge).mean();
      if (score <= best) continue;
      best = score;
      figures[1] = mixture.log_density(test).mean();
      figures[2] = floor;
    }
  });
  MPI_Bcast(figures.data(), int(figures.size()), MPI_DOUBLE, 0, comm.handle());
  return {{"baseline_gaussian", figures[0]},
          {"baseline_gmm10", figures[1]},
          {"baseline_gmm10_floor", figures[2]}};
}

Json log_z_json(const LogZ& z) {
  return {{"log_z_lower", z.lower},
          {"log_z_upper_ais", z.upper_ends},
          {"log_z_upper_data", z.upper_data},
          {"log_z_bar_ais", z.bennett_ends},
          {"log_z_bar_data", z.bennett_data},
          {"log_z_bar", z.exchange.all.bennett},
          {"log_z_largest", z.largest()},
          {"log_weight_sd", z.deviation},
          {"effective_size", z.effective_size},
          {"crooks_slope", z.crooks.value},
          {"crooks_slope_error", z.crooks.error},
          {"closed", z.closed}};
}

void say_likelihood(Log& log, const LogZ& z, double mean_energy, const Json& json) {
  log.say(fmt::format("log Z: annealing {:.3f} forward, {:.3f} and {:.3f} reverse; exchange {:.3f}",
                      z.lower, z.upper_ends, z.upper_data, z.exchange.all.bennett));
  if (z.closed) {
    log.say(fmt::format("test log-likelihood {:.4f} (pessimistic) to {:.4f}",
                        -mean_energy - z.largest(), -mean_energy - z.smallest()));
  }
  if (!json.contains("baseline_gmm10")) return;
  log.say(fmt::format("on the same rows: normal law {:.4f}, mixture of ten {:.4f}",
                      json["baseline_gaussian"].get<double>(),
                      json["baseline_gmm10"].get<double>()));
}

}  // namespace

void sample(const Comm& comm, const SampleRequest& request) {
  SampleSplit data;
  const bool given = !request.data.empty();
  if (given) data = read_data(comm, request.data, -1);
  const EnergyFile file = read_energy(comm, request.energy, given ? &data : nullptr, request.data);
  const NetworkEnergy energy(*file.network);
  RunFolder folder(comm, request.output, "samples of " + request.energy.string());
  try {
    ExchangeOptions o = request.exchange;
    o.ladders = std::min(o.ladders, request.count);
    const std::int64_t rounds = (request.count + o.ladders - 1) / o.ladders;
    o.steps = int(std::max<std::int64_t>(o.steps, rounds * o.thin));
    folder.introduce(
        fmt::format("{} samples in {} dimensions by replica exchange: {} ladders of {} "
                    "replicas, {} + {} steps",
                    request.count, energy.dimension(), o.ladders, o.replicas, o.burn_in, o.steps));
    folder.summary().spent.setup = seconds_since_program_start();
    const ExchangeResult r = replica_exchange(comm, energy, *file.reference, o);
    folder.open();
    folder.summary().spent.solve = seconds_since_program_start() - folder.summary().spent.setup;
    // every ladder gave as many; the last ones of each are the furthest from the start
    Rows chosen(request.count, energy.dimension());
    for (std::int64_t i = 0; i < request.count; ++i) {
      chosen.row(i) = r.samples.row(i * r.samples.rows() / request.count);
    }
    Vector U;
    comm.together([&] { U = energy.energy(chosen); });
    write_samples(comm, folder.path() / "samples.h5", chosen, U,
                  {{"seed", double(o.seed)}, {"replicas", double(o.replicas)}});
    comm.together([&] {
      if (!request.numpy || !comm.is_root()) return;
      write_numpy(folder.path() / "samples.npy", as_span(chosen), int(chosen.cols()));
    });
    Json json = exchange_json(r);
    json["count"] = request.count;
    json["replicas"] = o.replicas;
    json["dimension"] = energy.dimension();
    folder.summary().status = "completed";
    folder.conclude({{"sample", json}}, [&] {
      folder.log().say(
          fmt::format("log Z {:.3f}; least swap {:.2f}; {:.2f} of the particles at "
                      "b = 1 came from the reference",
                      r.all.bennett, *std::ranges::min_element(r.swaps), r.descendants));
    });
  } catch (const std::exception& error) {
    folder.fail(error, Json::object());
    throw;
  }
}

void likelihood(const Comm& comm, const LikelihoodRequest& request) {
  const SampleSplit data = read_data(comm, request.data, request.noise);
  if (!data.split) {
    caution(request.data.string() +
            ": has no dataset /test: all its rows are scored, and flatter an energy that was "
            "trained on them");
  }
  const EnergyFile file = read_energy(comm, request.energy, &data, request.data);
  const NetworkEnergy energy(*file.network);
  const std::uint64_t seed = request.log_z.exchange.seed;
  const Rows test = with_noise(data.test, data.noise, noise_copies, seed);
  RunFolder folder(comm, request.output, "likelihood of " + request.energy.string());
  try {
    folder.introduce(fmt::format(
        "{} rows in {} dimensions{}; {} ladders of {} replicas, {} annealed particles, {} "
        "temperatures",
        data.test.rows(), energy.dimension(), data.split ? ", held out" : "",
        request.log_z.exchange.ladders, request.log_z.exchange.replicas,
        request.log_z.annealing.particles, request.log_z.annealing.temperatures));
    folder.summary().spent.setup = seconds_since_program_start();
    const Rows near = with_noise(data.split ? data.train : data.test, data.noise, 1, seed + 3);
    const LogZ z = measure_log_z(comm, energy, *file.reference, near, request.log_z);
    folder.open();
    double mean_energy = 0;
    comm.together([&] { mean_energy = energy.energy(test).mean(); });
    Json json = log_z_json(z);
    json["mean_energy"] = mean_energy;
    if (z.closed) {
      json["test_log_likelihood"] = -mean_energy - z.largest();
      json["test_log_likelihood_optimistic"] = -mean_energy - z.smallest();
    } else {
      folder.warn("log Z is not closed, so no likelihood is told: " + z.why);
    }
    if (request.baselines && data.split) json.update(baselines(comm, data, test, seed));
    json["exchange"] = exchange_json(z.exchange);
    json["test_rows"] = data.test.rows();
    json["noise"] = data.noise;
    json["own_reference"] = file.own_reference;
    folder.summary().spent.solve = seconds_since_program_start() - folder.summary().spent.setup;
    write_samples(comm, folder.path() / "samples.h5", z.exchange.samples,
                  energy.energy(z.exchange.samples), {{"seed", double(seed)}});
    folder.summary().status = "completed";
    folder.take_cautions();
    folder.conclude({{"likelihood", json}},
                    [&] { say_likelihood(folder.log(), z, mean_energy, json); });
  } catch (const std::exception& error) {
    folder.fail(error, Json::object());
    throw;
  }
}

}  // namespace otto
