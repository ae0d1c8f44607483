"""Networks that no run should start with, written by PyTorch at test time."""

import io
import os

from bad_cases import replaced

EXTERNAL = 'expression = "2*(x^2-1)^2 + 2*y^2"'
MODULE = os.path.join(os.path.dirname(os.environ["OTTO"]), "libotto_torch.so")


def networks():
    """None without the torch module or PyTorch; a missing file needs only the first."""
    if not os.path.exists(MODULE):
        return []
    bads = [named("missing network", "no such file"),
            named("network of text", "TorchScript", b"not a network\n")]
    try:
        import torch
    except ImportError:
        return bads

    class Energy(torch.nn.Module):
        """`shape`: what forward returns; all of them have weights of the dimension `d`."""

        def __init__(self, d: int, shape: str = "n"):
            super().__init__()
            self.layer = torch.nn.Linear(d, 1)
            self.shape = shape

        def forward(self, x: torch.Tensor):
            U = self.layer(x)
            return torch.cat((U, U), 1) if self.shape == "pair" else U.sum() if self.shape == "one" else U.squeeze(1)

    class FixedBatch(Energy):
        """What tracing leaves of a forward that took the number of points for a constant."""

        def forward(self, x: torch.Tensor):
            return self.layer(x).reshape(64)

    class OwnDerivative(Energy):
        def forward(self, x: torch.Tensor):
            U = torch.tanh(self.layer(x)).squeeze(1)
            slope = torch.autograd.grad([U.sum()], [x], create_graph=True)[0]
            assert slope is not None
            return (slope * slope).sum(1)

    def script(module):
        content = io.BytesIO()
        torch.jit.save(torch.jit.script(module), content)
        return content.getvalue()

    good = script(Energy(2))
    nan = Energy(2)
    torch.nn.init.constant_(nan.layer.bias, float("nan"))
    infinite = Energy(2)
    infinite.layer.weight.data *= 1e38
    weights = io.BytesIO()
    torch.save(Energy(2).state_dict(), weights)
    boxed = Energy(2)
    boxed.register_buffer("box_lower", torch.zeros(3))
    boxed.register_buffer("box_upper", torch.ones(3))
    return bads + [
        named("network cut short", "TorchScript", good[:len(good) // 2]),
        named("network with a spoilt byte", "TorchScript", good[:600] + b"?" + good[601:]),
        named("weights instead of a network", "torch.jit.script", weights.getvalue()),
        named("network in three dimensions", "points of 2 dimensions", script(Energy(3))),
        named("network trained in three dimensions", "3 dimensions", script(boxed)),
        named("network with two values a point", "(5, 2)", script(Energy(2, "pair"))),
        named("network for 64 points only", "'[64]' is invalid for input of size 5", script(FixedBatch(2))),
        named("network that differentiates", "cannot differentiate by itself", script(OwnDerivative(2))),
        named("network with one value", "returns an array ()", script(Energy(2, "one"))),
        named("network with nan weights", "not finite", script(nan)),
        named("network beyond float32", "finite in every cell", script(infinite), large=True),
        named("network in half precision", "float32 or float64", script(Energy(2).half()))]


def named(name, words, content=None, large=False):
    """A case with the network "energy.pt"; where V itself is not finite the case's line is named."""
    files = {} if content is None else {"energy.pt": content}
    if large:
        bad = replaced(name, EXTERNAL, 'network = "energy.pt"\nstrength = 1e300', "energy.pt", words,
                       files=files)
    else:
        bad = replaced(name, EXTERNAL, 'network = "energy.pt"', "energy.pt", words, files=files)
    return bad
