#include "otto/analysis/convergence.h"

#include <fmt/format.h>

#include <cmath>

namespace otto {

namespace {

std::array<double, 3> values(const ErrorNorms& e) { return {e.l1, e.l2, e.linf}; }

std::string number(const std::optional<double>& x, const char* form) {
  return x ? fmt::format(fmt::runtime(form), *x) : "";
}

/// l1, l2, linf with the given form; three empty words where there is no error.
std::array<std::string, 3> error_words(const ConvergenceRow& row, const char* form) {
  std::array<std::string, 3> words;
  for (std::size_t i = 0; row.error && i < 3; ++i) words[i] = number(values(*row.error)[i], form);
  return words;
}

}  // namespace

void fill_orders(std::vector<ConvergenceRow>& rows) {
  for (std::size_t r = 1; r < rows.size(); ++r) {
    const ConvergenceRow& before = rows[r - 1];
    ConvergenceRow& row = rows[r];
    row.order = {};
    if (!before.error || !row.error) continue;
    const bool space = row.h < 0.999 * before.h;
    const double refinement = std::log(space ? before.h / row.h : before.dt / row.dt);
    for (std::size_t i = 0; i < 3; ++i) {
      const double rate = std::log(values(*before.error)[i] / values(*row.error)[i]) / refinement;
      if (std::isfinite(rate)) row.order[i] = rate;
    }
  }
}

std::string convergence_csv(std::span<const ConvergenceRow> rows) {
  std::string text = "level,cells,h,dt,l1,l2,linf,order_l1,order_l2,order_linf,seconds\n";
  for (const ConvergenceRow& row : rows) {
    const auto e = error_words(row, "{:.17g}");
    text +=
        fmt::format("{},{},{:.17g},{:.17g},{},{},{},{},{},{},{:.3f}\n", row.level, row.cells, row.h,
                    row.dt, e[0], e[1], e[2], number(row.order[0], "{:.6f}"),
                    number(row.order[1], "{:.6f}"), number(row.order[2], "{:.6f}"), row.seconds);
  }
  return text;
}

std::string convergence_markdown(const StudySubject& subject, std::span<const ConvergenceRow> rows,
                                 std::span<const std::string> remarks) {
  std::string text = fmt::format(
      "# Convergence: {}\n\nRefined: {}. Errors of cell averages at the end, against {}.\n\n"
      "| level | cells | h | dt | L1 | order | L2 | order | max | order | seconds |\n"
      "| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |\n",
      subject.title, subject.refined, subject.reference);
  for (const ConvergenceRow& row : rows) {
    const auto e = error_words(row, "{:.3e}");
    text += fmt::format("| {} | {} | {:.6g} | {:.6g} | {} | {} | {} | {} | {} | {} | {:.2f} |\n",
                        row.level, row.cells, row.h, row.dt, e[0], number(row.order[0], "{:.2f}"),
                        e[1], number(row.order[1], "{:.2f}"), e[2], number(row.order[2], "{:.2f}"),
                        row.seconds);
  }
  for (const std::string& remark : remarks) text += "\n" + remark + "\n";
  return text + "\n![Errors and the claimed slope](convergence.svg)\n";
}

std::string convergence_latex(std::span<const ConvergenceRow> rows) {
  std::string text =
      "\\begin{tabular}{rrllrlrlr}\n\\hline\n"
      "cells & $h$ & $\\tau$ & $L^1$ & order & $L^2$ & order & $L^\\infty$ & order \\\\\n\\hline\n";
  for (const ConvergenceRow& row : rows) {
    const auto e = error_words(row, "{:.3e}");
    text += fmt::format("{} & {:.4g} & {:.4g} & {} & {} & {} & {} & {} & {} \\\\\n", row.cells,
                        row.h, row.dt, e[0], number(row.order[0], "{:.2f}"), e[1],
                        number(row.order[1], "{:.2f}"), e[2], number(row.order[2], "{:.2f}"));
  }
  return text + "\\hline\n\\end{tabular}\n";
}

}  // namespace otto
