#!/usr/bin/python3
"""value.c and Python's decimal and datetime must agree on what a text is.

    value_python.py [COUNT [SEED]]

COUNT pairs of numbers and COUNT datetimes, some of them damaged, go through
value_driver: which are values, which numbers are equal, and how a datetime
is spelled in UTC.
"""

import collections
import datetime
import decimal
import os
import random
import re
import subprocess
import sys

DRIVER = os.path.join(os.environ.get("BUILD", "build"),
                      "tests/model/value_driver")

CLASSES = {
    ("respell", False, False): "numbers",
    ("respell", False, True): "refused as numbers",
    ("respell", True, False): "datetimes",
    ("respell", True, True): "refused as datetimes",
    ("equal", False, "1"): "equal numbers",
    ("equal", False, "0"): "different ones",
}

NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?",
                    re.ASCII)
MOMENT = re.compile(r"(\d{4})-(\d\d)-(\d\d)[T ](\d\d):(\d\d):(\d\d)"
                    r"(?:\.(\d{1,9}))?(Z|[+-]\d\d:?\d\d)?", re.ASCII)


def number(text):
    """The number that a text is, or None."""
    if not NUMBER.fullmatch(text):
        return None
    exponent = re.search(r"[eE](.*)", text)
    if exponent and abs(int(exponent[1])) > 400:
        return None
    return decimal.Decimal(text)


def moment(text):
    """The API spelling of a datetime, or "-"."""
    m = MOMENT.fullmatch(text)
    if not m:
        return "-"
    fraction = (m[7] or "").ljust(3, "0")[:3]
    zone = datetime.timedelta()
    if m[8] and m[8] != "Z":
        hours, minutes = int(m[8][1:3]), int(m[8][-2:])
        if hours > 23 or minutes > 59:
            return "-"
        zone = datetime.timedelta(hours=hours, minutes=minutes)
        if m[8][0] == "-":
            zone = -zone
    try:
        at = datetime.datetime(*(int(m[i]) for i in range(1, 7)))
        utc = at - zone
    except (ValueError, OverflowError):
        return "-"
    if not 1700 <= at.year <= 4000 or not 1700 <= utc.year <= 4000:
        return "-"
    return utc.strftime("%Y-%m-%dT%H:%M:%S") + f".{fraction}Z"


def spell(rng, digits, exponent):
    """One of the spellings of DIGITS times ten to the exponent."""
    at = rng.randint(0, len(digits))
    left, right = digits[:at], digits[at:]
    shown = exponent + len(right)
    if rng.random() < 0.3 and 0 <= shown < 60:
        left, shown = left + right + "0" * shown, 0
        right = "0" * rng.randint(0, 3)
    if rng.random() < 0.3:
        left = "0" * rng.randint(1, 4) + left
    if rng.random() < 0.3:
        right += "0" * rng.randint(1, 4)
    text = left + ("." + right if right or rng.random() < 0.1 else "")
    if shown != 0 or rng.random() < 0.2:
        text += rng.choice("eE") + rng.choice(
            [str(shown), f"{shown:+d}", f"{shown:+04d}"])
    return rng.choice(["", "", "+"]) + text


def damage(rng, text):
    """A text that is nearly the same, one time in four."""
    if not text or rng.random() < 0.75:
        return text
    at = rng.randrange(len(text))
    put = rng.choice(["", rng.choice("0123456789-+.:eETZ x"), text[at] * 2])
    return text[:at] + put + text[at + 1:]


def numbers(rng, count):
    """Questions of numbers, and the answers."""
    for _ in range(count):
        length = rng.choice([1, 2, 3, 17, 40, 400])
        digits = "".join(rng.choice("0012345678999") for _ in range(length))
        exponent = rng.choice([0, 0, -2, rng.randint(-390, 0),
                               rng.randint(-20, 20)])
        a = damage(rng, spell(rng, digits, exponent))
        b = damage(rng, spell(rng, digits, exponent))
        kind = rng.choice(["number", "currency", "percent"])
        x, y = number(a), number(b)
        yield f"respell\t{kind}\t{a}", "-" if a and x is None else a
        same = a == b or (x is not None and y is not None and x == y)
        yield f"equal\t{kind}\t{a}\t{b}", str(int(same))


def moments(rng, count):
    """Questions of datetimes, and the answers."""
    for _ in range(count):
        year = rng.choice([1699, 1700, 1900, 2000, 2024, 2026, 4000, 4001])
        month, day = rng.choice([(1, 1), (2, 28), (2, 29), (3, 1), (12, 31),
                                 (rng.randint(1, 12), rng.randint(1, 31))])
        text = (f"{year}-{month:02}-{day:02}{rng.choice('T ')}"
                f"{rng.choice([0, 23, 24, rng.randint(0, 23)]):02}:"
                f"{rng.choice([0, 59, 60, 30]):02}:{rng.choice([0, 59]):02}")
        if rng.random() < 0.5:
            text += "." + "".join(rng.choice("0123456789")
                                  for _ in range(rng.randint(0, 10)))
        zone = f"{rng.randint(0, 24):02}{rng.choice(['', ':'])}" \
               f"{rng.choice(['00', '30', '59', '60'])}"
        text += rng.choice(["", "Z", "+" + zone, "-" + zone])
        text = damage(rng, text)
        yield f"respell\tdatetime\t{text}", moment(text)


def main():
    """Ask every question and compare."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 20000
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else 20261122
    rng = random.Random(seed)
    asked = list(numbers(rng, count)) + list(moments(rng, count))
    out = subprocess.run([DRIVER], input="".join(q + "\n" for q, _ in asked),
                         stdout=subprocess.PIPE, text=True, check=True)
    answers = out.stdout.split("\n")[:-1]
    classes = collections.Counter()
    passed, failed = 0, abs(len(asked) - len(answers))
    for (question, want), got in zip(asked, answers):
        what, kind = question.split("\t")[:2]
        classes[what, kind == "datetime",
                want == "-" if what == "respell" else want] += 1
        passed += want == got
        failed += want != got
        if want != got and failed <= 10:
            print(f"{question!r}: {got!r}, not {want!r}")
    print(f"values against Python's decimal and datetime: seed {seed}")
    for name in CLASSES:
        print(f"{classes[name]:8} {CLASSES[name]}")
        if classes[name] * 20 < count:
            print(f"too few were {CLASSES[name]}")
            failed += 1
    print(f"{passed} passed, {failed} failed")
    return failed > 0


if __name__ == "__main__":
    sys.exit(main())
