#pragma once
// Samples in any dimension, split for training, validation and test.

#include <filesystem>

#include "otto/particles/rows.h"

namespace otto {

/// What is known of samples of q. Rows are as the file has them: `noise` is added to every draw.
struct SampleSplit {
  Rows train, validation, test;
  double noise = 0;   ///< standard deviation of a normal added to every coordinate of every draw
  bool split = true;  ///< false: the file had no split, and all rows stand as `test`
};

/// Dimensions beyond this would need covariances of more than a gigabyte.
inline constexpr int max_particle_dimension = 8192;

struct SplitOptions {
  double heldout = 0;      ///< share of /samples kept out, half of it for validation; 0: none
  double noise = -1;       ///< negative: the attribute `noise` of the file, or 0
  std::uint64_t seed = 1;  ///< of the choice of what is kept out
};

/// Reads /train or /samples, /validation and /test (n x d) of an HDF5 file, or the columns of a text
/// file, .npy or .npz. A file with /test or /validation keeps its own split; where /test is missing, /validation stands for it as
/// well. Throws InputError naming file and row: no rows, values that are not finite or beyond 1e100, parts of different dimension.
/// Not collective.
SampleSplit read_split(const std::filesystem::path& file, const SplitOptions& options);

/// Every row `copies` times, with the noise of (seed, row, copy): the same rows always get the same
/// noise. One copy is enough without noise.
Rows with_noise(const Rows& rows, double noise, int copies, std::uint64_t seed);

/// Throws InputError (without the file's name) where a normal law cannot be fitted to the rows: fewer
/// than two, or a coordinate that is constant and has no noise.
void check_spread(const Rows& rows, double noise);

}  // namespace otto
