r"""Scattered velocities in a wake: what an experimenter with tracer particles would hand to the inverse problem.

Shapes: N samples with the coordinates (x, y, t); T snapshots of ny rows and nx columns.

References
----------
Raissi, Perdikaris and Karniadakis (2019), Physics-informed neural networks, Journal of Computational Physics 378,
https://doi.org/10.1016/j.jcp.2018.10.045, section 4.1.1: 5000 samples behind a cylinder, at Re = 100.
"""

import numpy as np

from nndl_support.pinn.lattice_boltzmann import CylinderWake


def scatter(
    wake: CylinderWake,
    n_samples: int,
    window: tuple[float, float, float, float],
    times: tuple[float, float],
    rng: np.random.Generator,
) -> tuple[np.ndarray, np.ndarray]:
    """Draw nodes and snapshots at random, no place twice.

    Parameters
    ----------
    wake : CylinderWake
    n_samples : int
    window : four floats
        Samples have x from the first to the second and y from the third to the fourth.
    times : pair of floats
        Samples have t from the first to the second; their times are counted from the first.
    rng : numpy.random.Generator

    Returns
    -------
    points : array (N, 3) of x, y, t
    values : array (N, 3) of u, v, p

    Raises
    ------
    ValueError
        When the window holds fewer nodes than samples.

    Examples
    --------
    >>> wake = CylinderWake(np.arange(5.0), np.arange(4.0), np.arange(3.0), *np.zeros((3, 3, 4, 5)), np.arange(0), np.arange(0),
    ...                     np.arange(0), 100.0, 0.1, 16, ())
    >>> points, values = scatter(wake, 7, (1, 3, 0, 2), (1, 2), np.random.default_rng(0))
    >>> points.shape, values.shape, points.min(axis=0).tolist()
    ((7, 3), (7, 3), [1.0, 0.0, 0.0])
    """
    columns = np.flatnonzero((wake.x >= window[0]) & (wake.x <= window[1]))
    rows = np.flatnonzero((wake.y >= window[2]) & (wake.y <= window[3]))
    snapshots = np.flatnonzero((wake.t >= times[0] - 1e-9) & (wake.t <= times[1] + 1e-9))
    shape = (len(snapshots), len(rows), len(columns))
    if not 1 <= n_samples <= np.prod(shape):
        raise ValueError(
            f"n_samples is {n_samples}, but the window holds {shape[0]} snapshots of {shape[1]} x {shape[2]} nodes"
        )
    chosen = np.unravel_index(rng.choice(int(np.prod(shape)), n_samples, replace=False), shape)
    t, y, x = (index[k] for index, k in zip((snapshots, rows, columns), chosen, strict=True))
    points = np.stack([wake.x[x], wake.y[y], wake.t[t] - times[0]], axis=1)
    return points, np.stack([f[t, y, x] for f in (wake.u, wake.v, wake.p)], axis=1)


def add_noise(values: np.ndarray, level: float, rng: np.random.Generator) -> np.ndarray:
    """Add normal noise to every column, in proportion to the standard deviation of that column.

    Parameters
    ----------
    values : array (N, C)
    level : float, 0.01 for one per cent
    rng : numpy.random.Generator

    Returns
    -------
    array (N, C)

    Examples
    --------
    >>> noisy = add_noise(np.arange(8000.0).reshape(4000, 2), 0.1, np.random.default_rng(0))
    >>> np.std(noisy - np.arange(8000.0).reshape(4000, 2), axis=0).round(-1)
    array([230., 230.])
    """
    if level < 0:
        raise ValueError(f"level is {level}; expected 0 or more")
    return np.asarray(values + level * values.std(axis=0) * rng.normal(size=values.shape))


def relative_errors(found: np.ndarray, truth: np.ndarray) -> np.ndarray:
    r"""Relative L2 errors of u, v and p at one time; of the pressure, deviations from its mean are compared.

    .. math:: \frac{\lVert f - f^*\rVert}{\lVert f^*\rVert}

    Parameters
    ----------
    found, truth : arrays (N, 3) of u, v, p at the same places and one time
        The equations know the gradient of the pressure only, so that at each time any constant may be added to it.

    Returns
    -------
    array (3,)

    Raises
    ------
    ValueError
        When the shapes differ.

    Examples
    --------
    >>> truth = np.array([[1.0, 0.5, 0.0], [1.0, -0.5, 1.0]])
    >>> relative_errors(truth + [0.1, 0.0, 7.0], truth).round(6)
    array([0.1, 0. , 0. ])
    """
    if found.shape != truth.shape or found.ndim != 2 or found.shape[1] != 3:
        raise ValueError(f"the shapes are {found.shape} and {truth.shape}; expected twice (N, 3)")
    shift = np.array([0.0, 0.0, 1.0])
    error, size = (f - shift * f.mean(axis=0) for f in (found - truth, truth))
    return np.asarray(np.linalg.norm(error, axis=0) / np.linalg.norm(size, axis=0))
