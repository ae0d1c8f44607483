// What [output] and [run] accept, and what of it this build can do.

#include "otto/casefile/case.h"
#include "otto/casefile/key.h"
#include "otto/core/error.h"
#include "otto/driver/run_output.h"
#include "otto/io/vtk_module.h"

namespace otto {

namespace {

const Declare keys{
    {{.path = "output", .doc = "What a run writes besides its history and final state."},
     {.path = "run", .doc = "How a run is carried out."}},
    {{.path = "output.format",
      .type = Type::text,
      .doc = "Format of the series of fields.",
      .fallback = "\"vtkhdf\""},
     {.path = "output.fields",
      .type = Type::texts,
      .doc = "Cell fields of the series; the density is always there.",
      .fallback = "[\"density\"]"},
     {.path = "output.moments",
      .type = Type::flag,
      .doc =
          "Further columns of history.csv: mean and covariance, the mass of a cell at its centre.",
      .fallback = "false",
      .equation = "m = sum vol rho x / mass, C = sum vol rho (x - m)(x - m)^T / mass"},
     {.path = "run.wall_minutes",
      .doc = "Stop resumably, with all results on disk, before the run has taken this long; for "
             "batch queues.",
      .range = positive,
      .unit = "min"}},
    {{"output.format", "vtkhdf", "VTKHDF through parallel HDF5: fields/density.hdf.series."},
     {"output.format", "vtk", "VTK's XML files: fields/density.pvd; needs the VTK module."},
     {"output.format", "none", "No series of fields."},
     {"output.fields", "density", "The density.", "rho"},
     {"output.fields", "external_energy", "The external energy at cell centres.", "V"},
     {"output.fields", "chemical_potential", "The first variation of the free energy.",
      "mu = U'(rho) + V + W * rho"},
     {"output.fields", "volume", "The volume of each cell."},
     {"output.fields", "region",
      "The region of each cell, counted from 0 in the order of the mesh file, the first of "
      "several; "
      "of a cell across borders the one with the largest share; -1: none."},
     {"output.fields", "rank", "The MPI rank that owns each cell."}}};

}  // namespace

void check_output(const Case& c) {
  const Section output = c.section("output");
  if (output.text("format") != "vtk") return;
  try {
    require_vtk_module();
  } catch (const InputError& e) {
    output.fail("format", e.what());
  }
}

}  // namespace otto
