r"""How successive halving and Hyperband share out a budget: how many configurations, with how much of the resource
each.

A **rung** is a pair (n, r): n configurations are evaluated with the resource r (epochs, examples, trees), and the best
of them climb to the next rung. A **bracket** is a list of rungs, a run of successive halving. Everything is integer
arithmetic: ``math.log(243, 3)`` is less than 5, and a bracket would be lost to it.

Shapes: N configurations at first, B total resource, R the most that one configuration gets, eta the factor between
rungs.

References
----------
Jamieson and Talwalkar (2016), Non-stochastic best arm identification and hyperparameter optimization, AISTATS,
https://arxiv.org/abs/1502.07943.
Li, Jamieson, DeSalvo, Rostamizadeh and Talwalkar (2018), Hyperband: a novel bandit-based approach to hyperparameter
optimization, Journal of Machine Learning Research 18(185), https://arxiv.org/abs/1603.06560, algorithm 1 and table 1.
Qiu (2019), 《神经网络与深度学习》, algorithm 7.2.
"""

from numbers import Integral

__all__ = ["bracket_cost", "halving_rungs", "hyperband_brackets", "largest_resource", "most_configs", "n_halvings"]

Bracket = list[tuple[int, int]]


def n_halvings(n_configs: int, *, eta: int = 2) -> int:
    r"""Number of rungs in Qiu's algorithm 7.2, and at least 1.

    .. math:: T = \lceil \log_\eta N \rceil - 1

    Notes
    -----
    Jamieson and Talwalkar have one rung more, :math:`\lceil \log_2 N \rceil`, which compares the last two
    configurations. After Qiu's last rung up to eta are left, and the best of them is the one that was best there.

    Examples
    --------
    >>> n_halvings(16), n_halvings(27, eta=3), n_halvings(2)
    (3, 2, 1)
    """
    _check_at_least("n_configs", n_configs, 1)
    _check_at_least("eta", eta, 2)
    rungs = 0
    while eta**rungs < n_configs:
        rungs += 1
    return max(rungs - 1, 1)


