// The unit cube in 3 x 2 x 2 hexahedra.
Point(1) = {0, 0, 0};
line[] = Extrude {1, 0, 0} { Point{1}; Layers{3}; };
side[] = Extrude {0, 1, 0} { Curve{line[1]}; Layers{2}; Recombine; };
body[] = Extrude {0, 0, 1} { Surface{side[1]}; Layers{2}; Recombine; };
Physical Volume("inside") = {body[1]};
Physical Surface("bottom") = {side[1]};
Physical Surface("top") = {body[0]};
