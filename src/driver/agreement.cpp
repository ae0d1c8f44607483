#include "agreement.h"

#include "otto/core/error.h"

namespace otto {

Agreement agree(const Comm& comm, const StopGuard& guard, bool checkpoint_due,
                const std::optional<std::string>& trouble) {
  constexpr int troubled = 8, due = 16;  // beside StopGuard's reasons
  int mine = guard.reason() | (trouble ? troubled : 0) | (checkpoint_due ? due : 0), all = 0;
  MPI_Allreduce(&mine, &all, 1, MPI_INT, MPI_BOR, comm.handle());
  if ((all & troubled) != 0) {
    throw Error(ExitStatus::io, comm.broadcast(trouble.value_or("")), true);
  }
  return {StopGuard::chosen(all), (all & due) != 0};
}

}  // namespace otto
