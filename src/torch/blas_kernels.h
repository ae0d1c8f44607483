#pragma once
namespace otto {

/// Lets an OpenBLAS that does not know this processor use the kernels of the nearest one it knows.
/// Does nothing with another BLAS, on processors it knows, and where the user has chosen
/// (OPENBLAS_CORETYPE).
void choose_blas_kernels();

/// Has OpenBLAS take the memory it multiplies in, which it would otherwise ask for again and again where a limit of
/// addresses (RLIMIT_AS) refuses it. Throws InputError where the limit leaves too little.
void take_blas_buffer();

}  // namespace otto
