"""What every part of scripts/bench needs: runs of programs, timed; snapshots;
medians, ratios and tables; the machine in words."""

import os
import pathlib
import re
import resource
import shutil
import statistics
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
BUILD = ROOT / os.environ.get("BUILD", "build")
GENERATE = ROOT / "scripts/generate"
TIME = shutil.which("time")
CORES = len(os.sched_getaffinity(0))

# Each program that a peer needs: how it tells its version, its package.
TOOLS = {
    "b2sum": ("--version", "coreutils"),
    "bzip2": ("--version", "bzip2"),
    "git": ("--version", "git"),
    "gzip": ("--version", "gzip"),
    "minisign": ("-v", "minisign"),
    "pigz": ("--version", "pigz"),
    "rdiff": ("-V", "rdiff"),
    "rsync": ("--version", "rsync"),
    "sqldiff": (None, "sqlite3-tools"),
    "sqlite3": ("--version", "sqlite3"),
    "xdelta3": ("-V", "xdelta3"),
    "zstd": ("--version", "zstd"),
}


class Failed(Exception):
    """A program that did not do what it was run for."""


def tell(words):
    """How far it is, for who waits; the tables alone go to the output."""
    print(f"bench: {words}", file=sys.stderr, flush=True)


class Run:
    """One run of a program: seconds, processor seconds, peak KiB, its words.

    The peak is that of the largest process among it and its children. What
    we start begins with our own peak, so that less than that, the floor,
    cannot be told; what `time` starts begins with next to nothing.
    """

    def __init__(self, *command, out=subprocess.PIPE, cwd=ROOT, env=None):
        command = [str(c) for c in command]
        reader, writer = os.pipe()
        timed = [TIME, "-q", "-f", "%M", "-o", f"/dev/fd/{writer}"]
        begun = time.monotonic()
        with subprocess.Popen((timed if TIME else []) + command, stdout=out,
                              cwd=cwd, env=env, stdin=subprocess.DEVNULL,
                              pass_fds=[writer]) as process:
            os.close(writer)
            words = process.stdout.read() if process.stdout else b""
            _, status, usage = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
        self.clock = time.monotonic() - begun
        self.processors = usage.ru_utime + usage.ru_stime
        self.peak, self.floor = usage.ru_maxrss, 0
        with open(reader, encoding="ascii") as peak:
            if TIME:
                self.peak = int(peak.read())
            else:
                us = resource.getrusage(resource.RUSAGE_SELF)
                self.floor = us.ru_maxrss
        self.words = words.decode().split()
        if process.returncode:
            raise Failed(f"{os.path.basename(command[0])} ended with status "
                         f"{process.returncode}")

    def then(self, other):
        """Both, one after the other, as one run."""
        both = object.__new__(Run)
        both.clock = self.clock + other.clock
        both.processors = self.processors + other.processors
        both.peak = max(self.peak, other.peak)
        both.floor = max(self.floor, other.floor)
        both.words = self.words + other.words
        return both


def settled(folder):
    """What was written here is not left for the next run to wait for."""
    for where, _, names in os.walk(folder):
        for name in names:
            file = os.open(os.path.join(where, name), os.O_RDONLY)
            os.fsync(file)
            os.close(file)


def fresh(folder):
    """The folder, empty."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder


def copied(source, to):
    """A copy of a folder, in place of what is there."""
    shutil.rmtree(to, ignore_errors=True)
    subprocess.run(["cp", "-a", source, to], check=True)
    return to


class Snapshots:
    """The made-up org's days, each made when it is first asked for."""

    def __init__(self, folder, records):
        self.folder = folder / f"snapshots-{records}"
        self.records = records
        self.folder.mkdir(parents=True, exist_ok=True)

    def make(self, name, *options):
        path = self.folder / name
        if not path.exists():
            part = fresh(self.folder / "part")
            Run(GENERATE, part, self.records, *options)
            part.rename(path)
        return path

    def monday(self):
        return self.make("monday")

    def tuesday(self):
        return self.make("tuesday", "--day", "2")

    def shuffled(self):
        return self.make("shuffled", "--day", "2", "--shuffle")

    def same(self):
        return self.make("same", "--day", "2", "--same")

    def empty(self):
        """Headers alone: what there is before the first day."""
        path = self.folder / "empty"
        if not path.exists():
            part = fresh(self.folder / "part")
            for file in self.monday().iterdir():
                with open(file, "rb") as rows:
                    (part / file.name).write_bytes(rows.readline())
            part.rename(path)
        return path


def size(folder):
    return sum(f.stat().st_size for f in folder.iterdir())


def read_once(*folders):
    """Into the machine's memory, so that the first to read has no more to do."""
    for folder in folders:
        for path in folder.iterdir():
            with open(path, "rb", buffering=0) as file:
                while file.read(1 << 20):
                    pass


def middle(runs, of="clock"):
    return statistics.median(getattr(r, of) for r in runs)


def ratio(mine, theirs, of="clock"):
    """Theirs by mine: taken round by round, for a machine's pace drifts."""
    return statistics.median(getattr(t, of) / max(getattr(m, of), 1e-6)
                             for m, t in zip(mine, theirs))


def seconds(value):
    return f"{value:.2f}" if value < 100 else f"{value:.0f}"


def mebibytes(runs):
    """The largest peak, or that it is less than can be told."""
    peak = max(r.peak for r in runs)
    floor = max(r.floor for r in runs)
    if peak <= floor:
        return f"<{floor / 1024 + 1:.0f}"
    return f"{peak / 1024:.0f}"


def caption(text, runs, **values):
    """A table's own words, in one line."""
    rounds = "one round" if runs == 1 else f"medians of {runs} rounds"
    measured = f"{CORES} processors, {rounds}"
    print(" ".join(text.format(measured=measured, **values).split()) + "\n")


def bytes_in_words(count):
    if count < 10e6:
        return f"{count / 1e3:,.1f} kB"
    return f"{count / 1e6:,.1f} MB"


def table(head, rows):
    """A Markdown table; a head that begins with `:` is of words, not numbers."""
    print("| " + " | ".join(h.lstrip(":") for h in head) + " |")
    print("|" + "|".join("---" if h.startswith(":") else "---:"
                         for h in head) + "|")
    for row in rows:
        print("| " + " | ".join(row) + " |")
    print(flush=True)


def machine():
    name = "an unnamed processor"
    with open("/proc/cpuinfo", encoding="utf-8") as lines:
        for line in lines:
            if line.startswith("model name"):
                name = " ".join(line.split(":", 1)[1].split())
                break
    return f"{CORES} processors ({name})"


def version(tool):
    """The first number in what the tool says of itself."""
    said = subprocess.run([tool, TOOLS[tool][0]], stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          text=True, errors="replace", check=False).stdout
    found = re.search(r"\d+(\.\d+)+", said)
    return " " + found[0] if found else ""


def versions(tools):
    """Those that tell one; sqldiff does not, and is of sqlite3's source."""
    return ", ".join(t + version(t) for t in sorted(tools)
                     if shutil.which(t) and TOOLS[t][0])


def missing(tools):
    return sorted(t for t in tools if not shutil.which(t))


def left_out(what, lacking):
    packages = ", ".join(sorted({TOOLS[t][1] for t in lacking}))
    return (f"Left out: {what}, for {' and '.join(lacking)} "
            f"{'is' if len(lacking) == 1 else 'are'} not installed "
            f"(Debian package {packages}).")
