// Two chambers 1 x 1 joined by a narrow neck 0.2 long and 0.1 wide. Regions "left", "neck",
// "right"; the far wall of the right chamber is "exit".
h = 0.08;
w = 0.1;
l = 0.2;
f = w / 10;
Point(1) = {-1 - l/2, -0.5, 0, h};
Point(2) = {-l/2, -0.5, 0, h};
Point(3) = {-l/2, -w/2, 0, f};
Point(4) = {l/2, -w/2, 0, f};
Point(5) = {l/2, -0.5, 0, h};
Point(6) = {1 + l/2, -0.5, 0, h};
Point(7) = {1 + l/2, 0.5, 0, h};
Point(8) = {l/2, 0.5, 0, h};
Point(9) = {l/2, w/2, 0, f};
Point(10) = {-l/2, w/2, 0, f};
Point(11) = {-l/2, 0.5, 0, h};
Point(12) = {-1 - l/2, 0.5, 0, h};
For k In {1:12}
  Line(k) = {k, k % 12 + 1};
EndFor
Line(13) = {3, 10};
Line(14) = {4, 9};
Curve Loop(1) = {1, 2, 13, 10, 11, 12};
Curve Loop(2) = {3, 14, 9, -13};
Curve Loop(3) = {4, 5, 6, 7, 8, -14};
Plane Surface(1) = {1};
Plane Surface(2) = {2};
Plane Surface(3) = {3};
Physical Surface("left") = {1};
Physical Surface("neck") = {2};
Physical Surface("right") = {3};
Physical Curve("exit") = {6};
Physical Curve("walls") = {1:5, 7:12};
Mesh.Algorithm = 5;
Mesh.Smoothing = 0;
