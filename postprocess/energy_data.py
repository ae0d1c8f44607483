#!/usr/bin/python3
"""Energies as numbers without code: files energy.safetensors from and to Python (docs/networks.md).

    energy_data.py ENERGY.safetensors     lists the layers and arrays of a file

`read` needs NumPy only; `write_sequential` takes a torch.nn.Sequential of Linear layers and activations."""

import json
import struct
import sys

import numpy as np

ACTIVATIONS = {"SiLU": "silu", "Tanh": "tanh", "ReLU": "relu", "Sigmoid": "sigmoid",
               "Softplus": "softplus", "GELU": "gelu", "ELU": "elu"}

# the parameters of those functions that Otto has
PLAIN = {"Softplus": {"beta": 1}, "GELU": {"approximate": "none"}, "ELU": {"alpha": 1}}


def read(file):
    """The arrays by name and the metadata; the layers are json.loads(metadata["otto_energy"])["layers"]."""
    with open(file, "rb") as stream:
        header = json.loads(stream.read(struct.unpack("<Q", stream.read(8))[0]))
        data = stream.read()
    metadata = header.pop("__metadata__", {})
    arrays = {}
    for name, entry in header.items():
        begin, end = entry["data_offsets"]
        kind = {"F64": "<f8", "F32": "<f4"}[entry["dtype"]]
        arrays[name] = np.frombuffer(data[begin:end], kind).reshape(entry["shape"])
    return arrays, metadata


def write(file, arrays, layers):
    """Writes float32 and float64 arrays by name, and the list of layers that use them."""
    header, blocks, at = {}, [], 0
    for name, value in arrays.items():
        value = np.asarray(value)
        if not np.isfinite(value).all():
            raise ValueError(f"the array '{name}' holds numbers that are not finite")
        kind = "F32" if value.dtype == np.float32 else "F64"
        blocks.append(np.ascontiguousarray(value, "<f4" if kind == "F32" else "<f8").tobytes())
        header[name] = {"dtype": kind, "shape": list(value.shape),
                        "data_offsets": [at, at + len(blocks[-1])]}
        at += len(blocks[-1])
    header["__metadata__"] = {"otto_energy": json.dumps({"version": 1, "layers": layers})}
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(file, "wb") as stream:
        stream.write(struct.pack("<Q", len(text)) + text + b"".join(blocks))


def write_sequential(file, net, lower=None, upper=None):
    """Writes U(x) = net(x), or net(z) with z in [-1, 1]^d the place of x in the training box from lower to upper."""
    arrays, layers = {}, []
    if lower is not None:
        lower, upper = np.asarray(lower, float), np.asarray(upper, float)
        if not (lower < upper).all():
            raise ValueError("the training box needs lower < upper on every axis")
        arrays.update(box_lower=lower, box_upper=upper, center=(lower + upper) / 2,
                      scale=2 / (upper - lower))
        layers.append({"kind": "affine", "center": "center", "scale": "scale"})
    for i, module in enumerate(net):
        kind = type(module).__name__
        if kind == "Linear":
            layers.append({"kind": "dense", "weight": f"weight_{i}"})
            arrays[f"weight_{i}"] = module.weight.detach().numpy()
            if module.bias is not None:
                layers[-1]["bias"] = f"bias_{i}"
                arrays[f"bias_{i}"] = module.bias.detach().numpy()
        elif kind in PLAIN and any(getattr(module, key) != value for key, value in PLAIN[kind].items()):
            raise ValueError(f"layer {i} is a {kind} with parameters of its own; Otto has that of {PLAIN[kind]}")
        elif kind in ACTIVATIONS and layers and layers[-1]["kind"] == "dense" \
                and "activation" not in layers[-1]:
            layers[-1]["activation"] = ACTIVATIONS[kind]
        else:
            raise ValueError(f"layer {i} is a {kind}, or stands in a place where Otto has no layer for it")
    write(file, arrays, layers)


if __name__ == "__main__":
    if len(sys.argv) != 2 or sys.argv[1] in ("-h", "--help"):
        print(__doc__)
        sys.exit(0 if "--help" in sys.argv or "-h" in sys.argv else 2)
    held, said = read(sys.argv[1])
    for layer in json.loads(said.get("otto_energy", '{"layers": []}'))["layers"]:
        print(", ".join(f"{key} {value}" for key, value in layer.items()))
    for name, value in held.items():
        print(f"{name}: {value.dtype}, {value.shape}")
