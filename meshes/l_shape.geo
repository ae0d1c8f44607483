// The L-shape [-1,1]^2 without the quarter x > 0, y < 0: Delaunay triangles, finer at the corner.
h = 0.1;
Point(1) = {0, 0, 0, h / 5};
Point(2) = {0, -1, 0, h};
Point(3) = {-1, -1, 0, h};
Point(4) = {-1, 1, 0, h};
Point(5) = {1, 1, 0, h};
Point(6) = {1, 0, 0, h};
For k In {1:6}
  Line(k) = {k, k % 6 + 1};
EndFor
Curve Loop(1) = {1:6};
Plane Surface(1) = {1};
Physical Surface("inside") = {1};
Physical Curve("corner") = {1, 6};
Physical Curve("outer") = {2:5};
Mesh.Algorithm = 5;
Mesh.Smoothing = 0;
