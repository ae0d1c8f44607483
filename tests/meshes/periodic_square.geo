// The unit square with x = 0 and x = 1 made one: triangles.
h = 0.25;
Point(1) = {0, 0, 0, h};
Point(2) = {1, 0, 0, h};
Point(3) = {1, 1, 0, h};
Point(4) = {0, 1, 0, h};
For k In {1:4}
  Line(k) = {k, k % 4 + 1};
EndFor
Curve Loop(1) = {1:4};
Plane Surface(1) = {1};
Periodic Curve {2} = {-4} Translate {1, 0, 0};
Physical Surface("inside") = {1};
Physical Curve("bottom") = {1};
Physical Curve("top") = {3};
Mesh.Algorithm = 5;
Mesh.Smoothing = 0;
