#pragma once
// What every command that fills a folder needs.

#include <filesystem>

#include "otto/casefile/case.h"
#include "otto/core/comm.h"
#include "otto/driver/resume.h"
#include "otto/driver/stop_guard.h"
#include "otto/io/log.h"

namespace otto {

/// Removes what a killed run left half written; a file of that name is never a result. Root only;
/// never throws.
void remove_parts(const std::filesystem::path& folder);

/// Removes the results of an earlier run that would mix with those of a new one: the summary, the
/// series of fields, unfinished files. Root only; never throws.
void remove_earlier(const std::filesystem::path& folder);

/// A run that was not resumed by mistake loses no checkpoint: those of the last run in the folder
/// are set aside. Returns whether there were some. Root only; never throws.
bool set_checkpoints_aside(const std::filesystem::path& folder);

/// Makes room in the folder for the results to come: those of an earlier run go, but for what is
/// resumed, and the log tells what `resumption` has to say. Collective.
void make_room(const Comm& comm, const std::filesystem::path& folder, const Resumption& resumption,
               Log& log);

/// run.wall_minutes, counted from the start of the program.
void limit_wall_time(const Case& c, StopGuard& guard);

double peak_memory_mb();  ///< of this rank
double seconds_since_program_start();

}  // namespace otto
