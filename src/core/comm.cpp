#include "otto/core/comm.h"

#include <cmath>
#include <exception>
#include <limits>

#include "otto/core/error.h"

namespace otto {

namespace {

template <class T>
T reduce(MPI_Comm comm, T x, MPI_Datatype type, MPI_Op op) {
  T y{};
  MPI_Allreduce(&x, &y, 1, type, op, comm);
  return y;
}

}  // namespace

Comm::Comm(MPI_Comm comm) : comm_(comm) {
  MPI_Comm_rank(comm_, &rank_);
  MPI_Comm_size(comm_, &size_);
}

double Comm::sum(double x) const { return reduce(comm_, x, MPI_DOUBLE, MPI_SUM); }

double Comm::max(double x) const {
  // MPI_MAX compares and so may drop a NaN; the second entry carries it.
  double in[2] = {std::isnan(x) ? -std::numeric_limits<double>::infinity() : x,
                  std::isnan(x) ? 1.0 : 0.0};
  double out[2];
  MPI_Allreduce(in, out, 2, MPI_DOUBLE, MPI_MAX, comm_);
  return out[1] > 0 ? std::numeric_limits<double>::quiet_NaN() : out[0];
}

double Comm::min(double x) const { return -max(-x); }

std::int64_t Comm::sum(std::int64_t n) const { return reduce(comm_, n, MPI_INT64_T, MPI_SUM); }
std::int64_t Comm::max(std::int64_t n) const { return reduce(comm_, n, MPI_INT64_T, MPI_MAX); }
bool Comm::any(bool x) const { return reduce(comm_, x ? 1 : 0, MPI_INT, MPI_MAX) != 0; }

std::int64_t Comm::offset(std::int64_t owned) const {
  std::int64_t before = 0;
  MPI_Exscan(&owned, &before, 1, MPI_INT64_T, MPI_SUM, comm_);
  return rank_ == 0 ? 0 : before;
}

void Comm::sum_in_place(std::span<double> x) const {
  MPI_Allreduce(MPI_IN_PLACE, x.data(), static_cast<int>(x.size()), MPI_DOUBLE, MPI_SUM, comm_);
}

std::string Comm::broadcast(std::string text, int root) const {
  std::int64_t length = static_cast<std::int64_t>(text.size());
  MPI_Bcast(&length, 1, MPI_INT64_T, root, comm_);
  text.resize(static_cast<std::size_t>(length));
  MPI_Bcast(text.data(), static_cast<int>(length), MPI_CHAR, root, comm_);
  return text;
}

void Comm::together(const std::function<void()>& work) const {
  int status = 0;
  std::string message;
  try {
    work();
  } catch (const std::exception& e) {
    const Error error = as_error(e);
    status = static_cast<int>(error.status());
    message = error.what();
  }
  const int failing = reduce(comm_, status == 0 ? size_ : rank_, MPI_INT, MPI_MIN);
  if (failing == size_) return;
  MPI_Bcast(&status, 1, MPI_INT, failing, comm_);
  throw Error(static_cast<ExitStatus>(status), broadcast(message, failing), true);
}

}  // namespace otto
