#include "otto/driver/trainer.h"

#include <chrono>
#include <cmath>
#include <nlohmann/json.hpp>

#include "otto/driver/train_output.h"
#include "otto/learn/make_energy.h"
#include "otto/learn/verdict.h"
#include "otto/mesh/make_mesh.h"

namespace otto {

namespace {

using Json = nlohmann::ordered_json;
using Clock = std::chrono::steady_clock;

double norm(const std::vector<double>& g) {
  double sum = 0;
  for (const double x : g) sum += x * x;
  return std::sqrt(sum);
}

/// JSON has no infinity.
Json number(double x) { return std::isfinite(x) ? Json(x) : Json(); }

/// The loop's own variables and its moves.
class Loop {
 public:
  Loop(TrainSetup& setup, TrainOutput& output)
      : setup_(setup),
        output_(output),
        check_(setup.data.check, *setup.network),
        began_(Clock::now()) {}

  void begin() {
    Network& network = *setup_.network;
    output_.start(
        setup_.mesh, network.parameters(), [this](Archive& a) { remember(a); },
        [&network] { return network.file(); });
    setup_.objective->refresh(output_.checkpoint() != nullptr);
  }

  void run() {
    const TrainOptions& options = setup_.training.options;
    for (IterationReport report;; report = setup_.objective->iterate(), ++iteration_) {
      const TrainRow row = make_row(report);
      const bool last = iteration_ >= options.iterations ||
                        row.gradient_norm <= options.tolerance || reached(row.kl, options.target);
      if (output_.add(row, long(options.iterations), last) || last) return;
    }
  }

  ExitStatus finish() {
    const Mesh& mesh = setup_.mesh;
    const double seconds = spent();
    const Verdict verdict = judge(setup_.data, *setup_.network);
    std::vector<double> density = setup_.model.mass(), data = setup_.data.mass;
    for (std::size_t i = 0; i < density.size(); ++i) {
      density[i] /= mesh.volume[i];
      data[i] /= mesh.volume[i];
    }
    Json json{{"objective", setup_.training.options.objective},
              {"iterations", iteration_},
              {"kl", number(verdict.divergences.kl)},
              {"reverse_kl", number(verdict.divergences.reverse_kl)},
              {"tv", verdict.divergences.tv},
              {"log_z", verdict.log_z},
              {"w2", verdict.w2},
              {"gradient_norm", norm(setup_.objective->gradient())},
              {"seconds", seconds},
              {"parameters", setup_.network->parameters()},
              {"check_cells", setup_.data.check.global_cells}};
    if (verdict.heldout_log_likelihood) {
      json["heldout_log_likelihood"] = *verdict.heldout_log_likelihood;
    }
    const std::vector<NamedField> fields{{"density", density}, {"data", data}};
    output_.log().say("KL " + number(verdict.divergences.kl).dump() + " and W2 " +
                      number(verdict.w2).dump() + " on the check grid, log Z " +
                      number(verdict.log_z).dump());
    return output_.finish(fields, json);
  }

 private:
  [[nodiscard]] double spent() const {
    return earlier_ + std::chrono::duration<double>(Clock::now() - began_).count();
  }

  /// KL on the finer grid is looked at only where that of the training mesh has come so far.
  bool reached(double kl, double target) {
    if (target == 0 || kl > target) return false;
    check_.update();
    return check_.kl(setup_.data.check_mass) <= target;
  }

  TrainRow make_row(const IterationReport& r) {
    return {.iteration = iteration_,
            .kl = setup_.model.kl(setup_.data.mass),
            .gradient_norm = norm(setup_.objective->gradient()),
            .step = r.step,
            .tau = r.tau,
            .cg_iterations = r.cg_iterations,
            .poisson_solves = r.poisson_solves,
            .poisson_iterations = r.poisson_iterations,
            .seconds = spent()};
  }

  void remember(Archive& a) {
    Network& network = *setup_.network;
    std::vector<double> theta(std::size_t(network.parameters()));
    network.get(theta);
    a.number("iteration", iteration_);
    a.numbers("theta", theta);
    double seconds = setup_.mesh.comm.max(spent());
    a.number("seconds", seconds);
    if (a.loading()) {
      network.set(theta);
      setup_.model.update();
      earlier_ = seconds;
      began_ = Clock::now();
    }
    a.part("objective", *setup_.objective);
  }

  TrainSetup& setup_;
  TrainOutput& output_;
  GridModel check_;
  Clock::time_point began_;
  double earlier_ = 0;
  long iteration_ = 0;
};

Mesh make_training_mesh(const Comm& comm, const Case& c) {
  Mesh mesh = make_mesh(comm, c.section("mesh"));
  if (!mesh.box) c.section("mesh").fail("kind", "training needs a box");
  return mesh;
}

}  // namespace

TrainSetup::TrainSetup(const Comm& comm, const Case& c)
    : mesh(make_training_mesh(comm, c)),
      data(read_training_data(c, mesh)),
      network(make_energy(c, mesh)),
      model(mesh, *network),
      training{mesh, data, *network, model, read_train_options(c)} {
  model.update();
  objective = find_objective(training.options.objective).make(training);
}

ExitStatus train(const Comm& comm, const Case& c, const std::filesystem::path& folder,
                 Resumption resumption) {
  TrainOutput output(comm, c, folder, std::move(resumption));
  try {
    TrainSetup setup(comm, c);
    Loop loop(setup, output);
    loop.begin();
    loop.run();
    return loop.finish();
  } catch (const std::exception& error) {
    output.fail(error);
    throw;
  }
}

}  // namespace otto
