#include "energy_file.h"

#include <fmt/format.h>

#include <algorithm>

#include "otto/core/error.h"
#include "otto/io/h5_writer.h"
#include "otto/network/network_module.h"

namespace otto {

namespace {

/// The law of the file, or of the data.
std::unique_ptr<Gaussian> reference_of(const std::filesystem::path& file,
                                       const WideNetwork& network, const SampleSplit* data,
                                       const std::filesystem::path& data_file) {
  if (const auto buffers = network.reference()) return std::make_unique<Gaussian>(*buffers);
  const Rows& rows = data->train.rows() > 0 ? data->train : data->test;
  try {
    check_spread(rows, data->noise);
    return std::make_unique<Gaussian>(Gaussian::fitted(rows, data->noise));
  } catch (const Error& e) {
    throw InputError(fmt::format("{}: holds no reference law, and none can be fitted to {}: {}",
                                 file.string(), data_file.string(), e.what()));
  }
}

/// Refuses an energy that is no number at places it must be known at: the mean of the reference and
/// the points at one deviation from it along the first axes of its factor, sixteen at most: weights
/// that are no numbers show everywhere.
void check_values(const std::filesystem::path& file, const EnergyFile& energy) {
  const int d = energy.network->dimension();
  const int axes = std::min(d, 16);
  Rows z = Rows::Zero(2 * axes + 1, d);
  z.topLeftCorner(axes, axes).setIdentity();
  z.middleRows(axes, axes) = -z.topRows(axes);
  const Vector U = NetworkEnergy(*energy.network).energy(energy.reference->points(z));
  const Eigen::Index wrong = U.array().isNaN().count();
  if (wrong == 0) return;
  throw InputError(fmt::format(
      "{}: U is not a number at {} of {} points within one deviation of the mean of the reference law; "
      "a training that went wrong writes such files, and so does a division by 0 in forward",
      file.string(), wrong, U.size()));
}

}  // namespace

EnergyFile read_energy(const Comm& comm, const std::filesystem::path& file, const SampleSplit* data,
                       const std::filesystem::path& data_file) {
  EnergyFile energy;
  const int dimension = data == nullptr ? 0 : int(data->test.cols());
  energy.network = load_wide_network(comm, file, dimension);
  energy.own_reference = energy.network->reference().has_value();
  comm.together([&] {
    energy.reference = reference_of(file, *energy.network, data, data_file);
    check_values(file, energy);
  });
  return energy;
}

void write_samples(const Comm& comm, const std::filesystem::path& file, const Rows& samples,
                   const Vector& energy, const std::vector<std::pair<std::string, double>>& facts) {
  H5Plan plan;
  for (const auto& [name, value] : facts) plan.attribute("/", name, value);
  const bool root = comm.is_root();
  plan.dataset("/samples", root ? as_span(samples) : std::span<const double>(),
               int(samples.cols()));
  plan.dataset("/energy", root ? as_span(energy) : std::span<const double>());
  (void)write_h5(comm, file, plan);
}

}  // namespace otto
