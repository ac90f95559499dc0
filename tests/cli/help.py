#!/usr/bin/env python3
"""Help is whole and fits, and the manual knows all that it tells.

Every command's --help exits 0, prints to standard output alone, fits 80
columns and has an example that begins with the command; every command and
option of it stands in doc/orgferry.1, and no other; mandoc finds no fault.
"""
import os
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
PROGRAM = ROOT / os.environ.get("BUILD", "build") / "orgferry"
MANUAL = ROOT / "doc/orgferry.1"


class Tally:
    passed = failed = 0

    def check(self, good, what):
        self.passed += bool(good)
        self.failed += not good
        if not good:
            print(f"FAILED: {what}")


def call(*words):
    return subprocess.run([PROGRAM, *words], capture_output=True, text=True,
                          stdin=subprocess.DEVNULL)


def help_of(tally, *words):
    """The text of a command's help, held against what all help keeps to."""
    said = call(*words, "--help")
    name = " ".join(("orgferry",) + words)
    tally.check(said.returncode == 0, f"{name}: --help exits "
                                      f"{said.returncode}")
    tally.check(not said.stderr, f"{name}: --help on standard error")
    tally.check(said.stdout, f"{name}: no help on standard output")
    for line in said.stdout.splitlines():
        tally.check(len(line) <= 80, f"{name}: {len(line)} columns: {line}")
    return said.stdout


def manual():
    """The manual's commands, each with its options: from its mdoc source."""
    commands, options = {}, None
    for line in MANUAL.read_text(encoding="utf-8").splitlines():
        if line.startswith(".Sh "):
            options = None
        if match := re.match(r"\.It Cm (.*)", line):
            # The words up to the first argument or option are the name.
            name = re.split(r" (?:Ar|Fl|Op|Oo)\b", match[1])[0]
            options = commands.setdefault(name, set())
        elif options is not None and (match := re.match(r"\.It Fl (\S+)",
                                                        line)):
            options.add(match[1].lstrip("-"))
    return commands


def main():
    tally = Tally()
    told = manual()
    every = help_of(tally)
    commands = re.findall(r"^  ([a-z]+(?: [a-z]+)?)  +\S", every, re.M)
    tally.check(len(commands) > 3, "the help lists the commands")
    tally.check(sorted(commands) == sorted(told),
                f"the manual has {sorted(told)}, the help {sorted(commands)}")
    for name in commands:
        text = help_of(tally, *name.split())
        tally.check(re.search(rf"^Example: orgferry (-C \S+ )?{name}\b", text,
                              re.M), f"{name}: has no example of itself")
        options = set(re.findall(r"^  --?([a-z-]+)", text, re.M))
        tally.check(options == told.get(name, set()),
                    f"{name}: the manual has {sorted(told.get(name, set()))}, "
                    f"the help {sorted(options)}")
    for option in re.findall(r"\[(-[^\] ]+)", every.split("\n\n")[1]):
        tally.check(f".It Fl {option[1:]}" in MANUAL.read_text(),
                    f"the manual has no {option}")
    said = call()
    tally.check(said.returncode == 2, "without a command it exits 2")
    lint = subprocess.run(["mandoc", "-T", "lint", MANUAL],
                          capture_output=True, text=True)
    faults = [line for line in (lint.stdout + lint.stderr).splitlines()
              if "mandoc.db" not in line]  # whether its index is fresh
    tally.check(not faults, "\n".join(faults))
    print(f"{tally.passed} passed, {tally.failed} failed")
    return 1 if tally.failed else 0


if __name__ == "__main__":
    sys.exit(main())
