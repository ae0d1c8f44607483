#include "otto/linear/transport_pair.h"

#include <algorithm>
#include <array>
#include <functional>
#include <optional>

#include "assembled.h"
#include "dominant_solver.h"
#include "krylov.h"
#include "otto/core/error.h"

namespace otto {

namespace {

/// One of the two systems: its matrix and a solver for each preconditioner.
struct OneWay {
  explicit OneWay(double tolerance) : rtol(tolerance) {}

  std::optional<AssembledMatrix> matrix;  ///< made when it is asked for
  double rtol;
  std::vector<double> diagonal, scaled;
  std::array<std::unique_ptr<KrylovSolver>, 2> solver;
  bool ready = false;  ///< the matrix is of the present rates

  KrylovSolver& of(const Mesh& mesh, bool strong) {
    auto& one = solver[strong ? 0 : 1];
    if (!one) {
      one = std::make_unique<KrylovSolver>(
          mesh.comm.handle(), std::size_t(mesh.owned),
          KrylovControl{.prefix = "adjoint_",
                        .rtol = rtol,
                        .preconditioner = strong ? PCBJACOBI : PCHYPRE,
                        .unprefixed = KrylovControl::Unprefixed::none});
    }
    return *one;
  }
};

int iterations_of(const SolveReport& report) {
  if (report.converged) return report.iterations;
  throw NumericalError("a solve with the transport matrix of a step failed: " + report.reason);
}

}  // namespace

struct TransportPair::Impl {
  Impl(const Mesh& m, const TransportPairOptions& o)
      : mesh(m), options(o), dominant(m), ways{OneWay(o.rtol), OneWay(o.rtol)} {}

  [[nodiscard]] std::span<const double> diagonal() const {
    return omega.empty() ? std::span(mesh.volume).first(std::size_t(mesh.owned))
                         : std::span<const double>(omega);
  }
  void examine();
  bool relax(DominantSolver::Way way, std::span<const double> b, std::span<double> x, bool guess);
  KrylovSolver& prepare(int way);

  const Mesh& mesh;
  TransportPairOptions options;
  double c = 0;
  const FaceRates* rates = nullptr;
  std::vector<double> right;  ///< -backward
  std::vector<double> omega;  ///< in place of M; empty: M
  bool strong = false;
  DominantSolver dominant;
  bool dominates = false;      ///< its solves are taken
  std::array<OneWay, 2> ways;  ///< forward, transposed
};

/// How strong the diagonal is, for the matrices that are assembled.
void TransportPair::Impl::examine() {
  right.resize(rates->backward.size());
  std::ranges::transform(rates->backward, right.begin(), std::negate{});
  for (OneWay& way : ways) way.ready = false;
  std::vector<double> out(std::size_t(mesh.local()), 0.0);
  for (std::size_t f = 0; f < right.size(); ++f) {
    out[std::size_t(mesh.faces.left[f])] += rates->forward[f];
    out[std::size_t(mesh.faces.right[f])] += rates->backward[f];
  }
  double largest = 0;
  const std::span<const double> weights = diagonal();
  for (std::size_t k = 0; k < weights.size(); ++k) {
    largest = std::max(largest, c * out[k] / weights[k]);
  }
  strong = mesh.comm.max(largest) <= options.strong;
}

KrylovSolver& TransportPair::Impl::prepare(int way) {
  OneWay& one = ways[std::size_t(way)];
  KrylovSolver& solver = one.of(mesh, strong);
  if (one.ready) return solver;
  if (!one.matrix) one.matrix.emplace(mesh);
  if (way == 0) {
    one.matrix->set_fluxes(c, diagonal(), rates->forward, right, one.diagonal);
  } else {
    one.matrix->set_transposed(c, diagonal(), rates->forward, right, one.diagonal);
  }
  solver.set_matrix(one.matrix->mat(), one.matrix->mat());
  one.ready = true;
  return solver;
}

TransportPair::TransportPair(const Mesh& mesh, const TransportPairOptions& options)
    : impl_(std::make_unique<Impl>(mesh, options)) {}

TransportPair::~TransportPair() = default;

void TransportPair::set(double c, const FaceRates& rates, std::span<const double> omega) {
  impl_->c = c;
  impl_->rates = &rates;
  impl_->omega.assign(omega.begin(), omega.end());
  impl_->dominates = impl_->dominant.set(c, rates, impl_->diagonal());
  if (!impl_->dominates) impl_->examine();
}

bool TransportPair::takes_guesses() const { return impl_->dominates; }

/// False where the iteration fails; the assembled matrices serve from then on.
bool TransportPair::Impl::relax(DominantSolver::Way way, std::span<const double> b,
                                std::span<double> x, bool guess) {
  if (!dominates) return false;
  // It ends at the tolerance, where GMRES goes beyond it: results would tell by how much it was missed on how many ranks.
  constexpr double margin = 0.01, reachable = 1e-13;
  const double rtol = std::max(margin * options.rtol, std::min(options.rtol, reachable));
  dominates = dominant.solve(way, b, x, rtol, guess);
  if (!dominates) examine();
  return dominates;
}

int TransportPair::solve(std::span<const double> b, std::span<double> x, bool guess) {
  if (impl_->relax(DominantSolver::Way::forward, b, x, guess)) return impl_->dominant.iterations();
  KrylovSolver& solver = impl_->prepare(0);
  const int iterations = iterations_of(solver.solve(b, x));
  for (std::size_t k = 0; k < b.size(); ++k) x[k] /= impl_->ways[0].diagonal[k];
  return iterations;
}

int TransportPair::solve_transposed(std::span<const double> b, std::span<double> x, bool guess) {
  if (impl_->relax(DominantSolver::Way::transposed, b, x, guess))
    return impl_->dominant.iterations();
  KrylovSolver& solver = impl_->prepare(1);
  OneWay& way = impl_->ways[1];
  way.scaled.resize(b.size());
  for (std::size_t k = 0; k < b.size(); ++k) way.scaled[k] = b[k] / way.diagonal[k];
  return iterations_of(solver.solve(way.scaled, x));
}

}  // namespace otto
