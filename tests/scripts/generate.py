#!/usr/bin/python3
"""Check scripts/generate: the dialect, the ids, the references, the days."""

import csv
import datetime
import hashlib
import io
import os
import re
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))))
GENERATE = os.path.join(ROOT, "scripts", "generate")

# Object, key prefix, its share of 100 records; the order is the generator's.
OBJECTS = [("Account", "001", 15), ("Contact", "003", 30),
           ("Opportunity", "006", 20), ("Case", "500", 15),
           ("Shipment__c", "a0B", 20)]
PREFIX = {name: prefix for name, prefix, _ in OBJECTS}
USER = "005"
RECORDS = 10000

# What each reference may refer to.
REFERENCES = {
    ("Account", "ParentId"): {"Account"},
    ("Account", "Primary_Contact__c"): {"Contact"},
    ("Contact", "AccountId"): {"Account"},
    ("Contact", "ReportsToId"): {"Contact"},
    ("Opportunity", "AccountId"): {"Account"},
    ("Opportunity", "ContactId"): {"Contact"},
    ("Case", "AccountId"): {"Account"},
    ("Case", "ContactId"): {"Contact"},
    ("Case", "ParentId"): {"Case"},
    ("Shipment__c", "Sender__c"): {"Account"},
    ("Shipment__c", "Receiver__c"): {"Account"},
    ("Shipment__c", "Opportunity__c"): {"Opportunity"},
    ("Shipment__c", "Replaces__c"): {"Shipment__c"},
    ("Shipment__c", "Regarding__c"): set(PREFIX),
}
USERS = {"OwnerId", "CreatedById", "LastModifiedById"}
STAMPS = {"LastModifiedDate", "SystemModstamp"}
KEPT = {"Id", "IsDeleted", "CreatedDate", "CreatedById", "LastModifiedById"}

ID = re.compile(r"[a-zA-Z0-9]{15}[A-Z0-5]{3}")
MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.000Z")
DATE = re.compile(r"\d{4}-\d\d-\d\d")

# The bytes of `DIR 1000 --day 3`: the same on every machine, and a change of
# them is a change of every test's data. Edit it only to say so.
PINNED = "5749daf7a92ad57ab239f3749d4a4e55702fde452770d66f3725b659ad1a6958"

scratch = None
made = {}


def run(*args):
    return subprocess.run([GENERATE, *args], capture_output=True, text=True,
                          timeout=60)


def generate(*options, records=RECORDS):
    """The five files as bytes, by object; made once for the same arguments."""
    key = (records, options)
    if key not in made:
        path = tempfile.mkdtemp(dir=scratch)
        got = run(path, str(records), *options)
        assert got.returncode == 0, got.stderr
        assert sorted(os.listdir(path)) == sorted(
            name + ".csv" for name in PREFIX), os.listdir(path)
        made[key] = {}
        for name in PREFIX:
            with open(os.path.join(path, name + ".csv"), "rb") as f:
                made[key][name] = f.read()
    return made[key]


def parse(data):
    text = io.StringIO(data.decode("utf-8"), newline="")
    return list(csv.reader(text, strict=True))


def snapshot(*options, records=RECORDS):
    """Object -> Id -> {column: value}, in the order of the rows."""
    org = {}
    for name, data in generate(*options, records=records).items():
        header, *rows = parse(data)
        org[name] = {row[0]: dict(zip(header, row)) for row in rows}
        assert len(org[name]) == len(rows), name + ": an Id twice"
    return org


