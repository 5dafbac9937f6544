import numpy as np
import pytest
import torch

from nndl_support.deep_belief.belief_stack import BeliefStack, Layer
from nndl_support.deep_belief.harmonium import Harmonium
from nndl_support.deep_belief.recognition_network import recognition_network
from nndl_support.deep_belief.units import BernoulliUnits, JointUnits, SoftmaxUnits

GENERATOR = torch.Generator().manual_seed(0)


def draw(*shape):
    return torch.randn(shape, generator=GENERATOR)


STACK = BeliefStack(
    [Layer(draw(5, 3), draw(3))],
    [Layer(draw(3, 5), draw(5))],
    Harmonium(draw(5, 7), draw(5), draw(7), JointUnits([BernoulliUnits(3), SoftmaxUnits(2, 2)])),
)


def test_all_but_the_last_layer_is_the_way_up_without_the_labels():
    network, v = recognition_network(STACK, 11), torch.rand(13, 5, generator=GENERATOR)
    assert [type(m).__name__ for m in network] == ["Linear", "Sigmoid"] * 2 + ["Linear"]
    np.testing.assert_allclose(network[:-1](v).detach(), STACK.transform(v), atol=1e-6)
    by_hand = v.numpy()
    for weight, bias in ((STACK.recognition[0].weight, STACK.recognition[0].bias), (STACK.top.W[:3], STACK.top.b)):
        by_hand = 1 / (1 + np.exp(-(by_hand @ weight.numpy() + bias.numpy())))
    np.testing.assert_allclose(network[:-1](v).detach(), by_hand, atol=1e-6)


def test_the_output_layer_is_new_and_repeatable_and_nothing_is_shared():
    one, two = (recognition_network(STACK, 11, generator=torch.Generator().manual_seed(1)) for _ in range(2))
    assert torch.equal(one[-1].weight, two[-1].weight)
    assert 0 < one[-1].weight.abs().max() <= 7**-0.5
    assert not one[-1].bias.any()
    with torch.no_grad():
        one[0].weight.zero_()
    assert STACK.recognition[0].weight.abs().min() > 0


def test_it_has_the_default_precision():
    assert recognition_network(STACK, 2)[0].weight.dtype == torch.get_default_dtype()
    with pytest.raises(ValueError, match="n_classes is 1; expected at least 2"):
        recognition_network(STACK, 1)
