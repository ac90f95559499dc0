#!/usr/bin/env python3
"""Folders of CSV files by key, in Python, for scripts/bench.

    bench_rows.py changes OLD NEW OUT   what changed: files in a folder OUT
    bench_rows.py apply OLD CHANGES OUT the new folder of old and changes
    bench_rows.py same ONE OTHER        fail unless both hold the same rows

The first two are a peer: what one writes in an afternoon, with a dict of the
rows by their Id. The last checks every peer: the order of rows and of columns
and the quotes do not count, each value does.
"""

import csv
import os
import sys

GONE, WHOLE = "gone", "whole"


def read(path):
    """The header, and the rows by Id."""
    with open(path, newline="", encoding="utf-8") as file:
        rows = csv.reader(file, strict=True)
        header = next(rows)
        at = header.index("Id")
        return header, {row[at]: row for row in rows}


def write(path, rows):
    with open(path, "w", newline="", encoding="utf-8") as file:
        csv.writer(file, lineterminator="\n").writerows(rows)


def changes(old, new, out):
    for name in sorted(os.listdir(new)):
        header, before = read(f"{old}/{name}")
        after_header, after = read(f"{new}/{name}")
        if header != after_header:
            sys.exit(f"{name}: other columns than before")
        said = [[GONE, i] for i in before if i not in after]
        said += [[WHOLE] + row for i, row in after.items()
                 if before.get(i) != row]
        write(f"{out}/{name}", said)


def apply(old, said, out):
    for name in sorted(os.listdir(said)):
        header, rows = read(f"{old}/{name}")
        at = header.index("Id")
        with open(f"{said}/{name}", newline="", encoding="utf-8") as file:
            for what, *row in csv.reader(file, strict=True):
                if what == GONE:
                    del rows[row[0]]
                else:
                    rows[row[at]] = row
        write(f"{out}/{name}", [header, *rows.values()])


def digest(path):
    """How many rows, and the sum of their hashes: the same in any order."""
    with open(path, newline="", encoding="utf-8") as file:
        rows = csv.reader(file, strict=True)
        header = next(rows)
        order = sorted(range(len(header)), key=header.__getitem__)
        count = total = 0
        for row in rows:
            count += 1
            total += hash(tuple([row[i] for i in order]))
        return sorted(header), count, total


def same(one, other):
    names = [sorted(n for n in os.listdir(f) if n.endswith(".csv"))
             for f in (one, other)]
    if names[0] != names[1]:
        sys.exit(f"other files: {names[0]} and {names[1]}")
    wrong = [n for n in names[0]
             if digest(f"{one}/{n}") != digest(f"{other}/{n}")]
    if wrong:
        sys.exit(f"other rows in {', '.join(wrong)}")


if __name__ == "__main__":
    {"changes": changes, "apply": apply, "same": same}[sys.argv[1]](
        *sys.argv[2:])