def halving_rungs(n_configs: int, budget: int, *, eta: int = 2, n_rungs: int | None = None) -> Bracket:
    r"""The rungs of one run of successive halving.

    .. math:: |S_{t+1}| = \lfloor |S_t| / \eta \rfloor, \qquad r_t = \left\lfloor \frac{B}{|S_t|\, T} \right\rfloor, \qquad t < T

    Parameters
    ----------
    n_configs : int, N
    budget : int, B; every rung gets the same share of it
    eta : int >= 2; 2 halves
    n_rungs : int, optional, T; that of :func:`n_halvings` without it

    Returns
    -------
    list of T pairs (n, r); the sum of their products is at most B

    Raises
    ------
    ValueError
        When the budget does not give every configuration one unit, or so many rungs would leave no configuration.

    Notes
    -----
    :math:`r_t` is what a configuration is trained with *in all* when it is trained anew in each rung, and what it gets
    *in addition* when it goes on from a checkpoint.

    Examples
    --------
    >>> halving_rungs(16, 64)
    [(16, 1), (8, 2), (4, 5)]
    >>> halving_rungs(16, 64, n_rungs=4)
    [(16, 1), (8, 2), (4, 4), (2, 8)]
    """
    rungs = n_halvings(n_configs, eta=eta) if n_rungs is None else n_rungs
    _check_at_least("n_rungs", rungs, 1)
    _check_at_least("budget", budget, 1)
    if eta ** (rungs - 1) > n_configs:
        raise ValueError(f"{n_configs} configurations divided by {eta} leave none for the last of {rungs} rungs")
    if budget < n_configs * rungs:
        raise ValueError(
            f"a budget of {budget} is too small for {n_configs} configurations in {rungs} rungs; expected at least "
            f"{n_configs * rungs}, one unit each in the first rung"
        )
    sizes = [n_configs // eta**t for t in range(rungs)]
    return [(size, budget // (size * rungs)) for size in sizes]


def most_configs(budget: int, *, eta: int = 2) -> int:
    """The largest N whose first rung still gives every configuration one unit of the resource.

    Examples
    --------
    >>> most_configs(64)
    16
    """
    _check_at_least("budget", budget, 1)
    # T rungs belong to the numbers above eta^T (above 0 for T = 1) up to eta^(T + 1).
    rungs = 1
    while budget // (rungs + 1) > eta ** (rungs + 1):
        rungs += 1
    return min(budget // rungs, eta ** (rungs + 1))


def hyperband_brackets(max_resource: int, *, eta: int = 3, sizes: str = "algorithm") -> list[Bracket]:
    r"""The brackets of Hyperband, from the one that starts with the most configurations to plain random search.

    .. math:: s_\max = \lfloor \log_\eta R \rfloor, \quad n = \left\lceil \frac{s_\max + 1}{s + 1}\, \eta^s \right\rceil, \quad
        n_i = \lfloor n\, \eta^{-i} \rfloor, \quad r_i = R\, \eta^{i - s}, \quad s = s_\max, \ldots, 0, \quad i = 0,
        \ldots, s

    Parameters
    ----------
    max_resource : int, R
    eta : int >= 2
    sizes : "algorithm" or "table"
        The published algorithm and the published example disagree about n. "algorithm" is the formula above; "table" is
        :math:`\lfloor (s_\max + 1) / (s + 1) \rfloor\, \eta^s`, which reproduces table 1 of the paper.

    Returns
    -------
    list of brackets, each a list of pairs (n_i, r_i); resources are rounded down when R is no power of eta

    Examples
    --------
    >>> for algorithm, table in zip(hyperband_brackets(81), hyperband_brackets(81, sizes="table")):
    ...     print(algorithm[0], table[0])
    (81, 1) (81, 1)
    (34, 3) (27, 3)
    (15, 9) (9, 9)
    (8, 27) (6, 27)
    (5, 81) (5, 81)
    """
    _check_at_least("max_resource", max_resource, 1)
    _check_at_least("eta", eta, 2)
    if sizes not in ("algorithm", "table"):
        raise ValueError(f"sizes is {sizes!r}; expected 'algorithm' or 'table'")
    s_max = 0
    while eta ** (s_max + 1) <= max_resource:
        s_max += 1
    brackets = []
    for s in range(s_max, -1, -1):
        rounded_up = -(-(s_max + 1) * eta**s // (s + 1))
        n = rounded_up if sizes == "algorithm" else (s_max + 1) // (s + 1) * eta**s
        brackets.append([(n // eta**i, max_resource // eta ** (s - i)) for i in range(s + 1)])
    return brackets


def bracket_cost(bracket: Bracket) -> int:
    """The resource that a bracket hands out, when every rung trains anew.

    Examples
    --------
    >>> [bracket_cost(bracket) for bracket in hyperband_brackets(81)]
    [405, 363, 351, 378, 405]
    """
    return sum(n * r for n, r in bracket)


def largest_resource(budget: int, *, eta: int = 3, sizes: str = "algorithm") -> int:
    """The largest R for which one run through all brackets of Hyperband fits into a budget.

    Examples
    --------
    >>> largest_resource(1902), largest_resource(1901)
    (81, 80)
    """
    _check_at_least("budget", budget, 1)
    _check_at_least("eta", eta, 2)

    def fits(resource: int) -> bool:
        brackets = hyperband_brackets(resource, eta=eta, sizes=sizes)
        return sum(map(bracket_cost, brackets)) <= budget

    # Between two powers of eta the cost grows with R; at a power there is one bracket more, and the cost jumps.
    low = 1
    while fits(low * eta):
        low *= eta
    high = low * eta
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if fits(middle) else (low, middle)
    return low


def _check_at_least(name: str, value: int, least: int) -> None:
    if isinstance(value, bool) or not isinstance(value, Integral) or value < least:
        raise ValueError(f"{name} is {value!r}; expected a whole number of at least {least}")
