// What package otto.torch differentiates: linear flows, committors and rates, relaxation rates, distances. Arguments and results
// are whole arrays in the order of final.h5, the same on every rank; gradients are those of one rank's function of
// them, not of the sum over ranks.

#include <fmt/format.h>
#include <pybind11/stl.h>

#include <memory>
#include <optional>
#include <tuple>

#include "boundary_problem.h"
#include "calls.h"
#include "commands.h"
#include "domain.h"
#include "otto/analysis/spectrum.h"
#include "otto/analysis/wasserstein.h"
#include "otto/casefile/section.h"
#include "otto/driver/problem.h"
#include "otto/flux/two_point.h"
#include "otto/geodesic/geodesic.h"
#include "otto/mesh/make_mesh.h"
#include "otto/time/linear_flow.h"
#include "proximal_flow.h"

namespace otto::python {

Domain::Domain(const Comm& comm, const RunOptions& options)
    : c(case_of(comm, options)),
      mesh(make_mesh(comm, c.section("mesh"), use_of_mesh(c))),
      diffusion(take_diffusion(c, mesh)),
      drift(make_drift(c.section("drift"), mesh.dimension)),
      exchange(exchange_of(c, mesh)),
      flux(find_flux(c.section("flux").text("kind"))),
      cells(mesh) {
  (void)Flux({std::shared_ptr<const Domain>(), this}, 1);  // refuses what has no derivatives
}

Flux::Flux(std::shared_ptr<const Domain> of, double temperature)
    : domain(std::move(of)),
      energy(temperature, {}),
      generator(domain->mesh, energy, domain->flux, domain->drift.get(),
                domain->exchange.names().empty() ? nullptr : &domain->exchange,
                domain->diffusion.get()) {
  if (generator.flux().limited()) {
    throw InputError(
        "derivatives of a flow are not available for limited fluxes, whose ratios change with the "
        "density by kinks; take flux.kind = \"scharfetter_gummel\"");
  }
  generator.set_time(0);
  (void)face_rates(generator);
}

namespace {

using Fields = std::vector<double>;

std::shared_ptr<Domain> make_domain(std::intptr_t handle, const py::dict& asked) {
  const Comm comm = comm_of(handle);
  const RunOptions options = run_options(asked);
  return called(comm, [&] { return std::make_shared<Domain>(comm, options); });
}

/// Whole fields, checked; the same on every rank or InputError.
Fields take(const Domain& domain, const Array& array, const char* what) {
  Fields values;
  called(domain.mesh.comm, [&] {
    domain.mesh.comm.together([&] {
      const py::gil_scoped_acquire lock;
      values = from_array(array, domain.cells.count(), what);
    });
  });
  return values;
}

/// dJ/dV whole and dJ/dkT. Collective.
std::pair<Fields, double> whole(const Domain& domain, const Gradient& gradient) {
  return {domain.cells.whole(gradient.V), domain.mesh.comm.sum(gradient.kT)};
}

/// Densities at the ends of legs, and back.
class Flow {
 public:
  virtual ~Flow() = default;
  [[nodiscard]] virtual const Domain& domain() const = 0;

  /// The densities at the ends of the legs, one after the other.
  Fields solve(const Fields& V, const Fields& rho0) {
    const Cells& cells = domain().cells;
    start(cells.local(V));
    Fields all, rho = cells.local(rho0);
    for (std::size_t l = 0; l < legs(); ++l) {
      rho = leg(l, rho);
      const Fields end = cells.whole(std::span(rho).first(std::size_t(domain().mesh.owned)));
      all.insert(all.end(), end.begin(), end.end());
    }
    return all;
  }

  /// For cotangents of those: of V, rho0 and kT.
  std::tuple<Fields, Fields, double> adjoint(const Fields& cotangents) {
    const Cells& cells = domain().cells;
    Fields lambda(std::size_t(domain().mesh.owned), 0.0);
    Gradient gradient{.V = Fields(lambda.size(), 0.0)};
    for (std::size_t l = legs(); l-- > 0;) {
      const auto of_end =
          cells.owned(std::span(cotangents).subspan(l * cells.count(), cells.count()));
      for (std::size_t k = 0; k < lambda.size(); ++k) lambda[k] += of_end[k];
      back(l, lambda, gradient);
    }
    auto [of_V, of_kT] = whole(domain(), gradient);
    return {std::move(of_V), cells.whole(lambda), of_kT};
  }

 private:
  [[nodiscard]] virtual std::size_t legs() const = 0;
  virtual void start(Fields V) = 0;  ///< local fields, here and below
  virtual Fields leg(std::size_t l, const Fields& rho) = 0;
  virtual void back(std::size_t l, Fields& lambda, Gradient& gradient) = 0;
};

class SolvedFlow final : public Flow {
 public:
  SolvedFlow(std::shared_ptr<const Domain> domain, double temperature,
             std::vector<std::vector<double>> legs, const LinearFlowOptions& options)
      : flux_(std::move(domain), temperature),
        kT_(temperature),
        flow_(flux_.generator, std::move(legs), options) {}
  [[nodiscard]] const Domain& domain() const override { return *flux_.domain; }

