#pragma once
// Everything `otto fit` leaves in its folder: V.h5, W.h5, fitted.toml with start.h5, final.h5, history.csv,
// summary.json, log.txt, case.resolved.toml and checkpoints, and when it is asked to stop. A Newton step
// stands for a step of run_folder.h.

#include <filesystem>
#include <functional>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <span>
#include <string>
#include <vector>

#include "otto/core/error.h"
#include "otto/driver/network_files.h"
#include "otto/driver/resume.h"
#include "otto/infer/newton.h"
#include "otto/io/checkpoint.h"
#include "otto/io/field_series.h"
#include "otto/io/log.h"
#include "otto/mesh/mesh.h"

namespace otto {

/// A field of V.h5: so many numbers per owned cell.
struct FitField {
  std::string name;
  std::span<const double> values;
  int columns = 0;  ///< 0: one number per cell, a plain list
};

/// A dataset of W.h5, the same on every rank.
struct FitCurve {
  std::string name;
  std::vector<double> values;
};

class FitOutput {
 public:
  /// Answers signals from now on. Collective; throws IoError naming the folder or file.
  FitOutput(const Comm& comm, const Case& c, std::filesystem::path folder, Resumption resumption);
  ~FitOutput();
  FitOutput(const FitOutput&) = delete;
  FitOutput& operator=(const FitOutput&) = delete;

  [[nodiscard]] Log& log();
  [[nodiscard]] bool resumed() const;
  /// Newton steps so far, those before a resumption included.
  [[nodiscard]] int steps() const;
  [[nodiscard]] const std::filesystem::path& path() const;
  void introduce(const Mesh& mesh, const std::string& what);
  /// Restores what `remember` names where the fit is resumed. Collective.
  void start(const Mesh& mesh, const Remember& remember);
  /// Writes the row and says how it goes. True: stop here (a signal, or the wall time). Writes a
  /// checkpoint where one is due. Collective; throws IoError.
  bool add(const NewtonRow& row, bool last);
  /// Between rows. Collective; throws IoError.
  [[nodiscard]] bool stop_asked();
  /// The end there: a checkpoint of the last row, if there was one, and the summary. Collective; throws IoError.
  ExitStatus stop_between();
  void warn(const std::string& sentence);

  /// Opens the folder if no row has.
  void open();
  void write_V(std::span<const FitField> fields);
  void write_curves(const std::string& name, std::span<const FitCurve> curves);
  void write_text(const std::string& name, const std::string& text);
  /// Those that the root rank makes.
  void write_files(const std::function<std::vector<NamedBytes>()>& files);
  void write_density(const std::string& name, double time, std::span<const NamedField> fields);
  /// summary.json with `fit`. Collective; throws IoError.
  ExitStatus finish(const nlohmann::ordered_json& fit, std::span<const double> density);
  /// Leaves a summary.json with status "failed". Any rank, alone or together; never throws.
  void fail(const std::exception& error) noexcept;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace otto
