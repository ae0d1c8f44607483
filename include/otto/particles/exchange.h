#pragma once
// Replica exchange from the reference g to p: a ladder holds one particle at each b of
//
//   p_b ~ g e^(b f),   b_r = (r/(R-1))^power,   r = 0 ... R-1.
//
// In one step every particle takes one of Langevin's at its own b (that at b = 0 is drawn afresh
// from g), then neighbours b_r, b_(r+1) change places with the probability
//
//   min(1, exp((b_(r+1) - b_r)(f(x_r) - f(x_(r+1))))),      r even in even steps, odd in odd ones.
//
// The chain leaves the product of all p_b as it is, so that its particles at b = 1 are samples of p
// whose weights of distant modes do not hang on the start. f of neighbours gives log Z by Bennett's
// estimator: the sum over r of log Z(b_(r+1)) / Z(b_r), Z(0) = 1.

#include <functional>
#include <vector>

#include "otto/particles/bennett.h"
#include "otto/particles/walk.h"

namespace otto {

struct ExchangeOptions {
  int replicas = 14;          ///< R: swaps of .6 and more between neighbours on images of 64 pixels
  double power = 1.5;         ///< more replicas near g, where p_b changes fastest
  std::int64_t ladders = 40;  ///< independent ones, over all ranks
  std::int64_t ladders_together = 8;  ///< evaluated as one batch; the same on any number of ranks
  int burn_in = 300;         ///< steps before anything is taken; the step lengths adapt in them
  int steps = 700;           ///< steps that count, of fixed lengths
  int thin = 20;             ///< samples are kept every so many steps; 0: none
  double acceptance = 0.6;   ///< wanted of a step: near the best of MALA in any dimension
  double first_step = 0.05;  ///< h at the start, in units of the reference's variance
  std::uint64_t seed = 1;
};

struct ExchangeResult {
  std::vector<double> b;
  TwoSided all, first_half, second_half;  ///< log Z
  std::vector<double> swaps;              ///< mean probability of each pair of neighbours
  std::vector<double> step;               ///< mean h of each b
  double acceptance = 0;                  ///< at b = 1
  double descendants =
      0;  ///< share of the particles at b = 1 that entered at b = 0 since the start
  std::vector<double> mean_f;  ///< at each b
  Rows samples;                ///< at b = 1, of all ranks
};

/// `start`: points (rows) the particles at b = 1 start from; none: draws of g. Collective.
ExchangeResult replica_exchange(const Comm& comm, const ParticleEnergy& energy,
                                const Gaussian& reference, const ExchangeOptions& options,
                                const Rows& start = {});

}  // namespace otto
