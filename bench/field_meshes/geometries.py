"""Geometries as users write them, for Gmsh with its default options: (name, dimension, text). `{h}` is
the size asked of the elements."""

SQUARE = """
Point(1) = {{0, 0, 0, {h}}}; Point(2) = {{1, 0, 0, {h}}};
Point(3) = {{1, 1, 0, {h}}}; Point(4) = {{0, 1, 0, {h}}};
Line(1) = {{1, 2}}; Line(2) = {{2, 3}}; Line(3) = {{3, 4}}; Line(4) = {{4, 1}};
Curve Loop(1) = {{1, 2, 3, 4}}; Plane Surface(1) = {{1}};
"""
GROUPS = """
Physical Surface("inside") = {{1}}; Physical Curve("left") = {{4}};
Physical Curve("right") = {{2}}; Physical Curve("walls") = {{1, 3}};
"""
PERIODIC_X = "Periodic Curve {{2}} = {{-4}} Translate {{1, 0, 0}};\n"
PERIODIC_Y = "Periodic Curve {{3}} = {{-1}} Translate {{0, 1, 0}};\n"
DISK = """
SetFactory("OpenCASCADE");
Mesh.CharacteristicLengthMin = {h}; Mesh.CharacteristicLengthMax = {h};
Disk(1) = {{0, 0, 0, 1, {ry}}};
"""
BOX = """
SetFactory("OpenCASCADE");
Mesh.CharacteristicLengthMin = {h}; Mesh.CharacteristicLengthMax = {h};
Box(1) = {{0, 0, 0, 1, 1, 1}};
"""
SOLID = """
Physical Volume("inside") = {{1}}; Physical Surface("left") = {{1}};
Physical Surface("right") = {{2}};
"""
TWO_HALVES = """
Point(1) = {{0, 0, 0, {h}}}; Point(2) = {{1, 0, 0, {h}}}; Point(3) = {{2, 0, 0, {h}}};
Point(4) = {{2, 1, 0, {h}}}; Point(5) = {{1, 1, 0, {h}}}; Point(6) = {{0, 1, 0, {h}}};
Line(1) = {{1, 2}}; Line(2) = {{2, 3}}; Line(3) = {{3, 4}}; Line(4) = {{4, 5}};
Line(5) = {{5, 6}}; Line(6) = {{6, 1}}; Line(7) = {{2, 5}};
Curve Loop(1) = {{1, 7, 5, 6}}; Plane Surface(1) = {{1}};
Curve Loop(2) = {{2, 3, 4, -7}}; Plane Surface(2) = {{2}};
"""
HOLE = """
SetFactory("OpenCASCADE");
Mesh.CharacteristicLengthMin = {h}; Mesh.CharacteristicLengthMax = {h};
Rectangle(1) = {{0, 0, 0, 2, 1}}; Disk(2) = {{0.7, 0.5, 0, 0.2}};
BooleanDifference(3) = {{ Surface{{1}}; Delete; }}{{ Surface{{2}}; Delete; }};
"""
L_SHAPE = """
Point(1) = {{0, 0, 0, {h}}}; Point(2) = {{2, 0, 0, {h}}}; Point(3) = {{2, 1, 0, {h}}};
Point(4) = {{1, 1, 0, {h}}}; Point(5) = {{1, 2, 0, {h}}}; Point(6) = {{0, 2, 0, {h}}};
Line(1) = {{1, 2}}; Line(2) = {{2, 3}}; Line(3) = {{3, 4}}; Line(4) = {{4, 5}};
Line(5) = {{5, 6}}; Line(6) = {{6, 1}};
Curve Loop(1) = {{1, 2, 3, 4, 5, 6}}; Plane Surface(1) = {{1}};
"""
GRADED = """
Point(1) = {{0, 0, 0, {h}/8}}; Point(2) = {{1, 0, 0, {h}}};
Point(3) = {{1, 1, 0, {h}}}; Point(4) = {{0, 1, 0, {h}}};
Line(1) = {{1, 2}}; Line(2) = {{2, 3}}; Line(3) = {{3, 4}}; Line(4) = {{4, 1}};
Curve Loop(1) = {{1, 2, 3, 4}}; Plane Surface(1) = {{1}};
"""
LAYER = """
Field[1] = BoundaryLayer;
Field[1].EdgesList = {{{curves}}}; Field[1].NodesList = {{{nodes}}};
Field[1].hwall_n = {h}/8; Field[1].hfar = {h}; Field[1].ratio = 1.3; Field[1].thickness = 0.15;
Field[1].Quads = {quads};
BoundaryLayer Field = 1;
"""
BALL_IN_BOX = """
SetFactory("OpenCASCADE");
Mesh.CharacteristicLengthMin = {h}; Mesh.CharacteristicLengthMax = {h};
Box(1) = {{0, 0, 0, 1, 1, 1}}; Sphere(2) = {{0.5, 0.5, 0.5, 0.25}};
BooleanFragments{{ Volume{{1}}; Delete; }}{{ Volume{{2}}; Delete; }}
"""
PERIODIC_BOX = BOX + "Periodic Surface {{2}} = {{1}} Translate {{1, 0, 0}};\n"


def layer(quads, curves="1", nodes="1, 2"):
    return LAYER.replace("{curves}", curves).replace("{nodes}", nodes).replace("{quads}", str(quads))


