#!/usr/bin/env python3
"""Check scripts/setup on machines that lack something: with a PATH of our own.

apt-get, sudo and id are stand-ins that say how they were called, so nothing is
installed.
"""
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
SETUP = ROOT / "scripts/setup"
NEEDED, PEERS = (
    re.findall(r"^([a-z][a-z0-9-]*) \S+$", block, re.M)
    for block in re.findall(r"^\w+='$(.*?)^'$", SETUP.read_text(),
                            re.M | re.S))
STAND_INS = {
    "apt-get": 'echo "apt-get $*"',
    "broken apt-get": "exit 100",
    "sudo": 'echo "sudo $*"; "$@"',
    "root": "echo 0",
    "somebody": "echo 1000",
}

# What is there, what is not; then the status, what is said, in order; and the
# arguments, if any. The peers are there only with --bench.
CASES = [
    ("all is there", ["somebody"], [], 0, r""),
    ("root", ["apt-get", "root"], ["jq", "strace"], 0,
     r"setup: installing with apt-get: jq strace\n"
     r"apt-get update .*\napt-get install .* jq strace\n"),
    ("sudo", ["apt-get", "somebody", "sudo"], ["cc"], 0,
     r"setup: installing .* gcc\nsudo apt-get update .*\napt-get update .*\n"
     r"sudo apt-get install .* gcc\napt-get install .* gcc\n"),
    ("no root", ["apt-get", "somebody"], ["jq"], 1,
     r"setup: needs root or sudo to install: jq\n"),
    ("no apt-get", ["root"], ["make", "jq"], 1,
     r"setup: there is no apt-get here; .*: make jq\n"),
    ("peers", ["apt-get", "root"], ["rdiff", "sqldiff"], 0,
     r"setup: installing with apt-get: rdiff sqlite3-tools( time)?\n"
     r"apt-get update .*\napt-get install .* rdiff sqlite3-tools( time)?\n",
     "--bench"),
    ("another argument", ["apt-get", "root"], [], 2,
     r"setup: the only argument is --bench\n", "--all"),
    ("apt-get fails", ["broken apt-get", "root"], ["jq"], 100,
     r"setup: installing with apt-get: jq\n"),
]


def stand_in(folder, tool):
    """The tool itself, or what is as good as it where it is only looked for."""
    os.symlink(shutil.which(tool) or "/bin/true", f"{folder}/{tool}")


def call(there, lacking, *arguments):
    with tempfile.TemporaryDirectory(prefix="orgferry-setup-") as folder:
        tools = NEEDED + ["sh", "ls", "uname"]
        if arguments:
            tools += PEERS
        for tool in tools:
            if tool not in lacking:
                stand_in(folder, tool)
        for name in there:
            path = pathlib.Path(folder, {
                "root": "id", "somebody": "id",
                "broken apt-get": "apt-get"}.get(name, name))
            path.write_text(f"#!/bin/sh\n{STAND_INS[name]}\n")
            path.chmod(0o755)
        done = subprocess.run(
            [f"{folder}/sh", SETUP, *arguments], env={"PATH": folder}, text=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT)
    return done.returncode, done.stdout


def main():
    passed = failed = 0
    for name, there, lacking, status, pattern, *arguments in CASES:
        got, said = call(there, lacking, *arguments)
        good = got == status and re.fullmatch(pattern, said)
        passed += bool(good)
        failed += not good
        if not good:
            print(f"FAILED: {name}: status {got}, said:\n{said}")
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
