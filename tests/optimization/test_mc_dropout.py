import math

import pytest
import torch
from torch import nn

from nndl_support.optimization.mc_dropout import (
    dropping,
    entropy,
    mutual_information,
    predictive_entropy,
    predictive_variance,
    sample_probabilities,
)
from nndl_support.optimization.regularization import DropConnect, Dropout, StochasticDepth
from nndl_support.optimization.subnetworks import all_masks


def model():
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(3, 5), nn.BatchNorm1d(5), nn.Tanh(), Dropout(0.5), nn.Linear(5, 2)).double()


def distributions(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64).softmax(-1)


def test_only_what_drops_trains_and_every_mode_comes_back():
    net = model()
    net[0].training = False  # an odd mixture of modes, to be restored as it was
    modes = [m.training for m in net.modules()]
    with dropping(net):
        assert [m.training for m in net] == [False, False, False, True, False]
    assert [m.training for m in net.modules()] == modes
    with pytest.raises(RuntimeError, match="inside"), dropping(net):
        raise RuntimeError("inside")
    assert [m.training for m in net.modules()] == modes


def test_batch_statistics_stay_and_examples_do_not_mix():
    net, x = model(), torch.randn(7, 3, dtype=torch.float64)
    before = {name: value.clone() for name, value in net.state_dict().items()}
    torch.manual_seed(1)
    sample_probabilities(net, x, 3)
    assert all(torch.equal(value, before[name]) for name, value in net.state_dict().items())


@pytest.mark.parametrize(
    "layer", [nn.Dropout(0.5), nn.Dropout1d(0.5), DropConnect(5, 5, 0.5), StochasticDepth(nn.BatchNorm1d(5), 0.5)]
)
def test_layers_of_torch_and_all_of_ours_drop(layer):
    net = nn.Sequential(layer, nn.Linear(5, 2))
    torch.manual_seed(0)
    samples = sample_probabilities(net, torch.ones(4, 5), 20)
    assert predictive_variance(samples).max() > 1e-4
    if isinstance(layer, StochasticDepth):
        assert layer.branch.num_batches_tracked == 0


def test_the_mean_of_many_samples_is_the_mean_over_all_masks():
    net, x = model().eval(), torch.randn(1, 3, generator=torch.Generator().manual_seed(2), dtype=torch.float64)
    with torch.no_grad():
        hidden = net[:3](x)
        exact = net[4](torch.tensor(all_masks(5)) * hidden / 0.5).softmax(1).mean(0)
    torch.manual_seed(0)
    samples = sample_probabilities(net, x, 20_000)
    torch.testing.assert_close(samples.mean(0)[0], exact, rtol=0, atol=0.01)


def test_the_samples_are_double_and_carry_no_gradient():
    net = nn.Sequential(nn.Linear(3, 5), Dropout(0.5), nn.Linear(5, 2))  # single precision, as networks are
    samples = sample_probabilities(net, torch.ones(7, 3), n_samples=11)
    assert samples.dtype == torch.float64
    assert not samples.requires_grad
    torch.testing.assert_close(samples.sum(-1), torch.ones(11, 7, dtype=torch.float64), rtol=0, atol=1e-14)


def test_rounding_makes_no_information_negative():
    p = distributions(1, 4001, 3).expand(7, 4001, 3).float()
    assert mutual_information(p).min() == 0


def test_the_seed_decides_the_samples():
    net, x, runs = model(), torch.ones(4, 3, dtype=torch.float64), []
    for _ in range(2):
        torch.manual_seed(3)
        runs.append(sample_probabilities(net, x, 5))
    assert torch.equal(*runs)


def test_a_model_that_drops_nothing_is_refused():
    with pytest.raises(ValueError, match="no layer that drops"):
        sample_probabilities(nn.Linear(3, 2), torch.ones(4, 3))
    with pytest.raises(ValueError, match="n_samples is 0"):
        sample_probabilities(model(), torch.ones(4, 3), 0)


def test_entropy_lies_between_certainty_and_ignorance():
    assert entropy(torch.eye(3)).tolist() == [0, 0, 0]
    assert entropy(torch.full((7,), 1 / 7, dtype=torch.float64)).item() == pytest.approx(math.log(7))
    p = distributions(11, 5)
    torch.testing.assert_close(entropy(p), torch.distributions.Categorical(probs=p).entropy())


def test_the_information_is_the_mean_divergence_of_the_samples_from_their_mean():
    p = distributions(7, 5, 3)
    mean = p.mean(0)
    divergence = (p * (p / mean).log()).sum(-1).mean(0)
    torch.testing.assert_close(mutual_information(p), divergence)
    assert bool((mutual_information(p) <= predictive_entropy(p)).all())


def test_samples_that_agree_carry_no_information_however_unsure():
    p = distributions(1, 5, 3).expand(7, 5, 3)
    assert mutual_information(p).abs().max() < 1e-15
    assert predictive_variance(p).abs().max() < 1e-30
    torch.testing.assert_close(predictive_entropy(p), entropy(p[0]))


def test_the_variance_is_that_over_the_samples():
    p = distributions(7, 5, 3)
    torch.testing.assert_close(predictive_variance(p), (p**2).mean(0) - p.mean(0) ** 2)


def test_samples_need_three_axes():
    with pytest.raises(ValueError, match=r"samples have shape \(5, 3\); expected \(S, B, K\)"):
        predictive_entropy(distributions(5, 3))
