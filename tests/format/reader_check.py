#!/usr/bin/env python3
"""The program and the second reader must say the same of every bundle.

    reader_check.py [--all]

Every sample that the program writes is read by reader.py, shown by `orgferry
inspect` and told in full by the driver teller, and all that the one says is
held against the other. The worked example of FORMAT.md is held against fixtures/bundles/example.ferry, which
tests/format/example.c makes byte by byte. Every bundle that reader_selftest.py makes goes through `orgferry verify`: what
reader.py takes must be taken, what it refuses must be refused in one line that
names the file. --all: those of many megabytes too. BUILD is the folder of the
program. Last line: N passed, N failed.
"""
import json
import os
import re
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True

import reader  # noqa: E402
import reader_selftest as selftest  # noqa: E402

BUILD = os.path.abspath(os.environ.get("BUILD", "build"))
ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
KEYS = os.path.join(ROOT, "fixtures", "keys")
KINDS = ("invitation", "answer", "cancel", "notice", "changes", "follows",
         "full", "empty")
FIRST_CONTACT = KINDS[:2]

# What only the addressee can judge: to whom it is. `verify` reads a bundle
# for anybody.
ADDRESSEE = ("manifest-rule-1-key", "manifest-rule-1-org")

# Those that bring their key along are read by a stranger too.
STRANGERS = ("invitation", "answer", "sender-pub-", "low-order",
             "mixed-order", "unknown-invitation", "rule-8-no-sender",
             "rule-8-sender-late", "manifest-sealing-")

# Above this a case is read with --all alone.
LARGE = 5 << 20

PASSED, FAILED = [], []


def check(holds, what, more=""):
    (PASSED if holds else FAILED).append(what)
    if not holds:
        print("FAILED: %s: %s" % (what, more))


def orgferry(*arguments):
    return subprocess.run([os.path.join(BUILD, "orgferry"), *arguments],
                          capture_output=True, check=False, timeout=300)


def key_file(name):
    with open(os.path.join(KEYS, name), "rb") as file:
        return file.read()


def make_home(folder, secret):
    """A home with these keys for its own."""
    done = orgferry("init", folder, "--name", "Test")
    check(done.returncode == 0, "init", done.stderr)
    path = os.path.join(folder, "keys", "org.key")
    with open(path, "wb") as file:
        file.write(secret)
    os.chmod(path, 0o600)


def said_of(said):
    """What inspect --changes has to say, of what reader.py read."""
    names, created = [], {}
    for member in said["members"]:
        group, owner, _ = reader.group_of(member["member"]) \
            if "rows" in member else (None, None, None)
        if member["member"].startswith("files/") and group is None:
            yield {"change": "part", "object": member["member"]}
        for row in member.get("rows", [])[1:]:
            if group == "published":
                yield {"change": "publish", "object": row[0],
                       "name": row[1], "value": row[3]}
            elif group == "names":
                names.append(row)
                yield {"change": row[2], "object": row[0], "name": row[1]}
            elif group == "creates":
                mine = created.setdefault(owner, iter(
                    [n for n in names if n[0] == owner]))
                name = next(mine)[1]
                for field, value in zip(member["rows"][0], row):
                    if value:
                        yield {"change": "set", "object": owner,
                               "name": name, "field": field, "value": value}
            elif group == "updates":
                of = names[int(row[0]) - 1]
                yield {"change": "set", "object": of[0], "name": of[1],
                       "field": row[1], "value": row[2]}
            elif group == "ids":
                yield {"change": "receipt", "object": row[0], "name": row[1],
                       "field": row[3], "value": row[2]}
            elif group == "refused":
                yield {"change": "refused", "object": row[0], "name": row[1],
                       "field": row[2], "value": row[5]}


def told_of(said):
    """What teller has to tell: every value."""
    rows_of, names = {}, []
    for member in said["members"]:
        name = member["member"]
        if "rows" not in member:
            if name != "sender.pub":
                yield [reader.GROUPS.index("index") + 1, name,
                       member["size"]]
            continue
        group, owner, _ = reader.group_of(name)
        for row in member["rows"][1:]:
            number = rows_of.get((group, owner), 0) + 1
            rows_of[group, owner] = number
            if group == "names":
                names.append(row[0])
                owner = row[0]
            elif group == "creates":
                number += names.index(owner)
            elif group == "updates":
                number = int(row[0])
                owner = names[number - 1]
            yield [reader.GROUPS.index(group), owner or "", number, *row]
            owner = None if group in ("names", "updates") else owner


