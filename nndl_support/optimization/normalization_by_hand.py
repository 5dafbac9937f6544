"""Normalisation layers with the passes back derived by hand (归一化), in NumPy: pairs of functions, forward and backward.

Batch, layer, group and instance normalisation are one function: *standardise* a set of entries that belong together, then scale
and shift. They differ only in which entries belong together. Each family is written in a module of its own and can be imported
from here:

==========================  ==================================================================================
module                      functions, each with its partner ``..._backward``
==========================  ==================================================================================
``standardize_by_hand``     ``standardize``: what the next two share, with the derivation
``batch_norm_by_hand``      ``batch_norm``; ``update_running_statistics`` and ``batch_norm_inference``
``example_norms_by_hand``   ``layer_norm``, ``group_norm``, ``instance_norm``, ``rms_norm``
``weight_norm_by_hand``     ``weight_norm``
``response_norm_by_hand``   ``local_response_norm``
==========================  ==================================================================================

Examples
--------
>>> import numpy as np
>>> x = np.array([[1.0, 10.0], [3.0, 30.0]])
>>> batch_norm(x, eps=0.0)[0]  # columns
array([[-1., -1.],
       [ 1.,  1.]])
>>> layer_norm(x, eps=0.0)[0]  # rows
array([[-1.,  1.],
       [-1.,  1.]])
"""

from nndl_support.optimization.batch_norm_by_hand import (
    batch_norm,
    batch_norm_backward,
    batch_norm_inference,
    update_running_statistics,
)
from nndl_support.optimization.example_norms_by_hand import (
    group_norm,
    group_norm_backward,
    instance_norm,
    instance_norm_backward,
    layer_norm,
    layer_norm_backward,
    rms_norm,
    rms_norm_backward,
)
from nndl_support.optimization.response_norm_by_hand import local_response_norm, local_response_norm_backward
from nndl_support.optimization.standardize_by_hand import standardize, standardize_backward
from nndl_support.optimization.weight_norm_by_hand import weight_norm, weight_norm_backward

__all__ = [
    "batch_norm",
    "batch_norm_backward",
    "batch_norm_inference",
    "group_norm",
    "group_norm_backward",
    "instance_norm",
    "instance_norm_backward",
    "layer_norm",
    "layer_norm_backward",
    "local_response_norm",
    "local_response_norm_backward",
    "rms_norm",
    "rms_norm_backward",
    "standardize",
    "standardize_backward",
    "update_running_statistics",
    "weight_norm",
    "weight_norm_backward",
]
