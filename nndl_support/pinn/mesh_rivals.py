r"""What a mesh needs for the error that a physics-informed network has reached: one classical solver for each forward problem.

Every rival is a function of one number, the fineness n, and returns a :class:`~nndl_support.pinn.forward_rivals.Row`: unknowns,
seconds of the processor, and the relative L2 error, of several unknown functions the largest, on points of its own grid.

References
----------
McGreivy and Hakim (2024), Weak baselines and reporting biases lead to overoptimism in machine learning for fluid-related partial
differential equations, Nature Machine Intelligence 6, https://arxiv.org/abs/2407.07218: compare at equal accuracy, and with an
efficient solver.
"""

import time
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

import numpy as np
from scipy.integrate import solve_ivp

from nndl_support.pinn import exact_solutions, grid_solvers, periodic_equations
from nndl_support.pinn.chebyshev_flow import steady_flow
from nndl_support.pinn.cole_hopf import burgers
from nndl_support.pinn.collocation import relative_l2
from nndl_support.pinn.forward_rivals import Row, _timed, grid_heat, grid_poisson, kansa_heat, kansa_poisson
from nndl_support.pinn.lattice_validation import taylor_green_error

__all__ = [
    "RIVALS",
    "Rival",
    "cheapest",
    "chebyshev_kovasznay",
    "first_reach",
    "fourier_allen_cahn",
    "fourier_burgers",
    "grid_helmholtz",
    "grid_wave",
    "lattice_taylor_green",
    "marched_spring",
    "seconds_each",
]


class Rival(NamedTuple):
    """A solver and the finenesses to try.

    Attributes
    ----------
    run : function of an int, returning a Row
    ladder : sequence of int, rising

    Examples
    --------
    >>> Rival(grid_wave, (33, 65)).run(33).unknowns
    2976
    """

    run: Callable[[int], Row]
    ladder: Sequence[int]


def marched_spring(n: int, *, damping: float = 0.5, frequency: float = 6.0) -> Row:
    r"""The damped spring :math:`u'' + 2\delta u' + \omega^2 u = 0` on [0, 3], by Runge and Kutta's method of order 8.

    Parameters
    ----------
    n : int, the tolerance is :math:`10^{-n}`
    damping, frequency : floats, :math:`\delta` and :math:`\omega`

    Examples
    --------
    >>> bool(marched_spring(6).error < 1e-5)
    True
    """
    times = np.linspace(0, 3, 301)

    def run() -> np.ndarray:
        def slope(t: float, y: np.ndarray) -> list[float]:
            return [y[1], -2 * damping * y[1] - frequency**2 * y[0]]

        return solve_ivp(slope, (0, 3), [1.0, 0.0], "DOP853", times, rtol=10.0**-n, atol=10.0**-n).y[0]

    seconds, u = _timed(run)
    exact = exact_solutions.oscillator(times, damping=damping, frequency=frequency)
    return Row("Runge–Kutta, order 8", 2, seconds, relative_l2(u, exact))


def grid_wave(n: int) -> Row:
    """Leap-frog with n lines in space and a Courant number of two thirds. (At one it would be exact on the grid, by luck.)

    Examples
    --------
    >>> bool(grid_wave(65).error < 0.05)
    True
    """
    x, t = np.linspace(0, 1, n), np.linspace(0, 1, 3 * (n - 1) + 1)
    start = np.sin(np.pi * x) + 0.5 * np.sin(4 * np.pi * x)
    seconds, u = _timed(lambda: grid_solvers.wave_leap_frog(x, t, start))
    return Row("leap-frog, order 2", (n - 2) * (len(t) - 1), seconds, relative_l2(u, exact_solutions.wave(x, t)))


def grid_helmholtz(n: int) -> Row:
    """Nine-point differences of order 4 on n by n lines.

    Examples
    --------
    >>> bool(grid_helmholtz(33).error < 1e-2)
    True
    """
    line = np.linspace(-1, 1, n)
    seconds, u = _timed(
        lambda: grid_solvers.helmholtz_grid(exact_solutions.helmholtz_source, 0.0, line, line, wavenumber=1.0, order=4)
    )
    points = np.stack(np.meshgrid(line, line, indexing="ij"), axis=-1).reshape(-1, 2)
    error = relative_l2(u.ravel(), exact_solutions.helmholtz(points))
    return Row("finite differences, order 4", (n - 2) ** 2, seconds, error)


def fourier_burgers(n: int) -> Row:
    """Fourier modes on n points, exponential Runge-Kutta steps of order 4; judged on 51 places and 21 times.

    Examples
    --------
    >>> bool(fourier_burgers(512).error < 1e-2)
    True
    """
    x, t = np.linspace(-1, 1, 51), np.linspace(0, 1, 21)
    seconds, u = _timed(lambda: periodic_equations.burgers_fourier(x, t, points=n, max_step=1.6 / n))
    return Row("Fourier, order 4 in time", n, seconds, relative_l2(u, burgers(x, t)))


