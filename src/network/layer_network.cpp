#include "otto/network/layer_network.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "lane_kernels.h"
#include "layers.h"
#include "otto/core/error.h"
#include "otto/core/hash.h"
#include "shallow_json.h"

namespace otto {

namespace {

using Json = nlohmann::json;

constexpr const char* declaration_key = "otto_energy";
constexpr const char* hash_key = "otto_hash";
constexpr int version = 1;
constexpr double max_sharing = 64;  // numbers that layers take, per number of the file

std::string hash_of(const NamedArrays& file) {
  NamedArrays bare{file.arrays, {{declaration_key, file.metadata.at(declaration_key)}}};
  return hash_text(safetensors_bytes(bare));
}

Json declared_layers(const NamedArrays& file) {
  const auto found = file.metadata.find(declaration_key);
  if (found == file.metadata.end()) {
    throw InputError(
        "holds arrays without saying what energy they make: its metadata lack 'otto_energy' "
        "(docs/networks.md)");
  }
  const Json energy = shallow_json(found->second, "list of layers (otto_energy)");
  if (!energy.is_object() || !energy.contains("layers") || !energy["layers"].is_array() ||
      energy["layers"].empty()) {
    throw InputError("has an 'otto_energy' that is not JSON with a list of layers");
  }
  if (!energy.contains("version") || energy["version"] != version) {
    throw InputError(fmt::format("is of a version this Otto does not read; it reads {}", version));
  }
  const auto hash = file.metadata.find(hash_key);
  if (hash != file.metadata.end() && hash->second != hash_of(file)) {
    throw InputError("is damaged: its numbers are not those its hash was made of");
  }
  return energy["layers"];
}

std::optional<TrainingBox> read_box(const NamedArrays& file, std::size_t d) {
  const auto lower = file.arrays.find("box_lower"), upper = file.arrays.find("box_upper");
  if (lower == file.arrays.end() && upper == file.arrays.end()) return std::nullopt;
  if (lower == file.arrays.end() || upper == file.arrays.end() ||
      lower->second.values.size() != d || upper->second.values.size() != d) {
    throw InputError(fmt::format(
        "has a training box that is not box_lower and box_upper of {} numbers each", d));
  }
  for (std::size_t a = 0; a < d; ++a) {
    if (lower->second.values[a] < upper->second.values[a]) continue;
    throw InputError("has a training box whose box_lower is not below its box_upper");
  }
  TrainingBox box;
  std::ranges::copy(lower->second.values, box.lower.begin());
  std::ranges::copy(upper->second.values, box.upper.begin());
  return box;
}

class LayerNetwork final : public NetworkFunction {
 public:
  LayerNetwork(const NamedArrays& file, int dimension) : dimension_(dimension) {
    std::size_t width = 0;
    double held = 0, taken = 0;
    for (const auto& [name, array] : file.arrays) held += double(array.values.size());
    for (const Json& declared : declared_layers(file)) {
      layers_.push_back(make_layer(declared, file, width));
      width = layers_.back()->outputs();
      taken += double(layers_.back()->inputs()) * double(width);
      if (taken > max_sharing * (held + 1)) {
        throw InputError(
            "has layers that share their arrays too often: they take far more memory than the "
            "file");
      }
    }
    if (layers_.front()->inputs() != std::size_t(dimension)) {
      throw InputError(fmt::format("is a network in {} dimensions; the mesh has {}",
                                   layers_.front()->inputs(), dimension));
    }
    if (width != 1) {
      throw InputError(fmt::format("has {} outputs; an energy has one", width));
    }
    box_ = read_box(file, std::size_t(dimension));
    single_ = std::ranges::all_of(file.arrays, [](const auto& a) { return a.second.single; });
    for (const auto& [name, array] : file.arrays) {
      if (!name.starts_with("box_")) numbers_ += std::int64_t(array.values.size());
    }
  }

