#include <petscmat.h>

#include "otto/core/petsc_check.h"
#include "part.h"

namespace otto::gmsh {

std::vector<std::int32_t> ptscotch(const Graph& graph, const std::vector<std::int32_t>& weights,
                                   int parts) {
  using MatOwner = PetscOwner<Mat, MatDestroy>;
  const auto n = PetscInt(weights.size());
  // PETSc takes the arrays over and frees them.
  PetscInt *begin = nullptr, *neighbour = nullptr, *weight = nullptr;
  check(PetscMalloc1(graph.begin.size(), &begin));
  check(PetscMalloc1(graph.neighbour.size(), &neighbour));
  check(PetscMalloc1(weights.size(), &weight));
  std::copy(graph.begin.begin(), graph.begin.end(), begin);
  std::copy(graph.neighbour.begin(), graph.neighbour.end(), neighbour);
  std::copy(weights.begin(), weights.end(), weight);
  MatOwner adjacency;
  check(MatCreateMPIAdj(PETSC_COMM_SELF, n, n, begin, neighbour, nullptr, adjacency.out()));
  PetscOwner<MatPartitioning, MatPartitioningDestroy> partitioning;
  check(MatPartitioningCreate(PETSC_COMM_SELF, partitioning.out()));
  check(MatPartitioningSetAdjacency(partitioning, adjacency));
  check(MatPartitioningSetVertexWeights(partitioning, weight));
  check(MatPartitioningSetType(partitioning, MATPARTITIONINGPTSCOTCH));
  check(MatPartitioningSetNParts(partitioning, parts));
  PetscOwner<IS, ISDestroy> shares;
  check(MatPartitioningApply(partitioning, shares.out()));
  const PetscInt* rank = nullptr;
  check(ISGetIndices(shares, &rank));
  std::vector<std::int32_t> result(rank, rank + n);
  check(ISRestoreIndices(shares, &rank));
  return result;
}

}  // namespace otto::gmsh