def lines_of(values):
    return [json.dumps(value, ensure_ascii=False) for value in values]


def try_sample(what, path, home, known):
    with open(path, "rb") as file:
        said = reader.read(file, **known)
    head = orgferry("-C", home, "inspect", path, "--json", "--key",
                    os.path.join(KEYS, "acme.sealing"))
    check(head.returncode == 0 and head.stderr == b"", what + ": inspect",
          head.stderr)
    want = {"file": path, "sealed": said["sealed"],
            "signature": said["trust"], "fingerprint": said["fingerprint"],
            "hash": said["hash"], "manifest": said["manifest"]}
    check(json.dumps(json.loads(head.stdout)) == json.dumps(want),
          what + ": the manifest", head.stdout)
    rows = orgferry("-C", home, "inspect", path, "--json", "--changes",
                    "--key", os.path.join(KEYS, "acme.sealing"))
    check(rows.returncode == 0 and rows.stderr == b"", what + ": rows",
          rows.stderr)
    got = lines_of(map(json.loads, rows.stdout.splitlines()))
    want = lines_of(said_of(said))
    for i, (a, b) in enumerate(zip(got, want)):
        check(a == b, "%s: row %d" % (what, i + 1), (a, b))
    check(len(got) == len(want), what + ": as many rows",
          (len(got), len(want)))
    told = subprocess.run([os.path.join(BUILD, "tests/format/teller"), path],
                          cwd=ROOT, capture_output=True, check=False)
    check(told.returncode == 0 and lines_of(map(
        json.loads, told.stdout.splitlines())) == lines_of(told_of(said)),
          what + ": every value", told)
    return said


def try_samples(folder):
    home = os.path.join(folder, "globex")
    make_home(home, key_file("globex.key"))
    key, sealing = reader.read_sealing(key_file("acme.sealing"), "acme")
    known = {"key": key, "sealing": sealing,
             "own": reader.read_secret(key_file("globex.key"), "globex"),
             "org": "00D3b0000000009EAA"}
    maker = os.path.join(BUILD, "tests", "format", "maker")
    try_sample("example", os.path.join(ROOT, "fixtures", "bundles",
                                       "example.ferry"), home, known)
    for kind in KINDS:
        plain = None
        for sealed in (False, True)[:1 if kind in FIRST_CONTACT else 2]:
            what = "sample %s%s" % (kind, ", sealed" if sealed else "")
            path = os.path.join(folder, what.replace(", ", "-"))
            subprocess.run([maker, path, kind] + ["sealed"] * sealed,
                           cwd=ROOT, check=True)
            said = try_sample(what, path, home, known)
            check(plain in (None, {**said, "sealed": False}),
                  what + ": as when it is plain")
            plain = said


def members_of(archive):
    """Name, offset of the header, body."""
    at = 0
    while any(archive[at:at + 512]):
        size = int(archive[at + 124:at + 135], 8)
        yield (archive[at:at + 100].split(b"\0")[0].decode(), at,
               archive[at + 512:at + 512 + size])
        at += 512 + size + -size % 512


def try_example():
    """What the page's section 12 shows is what the file holds."""
    with open(os.path.join(ROOT, "FORMAT.md"), encoding="utf-8") as page:
        text = page.read().split("\n## 12. A worked example\n")[1]
    with open(os.path.join(ROOT, "fixtures", "bundles", "example.ferry"),
              "rb") as file:
        archive = file.read()
    blocks = [b.encode() for b in re.findall("```\n(.*?)```\n", text, re.S)]
    (public, *tables, front, back, sums, manifest, signature,
     whole) = blocks
    members = list(members_of(archive))
    bodies = {name: body for name, _, body in members}
    check(public == key_file("acme.pub"), "example: the key")
    check(manifest == bodies["manifest.json"], "example: the manifest")
    check(signature == bodies["manifest.json.minisig"],
          "example: the signature")
    order = ["changes/%s-1.csv.gz" % group
             for group in ("names", "Account.creates", "updates")]
    for name, table in zip(order, tables):
        check(reader.inflate(bodies[name], len(table), name) == table,
              "example: " + name)
        check("`%s`,\n%d bytes:" % (name, len(table)) in text
              or "`%s`, %d bytes:" % (name, len(table)) in text,
              "example: the size of " + name)
    check(bodies[order[1]] == bytes.fromhex(front.decode()) + tables[1]
          + bytes.fromhex(back.decode()), "example: gzip by hand")
    names = [n + "AAA" for n in re.findall("[ia]:[0-9A-Za-z]{15}",
                                           tables[0].decode())]
    check(sums.decode().split() == [reader.blake(n.encode()).hex()
                                    for n in names], "example: the sums")
    check(selftest.sum_of(*names)
          == json.loads(manifest)["objects"][0]["sum"], "example: sum")
    check(whole.decode() == reader.blake(archive).hex() + "\n",
          "example: the whole")
    shown = ["| %s |" % " | ".join(row) for row in layout(members,
                                                          len(archive))]
    check(re.findall(r"^\| [0-9].*\|$", text, re.M) == shown,
          "example: the archive", shown)
    for number in (archive[124:135], archive[148:154]):
        check("`%s`" % number.decode() in text, "example: the header")
    for number in (len(archive), len(manifest)):
        check("{:,} bytes".format(number) in text, "example: sizes")


