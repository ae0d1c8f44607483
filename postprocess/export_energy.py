#!/usr/bin/python3
"""How a PyTorch model becomes an energy of a case: [[energy]] kind = "external" network = "energy.pt".

    export_energy.py ENERGY.pt        writes one with random weights, to try

Wrap the model, script it, save it. The module takes points (n, d) and gives U (n); the two buffers
are optional and tell Otto where the network was trained. Import `export` for a model of your own."""

import sys

if __name__ == "__main__" and (len(sys.argv) != 2 or sys.argv[1] in ("-h", "--help")):
    print(__doc__)
    sys.exit(0 if "--help" in sys.argv or "-h" in sys.argv else 2)

import torch  # noqa: E402


class Energy(torch.nn.Module):
    """U(x) = net(z), z in [-1, 1]^d the place of x in the training box; net maps (n, d) to (n, 1)."""

    def __init__(self, net, lower, upper):
        super().__init__()
        self.net = net
        self.register_buffer("box_lower", torch.tensor(lower))
        self.register_buffer("box_upper", torch.tensor(upper))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        z = 2 * (x - self.box_lower) / (self.box_upper - self.box_lower) - 1
        return self.net(z).squeeze(1)


def export(net, lower, upper, file):
    """Writes TorchScript in float64; leave out .double() for float32."""
    torch.jit.script(Energy(net, lower, upper).double()).save(file)


if __name__ == "__main__":
    layers = [torch.nn.Linear(2, 64), torch.nn.SiLU(), torch.nn.Linear(64, 64), torch.nn.SiLU(),
              torch.nn.Linear(64, 1)]
    export(torch.nn.Sequential(*layers), [-1.0, -1.0], [1.0, 1.0], sys.argv[1])