 private:
  [[nodiscard]] std::size_t legs() const override { return flow_.legs(); }
  void start(Fields V) override { flow_.set(V, kT_); }
  Fields leg(std::size_t l, const Fields& rho) override { return flow_.solve(l, rho); }
  void back(std::size_t l, Fields& lambda, Gradient& gradient) override {
    FlowGradient of_flow;
    flow_.adjoint(l, lambda, of_flow);
    gradient.kT += of_flow.kT;
    add_cell_gradient(domain().mesh, of_flow.rise, gradient.V);
  }

  Flux flux_;
  double kT_;
  LinearFlow flow_;
};

class SteepestFlow final : public Flow {
 public:
  SteepestFlow(std::shared_ptr<const Domain> domain, double temperature,
               std::vector<std::vector<double>> legs, double rtol)
      : flow_(std::move(domain), temperature, std::move(legs), rtol) {}
  [[nodiscard]] const Domain& domain() const override { return flow_.domain(); }

 private:
  [[nodiscard]] std::size_t legs() const override { return flow_.legs(); }
  void start(Fields V) override { V_ = std::move(V); }
  Fields leg(std::size_t l, const Fields& rho) override {
    if (l == 0) flow_.start(V_, rho);
    return flow_.next();
  }
  void back(std::size_t l, Fields& lambda, Gradient& gradient) override {
    flow_.back(l, lambda, gradient);
  }

