import itertools
import math

import numpy as np
import pytest
import torch

from nndl_support.deep_belief.deep_boltzmann import DeepBoltzmannMachine
from nndl_support.deep_belief.enumeration import log_z
from nndl_support.deep_belief.units import BernoulliUnits

F64 = torch.float64
SHAPES = ((3, 5), (5, 2), (3,), (5,), (2,))


def random_machine(seed=0, scale=1.0):
    generator = torch.Generator().manual_seed(seed)
    return DeepBoltzmannMachine(*(scale * torch.randn(s, generator=generator, dtype=F64) for s in SHAPES))


def by_loops(machine):
    """Weights e^-E of all states (v, h, g), with plain loops."""
    W, U, a, b, c = (p.tolist() for p in (machine.W, machine.U, machine.a, machine.b, machine.c))
    table = {}
    for v in itertools.product((0, 1), repeat=3):
        for h in itertools.product((0, 1), repeat=5):
            for g in itertools.product((0, 1), repeat=2):
                minus_e = sum(x * y for x, y in zip(a, v, strict=True)) + sum(x * y for x, y in zip(b, h, strict=True))
                minus_e += sum(x * y for x, y in zip(c, g, strict=True))
                minus_e += sum(W[i][j] * v[i] * h[j] for i in range(3) for j in range(5))
                minus_e += sum(U[j][k] * h[j] * g[k] for j in range(5) for k in range(2))
                table[v, h, g] = math.exp(minus_e)
    return table


def test_likelihood_posterior_and_partition_function_agree_with_plain_loops():
    machine, table = random_machine(), by_loops(random_machine())
    z = sum(table.values())
    assert log_z(machine.folded()).item() == pytest.approx(math.log(z), abs=1e-10)
    v = BernoulliUnits(3).states()
    states, posterior = machine.posterior(v)
    for row, log_p, of_h in zip(v.int().tolist(), machine.log_likelihood(v), posterior, strict=True):
        mine = {key: p for key, p in table.items() if key[0] == tuple(row)}
        assert log_p.item() == pytest.approx(math.log(sum(mine.values()) / z), abs=1e-10)
        expected = [sum(p for key, p in mine.items() if key[1] == tuple(h)) for h in states.int().tolist()]
        np.testing.assert_allclose(of_h, np.array(expected) / sum(expected), rtol=1e-9)


def test_the_energy_is_that_of_the_folded_machine():
    machine = random_machine(1)
    v, h, g = BernoulliUnits(10).states().split((3, 5, 2), dim=1)
    np.testing.assert_allclose(machine.energy(v, h, g), machine.folded().energy(h, torch.cat([v, g], 1)), atol=1e-12)


def test_mean_field_sweeps_never_lower_the_bound_and_stay_below_the_likelihood():
    machine, v = random_machine(2, scale=2.0), BernoulliUnits(3).states()
    bounds = torch.stack([machine.bound(v, *machine.mean_field(v, n)) for n in range(30)])
    assert (bounds[1:] - bounds[:-1]).min() > -1e-12
    assert (bounds <= machine.log_likelihood(v) + 1e-12).all()
    assert (bounds[-1] - bounds[0]).max() > 0.05


def test_at_the_fixed_point_the_bound_has_no_slope():
    machine, v = random_machine(3), BernoulliUnits(3).states()
    means = [m.requires_grad_() for m in machine.mean_field(v, 500)]
    for slope in torch.autograd.grad(machine.bound(v, *means).sum(), means):
        assert slope.abs().max() < 1e-8


def test_without_a_second_layer_mean_field_is_exact():
    machine = random_machine(4)
    alone = DeepBoltzmannMachine(machine.W, torch.zeros(5, 2, dtype=F64), machine.a, machine.b, machine.c)
    v = BernoulliUnits(3).states()
    for sweeps in (0, 3):
        np.testing.assert_allclose(alone.bound(v, *alone.mean_field(v, sweeps)), alone.log_likelihood(v), atol=1e-10)


def test_samples_have_the_frequencies_of_the_distribution():
    machine, n = random_machine(5), 20_000
    drawn = machine.sample(n, 60, torch.Generator().manual_seed(0))
    frequency = torch.bincount((drawn @ torch.tensor([4.0, 2, 1], dtype=F64)).long(), minlength=8) / n
    exact = machine.log_likelihood(BernoulliUnits(3).states()).exp()
    assert (frequency - exact).abs().max() < 4 * math.sqrt(0.25 / n)


@pytest.mark.parametrize("seed", range(3))
def test_climbing_raises_the_likelihood(seed):
    v = torch.tensor([[1.0, 0, 1], [0, 1, 0]], dtype=F64)
    machine = random_machine(seed, scale=0.1)
    after = machine.climbed(v, n_steps=60, learning_rate=0.1)
    assert machine.log_likelihood(v).mean() < -1.9
    assert after.log_likelihood(v).mean() > -0.9  # two pictures: at most -ln 2
    assert not after.W.requires_grad


def test_errors_name_the_sizes():
    with pytest.raises(ValueError, match=r"W has shape \(3, 5\), U \(2, 5\), the biases \(3, 5, 2\)"):
        DeepBoltzmannMachine(torch.zeros(3, 5), torch.zeros(2, 5), torch.zeros(3), torch.zeros(5), torch.zeros(2))
