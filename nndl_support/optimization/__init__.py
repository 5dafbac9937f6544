"""Chapter `optimization` (网络优化与正则化): optimisers, initialisation, normalisation, search, regularisation."""
