"""Pictures of a run through ParaView, without a screen: one PNG per output time.

    xvfb-run -a -s -noreset pvbatch postprocess/paraview_view.py DIR

DIR is the folder given to `otto run -o`; the pictures go to DIR/pictures/paraview_NNNN.png. 1-D
densities are drawn as curves, 2-D ones as coloured cells (or warped surfaces), 3-D ones as contour
surfaces (boxes) or three slices (meshes: their cells share no points, so nothing is continuous there).
Use `pvpython` in place of `pvbatch` where there is a screen.
"""

import argparse
import json
import os
import sys

CONTOURS = (0.05, 0.25, 0.5, 0.8)  # of the largest density shown


def parse_arguments():
    parser = argparse.ArgumentParser(
        prog="paraview_view.py", description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("folder", metavar="DIR", help="results of a run")
    parser.add_argument("--time", type=float, metavar="T", help="only the output time nearest to T")
    parser.add_argument("--field", default="density", help="cell field to draw: committor, mean_exit_time, mode_1, ..., or current: arrows over the\n"
                        "stationary density (default: density)")
    parser.add_argument("--show", choices=("contours", "slices"),
                        help="how to look into 3 dimensions (default: contours on boxes, else slices)")
    parser.add_argument("--warp", type=float, metavar="S", default=0.0,
                        help="2-D: raise the surface by S times the field")
    parser.add_argument("--common", action="store_true",
                        help="one scale for all times instead of one for each")
    parser.add_argument("--size", type=int, nargs=2, metavar=("W", "H"), default=(900, 700))
    parser.add_argument("--output", metavar="FOLDER", help="default: DIR/pictures")
    return parser.parse_args()


def find_series(folder):
    """The index of the series and its times."""
    series = os.path.join(folder, "fields", "density.hdf.series")
    if not os.path.isfile(series):
        sys.exit(f"paraview_view.py: {series} does not exist; is {folder} the folder of a run?")
    with open(series, encoding="utf-8") as stream:
        return series, [entry["time"] for entry in json.load(stream)["files"]]


def cell_range(source, time, field):
    """Smallest and largest value of a cell field at a time."""
    source.UpdatePipeline(time)
    array = source.CellData.GetArray(field)
    if array is None:
        names = ", ".join(source.CellData[i].Name for i in range(len(source.CellData)))
        raise LookupError(f"there is no cell field '{field}'; there are: {names}")
    return array.GetRange(0)


def joint_range(ranges):
    """One range for several; it starts at 0 where that is all but true, and is even about 0 for both signs."""
    low, high = min(r[0] for r in ranges), max(r[1] for r in ranges)
    if 0 <= low < 0.01 * high:
        low = 0.0
    if signed(low, high):
        low, high = -max(-low, high), max(-low, high)
    return (low, high) if high > low else (low, low + 1)


def signed(low, high):
    """Both signs count, as in a mode."""
    return -low > 0.01 * high > 0


def dimension_of(source):
    bounds = source.GetDataInformation().GetBounds()
    extents = [bounds[2 * a + 1] - bounds[2 * a] for a in range(3)]
    return max(sum(1 for e in extents if e > 1e-12 * max(extents)), 1)


def draw_curve(pv, source, field, size):
    """1-D: the field over x, at the cell centres."""
    view = pv.CreateView("XYChartView")
    view.ViewSize = list(size)
    view.BottomAxisTitle, view.LeftAxisTitle = "x", field
    shown = pv.Show(pv.CellCenters(Input=source), view, "XYChartRepresentation")
    shown.UseIndexForXAxis = 0
    shown.XArrayName = "Points_X"
    shown.SeriesVisibility = [field]
    shown.SeriesColor = [field, "0.17", "0.42", "0.64"]
    shown.SeriesLineThickness = [field, "3"]

    def set_range(low, high):
        view.LeftAxisUseCustomRange = 1
        view.LeftAxisRangeMinimum, view.LeftAxisRangeMaximum = low, high + 0.05 * (high - low)

    return view, set_range


def make_render_view(pv, size):
    view = pv.CreateView("RenderView")
    view.ViewSize = list(size)
    view.UseColorPaletteForBackground = 0
    view.Background = [1.0, 1.0, 1.0]
    view.OrientationAxesVisibility = 0
    return view


def colour(pv, shown, view, field, association, both_signs=False):
    pv.ColorBy(shown, (association, field))
    shown.SetScalarBarVisibility(view, True)
    table = pv.GetColorTransferFunction(field)
    table.ApplyPreset("Cool to Warm" if both_signs else "Viridis (matplotlib)", True)
    bar = pv.GetScalarBar(table, view)
    bar.Title, bar.ComponentTitle = field, ""
    bar.TitleColor = bar.LabelColor = [0.1, 0.1, 0.1]
    return table


def draw_arrows(pv, source, size):
    """2-D: the stationary current over the stationary density."""
    view, set_range = draw_surface(pv, source, "stationary_density", size, 0)
    current = pv.Calculator(Input=pv.CellCenters(Input=source), ResultArrayName="current",
                            Function="current_x*iHat + current_y*jHat")
    bounds = source.GetDataInformation().GetBounds()
    current.UpdatePipeline()
    longest = max(abs(v) for v in current.PointData["current"].GetRange(-1))
    arrows = pv.Glyph(Input=current, GlyphType="2D Glyph", OrientationArray=["POINTS", "current"],
                      ScaleArray=["POINTS", "current"], MaximumNumberOfSamplePoints=400,
                      ScaleFactor=0.08 * max(bounds[1] - bounds[0], bounds[3] - bounds[2]) / (longest or 1))
    arrows.GlyphType.GlyphType = "Arrow"
    shown = pv.Show(arrows, view)
    shown.ColorArrayName = ["POINTS", ""]
    shown.AmbientColor = shown.DiffuseColor = [1.0, 1.0, 1.0]
    shown.LineWidth = 2
    return view, set_range


def draw_surface(pv, source, field, size, warp, both_signs=False):
    """2-D: coloured cells, or the graph of the field."""
    view = make_render_view(pv, size)
    association = "CELLS"
    if warp:
        points = pv.CellDatatoPointData(Input=source)
        source = pv.WarpByScalar(Input=points, Scalars=["POINTS", field], ScaleFactor=warp)
        association = "POINTS"
    shown = pv.Show(source, view)
    table = colour(pv, shown, view, field, association, both_signs)
    if warp:
        view.CameraPosition, view.CameraViewUp = [-1, -1.6, 1.4], [0, 0, 1]
        view.CameraFocalPoint = [0, 0, 0]
    return view, table.RescaleTransferFunction


def draw_volume(pv, source, field, size, show):
    """3-D: nested contour surfaces, or three slices through the middle; and the box around."""
    view = make_render_view(pv, size)
    outline = pv.Show(pv.Outline(Input=source), view)
    outline.AmbientColor = outline.DiffuseColor = [0.3, 0.3, 0.3]
    if show == "slices":
        return draw_slices(pv, source, field, view)
    points = pv.CellDatatoPointData(Input=source)
    contour = pv.Contour(Input=points, ContourBy=["POINTS", field], Isosurfaces=[1.0])
    shown = pv.Show(contour, view)
    shown.Opacity = 0.35
    table = colour(pv, shown, view, field, "POINTS")

    def set_range(low, high):
        contour.Isosurfaces = [low + c * (high - low) for c in CONTOURS]
        table.RescaleTransferFunction(low, high * CONTOURS[-1])

    return turn(view), set_range


def draw_slices(pv, source, field, view):
    bounds = source.GetDataInformation().GetBounds()
    middle = [(bounds[2 * a] + bounds[2 * a + 1]) / 2 for a in range(3)]
    for axis in range(3):
        cut = pv.Slice(Input=source)
        cut.SliceType.Origin = middle
        cut.SliceType.Normal = [1.0 if a == axis else 0.0 for a in range(3)]
        table = colour(pv, pv.Show(cut, view), view, field, "CELLS")
    return turn(view), table.RescaleTransferFunction


def turn(view):
    view.CameraPosition, view.CameraFocalPoint = [1.6, -2.2, 1.3], [0, 0, 0]
    view.CameraViewUp = [0, 0, 1]
    return view


def title_of(pv, view):
    """A function that writes the time into the picture."""
    if hasattr(view, "ChartTitle"):
        return lambda text: setattr(view, "ChartTitle", text)
    words = pv.Text()
    shown = pv.Show(words, view)
    shown.Color, shown.FontSize = [0.1, 0.1, 0.1], 14
    return lambda text: setattr(words, "Text", text)


def draw(pv, source, arguments, both_signs):
    dimension = dimension_of(source)
    if arguments.field == "current":
        if dimension != 2:
            raise LookupError("arrows are drawn in the plane only; draw current_x, ... one by one")
        return draw_arrows(pv, source, arguments.size)
    if dimension == 1:
        return draw_curve(pv, source, arguments.field, arguments.size)
    if dimension == 2:
        return draw_surface(pv, source, arguments.field, arguments.size, arguments.warp, both_signs)
    box = source.GetDataInformation().GetDataSetTypeAsString() == "vtkImageData"
    show = arguments.show or ("contours" if box else "slices")
    return draw_volume(pv, source, arguments.field, arguments.size, show)


def main():
    arguments = parse_arguments()
    series, times = find_series(arguments.folder)
    try:
        import paraview.simple as pv
    except ModuleNotFoundError:
        sys.exit("paraview_view.py: run it with pvbatch or pvpython, ParaView's own Python")
    pv._DisableFirstRenderCameraReset()
    source = pv.OpenDataFile(os.path.abspath(series))
    try:
        draw_all(pv, source, times, arguments)
    except LookupError as error:
        print(f"paraview_view.py: {error}", file=sys.stderr, flush=True)
        pv.Delete(source)  # ParaView complains at length when left with an open file
        return 1
    return 0


def draw_all(pv, source, times, arguments):
    chosen = range(len(times))
    if arguments.time is not None:
        chosen = [min(chosen, key=lambda i: abs(times[i] - arguments.time))]
    coloured = "stationary_density" if arguments.field == "current" else arguments.field
    ranges = {i: cell_range(source, times[i], coloured) for i in chosen}
    view, set_range = draw(pv, source, arguments, any(signed(*r) for r in ranges.values()))
    set_title = title_of(pv, view)
    folder = arguments.output or os.path.join(arguments.folder, "pictures")
    os.makedirs(folder, exist_ok=True)
    for i in chosen:
        view.ViewTime = times[i]
        set_range(*joint_range(list(ranges.values()) if arguments.common else [ranges[i]]))
        set_title(f"t = {times[i]:g}")
        if i == chosen[0] and hasattr(view, "CameraPosition"):
            pv.Render(view)
            view.ResetCamera(False)
        picture = os.path.join(folder, f"paraview_{i:04d}.png")
        pv.SaveScreenshot(picture, view, ImageResolution=list(arguments.size))
        print(picture)


if __name__ == "__main__":
    if main():
        sys.exit(1)
