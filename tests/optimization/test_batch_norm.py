"""Batch and instance normalisation as modules: statistics that are kept, and inputs that cannot be normalised."""

import pytest
import torch

from nndl_support.optimization.batch_norm import BatchNorm1d, InstanceNorm1d

X = torch.randn(7, 5, 3, generator=torch.Generator().manual_seed(0), dtype=torch.float64) * 2 + 1


def test_momentum_none_keeps_the_plain_mean_of_all_batches():
    layer = BatchNorm1d(5, momentum=None, dtype=torch.float64)
    batches = [X + k for k in (0.0, 1.0, 5.0)]
    for batch in batches:
        layer(batch)
    torch.testing.assert_close(layer.running_mean, torch.stack([b.mean((0, 2)) for b in batches]).mean(0))
    torch.testing.assert_close(layer.running_var, torch.stack([b.var((0, 2)) for b in batches]).mean(0))
    assert layer.num_batches_tracked.item() == 3


def test_after_one_batch_the_running_statistics_have_moved_by_a_tenth():
    layer = BatchNorm1d(5, dtype=torch.float64)
    layer(X)
    torch.testing.assert_close(layer.running_mean, 0.1 * X.mean((0, 2)))
    torch.testing.assert_close(layer.running_var, 0.9 + 0.1 * X.var((0, 2), correction=1))


def test_evaluation_changes_no_statistic_and_treats_each_example_alone():
    layer = BatchNorm1d(5, dtype=torch.float64)
    layer(X)
    layer.eval()
    kept = {name: value.clone() for name, value in layer.state_dict().items()}
    y = layer(X)
    torch.testing.assert_close(torch.cat([layer(x[None]) for x in X]), y)
    assert all(torch.equal(kept[name], value) for name, value in layer.state_dict().items())


def test_without_tracking_evaluation_uses_the_batch():
    layer = BatchNorm1d(5, track_running_stats=False, dtype=torch.float64)
    trained = layer(X)
    layer.eval()
    assert torch.equal(layer(X), trained)
    with pytest.raises(ValueError, match="1 value per channel"):
        layer(X[:1, :, 0])


def test_a_batch_of_one_is_refused_in_training_and_welcome_in_evaluation():
    layer = BatchNorm1d(5, dtype=torch.float64)
    with pytest.raises(
        ValueError, match=r"input of shape \(1, 5\), 1 value per channel; expected at least 2 in training"
    ):
        layer(X[:1, :, 0])
    with pytest.raises(ValueError, match=r"input of shape \(0, 5\), 0 values? per channel"):
        layer(X[:0, :, 0])
    assert layer.num_batches_tracked.item() == 0
    assert layer(X[:1]).shape == (1, 5, 3)  # three positions are enough
    assert layer.eval()(X[:1, :, 0]).shape == (1, 5)


def test_instance_norm_keeps_the_mean_of_the_examples_statistics():
    layer = InstanceNorm1d(5, momentum=1.0, track_running_stats=True, dtype=torch.float64)
    layer(X)
    torch.testing.assert_close(layer.running_mean, X.mean((0, 2)))
    torch.testing.assert_close(layer.running_var, X.var(2).mean(0))
    layer.eval()
    torch.testing.assert_close(layer(X[0]), layer(X)[0])


@pytest.mark.parametrize("layer", [BatchNorm1d(5), InstanceNorm1d(5)])
@pytest.mark.parametrize("shape", [(7,), (7, 4, 3), (7, 5, 3, 2)])
def test_a_shape_that_does_not_fit_is_named_with_what_was_expected(layer, shape):
    text = rf"{type(layer).__name__} got an input of shape \({', '.join(map(str, shape))},?\); expected \("
    with pytest.raises(ValueError, match=text):
        layer(torch.zeros(shape))


def test_options_out_of_range_are_named():
    with pytest.raises(ValueError, match=r"momentum must be in \[0, 1\] or None, but is 1.5"):
        BatchNorm1d(5, momentum=1.5)
    with pytest.raises(ValueError, match="momentum must be a number for InstanceNorm1d"):
        InstanceNorm1d(5, momentum=None)
    with pytest.raises(ValueError, match="eps must be at least 0, but is -1"):
        BatchNorm1d(5, eps=-1)
    with pytest.raises(ValueError, match="num_features must be a whole number of at least 1, but is 0"):
        BatchNorm1d(0)
    with pytest.raises(ValueError, match="InstanceNorm1d got 1 position per channel; expected at least 2"):
        InstanceNorm1d(5)(torch.zeros(7, 5, 1))
