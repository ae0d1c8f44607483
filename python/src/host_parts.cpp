#include "host_parts.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "calls.h"

namespace otto::python {

namespace {

/// A Python object that is destroyed with the interpreter's lock, wherever its last owner goes.
std::shared_ptr<py::object> shared(py::object object) {
  return {new py::object(std::move(object)), [](py::object* p) {
            const py::gil_scoped_acquire lock;
            delete p;
          }};
}

void copy_values(const py::object& values, std::span<double> to) {
  const auto array = values.cast<Array>();
  if (std::size_t(array.size()) != to.size()) {
    throw InputError(
        fmt::format("a function gave {} values for {} points", array.size(), to.size()));
  }
  std::copy_n(array.data(), to.size(), to.begin());
}

py::array_t<double> points_array(std::span<const Point> points, int dimension) {
  std::vector<double> x;
  x.reserve(points.size() * std::size_t(dimension));
  for (const Point& p : points) x.insert(x.end(), p.begin(), p.begin() + dimension);
  py::array_t<double> array({py::ssize_t(points.size()), py::ssize_t(dimension)});
  std::ranges::copy(x, array.mutable_data());
  return array;
}

class FunctionEnergy final : public ExternalEnergy {
 public:
  FunctionEnergy(std::shared_ptr<py::object> f, bool varies, int dimension)
      : f_(std::move(f)), varies_(varies), dimension_(dimension) {}
  void evaluate(std::span<const Point> points, double t, std::span<double> values) const override {
    call_python([&] { copy_values((*f_)(points_array(points, dimension_), t), values); });
  }
  [[nodiscard]] bool depends_on_time() const override { return varies_; }

 private:
  std::shared_ptr<py::object> f_;
  bool varies_;
  int dimension_;
};

/// One value per cell, known at the centres of the owned cells alone.
class ArrayEnergy final : public ExternalEnergy {
 public:
  ArrayEnergy(std::vector<double> whole, const Mesh& mesh)
      : whole_(std::move(whole)), mesh_(mesh) {}
  void evaluate(std::span<const Point> points, double, std::span<double> values) const override {
    if (points.data() != mesh_.center.data()) {
      throw InputError(
          "V is an array, known at the cell centres alone, and this case asks for it elsewhere; "
          "give a "
          "function");
    }
    for (std::size_t k = 0; k < values.size(); ++k) {
      values[k] = whole_[std::size_t(mesh_.global[k])];
    }
  }

 private:
  std::vector<double> whole_;
  const Mesh& mesh_;
};

std::vector<double> read_array(const std::shared_ptr<py::object>& object, const Mesh& mesh,
                               const char* what) {
  std::vector<double> values;
  mesh.comm.together([&] {
    const py::gil_scoped_acquire lock;
    values = from_array(object->cast<Array>(), std::size_t(mesh.global_cells), what);
  });
  return values;
}

std::vector<std::unique_ptr<ExternalEnergy>> energies_of(const std::shared_ptr<py::object>& V,
                                                         bool function, bool varies,
                                                         const Mesh& mesh) {
  std::vector<std::unique_ptr<ExternalEnergy>> terms;
  if (function) {
    terms.push_back(std::make_unique<FunctionEnergy>(V, varies, mesh.dimension));
  } else {
    terms.push_back(std::make_unique<ArrayEnergy>(read_array(V, mesh, "V"), mesh));
  }
  return terms;
}

void check_density(const Mesh& mesh, std::span<const double> density) {
  double mass = 0, lowest = 0;
  for (std::size_t k = 0; k < density.size(); ++k) {
    mass += mesh.volume[k] * density[k];
    lowest = std::min(lowest, density[k]);
  }
  mass = mesh.comm.sum(mass);
  lowest = mesh.comm.min(lowest);
  if (lowest < 0)
    throw Error(ExitStatus::bad_input, fmt::format("rho0: is negative somewhere ({:.3g})", lowest),
                true);
  if (!(mass > 0)) throw Error(ExitStatus::bad_input, "rho0: has no mass", true);
}

std::vector<double> density_of(const std::shared_ptr<py::object>& rho0, bool function,
                               const Mesh& mesh) {
  const auto owned = std::size_t(mesh.owned);
  std::vector<double> density(owned);
  if (function) {
    mesh.comm.together([&] {
      call_python([&] {
        const std::span<const Point> centers(mesh.center.data(), owned);
        copy_values((*rho0)(points_array(centers, mesh.dimension)), density);
      });
    });
  } else {
    const std::vector<double> whole = read_array(rho0, mesh, "rho0");
    for (std::size_t k = 0; k < owned; ++k) density[k] = whole[std::size_t(mesh.global[k])];
  }
  check_density(mesh, density);
  return density;
}

/// Tells a Python function of every step.
class CallbackMonitor final : public Monitor {
 public:
  CallbackMonitor(std::shared_ptr<py::object> f, const Mesh& mesh)
      : f_(std::move(f)), mesh_(mesh), cells_(std::make_shared<const Cells>(mesh)) {}

