"""Rungs and brackets: Qiu's example, both published forms of Hyperband, sums, bad input."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nndl_support.optimization.brackets import (
    bracket_cost,
    halving_rungs,
    hyperband_brackets,
    largest_resource,
    most_configs,
    n_halvings,
)

# Li et al. (2018), table 1, R = 81 and eta = 3.
TABLE_1 = [
    [(81, 1), (27, 3), (9, 9), (3, 27), (1, 81)],
    [(27, 3), (9, 9), (3, 27), (1, 81)],
    [(9, 9), (3, 27), (1, 81)],
    [(6, 27), (2, 81)],
    [(5, 81)],
]


def test_algorithm_7_2_with_16_configurations_and_a_budget_of_64():
    assert n_halvings(16) == math.ceil(math.log2(16)) - 1 == 3
    assert halving_rungs(16, 64) == [(16, 1), (8, 2), (4, 5)]


def test_one_more_rung_in_algorithm_7_2_would_overspend_the_budget():
    """With t running up to T, as many rungs as T + 1 would share B / T each."""
    rungs = [(n, 64 // (n * 3)) for n in (16, 8, 4, 2)]
    assert bracket_cost(rungs) > 64
    assert bracket_cost(halving_rungs(16, 64)) <= 64


def test_the_original_has_one_rung_more_and_compares_the_last_two():
    assert halving_rungs(16, 64, n_rungs=4) == [(16, 1), (8, 2), (4, 4), (2, 8)]


@given(st.integers(1, 5000), st.integers(2, 5), st.integers(0, 5000))
def test_rungs_keep_to_the_budget_and_every_rung_costs_about_the_same(n, eta, extra):
    rungs = n_halvings(n, eta=eta)
    budget = n * rungs + extra
    bracket = halving_rungs(n, budget, eta=eta)
    assert len(bracket) == rungs == max(1, math.ceil(round(math.log(n) / math.log(eta), 9)) - 1)
    assert bracket_cost(bracket) <= budget
    for (size, resource), following in zip(bracket, [*bracket[1:], None]):
        assert budget / rungs - size < size * resource <= budget / rungs
        if following is not None:
            assert following[0] == size // eta
            assert following[1] >= resource


def test_hyperband_reproduces_the_published_table():
    assert hyperband_brackets(81, sizes="table") == TABLE_1


def test_the_published_table_is_not_what_the_published_algorithm_says():
    """n = ceil((s_max + 1) / (s + 1) * eta^s), evaluated with fractions: 33.75, 15 and 7.5 become 34, 15 and 8."""
    algorithm = hyperband_brackets(81)
    assert [bracket[0] for bracket in algorithm] == [(81, 1), (34, 3), (15, 9), (8, 27), (5, 81)]
    assert [bracket[0][0] for bracket in TABLE_1] != [bracket[0][0] for bracket in algorithm]
    assert algorithm[1] == [(34, 3), (11, 9), (3, 27), (1, 81)]
    assert algorithm[2] == [(15, 9), (5, 27), (1, 81)]


@pytest.mark.parametrize("sizes", ["algorithm", "table"])
@given(resource=st.integers(1, 20_000), eta=st.integers(2, 6))
def test_brackets_obey_the_published_formulas(sizes, resource, eta):
    brackets = hyperband_brackets(resource, eta=eta, sizes=sizes)
    s_max = len(brackets) - 1
    assert eta**s_max <= resource < eta ** (s_max + 1)
    for s, bracket in zip(range(s_max, -1, -1), brackets):
        share = (s_max + 1) / (s + 1)
        n = math.ceil(round(share * eta**s, 6)) if sizes == "algorithm" else math.floor(share) * eta**s
        assert bracket == [(int(n // eta**i), int(resource * eta**i // eta**s)) for i in range(s + 1)]
        assert bracket[-1][0] >= 1
        assert bracket[-1][1] == resource


def test_a_power_of_eta_has_all_its_brackets_where_a_floating_point_logarithm_loses_one():
    assert math.floor(math.log(243, 3)) == 4
    assert len(hyperband_brackets(243)) == 6


@pytest.mark.parametrize("eta", [2, 3, 4])
def test_the_largest_search_that_fits_is_the_one_that_trying_all_finds(eta):
    for budget in range(1, 120):
        n = max(n for n in range(1, budget + 1) if n * n_halvings(n, eta=eta) <= budget)
        assert most_configs(budget, eta=eta) == n
        for sizes in ("algorithm", "table"):
            costs = [sum(map(bracket_cost, hyperband_brackets(r, eta=eta, sizes=sizes))) for r in range(1, budget + 1)]
            fitting = [r for r, cost in enumerate(costs, start=1) if cost <= budget]
            assert largest_resource(budget, eta=eta, sizes=sizes) == max(fitting)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: halving_rungs(16, 47),
            "a budget of 47 is too small for 16 configurations in 3 rungs; expected at least 48",
        ),
        (lambda: halving_rungs(4, 100, n_rungs=4), "4 configurations divided by 2 leave none for the last of 4 rungs"),
        (lambda: halving_rungs(0, 9), "n_configs is 0; expected a whole number of at least 1"),
        (lambda: halving_rungs(4, 9.5), "budget is 9.5"),
        (lambda: halving_rungs(4, 9, n_rungs=0), "n_rungs is 0"),
        (lambda: n_halvings(4, eta=1), "eta is 1; expected a whole number of at least 2"),
        (lambda: hyperband_brackets(0), "max_resource is 0"),
        (lambda: hyperband_brackets(9, eta=True), "eta is True"),
        (lambda: hyperband_brackets(9, sizes="paper"), "sizes is 'paper'; expected 'algorithm' or 'table'"),
        (lambda: largest_resource(0), "budget is 0"),
        (lambda: most_configs(-3), "budget is -3"),
    ],
)
def test_what_cannot_be_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()
