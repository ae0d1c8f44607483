"""A series as ParaView reads it, as numbers: for checks that nothing is lost on the way.

    xvfb-run -a -s -noreset pvbatch postprocess/paraview_dump.py DIR FILE

DIR is the folder given to `otto run -o`. FILE (.npz) gets `times`, as ParaView counts them, and of the last time
`density` with the `size` (length, area or volume) ParaView finds for each cell, cells in the order of the parts.
"""

import os
import sys

import numpy as np
from paraview import simple as pv
from paraview import servermanager
from paraview.vtk.util.numpy_support import vtk_to_numpy

SIZES = ("Volume", "Area", "Length")


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    series = os.path.join(sys.argv[1], "fields", "density.hdf.series")
    if not os.path.isfile(series):
        sys.exit(f"paraview_dump.py: {series} does not exist; is {sys.argv[1]} the folder of a run?")
    source = pv.OpenDataFile(os.path.abspath(series))
    times = np.atleast_1d(source.TimestepValues)
    sized = pv.CellSize(Input=source, ComputeVertexCount=0)
    sized.UpdatePipeline(times[-1])
    cells = servermanager.Fetch(sized).GetCellData()
    size = sum(vtk_to_numpy(cells.GetArray(name)) for name in SIZES)  # all but one are 0
    np.savez(sys.argv[2], times=times, density=vtk_to_numpy(cells.GetArray("density")), size=size)


if __name__ == "__main__":
    main()
