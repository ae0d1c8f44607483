// The registry of objectives and the keys of [train] and [network].

#include "otto/learn/objective.h"

#include <algorithm>

#include "otto/casefile/key.h"
#include "otto/core/error.h"

namespace otto {

namespace {

const Declare keys{
    {{.path = "train",
      .doc = "How an energy is trained (`otto train`): p = exp(-U)/Z at temperature 1, towards the "
             "density of [data]."}},
    {{.path = "train.objective",
      .type = Type::text,
      .doc = "What one iteration minimises.",
      .fallback = "\"wasserstein_natural\""},
     {.path = "train.iterations",
      .type = Type::integer,
      .doc =
          "Iterations; by default 60 for wasserstein_natural, jko and second_order, 4000 for the "
          "others; without a mesh 200 and 2000.",
      .range = non_negative},
     {.path = "train.seed",
      .type = Type::integer,
      .doc = "Seed of everything drawn at random.",
      .fallback = "1",
      .range = non_negative},
     {.path = "train.tolerance",
      .doc = "Training ends where the gradient's norm is no greater; 0: never.",
      .fallback = "0.0",
      .range = non_negative,
      .equation = "||dL/dtheta|| <= tolerance"},
     {.path = "train.target",
      .doc = "Training ends where KL, on the training mesh and on the grid twice as fine, is no "
             "greater; 0: never. Training from samples that are blurred ends as well where KL on "
             "the training mesh "
             "is below one over their number: they could not tell such an energy from q.",
      .fallback = "0.0",
      .range = non_negative,
      .equation = "KL(q|p) <= target"},
     {.path = "train.patience",
      .type = Type::integer,
      .doc = "With held-out samples: training ends after so many looks at them without a larger "
             "likelihood, and the energy of the largest one is kept; 0: it goes on to the last "
             "iteration, and keeps that energy all the same. There is a look every iteration, or "
             "every 200th part of `iterations`; without a mesh, every `judge` iterations.",
      .fallback = "20",
      .range = non_negative},
     {.path = "train.penalty",
      .doc =
          "Weight of the gradient penalty of gradient_penalty and fisher. Without a mesh that of "
          "proximal as well: h/3 by default with ula of step h, which its bias asks for, else "
          "none.",
      .fallback = "0.1",
      .range = non_negative,
      .equation = "L = E_q U - E_rho U + lambda/2 E_rho |grad U|^2 [- lambda E_rho Lap U]"},
     {.path = "train.tau",
      .doc =
          "Proximal step: the first one of wasserstein_natural, which adapts it (default 10); that "
          "of jko and second_order (default 1); the time for which a sampler's law moves in one "
          "iteration elsewhere (default 0.3 for contrastive_divergence, else 1). Without a mesh "
          "that of proximal (default 1).",
      .range = positive},
     {.path = "train.sampler",
      .type = Type::text,
      .doc = "How the sampler's law rho moves between iterations.",
      .fallback = "\"persistent\""},
     {.path = "train.sampler_steps",
      .type = Type::integer,
      .doc =
          "Steps in which it moves for the time tau; 30 by default for contrastive_divergence, 1 "
          "elsewhere.",
      .range = {.min = 1}},
     {.path = "train.particles",
      .type = Type::integer,
      .doc = "Langevin particles of contrastive_divergence.",
      .fallback = "1024",
      .range = {.min = 1, .max = 1e7},
      .when = "objective=contrastive_divergence"},
     {.path = "train.kernel",
      .type = Type::text,
      .doc = "One step of a Langevin particle.",
      .fallback = "\"mala\"",
      .when = "objective=contrastive_divergence"},
     {.path = "train.learning_rate",
      .doc =
          "Largest step of Adam, for the objectives of first order; it rises over twenty "
          "iterations and falls to 0 as a cosine. By default 0.01; 0.001 for "
          "contrastive_divergence, whose particles must keep up. Without a mesh 0.0006, risen to "
          "over fifty iterations and constant for 30 % of all.",
      .range = positive},
     {.path = "train.cg_iterations",
      .type = Type::integer,
      .doc =
          "Most conjugate gradient iterations for one step of the parameters, for the objectives "
          "of second order.",
      .fallback = "150",
      .range = {.min = 1}}},
    {{"train.kernel", "mala",
      "A step with Metropolis' test: exp(-U)/Z is invariant however steep U is.",
      "x1 = x - h grad U + sqrt(2 h) xi, taken with probability min(1, e^(U(x) - U(x1)) k(x|x1) / "
      "k(x1|x))"},
     {"train.kernel", "ula",
      "A step without a test: of first order in its length, and unstable where h |grad grad U| > "
      "2.",
      "x1 = x - h grad U + sqrt(2 h) xi"},
     {"train.sampler", "persistent",
      "By Fokker-Planck steps under the present energy, from where it is; without a mesh, by "
      "Langevin steps of particles."},
     {"train.sampler", "short_run",
      "The same, starting from the uniform density every time; without a mesh, from the reference "
      "law g."},
     {"train.sampler", "jko", "By proximal (JKO) steps under the present energy."}}};

std::vector<ObjectiveEntry>& registry() {
  static std::vector<ObjectiveEntry> entries;
  return entries;
}

}  // namespace

RegisterObjective::RegisterObjective(ObjectiveEntry entry) {
  Declare({}, {}, {{"train.objective", entry.name, entry.doc, entry.equation}});
  auto& entries = registry();
  const auto place = std::ranges::lower_bound(entries, entry.name, {}, &ObjectiveEntry::name);
  entries.insert(place, std::move(entry));
}

const std::vector<ObjectiveEntry>& all_objectives() { return registry(); }

const ObjectiveEntry& find_objective(const std::string& name) {
  const auto found = std::ranges::find(registry(), name, &ObjectiveEntry::name);
  if (found == registry().end()) throw InternalError("no objective is called '" + name + "'");
  return *found;
}

TrainOptions read_train_options(const Case& c) {
  const Section train = c.section("train");
  TrainOptions o;
  o.objective = train.text("objective");
  o.sampler = train.text("sampler");
  if (train.has("kernel")) o.kernel = train.text("kernel");
  const ObjectiveEntry& entry = find_objective(o.objective);
  o.iterations = train.has("iterations") ? train.integer("iterations") : entry.iterations;
  o.seed = std::uint64_t(train.integer("seed"));
  o.tolerance = train.real("tolerance");
  o.target = train.real("target");
  o.penalty = train.real("penalty");
  o.patience = train.integer("patience");
  o.tau = train.has("tau") ? train.real("tau") : entry.tau;
  o.learning_rate = train.has("learning_rate") ? train.real("learning_rate") : entry.learning_rate;
  o.cg_iterations = int(train.integer("cg_iterations"));
  o.sampler_steps =
      train.has("sampler_steps") ? int(train.integer("sampler_steps")) : entry.sampler_steps;
  o.particles = train.integer("particles");
  if (o.sampler == "jko" && !entry.takes_jko) {
    train.fail("sampler", "particles make no proximal steps; take 'persistent' or 'short_run'");
  }
  o.solver = read_solver(c.section("solver"));
  o.solver.reproducible = c.section("run").flag("reproducible");
  return o;
}

}  // namespace otto
