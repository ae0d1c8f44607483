#pragma once
#include "otto/driver/history_writer.h"
#include "otto/driver/run_folder.h"

namespace otto {

/// Creates history.csv in the folder; where the run is resumed, goes on with the one of the run
/// that wrote the checkpoint. Says which rows are missing. Collective; throws IoError.
void open_history(RunFolder& folder, HistoryWriter& writer);
/// All rows are on the disk. Collective; throws IoError.
void settle_history(const RunFolder& folder, HistoryWriter& writer);
/// After the last row. Collective; throws IoError, also where the file was moved or removed meanwhile.
void finish_history(const RunFolder& folder, HistoryWriter& writer);

/// The folder of the run that wrote a checkpoint.
inline std::filesystem::path folder_of(const Checkpoint& from) {
  return from.stem().parent_path().parent_path();
}

}  // namespace otto
