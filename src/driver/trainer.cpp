#include "otto/driver/trainer.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <nlohmann/json.hpp>

#include "otto/core/caution.h"
#include "otto/driver/particle_training.h"
#include "otto/driver/train_output.h"
#include "otto/learn/early_stopping.h"
#include "otto/learn/face_gradient.h"
#include "otto/learn/make_energy.h"
#include "otto/learn/model_metrics.h"
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
        stopping_(setup.training.options.patience),
        began_(Clock::now()) {}

  void begin() {
    Network& network = *setup_.network;
    if (const auto dropped = setup_.data.dropped; dropped > 0) {
      caution(
          fmt::format("{} samples are outside the box and were left out (data.outside)", dropped));
    }
    output_.start(
        setup_.mesh, network.parameters(), setup_.data.has_heldout,
        [this](Archive& a) { remember(a); }, [&network] { return network_files(network); });
    if (const auto h = smoothing(); !h.empty()) {
      output_.log().say(fmt::format(
          "the samples' counts are blurred by normals of deviation {:.3g}", fmt::join(h, ", ")));
    }
    setup_.objective->refresh(output_.checkpoint() != nullptr);
  }

  void run() {
    const TrainOptions& options = setup_.training.options;
    for (IterationReport report;; report = setup_.objective->iterate(), ++iteration_) {
      MPI_Pcontrol(1);  // for profilers, as in a run: an iteration begins
      const TrainRow row = make_row(report);
      refuse_divergence(row);
      const bool over = ended_ || iteration_ >= options.iterations ||
                        row.gradient_norm <= options.tolerance || reached(row.kl, options.target) ||
                        indistinguishable(row.kl) || stopping_.should_stop();
      const bool last = over && (ended_ || !better_before());
      if (output_.add(row, long(options.iterations), last) || last) return;
      if (over) return return_to_best();
    }
  }

  ExitStatus finish() {
    MPI_Pcontrol(2);
    const Mesh& mesh = setup_.mesh;
    const double seconds = spent();
    const ModelMetrics metrics = evaluate(setup_.data, *setup_.network);
    std::vector<double> density = setup_.model.mass(), data = setup_.data.mass;
    for (std::size_t i = 0; i < density.size(); ++i) {
      density[i] /= mesh.volume[i];
      data[i] /= mesh.volume[i];
    }
    Json json{{"objective", setup_.training.options.objective},
              {"iterations", iteration_},
              {"kl", number(metrics.divergences.kl)},
              {"reverse_kl", number(metrics.divergences.reverse_kl)},
              {"tv", metrics.divergences.tv},
              {"log_z", metrics.log_z},
              {"w2", metrics.w2},
              {"gradient_norm", norm(setup_.objective->gradient())},
              {"seconds", seconds},
              {"parameters", setup_.network->parameters()},
              {"check_cells", setup_.data.check.global_cells}};
    if (metrics.heldout_log_likelihood) {
      json["heldout_log_likelihood"] = *metrics.heldout_log_likelihood;
    }
    if (const auto h = smoothing(); !h.empty()) json["smoothing"] = h;
    json["gradient_square"] = gradient_squares();
    const std::vector<NamedField> fields{{"density", density}, {"data", data}};
    output_.log().say("KL " + number(metrics.divergences.kl).dump() + " and W2 " +
                      number(metrics.w2).dump() + " on the check grid, log Z " +
                      number(metrics.log_z).dump());
    return output_.finish(fields, json);
  }

 private:
  [[nodiscard]] double spent() const {
    return earlier_ + std::chrono::duration<double>(Clock::now() - began_).count();
  }

  /// Deviations, one per axis, of the normals that stand for samples; none without samples.
  [[nodiscard]] std::vector<double> smoothing() const {
    const auto& h = setup_.data.smoothing;
    if (h[0] == 0) return {};
    return {h.begin(), h.begin() + setup_.mesh.dimension};
  }

  /// KL on the finer grid is looked at only where that of the training mesh has come so far.
  bool reached(double kl, double target) {
    if (target == 0 || kl > target) return false;
    check_.update();
    return check_.kl(setup_.data.check_mass) <= target;
  }

  /// The samples, all together, are no more than e times likelier under q than under p.
  [[nodiscard]] bool indistinguishable(double kl) const {
    const TrainingData& data = setup_.data;
    return data.smoothing[0] > 0 && kl * double(data.samples) <= 1;
  }

  /// Looks at the held-out samples where it is time to.
  std::optional<double> heldout() {
    if (!setup_.data.has_heldout) return std::nullopt;
    const long stride = std::max(1L, long(setup_.training.options.iterations) / looks);
    if (iteration_ % stride != 0 && iteration_ != setup_.training.options.iterations) {
      return std::nullopt;
    }
    check_.update();
    const double likelihood = heldout_log_likelihood(setup_.data, check_, *setup_.network);
    if (iteration_ != looked_) stopping_.look(likelihood, *setup_.network);
    looked_ = iteration_;
    return likelihood;
  }

  [[nodiscard]] bool better_before() const {
    return setup_.data.has_heldout && !stopping_.at_best();
  }

  /// The last row is that of the energy kept.
  void return_to_best() {
    stopping_.restore(*setup_.network);
    setup_.model.update();
    ++iteration_;
    ended_ = true;
    std::vector<double> g;
    (void)setup_.objective->value_and_gradient(g);
    output_.log().say(fmt::format(
        "the largest held-out log-likelihood was {:.4f}; its energy is kept", stopping_.best()));
    (void)output_.add({.iteration = iteration_,
                       .kl = setup_.model.kl(setup_.data.mass),
                       .gradient_norm = norm(g),
                       .seconds = spent(),
                       .heldout = stopping_.best()},
                      long(setup_.training.options.iterations), true);
  }

  /// An objective that samples does not see itself fail; KL does.
  void refuse_divergence(const TrainRow& row) {
    if (iteration_ == 0) start_kl_ = row.kl;
    const double limit = divergence_factor * std::max(1.0, start_kl_);
    if (!(row.kl > limit)) return;
    throw NumericalError(fmt::format(
        "the training diverges: KL is {:.3g} in iteration {}, {:.3g} at its start. Take a smaller "
        "train.learning_rate, or more train.sampler_steps",
        row.kl, iteration_, start_kl_));
  }

  /// E_p |grad U|^2 by differences across faces and by the network's own gradient between the
  /// centres: where the second is much larger the energy is rough where it was never asked.
  Json gradient_squares() {
    const auto& p = setup_.model.mass();
    const double faces = gradient_square(setup_.mesh, setup_.model.energy(), p);
    const double between =
        gradient_square_between(setup_.mesh, *setup_.network, p, setup_.training.options.seed);
    if (between > rough * faces) {
      caution(fmt::format(
          "E|grad U|^2 is {:.3g} at random points of the cells and {:.3g} across their faces: the "
          "energy is rough between the centres it was trained on; take more cells",
          between, faces));
    }
    return {{"faces", faces}, {"between", between}};
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
            .seconds = spent(),
            .heldout = heldout()};
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
    if (setup_.data.has_heldout && a.holds("heldout.since")) {
      a.number("heldout.looked", looked_);
      a.number("heldout.ended", ended_);
      a.part("heldout", stopping_);
    }
    if (a.holds("start_kl")) a.number("start_kl", start_kl_);
  }

  TrainSetup& setup_;
  TrainOutput& output_;
  static constexpr long looks = 200;  ///< at held-out samples, at least, in a whole training
  static constexpr double divergence_factor =
      20;                               ///< KL over its start, or over 1, that is given up
  static constexpr double rough = 1.5;  ///< E|grad U|^2 between the centres over that across faces

  GridModel check_;
  EarlyStopping stopping_;
  long looked_ = -1;    ///< iteration of the last look
  bool ended_ = false;  ///< the best energy has been put back
  double start_kl_ = 0;
  Clock::time_point began_;
  double earlier_ = 0;
  long iteration_ = 0;
};

Mesh make_training_mesh(const Comm& comm, const Case& c) {
  refuse_particle_keys(c);
  Mesh mesh = make_mesh(comm, c.section("mesh"));
  if (!mesh.box) c.section("mesh").fail("kind", "training needs a box");
  return mesh;
}

}  // namespace

TrainSetup::TrainSetup(const Comm& comm, const Case& c)
    : mesh(make_training_mesh(comm, c)),
      data(read_training_data(c, mesh)),
      network(make_energy(c, mesh, std::uint64_t(c.section("train").integer("seed")))),
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
