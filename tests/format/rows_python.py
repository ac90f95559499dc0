#!/usr/bin/python3
"""rows and Python's csv must not read one file in two ways.

    rows_python.py [COUNT [SEED]]

COUNT random files, some well-formed and some spoiled, go through
rows_driver. Whatever it accepts, Python's csv (strict) must read to the same
rows from the same lines, and our rules for a header, widths and NUL must
hold; whatever it refuses, it must refuse for a reason that is there.
"""

import collections
import csv
import os
import random
import re
import struct
import subprocess
import sys
import time

DRIVER = os.path.join(os.environ.get("BUILD", "build"), "tests/format/rows_driver")

csv.field_size_limit(1 << 30)

VALUES = [
    b"", b"", b"", b"1", b"Acme", b"a b", b" ", b"\t", b" x ", b",", b'"',
    b'""', b"\n", b"\r\n", b"\r", b"a,b", b'in 5" pipe', b"l1\nl2", b"l1\r\nl2",
    b"\xc3\xa9", b"\xe2\x82\xac", b"\xf0\x9f\x91\x8d", b"\xef\xbb\xbf",
    b"\x01", b"\x1a", b"\x0b", b"\x0c", b"\xc2\x85", b"\xe2\x80\xa8", b"\\",
    b"'", b"#N/A", b"=1+1", b"2026-11-22T06:00:00.000Z",
]
NAMES = [b"Id", b"Name", b"iD", b"Account.Name", b"$$A$B", b"\xc3\xa9t\xc3\xa9",
         b"A B", b"a,b", b'q"q', b"two\nlines", b"x", b"y", b"Z"]
SPOIL = [b'"', b'"', b",", b"\n", b"\r", b"\r\n", b" ", b"\t", b"\0", b"\xff",
         b"\x80", b"\xc3", b"\xef\xbb\xbf", b"\xed\xa0\x80", b'""', b"\n\n"]
