#!/usr/bin/python3
"""Keep tests/s2s.tsv true: 69 rows, each with a test that is there, or the word
later, or out of scope. A test is a script, and perhaps a case of it after a
colon.
"""

import os
import sys


def fault(number, place):
    if place in ("later", "out of scope"):
        return None if (place == "out of scope") == (number == 69) or \
            place == "later" else "only row 69 is out of scope"
    path, _, case = place.partition(":")
    if not os.path.exists(path):
        return f"{path} is not there"
    with open(path, encoding="utf-8") as file:
        text = file.read()
    if case and f"def {case}(" not in text and f", {case})" not in text:
        return f"{path} has no {case}"
    with open("tests/run", encoding="utf-8") as file:
        if path.endswith(".py") and path not in file.read():
            return f"{path} is not run"
    return None


def main():
    os.chdir(os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
    with open("tests/s2s.tsv", encoding="utf-8") as file:
        rows = [line.rstrip("\n").split("\t") for line in file
                if not line.startswith("#")]
    faults = []
    if [row[0] for row in rows] != [str(n) for n in range(1, 70)]:
        faults.append("the rows are not 1 to 69")
    for number, name, place in rows:
        said = fault(int(number), place)
        if said:
            faults.append(f"row {number}, {name}: {said}")
    for said in faults:
        print(said)
    print(f"{len(rows) - len(faults)} passed, {len(faults)} failed")
    return 1 if faults else 0


sys.exit(main())
