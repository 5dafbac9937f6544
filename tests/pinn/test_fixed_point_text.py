"""Arrays as text."""

import json

import numpy as np
import pytest

from nndl_support.pinn.fixed_point_text import from_text, to_text


@pytest.mark.parametrize("shape", [(), (7,), (3, 5), (2, 3, 5), (0, 4)])
def test_an_array_of_any_shape_comes_back_to_half_a_unit(shape):
    values = 3 * np.random.default_rng(0).normal(size=shape)
    packed = json.loads(json.dumps(to_text(values, decimals=4)))
    found = from_text(packed)
    assert found.shape == shape
    assert np.abs(found - values).max(initial=0) <= 0.5e-4 * (1 + 1e-9)


def test_what_was_read_is_written_in_the_same_way():
    packed = to_text(np.random.default_rng(1).normal(size=50), decimals=5)
    assert to_text(from_text(packed), decimals=5) == packed


def test_errors_say_what_is_wrong():
    with pytest.raises(ValueError, match="finite"):
        to_text([np.nan], decimals=3)
    with pytest.raises(ValueError, match="0 to 15"):
        to_text([1.0], decimals=16)
    with pytest.raises(ValueError, match=r"shape is \(3,\), but the text holds 2 numbers"):
        from_text({"shape": [3], "decimals": 0, "text": "1 2"})
