/* Counts what a program asks of MPI, for bench/scaling: preloaded (LD_PRELOAD), it stands between the program and the
   library (MPI's profiling interface). A program says by MPI_Pcontrol(1) that a step begins, by MPI_Pcontrol(2) that the
   steps are over. At the end every rank appends to OTTO_COUNTS one line per interval:

     rank interval messages bytes allreduces allreduce_bytes gathers gather_bytes exchanges exchange_bytes broadcasts
     others peak_kB

   Messages are those to other ranks; gather bytes what a rank receives from others by MPI_Allgather(v), exchange bytes what
   it sends to others by MPI_Alltoall(v). */
#include <fcntl.h>
#include <mpi.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
  messages,
  bytes,
  allreduces,
  allreduce_bytes,
  gathers,
  gather_bytes,
  exchanges,
  exchange_bytes,
  broadcasts,
  others,
  kinds
};
enum { max_intervals = 256 };

static long now[kinds], saved[max_intervals][kinds];
static int kind_of[max_intervals], intervals = 0;

static long size_of(int count, MPI_Datatype type) {
  int size = 0;
  PMPI_Type_size(type, &size);
  return (long)count * size;
}

static int rank_of(MPI_Comm comm) {
  int rank = 0;
  PMPI_Comm_rank(comm, &rank);
  return rank;
}

static int ranks_of(MPI_Comm comm) {
  int size = 1;
  PMPI_Comm_size(comm, &size);
  return size;
}

static void sent(int count, MPI_Datatype type, int to, MPI_Comm comm) {
  if (to == MPI_PROC_NULL || to == rank_of(comm)) return;
  ++now[messages];
  now[bytes] += size_of(count, type);
}

int MPI_Pcontrol(const int level, ...) {
  if ((level == 1 || level == 2) && intervals < max_intervals) {
    kind_of[intervals] = level;
    memcpy(saved[intervals++], now, sizeof now);
  }
  return MPI_SUCCESS;
}

int MPI_Send(const void* b, int n, MPI_Datatype t, int to, int tag, MPI_Comm c) {
  sent(n, t, to, c);
  return PMPI_Send(b, n, t, to, tag, c);
}
int MPI_Isend(const void* b, int n, MPI_Datatype t, int to, int tag, MPI_Comm c, MPI_Request* r) {
  sent(n, t, to, c);
  return PMPI_Isend(b, n, t, to, tag, c, r);
}
int MPI_Sendrecv(const void* b, int n, MPI_Datatype t, int to, int tag, void* rb, int rn,
                 MPI_Datatype rt, int from, int rtag, MPI_Comm c, MPI_Status* s) {
  sent(n, t, to, c);
  return PMPI_Sendrecv(b, n, t, to, tag, rb, rn, rt, from, rtag, c, s);
}
int MPI_Allreduce(const void* b, void* r, int n, MPI_Datatype t, MPI_Op o, MPI_Comm c) {
  if (ranks_of(c) > 1) {
    ++now[allreduces];
    now[allreduce_bytes] += size_of(n, t);
  }
  return PMPI_Allreduce(b, r, n, t, o, c);
}
int MPI_Allgather(const void* b, int n, MPI_Datatype t, void* r, int rn, MPI_Datatype rt,
                  MPI_Comm c) {
  if (ranks_of(c) > 1) {
    ++now[gathers];
    now[gather_bytes] += (ranks_of(c) - 1) * size_of(rn, rt);
  }
  return PMPI_Allgather(b, n, t, r, rn, rt, c);
}
int MPI_Allgatherv(const void* b, int n, MPI_Datatype t, void* r, const int* rn, const int* at,
                   MPI_Datatype rt, MPI_Comm c) {
  if (ranks_of(c) > 1) {
    ++now[gathers];
    for (int k = 0; k < ranks_of(c); ++k)
      now[gather_bytes] += k == rank_of(c) ? 0 : size_of(rn[k], rt);
  }
  return PMPI_Allgatherv(b, n, t, r, rn, at, rt, c);
}
int MPI_Alltoall(const void* b, int n, MPI_Datatype t, void* r, int rn, MPI_Datatype rt,
                 MPI_Comm c) {
  if (ranks_of(c) > 1) {
    ++now[exchanges];
    now[exchange_bytes] += (ranks_of(c) - 1) * size_of(n, t);
  }
  return PMPI_Alltoall(b, n, t, r, rn, rt, c);
}
int MPI_Alltoallv(const void* b, const int* n, const int* at, MPI_Datatype t, void* r,
                  const int* rn, const int* rat, MPI_Datatype rt, MPI_Comm c) {
  if (ranks_of(c) > 1) {
    ++now[exchanges];
    for (int k = 0; k < ranks_of(c); ++k)
      now[exchange_bytes] += k == rank_of(c) ? 0 : size_of(n[k], t);
  }
  return PMPI_Alltoallv(b, n, at, t, r, rn, rat, rt, c);
}
int MPI_Bcast(void* b, int n, MPI_Datatype t, int root, MPI_Comm c) {
  if (ranks_of(c) > 1) ++now[broadcasts];
  return PMPI_Bcast(b, n, t, root, c);
}
#define OTHER(name, parameters, arguments, comm) \
  int MPI_##name parameters {                    \
    if (ranks_of(comm) > 1) ++now[others];       \
    return PMPI_##name arguments;                \
  }
OTHER(Barrier, (MPI_Comm c), (c), c)
OTHER(Exscan, (const void* b, void* r, int n, MPI_Datatype t, MPI_Op o, MPI_Comm c),
      (b, r, n, t, o, c), c)
OTHER(Scan, (const void* b, void* r, int n, MPI_Datatype t, MPI_Op o, MPI_Comm c),
      (b, r, n, t, o, c), c)
OTHER(Reduce, (const void* b, void* r, int n, MPI_Datatype t, MPI_Op o, int root, MPI_Comm c),
      (b, r, n, t, o, root, c), c)
OTHER(Gather,
      (const void* b, int n, MPI_Datatype t, void* r, int rn, MPI_Datatype rt, int root,
       MPI_Comm c),
      (b, n, t, r, rn, rt, root, c), c)
OTHER(Gatherv,
      (const void* b, int n, MPI_Datatype t, void* r, const int* rn, const int* at, MPI_Datatype rt,
       int root, MPI_Comm c),
      (b, n, t, r, rn, at, rt, root, c), c)

static long peak(void) {
  char line[256];
  long kB = 0;
  FILE* status = fopen("/proc/self/status", "r");
  while (status && fgets(line, sizeof line, status)) sscanf(line, "VmHWM: %ld", &kB);
  if (status) fclose(status);
  return kB;
}

int MPI_Finalize(void) {
  const char* file = getenv("OTTO_COUNTS");
  const int rank = rank_of(MPI_COMM_WORLD);
  const int out = file ? open(file, O_WRONLY | O_CREAT | O_APPEND, 0666) : -1;
  for (int i = 0; out >= 0 && i < intervals; ++i) {
    const long* end = i + 1 < intervals ? saved[i + 1] : now;
    char line[512];
    int length = snprintf(line, sizeof line, "%d %d", rank, kind_of[i]);
    for (int k = 0; k < kinds; ++k)
      length += snprintf(line + length, sizeof line - (size_t)length, " %ld", end[k] - saved[i][k]);
    length += snprintf(line + length, sizeof line - (size_t)length, " %ld\n", peak());
    if (write(out, line, (size_t)length) != length) return PMPI_Finalize();
  }
  if (out >= 0) close(out);
  return PMPI_Finalize();
}
