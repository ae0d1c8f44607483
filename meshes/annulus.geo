// The ring 1/2 < r < 1 in two halves, "left" (x < 0) and "right": quadrilaterals in polar order,
// isosceles trapezoids, whose corners lie on one circle.
n = 24;  // cells along each quarter
m = 12;  // across
Point(1) = {0, 0, 0};
For k In {0:3}
  Point(2 + k) = {Cos(k * Pi/2 + Pi/2) / 2, Sin(k * Pi/2 + Pi/2) / 2, 0};
  Point(6 + k) = {Cos(k * Pi/2 + Pi/2), Sin(k * Pi/2 + Pi/2), 0};
EndFor
For k In {0:3}
  Circle(1 + k) = {2 + k, 1, 2 + (k + 1) % 4};   // inner
  Circle(5 + k) = {6 + k, 1, 6 + (k + 1) % 4};   // outer
  Line(9 + k) = {2 + k, 6 + k};
EndFor
For k In {0:3}
  Curve Loop(1 + k) = {9 + k, 5 + k, -(9 + (k + 1) % 4), -(1 + k)};
  Plane Surface(1 + k) = {1 + k};
EndFor
Transfinite Curve {1:8} = n + 1;
Transfinite Curve {9:12} = m + 1;
Transfinite Surface {1:4};
Recombine Surface {1:4};
Physical Surface("left") = {1, 2};
Physical Surface("right") = {3, 4};
Physical Curve("inner") = {1:4};
Physical Curve("outer") = {5:8};
