#pragma once
// `otto sample` and `otto likelihood`: what a trained energy of any dimension is worth.

#include <filesystem>

#include "otto/core/comm.h"
#include "otto/particles/log_z.h"

namespace otto {

struct SampleRequest {
  std::filesystem::path energy;                 ///< TorchScript, (n, d) -> (n)
  std::filesystem::path data;                   ///< needed where the file holds no reference
  std::filesystem::path output = "out/sample";  ///< samples.h5, summary.json, log.txt
  std::int64_t count = 1000;                    ///< samples
  bool numpy = false;                           ///< samples.npy beside samples.h5
  ExchangeOptions exchange = {};
};

struct LikelihoodRequest {
  std::filesystem::path energy, data;
  std::filesystem::path output = "out/likelihood";
  double noise = -1;      ///< negative: what the data say
  bool baselines = true;  ///< a normal law and a mixture of ten, on the same split
  LogZOptions log_z = {};
};

/// Collective; throws InputError, NumericalError and IoError.
void sample(const Comm& comm, const SampleRequest& request);
void likelihood(const Comm& comm, const LikelihoodRequest& request);

}  // namespace otto