  ProximalFlow flow_;
  Fields V_;
};

std::unique_ptr<Owned<Flow>> make_flow(const std::shared_ptr<Domain>& domain, double temperature,
                                       const std::vector<std::vector<double>>& legs,
                                       const std::string& scheme, double rtol, double memory) {
  return called(domain->mesh.comm, [&] {
    std::unique_ptr<Flow> flow;
    if (scheme == "jko") {
      flow = std::make_unique<SteepestFlow>(domain, temperature, legs, rtol);
    } else {
      // Gradients to some ten digits; the first stage of TR-BDF2 multiplies errors by c A.
      const double looser = scheme == "tr_bdf2" ? 10 : 1000;
      const LinearFlowOptions options{
          .scheme = scheme == "tr_bdf2" ? LinearScheme::tr_bdf2 : LinearScheme::implicit_euler,
          .rtol = rtol,
          .derivatives = looser,
          .again = 10 * looser,
          .memory = std::size_t(memory)};
      flow = std::make_unique<SolvedFlow>(domain, temperature, legs, options);
    }
    return std::make_unique<Owned<Flow>>(std::move(flow));
  });
}

py::tuple gradient_arrays(const std::pair<Fields, double>& gradient) {
  return py::make_tuple(to_array(gradient.first), gradient.second);
}

std::unique_ptr<Owned<BoundaryProblem>> make_boundary_problem(const std::shared_ptr<Domain>& domain,
                                                              double temperature, const Array& V,
                                                              const Array& held, double rtol) {
  const Fields values = take(*domain, V, "V"), marks = take(*domain, held, "the sets");
  return called(domain->mesh.comm, [&] {
    const Fields local = domain->cells.local(marks);
    return std::make_unique<Owned<BoundaryProblem>>(
        std::make_unique<BoundaryProblem>(domain, temperature, domain->cells.local(values),
                                          std::vector<int>(local.begin(), local.end()), rtol));
  });
}

/// Rates of relaxation and the derivative of each in V (one row each) and kT.
std::tuple<Fields, Fields, Fields> relaxation(const std::shared_ptr<Domain>& domain, double kT,
                                              const Fields& values, int count) {
  const Cells& cells = domain->cells;
  Flux flux(domain, kT);
  const Fields V = cells.local(values);
  flux.generator.set_external(V, kT);
  ShiftedSolver solver(flux.generator, read_solver(domain->c.section("solver")));
  const Spectrum spectrum =
      slowest_modes(flux.generator, solver, {.count = count, .tolerance = 1e-11});
  const DirichletForm form(flux.generator, V, kT);
  Fields rates, of_V, of_kT;
  for (const Mode& mode : spectrum.modes) {
    Fields u = mode.shape, squares = mode.shape;
    u.resize(std::size_t(domain->mesh.local()));
    domain->mesh.halo.update(domain->mesh.comm, u);
    for (double& x : squares) x *= x;
    const double norm = form.cells(squares), rate = form.faces(u) / norm;
    Gradient gradient{.V = Fields(squares.size(), 0.0)};
    form.add_faces(1 / norm, u, gradient);
    form.add_cells(-rate / norm, squares, gradient);
    const auto [row, slope] = whole(*domain, gradient);
    rates.push_back(rate);
    of_V.insert(of_V.end(), row.begin(), row.end());
    of_kT.push_back(slope);
  }
  return {rates, of_V, of_kT};
}

/// W2^2 of two densities of mass 1, and its derivatives in their cells' masses, each up to a constant. Collective.
std::tuple<double, Fields, Fields> transport(const Domain& domain, const Fields& first,
                                             const Fields& second, int intervals,
                                             double tolerance) {
  constexpr int max_iterations = 100000;
  const auto a = domain.cells.owned(first), b = domain.cells.owned(second);
  Geodesic path(domain.mesh, a, b, {intervals, tolerance, max_iterations});
  const GeodesicReport report = path.solve();
  if (!report.converged) {
    throw NumericalError(
        fmt::format("w2: after {} iterations the square lies between {:.9g} and {:.9g}, farther "
                    "apart than the tolerance {:g}; ask for less, or smooth the densities",
                    report.iterations, report.lower, report.upper, tolerance));
  }
  const auto [of_first, of_second] = path.slopes();
  return {report.squared, domain.cells.whole(of_first), domain.cells.whole(of_second)};
}

void register_boundary_problem(py::module_& m) {
  py::class_<Owned<BoundaryProblem>>(m, "BoundaryProblem")
      .def(py::init(&make_boundary_problem))
      .def("committor",
           [](const Owned<BoundaryProblem>& owned) {
             const BoundaryProblem& p = owned.get();
             const Domain& domain = p.domain();
             return to_array(called(domain.mesh.comm, [&] {
               return domain.cells.whole(
                   std::span(p.committor()).first(std::size_t(domain.mesh.owned)));
             }));
           })
      .def("committor_gradient",
           [](const Owned<BoundaryProblem>& owned, const Array& c) {
             BoundaryProblem& p = owned.get();
             const Domain& domain = p.domain();
             const Fields values = take(domain, c, "the gradient of the committor");
             return gradient_arrays(called(domain.mesh.comm, [&] {
               return whole(domain, p.committor_gradient(domain.cells.owned(values)));
             }));
           })
      .def("rates",
           [](const Owned<BoundaryProblem>& owned) {
             BoundaryProblem& p = owned.get();
             const auto k = called(p.domain().mesh.comm, [&] { return p.rates(); });
             return py::make_tuple(k[0], k[1]);
           })
      .def("rates_gradient", [](const Owned<BoundaryProblem>& owned, double of_ab, double of_ba) {
        BoundaryProblem& p = owned.get();
        return gradient_arrays(called(p.domain().mesh.comm, [&] {
          return whole(p.domain(), p.rates_gradient({of_ab, of_ba}));
        }));
      });
}

void register_flow(py::module_& m) {
  py::class_<Owned<Flow>>(m, "Flow")
      .def(py::init(&make_flow))
      .def("solve",
           [](const Owned<Flow>& owned, const Array& V, const Array& rho0) {
             Flow& flow = owned.get();
             const Domain& domain = flow.domain();
             const Fields values = take(domain, V, "V"), start = take(domain, rho0, "rho0");
             return to_array(called(domain.mesh.comm, [&] { return flow.solve(values, start); }));
           })
      .def("adjoint", [](const Owned<Flow>& owned, const Array& cotangents) {
        Flow& flow = owned.get();
        const Fields c(cotangents.data(), cotangents.data() + cotangents.size());
        const auto [of_V, of_rho0, of_kT] =
            called(flow.domain().mesh.comm, [&] { return flow.adjoint(c); });
        return py::make_tuple(to_array(of_V), to_array(of_rho0), of_kT);
      });
}

}  // namespace

void register_flows(py::module_& m) {
  py::class_<Domain, std::shared_ptr<Domain>>(m, "Domain")
      .def(py::init(&make_domain))
      .def_property_readonly("dimension", [](const Domain& d) { return d.mesh.dimension; })
      .def_property_readonly("driven", [](const Domain& d) { return d.drift != nullptr; })
      .def_property_readonly("without_distance",
                             [](const Domain& d) { return wasserstein_obstacle(d.mesh); })
      .def("centers",
           [](const Domain& d) {
             return to_array(called(d.mesh.comm, [&] { return d.cells.centers(); }),
                             d.mesh.dimension);
           })
      .def("volumes", [](const Domain& d) {
        return to_array(called(d.mesh.comm, [&] { return d.cells.volumes(); }));
      });
  register_flow(m);
  register_boundary_problem(m);
  m.def("relaxation",
        [](const std::shared_ptr<Domain>& domain, double kT, const Array& V, int count) {
          const Fields values = take(*domain, V, "V");
          const auto [rates, of_V, of_kT] =
              called(domain->mesh.comm, [&] { return relaxation(domain, kT, values, count); });
          const int n = int(domain->cells.count());
          return py::make_tuple(to_array(rates), to_array(of_V, n), to_array(of_kT));
        });
  m.def("transport", [](const std::shared_ptr<Domain>& domain, const Array& first,
                        const Array& second, int intervals, double tolerance) {
    const Fields a = take(*domain, first, "first"), b = take(*domain, second, "second");
    const auto [squared, of_first, of_second] =
        called(domain->mesh.comm, [&] { return transport(*domain, a, b, intervals, tolerance); });
    return py::make_tuple(squared, to_array(of_first), to_array(of_second));
  });
}

}  // namespace otto::python
