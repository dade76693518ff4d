"""Prints the tables: ns a message, and in brackets the ratio to the best peer."""

from __future__ import annotations

import argparse
import sys

from bench import codecs, echo


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer sizes, fewer runs")
    parser.add_argument("--only", choices=["codecs", "echo"])
    args = parser.parse_args()
    print(f"CPython {sys.version.split()[0]}; the best of several runs; lower is better\n")
    if args.only != "echo":
        codecs.run(quick=args.quick)
    if args.only != "codecs":
        echo.run(quick=args.quick)


if __name__ == "__main__":
    main()