  bool after_step(const State& state, const StepRecord& record) override {
    StepView view{.record = record,
                  .owned = {state.density.begin(), state.density.begin() + mesh_.owned},
                  .cells = cells_,
                  .whole = {}};
    if (mesh_.comm.size() > 1) view.whole = cells_->whole(view.owned);
    mesh_.comm.together([&] {
      call_python(
          [&] {
            const py::object answer = (*f_)(py::cast(std::move(view)));
            if (answer.is(py::bool_(false))) ask_to_stop();
          },
          true);
    });
    return true;
  }

 private:
  std::shared_ptr<py::object> f_;
  const Mesh& mesh_;
  std::shared_ptr<const Cells> cells_;
};

}  // namespace

std::shared_ptr<const Host> host_of(const py::dict& parts) {
  auto host = std::make_shared<Host>();
  host->what = "V given to Python";
  const auto part = [&](const char* name) -> py::object {
    return parts.contains(name) ? py::object(parts[name]) : py::none();
  };
  if (const py::object V = part("V"); !V.is_none()) {
    const bool function = PyCallable_Check(V.ptr()) != 0, varies = py::bool_(part("V_varies"));
    host->energies = [V = shared(V), function, varies](const Mesh& mesh) {
      return energies_of(V, function, varies, mesh);
    };
  }
  if (const py::object rho0 = part("rho0"); !rho0.is_none()) {
    const bool function = PyCallable_Check(rho0.ptr()) != 0;
    host->density = [rho0 = shared(rho0), function](const Mesh& mesh) {
      return density_of(rho0, function, mesh);
    };
  }
  if (const py::object callback = part("callback"); !callback.is_none()) {
    host->monitor = [callback = shared(callback)](const Mesh& mesh) {
      return std::make_unique<CallbackMonitor>(callback, mesh);
    };
  }
  return host;
}

py::dict row_of(const StepRecord& r) {
  py::dict row;
  row["step"] = r.step;
  row["time"] = r.time;
  row["dt"] = r.dt;
  row["mass"] = r.ledger.mass;
  row["min_density"] = r.ledger.min_density;
  row["max_density"] = r.ledger.max_density;
  row["free_energy"] = r.ledger.free_energy;
  row["dissipation"] = r.ledger.dissipation;
  row["edi_gap"] = r.edi_gap;
  row["newton_iterations"] = r.newton_iterations;
  row["linear_iterations"] = r.linear_iterations;
  row["refused"] = r.refused;
  row["fallback"] = r.fallback;
  row["wall_seconds"] = r.wall_seconds;
  return row;
}

void register_step_view(py::module_& m) {
  py::class_<StepView>(m, "StepView")
      .def_property_readonly("density",
                             [](StepView& v) {
                               if (v.whole.empty()) v.whole = v.cells->whole(v.owned);
                               return to_array(v.whole);
                             })
      .def_property_readonly("row", [](const StepView& v) { return row_of(v.record); });
}

}  // namespace otto::python
