// Data, normal laws and network of a training without a mesh.

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "otto/casefile/at_key.h"
#include "otto/driver/particle_training.h"
#include "otto/network/network_module.h"

namespace otto {

namespace {

constexpr double default_heldout = 0.1;
constexpr Eigen::Index few_samples = 100;   ///< of fewer none is held out by default
constexpr Eigen::Index max_heldout = 4000;  ///< of exact samples: enough for 0.1 nats and less
constexpr double flat = 1e-12;              ///< share of a variance that is nothing but rounding
constexpr std::int64_t max_natural = 4096;  ///< parameters: C has their square

SampleSplit exact_samples(const RingLaw& ring, std::int64_t count, std::uint64_t seed) {
  SampleSplit s;
  s.train = ring.samples(0, count, seed);
  s.validation = ring.samples(count, std::min<std::int64_t>(count, max_heldout), seed);
  return s;
}

SampleSplit read_samples(const Section& data, std::uint64_t seed) {
  const auto file = data.file("samples");
  SplitOptions o{.heldout = data.given("heldout") ? data.real("heldout") : default_heldout,
                 .noise = data.given("noise") ? data.real("noise") : -1,
                 .seed = seed};
  SampleSplit s = read_split(file, o);
  if (!data.given("heldout") && s.train.rows() + s.validation.rows() < few_samples) {
    o.heldout = 0;
    s = read_split(file, o);
  }
  if (!s.split) s.train = std::exchange(s.test, Rows());
  check_spread(s.train, s.noise);
  return s;
}

std::unique_ptr<Gaussian> normal_law(const SampleSplit& data) {
  const auto refuse = [] {
    throw InputError(
        "the samples lie in fewer dimensions than they have coordinates, and no normal law fits "
        "them; give a noise, or leave coordinates out");
  };
  std::unique_ptr<Gaussian> law;
  try {
    law = std::make_unique<Gaussian>(Gaussian::fitted(data.train, data.noise));
  } catch (const NumericalError&) {
    refuse();
  }
  // L_aa^2 is what of the variance of coordinate a the earlier ones leave
  const Rows& L = law->factor();
  for (Eigen::Index a = 0; a < L.rows(); ++a) {
    if (L(a, a) * L(a, a) <= flat * L.row(a).squaredNorm()) refuse();
  }
  return law;
}

/// One mean and one deviation for all sites: what a sum of one function of neighbours can have.
Gaussian site_law(const Rows& rows, double noise) {
  const double mean = rows.mean();
  const double variance = (rows.array() - mean).square().mean() + noise * noise;
  return {Vector::Constant(rows.cols(), mean),
          Rows(variance * Rows::Identity(rows.cols(), rows.cols()))};
}

WideDesign design_of(const Section& network, const SampleSplit& data, const Gaussian& white,
                     std::uint64_t seed) {
  WideDesign design;
  design.kind = network.text("kind");
  design.dimension = white.dimension();
  design.seed = seed;
  design.single_precision = network.text("precision") == "single";
  const bool clique = design.kind == "clique";
  if (clique && design.dimension < 3) {
    network.fail("kind", fmt::format("a periodic chain has three sites at least; the data have {} "
                                     "coordinates",
                                     design.dimension));
  }
  const Gaussian law = clique ? site_law(data.train, data.noise) : white;
  design.center = law.buffers().mean;
  for (Eigen::Index a = 0; a < law.factor().rows(); ++a) {
    design.scale.push_back(law.factor().row(a).norm());
  }
  if (network.text("reference") == "gaussian") design.reference = law.buffers();
  if (clique || design.kind == "mlp") design.widths = network.integers("widths");
  if (design.kind == "conv") {
    design.image = network.integers("image");
    design.channels = network.integers("channels");
    design.dense = network.integer("dense");
    design.periodic = network.flag("periodic");
    if (design.image.size() != 2 || design.image[0] * design.image[1] != design.dimension) {
      network.fail("image", fmt::format("height times width must be {}, the number of coordinates "
                                        "of the data",
                                        design.dimension));
    }
  }
  if (design.kind == "quadratic" && design.reference) {
    // -log g is the form already: what is trained begins at 0
    design.matrix.assign(std::size_t(design.dimension) * std::size_t(design.dimension), 0.0);
  }
  return design;
}

constexpr int member_shift = 32;  ///< seeds of members lie so many bits apart

std::uint64_t seed_of(std::uint64_t seed, std::int64_t member) {
  return seed + (std::uint64_t(member) << member_shift);
}

std::unique_ptr<WideNetwork> make(const Comm& comm, const Section& network, const SampleSplit& data,
                                  const Gaussian& white, std::uint64_t seed) {
  if (network.given("file")) {
    return at_key(network, "file", [&] {
      const auto file = network.file("file");
      auto loaded = load_wide_network(comm, file, white.dimension());
      if (loaded->parameters() > 0) return loaded;
      throw InputError(file.string() + ": has no parameters that could be trained");
    });
  }
  std::unique_ptr<WideNetwork> made;
  at_key(network, "kind", [&] {
    comm.together([&] { made = make_wide_network(design_of(network, data, white, seed)); });
  });
  return made;
}

}  // namespace

ParticleSetup::ParticleSetup(const Comm& comm, const Case& c) {
  refuse_grid_keys(c);
  options = read_particle_options(c);
  judge = read_judge_options(c, options.iterations);
  members = c.section("train").integer("members");
  require_torch_module();
  const Section from = c.section("data");
  if (from.given("target")) {
    comm.together([&] {
      ring.emplace(Ring{.dimension = int(from.integer("dimension")),
                        .barrier = from.real("barrier"),
                        .coupling = from.real("coupling"),
                        .field = from.real("field")});
      data = exact_samples(*ring, from.integer("count"), options.seed);
    });
  } else {
    at_key(from, "samples",
           [&] { comm.together([&] { data = read_samples(from, options.seed); }); });
  }
  if (options.objective == "denoising" && data.noise == 0) {
    from.fail(ring ? "target" : "noise",
              "'denoising' learns from the noise of the data; give samples and their noise");
  }
  const char* key = from.given("target") ? "target" : "samples";
  at_key(from, key, [&] { comm.together([&] { white = normal_law(data); }); });
  network = make(comm, c.section("network"), data, *white, options.seed);
  if (options.objective == "wasserstein_natural" && network->parameters() > max_natural) {
    c.section("train").fail(
        "objective", fmt::format("natural steps factor a matrix of the parameters, {} at most; the "
                                 "network has {}: take contrastive_divergence or a smaller network",
                                 max_natural, network->parameters()));
  }
  start_.resize(std::size_t(network->parameters()));
  network->get(start_);
  const auto own = network->reference();
  reference = std::make_unique<Gaussian>(own ? Gaussian(*own) : *white);
}

void ParticleSetup::begin(const Case& c, std::int64_t member) {
  const Section section = c.section("network");
  std::vector<double> theta = start_;
  if (member > 0 && !section.given("file")) {
    make_wide_network(design_of(section, data, *white, seed_of(options.seed, member)))->get(theta);
  }
  network->set(theta);
}

ParticleTrainOptions ParticleSetup::options_of(std::int64_t member) const {
  ParticleTrainOptions o = options;
  o.seed = seed_of(options.seed, member);
  return o;
}

std::string ParticleSetup::words() const {
  return fmt::format(
      "{}{} parameters, {} samples in {} dimensions{}, {} particles",
      members > 1 ? fmt::format("{} energies of ", members) : "", network->parameters(),
      data.train.rows(), white->dimension(),
      data.validation.rows() > 0 ? fmt::format(" and {} held out", data.validation.rows()) : "",
      options.particles);
}

}  // namespace otto
