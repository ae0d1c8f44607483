#pragma once
// The table of a convergence study: errors on finer and finer grids, observed orders, and its
// files.

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace otto {

/// One run of a study.
struct ConvergenceRow {
  int level = 0;                   ///< from 1
  std::int64_t cells = 0;          ///< in all
  double h = 0;                    ///< widest cell
  double dt = 0;                   ///< time.step, or the mean step where the scheme chooses
  std::int64_t steps = 0;          ///< taken
  std::vector<double> error = {};  ///< by StudySubject::norms; empty where there is none
  double seconds = 0;
  std::string note = {};  ///< why there is no error
  /// log(e_previous / e) / log(refinement) of each error; nothing in the first row.
  std::vector<std::optional<double>> order = {};

  [[nodiscard]] double l1() const { return error.at(0); }
  [[nodiscard]] std::optional<double> order_l1() const {
    return order.empty() ? std::nullopt : order[0];
  }
};

/// What was refined, and what the method claims of it.
struct StudySubject {
  std::string title;
  std::string refined;                                    ///< "space", "time" or "both"
  std::string reference;                                  ///< what errors are against
  double claimed_order = 0;                               ///< per halving of h (of dt for "time")
  std::vector<std::string> norms = {"l1", "l2", "linf"};  ///< names (analysis/norms.h)
};

/// Fills the orders: the refinement is that of h, of dt where h stays the same.
void fill_orders(std::vector<ConvergenceRow>& rows);

/// level,cells,h,dt,l1,l2,linf,order_l1,order_l2,order_linf,seconds,steps, then NAME,order_NAME of each
/// further norm; what is not known is empty.
std::string convergence_csv(const StudySubject& subject, std::span<const ConvergenceRow> rows);
std::string convergence_markdown(const StudySubject& subject, std::span<const ConvergenceRow> rows,
                                 std::span<const std::string> remarks);
/// A tabular environment.
std::string convergence_latex(const StudySubject& subject, std::span<const ConvergenceRow> rows);
/// Errors against h (or dt) on logarithmic axes with the claimed slope, as an SVG picture.
std::string convergence_svg(const StudySubject& subject, std::span<const ConvergenceRow> rows);

}  // namespace otto
