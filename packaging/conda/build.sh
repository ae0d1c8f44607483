#!/usr/bin/env bash
# Called by conda-build. Otto asks pkg-config for the parallel HDF5 under Debian's name for it.
set -euo pipefail
mkdir -p names
printf 'Name: hdf5-openmpi\nDescription: parallel HDF5\nVersion: 1.10\nLibs: -L%s/lib -lhdf5\nCflags: -I%s/include\n' \
  "$PREFIX" "$PREFIX" >names/hdf5-openmpi.pc
export PKG_CONFIG_PATH="$PWD/names:$PREFIX/lib/pkgconfig:$PREFIX/share/pkgconfig"
site=$("$PYTHON" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')
cmake -S . -B build-conda -G Ninja ${CMAKE_ARGS:-} -DCMAKE_BUILD_TYPE=Release -DCMAKE_INSTALL_PREFIX="$PREFIX" -DCMAKE_INSTALL_LIBDIR=lib \
  -DOTTO_NATIVE=OFF -DOTTO_TESTS=OFF -DOTTO_VTK=OFF -DOTTO_TORCH=OFF -DPython_EXECUTABLE="$PYTHON" -DOTTO_PYTHON_DIR="${site#"$PREFIX"/}"
cmake --build build-conda --parallel "${CPU_COUNT:-2}"
cmake --install build-conda
