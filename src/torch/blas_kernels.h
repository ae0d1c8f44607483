#pragma once
namespace otto {

/// Lets an OpenBLAS that does not know this processor use the kernels of the nearest one it knows.
/// Does nothing with another BLAS, on processors it knows, and where the user has chosen
/// (OPENBLAS_CORETYPE).
void choose_blas_kernels();

}  // namespace otto
