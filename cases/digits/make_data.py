#!/usr/bin/python3
"""Writes digits.h5 beside this script (or to the file named): the 1797 scanned digits of Alpaydin and Kaynak (1998, UCI
machine learning repository) that Debian's python3-sklearn carries, 8 x 8 pixels of levels 0 ... 16.

x = level/8 - 1 in [-1, 1]. Image p(i) = 7919 i mod 1797 stands in place i, so that every part has all writers: 1297 to
train on, 250 for validation, 250 for the test. `noise` = 1/8, one level, is added to every draw: without it the pixels
that are never inked would have densities without bound."""

import os
import sys

import h5py
import numpy as np
from sklearn.datasets import load_digits

PARTS = {"train": slice(0, 1297), "validation": slice(1297, 1547), "test": slice(1547, 1797)}


def main():
    file = sys.argv[1] if len(sys.argv) > 1 else os.path.join(os.path.dirname(os.path.abspath(__file__)), "digits.h5")
    levels, labels = load_digits(return_X_y=True)
    order = 7919 * np.arange(len(levels)) % len(levels)
    with h5py.File(file, "w") as out:
        for name, part in PARTS.items():
            out.create_dataset(name, data=levels[order[part]] / 8 - 1, compression=9)
            out.create_dataset(f"labels/{name}", data=labels[order[part]].astype(np.int8))
        out.attrs["noise"] = 0.125


if __name__ == "__main__":
    main()
