// The loop of a training by particles: iterations, looks at what was held out, the best energy, and the mean
// of several. With M energies p_m = e^(-U_m)/Z_m and their mean U,
//
//   log e^(-U)/Z = 1/M sum_m log p_m - log int prod_m p_m^(1/M),
//
// where the integral is 1 at most (Hoelder): the mean has what they have on average and more.

#include "otto/driver/particle_training.h"

#include <fmt/format.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "otto/core/caution.h"
#include "otto/network/network_module.h"
#include "otto/particles/exchange.h"
#include "particle_output.h"

namespace otto {

namespace {

using Json = nlohmann::ordered_json;

Json number(double x) { return std::isfinite(x) ? Json(x) : Json(); }

/// What one look found.
struct Look {
  double heldout = ParticleRow::nothing, log_z = ParticleRow::nothing, kl = ParticleRow::nothing;
  bool certain = false;  ///< the two halves of the exchange agree
  /// What energies are compared by: exact where it can be.
  [[nodiscard]] double score() const { return std::isnan(kl) ? heldout : -kl; }
};

class Loop {
 public:
  Loop(const Comm& comm, const Case& c, ParticleSetup& setup, ParticleOutput& output)
      : comm_(comm),
        case_(c),
        s_(setup),
        output_(output),
        heldout_(with_noise(setup.data.validation, setup.data.noise, setup.judge.noise_copies,
                            setup.options.seed)),
        end_(setup.options.iterations),
        began_(SteadyClock::now()) {
    begin();
  }

  void run() {
    output_.start(s_.words(), [this](Archive& a) { remember(a); });
    while (!train_member()) {
      if (member_ + 1 == s_.members) return;
      keep_member();
      next_member();
    }
  }

  ExitStatus finish() {
    Json json{{"objective", s_.options.objective},
              {"iterations", iteration()},
              {"dimension", s_.white->dimension()},
              {"parameters", s_.network->parameters()},
              {"samples", s_.data.train.rows()},
              {"heldout", s_.data.validation.rows()},
              {"noise", s_.data.noise},
              {"seconds", spent()}};
    if (accepted_ == 0 && taken_ > 0) {
      caution(
          "no step of a particle has been accepted: they stand still; give a smaller "
          "particles.step");
    }
    if (s_.members > 1) return finish_mean(json);
    s_.network->set(best_.empty() ? trainer_->averaged() : best_);
    if (!best_.empty()) {
      json["best_iteration"] = best_iteration_;
      tell(json, best_look_);
      say_best();
    }
    return output_.finish([&] { return s_.network->file(); }, json);
  }

 private:
  void next_member() {
    ++member_;
    best_.clear();
    since_ = 0;
    if (s_.options.cycle > 0) {
      end_ += s_.options.cycle;
      return;
    }
    before_ += trainer_->iteration();
    begin();
  }

  /// The present member from its start, or the first one, from which the others go on.
  void begin() {
    const std::int64_t first = s_.options.cycle > 0 ? 0 : member_;
    comm_.together([&] { s_.begin(case_, first); });
    trainer_.emplace(comm_, *s_.network, *s_.white, *s_.white, s_.data.train, s_.data.noise,
                     s_.options_of(first));
  }

  /// Trains the present member to its end; true: the run is to stop.
  bool train_member() {
    while (!member_done()) {
      const ParticleReport r = trainer_->iterate();
      ParticleRow row{.iteration = long(iteration()),
                      .gap = r.gap,
                      .gradient_norm = r.gradient_norm,
                      .acceptance = r.acceptance,
                      .step = r.step};
      if (s_.options.sampler == "weighted") {
        row.effective = r.effective;
        row.tracked_log_z = r.log_z;
      }
      accepted_ += r.acceptance;
      ++taken_;
      look(row);
      row.seconds = spent();
      const bool last = member_ + 1 == s_.members && member_done();
      if (output_.add(row, all_iterations(), last)) return true;
    }
    return false;
  }

  /// Of the present member: the theta of its best look, or the last one.
  void keep_member() {
    const std::vector<double> theta = best_.empty() ? trainer_->averaged() : best_;
    kept_.insert(kept_.end(), theta.begin(), theta.end());
    kept_scores_.push_back(best_.empty() ? ParticleRow::nothing : best_look_.heldout);
  }

