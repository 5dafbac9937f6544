"""Layer, group and RMS normalisation as modules: an example is alone, relatives are equal, misfits are named."""

import pytest
import torch

from nndl_support.optimization.batch_norm import BatchNorm1d, InstanceNorm1d
from nndl_support.optimization.layer_norm import GroupNorm, LayerNorm, RMSNorm

F64 = {"dtype": torch.float64}
X = torch.randn(7, 6, 5, generator=torch.Generator().manual_seed(0), **F64) * 2 + 1


@pytest.mark.parametrize("layer", [LayerNorm((6, 5), **F64), GroupNorm(3, 6, **F64), RMSNorm((6, 5), **F64)])
def test_an_example_is_normalised_alone_in_training_as_in_evaluation(layer):
    y = layer(X)
    torch.testing.assert_close(torch.cat([layer(x[None]) for x in X]), y)
    assert torch.equal(layer.eval()(X), y)
    assert all("running" not in name for name in layer.state_dict())


def test_rows_of_layer_norm_are_columns_of_batch_norm():
    x = X[..., 0]
    rows, columns = LayerNorm(6, **F64)(x), BatchNorm1d(7, **F64)(x.T)
    torch.testing.assert_close(rows, columns.T)


def test_groups_reach_from_layer_norm_to_instance_norm():
    torch.testing.assert_close(GroupNorm(1, 6, **F64)(X), LayerNorm((6, 5), elementwise_affine=False)(X))
    torch.testing.assert_close(GroupNorm(6, 6, **F64)(X), InstanceNorm1d(6)(X))


def test_rms_norm_ignores_the_scale_and_layer_norm_the_shift_too():
    for layer, shift in ((RMSNorm(5, eps=0.0, **F64), 0.0), (LayerNorm(5, eps=0.0, **F64), 3.0)):
        torch.testing.assert_close(layer(9 * X + shift), layer(X))
    assert (RMSNorm(5, eps=0.0, **F64)(X + 3) - RMSNorm(5, eps=0.0, **F64)(X)).abs().max() > 0.1


def test_eps_none_of_rms_norm_is_the_machine_epsilon_of_the_input():
    tiny = torch.full((1, 2), 1e-4)
    expected = 1e-4 / (1e-8 + torch.finfo(torch.float32).eps) ** 0.5
    torch.testing.assert_close(RMSNorm(2)(tiny), torch.full((1, 2), expected))


def test_misfits_are_named():
    with pytest.raises(ValueError, match=r"LayerNorm got an input of shape \(7, 6, 5\); expected \(..., 6\)"):
        LayerNorm(6)(X)
    with pytest.raises(ValueError, match=r"RMSNorm got an input of shape \(7, 6, 5\); expected \(..., 7, 5\)"):
        RMSNorm((7, 5))(X)
    with pytest.raises(ValueError, match=r"GroupNorm got an input of shape \(7, 6, 5\); expected \(B, 4, ...\)"):
        GroupNorm(2, 4)(X)
    with pytest.raises(ValueError, match="6 channels cannot be divided into 4 groups"):
        GroupNorm(4, 6)
    with pytest.raises(ValueError, match=r"normalized_shape must be positive sizes, but is \(\)"):
        LayerNorm(())
    with pytest.raises(ValueError, match="normalized_shape must be positive sizes, but is 0"):
        RMSNorm(0)
    with pytest.raises(ValueError, match="eps must be at least 0, but is -1"):
        RMSNorm(3, eps=-1)


@pytest.mark.parametrize("name", ["LayerNorm", "RMSNorm"])
def test_an_input_without_a_batch_has_the_gradients_of_torch(name):
    ours, theirs = globals()[name]((6, 5), **F64), getattr(torch.nn, name)((6, 5), **F64)
    for layer in (ours, theirs):
        layer(X[0]).pow(3).sum().backward()
    for mine, other in zip(ours.parameters(), theirs.parameters(), strict=True):
        torch.testing.assert_close(mine.grad, other.grad, atol=1e-10, rtol=1e-10)
