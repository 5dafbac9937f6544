"""Optimisation and regularisation (网络优化与正则化): the landscape, optimisers, initialisation, normalisation, search, regularisation."""
