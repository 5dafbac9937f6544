"""Dropout in a recurrent network: against loops by hand and torch's RNN, and the law by which new masks forget."""

import itertools

import numpy as np
import pytest
import torch
from torch import nn

from nndl_support.optimization.recurrent_dropout import PLACES, DroppedSRN, measured_share, share_remembered

X = torch.randn(7, 5, 3, generator=torch.Generator().manual_seed(0))


def made(where, p=0.4, seed=3):
    return DroppedSRN(3, 11, 2, where, p, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("where", PLACES)
def test_in_evaluation_every_place_gives_the_rnn_of_torch(where):
    model, peer = made(where).eval(), nn.RNN(3, 11, batch_first=True)
    with torch.no_grad():
        peer.weight_ih_l0.copy_(model.W.weight)
        peer.weight_hh_l0.copy_(model.U.weight)
        peer.bias_hh_l0.copy_(model.U.bias)
        peer.bias_ih_l0.zero_()
        torch.testing.assert_close(model.states(X), peer(X)[0])
        torch.testing.assert_close(model(X), model.out(peer(X)[0][:, -1]))


@pytest.mark.parametrize("where", PLACES[1:])
def test_with_the_same_masks_it_is_the_loop_by_hand(where):
    model = made(where)
    generator = torch.Generator().manual_seed(3)

    def mask(*shape):
        return (torch.rand(shape, generator=generator) < 0.6).float() / 0.6

    h, one = torch.zeros(7, 11), mask(7, 11)
    for t in range(5):
        x = X[:, t] * mask(7, 3) if where == "inputs" else X[:, t]
        h = h * mask(7, 11) if where == "states" else h * one if where == "states, one mask" else h
        h = torch.tanh(h @ model.U.weight.T + model.U.bias + x @ model.W.weight.T)
    torch.testing.assert_close(model.states(X)[:, -1], h)


def test_one_mask_hides_the_same_units_of_a_sequence_at_all_steps_and_others_in_another_sequence():
    """With U = 1 and inputs at the first step only, a dropped unit is 0 ever after and a kept one never."""
    model = made("states, one mask", 0.5)
    with torch.no_grad():
        model.U.weight.copy_(torch.eye(11))
    x = torch.zeros(7, 5, 3)
    x[:, 0] = 1.0
    alive = model.states(x)[:, 1:] != 0
    assert bool((alive == alive[:, :1]).all())
    assert len(alive[:, 0].unique(dim=0)) > 1


def test_new_masks_leave_ever_fewer_units_alive():
    model = made("states", 0.5)
    with torch.no_grad():
        model.U.weight.copy_(torch.eye(11))
    x = torch.zeros(701, 5, 3)
    x[:, 0] = 1.0
    alive = (model.states(x) != 0).double().mean(dim=(0, 2))
    np.testing.assert_allclose(alive, 0.5 ** np.arange(5), atol=0.03)


def test_the_share_remembered_is_the_mean_over_all_masks():
    """Two units, three steps, 64 mask sequences: all of them."""
    keep, angle, first = 0.7, 0.6, np.array([0.6, -0.8])
    U = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    mean, square = np.zeros(2), 0.0
    for bits in itertools.product((0, 1), repeat=6):
        h = first
        for t in range(3):
            h = U @ (np.array(bits[2 * t : 2 * t + 2]) * h / keep)
        probability = keep ** sum(bits) * (1 - keep) ** (6 - sum(bits))
        mean += probability * h
        square += probability * h @ h
    np.testing.assert_allclose(mean @ mean / square, share_remembered(3, keep))
    np.testing.assert_allclose(mean @ mean, 1.0)


@pytest.mark.parametrize("keep", [0.5, 0.8])
def test_what_is_measured_follows_the_law(keep):
    shares = measured_share(6, keep, n_units=13, generator=torch.Generator().manual_seed(1))
    np.testing.assert_allclose(shares, [share_remembered(t, keep) for t in range(7)], atol=0.02)


def test_one_mask_remembers_more_than_new_masks():
    g = torch.Generator().manual_seed(1)
    once = measured_share(6, 0.8, n_units=13, one_mask=True, n_samples=5000, generator=g)
    assert abs(once[1] - 0.8) < 0.02
    assert once[6] > 0.8**6


def test_few_samples_do_not_feign_a_memory():
    """The square of a mean over 5 draws is a fifth of the mean square even where nothing is left."""
    g = torch.Generator().manual_seed(1)
    shares = [measured_share(6, 0.5, n_units=13, n_samples=5, generator=g)[-1] for _ in range(300)]
    assert abs(np.mean(shares) - share_remembered(6, 0.5)) < 0.05


def test_without_dropping_nothing_depends_on_the_generator():
    torch.testing.assert_close(made("states", 0.0, seed=1)(X), made("states", 0.0, seed=2)(X))


def test_misfits_are_named():
    with pytest.raises(ValueError, match="unknown place 'outputs'; known are 'nowhere', 'inputs'"):
        made("outputs")
    with pytest.raises(ValueError, match=r"got sequences of shape \(7, 3\); expected \(B, T, 3\)"):
        made("inputs")(X[:, 0])
    with pytest.raises(ValueError, match=r"n_steps is -1 and keep 0\.5"):
        share_remembered(-1, 0.5)
    with pytest.raises(ValueError, match="keep 0; expected"):
        share_remembered(2, 0)
    with pytest.raises(ValueError, match="n_samples is 1; expected at least 2"):
        measured_share(2, 0.5, n_samples=1)
