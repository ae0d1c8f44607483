"""The curated bad mesh files: a good one, and what may be wrong with it."""

from bad_cases import BASE, Bad, encoded

CASE = BASE.replace('kind = "box"', 'kind = "gmsh"\nfile = "mesh.msh"')
for key in ("lower", "upper", "cells", "periodic"):
    CASE = "".join(l for l in CASE.splitlines(True) if not l.startswith(key + " = "))

ELEMENTS = CASE.replace('file = "mesh.msh"', 'file = "mesh.msh"\ncontrol_volumes = "elements"')
MEDIANS = ELEMENTS.replace('"elements"', '"medians"')

# The square [-1, 1]^2 in four triangles around (0.1, 0.05), inside "inside"; its right side "exit".
MESH = """\
$MeshFormat
2.2 0 8
$EndMeshFormat
$PhysicalNames
2
1 1 "exit"
2 2 "inside"
$EndPhysicalNames
$Nodes
5
1 -1 -1 0
2 1 -1 0
3 1 1 0
4 -1 1 0
5 0.1 0.05 0
$EndNodes
$Elements
5
1 1 2 1 1 2 3
2 2 2 2 1 1 2 5
3 2 2 2 1 2 3 5
4 2 2 2 1 3 4 5
5 2 2 2 1 4 1 5
$EndElements
"""


def mesh(name, content, *words, case=CASE, line=None, suggestion=None):
    """A good case with a bad mesh: the message names the mesh file."""
    files = {} if content is None else {"mesh.msh": encoded(content)}
    return Bad(name, ("mesh.msh", *words) if line is None else words, line, suggestion,
               encoded(case), files=files)


def changed(name, old, new, *words):
    assert MESH.count(old) == 1, (name, old)
    return mesh(name, MESH.replace(old, new), *words)


def in_case(name, old, new, *words, at=0, suggestion=None):
    assert CASE.count(old) == 1, (name, old)
    line = CASE[:CASE.index(old)].count("\n") + 1 + at
    return mesh(name, MESH, *words, case=CASE.replace(old, new), line=line, suggestion=suggestion)


APART = ("5 0", "6 0", "5.5 1")  # corners of a third cell, for a third rank


def plain(nodes, elements):
    """A mesh without names; elements are written "type tags ... nodes"."""
    numbered = lambda lines, end="": "".join(f"{i} {l}{end}\n" for i, l in enumerate(lines, 1))
    return (f"$MeshFormat\n2.2 0 8\n$EndMeshFormat\n$Nodes\n{len(nodes)}\n{numbered(nodes, ' 0')}"
            f"$EndNodes\n$Elements\n{len(elements)}\n{numbered(elements)}$EndElements\n")


def line_of(case, word):
    return case[:case.index(word)].count("\n") + 1


def medians(name, old, new, *words, at=None, suggestion=None, tail=""):
    """A good case on cells bounded by medians, but for one change; `at`: a word of the line the message names."""
    assert MEDIANS.count(old) == 1, (name, old)
    case = MEDIANS.replace(old, new) + tail
    if "flux" not in name:
        case = case.replace('[flux]\nkind = "scharfetter_gummel"\n', "")
    return Bad(name, words, line_of(case, at or new), suggestion, encoded(case),
               files={"mesh.msh": encoded(MESH)})


def on_medians():
    for flux in ("upwind", "centred", "square_root"):
        yield medians(f"flux {flux} between medians", '"scharfetter_gummel"', f'"{flux}"', "flux.kind",
                      flux, "simplex")
    for scheme in ("jko", "jko_bdf2", "jko_midpoint"):
        yield medians(f"scheme {scheme} between medians", '"implicit_euler"', f'"{scheme}"', "time.scheme",
                      "medians", "implicit_euler")
    yield medians("midpoint rule with a drift between medians", '"implicit_euler"',
                  '"midpoint"', "midpoint", "medians", at='scheme = ', tail='[drift]\nexpression = ["1", "0"]\n')
    yield medians("interactions between medians", '[initial]',
                  '[[energy]]\nkind = "interaction"\nlibrary = "quadratic"\n[initial]', "interactions",
                  at='control_volumes')
    yield medians("no entropy between medians", 'kind = "entropy"\ntemperature = 1.0',
                  'kind = "power"\nexponent = 2.0', "medians", "negative", at='control_volumes')
    yield medians("misspelt control volumes", '"medians"', '"median"', "median", suggestion="medians")
    yield medians("misspelt choice of control volumes", '"medians"', '"atuo"', "atuo", suggestion="auto")


EMPTY = MESH.replace('$PhysicalNames\n2\n', '$PhysicalNames\n3\n2 9 "empty"\n')