def layout(members, end):
    for name, at, body in members:
        yield "{:,}".format(at), "512", "header of `%s`" % name
        yield "{:,}".format(at + 512), "{:,}".format(len(body)), "its body"
        yield ("{:,}".format(at + 512 + len(body)), str(-len(body) % 512),
               "zeros")
    yield "{:,}".format(end - 1024), "1,024", "zeros, the end"


def refused_well(done, path):
    text = done.stderr.decode("utf-8")
    return (done.returncode == 3 and done.stdout == b""
            and text.count("\n") == 1 and text.endswith("\n")
            and text.startswith("orgferry: '%s': " % path))


def try_stranger(case, path, data):
    done, said = orgferry("inspect", path, "--json"), selftest.attempt(data)
    check(refused_well(done, path) if isinstance(said, str)
          else done.returncode == 0
          and json.loads(done.stdout)["signature"] == "first contact"
          and json.loads(done.stdout)["fingerprint"] == said["fingerprint"],
          case + ", by a stranger", (said, done))


def try_too_many_parts(folder):
    """A body of more parts than one may have is refused for that, before the
    parts, which are not there."""
    body = "0" * 64
    rows = ["files/%s.%d|4194304|%s" % (body, n + 1, body)
            for n in range(25001)]
    path = os.path.join(folder, "parts")
    data = selftest.make(selftest.bare, "contents", selftest.added(
        "files/index-1.csv.gz", selftest.table("index", *rows)))
    selftest.write(folder, [("parts", data)])
    done = orgferry("verify", path, "--key",
                    os.path.join(folder, "sender.sealing"))
    check(refused_well(done, path) and b"line 25002: " in done.stderr,
          "25,001 parts", done)
    said = selftest.attempt(data, **selftest.KNOWN)
    check("more than 25000 parts" in said, "25,001 parts, reader.py", said)


def try_cases(folder, everything):
    home, path = (os.path.join(folder, name) for name in ("home", "case"))
    sender = os.path.join(folder, "sender.sealing")
    make_home(home, selftest.KEY_FILES["recipient.secret"])
    selftest.write(folder, [("sender.sealing",
                             selftest.KEY_FILES["sender.sealing"])])
    skipped = addressee = 0
    for case, data, expected, note in selftest.cases():
        if len(data) > LARGE and not everything:
            skipped += 1
            continue
        selftest.write(folder, [("case", data)])
        done = orgferry("-C", home, "verify", path, "--key", sender)
        if case in ADDRESSEE:
            addressee += 1
            check(expected == "refused" and done.returncode == 0, case,
                  done.stderr)
        elif expected == "ok":
            check(done.returncode == 0 and done.stderr == b"", case,
                  "%s: %s" % (note, done.stderr))
        else:
            check(refused_well(done, path), case,
                  "%s: %s" % (note, done))
        if case.startswith(STRANGERS):
            try_stranger(case, path, data)
        if os.environ.get("VERBOSE"):
            print("%s\t%s\t%s" % (case, note, done.stderr.decode().strip()))
    check(addressee == len(ADDRESSEE), "the addressee's cases")
    if skipped:
        print("%d cases of more than %d bytes: with --all" % (skipped, LARGE))


def main(arguments):
    if arguments not in ([], ["--all"]):
        print("usage: reader_check.py [--all]", file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory(prefix="orgferry-test-") as folder:
        try_samples(folder)
        try_example()
        try_cases(folder, bool(arguments))
        try_too_many_parts(folder)
    print("%d passed, %d failed" % (len(PASSED), len(FAILED)))
    return 1 if FAILED else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
