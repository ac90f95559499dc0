#!/usr/bin/env python3
"""Our signature texts and stock minisign's, each read by the other.

Stock must take all that we sign, we all that it signs (with a comment of
printable ASCII), and of mutated texts we must take exactly those that stock
takes and that are in the one spelling, judged here by a regular expression
and nothing of ours. Those that only stock takes are counted by the rule that
they break. Last line: N passed, N failed.
"""

import argparse
import base64
import collections
import os
import pathlib
import random
import re
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
KEYS = HERE.parent.parent / "fixtures" / "keys"
GOOD = [
    (b"untrusted comment: ", 1003),
    (99, b"="),
    (b"trusted comment: ", 8173),
    (86, b"=="),
]
BASE64 = re.compile(rb"[A-Za-z0-9+/]*")
UNHIGH = bytes.maketrans(b"\xab\xaf", b"+/")


def broken_rule(text):
    """The first rule of the strict form that a text breaks, or None."""
    lines = text.split(b"\n")
    for number, form in enumerate(GOOD):
        if len(lines) <= number + 1:
            return f"line {number + 1} has no LF"
        line = lines[number]
        if isinstance(form[0], bytes):
            prefix, longest = form
            if not line.startswith(prefix):
                return f"line {number + 1} begins otherwise"
            comment = line[len(prefix):]
            if b"\r" in comment:
                return f"CR in line {number + 1}"
            if not all(0x20 <= c <= 0x7E for c in comment):
                return f"not printable in line {number + 1}"
            if len(comment) > longest:
                return f"line {number + 1} too long"
        else:
            length, padding = form
            if line.endswith(b"\r"):
                return f"CR in line {number + 1}"
            if re.search(rb"[\xab\xaf]", line) and BASE64.fullmatch(
                    line.translate(UNHIGH).rstrip(b"=")):
                return f"0xab or 0xaf in line {number + 1}"
            body = line[:length]
            if (len(body) < length or line[length:] != padding
                    or not BASE64.fullmatch(body)):
                return f"base64 of line {number + 1} otherwise"
            if base64.b64encode(base64.b64decode(line)) != line:
                return f"bits behind the end of line {number + 1}"
            if number == 1 and base64.b64decode(line)[:2] != b"ED":
                return "not ED"
    if lines[4:] != [b""]:
        return "bytes after line 4"
    return None


# What stock minisign 0.11 overlooks and we do not. Anything else is a failure.
EXPECTED = {
    "CR in line 1": "carriage returns are cut off",
    "CR in line 2": "carriage returns are cut off",
    "CR in line 3": "carriage returns are cut off",
    "CR in line 4": "carriage returns are cut off",
    "not printable in line 1": "the untrusted comment is any bytes",
    "bits behind the end of line 2": "its decoder does not look at them",
    "bits behind the end of line 4": "its decoder does not look at them",
    "line 4 has no LF": "the last LF is not needed",
    "bytes after line 4": "nothing after line 4 is read",
}


def of_lines(change):
    """A mutation of the list of four lines."""
    def mutate(rng, text):
        lines = text.split(b"\n")[:4]
        return b"\n".join(change(rng, lines)) + b"\n"
    return mutate


def flip_bit(rng, text):
    at = rng.randrange(len(text))
    return text[:at] + bytes([text[at] ^ 1 << rng.randrange(8)]) + text[at + 1:]


def set_byte(rng, text):
    at = rng.randrange(len(text))
    return text[:at] + rng.randbytes(1) + text[at + 1:]


def insert(rng, text):
    at = rng.randrange(len(text) + 1)
    return text[:at] + rng.choice([b" ", b"\n", b"\r", b"\t", b"\0", b"=",
                                   b"A", rng.randbytes(3)]) + text[at:]


def delete(rng, text):
    at = rng.randrange(len(text))
    return text[:at] + text[at + rng.choice([1, 1, 2, 8]):]


def cut(rng, text):
    return text[:rng.randrange(len(text))]


def trailing(rng, text):
    return text + rng.choice([b"\n", b" ", b"x\n", b"\0", text,
                              rng.randbytes(rng.randrange(1, 300))])