def parts(whole):
    before, out = 0, {}
    for name, _, share in OBJECTS:
        out[name] = (whole * (before + share) // 100
                     - whole * before // 100)
        before += share
    return out


def is_id(value):
    check = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"
    return bool(ID.fullmatch(value)) and value[15:] == "".join(
        check[sum(1 << i for i in range(5)
                  if "A" <= value[group + i] <= "Z")]
        for group in (0, 5, 10))


def test_dialect():
    for name, data in generate().items():
        assert data.endswith(b'"\n') and b"\r" not in data, name
        header, *rows = parse(data)
        assert header[0] == "Id" and 12 <= len(header) <= 30, header
        assert len(set(header)) == len(header), header
        assert all(len(row) == len(header) for row in rows), name
        again = io.StringIO()
        csv.writer(again, quoting=csv.QUOTE_ALL,
                   lineterminator="\n").writerows([header, *rows])
        assert again.getvalue().encode() == data, name + ": not all quoted"


def test_size():
    org = snapshot()
    assert {n: len(rows) for n, rows in org.items()} == parts(RECORDS)
    columns = sum(len(row) for rows in org.values() for row in rows.values())
    size = sum(map(len, generate().values()))
    assert 23 <= columns / RECORDS <= 27, columns / RECORDS
    assert 350 <= size / RECORDS <= 450, size / RECORDS
    for records in (1, 7, 99, 1001):
        total = sum(map(len, snapshot(records=records).values()))
        assert total == records, (records, total)


def test_ids():
    seen = set()
    for name, rows in snapshot().items():
        for key in rows:
            assert key.startswith(PREFIX[name]) and is_id(key), key
            assert key.lower() not in seen, key
            seen.add(key.lower())


def test_types():
    for name, rows in snapshot("--day", "4").items():
        for row in rows.values():
            for column, value in row.items():
                if column in STAMPS | {"CreatedDate"}:
                    assert MOMENT.fullmatch(value), (name, column, value)
                if column in ("CloseDate", "Birthdate") and value:
                    assert DATE.fullmatch(value), (name, column, value)
                if column.startswith("Is"):
                    assert value in ("true", "false"), (name, column, value)
            assert (row["CreatedDate"] <= row["LastModifiedDate"]
                    <= row["SystemModstamp"] < "2026-11-25T06"), row


def check_references(org):
    for name, rows in org.items():
        for row in rows.values():
            for column, value in row.items():
                if column in USERS:
                    assert value.startswith(USER) and is_id(value), value
                elif (name, column) in REFERENCES:
                    targets = REFERENCES[name, column]
                    assert value == "" or any(
                        value in org[t] for t in targets), (column, value)
                elif column != "Id":
                    assert not is_id(value), (name, column, value)


def test_references():
    check_references(snapshot())
    check_references(snapshot("--day", "2"))


def test_references_of_later_days():
    for day in ("30", "100"):
        check_references(snapshot("--day", day))


def test_features():
    org = snapshot()
    short, long, empty, found = set(), set(), 0, {}
    later = False
    for name, rows in org.items():
        place = {key: i for i, key in enumerate(rows)}
        for key, row in rows.items():
            for column, value in row.items():
                marks = short if len(value) < 80 else long
                marks.update(c for c in '"\n,' if c in value)
                marks.update("u" for c in value if ord(c) > 127)
                marks.update("U" for c in value if ord(c) > 0xffff)
                empty += value == ""
                if value and (name, column) in REFERENCES:
                    found.setdefault((name, column), set()).add(value[:3])
                    assert value != key, "refers to itself"
                    later = later or place.get(value, -1) > place[key]
    assert short == long == set('"\n,uU'), (short, long)
    assert empty > RECORDS
    assert later, "no parent stands later than its child"
    assert found == {column: {PREFIX[t] for t in targets}
                     for column, targets in REFERENCES.items()}, found
    assert any(len({row[c] for c in ("Sender__c", "Receiver__c")} - {""}) == 2
               for row in org["Shipment__c"].values())


def test_deterministic():
    first = dict(generate("--day", "2"))
    made.clear()
    assert generate("--day", "2") == first
    assert generate("--seed", "1", "--day", "2") == first
    other = generate("--seed", "2", "--day", "2")
    assert all(other[name] != first[name] for name in PREFIX)


def test_dates_exist():
    """Dates and times are of days that the calendar has."""
    for name, text in generate("--day", "2", records=3000).items():
        for row in csv.DictReader(io.StringIO(text.decode(), newline="")):
            for field, value in row.items():
                if "date" in field.lower() and value:
                    datetime.datetime.fromisoformat(value.replace("Z", ""))


def test_pinned():
    digest = hashlib.sha256()
    for name, _, _ in OBJECTS:
        digest.update(generate("--day", "3", records=1000)[name])
    assert digest.hexdigest() == PINNED, digest.hexdigest()


def test_shuffle():
    for day in ("1", "2"):
        plain = generate("--day", day)
        mixed = generate("--day", day, "--shuffle")
        for name in PREFIX:
            before, after = parse(plain[name]), parse(mixed[name])
            assert before[0] == after[0], name
            assert before != after, name
            assert sorted(before[1:]) == sorted(after[1:]), name
            stay = sum(a == b for a, b in zip(before[1:], after[1:]))
            assert stay < 20, (name, stay)


def test_same():
    assert generate("--day", "2", "--same") == generate("--day", "1")
    assert generate("--day", "3", "--same") == generate("--day", "2")
    assert generate("--day", "1") == generate()


def check_row(name, old, new, removed):
    """The columns edited; what was only cleared is not one of them."""
    changed = {c for c in old if old[c] != new[c]}
    if not changed:
        return set()
    assert changed >= {"LastModifiedDate"}, (name, changed)
    for stamp in STAMPS:
        assert new[stamp] > old[stamp], (name, stamp)
    assert not changed & KEPT, (name, changed)
    cleared = {c for c in changed if (name, c) in REFERENCES
               and old[c] in removed and new[c] == ""}
    edited = changed - STAMPS - cleared
    assert edited or cleared, (name, old["Id"])
    assert len(edited) <= 3, (name, edited)
    return edited


def check_day(day, records):
    old = snapshot("--day", str(day - 1), records=records)
    new = snapshot("--day", str(day), records=records)
    removed = {key for name in PREFIX for key in old[name]
               if key not in new[name]}
    counts = {"edits": {}, "births": {}, "deaths": {}}
    sizes = set()
    places = []
    for name in PREFIX:
        common = [key for key in old[name] if key in new[name]]
        assert common == [k for k in new[name] if k in old[name]], "order"
        edited = [check_row(name, old[name][key], new[name][key], removed)
                  for key in common]
        sizes.update(map(len, edited))
        places += [i / len(common) for i, e in enumerate(edited) if e]
        counts["edits"][name] = sum(map(bool, edited))
        counts["births"][name] = len(new[name]) - len(common)
        counts["deaths"][name] = len(old[name]) - len(common)
        for key in new[name].keys() - old[name].keys():
            made_at = new[name][key]["CreatedDate"]
            assert made_at > "2026-11-%d" % (20 + day), made_at
    assert counts == {"edits": parts(records // 100),
                      "births": parts(records * 3 // 1000),
                      "deaths": parts(records // 1000)}, counts
    assert sizes == {0, 1, 2, 3}, sizes
    return places


def test_day_2():
    places = check_day(2, RECORDS)
    tenths = [sum(int(p * 10) == i for p in places) for i in range(10)]
    assert min(tenths) > 2, tenths


def test_day_2_clears_references():
    old, new = snapshot(), snapshot("--day", "2")
    gone = {key for n in PREFIX for key in old[n] if key not in new[n]}
    hit = [(name, key, column) for name, column in REFERENCES
           for key, row in old[name].items()
           if row[column] in gone and key in new[name]]
    assert len(hit) > 10, hit
    assert not any(new[name][key][column] in gone
                   for name, key, column in hit)
    assert sum(new[n][k][c] == "" for n, k, c in hit) > len(hit) // 2


def test_days_follow_each_other():
    for day in (3, 4, 9):
        check_day(day, 7777)


def test_memory():
    path = os.path.join(scratch, "bounded")
    got = subprocess.run(["sh", "-c", 'ulimit -v 32768; exec "$@"', "sh",
                          os.path.join(ROOT, "build", "generate"),
                          path, "200000"], capture_output=True, text=True)
    assert got.returncode == 0, got.stderr
    assert sum(e.stat().st_size for e in os.scandir(path)) > 64 << 20


def test_help():
    got = run("--help")
    assert (got.returncode, got.stderr) == (0, "")
    assert got.stdout.startswith("usage: ")
    assert all(len(line) <= 80 for line in got.stdout.splitlines())
    assert all(word in got.stdout
               for word in ("--day", "--same", "--shuffle", "--seed"))


def check_refused(status, *args):
    got = run(*args)
    assert got.returncode == status, (args, got.returncode, got.stderr)
    assert got.stdout == "" and got.stderr.count("\n") == 1, (args, got)
    return got.stderr


def test_refuses_arguments():
    path = os.path.join(scratch, "never-made")
    for args in ([], [path], [path, "0"], [path, "-1"], [path, "1e3"],
                 [path, "10k"], [path, "1000000001"], [path, "9" * 30],
                 [path, ""], [path, "10", "--day"], [path, "10", "more"],
                 [path, "10", "--day", "0"], [path, "10", "--day", "101"],
                 [path, "10", "--seed", "x"], [path, "10", "--same"],
                 [path, "10", "--dya", "2"]):
        check_refused(2, *args)
    assert not os.path.exists(path)


def test_refuses_a_directory_in_use():
    path = tempfile.mkdtemp(dir=scratch)
    with open(os.path.join(path, "notes.txt"), "w", encoding="utf-8"):
        pass
    check_refused(2, path, "10")
    assert os.listdir(path) == ["notes.txt"]


def test_writes_over_its_own():
    path = tempfile.mkdtemp(dir=scratch)
    for records in ("900", "10"):
        got = run(path, records)
        assert got.returncode == 0, got.stderr
    with open(os.path.join(path, "Account.csv"), "rb") as f:
        assert f.read() == generate(records=10)["Account"]


def test_full_disk():
    for records in ("10", "5000"):
        path = tempfile.mkdtemp(dir=scratch)
        file = os.path.join(path, "Contact.csv")
        os.symlink("/dev/full", file)
        error = check_refused(5, path, records)
        assert file in error and "No space left" in error, error


def test_no_such_place():
    error = check_refused(5, os.path.join(scratch, "no", "where"), "10")
    assert "No such file" in error, error


def main():
    global scratch
    passed = failed = 0
    with tempfile.TemporaryDirectory() as scratch:
        for name, test in list(globals().items()):
            if not name.startswith("test_"):
                continue
            try:
                test()
                passed += 1
            except Exception as e:  # whatever it is, the test did not pass
                failed += 1
                print("%s: %s: %.600s" % (name, type(e).__name__, e))
    print("%d passed, %d failed" % (passed, failed))
    return failed > 0


if __name__ == "__main__":
    sys.exit(main())
