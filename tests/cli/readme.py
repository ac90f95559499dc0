#!/usr/bin/env python3
"""Run the README, from top to bottom, in a folder like a fresh checkout.

Every block of code marked `sh run` must end with status 0, each where the one
before it ended; a block marked `text output` after it must be what it printed.
The folder has orgferry on the PATH, and the fixtures.
"""
import os
import pathlib
import re
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
BUILD = (ROOT / os.environ.get("BUILD", "build")).resolve()
BLOCK = re.compile(r"^```(sh run|text output)\n(.*?)^```$", re.M | re.S)
DONE = "\n-- in: "  # before the folder that a block ended in


def run(folder, commands):
    """Its status, what it printed, the folder it ended in."""
    script = f"{commands}\nprintf '{DONE}%s' \"$PWD\""
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script], cwd=folder,
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, encoding="utf-8",
        env={"PATH": f"{BUILD}:{os.environ['PATH']}", "LC_ALL": "C.UTF-8",
             "HOME": str(folder)})
    said, _, at = done.stdout.partition(DONE)
    return done.returncode, said, pathlib.Path(at or folder)


def main():
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    passed = failed = 0
    with tempfile.TemporaryDirectory(prefix="orgferry-readme-") as temp:
        folder = pathlib.Path(temp)
        (folder / "fixtures").symlink_to(ROOT / "fixtures")
        said = ""
        for block in BLOCK.finditer(text):
            kind, body = block.groups()
            if kind == "sh run":
                status, said, folder = run(folder, body)
                good = status == 0
                why = f"ended with status {status} and printed:\n{said}"
            else:
                good = said == body
                why = f"is not what was printed:\n{said}"
            passed += good
            failed += not good
            if not good:
                line = text.count("\n", 0, block.start()) + 1
                print(f"README.md, line {line}: {why}")
    if passed < 10:
        failed += 1
        print(f"README.md: only {passed} blocks are marked to be run")
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