def in_several_groups():
    for table, old, new in (("initial", "[initial]\n", '[initial]\nregion = "empty"\n'),
                            ("energy", 'kind = "external"\n', 'kind = "external"\nregion = "empty"\n')):
        for cells in ("auto", "elements", "medians"):
            case = CASE.replace(old, new).replace('file = "mesh.msh"',
                                                  f'file = "mesh.msh"\ncontrol_volumes = "{cells}"')
            yield Bad(f"empty region of {table}, {cells}", (".region", "'empty'", "no cell"),
                      line_of(case, 'region = "empty"'), None, encoded(case), files={"mesh.msh": encoded(EMPTY)})
    twice = MESH.replace("$Elements\n5\n", "$Elements\n6\n").replace("$EndElements", "6 2 2 7 1 1 2 5\n$EndElements")
    tensors = "".join(f'[[diffusion.region]]\nname = "{name}"\ntensor = [[{T}, 0], [0, 1]]\n'
                      for name, T in (("inside", 2), ("7", 3)))
    case = CASE.replace('"scharfetter_gummel"', '"simplex"').replace("[solver]", tensors + "[solver]")
    yield Bad("two tensors in one cell", ("'7'", "shares cells", "tensor"), line_of(case, 'name = "7"'), None,
              encoded(case),
              files={"mesh.msh": encoded(twice)})
    same = "".join(f'[[diffusion.region]]\nname = "inside"\nexpression = "{D}"\n' for D in (2, 3))
    case = CASE.replace("[solver]", same + "[solver]")
    yield Bad("a region with two diffusions", ("'inside'", "has its diffusion already"),
              case[:case.rindex('name = "inside"')].count("\n") + 1, None, encoded(case), files={"mesh.msh": encoded(MESH)})
    yield changed("coordinate with two signs", "0.1 0.05 0", "+-0.1 0.05 0", "'+-0.1'")
    parametric = MESH.replace("Nodes", "ParametricNodes")
    yield mesh("parametric nodes without their entity", parametric, "an entity")
    yield mesh("partitioned entities cut off",
               '$MeshFormat\n4.1 0 8\n$EndMeshFormat\n$PartitionedEntities\n2\n0\n0 0 1 0\n7 2 1 1 1 0 0 0 ',
               "ends in the middle")
    yield mesh("partitioned entities with a damaged count",
               '$MeshFormat\n4.1 0 8\n$EndMeshFormat\n$PartitionedEntities\n2\n-3\n0 0 1 0\n', "-3")
    two = MESH[:MESH.index("$Elements")] + "$Elements\n4\n" + "".join(
        f"{i} 2 4 2 1 1 2 {v} 5\n" for i, v in enumerate(("1 2", "2 3", "3 4", "4 1"), 1)) + "$EndElements\n"
    yield mesh("one of two partitions", two, "1 of 2 partitions", "without -part_split")
    yield mesh("one of two partitions of 4.1",
               "$MeshFormat\n4.1 0 8\n$EndMeshFormat\n$PartitionedEntities\n2\n0\n0 0 1 0\n"
               "7 2 1 1 1 0 0 0 1 1 0 0 0\n$EndPartitionedEntities\n$Nodes\n1 3 1 3\n2 7 0 3\n1\n2\n3\n"
               "0 0 0\n1 0 0\n0 1 0\n$EndNodes\n$Elements\n1 1 1 1\n2 7 2 1\n1 1 2 3\n$EndElements\n",
               "1 of 2 partitions")
    yield mesh("lines only, beside a group", MESH[:MESH.index("$Elements")] +
               "$Elements\n1\n1 1 2 1 1 2 3\n$EndElements\n", "lines only", "leaves out", "Mesh.SaveAll")


