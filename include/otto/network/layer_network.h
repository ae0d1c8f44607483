#pragma once
// Energies as data: U_theta given by the numbers of its layers, in a file that holds no code (otto/network/safetensors.h).
// Its metadata has
//
//   otto_energy  JSON {"version": 1, "layers": [...]}: the layers, first to last, each naming its arrays:
//     {"kind": "affine", "center": c, "scale": s}                            z = (x - c) s, number by number (d)
//     {"kind": "fourier", "frequency": B}                                    h = [z, sin(z B), cos(z B)], B d x k
//     {"kind": "dense", "weight": W, "bias": b, "activation": "silu"}        h = f(W x + b), W outputs x inputs
//     {"kind": "quadratic", "matrix": A}                                     U = 1/2 x^T A x
//                the last has one output, U. b and f may be missing; f is silu, tanh, relu, sigmoid, softplus, gelu,
//                elu or sin. W of one axis is one row.
//   otto_hash    hash of otto_energy and of all arrays; may be missing.
//
// The arrays box_lower and box_upper (d) say where it was trained; they may be missing. Everything is computed in float64,
// eight points at a time by code of Otto's: the same bits for a point wherever and beside whatever others it stands.

#include <memory>
#include <string>
#include <string_view>

#include "otto/network/network.h"
#include "otto/network/safetensors.h"

namespace otto {

/// From the bytes of a file. Throws InputError for a file that is damaged, of another dimension or inconsistent.
std::unique_ptr<NetworkFunction> read_layer_network(std::string_view bytes, int dimension);

/// The bytes of such a file, its hash added. `layers` is the JSON list.
std::string layer_network_bytes(NamedArrays arrays, const std::string& layers);

}  // namespace otto
