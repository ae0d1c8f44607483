// A channel 4 x 1 with three round obstacles: Delaunay triangles, finer near the obstacles.
h = 0.09;
Point(1) = {0, 0, 0, h};
Point(2) = {4, 0, 0, h};
Point(3) = {4, 1, 0, h};
Point(4) = {0, 1, 0, h};
Line(1) = {1, 2};
Line(2) = {2, 3};
Line(3) = {3, 4};
Line(4) = {4, 1};
Curve Loop(1) = {1:4};
x[] = {1.0, 1.8, 2.6};
y[] = {0.35, 0.65, 0.4};
r[] = {0.2, 0.2, 0.25};
For k In {0:2}
  p = 10 + 10 * k;
  Point(p) = {x[k], y[k], 0, h / 2};
  For q In {0:3}
    Point(p + 1 + q) = {x[k] + r[k] * Cos(q * Pi/2), y[k] + r[k] * Sin(q * Pi/2), 0, h / 2};
  EndFor
  For q In {0:3}
    Circle(p + 1 + q) = {p + 1 + q, p, p + 1 + (q + 1) % 4};
  EndFor
  Curve Loop(2 + k) = {(p + 1):(p + 4)};
EndFor
Plane Surface(1) = {1, 2, 3, 4};
Physical Surface("fluid") = {1};
Physical Curve("inlet") = {4};
Physical Curve("outlet") = {2};
Physical Curve("walls") = {1, 3};
Physical Curve("obstacles") = {11:14, 21:24, 31:34};
Mesh.Algorithm = 5;
Mesh.Smoothing = 0;
