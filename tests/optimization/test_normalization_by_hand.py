"""The facade: every pair can be imported from here, and the pairs fit."""

import numpy as np
import pytest

from nndl_support.optimization import normalization_by_hand as by_hand


def test_every_name_promised_is_there():
    assert all(callable(getattr(by_hand, name)) for name in by_hand.__all__)
    backward = {name for name in by_hand.__all__ if name.endswith("_backward")}
    assert {name.removesuffix("_backward") for name in backward} <= set(by_hand.__all__)
    assert len(backward) == 8


@pytest.mark.parametrize("name", ["batch_norm", "layer_norm", "instance_norm", "rms_norm", "local_response_norm"])
def test_a_pair_gives_a_gradient_of_the_shape_of_the_input(name):
    x = np.random.default_rng(0).normal(size=(7, 5, 3))
    y, cache = getattr(by_hand, name)(x)
    back = getattr(by_hand, f"{name}_backward")(np.ones_like(y), cache)
    assert (back if isinstance(back, np.ndarray) else back[0]).shape == x.shape == y.shape