def fourier_allen_cahn(n: int) -> Row:
    """The same for the Allen-Cahn equation; judged by four times as many modes.

    Examples
    --------
    >>> bool(fourier_allen_cahn(256).error < 1e-3)
    True
    """
    x, t = np.linspace(-1, 1, 101), np.linspace(0, 1, 21)
    seconds, u = _timed(lambda: periodic_equations.allen_cahn(x, t, points=n, max_step=8 / n))
    return Row(
        "Fourier, order 4 in time", n, seconds, relative_l2(u, periodic_equations.allen_cahn(x, t, points=4 * n))
    )


def chebyshev_kovasznay(n: int) -> Row:
    """Chebyshev polynomials and Newton's method for Kovasznay's flow, :func:`~nndl_support.pinn.chebyshev_flow.steady_flow`.

    Examples
    --------
    >>> bool(chebyshev_kovasznay(11).error < 1e-2)
    True
    """
    seconds, flow = _timed(
        lambda: steady_flow(
            n,
            lambda edge: exact_solutions.kovasznay(edge)[:, :2],
            viscosity=1 / 40,
            low=(-0.5, -0.5),
            high=(1.0, 1.5),
        )
    )
    exact = exact_solutions.kovasznay(flow.points)
    found = flow.values + [0, 0, exact[:, 2].mean()]
    worst = max(relative_l2(found[:, k], exact[:, k]) for k in range(3))
    return Row("Chebyshev and Newton", 3 * n * n, seconds, worst)


def lattice_taylor_green(n: int) -> Row:
    """The lattice-Boltzmann method on n by n nodes, in a periodic box, until a quarter of the energy is left.

    Examples
    --------
    >>> bool(lattice_taylor_green(24).error < 0.02)
    True
    """
    seconds, (velocity, pressure) = _timed(lambda: taylor_green_error(n))
    return Row("lattice Boltzmann, order 2", 3 * n * n, seconds, max(velocity, pressure))


#: For every forward problem of the chapter, the solvers to try.
RIVALS: dict[str, list[Rival]] = {
    "spring": [Rival(marched_spring, (4, 6, 8, 10))],
    "poisson": [
        Rival(lambda n: grid_poisson(n, order=4), (17, 25, 33, 49, 65, 97)),
        Rival(lambda n: kansa_poisson(n), (8, 10, 12, 14, 16)),
    ],
    "heat": [Rival(grid_heat, (65, 129, 257, 513, 1025, 2049)), Rival(lambda n: kansa_heat(n), (8, 10, 12, 14, 16))],
    "helmholtz": [Rival(grid_helmholtz, (33, 49, 65, 97, 129))],
    "wave": [Rival(grid_wave, (65, 129, 257, 513))],
    "burgers": [Rival(fourier_burgers, (512, 768, 1024, 1536, 2048))],
    "allen_cahn": [Rival(fourier_allen_cahn, (128, 256, 512, 1024))],
    "kovasznay": [Rival(chebyshev_kovasznay, (11, 13, 15, 16, 17))],
    "taylor_green": [Rival(lattice_taylor_green, (24, 48, 84, 120))],
}


def cheapest(rivals: Sequence[Rival], error: float, *, repeats: int = 3) -> Row:
    """Climb every ladder until the error is reached, and return the fastest of the rows that reach it.

    Parameters
    ----------
    rivals : sequence of Rival
    error : float > 0, to be reached
    repeats : int, runs at the final fineness, of which the fastest counts

    Raises
    ------
    ValueError
        When no ladder is high enough.

    Examples
    --------
    >>> row = cheapest([Rival(grid_wave, (33, 65, 129))], 0.02)
    >>> row.method, row.error <= 0.02
    ('leap-frog, order 2', True)
    """
    reached = []
    for rival in rivals:
        for n in rival.ladder:
            row = rival.run(n)
            if row.error <= error:
                reached.append(min([row, *(rival.run(n) for _ in range(repeats - 1))], key=lambda r: r.seconds))
                break
    if not reached:
        raise ValueError(f"no rival reaches the error {error:.1e}; make the ladders higher")
    return min(reached, key=lambda row: row.seconds)


def first_reach(seconds: Sequence[float], errors: Sequence[float], error: float) -> float:
    """When a run first had an error, infinity if it never had.

    Parameters
    ----------
    seconds, errors : sequences of the same length, the looks at a run
    error : float

    Returns
    -------
    float, seconds

    Examples
    --------
    >>> first_reach([1.0, 2.0, 3.0], [0.5, 0.1, 0.2], 0.3)
    2.0
    """
    return min((s for s, e in zip(seconds, errors, strict=True) if e <= error), default=float("inf"))


def seconds_each(function: Callable[[float], object], values: Iterable[float]) -> float:
    """Mean seconds of the processor that a function takes for one of many values.

    Parameters
    ----------
    function : of a float
    values : iterable of float, at least one

    Raises
    ------
    ValueError
        When there is no value.

    Examples
    --------
    >>> seconds_each(lambda value: value**2, [1.0, 2.0, 3.0]) < 0.1
    True
    """
    arguments = list(values)
    if not arguments:
        raise ValueError("there are no values; expected at least one")
    start = time.process_time()
    for value in arguments:
        function(value)
    return (time.process_time() - start) / len(arguments)
