"""The way up through a deep belief network as an ordinary feed-forward network, for back-propagation to fine-tune.

Shapes: B examples, n_0 visible units, n_l hidden units in layer l of L, C classes.

References
----------
Hinton and Salakhutdinov (2006), Reducing the dimensionality of data with neural networks, Science 313,
https://doi.org/10.1126/science.1127647; Qiu (2019), figure 12.7.
"""

import math

import torch
from torch import Generator, nn

from nndl_support.deep_belief.belief_stack import BeliefStack

__all__ = ["recognition_network"]


def recognition_network(stack: BeliefStack, n_classes: int, *, generator: Generator | None = None) -> nn.Sequential:
    """Linear and Sigmoid in turn for each hidden layer, then a new Linear of ``n_classes`` logits.

    Parameters
    ----------
    stack : BeliefStack
        Its labels, where it has any, are left out.
    n_classes : int of at least 2
    generator : torch.Generator, optional
        For the weights of the output layer, uniform within 1 / sqrt(n_L) as torch's own; its biases are zero.

    Returns
    -------
    torch.nn.Sequential, in torch's default precision, on the device of the stack, with which it shares nothing

    Examples
    --------
    >>> from nndl_support.deep_belief.harmonium import Harmonium
    >>> rbm = Harmonium(torch.zeros(3, 2), torch.zeros(3), torch.zeros(2))
    >>> recognition_network(BeliefStack.from_machines([rbm, rbm.transposed()]), 10)(torch.zeros(5, 3)).shape
    torch.Size([5, 10])
    """
    if n_classes < 2:
        raise ValueError(f"n_classes is {n_classes}; expected at least 2")
    options = {"dtype": torch.get_default_dtype(), "device": stack.top.W.device}
    modules: list[nn.Module] = []
    for weight, bias in (*stack.recognition, stack.top_layer):
        linear = nn.utils.skip_init(nn.Linear, *weight.shape, **options)
        with torch.no_grad():
            linear.weight.copy_(weight.T)  # torch keeps (out, in)
            linear.bias.copy_(bias)
        modules += [linear, nn.Sigmoid()]
    output = nn.utils.skip_init(nn.Linear, stack.sizes[-1], n_classes, **options)
    bound = 1 / math.sqrt(stack.sizes[-1])
    nn.init.uniform_(output.weight, -bound, bound, generator=generator)
    nn.init.zeros_(output.bias)
    return nn.Sequential(*modules, output)
