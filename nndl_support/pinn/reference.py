"""Reference solutions (参考解) under one roof: what a network's answer is compared with.

Defined in :mod:`nndl_support.pinn.cole_hopf` (Burgers), :mod:`nndl_support.pinn.periodic_equations` (Allen-Cahn, Korteweg-de
Vries, Schrödinger) and :mod:`nndl_support.pinn.exact_solutions` (closed forms); each may be imported from here.

In one dimension of space x (X,) and t (T,) span a grid and the answer is (X, T); elsewhere a row of ``points`` is one place, with
the columns x, y (and t). None of them takes a second on the usual grids.
"""

from nndl_support.pinn.cole_hopf import burgers
from nndl_support.pinn.exact_solutions import (
    heat,
    helmholtz,
    helmholtz_source,
    kdv_soliton,
    kovasznay,
    logistic,
    oscillator,
    poisson,
    poisson_source,
    schrodinger_two_soliton,
    taylor_green,
    wave,
)
from nndl_support.pinn.periodic_equations import allen_cahn, korteweg_de_vries, nonlinear_schrodinger

__all__ = [
    "allen_cahn",
    "burgers",
    "heat",
    "helmholtz",
    "helmholtz_source",
    "kdv_soliton",
    "korteweg_de_vries",
    "kovasznay",
    "logistic",
    "nonlinear_schrodinger",
    "oscillator",
    "poisson",
    "poisson_source",
    "schrodinger_two_soliton",
    "taylor_green",
    "wave",
]
