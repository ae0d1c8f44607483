#include "network_term.h"

#include <algorithm>

#include "otto/casefile/at_key.h"
#include "otto/casefile/key.h"
#include "otto/casefile/section.h"

namespace otto {

namespace {

const Declare keys{{},
                   {{.path = "energy.network",
                     .type = Type::text,
                     .doc = "File of a network U that maps (n, d) points to (n) values: V = U(x). "
                            "Either energy.safetensors, numbers without code, or TorchScript, "
                            "which is a program: reading it runs it.",
                     .when = "kind=external",
                     .equation = "int V rho",
                     .file = true},
                    {.path = "energy.network",
                     .type = Type::text,
                     .doc = "Of an interaction: W = (U(x - y) + U(y - x))/2.",
                     .when = "kind=interaction",
                     .equation = "W = (U(x - y) + U(y - x))/2",
                     .file = true}}};

class NetworkEnergy final : public ExternalEnergy {
 public:
  explicit NetworkEnergy(std::shared_ptr<NetworkUse> use) : use_(std::move(use)) {}

  void evaluate(std::span<const Point> points, double, std::span<double> values) const override {
    if (!std::ranges::equal(points, points_)) {
      points_.clear();
      values_.resize(points.size());
      use_->evaluate(points, values_);
      points_.assign(points.begin(), points.end());
    }
    std::ranges::copy(values_, values.begin());
  }

 private:
  std::shared_ptr<NetworkUse> use_;
  mutable std::vector<Point> points_;
  mutable std::vector<double> values_;
};

}  // namespace

std::shared_ptr<NetworkUse> read_network_term(const Section& term, int dimension) {
  const std::filesystem::path file = term.file("network");
  return std::make_shared<NetworkUse>(
      file, at_key(term, "network", [&] { return read_network(file, dimension); }),
      term.text("kind") == "external");
}

std::unique_ptr<ExternalEnergy> make_network_energy(std::shared_ptr<NetworkUse> use) {
  return std::make_unique<NetworkEnergy>(std::move(use));
}

}  // namespace otto
