// The box [-1.7, 1.3] x [-0.5, 2.2] of the Müller-Brown energy: Delaunay triangles.
h = 0.06;
Point(1) = {-1.7, -0.5, 0, h};
Point(2) = {1.3, -0.5, 0, h};
Point(3) = {1.3, 2.2, 0, h};
Point(4) = {-1.7, 2.2, 0, h};
For k In {1:4}
  Line(k) = {k, k % 4 + 1};
EndFor
Curve Loop(1) = {1:4};
Plane Surface(1) = {1};
Physical Surface("inside") = {1};
Physical Curve("walls") = {1:4};
Mesh.Algorithm = 5;
Mesh.Smoothing = 0;
