r"""Flow past a circular cylinder (圆柱绕流) by the lattice-Boltzmann method: a wake whose viscosity is known exactly.

Shapes: T snapshots of ny rows and nx columns; S steps. Lengths are in cylinder diameters D, velocities in the mean velocity U of
what enters, times in D/U, pressures in :math:`\rho U^2`. The origin is the centre of the cylinder. In these units

.. math:: u_t + u\,u_x + v\,u_y = -p_x + \tfrac1{Re}\nabla^2 u, \qquad v_t + u\,v_x + v\,v_y = -p_y + \tfrac1{Re}\nabla^2 v,
    \qquad u_x + v_y = 0,

with two errors that one chooses: of the grid, of the order of the square of a node in diameters, and of compressibility, since
the lattice knows :math:`u_x + v_y = -Ma^2\,p_t` with the Mach number :math:`Ma = \sqrt3` times the velocity in nodes per step.

References
----------
Schäfer and Turek (1996), Benchmark computations of laminar flow around a cylinder, Notes on Numerical Fluid Mechanics 52,
https://doi.org/10.1007/978-3-322-89849-4_39: the channel, case 2D-2.
Raissi, Perdikaris and Karniadakis (2019), Physics-informed neural networks, Journal of Computational Physics 378,
https://doi.org/10.1016/j.jcp.2018.10.045, section 4.1.1: what the wake is for.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.interpolate import RegularGridInterpolator

from nndl_support.pinn.curved_wall import CircularWall
from nndl_support.pinn.lattice_flow import LatticeFlow
from nndl_support.pinn.lattice_walls import bounce_back, free_slip, outlet


@dataclass(frozen=True)
class CylinderWake:
    """Snapshots of a wake and the forces on the cylinder.

    Attributes
    ----------
    x : array (nx,), in D from the centre of the cylinder
    y : array (ny,)
    t : array (T,), in D/U since the start
    u, v : arrays (T, ny, nx), in U; zero inside the cylinder
    p : array (T, ny, nx), in rho U^2
    force_times : array (S,), in D/U
    drag, lift : arrays (S,)
        Coefficients: forces over rho U^2 D / 2.
    reynolds : float
    mach : float
        Mach number of the mean velocity.
    diameter : int, in nodes
    last : tuple of arrays (x, y, p, u, v)
        The whole lattice at the end, for a start at another resolution.
    """

    x: np.ndarray
    y: np.ndarray
    t: np.ndarray
    u: np.ndarray
    v: np.ndarray
    p: np.ndarray
    force_times: np.ndarray
    drag: np.ndarray
    lift: np.ndarray
    reynolds: float
    mach: float
    diameter: int
    last: tuple[np.ndarray, ...]


def simulate_cylinder_wake(
    reynolds: float = 100.0,
    *,
    diameter: int = 16,
    velocity: float = 0.05,
    upstream: float = 6.0,
    downstream: float = 14.0,
    height: float = 12.0,
    centre: float = 0.0,
    walls: str = "free_slip",
    duration: float = 100.0,
    record_from: float | None = None,
    every: float = 0.25,
    window: tuple[float, float, float, float] = (-2.0, 9.0, -3.0, 3.0),
    stride: int = 1,
    interpolate: bool = True,
    begin: CylinderWake | None = None,
    progress: Callable[[float], None] | None = None,
) -> CylinderWake:
    r"""Simulate the unsteady flow past a circular cylinder in two dimensions.

    Parameters
    ----------
    reynolds : float > 0
        Reynolds number :math:`UD/\nu`.
    diameter : int
        Nodes per diameter D. Memory grows as its square and time as its cube.
    velocity : float
        U in nodes per step. The error of compressibility grows as its square; the number of steps falls as its inverse.
    upstream, downstream, height : floats
        Distance from the centre to the inlet and to the outlet, and height of the channel, in D. Their products with the diameter
        are rounded to whole nodes.
    centre : float
        Height of the centre of the cylinder above the middle of the channel, in D.
    walls : "free_slip" or "no_slip"
        Mirrors above and below and a uniform inflow, or walls and a parabolic inflow of mean 1.
    duration : float
        In D/U.
    record_from : float, optional
        Time of the first snapshot, by default half of the duration.
    every : float
        Time between snapshots, in D/U, rounded to whole steps.
    window : four floats
        Snapshots show x from the first to the second and y from the third to the fourth, in D.
    stride : int
        Snapshots keep every so many nodes along each axis.
    interpolate : bool
        False replaces the circle by a staircase, see :class:`nndl_support.pinn.curved_wall.CircularWall`.
    begin : CylinderWake, optional
        Begin with the last fields of another run, at whatever resolution, instead of a disturbed uniform flow, and save the
        time that vortices take to grow.
    progress : callable, optional
        Called with the time at each snapshot.

    Returns
    -------
    CylinderWake

    Raises
    ------
    ValueError
        When a number is not positive, the walls are unknown, the time or the window holds no snapshot, or the flow has become
        unstable.

    Notes
    -----
    Two relaxation times, half-way bounce-back as inlet, interpolated bounce-back on the circle, and an outlet of zero pressure
    that lets plane sound waves pass. Forces are measured by exchange of momentum.

    Examples
    --------
    >>> wake = simulate_cylinder_wake(40.0, diameter=6, velocity=0.1, upstream=3, downstream=6, height=6, duration=4.0,
    ...                               record_from=3.0, every=0.5, window=(-1, 5, -2, 2))
    >>> wake.u.shape, wake.t.round(2).tolist(), bool(wake.drag[-1] > 1)
    ((3, 24, 36), [3.0, 3.5, 4.0], True)
    """
    if walls not in ("free_slip", "no_slip"):
        raise ValueError(f"walls is {walls!r}; expected 'free_slip' or 'no_slip'")
    if not min(reynolds, velocity, diameter, stride) > 0:
        raise ValueError(
            f"reynolds is {reynolds}, velocity {velocity}, diameter {diameter} and stride {stride}; expected positive numbers"
        )
    record_from = duration / 2 if record_from is None else record_from
    if not 0 <= record_from <= duration or not every > 0:
        raise ValueError(f"record_from={record_from}, every={every} and duration={duration} leave no snapshot")
    nx, ny = round((upstream + downstream) * diameter), round(height * diameter)
    middle = (upstream * diameter - 0.5, (height / 2 + centre) * diameter - 0.5)
    x, y = (np.arange(nx) - middle[0]) / diameter, (np.arange(ny) - middle[1]) / diameter
    columns = np.flatnonzero((x >= window[0]) & (x <= window[1]))[::stride]
    rows = np.flatnonzero((y >= window[2]) & (y <= window[3]))[::stride]
    if not len(columns) or not len(rows):
        raise ValueError(
            f"the window {window} holds no node of the lattice; expected a part of x from {-upstream} to {downstream} and "
            f"y from {-height / 2 - centre} to {height / 2 - centre}"
        )

    s = (np.arange(ny) + 0.5) / ny
    profile = velocity * (6 * s * (1 - s) if walls == "no_slip" else np.ones(ny))
    profile *= velocity / profile.mean()
    wall = CircularWall((ny, nx), middle, diameter / 2, interpolate=interpolate)
    sides = [(bounce_back if walls == "no_slip" else free_slip)(side) for side in ("bottom", "top")]
    flow = LatticeFlow(
        (ny, nx),
        velocity * diameter / reynolds,
        boundaries=[*sides, bounce_back("left", u=profile), outlet(velocity), wall],
    )
    flow.start(*(_disturbed(x, y, profile, velocity) if begin is None else _from_run(begin, x, y, velocity)))
    flow.populations[:, 1:-1, 1:-1][:, wall.solid] = 0.0

    step = velocity / diameter
    n_steps, first, interval = round(duration / step), round(record_from / step), max(1, round(every / step))
    force, times, snapshots = np.empty((n_steps, 2)), [], []
    for n in range(n_steps + 1):
        if n >= first and (n - first) % interval == 0:
            with np.errstate(over="ignore", invalid="ignore"):
                fields = np.stack(flow.fields())
            if not np.isfinite(fields).all():
                raise ValueError(
                    f"the flow has become unstable before t = {n * step:.2f}: a viscosity of {flow.viscosity:.2e} needs "
                    f"more nodes than {diameter} per diameter, or a smaller velocity than {velocity}"
                )
            snapshots.append(fields[:, rows][:, :, columns])
            times.append(n * step)
            if progress is not None:
                progress(n * step)
        if n < n_steps:
            # An overflow is reported above, in the words of the flow.
            with np.errstate(over="ignore", invalid="ignore"):
                flow.step()
            force[n] = wall.force
    p, u, v = np.moveaxis(np.array(snapshots), 1, 0)
    drag, lift = force.T / (0.5 * velocity**2 * diameter)
    scale = np.array([velocity**2, velocity, velocity])[:, None, None]
    return CylinderWake(
        x=x[columns],
        y=y[rows],
        t=np.array(times),
        u=u / velocity,
        v=v / velocity,
        p=p / velocity**2,
        force_times=(np.arange(n_steps) + 0.5) * step,
        drag=drag,
        lift=lift,
        reynolds=reynolds,
        mach=3**0.5 * velocity,
        diameter=diameter,
        last=(x, y, *(np.stack(flow.fields()) / scale)),
    )


def _disturbed(x: np.ndarray, y: np.ndarray, profile: np.ndarray, velocity: float) -> tuple[np.ndarray, ...]:
    """The inflow everywhere, and a free vortex behind the cylinder that breaks the symmetry; its velocity has no divergence."""
    a, b = np.meshgrid(x - 1.5, y - 0.5)
    swirl = 0.5 * velocity * np.exp(-(a * a + b * b))
    return np.zeros_like(a), profile[:, None] - swirl * b, swirl * a


def _from_run(run: CylinderWake, x: np.ndarray, y: np.ndarray, velocity: float) -> tuple[np.ndarray, ...]:
    """The last fields of another run, linear between its nodes and constant beyond them, in lattice units."""
    old_x, old_y, *fields = run.last
    places = np.stack(
        np.meshgrid(np.clip(y, old_y[0], old_y[-1]), np.clip(x, old_x[0], old_x[-1]), indexing="ij"), axis=-1
    )
    scales = (velocity**2, velocity, velocity)
    return tuple(s * RegularGridInterpolator((old_y, old_x), f)(places) for s, f in zip(scales, fields, strict=True))
