#pragma once
// The columns of a run's history.csv, all in one list: those of the contract first, then those that
// depend on the run.

#include <span>
#include <string>
#include <vector>

#include "otto/driver/history_writer.h"
#include "otto/driver/simulation.h"

namespace otto {

/// What a row is made of.
struct HistoryRow {
  const StepRecord& step;
  double gibbs_distance = 0;        ///< where the run has a Gibbs density
  std::span<const double> moments;  ///< where asked for (moments.h)
};

/// Which of the optional columns there are.
struct HistoryChoice {
  bool error_estimate = false;
  bool gibbs_distance = false;
  int moments_dimension = 0;                ///< 0: no moments
  bool inner_steps = false;                 ///< steps are divided into inner steps
  std::vector<std::string> exchanged = {};  ///< Exchange::names()
};

Columns<HistoryRow> history_columns(const HistoryChoice& choice);

}  // namespace otto