def leading(rng, text):
    return rng.choice([b"\n", b" ", b"\xef\xbb\xbf", text[:40]]) + text


def crlf(rng, text):
    lines = text.split(b"\n")[:4]
    which = rng.choice([{0, 1, 2, 3}, {0}, {1}, {2}, {3}, {0, 2}])
    return b"".join(line + (b"\r\n" if n in which else b"\n")
                    for n, line in enumerate(lines))


def comment(rng, lines):
    which, prefix = rng.choice([(0, b"untrusted comment: "),
                                (2, b"trusted comment: ")])
    lines[which] = prefix + rng.choice([
        b"", b"x", b"~" * rng.choice([900, 1003, 1004, 8173, 8174]),
        "caf\u00e9".encode(), b"\x1b[31m", b"a\tb",
        lines[which][len(prefix):] + rng.choice([b" ", b"\0", b"\0more"])])
    return lines


def padding(rng, lines):
    which = rng.choice([1, 3])
    lines[which] = rng.choice([
        lines[which].rstrip(b"="), lines[which] + b"=",
        b" " + lines[which], lines[which] + b" "])
    return lines


def odd_bits(rng, lines):
    which, place = rng.choice([(1, -2), (3, -3)])
    line = bytearray(lines[which])
    line[place] += 1
    lines[which] = bytes(line)
    return lines


def high_bits(rng, lines):
    which = rng.choice([1, 3])
    lines[which] = bytes(c | 0x80 if c in b"+/" else c for c in lines[which])
    return lines


def url_alphabet(rng, lines):
    which = rng.choice([1, 3])
    lines[which] = lines[which].replace(b"+", b"-").replace(b"/", b"_")
    return lines


def raw(change):
    """A mutation of the bytes of line 2 or 4."""
    def mutate(rng, lines):
        which = rng.choice([1, 1, 3])
        line = bytearray(base64.b64decode(lines[which]))
        change(rng, line)
        lines[which] = base64.b64encode(line)
        return lines
    return of_lines(mutate)


def raw_bit(rng, line):
    line[rng.randrange(len(line))] ^= 1 << rng.randrange(8)


def letters(rng, line):
    if len(line) == 74:
        line[:2] = rng.choice([b"Ed", b"DE", b"eD", b"\0\0", b"dE"])
    else:
        raw_bit(rng, line)


def key_id(rng, line):
    if len(line) == 74:
        line[2:10] = rng.randbytes(8)
    else:
        raw_bit(rng, line)


def order_added(rng, line):
    """S + L for S: the same in arithmetic."""
    order = 2**252 + 27742317777372353535851937790883648493
    s = int.from_bytes(line[-32:], "little") + order
    line[-32:] = s.to_bytes(32, "little")


def swapped(rng, lines):
    rng.shuffle(lines)
    return lines


def doubled(rng, lines):
    lines.insert(rng.randrange(5), rng.choice([b""] + lines))
    return lines


MUTATIONS = [
    flip_bit, set_byte, insert, delete, cut, trailing, leading, crlf,
    of_lines(comment), of_lines(padding), of_lines(odd_bits),
    of_lines(high_bits), of_lines(url_alphabet), raw(raw_bit), raw(letters),
    raw(key_id), raw(order_added), of_lines(swapped), of_lines(doubled),
]


class Tally:
    def __init__(self):
        self.passed = self.failed = 0

    def check(self, good, what):
        if good:
            self.passed += 1
        else:
            self.failed += 1
            print(f"FAILED: {what}")


def stock_takes(public, file, signature):
    return subprocess.run(
        ["minisign", "-V", "-H", "-q", "-p", public, "-m", file, "-x",
         signature], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL, check=False).returncode == 0


def ours_say(driver, public, pairs):
    """One answer for each (file, signature): "ok", or the reason."""
    asked = "".join(f"{file}\n{signature}\n" for file, signature in pairs)
    answers = subprocess.run(
        [driver, "verify", public], input=asked, text=True, check=True,
        stdout=subprocess.PIPE).stdout.splitlines()
    assert len(answers) == len(pairs)
    return answers


def contents(rng):
    yield b""
    yield b"\0" * 64
    for size in (1, 63, 64, 65, 127, 128, 129, 4096, 70000):
        yield rng.randbytes(size)


