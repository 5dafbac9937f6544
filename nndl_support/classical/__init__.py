"""Chapter `classical` (经典网络): RBF networks, self-organizing maps, adaptive resonance, cascade-correlation, Elman."""
