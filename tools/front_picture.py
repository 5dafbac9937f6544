"""Draw the picture of the front page: a network that learns to tell two spirals apart, seen at four moments.

Run from the repository's root, about ten seconds on one core::

    .venv/bin/python -m tools.front_picture

It writes ``book/_static/two_spirals.png`` and prints what the alternative text and the caption say in numbers.
"""

from pathlib import Path

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
import numpy as np
from PIL import Image

from nndl_support import plot
from nndl_support.backprop.mlp import MLPClassifier
from nndl_support.data.spirals import make_two_spirals

MOMENTS = (1, 60, 150, 400)  # epochs
PICTURE = Path(__file__).resolve().parents[1] / "book" / "_static" / "two_spirals.png"


def main() -> None:
    """Train, draw each moment, write the picture."""
    plot.use_style()
    spirals = make_two_spirals(density=3)
    network = MLPClassifier(
        (64, 64), activation="relu", learning_rate=0.01, momentum=0.9, batch_size=16, random_state=1
    )
    side = np.linspace(-7.4, 7.4, 360)
    plane = np.stack(np.meshgrid(side, side), axis=-1).reshape(-1, 2)

    figure, panels = plt.subplots(1, len(MOMENTS), figsize=(12, 3.32), dpi=110)
    for epoch in range(1, MOMENTS[-1] + 1):
        network.partial_fit(spirals.X_train / 2, spirals.y_train, classes=[0, 1])
        if epoch not in MOMENTS:
            continue
        panel, accuracy = panels[MOMENTS.index(epoch)], network.score(spirals.X_test / 2, spirals.y_test)
        belief = network.predict_proba(plane / 2)[:, 1].reshape(len(side), len(side))
        extent = (side[0], side[-1], side[0], side[-1])
        panel.imshow(
            belief, extent=extent, origin="lower", cmap=plot.DIVERGING, vmin=0, vmax=1, interpolation="bilinear"
        )
        for label, colour in ((0, "#67000d"), (1, "#053061")):
            panel.scatter(
                *spirals.X_train[spirals.y_train == label].T, s=5, color=colour, edgecolors="white", linewidths=0.35
            )
        panel.set_title(f"after {epoch} epoch{'s' * (epoch > 1)}: {accuracy:.0%} right", fontsize=12)
        panel.set_axis_off()
        print(f"epoch {epoch}: accuracy on points it has not seen {accuracy:.3f}")
    figure.savefig(PICTURE)
    Image.open(PICTURE).convert("RGB").quantize(128, dither=Image.Dither.NONE).save(PICTURE, optimize=True)
    weights = sum(array.size for array in (*network.coefs_, *network.intercepts_))
    print(f"{weights} weights; {PICTURE.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main()
