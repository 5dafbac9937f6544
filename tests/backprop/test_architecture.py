import numpy as np
import pytest

from nndl_support.backprop.architecture import count_parameters, depths_with_most_and_fewest, parameters_at_depth
from nndl_support.backprop.network import initialise


@pytest.mark.parametrize("sizes", [[3, 1], [7, 5, 2], [2, 3, 5, 7, 11]])
def test_count_is_the_number_of_entries_of_a_real_network(sizes):  # D32
    weights, biases = initialise(sizes, ["tanh"] * (len(sizes) - 1), np.random.default_rng(0))
    assert count_parameters(sizes) == sum(array.size for array in weights + biases)


@pytest.mark.parametrize(("n_inputs", "n_hidden"), [(1, 12), (3, 60), (5, 12), (29, 60), (30, 60), (784, 120)])
def test_closed_form_is_brute_force_at_every_depth(n_inputs, n_hidden):  # D32
    depths = [d for d in range(1, n_hidden + 1) if n_hidden % d == 0]
    counts = [count_parameters([n_inputs, *[n_hidden // d] * d, 1]) for d in depths]
    assert [parameters_at_depth(n_inputs, n_hidden, d) for d in depths] == counts
    most, fewest = depths_with_most_and_fewest(n_inputs, n_hidden)
    assert most == depths[np.argmax(counts)]
    assert fewest == depths[len(counts) - 1 - np.argmin(counts[::-1])]


def compositions(n):
    """All ways to share n units among ordered layers."""
    if n == 0:
        yield []
    for first in range(1, n + 1):
        for rest in compositions(n - first):
            yield [first, *rest]


@pytest.mark.parametrize("n_inputs", [2, 5])
def test_no_unequal_sharing_has_fewer_parameters_than_the_chain_of_single_units(n_inputs):
    counts = {tuple(layers): count_parameters([n_inputs, *layers, 1]) for layers in compositions(10)}
    assert min(counts, key=counts.__getitem__) == (1,) * 10


def test_errors_say_what_was_given():
    with pytest.raises(ValueError, match=r"sizes \[3\]"):
        count_parameters([3])
    with pytest.raises(ValueError, match=r"at least one unit each, got sizes \[3, 0, 1\]"):
        count_parameters([3, 0, 1])
    with pytest.raises(ValueError, match="10 hidden units cannot be shared equally by 3 layers"):
        parameters_at_depth(2, 10, 3)
    with pytest.raises(ValueError, match=r"must be even and at least 2.*got 7"):
        depths_with_most_and_fewest(2, 7)
