#include "otto/driver/history.h"

#include <fmt/format.h>

#include <cmath>
#include <iterator>

#include "../io/csv_rows.h"
#include "otto/core/error.h"

namespace otto {

namespace {

std::string header(std::span<const std::string> extra) {
  std::string line =
      "step,time,dt,mass,min_density,max_density,free_energy,dissipation,edi_gap,"
      "newton_iterations,linear_iterations,wall_seconds";
  for (const auto& name : extra) line += "," + name;
  return line + "\n";
}

}  // namespace

void History::open(const std::filesystem::path& file, std::span<const std::string> extra) {
  file_.open(file);
  file_.append(header(extra));
  flush();
}

std::string History::resume(const std::filesystem::path& file, const std::filesystem::path& from,
                            std::span<const std::string> extra, long step) {
  const std::string head = header(extra);
  std::error_code code;
  if (from != file && std::filesystem::exists(from, code)) {
    std::filesystem::copy_file(from, file, std::filesystem::copy_options::overwrite_existing, code);
    if (code)
      throw IoError(file.string() + ": cannot copy " + from.string() + ": " + code.message());
  }
  const RowExtent e = row_extent(file, head, step, "steps");
  if (!e.same_columns) {
    const bool exists = std::filesystem::exists(file, code);
    if (exists) std::filesystem::rename(file, file.parent_path() / "history.before.csv", code);
    open(file, extra);
    return fmt::format("{}: {}; it begins at step {}", file.string(),
                       exists ? "had other columns and is kept as history.before.csv"
                              : "the earlier rows are not there",
                       step + 1);
  }
  file_.open_at(file, e.length);
  if (e.last == step && e.why_missing.empty()) return "";
  return fmt::format("{}: {}", file.string(),
                     e.why_missing.empty()
                         ? fmt::format("steps {} to {} are missing", e.last + 1, step)
                         : e.why_missing);
}

void History::add(const StepRecord& r, std::span<const double> extra) {
  const Ledger& l = r.ledger;
  const auto end = std::back_inserter(file_.buffer());
  fmt::format_to(end, "{},{},{},{},{},{},{},{},{},{},{},{:.6g}", r.step, r.time, r.dt, l.mass,
                 l.min_density, l.max_density, l.free_energy, l.dissipation, r.edi_gap,
                 r.newton_iterations, r.linear_iterations, r.wall_seconds);
  for (const double x : extra) {
    if (std::isnan(x)) {
      file_.append(",");
    } else {
      fmt::format_to(end, ",{}", x);
    }
  }
  file_.append("\n");
  if (std::chrono::steady_clock::now() - flushed_ >= std::chrono::seconds(1)) flush();
}

void History::flush(bool durable) {
  file_.flush(durable);
  flushed_ = std::chrono::steady_clock::now();
}

}  // namespace otto
