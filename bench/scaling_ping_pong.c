/* Half the time of the fastest message there and back between two ranks: of 8 bytes, and bytes per second of 4 MB. */
#include <mpi.h>
#include <stdio.h>
#include <stdlib.h>

static double half(char* buffer, int bytes, int times, int rank) {
  double best = 1;
  for (int i = 0; i < times; ++i) {
    const double began = MPI_Wtime();
    if (rank == 0) MPI_Send(buffer, bytes, MPI_BYTE, 1, 0, MPI_COMM_WORLD);
    if (rank < 2) MPI_Recv(buffer, bytes, MPI_BYTE, 1 - rank, 0, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
    if (rank == 1) MPI_Send(buffer, bytes, MPI_BYTE, 0, 0, MPI_COMM_WORLD);
    const double took = (MPI_Wtime() - began) / 2;
    if (took < best) best = took;
  }
  return best;
}

int main(int count, char** words) {
  enum { large = 1 << 22 };
  int rank = 0;
  char* buffer = calloc(large, 1);
  MPI_Init(&count, &words);
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  const double latency = half(buffer, 8, 5000, rank), seconds = half(buffer, large, 100, rank);
  if (rank == 0) printf("%g %g\n", latency, large / seconds);
  MPI_Finalize();
  free(buffer);
  return 0;
}
