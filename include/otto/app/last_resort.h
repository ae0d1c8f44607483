#pragma once
// Ends the program on an error, on every rank, whatever the others are doing.

#include <mpi.h>

#include <exception>

#include "otto/core/error.h"

namespace otto {

/// Make one on every rank before anything can fail. Exceptions that no one can catch end the program
/// with a message and a status, too.
class LastResort {
 public:
  explicit LastResort(MPI_Comm comm = MPI_COMM_WORLD);
  ~LastResort();
  LastResort(const LastResort&) = delete;
  LastResort& operator=(const LastResort&) = delete;

  /// Prints the message once and returns the exit status, if every rank ended with an error (or is
  /// known to: Error::agreed). If the others do not come within a few seconds they are waiting for
  /// this rank elsewhere: prints the message and ends all ranks.
  [[nodiscard]] int report(const std::exception& e) const;
  /// Waits a few seconds for the others: true where every rank has come here. Collective.
  [[nodiscard]] bool everyone_failed() const;

 private:
  MPI_Comm meeting_ = MPI_COMM_NULL;  // used for nothing else
  int rank_ = 0, size_ = 1;
};

}  // namespace otto