def transfinite(n="Round(1/{h}) + 1", triangles=True):
    lines = f"Transfinite Curve {{{{1, 2, 3, 4}}}} = {n};\nTransfinite Surface {{{{1}}}};\n"
    return lines + ("" if triangles else "Recombine Surface {{1}};\n")


GEOMETRIES = [
    ("square", 2, SQUARE),
    ("square_groups", 2, SQUARE + GROUPS),
    ("square_sides_only", 2, SQUARE + 'Physical Curve("right") = {{2}};\n'),
    ("square_saved_whole", 2, SQUARE + 'Physical Curve("right") = {{2}};\nMesh.SaveAll = 1;\n'),
    ("square_graded", 2, GRADED + GROUPS),
    ("square_delaunay", 2, SQUARE + GROUPS + "Mesh.Algorithm = 5;\n"),
    ("square_mesh_adapt", 2, SQUARE + "Mesh.Algorithm = 1;\n"),
    ("bamg", 2, SQUARE + "Mesh.Algorithm = 7;\n"),
    ("square_smoothed", 2, SQUARE + GROUPS + "Mesh.Smoothing = 10;\n"),
    ("square_transfinite", 2, SQUARE + GROUPS + transfinite()),
    ("square_rectangles", 2, SQUARE + GROUPS + transfinite(triangles=False)),
    ("square_recombined", 2, SQUARE + GROUPS + "Recombine Surface {{1}};\n"),
    ("square_recombined_all", 2, SQUARE + "Mesh.RecombineAll = 1;\nMesh.RecombinationAlgorithm = 2;\n"),
    ("square_layer", 2, SQUARE + GROUPS + layer(0)),
    ("square_layer_quads", 2, SQUARE + GROUPS + layer(1)),
    ("square_two_groups", 2, SQUARE + GROUPS + 'Physical Surface("whole") = {{1}};\n'),
    ("periodic_x", 2, SQUARE + GROUPS + PERIODIC_X),
    ("periodic_xy", 2, SQUARE + PERIODIC_X + PERIODIC_Y),
    ("periodic_quads", 2, SQUARE + PERIODIC_X + "Recombine Surface {{1}};\n"),
    ("disk", 2, DISK.replace("{ry}", "1")),
    ("disk_groups", 2, DISK.replace("{ry}", "1") +
     'Physical Surface("inside") = {{1}}; Physical Curve("rim") = {{1}};\n'),
    ("ellipse", 2, DISK.replace("{ry}", "0.4")),
    ("disk_quads", 2, DISK.replace("{ry}", "1") + "Mesh.RecombineAll = 1;\n"),
    ("hole", 2, HOLE),
    ("hole_groups", 2, HOLE + 'Physical Surface("inside") = {{3}}; Physical Curve("hole") = {{5}};\n'),
    ("l_shape", 2, L_SHAPE),
    ("l_shape_quads", 2, L_SHAPE + "Recombine Surface {{1}};\n"),
    ("halves", 2, TWO_HALVES +
     'Physical Surface("left") = {{1}}; Physical Surface("right") = {{2}};\n'),
    ("halves_mixed", 2, TWO_HALVES + 'Physical Surface("left") = {{1}}; Physical Surface("right") = {{2}};\n'
     "Recombine Surface {{2}};\n"),
    ("halves_overlap", 2, TWO_HALVES +
     'Physical Surface("all") = {{1, 2}}; Physical Surface("right") = {{2}};\n'),
    ("extruded_quads", 2, "Point(1) = {{0, 0, 0, {h}}};\nl[] = Extrude {{1, 0, 0}} {{ Point{{1}}; }};\n"
     "Extrude {{0, 1, 0}} {{ Curve{{l[1]}}; Layers{{Round(1/{h})}}; Recombine; }}\n"),
    ("box", 3, BOX),
    ("box_groups", 3, BOX + SOLID),
    ("box_unoptimised", 3, BOX + "Mesh.Optimize = 0;\n"),
    ("ball", 3, 'SetFactory("OpenCASCADE");\nMesh.CharacteristicLengthMin = {h}; Mesh.CharacteristicLengthMax = {h};\nSphere(1) = {{0, 0, 0, 1}};\n'),
    ("cylinder", 3, 'SetFactory("OpenCASCADE");\nMesh.CharacteristicLengthMin = {h}; Mesh.CharacteristicLengthMax = {h};\n'
     "Cylinder(1) = {{0, 0, 0, 0, 0, 1, 0.5}};\n"),
    ("ball_in_box", 3, BALL_IN_BOX +
     'Physical Volume("ball") = {{2}}; Physical Volume("rest") = {{3}};\n'),
    ("box_periodic", 3, PERIODIC_BOX),
    ("extruded_hexahedra", 3, SQUARE + "Recombine Surface {{1}};\n"
     "Extrude {{0, 0, 1}} {{ Surface{{1}}; Layers{{Round(1/{h})}}; Recombine; }}\n"),
    ("extruded_prisms", 3, SQUARE +
     "Extrude {{0, 0, 1}} {{ Surface{{1}}; Layers{{Round(1/{h})}}; Recombine; }}\n"),
    ("extruded_tetrahedra", 3, SQUARE +
     "Extrude {{0, 0, 1}} {{ Surface{{1}}; Layers{{Round(1/{h})}}; }}\n"),
]
