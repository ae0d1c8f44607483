#pragma once
// The physics: F(rho) = int U(rho) + int V rho + 1/2 int int W(x - y) rho rho, a sum of terms.

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "otto/core/point.h"
#include "otto/energy/interaction.h"
#include "otto/energy/internal.h"
#include "otto/mesh/mesh.h"

namespace otto {

class Section;
class NetworkUse;           // otto/network/network_use.h
struct VaryingTemperature;  // otto/energy/temperature.h
/// Networks among the terms of a free energy.
using NetworkUses = std::vector<std::shared_ptr<NetworkUse>>;

/// An external energy V(x, t), evaluated for whole batches of points.
class ExternalEnergy {
 public:
  virtual ~ExternalEnergy() = default;
  /// values[i] = V(points[i], t). Never communicates. `values.size() == points.size()`.
  virtual void evaluate(std::span<const Point> points, double t,
                        std::span<double> values) const = 0;
  /// V differs from one t to another: it is evaluated at every step then.
  [[nodiscard]] virtual bool depends_on_time() const { return false; }
};

/// F(rho) = sum_K vol_K (U(rho_K) + V_K rho_K + 1/2 rho_K (W * rho)_K), V at cell centres; U is
/// kT rho log rho and the other internal terms.
class FreeEnergy {
 public:
  /// `places[i]` says where term i was written ("case.toml:12:1: energy.expression"), for messages.
  FreeEnergy(double temperature, std::vector<std::unique_ptr<ExternalEnergy>> external,
             std::vector<std::string> places = {});
  /// `interaction` may be null. `regions[i]` is the region of the mesh term i is confined to; -1:
  /// none.
  FreeEnergy(InternalEnergy internal, std::vector<std::unique_ptr<ExternalEnergy>> external,
             std::vector<std::string> places, std::unique_ptr<Interaction> interaction,
             std::vector<std::int32_t> regions = {}, NetworkUses networks = {});

  /// One more external term, everywhere; `place` as above.
  void add(std::unique_ptr<ExternalEnergy> term, std::string place);

  /// From now on kT is no number: `temperature()` is its mean.
  void set_temperature(std::shared_ptr<const VaryingTemperature> kT) { varying_ = std::move(kT); }
  /// Null where kT is a number.
  [[nodiscard]] const VaryingTemperature* varying_temperature() const { return varying_.get(); }

  [[nodiscard]] const InternalEnergy& internal() const { return internal_; }           ///< U
  [[nodiscard]] const Interaction* interaction() const { return interaction_.get(); }  ///< or null
  /// kT; 0 without entropy. Where it varies, a scale: its mean.
  [[nodiscard]] double temperature() const { return internal_.temperature(); }
  /// An entropy and external terms, and nothing else: the Fokker-Planck equation, whose flow is
  /// that of Generator.
  [[nodiscard]] bool linear() const {
    return temperature() > 0 && internal_.entropy_only() && !interaction_;
  }
  /// External terms and nothing else: transport along -grad V.
  [[nodiscard]] bool external_only() const {
    return !(temperature() > 0) && internal_.entropy_only() && !interaction_;
  }
  /// Some term does.
  [[nodiscard]] bool depends_on_time() const;
  /// The networks among the terms.
  [[nodiscard]] const NetworkUses& networks() const { return networks_; }
  /// V at all local cells: evaluated at the centres of the owned ones, exchanged for the ghosts, so
  /// that a cell has the same V on every rank and across a periodic side. Collective. A value that
  /// is not finite is an InputError naming the term and the cell centre.
  void external(const Mesh& mesh, double t, std::span<double> V) const;

 private:
  InternalEnergy internal_;
  std::vector<std::unique_ptr<ExternalEnergy>> external_;
  std::vector<std::string> places_;
  std::unique_ptr<Interaction> interaction_;
  std::vector<std::int32_t> regions_;
  NetworkUses networks_;
  std::shared_ptr<const VaryingTemperature> varying_;
};

/// Builds the sum from the [[energy]] tables, of which there is at least one. Collective (tables are
/// files); throws InputError, also where V is not finite at some cell centre.
FreeEnergy make_free_energy(std::span<const Section> terms, const Mesh& mesh);

/// Makes an energy from its [[energy]] table, for so many dimensions.
using ExternalFactory =
    std::function<std::unique_ptr<ExternalEnergy>(const Section& term, int dimension)>;
/// One named energy of the library, chosen by `library = "name"` in an [[energy]] table.
struct LibraryEntry {
  std::string name;           ///< as written in the case
  std::string doc;            ///< one sentence
  std::string equation;       ///< V, plain text
  ExternalFactory make;       ///< throws InputError through Section::fail
  std::vector<double> lower;  ///< the customary box, for tests and pictures
  std::vector<double> upper;  ///< its other corner
  int min_dimension = 1;      ///< in fewer it is an error of the case
  int max_dimension = 3;      ///< in more as well
  std::string example = {};   ///< lines of an [[energy]] table that show its parameters
};
/// Registers an energy and declares it as a choice of `energy.library`: at namespace scope in the
/// .cpp that holds its formula and declares its parameters.
struct RegisterExternal {
  /// `entry.name` is one that no other entry has.
  explicit RegisterExternal(LibraryEntry entry);
};
/// All of them, by name.
const std::vector<LibraryEntry>& external_library();

/// b(x, t) of [drift]: one ExternalEnergy-like evaluator per axis; null without a [drift] table.
struct Drift {
  std::vector<std::unique_ptr<ExternalEnergy>> component;  ///< b_x, b_y, b_z
};
/// From a [drift] table; null where the case has none. Throws InputError.
std::unique_ptr<Drift> make_drift(const Section& drift, int dimension);

}  // namespace otto
