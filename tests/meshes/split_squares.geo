// The unit square in 3 x 3 squares, each cut into two right triangles: pairs of one circumcircle.
Point(1) = {0, 0, 0};
line[] = Extrude {1, 0, 0} { Point{1}; Layers{3}; };
side[] = Extrude {0, 1, 0} { Curve{line[1]}; Layers{3}; };
Physical Surface("inside") = {side[1]};
Physical Curve("bottom") = {line[1]};
