"""Draws what the bench `scale` measured: scale.py MEASURED.csv PICTURE.svg

The same figures give the same file, so that its changes can be read.
"""

import sys

import matplotlib

matplotlib.use("svg")
matplotlib.rcParams |= {"svg.hashsalt": "scale", "svg.fonttype": "none"}
from matplotlib import pyplot

TITLES = {
    "bytes a connection": "Bytes a connection",
    "ns an echo of 125 bytes": "ns of CPU an echo of 125 bytes",
    "bytes a compressed connection": "Bytes a compressed connection",
    "ns a compressed echo of 200 bytes": "ns of CPU a compressed echo of 200 bytes",
    "ns a receiver of a broadcast": "ns of CPU a receiver of a broadcast",
}


def tables(path):
    """The measured tables: their names, columns and rows."""
    name = None
    with open(path, encoding="utf-8") as file:
        for line in filter(None, map(str.strip, file)):
            if line.startswith("# "):
                if name:
                    yield name, columns, rows
                name, columns, rows = line[2:], None, []
            elif columns is None:
                columns = line.split(",")
            else:
                rows.append([float(cell) for cell in line.split(",")])
    yield name, columns, rows


def main(measured, picture):
    found = list(tables(measured))
    figure, axes = pyplot.subplots(1, len(found), figsize=(5 * len(found), 4))
    for axis, (name, columns, rows) in zip(axes, found):
        counts, *curves = zip(*rows)
        for column, curve in zip(columns[1:], curves):
            axis.plot(counts, curve, marker="o", label=column)
        axis.set(title=TITLES[name], xlabel=columns[0], xscale="log", ylim=(0, None))
        axis.grid(alpha=0.3)
        axis.legend()
    figure.tight_layout()
    figure.savefig(picture, metadata={"Date": None})


main(*sys.argv[1:])
