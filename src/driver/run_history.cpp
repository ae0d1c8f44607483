#include "run_history.h"

namespace otto {

void open_history(RunFolder& folder, HistoryWriter& writer) {
  std::string warning;
  folder.comm().together([&] {
    if (!folder.comm().is_root()) return;
    const auto file = folder.path() / "history.csv";
    const auto& from = folder.resumption().checkpoint;
    if (!from) return writer.open(file);
    const auto earlier = folder_of(*from);
    std::error_code none;
    const bool here = std::filesystem::equivalent(earlier, folder.path(), none);
    warning = writer.resume(file, here ? file : earlier / "history.csv", from->step());
  });
  if (!warning.empty()) folder.log().warn(warning);
}

void settle_history(const RunFolder& folder, HistoryWriter& writer) {
  folder.comm().together([&] {
    if (folder.comm().is_root()) writer.flush(true);
  });
}

void finish_history(const RunFolder& folder, HistoryWriter& writer) {
  folder.comm().together([&] {
    if (folder.comm().is_root()) writer.finish();
  });
}

}  // namespace otto
