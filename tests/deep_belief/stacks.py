"""A small random deep belief network, on which the tests of several modules try what they know by enumeration."""

import itertools

import torch

from nndl_support.deep_belief.belief_stack import BeliefStack, Layer
from nndl_support.deep_belief.harmonium import Harmonium
from nndl_support.deep_belief.units import BernoulliUnits, JointUnits, SoftmaxUnits

F64 = torch.float64
V_ROWS = torch.tensor([[1.0, 0, 1, 1, 0], [0, 0, 1, 0, 1], [1, 1, 1, 1, 1]], dtype=F64)


def random_stack(sizes=(5, 3, 2, 4), *, n_labels=0, seed=0):
    """Layers of all-different sizes, up and down with unrelated weights."""
    generator = torch.Generator().manual_seed(seed)

    def draw(*shape):
        return torch.randn(shape, generator=generator, dtype=F64)

    pairs = list(itertools.pairwise(sizes[:-1]))
    up = [Layer(draw(m, n), draw(n)) for m, n in pairs]
    down = [Layer(draw(n, m), draw(m)) for m, n in pairs]
    m, n = sizes[-2] + n_labels, sizes[-1]
    visible = JointUnits([BernoulliUnits(sizes[-2]), SoftmaxUnits(n_labels, n_labels)]) if n_labels else None
    return BeliefStack(up, down, Harmonium(draw(m, n), draw(m), draw(n), visible))