MARKS = [b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff", b"\xff\xfe\0\0"]
SOUP = [b"a", b"b", b",", b'"', b"\n", b"\r\n", b"\r", b" "]


def spell(value, style, alone):
    needs = any(c in value for c in b',"\r\n') or (alone and not value)
    if style == "all" or needs or (style == "some" and random.random() < 0.3):
        return b'"' + value.replace(b'"', b'""') + b'"'
    return value


def table():
    """A well-formed file."""
    columns = random.choice([1, 1, 2, 2, 3, 5])
    style = random.choice(["plain", "some", "all"])
    end = random.choice([b"\n", b"\n", b"\r\n"])
    rows = [random.sample(NAMES, columns)]
    if random.random() < 0.05:
        rows = [random.choices(NAMES[:3], k=columns)]
    for _ in range(random.randrange(5)):
        rows.append(random.choices(VALUES, k=columns))
    text = end.join(b",".join(spell(v, style, columns == 1) for v in row)
                    for row in rows)
    if random.random() < 0.7:
        text += end
    if random.random() < 0.15:
        text = b"\xef\xbb\xbf" + text
    return text


def spoiled():
    """One that somebody edited."""
    text = table()
    for _ in range(random.choice([1, 1, 2, 4])):
        at = random.randrange(len(text) + 1)
        how = random.randrange(8)
        if how < 3:
            text = text[:at] + random.choice(SPOIL) + text[at:]
        elif how == 3:
            text = text[:at] + text[at + 1:]
        elif how == 4:
            text = text[:at] + random.choice(SPOIL) + text[at + 1:]
        elif how == 5:
            text = text[:at]
        elif how == 6:
            text = text[:at] + text[max(0, at - 9):at] + text[at:]
        elif random.random() < 0.5:
            text = random.choice(MARKS) + text
        else:
            text = text.replace(random.choice([b"\n", b"\r", b'"', b","]),
                                random.choice(SPOIL), 1)
    return text


def soup():
    return b"".join(random.choices(SOUP, k=random.randrange(16)))


def make():
    return random.choices([table, spoiled, soup], [4, 5, 1])[0]()


def python_rows(data):
    """[(line, [value, ...]), ...] or None if Python's csv refuses it."""
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        return None
    text = text[1:] if text.startswith("\ufeff") else text
    # Lines end in LF alone, so that line_num counts as an editor does.
    reader = csv.reader(re.findall(r"[^\n]*\n|[^\n]+", text), strict=True)
    rows, before = [], 0
    try:
        for row in reader:
            rows.append((before + 1, row))
            before = reader.line_num
    except csv.Error:
        return None
    return rows


def not_utf8(data):
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return True
    return False


def body(data):
    return data[3:] if data.startswith(b"\xef\xbb\xbf") else data


def ragged(data):
    rows = python_rows(data)
    return rows is None or len({len(row) for _, row in rows}) > 1


def header_of(data):
    """The header as Python has it, or None if even that cannot be said."""
    rows = python_rows(data)
    return rows[0][1] if rows else None


def twice(data):
    header = header_of(data)
    if header is None:
        return True
    lower = [re.sub("[A-Z]", lambda m: m[0].lower(), n) for n in header]
    return len(set(lower)) < len(lower)


def nameless(data):
    header = header_of(data)
    return header is None or "" in header


# The class of a refusal, how it reads, and what must then be true of the file.
REASONS = [
    ("empty", r"the file is empty: it has no header", lambda d: not body(d)),
    ("UTF-16 or 32", r"the file is UTF-(16|32); ",
     lambda d: d[:2] in (b"\xff\xfe", b"\xfe\xff") or
     d[:4] == b"\0\0\xfe\xff"),
    ("blank line", r"is blank; ",
     lambda d: re.search(rb"(^|\n)[\r\n]", body(d))),
    ("lone CR", r"a CR alone ends", lambda d: re.search(rb"\r(?!\n)", d)),
    ("mixed line ends", r"ends in (LF|CRLF), and",
     lambda d: b"\r\n" in d and re.search(rb"(?<!\r)\n", d)),
    ("ragged row", r"has \d+ values?, and the header \d+ column", ragged),
    ("stray quote", r"column .*: a quote follows .*, which is not in quotes",
     lambda d: re.search(rb'[^",\r\n][^,\r\n]*"', body(d))),
    ("text after quote", r"column .*: something stands between the quote",
     lambda d: re.search(rb'"[^",\r\n]', d)),
    ("open quote", r"a quote opened here is never closed",
     lambda d: python_rows(d) is None),
    ("NUL", r"column .* holds a NUL byte", lambda d: b"\0" in d),
    ("not UTF-8", r"column .* is not UTF-8", not_utf8),
    ("name twice", r"column \d+ is named .*, as column \d+ is already", twice),
    ("no name", r"column \d+ has no name", nameless),
]
REASONS = [(name, re.compile(r"line \d+: " + says), true)
           for name, says, true in REASONS]


def drive(inputs):
    """What the driver says of each: (rows, None) or (rows, error)."""
    sent = b"".join(struct.pack("<I", len(d)) + d for d in inputs)
    out = subprocess.run([DRIVER], input=sent, stdout=subprocess.PIPE,
                         check=True).stdout
    at = 0
    for _ in inputs:
        rows = []
        while True:
            lf = out.index(b"\n", at)
            line, at = out[at:lf], lf + 1
            if not line.startswith(b"row "):
                break
            number, count = map(int, line[4:].split())
            row = []
            for _ in range(count):
                colon = out.index(b":", at)
                end = colon + 1 + int(out[at:colon])
                row.append(out[colon + 1:end].decode("utf-8",
                                                     "backslashreplace"))
                assert out[end:end + 1] == b","
                at = end + 1
            assert out[at:at + 1] == b"\n"
            at += 1
            rows.append((number, row))
        if line == b"end":
            yield rows, None
        else:
            word, kind, error = line.split(b" ", 2)
            assert (word, kind) == (b"error", b"3"), line
            yield rows, error.decode("utf-8")
    assert at == len(out), "the driver said more than it was asked"


def check(data, rows, error, classes):
    """What is wrong with the driver's answer, or None."""
    if error is None:
        classes["accepted"] += 1
        want = python_rows(data)
        if rows != want:
            return f"accepted, but Python has {want}"
        if b"\0" in data or ragged(data) or twice(data) or nameless(data):
            return "accepted against a rule"
        return None
    for name, says, true in REASONS:
        if says.match(error):
            classes[name] += 1
            return None if true(data) else f"refused without cause: {error}"
    return f"refused for no stated reason: {error}"


def main():
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 3000
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else 20261122
    random.seed(seed)
    classes = collections.Counter()
    passed, failed, began = 0, 0, time.time()
    inputs = [make() for _ in range(count)]
    for data, (rows, error) in zip(inputs, drive(inputs)):
        wrong = check(data, rows, error, classes)
        passed += wrong is None
        failed += wrong is not None
        if wrong and failed <= 10:
            print(f"{data!r}:\n    {wrong}\n    rows: {rows}")
    print(f"rows against Python's csv: {count} files, seed {seed}, "
          f"{time.time() - began:.0f} s")
    for name in ["accepted"] + [reason[0] for reason in REASONS]:
        print(f"{classes[name]:8} {name}")
        if classes[name] == 0 and count >= 3000:
            print(f"no file was {name}: the generator is not what it was")
            failed += 1
    if classes["accepted"] * 3 < count:
        print("fewer than a third were accepted")
        failed += 1
    print(f"{passed} passed, {failed} failed")
    return failed > 0


if __name__ == "__main__":
    sys.exit(main())