def bad_meshes():
    yield mesh("mesh file that is not there", None, "'mesh.msh'", "no such file", line=4)
    yield mesh("empty mesh", "", "empty")
    yield mesh("mesh that is something else", "solid cube\n facet normal 0 0 1\n", "$MeshFormat")
    yield mesh("mesh of format 1", "$NOD\n3\n1 0 0 0\n2 1 0 0\n3 0 1 0\n$ENDNOD\n$ELM\n1\n1 2 1 1 3 1 2 3\n$ENDELM\n",
               "format 1", "2.2 and 4.1", suggestion="msh41")
    yield mesh("mesh of another program", "# vtk DataFile Version 3.0\nx\nASCII\n", "$MeshFormat",
               suggestion="-format msh41")
    yield mesh("nothing but comments", "$Comments\nby hand\n$EndComments\n", "$MeshFormat")
    yield mesh("picture as a mesh", b"\x89PNG\r\n\x1a\n" + bytes(range(256)), "$MeshFormat")
    yield changed("mesh of format 4.0", "2.2 0 8", "4.0 0 8", "4.0", "-format msh41")
    yield changed("mesh with short numbers", "2.2 0 8", "2.2 0 4", "4 bytes")
    yield mesh("mesh cut off in a node", MESH[:MESH.index("0.05 0")], "ends in the middle")
    yield mesh("mesh cut off between sections", MESH[:MESH.index("$Elements")], "no $Elements")
    yield mesh("mesh cut off in an element", MESH[:MESH.index(" 3 4 5\n")], "ends in the middle")
    yield changed("far too many nodes", "$Nodes\n5\n", "$Nodes\n500000000000\n", "500000000000")
    yield changed("negative number of nodes", "$Nodes\n5\n", "$Nodes\n-5\n", "-5")
    yield changed("word for a coordinate", "0.1 0.05 0", "0.1 half 0", "'half'", "mesh.msh:15")
    yield changed("coordinate that is no number", "0.1 0.05 0", "0.1 nan 0", "not finite")
    yield changed("node that is not given", "2 2 2 2 1 1 2 5", "2 2 2 2 1 1 2 9", "node 9")
    yield changed("node given twice", "5 0.1 0.05 0", "4 0.1 0.05 0", "node 4")
    yield changed("second-order triangles", "2 2 2 2 1 1 2 5", "2 9 2 2 1 1 2 5 3 4 1",
                  "ElementOrder")
    yield changed("pyramids", "2 2 2 2 1 1 2 5", "2 7 2 2 1 1 2 5 3 4", "pyramids")
    yield mesh("lines only", MESH[:MESH.index("$Elements")] +
               "$Elements\n1\n1 1 2 1 1 2 3\n$EndElements\n", "lines only")
    yield changed("curved surface", "0.1 0.05 0", "0.1 0.05 0.5", "surface in space")
    yield changed("inverted cell", "2 2 2 2 1 1 2 5", "2 2 2 2 1 2 1 5", "element 2", "inverted")
    yield changed("folded mesh", "5 0.1 0.05 0", "5 0.1 -1.5 0", "inverted")
    yield changed("flat cell", "5 0.1 0.05 0", "5 0.1 -1 0", "element 2", "flat")
    yield mesh("duplicate vertices", MESH.replace("$Nodes\n5\n", "$Nodes\n6\n").replace(
        "5 0.1 0.05 0\n", "5 0.1 0.05 0\n6 0.1 0.05 0\n").replace("4 1 5", "4 1 6"),
        "nodes 5 and 6", "Coherence Mesh")
    yield mesh("cell written twice", MESH.replace("$Elements\n5\n", "$Elements\n6\n").replace(
        "$EndElements", "6 2 2 2 1 1 2 5\n$EndElements"), "same cell")
    yield mesh("not Delaunay", plain(["-1 0", "1 0", "0 0.2", "0 -0.2", *APART],
                                     ["2 2 1 1 1 2 3", "2 2 1 1 1 4 2", "2 2 1 1 5 6 7"]),
               "Delaunay", "elements 1 and 2", "(0, 0)", case=ELEMENTS)
    yield mesh("oblique quadrilaterals", plain(["0 0", "1 0", "2 0", "0.5 1", "1.5 1", "2.5 1",
                                                *APART],
                                               ["3 2 1 1 1 2 5 4", "3 2 1 1 2 3 6 5",
                                                "2 2 1 1 7 8 9"]),
               "orthogonal", "elements 1 and 2", case=ELEMENTS)
    yield from on_medians()
    yield from in_several_groups()
    yield in_case("side the mesh has not", "[time]", '[boundary]\nabsorbing = ["exist"]\n[time]',
                  "'exist'", at=1, suggestion="exit")
    yield in_case("region the mesh has not", "[initial]\n", '[initial]\nregion = "insde"\n',
                  "'insde'", at=1, suggestion="inside")
    yield in_case("key of a box", 'file = "mesh.msh"', 'file = "mesh.msh"\ncells = [4, 4]', "cells",
                  at=1)
    yield in_case("no file", 'file = "mesh.msh"\n', "", "file", at=-2)
    yield in_case("negative refinement", 'file = "mesh.msh"', 'file = "mesh.msh"\nrefine = -1',
                  "refine", at=1)
    yield in_case("unknown partitioner", 'file = "mesh.msh"',
                  'file = "mesh.msh"\npartitioner = "ptscoch"', "ptscoch", at=1,
                  suggestion="ptscotch")
    yield in_case("mean of another dimension", "mean = [-1.0, 0.0]", "mean = [-1.0, 0.0, 0.0]",
                  "mean")
