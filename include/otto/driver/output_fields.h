#pragma once
// The cell fields [output] fields names.

#include <span>
#include <string>
#include <vector>

#include "otto/io/field_series.h"
#include "otto/time/stepper.h"

namespace otto {

/// density (always), external_energy, chemical_potential, volume, rank.
class OutputFields {
 public:
  /// `names`: those of output.fields. Keeps references to the problem's parts.
  OutputFields(const Problem& problem, std::span<const std::string> names);
  OutputFields(const OutputFields&) = delete;

  /// Those that do not change in time; they live as long as this object.
  [[nodiscard]] const std::vector<NamedField>& fixed() const { return fixed_; }
  /// The others of a state, until the next call. Collective.
  const std::vector<NamedField>& of(const State& state);

 private:
  void add_fixed(const std::string& name, std::vector<double> values);
  void find_mu(std::span<const double> density);

  const Mesh& mesh_;
  const Generator& generator_;
  bool external_ = false, mu_ = false;  ///< varying fields to be written
  std::vector<std::vector<double>> kept_;
  std::vector<double> mu_values_;
  std::vector<NamedField> fixed_, varying_;
};

}  // namespace otto