def good_both_ways(tally, driver, rng):
    comments = ["", "x", "orgferry manifest 0", "~" * 900, " ", " a  b "]
    files = []
    for n, content in enumerate(contents(rng)):
        files.append(f"file{n}")
        pathlib.Path(files[-1]).write_bytes(content)
    for untrusted in comments:
        for trusted in comments:
            subprocess.run([driver, "sign", KEYS / "acme.key", untrusted,
                            trusted, *files], check=True)
            for name in files:
                tally.check(stock_takes(KEYS / "acme.pub", name,
                                        f"{name}.minisig"),
                            f"stock takes ours: {untrusted!r} {trusted!r}")
    for trusted in comments[1:]:
        for name in files:
            subprocess.run(
                ["minisign", "-S", "-s", KEYS / "stock.key", "-m", name, "-t",
                 trusted, "-c", trusted], check=True,
                stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        for name, said in zip(files, ours_say(
                driver, KEYS / "stock.pub",
                [(name, f"{name}.minisig") for name in files])):
            tally.check(said == "ok", f"ours takes stock's {name}: {said}")
    # The line of a sealing key, by itself and its signature.
    lines = (KEYS / "acme.sealing").read_bytes().splitlines(keepends=True)
    pathlib.Path("line").write_bytes(lines[2])
    pathlib.Path("line.minisig").write_bytes(b"".join(lines[3:]))
    tally.check(stock_takes(KEYS / "acme.pub", "line", "line.minisig"),
                "stock takes a sealing key's signature")


def mutants(tally, driver, rng, count):
    texts = []
    for key, name in (("acme", "file5"), ("globex", "file0")):
        subprocess.run([driver, "sign", KEYS / f"{key}.key",
                        "signature of a test", "orgferry test", name],
                       check=True)
        texts.append((KEYS / f"{key}.pub", name,
                      pathlib.Path(f"{name}.minisig").read_bytes()))
    tried = collections.defaultdict(list)
    for n in range(count):
        public, name, text = texts[n % len(texts)]
        changed = text
        for _ in range(rng.choice([1, 1, 1, 2])):
            mutate = MUTATIONS[n % len(MUTATIONS)]
            try:
                changed = mutate(rng, changed)
            except (IndexError, ValueError, OverflowError):
                continue  # a second change that no longer finds its place
        signature = f"mutant{n}"
        pathlib.Path(signature).write_bytes(changed)
        tried[public, name].append((signature, changed, changed == text))
    both = neither = same = 0
    loose = collections.Counter()
    for (public, name), group in tried.items():
        answers = ours_say(driver, public,
                           [(name, signature) for signature, _, _ in group])
        for (signature, text, unchanged), said in zip(group, answers):
            stock = stock_takes(public, name, signature)
            rule = broken_rule(text)
            same += unchanged
            ours = said == "ok"
            tally.check(ours == (stock and rule is None),
                        f"{text!r}: ours {said}, stock {stock}, rule {rule}")
            if stock and not ours:
                loose[rule] += 1
                tally.check(rule in EXPECTED, f"not expected: {rule}")
            both += ours and stock
            neither += not ours and not stock
            os.unlink(signature)
    print(f"{count} mutants ({same} came out unchanged): {neither} refused by "
          f"both, {both} taken by both (the untrusted comment is not signed), "
          f"{sum(loose.values())} by stock alone:")
    for rule, times in sorted(loose.items()):
        print(f"  {times:6} {rule}: {EXPECTED.get(rule, 'NOT EXPECTED')}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--driver", required=True)
    parser.add_argument("--count", type=int, default=300)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    driver = os.path.abspath(args.driver)
    rng = random.Random(args.seed)
    tally = Tally()
    with tempfile.TemporaryDirectory(prefix="orgferry-test-") as folder:
        os.chdir(folder)
        good_both_ways(tally, driver, rng)
        mutants(tally, driver, rng, args.count)
        os.chdir("/")
    print(f"{tally.passed} passed, {tally.failed} failed")
    return 1 if tally.failed else 0


if __name__ == "__main__":
    sys.exit(main())
