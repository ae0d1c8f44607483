"""Networks that no run should start with, written by PyTorch at test time."""

import io
import os

from bad_cases import of_file, replaced

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
            return U if self.shape == "column" else U.sum() if self.shape == "one" else U.squeeze(1)

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
        named("network with a column of values", "(5, 1)", script(Energy(2, "column"))),
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
        bad = of_file(replaced(name, EXTERNAL, 'network = "energy.pt"', "energy.pt", words,
                               files=files))
    return bad
