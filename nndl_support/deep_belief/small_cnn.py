r"""A small convolutional network (卷积神经网络) after LeNet-5, and what its sharing of weights saves.

.. math:: z_k(i, j) = b_k + \sum_{c,\, p,\, q} w_{k c}(p, q)\, x_c(i + p,\, j + q)

The same :math:`w_k` at every place :math:`(i, j)`: the units of a map look at different patches with the same eyes. Without the
sharing (every place with weights of its own) the layer is *locally connected*, and the gradient of a shared weight is the sum of
the gradients of its copies.

Shapes: B images of one channel and 28 x 28 pixels, given as rows (B, 784); C channels in, M maps out, kernels P x P.

References
----------
LeCun, Bottou, Bengio and Haffner (1998), Gradient-based learning applied to document recognition,
https://doi.org/10.1109/5.726791, figure 2; Zhou (2016), section 5.6, figure 5.15 and exercise 5.10.
"""

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from nndl_support.optimization.initialization import kaiming_normal_

__all__ = ["LayerCount", "LeNet", "count_layers", "locally_connected"]


class LeNet(nn.Module):
    """The layers of LeNet-5 with rectifiers, and the largest instead of a trained mean in the pooling layers.

    Parameters
    ----------
    n_classes : int
    generator : torch.Generator, optional, for the first weights (He's)

    Notes
    -----
    The network of 1998 takes images of 32 x 32; here the first convolution pads 28 x 28 with two rings of zeros. Its third layer
    connected each map to some of the six maps below, by a table; here to all of them. Its output units were radial; here
    a softmax reads logits.

    Examples
    --------
    >>> network = LeNet(generator=torch.Generator().manual_seed(0))
    >>> network(torch.zeros(3, 784)).shape, sum(p.numel() for p in network.parameters())
    (torch.Size([3, 10]), 61706)
    """

    def __init__(self, n_classes: int = 10, *, generator: torch.Generator | None = None) -> None:
        super().__init__()
        self.C1 = nn.Conv2d(1, 6, 5, padding=2)
        self.C3 = nn.Conv2d(6, 16, 5)
        self.C5 = nn.Linear(400, 120)
        self.F6 = nn.Linear(120, 84)
        self.output = nn.Linear(84, n_classes)
        for name, parameter in self.named_parameters():
            if name.endswith("bias"):
                nn.init.zeros_(parameter)
            else:
                kind = "linear" if name.startswith("output") else "relu"
                kaiming_normal_(parameter, nonlinearity=kind, generator=generator)

    def forward(self, x: Tensor) -> Tensor:
        """Logits (B, K) of images (B, 784)."""
        if x.shape[1:] != (784,):
            raise ValueError(f"x has the shape {tuple(x.shape)}; expected rows of 784 pixels, (B, 784)")
        x = x.reshape(-1, 1, 28, 28)
        x = F.max_pool2d(F.relu(self.C1(x)), 2)  # (B, 6, 14, 14)
        x = F.max_pool2d(F.relu(self.C3(x)), 2)  # (B, 16, 5, 5)
        x = F.relu(self.F6(F.relu(self.C5(x.flatten(1)))))
        return self.output(x)


def locally_connected(x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    """A convolution without sharing: every place of every map has a kernel of its own.

    Parameters
    ----------
    x : tensor (B, C, H, W)
    weight : tensor (M, C, P, P, H', W'), with H' = H - P + 1 and W' = W - P + 1
    bias : tensor (M, H', W')

    Returns
    -------
    tensor (B, M, H', W')

    Examples
    --------
    >>> x, shared = torch.rand(2, 3, 6, 7), torch.rand(5, 3, 4, 4)
    >>> copies = shared[..., None, None].expand(-1, -1, -1, -1, 3, 4)
    >>> torch.allclose(locally_connected(x, copies, torch.zeros(5, 3, 4)), F.conv2d(x, shared), atol=1e-5)
    True
    """
    size = weight.shape[2]
    if weight.shape[3] != size or weight.shape[4:] != (x.shape[2] - size + 1, x.shape[3] - size + 1):
        raise ValueError(
            f"weight has the shape {tuple(weight.shape)}; a {size} x {size} kernel on images of {x.shape[2]} x {x.shape[3]} "
            f"has {x.shape[2] - size + 1} x {x.shape[3] - size + 1} places"
        )
    patches = x.unfold(2, size, 1).unfold(3, size, 1)  # (B, C, H', W', P, P)
    return torch.einsum("bchwpq,mcpqhw->bmhw", patches, weight) + bias


class LayerCount(NamedTuple):
    """Name of a layer, its units, its free parameters, and its connections: the parameters it had if nothing were shared.

    Examples
    --------
    >>> LayerCount("C1", 4704, 156, 122304).parameters
    156
    """

    name: str
    units: int
    parameters: int
    connections: int


def count_layers(network: LeNet) -> list[LayerCount]:
    """Count units, parameters and connections (biases included) of every layer with weights.

    Examples
    --------
    >>> [(layer.name, layer.parameters, layer.connections) for layer in count_layers(LeNet())][:2]
    [('C1', 156, 122304), ('C3', 2416, 241600)]
    """
    rows, places = [], {"C1": 28 * 28, "C3": 10 * 10}
    tensors = dict(network.named_parameters())
    for name, _ in network.named_children():
        weight, bias = tensors[f"{name}.weight"], tensors[f"{name}.bias"]
        n_units = len(weight) * places.get(name, 1)
        connections = n_units * (weight[0].numel() + 1)
        parameters = weight.numel() + bias.numel()
        rows.append(LayerCount(name, n_units, parameters, connections))
    return rows
