r"""What to watch while a restricted Boltzmann machine learns: three gauges that need no partition function.

None of them is the likelihood. The error of reconstruction can be small while the model puts its probability elsewhere; the
difference of mean free energies, in which log Z cancels, shows overfitting and not divergence; the fields show that units stop
being random. Together with a likelihood from enumeration or annealed importance sampling they tell most accidents apart.

Shapes: B examples, V visible units, H hidden units.

References
----------
Hinton (2012), A practical guide to training restricted Boltzmann machines, sections 5, 6 and 15,
https://doi.org/10.1007/978-3-642-35289-8_32.
"""

import torch
from torch import Tensor

from nndl_support.deep_belief.harmonium import Harmonium

__all__ = ["free_energy_gap", "reconstruction_error", "saturation"]


def reconstruction_error(rbm: Harmonium, v: Tensor) -> Tensor:
    """Mean squared difference per unit between v and its way up and down through the means: (B, V) to (B,).

    Often reported, because it costs nothing. It says how well the hidden units *encode* v, not how probable v is.

    Examples
    --------
    >>> rbm = Harmonium(torch.tensor([[50.0]]), torch.tensor([-25.0]), torch.tensor([-25.0]))
    >>> reconstruction_error(rbm, torch.tensor([[0.0], [1.0]])).round(decimals=3)
    tensor([0., 0.])
    """
    return (rbm.mean_visible(rbm.mean_hidden(v)) - v).square().mean(-1)


def free_energy_gap(rbm: Harmonium, train: Tensor, held_out: Tensor) -> float:
    """Mean log-probability of training minus held-out examples, in nats: grows when the machine learns examples by heart.

    .. math:: \\overline{F}(\\text{held out}) - \\overline{F}(\\text{train})

    Examples
    --------
    >>> rbm = Harmonium(torch.zeros(2, 1), torch.tensor([1.0, 0.0]), torch.zeros(1))
    >>> free_energy_gap(rbm, torch.tensor([[1.0, 0.0]]), torch.tensor([[0.0, 0.0]]))
    1.0
    """
    return float(rbm.free_energy(held_out).mean() - rbm.free_energy(train).mean())


def saturation(rbm: Harmonium, v: Tensor, *, margin: float = 0.01) -> float:
    """Share of hidden units, averaged over v (B, V), that are 0 or 1 with a probability above 1 - ``margin``.

    Examples
    --------
    >>> rbm = Harmonium(torch.zeros(1, 2), torch.zeros(1), torch.tensor([0.0, 9.0]))
    >>> saturation(rbm, torch.zeros(3, 1))
    0.5
    """
    p = rbm.mean_hidden(v)
    return float(((p - 0.5).abs() > 0.5 - margin).to(torch.float64).mean())