  /// Writes the mean of the members that are done, or the present one where none is.
  ExitStatus finish_mean(Json& json) {
    if (member_done() || kept_.empty()) keep_member();
    const auto m = std::size_t(s_.network->parameters()), count = kept_.size() / m;
    std::unique_ptr<WideNetwork> mean;
    comm_.together([&] {
      std::vector<std::string> files;
      for (std::size_t i = 0; i < count; ++i) {
        s_.network->set(std::span(kept_).subspan(i * m, m));
        files.push_back(s_.network->file());
      }
      mean = mean_of_networks(files, s_.white->dimension());
    });
    json["members"] = count;
    Json scores = Json::array();
    for (const double score : kept_scores_) scores.push_back(number(score));
    json["members_heldout_log_likelihood"] = scores;
    if (can_look()) {
      best_look_ = judge(*mean);
      tell(json, best_look_);
      output_.log().say(
          fmt::format("the mean of {} energies is kept: held-out log-likelihood {:.4f}; theirs: {}",
                      count, best_look_.heldout, scores.dump()));
      caution_uncertain();
    }
    return output_.finish([&] { return mean->file(); }, json);
  }

  void tell(Json& json, const Look& look) const {
    json["heldout_log_likelihood"] = number(look.heldout);
    json["log_z"] = number(look.log_z);
    if (s_.ring) json["kl"] = number(look.kl);
  }

  /// Of all members.
  [[nodiscard]] std::int64_t iteration() const { return before_ + trainer_->iteration(); }
  [[nodiscard]] std::int64_t all_iterations() const {
    const ParticleTrainOptions& o = s_.options;
    return o.iterations + (s_.members - 1) * (o.cycle > 0 ? o.cycle : o.iterations);
  }
  [[nodiscard]] bool member_done() const {
    return trainer_->iteration() >= end_ || out_of_patience();
  }
  [[nodiscard]] double spent() const { return earlier_ + seconds_since(began_); }
  [[nodiscard]] bool out_of_patience() const {
    return s_.options.cycle == 0 && s_.judge.patience > 0 && since_ >= s_.judge.patience;
  }
  [[nodiscard]] bool can_look() const {
    return s_.judge.every > 0 && heldout_.rows() > 0 && s_.options.iterations > 0;
  }

  /// At the running mean of theta, every so many iterations and at the last.
  void look(ParticleRow& row) {
    if (!can_look()) return;
    const std::int64_t k = trainer_->iteration();
    if (k % s_.judge.every != 0 && k != end_) return;
    const std::vector<double> mean = trainer_->averaged();
    s_.network->set(mean);
    const Look now = judge(*s_.network);
    s_.network->set(trainer_->theta());
    row.heldout = now.heldout;
    row.log_z = now.log_z;
    row.kl = now.kl;
    ++since_;
    if (best_.empty() || now.score() > best_look_.score()) {
      best_ = mean;
      best_look_ = now;
      best_iteration_ = row.iteration;
      since_ = 0;
    }
    output_.log().say(fmt::format(
        "iteration {}: held-out log-likelihood {:.4f}, log Z {:.4f}{}{}", row.iteration,
        now.heldout, now.log_z, std::isnan(now.kl) ? "" : fmt::format(", exact KL {:.3e}", now.kl),
        now.certain ? "" : " (its halves differ: uncertain)"));
  }

  Look judge(const WideNetwork& network) {
    if (s_.ring && network.has_pair()) return judge_exactly(network);
    const NetworkEnergy energy(network);
    ExchangeOptions o;
    o.ladders = s_.judge.ladders;
    o.burn_in = s_.judge.burn_in;
    o.steps = s_.judge.steps;
    o.thin = 0;
    o.seed = s_.options.seed;
    const ExchangeResult r = replica_exchange(comm_, energy, *s_.reference, o);
    Look look;
    look.log_z = r.all.bennett;
    constexpr double agreeing = 0.5;  ///< nats, as for a verdict of `otto likelihood`
    look.certain = std::abs(r.first_half.bennett - r.second_half.bennett) <= agreeing;
    comm_.together([&] { look.heldout = -energy.energy(heldout_).mean() - look.log_z; });
    return look;
  }

