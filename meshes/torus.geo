// A solid torus, radii 1 and 0.4: tetrahedra.
SetFactory("OpenCASCADE");
Torus(1) = {0, 0, 0, 1, 0.4};
Mesh.MeshSizeMin = 0.16;
Mesh.MeshSizeMax = 0.16;
Physical Volume("inside") = {1};
Physical Surface("skin") = {1};
Mesh.Algorithm3D = 1;
Mesh.Optimize = 0;
