#include "otto/infer/network_fit.h"

#include <Eigen/Cholesky>
#include <algorithm>
#include <cmath>
#include <numbers>
#include <vector>

#include "otto/core/error.h"
#include "otto/infer/cell_gradients.h"
#include "otto/infer/weighted_laplacian.h"

namespace otto {

namespace {

using Matrix = Eigen::MatrixXd;
using Vector = Eigen::VectorXd;

std::span<double> span_of(Vector& v) { return {v.data(), std::size_t(v.size())}; }
std::span<const double> span_of(const Vector& v) { return {v.data(), std::size_t(v.size())}; }

/// K + lambda diag K, and what it takes to solve with it.
class Damped {
 public:
  Damped(const Matrix& K, double lambda) : diagonal_(lambda * K.diagonal()) {
    double more = 1e-14 * K.diagonal().mean();
    do {
      Matrix whole = K;
      whole.diagonal() += diagonal_;
      whole.diagonal().array() += more;
      factor_.compute(whole);
      more *= 100;
    } while (factor_.info() != Eigen::Success);
  }
  [[nodiscard]] Vector solve(const Vector& r) const { return factor_.solve(r); }
  [[nodiscard]] const Vector& damping() const { return diagonal_; }

 private:
  Vector diagonal_;
  Eigen::LLT<Matrix> factor_;
};

}  // namespace

struct NetworkFit::Impl {
  Impl(Objective& whole, Network& net, std::span<const double> R, double t,
       const NetworkFitOptions& o)
      : objective(whole),
        network(net),
        mesh(whole.mesh()),
        slow_waves(whole.mesh(), R),
        interval(t),
        options(o),
        points(mesh.center.begin(), mesh.center.begin() + mesh.owned),
        m(Eigen::Index(net.parameters())),
        tail_size(Eigen::Index(whole.unknowns().shared())) {
    hold = std::pow(std::numbers::pi / longest_side(mesh), 2);
    double sum = 0;
    for (std::size_t k = 0; k < owned(); ++k) sum += mesh.volume[k];
    volume = mesh.comm.sum(sum);
  }

  [[nodiscard]] std::size_t owned() const { return points.size(); }
  [[nodiscard]] Vector theta() const {
    Vector result(m);
    network.get(span_of(result));
    return result;
  }
  /// theta becomes that, and the linearisation is of it.
  void move(const Vector& to) {
    network.set(span_of(to));
    lin = network.linearise(points);
  }
  /// F v, of this rank's cells.
  [[nodiscard]] Vector rows_of(std::span<const double> v) const {
    Vector out(Eigen::Index(2 * v.size()));
    slow_waves.apply(v, hold, span_of(out));
    return out;
  }
  /// F (U - V).
  [[nodiscard]] Vector rows_beside(const Vector& V) const {
    const Vector U = Eigen::Map<const Vector>(lin->value().data(), Eigen::Index(owned()));
    const Vector difference = U - V;
    return rows_of(span_of(difference));
  }
  [[nodiscard]] double sum_of_squares(const Vector& rows) const {
    return mesh.comm.sum(rows.squaredNorm());
  }
  [[nodiscard]] Vector summed(Vector v) const {
    mesh.comm.sum_in_place(span_of(v));
    return v;
  }
  [[nodiscard]] Matrix sensitivities() const;
  [[nodiscard]] Matrix gram(const Matrix& F) const {
    Matrix G = F.transpose() * F;
    mesh.comm.sum_in_place({G.data(), std::size_t(G.size())});
    return G;
  }
  /// D^T of (cells, tail).
  [[nodiscard]] Vector pull_back(std::span<const double> of_x) const {
    Vector of_theta = Vector::Zero(m);
    lin->add_adjoint(of_x.first(owned()), span_of(of_theta));
    of_theta = summed(std::move(of_theta));
    Vector result(m + tail_size);
    result.head(m) = of_theta;
    for (Eigen::Index i = 0; i < tail_size; ++i) result[m + i] = of_x[owned() + std::size_t(i)];
    return result;
  }
  [[nodiscard]] Vector product(const Vector& p) const {
    Objective::Vector direction(objective.size()), out(objective.size());
    const Vector of_theta = p.head(m);
    lin->apply(span_of(of_theta), std::span(direction).first(owned()));
    for (Eigen::Index i = 0; i < tail_size; ++i) direction[owned() + std::size_t(i)] = p[m + i];
    objective.product(direction, out);
    return pull_back(out);
  }
  [[nodiscard]] Objective::Vector point(const Vector& tail) const {
    Objective::Vector at(lin->value().begin(), lin->value().end());
    at.insert(at.end(), tail.begin(), tail.end());
    return at;
  }
  [[nodiscard]] Vector tail() const {
    Vector t(tail_size);
    std::copy(x.begin() + std::ptrdiff_t(owned()), x.end(), t.begin());
    return t;
  }
  /// J, its gradient and x at the present theta and `tail`.
  void evaluate(const Vector& tail) {
    x = point(tail);
    J = objective.value(x);
    g.resize(x.size());
    objective.gradient(g);
  }
  /// The same at that theta.
  void go_to(const Vector& to, const Vector& tail) {
    move(to);
    evaluate(tail);
  }
  void measure_tail();
  [[nodiscard]] Matrix metric() const;
  [[nodiscard]] Vector direction(const Vector& of_z, const Damped& P, Vector& A_p, int& iterations);
  bool try_step(const Vector& of_z, const Matrix& K, NewtonRow& row);
  double start_step(const Vector& V, double& damping, double now);