  /// By the transfer matrix.
  Look judge_exactly(const WideNetwork& network) {
    Look look;
    look.certain = true;
    comm_.together([&] {
      const Rows u = pair_energy(network);
      look.log_z = s_.ring->log_z_of(u);
      look.kl = s_.ring->mean_of(u) + look.log_z - s_.ring->entropy();
      look.heldout = -NetworkEnergy(network).energy(heldout_).mean() - look.log_z;
    });
    return look;
  }

  /// u on the pairs of the ring's nodes.
  [[nodiscard]] Rows pair_energy(const WideNetwork& network) const {
    const ChainNodes& nodes = s_.ring->nodes();
    Rows ab(Eigen::Index(nodes.count) * nodes.count, 2);
    for (int i = 0; i < nodes.count; ++i) {
      for (int j = 0; j < nodes.count; ++j) {
        ab.row(Eigen::Index(i) * nodes.count + j) << nodes.at(i), nodes.at(j);
      }
    }
    Rows u(nodes.count, nodes.count);
    network.pair(as_span(ab), as_span(u));
    return u;
  }

  void say_best() {
    output_.log().say(fmt::format(
        "the energy of iteration {} is kept: held-out log-likelihood {:.4f}{}", best_iteration_,
        best_look_.heldout,
        std::isnan(best_look_.kl) ? "" : fmt::format(", exact KL {:.3e}", best_look_.kl)));
    if (s_.ring) {
      const double bound = -s_.ring->entropy();
      output_.log().say(fmt::format("no energy can have more than {:.4f} on average", bound));
    }
    caution_uncertain();
  }

  void caution_uncertain() const {
    if (best_look_.certain) return;
    caution(
        "log Z of the energy kept is uncertain; judge it by 'otto likelihood' before it is used");
  }

  void remember(Archive& a) {
    double seconds = comm_.max(spent());
    a.number("seconds", seconds);
    a.number("member", member_);
    a.number("before", before_);
    a.number("end", end_);
    a.numbers("kept", kept_);
    a.numbers("kept_scores", kept_scores_);
    if (a.loading()) begin();
    a.part("trainer", *trainer_);
    a.numbers("best", best_);
    a.number("best_iteration", best_iteration_);
    a.number("best_heldout", best_look_.heldout);
    a.number("best_log_z", best_look_.log_z);
    a.number("best_kl", best_look_.kl);
    a.number("best_certain", best_look_.certain);
    a.number("since", since_);
    if (!a.loading()) return;
    earlier_ = seconds;
    began_ = SteadyClock::now();
  }

  const Comm& comm_;
  const Case& case_;
  ParticleSetup& s_;
  ParticleOutput& output_;
  std::optional<ParticleTrainer> trainer_;  ///< of the present member
  std::int64_t member_ = 0, before_ = 0;    ///< and how many iterations earlier trainers took
  std::vector<double> kept_;                ///< theta of every member that is done
  std::vector<double> kept_scores_;         ///< their held-out log-likelihoods
  Rows heldout_;
  std::int64_t end_;          ///< the iteration of the trainer with which its present member ends
  std::vector<double> best_;  ///< theta of the best look
  Look best_look_;
  std::int64_t best_iteration_ = 0, since_ = 0;
  SteadyClock::time_point began_;
  double earlier_ = 0;
  std::int64_t taken_ = 0;  ///< iterations of this process
  double accepted_ = 0;     ///< the sum of their acceptances; nan without particles
};

}  // namespace

ExitStatus train_particles(const Comm& comm, const Case& c, const std::filesystem::path& folder,
                           Resumption resumption) {
  ParticleOutput output(comm, c, folder, std::move(resumption));
  try {
    ParticleSetup setup(comm, c);
    Loop loop(comm, c, setup, output);
    loop.run();
    return loop.finish();
  } catch (const std::exception& error) {
    output.fail(error);
    throw;
  }
}

}  // namespace otto
