#include "otto/analysis/convergence.h"

#include <fmt/format.h>

#include <cmath>

namespace otto {

namespace {

constexpr std::size_t always = 3;  ///< l1, l2, linf

/// Error i of a row, or its order, with the given form; empty where it is not known.
std::string error_word(const ConvergenceRow& row, std::size_t i, const char* form) {
  return i < row.error.size() ? fmt::format(fmt::runtime(form), row.error[i]) : "";
}
std::string order_word(const ConvergenceRow& row, std::size_t i, const char* form) {
  return i < row.order.size() && row.order[i] ? fmt::format(fmt::runtime(form), *row.order[i]) : "";
}

/// "L1", "max", "KL", ...: what a reader sees.
std::string heading(const std::string& norm) {
  if (norm == "linf") return "max";
  if (norm == "reverse_kl") return "reverse KL";
  if (norm == "energy") return "energy";
  std::string upper = norm;
  for (char& c : upper) c = char(std::toupper(c));
  return upper;
}

}  // namespace

void fill_orders(std::vector<ConvergenceRow>& rows) {
  for (std::size_t r = 1; r < rows.size(); ++r) {
    const ConvergenceRow& before = rows[r - 1];
    ConvergenceRow& row = rows[r];
    row.order.clear();
    if (before.error.empty() || row.error.empty()) continue;
    row.order.resize(row.error.size());
    const bool space = row.h < 0.999 * before.h;
    const double refinement = std::log(space ? before.h / row.h : before.dt / row.dt);
    for (std::size_t i = 0; i < row.error.size(); ++i) {
      const double rate = std::log(before.error[i] / row.error[i]) / refinement;
      if (std::isfinite(rate)) row.order[i] = rate;
    }
  }
}

std::string convergence_csv(const StudySubject& subject, std::span<const ConvergenceRow> rows) {
  std::string text = "level,cells,h,dt,l1,l2,linf,order_l1,order_l2,order_linf,seconds,steps";
  for (std::size_t i = always; i < subject.norms.size(); ++i) {
    text += fmt::format(",{0},order_{0}", subject.norms[i]);
  }
  for (const ConvergenceRow& row : rows) {
    text += fmt::format("\n{},{},{:.17g},{:.17g}", row.level, row.cells, row.h, row.dt);
    for (std::size_t i = 0; i < always; ++i)
      text += fmt::format(",{}", error_word(row, i, "{:.17g}"));
    for (std::size_t i = 0; i < always; ++i)
      text += fmt::format(",{}", order_word(row, i, "{:.6f}"));
    text += fmt::format(",{:.3f},{}", row.seconds, row.steps);
    for (std::size_t i = always; i < subject.norms.size(); ++i) {
      text += fmt::format(",{},{}", error_word(row, i, "{:.17g}"), order_word(row, i, "{:.6f}"));
    }
  }
  return text + "\n";
}

std::string convergence_markdown(const StudySubject& subject, std::span<const ConvergenceRow> rows,
                                 std::span<const std::string> remarks) {
  std::string text = fmt::format(
      "# Convergence: {}\n\nRefined: {}. Errors of cell averages at the end, against {}.\n\n"
      "| level | cells | h | dt | steps |",
      subject.title, subject.refined, subject.reference);
  std::string rule = "\n| --- | --- | --- | --- | --- |";
  for (const std::string& norm : subject.norms) {
    text += fmt::format(" {} | order |", heading(norm));
    rule += " --- | --- |";
  }
  text += " seconds |" + rule + " --- |\n";
  for (const ConvergenceRow& row : rows) {
    text += fmt::format("| {} | {} | {:.6g} | {:.6g} | {} |", row.level, row.cells, row.h, row.dt,
                        row.steps);
    for (std::size_t i = 0; i < subject.norms.size(); ++i) {
      text += fmt::format(" {} | {} |", error_word(row, i, "{:.3e}"), order_word(row, i, "{:.2f}"));
    }
    text += fmt::format(" {:.2f} |\n", row.seconds);
  }
  for (const std::string& remark : remarks) text += "\n" + remark + "\n";
  return text + "\n![Errors and the claimed slope](convergence.svg)\n";
}

std::string convergence_latex(const StudySubject& subject, std::span<const ConvergenceRow> rows) {
  std::string text = "\\begin{tabular}{rrl", head = "cells & $h$ & $\\tau$";
  for (const std::string& norm : subject.norms) {
    text += "lr";
    head += norm == "linf" ? " & $L^\\infty$ & order" : fmt::format(" & {} & order", heading(norm));
  }
  text += "}\n\\hline\n" + head + " \\\\\n\\hline\n";
  for (const ConvergenceRow& row : rows) {
    text += fmt::format("{} & {:.4g} & {:.4g}", row.cells, row.h, row.dt);
    for (std::size_t i = 0; i < subject.norms.size(); ++i) {
      text += fmt::format(" & {} & {}", error_word(row, i, "{:.3e}"), order_word(row, i, "{:.2f}"));
    }
    text += " \\\\\n";
  }
  return text + "\\hline\n\\end{tabular}\n";
}

}  // namespace otto
