# Recipe for Spack. The archive is that of scripts/release, in the folder where spack is called:
#
#   spack repo create otto-repo && mkdir otto-repo/packages/otto && cp packaging/spack/package.py otto-repo/packages/otto/
#   spack repo add otto-repo && spack install --no-checksum otto
import os

from spack.package import *


class Otto(CMakePackage):
    """Wasserstein gradient flows of free energies on grids and meshes, with energies written down or learned."""

    manual_download = True
    url = f"file://{os.getcwd()}/otto-0.1.0.tar.gz"
    license("BSD-3-Clause")
    maintainers()

    version("0.1.0")

    variant("vtk", default=False, description="Tables and output in VTK's files")
    variant("torch", default=False, description="Energies given by networks that are programs, and training")
    variant("python", default=False, description="Package otto for Python")

    depends_on("cmake@3.25:", type="build")
    depends_on("ninja", type="build")
    depends_on("pkgconfig", type="build")
    depends_on("mpi")
    depends_on("petsc@3.18: ~complex ~int64 +double +mpi")
    depends_on("slepc@3.18:")
    depends_on("hdf5@1.10: +mpi +hl")
    depends_on("eigen@3.4:")
    depends_on("random123@1.14:")
    depends_on("tomlplusplus@3.3:")
    depends_on("muparser@2.3:")
    depends_on("minizip")
    depends_on("fftw@3.3: precision=double")
    depends_on("cli11@2.1:")
    depends_on("fmt@9:")
    depends_on("nlohmann-json@3.11:")
    depends_on("vtk@9.1: +mpi", when="+vtk")
    depends_on("py-torch@1.13:", when="+torch")
    with when("+python"):
        extends("python@3.11:")
        depends_on("py-pybind11@2.10:", type="build")
        depends_on("py-numpy", type=("build", "run"))
        depends_on("py-h5py", type="run")

    conflicts("%gcc@:11", msg="Otto is written in C++20")

    generator("ninja")

    @run_before("cmake")
    def name_the_parallel_hdf5(self):
        """Debian's name for it in pkg-config, which Otto asks for."""
        hdf5 = self.spec["hdf5"]
        mkdirp("pkgconfig")
        with open(join_path("pkgconfig", "hdf5-openmpi.pc"), "w", encoding="utf-8") as file:
            file.write(f"Name: hdf5-openmpi\nDescription: parallel HDF5\nVersion: {hdf5.version}\n"
                       f"Libs: -L{hdf5.prefix.lib} -lhdf5\nCflags: -I{hdf5.prefix.include}\n")

    def setup_build_environment(self, env):
        env.prepend_path("PKG_CONFIG_PATH", join_path(self.stage.source_path, "pkgconfig"))

    def cmake_args(self):
        return [self.define("OTTO_NATIVE", False), self.define("OTTO_TESTS", False),
                self.define_from_variant("OTTO_VTK", "vtk"), self.define_from_variant("OTTO_TORCH", "torch"),
                self.define_from_variant("OTTO_PYTHON_PACKAGE", "python")]
