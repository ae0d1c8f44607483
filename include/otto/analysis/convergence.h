#pragma once
// The table of a convergence study: errors on finer and finer grids, observed orders, and its
// files.

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "otto/io/summary.h"

namespace otto {

/// One run of a study.
struct ConvergenceRow {
  int level = 0;           ///< from 1
  std::int64_t cells = 0;  ///< in all
  double h = 0;            ///< widest cell
  double dt = 0;           ///< time.step, or the mean step where the scheme chooses
  std::optional<ErrorNorms> error = {};
  double seconds = 0;
  std::string note = {};  ///< why there is no error
  /// log(e_previous / e) / log(refinement) for l1, l2, linf; nothing in the first row.
  std::array<std::optional<double>, 3> order = {};
};

/// What was refined, and what the method claims of it.
struct StudySubject {
  std::string title;
  std::string refined;       ///< "space", "time" or "both"
  std::string reference;     ///< what errors are against
  double claimed_order = 0;  ///< per halving of h (of dt for "time")
};

/// Fills the orders: the refinement is that of h, of dt where h stays the same.
void fill_orders(std::vector<ConvergenceRow>& rows);

/// level,cells,h,dt,l1,l2,linf,order_l1,order_l2,order_linf,seconds; what is not known is empty.
std::string convergence_csv(std::span<const ConvergenceRow> rows);
std::string convergence_markdown(const StudySubject& subject, std::span<const ConvergenceRow> rows,
                                 std::span<const std::string> remarks);
/// A tabular environment.
std::string convergence_latex(std::span<const ConvergenceRow> rows);
/// Errors against h (or dt) on logarithmic axes with the claimed slope, as an SVG picture.
std::string convergence_svg(const StudySubject& subject, std::span<const ConvergenceRow> rows);

}  // namespace otto
