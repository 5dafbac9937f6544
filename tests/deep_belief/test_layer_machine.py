import numpy as np
import pytest
import torch

from nndl_support.deep_belief import enumeration
from nndl_support.deep_belief.harmonium import Harmonium
from nndl_support.deep_belief.layer_machine import LayerMachine, upside_down
from nndl_support.deep_belief.rbm import RestrictedBoltzmannMachine

F64 = torch.float64
GENERATOR = torch.Generator().manual_seed(0)
MEANS = torch.rand(23, 5, generator=GENERATOR, dtype=F64)


def test_without_labels_start_and_redraw_it_is_a_restricted_boltzmann_machine():
    options = {"n_components": 3, "n_epochs": 4, "batch_size": 7, "random_state": 0}
    ours, theirs = LayerMachine(**options).learn(MEANS), RestrictedBoltzmannMachine(**options).fit(MEANS.numpy())
    np.testing.assert_array_equal(ours.components_, theirs.components_)
    np.testing.assert_array_equal(ours.intercept_visible_, theirs.intercept_visible_)


def test_upside_down_exchanges_the_layers_and_keeps_the_partition_function():
    rbm = Harmonium(*(torch.randn(s, generator=GENERATOR, dtype=F64) for s in ((5, 3), (5,), (3,))))
    turned, h = upside_down(rbm), rbm.hidden.states()
    np.testing.assert_allclose(turned.free_energy(h), rbm.hidden_free_energy(h), atol=1e-12)
    assert enumeration.log_z(turned).item() == pytest.approx(enumeration.log_z(rbm).item(), abs=1e-12)
    turned.W.zero_()  # nothing is shared
    assert rbm.W.abs().min() > 0


def test_it_starts_where_it_is_told():
    rbm = Harmonium(*(torch.randn(s, generator=GENERATOR, dtype=F64) for s in ((5, 3), (5,), (3,))))
    machine = LayerMachine(3, n_epochs=0, random_state=0).learn(MEANS, start=rbm)
    for found, expected in zip(
        (machine.harmonium_.W, machine.harmonium_.a, machine.harmonium_.b), (rbm.W, rbm.a, rbm.b), strict=True
    ):
        assert torch.equal(found, expected)
    with pytest.raises(
        ValueError, match=r"start has weights of shape \(5, 3\), but the machine has 5 features and 2 hidden"
    ):
        LayerMachine(2).learn(MEANS, start=rbm)


def test_labels_are_softmax_units_behind_the_features():
    labels = torch.eye(3, dtype=F64)[torch.arange(23) % 3]
    machine = LayerMachine(2, n_epochs=0, random_state=0).learn(MEANS, labels=labels)
    assert repr(machine.harmonium_.visible) == "JointUnits([BernoulliUnits(5), SoftmaxUnits(3, 3)])"
    frequency = torch.softmax(machine.harmonium_.a[5:], 0)
    np.testing.assert_allclose(frequency, (labels.sum(0) + 0.5) / (labels.sum(0) + 0.5).sum(), rtol=1e-10)


def test_redrawn_states_are_learnt_in_place_of_their_probabilities():
    """A unit that is 1 with probability 0.5 beside its copy: states are correlated only if they are drawn together, so
    independent draws teach no weight, and redrawing shows in no correlation of the model."""
    half = torch.full((400, 2), 0.5, dtype=F64)
    machine = LayerMachine(1, method="exact", n_epochs=20, batch_size=400, learning_rate=0.1, random_state=0)
    redrawn = machine.learn(half, redraw=True)
    assert np.ptp(redrawn.intercept_visible_) > 0  # the draws are noisy,
    plain = LayerMachine(1, method="exact", n_epochs=20, batch_size=400, learning_rate=0.1, random_state=0).learn(half)
    np.testing.assert_allclose(plain.intercept_visible_, 0, atol=1e-2)  # the probabilities are not
    seen = machine._redrawn(MEANS.repeat(2000, 1)).mean(0)
    assert (seen - MEANS.mean(0)).abs().max() < 0.02
