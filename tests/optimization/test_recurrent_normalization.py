"""Recurrent networks with a normalisation inside: against loops by hand, and the failures of batch normalisation."""

import pytest
import torch
from torch import nn

from nndl_support.optimization.normalized_mlp import accuracy, train
from nndl_support.optimization.recurrent_normalization import KINDS, NormalizedSRN

G = torch.Generator().manual_seed(0)
X = torch.randn(7, 5, 3, generator=G)


def made(norm, n_steps=5):
    return NormalizedSRN(3, 11, 2, norm, n_steps=n_steps, seed=0)


def test_without_a_normalisation_it_is_the_rnn_of_torch():
    model, peer = made("none"), nn.RNN(3, 11, batch_first=True)
    with torch.no_grad():
        peer.weight_ih_l0.copy_(model.W.weight)
        peer.weight_hh_l0.copy_(model.U.weight)
        peer.bias_hh_l0.copy_(model.U.bias)
        peer.bias_ih_l0.zero_()
        torch.testing.assert_close(model(X), model.out(peer(X)[0][:, -1]))


@pytest.mark.parametrize("norm", KINDS[1:])
def test_with_one_it_is_the_loop_with_the_layer_of_torch(norm):
    model = made(norm)
    peers = [nn.LayerNorm(11) if norm == "layer" else nn.BatchNorm1d(11) for _ in range(5)]
    h = torch.zeros(7, 11)
    for t in range(5):
        z = h @ model.U.weight.T + X[:, t] @ model.W.weight.T
        torch.testing.assert_close(model.net_inputs(X)[t], z)
        h = torch.tanh(peers[t](z))
    torch.testing.assert_close(model(X), model.out(h))


def test_shared_statistics_move_at_every_step_and_those_of_one_step_once():
    shared, apart = made("batch, shared"), made("batch, per step")
    shared(X), apart(X)
    assert shared.norms[0].num_batches_tracked.item() == 5
    assert [norm.num_batches_tracked.item() for norm in apart.norms] == [1] * 5
    torch.testing.assert_close(apart.norms[0].running_mean, 0.1 * (X[:, 0] @ apart.W.weight.T).mean(0).detach())


def test_a_single_sequence_can_be_read_by_layer_norm_in_training_and_not_by_batch_norm():
    assert made("layer")(X[:1]).shape == (1, 2)
    with pytest.raises(ValueError, match=r"input of shape \(1, 11\), 1 value per channel"):
        made("batch, shared")(X[:1])


def test_a_sequence_longer_than_the_statistics_is_refused():
    model = made("batch, per step", n_steps=4).eval()
    with pytest.raises(
        ValueError, match="got sequences of 5 steps, but batch normalisation has statistics for 4 steps only"
    ):
        model(X)
    assert model(X[:, :3]).shape == (7, 2)
    assert made("layer").eval()(torch.cat([X, X], dim=1)).shape == (7, 2)


def test_layer_norm_remembers_over_a_delay():
    """The class is the sign of the first entry; noise follows."""
    g = torch.Generator().manual_seed(1)
    sequences = torch.randn(600, 8, 1, generator=g)
    labels = (sequences[:, 0, 0] > 0).long()
    sequences[:, 1:] *= 0.3
    model = NormalizedSRN(1, 24, 2, "layer", seed=0)
    train(model, sequences[:400], labels[:400], epochs=25, batch_size=20, learning_rate=0.2)
    assert accuracy(model, sequences[400:], labels[400:]) > 0.85


def test_misfits_are_named():
    with pytest.raises(ValueError, match="unknown norm 'batch'; known are 'none', 'layer', 'batch, shared'"):
        made("batch")
    with pytest.raises(ValueError, match=r"got sequences of shape \(7, 3\); expected \(B, T, 3\)"):
        made("layer")(X[:, 0])


@pytest.mark.parametrize("norm", KINDS)
def test_at_first_the_recurrent_weights_keep_the_length_of_the_state(norm):
    U = NormalizedSRN(3, 7, 2, norm, seed=1).U.weight
    torch.testing.assert_close(U @ U.T, torch.eye(7), atol=1e-5, rtol=0)
