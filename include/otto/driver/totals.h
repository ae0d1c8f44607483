#pragma once
// The ledger of a whole run, from the records of its steps. Never communicates: records are the
// same on every rank.

#include <cstdint>
#include <string>
#include <vector>

#include "otto/driver/simulation.h"

namespace otto {

struct RunTotals {
  long steps = 0, rejected = 0;
  long fallbacks = 0;          ///< steps that did something in place of what was asked,
  long changed = 0;            ///< and of these the ones by another formula
  double shortest_step = 0;    ///< 0 before the first
  double start = 0, time = 0;  ///< of the first and the last record
  double mass_initial = 0, mass_final = 0;
  double max_drift = 0;    ///< max |mass - initial mass| / initial mass
  double min_density = 0;  ///< over all steps
  double energy_initial = 0, energy_final = 0;
  double max_increase = 0;     ///< largest F(n+1) - F(n), 0 if it never grew
  double edi_gap = 0;          ///< the one of largest magnitude, with its sign
  double error_estimate = -1;  ///< sum over the steps; -1: none
  std::int64_t newton = 0, linear = 0;
  int max_linear = 0;          ///< of one solve
  double max_optimality = -1;  ///< StepRecord::optimality; -1: no step was proximal

  void add(const StepRecord& record);
  void remember(Archive& archive);

  /// What the run promised; decides which figures deserve a warning.
  struct Promise {
    bool energy_decays = false;  ///< the scheme and the energy guarantee it
    bool mass_conserved = true;
    bool fixed_steps = true;  ///< of the length asked, but for output times
  };
  /// One sentence for each promise not kept.
  [[nodiscard]] std::vector<std::string> warnings(const Promise& promise) const;

 private:
  bool started_ = false;
};

}  // namespace otto
