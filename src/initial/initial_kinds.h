#pragma once
// Initial densities by kind: cell averages on owned cells, up to a factor. None of them
// communicates (except gibbs); what is wrong is an InputError.

#include <vector>

#include "otto/casefile/case.h"
#include "otto/energy/free_energy.h"
#include "otto/mesh/mesh.h"

namespace otto {

/// N(mean, covariance), wrapped on periodic axes.
std::vector<double> gaussian_density(const Section& initial, const Mesh& mesh);
/// exp(-V/kT) at the cell centres, the largest being 1. Collective.
std::vector<double> gibbs_density(const Mesh& mesh, const FreeEnergy& energy);
/// Samples counted in the cells of a box.
std::vector<double> sampled_density(const Section& initial, const Mesh& mesh);

/// Says so where the mesh holds little of the Gaussian: `found` is the mass of gaussian_density.
void check_gaussian_mass(const Section& initial, const Mesh& mesh, double found);

}  // namespace otto
