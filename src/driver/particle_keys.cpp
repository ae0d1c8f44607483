// The keys of `otto train` without a mesh, and those that mean nothing there.

#include <fmt/format.h>

#include <algorithm>

#include "otto/casefile/key.h"
#include "otto/driver/particle_training.h"

namespace otto {

namespace {

const Declare keys{
    {{.path = "particles",
      .doc =
          "Langevin particles that carry p where `otto train` has no [mesh], in any dimension."}},
    {{.path = "particles.count",
      .type = Type::integer,
      .doc = "Particles, over all ranks.",
      .fallback = "256",
      .range = {.min = 2, .max = 1e7}},
     {.path = "particles.steps",
      .type = Type::integer,
      .doc = "Steps of each in one iteration.",
      .fallback = "4",
      .range = {.min = 1, .max = 1e6}},
     {.path = "particles.kernel",
      .type = Type::text,
      .doc = "One step, in coordinates that make the data's covariance the identity.",
      .fallback = "\"mala\""},
     {.path = "particles.step",
      .doc = "Its length h; by default it adapts to `acceptance`, which ula has none of.",
      .range = positive},
     {.path = "particles.acceptance",
      .doc = "Share of the steps that are to be accepted: 0.6 by default, 0.9 for underdamped "
             "particles, whose way turns round where a step is not.",
      .range = {.min = 0, .max = 1, .above = true, .below = true}},
     {.path = "particles.friction",
      .doc = "How fast velocities are forgotten, in units in which the data's variance is 1.",
      .fallback = "2.0",
      .range = positive,
      .when = "kernel=underdamped"},
     {.path = "particles.replicas",
      .type = Type::integer,
      .doc = "Particles between the reference and p for each one at p.",
      .fallback = "8",
      .range = {.min = 2, .max = 1000}},
     {.path = "train.batch",
      .type = Type::integer,
      .doc = "Without a mesh: samples drawn in one iteration, each once before any comes again.",
      .fallback = "256",
      .range = {.min = 1, .max = 1e7}},
     {.path = "train.weight_decay",
      .doc = "Without a mesh: decay of theta beside Adam's step.",
      .fallback = "0.0",
      .range = non_negative,
      .equation = "theta <- theta - learning_rate (Adam's step + weight_decay theta)"},
     {.path = "train.average",
      .doc = "Without a mesh: least share of the newest theta in the running mean that is kept.",
      .fallback = "0.005",
      .range = {.min = 0, .max = 1, .above = true},
      .equation = "share = max(average, 9 / (k + 9)) in iteration k; of natural steps max(average, 3 / (k + 3))"},
     {.path = "train.judge",
      .type = Type::integer,
      .doc = "Without a mesh: iterations between looks at the held-out samples, -E U - log Z with "
             "log Z by replica exchange; the energy of the best look is kept. 0: none. A tenth of "
             "`iterations` by default.",
      .range = non_negative},
     {.path = "train.members",
      .type = Type::integer,
      .doc = "Without a mesh: energies trained one after the other, `iterations` each from weights "
             "and particles of its own, or as `member_iterations` says; their mean is written, "
             "whose log-likelihood is never below the mean of theirs.",
      .fallback = "1",
      .range = {.min = 1, .max = 64},
      .equation = "U = (U_1 + ... + U_M)/M"},
     {.path = "train.member_iterations",
      .type = Type::integer,
      .doc = "Iterations of each member after the first, which then goes on from the one before, "
             "the learning rate rising and falling anew.",
      .range = {.min = 1}},
     {.path = "data.noise",
      .doc = "Without a mesh: deviation of a normal added to every coordinate of every draw; by "
             "default the attribute `noise` of the file, or 0.",
      .range = non_negative},
     {.path = "data.target",
      .type = Type::text,
      .doc = "Without a mesh, instead of `samples`: exact samples of a law whose normaliser is "
             "known."},
     {.path = "data.count",
      .type = Type::integer,
      .doc = "Samples of it to train on; as many again, 4000 at most, are held out.",
      .fallback = "4000",
      .range = {.min = 2, .max = 1e7},
      .when = "target=ring"},
     {.path = "data.dimension",
      .type = Type::integer,
      .doc = "Sites of the ring.",
      .fallback = "32",
      .range = {.min = 3, .max = 1024},
      .when = "target=ring"},
     {.path = "data.barrier",
      .doc = "b of the ring.",
      .fallback = "1.0",
      .range = positive,
      .when = "target=ring"},
     {.path = "data.coupling",
      .doc = "J of the ring.",
      .fallback = "1.0",
      .range = non_negative,
      .when = "target=ring"},
     {.path = "data.field", .doc = "c of the ring.", .fallback = "0.0", .when = "target=ring"},
     {.path = "network.reference",
      .type = Type::text,
      .doc = "Without a mesh: the law g in U = -log g + N.",
      .fallback = "\"gaussian\""},
     {.path = "network.precision",
      .type = Type::text,
      .doc = "Without a mesh: floating type of the network.",
      .fallback = "\"double\""},
     {.path = "network.image",
      .type = Type::integers,
      .doc = "Height and width of the images, whose pixels are the coordinates row by row; [1, d] is a "
             "row of coordinates, with kernels of one row.",
      .range = {.min = 1},
      .when = "kind=conv"},
     {.path = "network.channels",
      .type = Type::integers,
      .doc = "Channels of the convolutions.",
      .fallback = "[32, 64]",
      .range = {.min = 1},
      .when = "kind=conv"},
     {.path = "network.dense",
      .type = Type::integer,
      .doc = "Units of the dense layer.",
      .fallback = "128",
      .range = {.min = 1},
      .when = "kind=conv"},
     {.path = "network.periodic",
      .type = Type::flag,
      .doc = "The image goes on at the opposite edges: kernels wrap round, the dense layer stands at "
             "every place, what it gives is summed over them.",
      .fallback = "false",
      .when = "kind=conv"}},
    {{"particles.kernel", "mala",
      "A step with Metropolis' test: exp(-U)/Z is invariant for every h.",
      "z1 = z - h grad U + sqrt(2 h) xi, taken with probability min(1, e^(U(z) - U(z1)) k(z|z1) / "
      "k(z1|z))"},
     {"particles.kernel", "ula", "A step without a test, biased by its length.",
      "z1 = z - h grad U + sqrt(2 h) xi"},
     {"particles.kernel", "underdamped",
      "A leapfrog step with a velocity, and Metropolis' test: exp(-U)/Z is invariant for every h.",
      "v1 = c v + sqrt(1 - c^2) xi, c = e^(-friction h);  w = v1 - h/2 grad U(z);  z1 = z + h w"},
     {"train.sampler", "tempered",
      "Without a mesh: replica exchange with the reference g; every particle at p has "
      "`particles.replicas` - 1 others.",
      "p_b ~ g^(1-b) e^(-b U)"},
     {"train.sampler", "weighted",
      "Without a mesh: particles whose shares follow theta, so that they stay samples of p; "
      "resampled where they are worth less than half their number.",
      "W_i <- W_i e^(U_old(x_i) - U_new(x_i))"},
     {"train.objective", "proximal",
      "Without a mesh: near-proximal steps in the slopes at the particles; rests at the likeliest "
      "energy for every tau.",
      "theta' = argmin E_q U - E_rho U + 1/(2 tau) E_rho |grad(U - U_k)|^2"},
     {"train.objective", "noise_contrastive",
      "Without a mesh: telling data from `particles.count` draws of the reference, nu for each.",
      "L = E_q softplus(-u) + nu E_g softplus(u),  u = -log g - U - log Z - log nu"},
     {"train.objective", "denoising",
      "Without a mesh: matching the score of the data with their noise s, which they need.",
      "L = 1/2 E |s grad U(x + s e) - e|^2"},
     {"data.target", "ring", "A periodic chain of double wells.",
      "U = sum_i b (x_i^2 - 1)^2 + c x_i + J/2 (x_(i+1) - x_i)^2"},
     {"network.reference", "gaussian", "The normal law of the training data, exactly normalised.",
      "U = -log g + N"},
     {"network.reference", "none", "There is none.", "U = N"},
     {"network.precision", "double", "64 bits."},
     {"network.precision", "single", "32 bits: faster for large networks."},
     {"network.kind", "clique",
      "Without a mesh: a perceptron of neighbouring coordinates, summed over a periodic chain.",
      "U = -log g + sum_i n(x_i, x_(i+1))"},
     {"network.kind", "conv", "Without a mesh: convolutions of an image and a dense layer.",
      "silu(conv 3x3), silu(conv 4x4 of stride 2), ..., silu(dense), w . h"}}};

const std::vector<std::string> objectives{
    "contrastive_divergence", "gradient_penalty", "fisher", "wasserstein_natural", "proximal",
    "noise_contrastive",      "denoising"};

struct GridKey {
  const char *table, *key, *instead;
};
constexpr GridKey particle_keys[] = {
    {"train", "batch", ""},       {"train", "weight_decay", ""}, {"train", "average", ""},
    {"train", "judge", ""},       {"train", "members", ""},      {"train", "member_iterations", ""},
    {"data", "noise", ""},        {"data", "target", ""},
    {"network", "reference", ""}, {"network", "precision", ""},  {"network", "image", ""},
    {"network", "channels", ""},  {"network", "dense", ""},
    {"network", "periodic", ""}};
constexpr GridKey grid_keys[] = {
    {"data", "library", "it is a density in a box; give data.samples or data.target, or a [mesh]"},
    {"data", "table", "it needs a [mesh]"},
    {"data", "smoothing", "without a mesh nothing is counted in cells; see data.noise"},
    {"data", "outside", "without a mesh nothing is outside"},
    {"network", "frequencies", "without a mesh a perceptron sees the coordinates alone"},
    {"network", "slowest", "without a mesh a perceptron sees the coordinates alone"},
    {"network", "fastest", "without a mesh a perceptron sees the coordinates alone"},
    {"train", "tolerance", "the gradient of particles is never without noise; see train.patience"},
    {"train", "target", "KL is known on a [mesh] only; see train.patience"},
    {"train", "sampler_steps", "without a mesh it is particles.steps"},
    {"train", "particles", "without a mesh it is particles.count"},
    {"train", "kernel", "without a mesh it is particles.kernel"},
    {"train", "cg_iterations", "without a mesh the natural step is solved directly"}};

}  // namespace

bool trains_particles(const Case& c) {
  const Section data = c.section("data");
  return data.present() && !data.given("snapshots") && !c.section("mesh").present() &&
         !c.section("time").present();
}

void refuse_grid_keys(const Case& c) {
  for (const GridKey& k : grid_keys) {
    const Section section = c.section(k.table);
    if (section.given(k.key)) section.fail(k.key, k.instead);
  }
  const Section data = c.section("data");
  if (data.given("samples") == data.given("target")) {
    data.fail("samples", data.given("samples") ? "data.target takes its place; remove one of them"
                                               : "without a [mesh], give it or data.target");
  }
  if (!data.given("target")) return;
  for (const char* key : {"heldout", "noise"}) {
    if (data.given(key)) data.fail(key, "exact samples of data.target need none; remove the key");
  }
}

void refuse_particle_keys(const Case& c) {
  const Section particles = c.section("particles");
  if (particles.present()) {
    throw InputError(particles.where("") +
                     ": with a [mesh] p is known in every cell; remove [particles], or [mesh]");
  }
  for (const GridKey& k : particle_keys) {
    const Section section = c.section(k.table);
    if (section.given(k.key)) section.fail(k.key, "is for a training without a [mesh]; remove it");
  }
  const Section network = c.section("network");
  for (const char* kind : {"clique", "conv"}) {
    if (network.text("kind") == kind) {
      network.fail("kind", fmt::format("'{}' is for a training without a [mesh]", kind));
    }
  }
  const Section train = c.section("train");
  const std::string objective = train.text("objective"), sampler = train.text("sampler");
  if (objective == "proximal") {
    train.fail("objective",
               "'proximal' is for particles, without a [mesh]; on one, 'jko' and "
               "'wasserstein_natural' are proximal");
  }
  if (without_particles(objective)) {
    train.fail("objective", fmt::format("'{}' is for a training without a [mesh]; on one, "
                                        "'maximum_likelihood' knows Z",
                                        objective));
  }
  if (sampler == "tempered" || sampler == "weighted") {
    train.fail("sampler", fmt::format("'{}' is for a training without a [mesh]", sampler));
  }
}

namespace {

/// lambda of a proximal step: above h/4, from which on ULA is stable whatever the data.
double penalty_of_step(const ParticleTrainOptions& o) {
  constexpr double of_step = 1.0 / 3;
  return o.kernel == "ula" ? of_step * o.step : 0;
}

/// Keys that say nothing for the objective, the sampler or the kernel chosen.
void refuse_idle_keys(const Section& train, const Section& particles,
                      const ParticleTrainOptions& o) {
  if (without_particles(o.objective)) {
    const bool denoising = o.objective == "denoising";
    for (const char* key : {"steps", "kernel", "step", "acceptance", "friction", "replicas"}) {
      if (particles.given(key)) {
        particles.fail(key, fmt::format("'{}' moves no particles; remove the key", o.objective));
      }
    }
    if (denoising && particles.given("count")) {
      particles.fail("count", "'denoising' has no particles; train.batch is its number of draws");
    }
    if (train.given("sampler")) {
      train.fail("sampler", fmt::format("'{}' moves no particles; remove the key", o.objective));
    }
  }
  if (particles.given("replicas") && o.sampler != "tempered") {
    particles.fail("replicas", "is for sampler = \"tempered\"");
  }
  if ((o.sampler == "tempered" || o.sampler == "weighted") && o.kernel == "ula") {
    particles.fail(
        "kernel",
        fmt::format("'{}' needs steps that keep p, and ula's do not; take mala", o.sampler));
  }
  if (o.sampler == "tempered" && o.kernel == "underdamped") {
    particles.fail("kernel", "'tempered' exchanges places without velocities; take mala");
  }
}

}  // namespace

ParticleTrainOptions read_particle_options(const Case& c) {
  const Section train = c.section("train"), particles = c.section("particles");
  ParticleTrainOptions o;
  o.objective = train.text("objective");
  if (std::ranges::find(objectives, o.objective) == objectives.end()) {
    train.fail("objective", fmt::format("'{}' needs a [mesh]; without one there are "
                                        "contrastive_divergence, gradient_penalty, fisher, "
                                        "wasserstein_natural, proximal, noise_contrastive and "
                                        "denoising",
                                        o.objective));
  }
  o.sampler = train.text("sampler");
  if (o.sampler == "jko") {
    train.fail("sampler", "particles make no proximal steps; take 'persistent' or 'short_run'");
  }
  const bool natural = o.objective == "wasserstein_natural";
  if (natural) o.iterations = 200;
  if (train.given("iterations")) o.iterations = train.integer("iterations");
  o.seed = std::uint64_t(train.integer("seed"));
  o.penalty = train.real("penalty");
  if (train.given("tau") && o.objective != "proximal") {
    train.fail("tau",
               "without a mesh it is a key of proximal; natural steps are those of tau = "
               "infinity");
  }
  if (train.given("tau")) o.tau = train.real("tau");
  if (train.given("learning_rate")) o.learning_rate = train.real("learning_rate");
  o.weight_decay = train.real("weight_decay");
  o.average = train.real("average");
  o.batch = train.integer("batch");
  o.kernel = particles.text("kernel");
  o.particles = particles.integer("count");
  o.steps = int(particles.integer("steps"));
  o.friction = particles.real("friction");
  o.replicas = int(particles.integer("replicas"));
  if (o.kernel == "underdamped") o.acceptance = 0.9;
  if (particles.given("acceptance")) o.acceptance = particles.real("acceptance");
  if (particles.given("step")) o.step = particles.real("step");
  if (o.kernel == "ula" && o.step <= 0) {
    particles.fail("step", "is needed: ula accepts every step, so that no length can be found");
  }
  o.proximal_penalty = train.given("penalty") ? o.penalty : penalty_of_step(o);
  if (train.given("member_iterations")) {
    if (train.integer("members") == 1) {
      train.fail("member_iterations", "is for train.members of 2 and more");
    }
    if (natural) {
      train.fail("member_iterations",
                 "natural steps have no learning rate that could rise again; remove the key");
    }
    if (train.given("patience")) {
      train.fail("patience", "members of member_iterations go to their ends; remove one of the keys");
    }
    o.cycle = train.integer("member_iterations");
  }
  refuse_idle_keys(train, particles, o);
  return o;
}

JudgeOptions read_judge_options(const Case& c, std::int64_t iterations) {
  const Section train = c.section("train");
  JudgeOptions o;
  o.every =
      train.given("judge") ? train.integer("judge") : std::max<std::int64_t>(1, iterations / 10);
  o.patience = train.integer("patience");
  return o;
}

}  // namespace otto
