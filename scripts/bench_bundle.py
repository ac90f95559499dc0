"""Bundles alone, for scripts/bench: written and read back, beside pigz and
b2sum on the very same bytes, the CSV of the bundle's members.

After one round to warm up, the rounds alternate. Other work on the machine
blurs the clock, and blurs processor time less, so both are told.
"""

import os
import shutil

from bench_measure import (BUILD, Run, Snapshots, caption, left_out, mebibytes,
                           middle, missing, ratio, seconds, table, tell,
                           versions)

CAPTION = """**A bundle, written and read.** {rows:.0f} MB of CSV; {measured};
the bundle is {bundle:.1f} MB{packed}. Ratio: the peer's by ours; above 1,
orgferry is faster. {versions}."""
DRIVER = BUILD / "tests/format/bundle_bench"


def driven(*words):
    """A run of the driver, and only the part of it that it timed itself."""
    run = Run(DRIVER, *words)
    run.clock, run.processors = map(float, run.words[1:3])
    return run


def into(path, *command):
    with open(path, "wb") as out:
        return Run(*command, out=out)


class Files:
    def __init__(self, folder, snapshot):
        self.snapshot = snapshot
        self.bundle = folder / "bundle.ferry"
        self.rows = folder / "rows.csv"
        self.packed = folder / "rows.csv.gz"

    def ways(self):
        """Each thing that is timed, in the order of a round."""
        ways = {
            "bundle_out": lambda: driven("pack", self.bundle, self.snapshot),
            "write": lambda: Run(DRIVER, "write", self.bundle, self.snapshot),
            "bundle_in": lambda: Run(DRIVER, "open", self.bundle),
            "read": lambda: Run(DRIVER, "read", self.bundle),
        }
        if shutil.which("pigz"):
            ways = {
                "pigz": lambda: into(self.packed, "pigz", "-6", "-c",
                                     self.rows),
                "pigz -d": lambda: into(
                    os.devnull, "pigz", "-d", "-c", self.packed).then(
                        Run("b2sum", "-l", "256", self.packed)),
            } | ways
        return ways

    def run(self, rounds):
        Run(DRIVER, "write", self.bundle, self.snapshot)
        into(self.rows, DRIVER, "csv", self.bundle)
        runs = {name: [] for name in self.ways()}
        for n in range(rounds + 1):
            tell(f"bundle: round {n}" if n else "bundle: to warm up")
            for name, way in self.ways().items():
                run = way()
                if n > 0:
                    runs[name].append(run)
        return runs


LINES = [  # what is timed, what it is held against, in words
    ("pigz", "pigz", "`pigz -6`"),
    ("bundle_out", "pigz", "write: rows in memory into a bundle"),
    ("write", "pigz", "write: the whole program, CSV parsed twice"),
    ("pigz -d", "pigz -d", "`pigz -d`, then `b2sum -l 256`"),
    ("bundle_in", "pigz -d", "read: verified and inflated"),
    ("read", "pigz -d", "read: the whole program, every row checked"),
]


def rows_of(runs, count):
    for name, peer, words in LINES:
        if name not in runs:
            continue
        mine, theirs = runs[name], runs.get(peer, runs[name])
        by = cheap = ""
        if mine is not theirs:
            by = f"{ratio(mine, theirs):.2f}"
            cheap = f"{ratio(mine, theirs, 'processors'):.2f}"
        yield [words, seconds(middle(mine)),
               f"{count / middle(mine) / 1e6:.0f}", by,
               seconds(middle(mine, "processors")), cheap,
               mebibytes(mine)]


def memory(folder, records):
    """Only the peaks, of a snapshot that is larger."""
    files = Files(folder, Snapshots(folder, records).monday())
    wrote = Run(DRIVER, "write", files.bundle, files.snapshot)
    read = Run(DRIVER, "read", files.bundle)
    print(f"A bundle of {int(wrote.words[0]) / 1e6:.0f} MB of CSV: peak "
          f"memory {mebibytes([wrote])} MiB writing, {mebibytes([read])} MiB "
          f"reading.\n")


def part(folder, options):
    snapshot = Snapshots(folder, options.records).monday()
    work = folder / "bundle"
    work.mkdir()
    files = Files(work, snapshot)
    runs = files.run(options.runs)
    count = files.rows.stat().st_size
    lacking = missing(["pigz"])
    packed = "" if lacking else \
        f", pigz's is {files.packed.stat().st_size / 1e6:.1f} MB"
    caption(CAPTION, options.runs, rows=count / 1e6, packed=packed,
            bundle=files.bundle.stat().st_size / 1e6,
            versions=versions(["pigz", "b2sum"]))
    table([":", "seconds", "MB/s", "ratio", "processor s", "ratio", "MiB"],
          rows_of(runs, count))
    if lacking:
        print(left_out("`pigz`", lacking) + "\n")
    if options.memory:
        memory(work, options.memory)
    return True
