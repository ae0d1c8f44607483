#pragma once
// A TorchScript module as a Network. Points cross as float64 and are evaluated in the module's own
// floating type, a batch at a time.

#include <torch/script.h>

#include <string>
#include <vector>

#include "otto/network/network.h"

namespace otto {

/// A module, the points it takes, and its trainable parameters.
class Script {
 public:
  /// Checks that the module maps (n, d) to (n). Throws InputError.
  Script(torch::jit::Module module, std::string name, int dimension);

  /// A copy with parameters of its own.
  [[nodiscard]] Script copy() const;
  /// The points as an (n, d) tensor of the module's type.
  [[nodiscard]] at::Tensor input(std::span<const Point> points) const;
  /// The same of points given as rows of d numbers.
  [[nodiscard]] at::Tensor input(std::span<const double> rows) const;
  /// U (n) of such a tensor.
  [[nodiscard]] at::Tensor operator()(const at::Tensor& x) const;

  torch::jit::Module& module() { return module_; }
  [[nodiscard]] const torch::jit::Module& module() const { return module_; }
  [[nodiscard]] const std::vector<at::Tensor>& theta() const { return theta_; }
  [[nodiscard]] std::int64_t parameters() const { return parameters_; }
  [[nodiscard]] int dimension() const { return dimension_; }
  [[nodiscard]] at::ScalarType type() const { return type_; }
  [[nodiscard]] const std::string& name() const { return name_; }

  /// theta as m numbers, and from them.
  void get(std::span<double> theta) const;
  void set(std::span<const double> theta);
  /// The pieces of a vector of m numbers, in the shapes of theta.
  [[nodiscard]] std::vector<at::Tensor> pieces(std::span<const double> s) const;
  /// g += the pieces (undefined ones are 0).
  void add_pieces(const std::vector<at::Tensor>& pieces, std::span<double> g) const;

 private:
  void choose_type();
  void probe() const;
  void collect();

  mutable torch::jit::Module module_;  // running one is not const
  std::string name_;
  int dimension_;
  at::ScalarType type_ = at::kDouble;
  std::vector<at::Tensor> theta_;
  std::int64_t parameters_ = 0;
};

/// Points that go through a module together.
inline constexpr std::size_t batch_size = 512;

/// The numbers of a tensor as float64.
std::vector<double> numbers(const at::Tensor& t);

/// Calls work(first, points) for one batch after the other.
template <class Work>
void in_batches(std::span<const Point> points, std::size_t size, const Work& work) {
  for (std::size_t first = 0; first < points.size(); first += size) {
    work(first, points.subspan(first, std::min(size, points.size() - first)));
  }
}

std::unique_ptr<Network> make_script_network(Script script);

/// U linearised in theta by automatic differentiation.
std::unique_ptr<Linearisation> linearise_script(const Script& script,
                                                std::span<const Point> points);

/// Network::add_score.
double add_script_score(const Script& script, std::span<const Point> points,
                        std::span<const double> w, double a, double b, std::span<double> g);

}  // namespace otto
