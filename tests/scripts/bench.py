#!/usr/bin/env python3
"""Check scripts/bench: small runs of each part end well, with all their rows;
a peer that is not there is left out, and one that is wrong is told.

Nothing here looks at a time. The peers that are not installed are not tried.
"""
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
BENCH = ROOT / "scripts/bench"
ROWS = ROOT / "scripts/bench_rows.py"
BUNDLE = ["`pigz -6`", "write: rows", "write: the whole", "`pigz -d`",
          "read: verified", "read: the whole"]
LOAD = ["first load", "a day's change", "a day's change, shuffled",
        "nothing changed", "dump"]
WORKS = ["**A day's change**", "**The same, shuffled**", "**Nothing changed**",
         "**The first time"]
GROWTH = ["first load", "first export", "first import", "day's load",
          "day's export", "day's import", "dump"]
PEERS = {"session": "`sqlite3` `.import`, SQLite's", "git": "`git commit`"}
NEEDS = {"session": ["sqlite3", "bzip2", "zstd", "minisign"],
         "git": ["git", "minisign"]}

passed = failed = 0


def check(name, good, *said):
    global passed, failed
    passed += bool(good)
    failed += not good
    if not good:
        print(f"FAILED: {name}:", *said, sep="\n")


def bench(folder, *words, path=None):
    done = subprocess.run(
        [sys.executable, BENCH, *words, "--records", "400", "--runs", "1",
         "--dir", folder], text=True, stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False,
        env=dict(os.environ, PATH=path or os.environ["PATH"]))
    return done.returncode, done.stdout, done.stderr


def rows(said):
    """The tables' rows: first cell, the others."""
    for line in said.splitlines():
        cells = [c.strip() for c in line.strip("|").split("|")]
        if line.startswith("| ") and cells[0]:
            yield cells[0], cells[1:]


def part(folder, name, first, *words):
    """The part's table has these rows, in this order, and numbers in them."""
    status, said, err = bench(folder, name, *words)
    got = list(rows(said))
    fits = len(got) == len(first) and all(
        row.startswith(begin) for (row, _), begin in zip(got, first))
    check(f"{name}: its rows", status == 0 and fits, status, said, err)
    for row, cells in got:
        good = row.startswith("**") or re.fullmatch(r"\d+\.\d\d", cells[0])
        check(f"{name}: {row}: its time", good, said)
    check(f"{name}: no path of this machine", str(folder) not in said
          and str(ROOT) not in said, said)


def path_with(folder, instead):
    """A PATH as ours, but some programs are another, or not there (None)."""
    path = folder / "programs"
    path.mkdir()
    for one in reversed(os.environ["PATH"].split(os.pathsep)):
        for name in os.listdir(one) if os.path.isdir(one) else []:
            if name not in instead:
                (path / name).unlink(missing_ok=True)
                (path / name).symlink_to(os.path.join(one, name))
    for name, text in instead.items():
        if text:
            (path / name).write_text(f"#!/bin/sh\n{text}\n")
            (path / name).chmod(0o755)
    return str(path)


def liars(folder):
    """One peer spoils values, one fails, one is not there; nor is `time`."""
    status, said, err = bench(
        folder, "day", "--peers", "pigz,zstd,xdelta3",
        path=path_with(folder, {
            "pigz": "sed 's/,\"false\",/,\"FALSE\",/'",
            "zstd": "echo out of luck >&2; exit 9", "xdelta3": None,
            "time": None}))
    for pattern, count in [(r"pigz: .*other rows in .*Case.csv", 4),
                           (r"zstd: out of luck", 4), (r"orgferry: ", 0)]:
        found = re.findall(f"^WRONG: .*: {pattern}", said, re.M)
        check(pattern, len(found) == count, said, err)
    check("what is wrong is in the status", status == 1, status)
    check("a peer that is not there", re.search(
        r"^Left out: `xdelta3.* \(Debian package xdelta3\)\.$", said, re.M),
          said)


def changed(path, old, new):
    path.write_bytes(path.read_bytes().replace(old, new, 1))


def same(folder):
    """What every peer is checked with finds one value, one row, one file."""
    def verdict(other):
        return subprocess.run([sys.executable, ROWS, "same", one, other],
                              stderr=subprocess.DEVNULL,
                              check=False).returncode
    one = folder / "snapshots-400/tuesday"
    check("the same rows, shuffled", verdict(one.parent / "shuffled") == 0)
    for n, spoil in enumerate([
            lambda to: changed(to / "Case.csv", b'"false"', b'"true"'),
            lambda to: changed(to / "Case.csv", b'"Subject"', b'"Object"'),
            lambda to: (to / "Case.csv").open("ab").write(
                (one / "Case.csv").read_bytes().split(b"\n", 1)[1]),
            lambda to: (to / "Case.csv").unlink()]):
        to = folder / f"spoilt-{n}"
        shutil.copytree(one, to)
        spoil(to)
        check(f"spoilt {n}", verdict(to) != 0)


def main():
    with tempfile.TemporaryDirectory(prefix="orgferry-bench-") as name:
        folder = pathlib.Path(name)
        part(folder, "bundle", BUNDLE)
        part(folder, "load", LOAD)
        there = [p for p in PEERS if all(
            shutil.which(tool) for tool in NEEDS[p])]
        day = ["**orgferry**", "its `load`", "its `export`"]
        day += [PEERS[p] for p in there]
        part(folder, "day", [row for work in WORKS for row in [work] + day],
             "--peers", ",".join(there) or "none")
        part(folder, "growth", GROWTH, "--sizes", "200,400")
        liars(folder)
        same(folder)
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
