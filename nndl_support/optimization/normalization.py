r"""Normalisation layers as torch modules (归一化), under the names, signatures and states of ``torch.nn``.

Batch, layer, group and instance normalisation standardise sets of entries, then scale and shift:

.. math:: y = \gamma \odot \frac{x - \mu}{\sqrt{\sigma^2 + \epsilon}} + \beta

========================  ================================================  =====================================
module                    entries that share one mean and variance          in evaluation mode
========================  ================================================  =====================================
BatchNorm1d               one channel, all examples and positions           statistics kept from training
LayerNorm                 one example, its last axes                        the same as in training
GroupNorm                 one example, a group of channels, all positions   the same
InstanceNorm1d            one example, one channel, all positions           the same, unless told to keep statistics
RMSNorm                   as LayerNorm, but no mean is subtracted           the same
========================  ================================================  =====================================

:class:`.LocalResponseNorm` divides by the neighbouring channels; :class:`.WeightNorm` works on the weights of a layer.
The first five share one function and its pass back, :func:`nndl_support.optimization.normalize_function.normalize`.
Each layer is written in the module of its family (``batch_norm``, ``layer_norm``, ``local_response_norm``, ``weight_norm``) and
can be imported from here.

Shapes: B examples, C channels (units), L positions.

References
----------
Those of :mod:`nndl_support.optimization.normalization_by_hand`, and Salimans and Kingma (2016), Weight normalization,
https://arxiv.org/abs/1602.07868.

Examples
--------
>>> import torch
>>> x = torch.tensor([[1.0, 10.0], [3.0, 30.0]])
>>> BatchNorm1d(2, affine=False)(x).round(decimals=3)
tensor([[-1., -1.],
        [ 1.,  1.]])
>>> LayerNorm(2)(x).round(decimals=3)
tensor([[-1.,  1.],
        [-1.,  1.]], grad_fn=<RoundBackward1>)
>>> sorted(BatchNorm1d(2).state_dict())
['bias', 'num_batches_tracked', 'running_mean', 'running_var', 'weight']
"""

from nndl_support.optimization.batch_norm import BatchNorm1d, InstanceNorm1d
from nndl_support.optimization.layer_norm import GroupNorm, LayerNorm, RMSNorm
from nndl_support.optimization.local_response_norm import LocalResponseNorm
from nndl_support.optimization.weight_norm import WeightNorm

__all__ = ["BatchNorm1d", "GroupNorm", "InstanceNorm1d", "LayerNorm", "LocalResponseNorm", "RMSNorm", "WeightNorm"]
