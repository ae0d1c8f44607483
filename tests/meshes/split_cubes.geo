// The unit cube in 2 x 2 x 2 cubes, each cut into tetrahedra: all of one circumsphere.
Point(1) = {0, 0, 0};
line[] = Extrude {1, 0, 0} { Point{1}; Layers{2}; };
side[] = Extrude {0, 1, 0} { Curve{line[1]}; Layers{2}; };
body[] = Extrude {0, 0, 1} { Surface{side[1]}; Layers{2}; };
Physical Volume("inside") = {body[1]};
Physical Surface("bottom") = {side[1]};