  Objective& objective;
  Network& network;
  const Mesh& mesh;
  SlowWaves slow_waves;
  double interval;
  NetworkFitOptions options;
  std::vector<Point> points;
  Eigen::Index m, tail_size;
  double hold = 0, volume = 1;
  std::unique_ptr<Linearisation> lin;
  Objective::Vector x, g;
  std::vector<double> of_tail;  ///< its own entries of H
  double J = 0, damping = 0, distance = 0, by_cells = 0;
  int settled = 0, since_refresh = 0;
  long cg = 0, earlier_solves = 0;  ///< the latter of the solution by cells, or before a resumption
  bool started = false, stalled = false;
};

/// F dU/dtheta, of this rank's cells.
Matrix NetworkFit::Impl::sensitivities() const {
  Matrix F(Eigen::Index(2 * owned()), m);
  Vector unit = Vector::Zero(m);
  std::vector<double> dU(owned());
  for (Eigen::Index i = 0; i < m; ++i) {
    unit[i] = 1;
    lin->apply(span_of(std::as_const(unit)), dU);
    unit[i] = 0;
    F.col(i) = rows_of(dU);
  }
  return F;
}

/// One step of the start from the sum of squares `now`; what is gained. Collective.
double NetworkFit::Impl::start_step(const Vector& V, double& lambda, double now) {
  const Vector at = theta();
  const Matrix F = sensitivities(), G = gram(F);
  const Vector b = summed(F.transpose() * rows_beside(V));
  for (int trial = 0; trial < options.max_trials; ++trial, lambda *= 4) {
    move(at - Damped(G, lambda).solve(b));
    const double next = sum_of_squares(rows_beside(V));
    if (!(next < now)) continue;
    lambda = std::max(lambda / 8, options.min_damping);
    return now - next;
  }
  move(at);
  return 0;
}

void NetworkFit::Impl::measure_tail() {
  of_tail.assign(std::size_t(tail_size), 0.0);
  Objective::Vector e(objective.size(), 0.0), He(objective.size());
  for (std::size_t i = 0; i < of_tail.size(); ++i) {
    e[owned() + i] = 1;
    objective.product(e, He);
    e[owned() + i] = 0;
    of_tail[i] = He[owned() + i];
  }
}

/// K of z.
Matrix NetworkFit::Impl::metric() const {
  Matrix K = Matrix::Zero(m + tail_size, m + tail_size);
  const double factor = objective.samples() * interval * interval + objective.alpha * volume;
  K.topLeftCorner(m, m) = factor * gram(sensitivities());
  for (Eigen::Index i = 0; i < tail_size; ++i) {
    K(m + i, m + i) = std::max(of_tail[std::size_t(i)], 1e-300);
  }
  return K;
}

/// p, and A_p = (D^T H D + lambda diag K) p, by conjugate gradients.
Vector NetworkFit::Impl::direction(const Vector& of_z, const Damped& P, Vector& A_p,
                                   int& iterations) {
  Vector p = Vector::Zero(of_z.size()), r = -of_z, z = P.solve(r), d = z;
  A_p = p;
  double rz = r.dot(z);
  const double enough = options.eta * options.eta * rz;
  for (iterations = 0; iterations < options.max_cg && rz > enough;) {
    const Vector Ad = product(d) + P.damping().cwiseProduct(d);
    const double curvature = d.dot(Ad);
    if (!(curvature > 0)) break;
    const double a = rz / curvature;
    p += a * d;
    A_p += a * Ad;
    r -= a * Ad;
    ++iterations;
    z = P.solve(r);
    const double next = r.dot(z);
    d = z + next / rz * d;
    rz = next;
  }
  cg += iterations;
  return p;
}

/// False: no lambda lowers J.
bool NetworkFit::Impl::try_step(const Vector& of_z, const Matrix& K, NewtonRow& row) {
  constexpr double enough = 1e-3, good = 0.75;  // of the decrease the quadratic model promises
  const Vector from = theta(), tail_from = tail();
  const double J_from = J;
  for (int trial = 0; trial < options.max_trials; ++trial, damping *= 4) {
    int iterations = 0;
    Vector A_p;
    move(from);
    const Vector p = direction(of_z, Damped(K, damping), A_p, iterations);
    row.cg_iterations += iterations;
    const double promise = -(of_z.dot(p) + 0.5 * p.dot(A_p));
    if (!(promise > 0)) break;
    move(from + p.head(m));
    double next = 0;
    try {
      next = objective.value(point(tail_from + p.tail(tail_size)));
    } catch (const NumericalError&) {
      continue;  // too far: the flow has no numbers there
    }
    const double ratio = (J_from - next) / promise;
    if (!(ratio > enough)) {
      (void)objective.value(x);  // products are at the last value
      continue;
    }
    if (ratio > good) damping = std::max(damping / 4, options.min_damping);
    evaluate(tail_from + p.tail(tail_size));
    return true;
  }
  go_to(from, tail_from);
  return false;
}

NetworkFit::NetworkFit(Objective& objective, Network& network, std::span<const double> R, double t,
                       const NetworkFitOptions& options)
    : impl_(std::make_unique<Impl>(objective, network, R, t, options)) {}

NetworkFit::~NetworkFit() = default;

bool NetworkFit::started() const { return impl_->started; }
const Objective::Vector& NetworkFit::x() const { return impl_->x; }
double NetworkFit::first_distance() const { return impl_->distance; }
double NetworkFit::misfit_by_cells() const { return impl_->by_cells; }
long NetworkFit::cg_iterations() const { return impl_->cg; }
long NetworkFit::solves() const { return impl_->earlier_solves + impl_->objective.solves(); }

void NetworkFit::start(const Objective::Vector& by_cells, long solves) {
  Impl& o = *impl_;
  o.earlier_solves = solves - o.objective.solves();
  const Vector V = Eigen::Map<const Vector>(by_cells.data(), Eigen::Index(o.owned()));
  o.by_cells = o.objective.misfit();
  const double whole = o.sum_of_squares(o.rows_of(span_of(V)));
  o.move(o.theta());
  double now = o.sum_of_squares(o.rows_beside(V));
  double damping = o.options.first_damping;
  for (int step = 0, slow = 0; step < o.options.first_steps && slow < 3; ++step) {
    const double gained = o.start_step(V, damping, now);
    slow = gained < o.options.first_settled * now ? slow + 1 : 0;
    now -= gained;
    if (gained == 0) break;
  }
  o.distance = std::sqrt(std::max(now, 0.0) / std::max(whole, 1e-300));
  o.damping = o.options.first_damping;
  const Eigen::Map<const Vector> tail(by_cells.data() + o.owned(), o.tail_size);
  o.evaluate(tail);
  o.measure_tail();
  o.started = true;
}

void NetworkFit::step(NewtonRow& row) {
  Impl& o = *impl_;
  if (o.objective.limited() && o.since_refresh >= o.options.refresh_every) {
    const double max_objective = o.J + o.options.max_rise * std::abs(o.J);
    (void)o.objective.refresh_within(o.x, max_objective, o.options.max_parts);
    o.evaluate(o.tail());
    o.since_refresh = 0;
  }
  const double before = o.J;
  const Matrix K = o.metric();
  const Vector of_z = o.pull_back(o.g);
  row.prior = o.objective.alpha;
  row.gradient = std::sqrt(std::max(of_z.dot(Damped(K, o.damping).solve(of_z)), 0.0));
  o.stalled = !o.try_step(of_z, K, row);
  row.step = o.stalled ? 0 : 1;
  ++o.since_refresh;
  const bool little = before - o.J < o.options.tolerance * std::abs(o.J);
  o.settled = little ? o.settled + 1 : 0;
  row.objective = o.J;
  row.misfit = o.objective.misfit();
  row.solves = solves();
}

bool NetworkFit::converged() const {
  return impl_->stalled || impl_->settled >= impl_->options.settled_steps;
}

Eigen::VectorXd NetworkFit::gradient() { return impl_->pull_back(impl_->g); }

double NetworkFit::value_beside(const Eigen::VectorXd& dz) {
  Impl& o = *impl_;
  const Vector from = o.theta(), tail = o.tail();
  o.move(from + dz.head(o.m));
  const double J = o.objective.value(o.point(tail + dz.tail(o.tail_size)));
  o.move(from);
  (void)o.objective.value(o.x);
  return J;
}

void NetworkFit::remember(Archive& a) {
  Impl& o = *impl_;
  a.number("started", o.started);
  if (!o.started) return;
  Vector theta = o.theta(), tail(o.tail_size);
  if (!a.loading()) tail = o.tail();
  std::vector<double> both[2] = {{theta.begin(), theta.end()}, {tail.begin(), tail.end()}};
  a.numbers("theta", both[0]);
  a.numbers("tail", both[1]);
  a.numbers("of_tail", o.of_tail);
  a.number("damping", o.damping);
  a.number("distance", o.distance);
  a.number("by_cells", o.by_cells);
  a.number("settled", o.settled);
  a.number("since_refresh", o.since_refresh);
  a.number("cg", o.cg);
  a.number("stalled", o.stalled);
  long solved = solves();
  a.number("solves", solved);
  if (!a.loading()) return;
  o.go_to(Eigen::Map<const Vector>(both[0].data(), o.m),
          Eigen::Map<const Vector>(both[1].data(), o.tail_size));
  o.earlier_solves = solved - o.objective.solves();
}

}  // namespace otto
