// Two squares side by side, "left" and "right", 56 triangles, for tests of the file formats.
h = 0.4;
Point(1) = {0, 0, 0, h};
Point(2) = {1, 0, 0, h};
Point(3) = {2, 0, 0, h};
Point(4) = {2, 1, 0, h};
Point(5) = {1, 1, 0, h};
Point(6) = {0, 1, 0, h};
For k In {1:6}
  Line(k) = {k, k % 6 + 1};
EndFor
Line(7) = {2, 5};
Curve Loop(1) = {1, 7, 5, 6};
Curve Loop(2) = {2, 3, 4, -7};
Plane Surface(1) = {1};
Plane Surface(2) = {2};
Physical Surface("left") = {1};
Physical Surface("right") = {2};
Physical Curve("west") = {6};
Physical Curve("east") = {3};
Mesh.Algorithm = 5;
Mesh.Smoothing = 0;
