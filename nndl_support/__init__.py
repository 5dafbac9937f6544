"""The tested code behind an executable companion to the literature on neural networks.

One sub-package per chapter, one module per idea. Import from the module that implements it:

>>> from nndl_support.data.watermelon import load_watermelon
"""
