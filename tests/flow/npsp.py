#!/usr/bin/python3
"""Two days of an org: the change log against a diff that csv makes.

    npsp.py DIR [DIR2]

DIR has a folder for each day, monday and tuesday; or they are DIR and DIR2.
Both are loaded. What csv finds to be other on the second day, and nothing
else, must be logged, made and deleted; then a dump must be the second day.
"""

import csv
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time

BUILD = os.environ.get("BUILD", "build")
PROGRAM = os.path.join(BUILD, "orgferry")

csv.field_size_limit(1 << 30)


def read(folder):
    """{object: (columns, {id: row})}"""
    objects = {}
    for name in sorted(os.listdir(folder)):
        if not name.endswith(".csv"):
            continue
        with open(os.path.join(folder, name), encoding="utf-8-sig",
                  newline="") as f:
            rows = csv.reader(f, strict=True)
            columns = next(rows)
            at = columns.index("Id")
            objects[name[:-4]] = columns, {row[at]: row for row in rows}
    return objects


def diff(before, after):
    """What the second day changed, made and took away."""
    changed, made, gone = set(), set(), set()
    for name, (columns, rows) in after.items():
        was_columns, was = before.get(name, (columns, {}))
        where = {c: was_columns.index(c) for c in columns if c in was_columns}
        for id18, row in rows.items():
            if id18 not in was:
                made.add((name, id18))
            elif columns != was_columns or row != was[id18]:
                changed.update(
                    (name, id18, c) for c, value in zip(columns, row)
                    if value != (was[id18][where[c]] if c in where else ""))
        gone.update((name, id18) for id18 in was if id18 not in rows)
    return changed, made, gone


def load(home, folder):
    began = time.time()
    done = subprocess.run([PROGRAM, "-C", home, "load", folder],
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          encoding="utf-8")
    if done.returncode:
        print(f"{folder}: exit {done.returncode}: {done.stdout}")
    return time.time() - began


def logged(home, objects):
    """What the store says of the same."""
    db = sqlite3.connect(os.path.join(home, "org.db"))
    changed, rows = set(), {}
    for name in objects:
        changed.update(
            (name, *row) for row in db.execute(
                "select t.Id, f.name from _change c join _field f using "
                f'(field) join "{name}" t using (_row) where c.origin = 0'))
        rows[name] = dict(db.execute(f'select Id, _row from "{name}"'))
    gone = set(db.execute("select o.name, d.id from _deleted d join _object "
                          "o using (object) where d.origin = 0"))
    count, = db.execute("select count(*) from _change").fetchone()
    db.close()
    return changed, rows, gone, count


def main():
    if len(sys.argv) not in (2, 3):
        print(__doc__.strip(), file=sys.stderr)
        return 2
    days = sys.argv[1:] if len(sys.argv) == 3 else \
        [os.path.join(sys.argv[1], day) for day in ("monday", "tuesday")]
    temp = tempfile.mkdtemp(prefix="npsp.")
    home = os.path.join(temp, "home")
    subprocess.run([PROGRAM, "init", home, "--name", "NPSP"], check=True,
                   stdout=subprocess.DEVNULL)
    before, after = map(read, days)
    changed, made, gone = diff(before, after)
    times = [load(home, days[0])]
    first = logged(home, before)
    last_row = max([r for rows in first[1].values() for r in rows.values()],
                   default=0)
    times += [load(home, days[1])]
    got_changed, rows, got_gone, count = logged(home, after)
    got_made = {(name, id18) for name, of in rows.items()
                for id18, row in of.items() if row > last_row}
    dump = os.path.join(temp, "dump")
    subprocess.run([PROGRAM, "-C", home, "dump", dump], check=True,
                   stdout=subprocess.DEVNULL)
    dumped = read(dump)
    checks = {
        "the first day logs nothing": first[3] == 0 and not first[2],
        "the first day is all there": all(
            first[1][n].keys() == of[1].keys() for n, of in before.items()),
        "values changed": got_changed == changed and count == len(changed),
        "records made": got_made == made,
        "records deleted": got_gone == gone,
        "something changed, was made, was deleted":
            bool(changed and made and gone),
        "dumped": all(dumped[n] == of for n, of in after.items()),
    }
    print(f"{sum(len(o[1]) for o in after.values())} records of "
          f"{len(after)} objects: {len(changed)} values changed, {len(made)} "
          f"records made, {len(gone)} deleted; {times[0]:.2f} s and "
          f"{times[1]:.2f} s")
    for name, right in checks.items():
        if not right:
            print(f"{name}: not as csv has it")
    for what, got, want in (("changed", got_changed, changed),
                            ("made", got_made, made),
                            ("deleted", got_gone, gone)):
        for one in sorted(got ^ want)[:10]:
            print(f"{what}, {'only here' if one in got else 'missed'}: {one}")
    shutil.rmtree(temp)
    failed = list(checks.values()).count(False)
    print(f"{len(checks) - failed} passed, {failed} failed")
    return failed > 0


if __name__ == "__main__":
    sys.exit(main())