  int dimension() const override { return dimension_; }
  std::int64_t parameters() const override { return numbers_; }
  std::optional<TrainingBox> box() const override { return box_; }
  bool program() const override { return false; }
  bool single_precision() const override { return single_; }

  void evaluate(std::span<const Point> points, std::span<double> U) const override {
    Work work(*this);
    for (std::size_t first = 0; first < points.size(); first += lanes) {
      const auto batch = points.subspan(first, std::min(lanes, points.size() - first));
      const double* value = work.forward(batch);
      std::copy_n(value, batch.size(), U.begin() + std::ptrdiff_t(first));
    }
  }

  void gradient(std::span<const Point> points, std::span<Point> slope) const override {
    Work work(*this);
    for (std::size_t first = 0; first < points.size(); first += lanes) {
      const auto batch = points.subspan(first, std::min(lanes, points.size() - first));
      work.forward(batch);
      const double* g = work.backward();
      for (std::size_t i = 0; i < batch.size(); ++i) {
        slope[first + i] = {};
        for (std::size_t a = 0; a < std::size_t(dimension_); ++a) {
          slope[first + i][a] = g[a * lanes + i];
        }
      }
    }
  }

 private:
  /// x_0, ..., x_L of one batch: what each layer takes and gives; what it keeps; dU/dx_l.
  class Work {
   public:
    explicit Work(const LayerNetwork& network) : layers_(network.layers_) {
      const std::size_t n = layers_.size();
      x_.resize(n + 1);
      d_.resize(n + 1);
      for (std::size_t l = 0; l <= n; ++l) {
        const std::size_t given = l > 0 ? layers_[l - 1]->out_rows() : 0;
        const std::size_t taken = l < n ? layers_[l]->in_rows() : 0;
        const std::size_t rows = std::max(given, taken);
        x_[l].assign(rows * lanes, 0.0);
        d_[l].assign(rows * lanes, 0.0);
        if (l < n) kept_.emplace_back(layers_[l]->kept_rows() * lanes);
      }
    }
    /// U of the batch (lanes numbers).
    const double* forward(std::span<const Point> batch) {
      for (std::size_t a = 0; a < layers_.front()->inputs(); ++a) {
        for (std::size_t i = 0; i < lanes; ++i) {
          x_[0][a * lanes + i] = batch[std::min(i, batch.size() - 1)][a];
        }
      }
      for (std::size_t l = 0; l < layers_.size(); ++l) {
        layers_[l]->forward(x_[l].data(), x_[l + 1].data(), kept_[l].data());
      }
      return x_.back().data();
    }
    /// dU/dx_0 after `forward` (d x lanes).
    const double* backward() {
      std::fill_n(d_.back().begin(), lanes, 1.0);
      for (std::size_t l = layers_.size(); l-- > 0;) {
        layers_[l]->backward(x_[l].data(), x_[l + 1].data(), kept_[l].data(), d_[l + 1].data(),
                             d_[l].data());
      }
      return d_.front().data();
    }

   private:
    const std::vector<std::unique_ptr<Layer>>& layers_;
    std::vector<std::vector<double>> x_, d_, kept_;
  };

  int dimension_;
  std::vector<std::unique_ptr<Layer>> layers_;
  std::optional<TrainingBox> box_;
  bool single_ = false;
  std::int64_t numbers_ = 0;
};

}  // namespace

std::unique_ptr<NetworkFunction> read_layer_network(std::string_view bytes, int dimension) {
  return std::make_unique<LayerNetwork>(parse_safetensors(bytes), dimension);
}

std::string layer_network_bytes(NamedArrays arrays, const std::string& layers) {
  arrays.metadata[declaration_key] =
      Json{{"version", version}, {"layers", Json::parse(layers)}}.dump();
  arrays.metadata[hash_key] = hash_of(arrays);
  return safetensors_bytes(arrays);
}

}  // namespace otto
