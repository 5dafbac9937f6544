"""Every test runs on one thread, without progress bars and without a window."""

import os

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(name, "1")
os.environ.setdefault("NNDL_PROGRESS", "0")
os.environ.setdefault("MPLBACKEND", "Agg")
