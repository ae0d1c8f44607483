// The commands of the program as functions of Python, and what package otto asks of case files.

#include "commands.h"

#include <pybind11/stl.h>

#include <optional>

#include "calls.h"
#include "host_parts.h"
#include "otto/app/commands.h"
#include "otto/casefile/case.h"
#include "otto/casefile/key.h"
#include "otto/casefile/suggest.h"
#include "otto/core/module.h"
#include "otto/version.h"

namespace otto::python {

namespace {

template <class T>
T entry(const py::dict& from, const char* name, T otherwise) {
  return from.contains(name) && !from[name].is_none() ? from[name].cast<T>() : otherwise;
}

std::string command(const std::string& name, std::intptr_t handle, const py::dict& asked) {
  const Comm comm = comm_of(handle);
  const RunOptions run = run_options(asked);
  ConvergeOptions study;
  study.levels = entry(asked, "levels", study.levels);
  study.refine = entry(asked, "refine", study.refine);
  study.target = entry(asked, "target", study.target);
  study.norms = entry(asked, "norms", study.norms);
  DistanceOptions distance;
  distance.first = entry<std::string>(asked, "first", "");
  distance.second = entry<std::string>(asked, "second", "");
  distance.output = run.output;
  distance.intervals = entry(asked, "intervals", distance.intervals);
  distance.tolerance = entry(asked, "tolerance", distance.tolerance);
  const int modes = entry(asked, "k", 6);
  const Call call(comm);
  int status = 0;
  try {
    const py::gil_scoped_release others_may_run;
    if (name == "run") status = run_command(run);
    if (name == "check") status = check_command(run);
    if (name == "train") status = train_command(run);
    if (name == "fit") status = fit_command(run);
    if (name == "converge") status = converge_command(run, study);
    if (name == "spectrum") status = spectrum_command(run, modes);
    if (name == "distance") status = distance_command(distance);
  } catch (const std::exception& error) {
    call.raise(error);
  }
  call.raise_interrupt();
  return status == int(ExitStatus::stopped) ? "stopped" : "done";
}

/// (key, value as TOML, given) of every key.
std::vector<std::tuple<std::string, std::string, bool>> settled(
    const std::string& text, const std::string& file, const std::vector<std::string>& settings) {
  std::vector<std::tuple<std::string, std::string, bool>> all;
  for (const auto& s : parse_case(text, file, settings).settled()) {
    all.emplace_back(s.key, s.value, s.given);
  }
  return all;
}

/// Throws InputError unless this is a declared key, or one of an open table. Entries may be numbered.
void check_key(const std::string& path) {
  std::string plain = path;
  const auto open = plain.find('['), close = plain.find(']');
  if (open != std::string::npos && close != std::string::npos && open < close) {
    plain.erase(open, close + 1 - open);
  }
  if (find_key(plain)) return;
  const auto dot = plain.rfind('.');
  const Table* table = dot == std::string::npos ? nullptr : find_table(plain.substr(0, dot));
  if (table && table->open) return;
  std::vector<std::string> known;
  for (const Key& key : declared_keys()) known.push_back(key.path);
  throw InputError(path + ": no such key" + did_you_mean(plain, known));
}

/// f() on every rank; what it raises anywhere is raised everywhere.
py::object together(std::intptr_t handle, const py::object& f) {
  const Comm comm = comm_of(handle);
  py::object result;
  called(comm, [&] { comm.together([&] { call_python([&] { result = f(); }); }); });
  return result;
}

py::bytes broadcast(std::intptr_t handle, const std::string& bytes) {
  const Comm comm = comm_of(handle);
  return py::bytes(called(comm, [&] { return comm.broadcast(bytes); }));
}

}  // namespace

RunOptions run_options(const py::dict& asked) {
  RunOptions run;
  run.case_file = entry<std::string>(asked, "file", "case.toml");
  if (asked.contains("text") && !asked["text"].is_none())
    run.text = asked["text"].cast<std::string>();
  run.output = entry<std::string>(asked, "out", "");
  run.settings = entry(asked, "settings", run.settings);
  run.petsc_words = entry(asked, "petsc", run.petsc_words);
  run.resume.from = entry<std::string>(asked, "resume", "");
  run.resume.may_change = entry(asked, "allow_change", run.resume.may_change);
  if (asked.contains("parts")) run.host = host_of(asked["parts"].cast<py::dict>());
  return run;
}

void register_commands(py::module_& m) {
  m.attr("version") = version;
  m.attr("revision") = revision;
  m.def("command", command);
  m.def("settled", settled);
  m.def("check_key", check_key);
  m.def("together", together);
  m.def("broadcast", broadcast);
  m.def("rank", [](std::intptr_t handle) { return comm_of(handle).rank(); });
  m.def("ranks", [](std::intptr_t handle) { return comm_of(handle).size(); });
  m.def("screen", set_python_screen);
  m.def("end_session", end_session);
}

}  // namespace otto::python
