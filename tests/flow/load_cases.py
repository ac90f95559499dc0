#!/usr/bin/python3
"""What load must do in cases that are too rare for load_model.py.

Each case is told in steps: ("load", {object: text}, what it exits with, or
that and a regular expression of what it says, option...); ("import", line...),
as store_driver takes it; ("have", query, row...), what the store must hold
then.
"""

import os
import re
import shutil
import sqlite3
import subprocess
import sys
import tempfile

BUILD = os.environ.get("BUILD", "build")
PROGRAM = os.path.join(BUILD, "orgferry")
DRIVER = os.path.join(BUILD, "tests/store/store_driver")

A, B, C = ("001000000000%03dAAA" % n for n in (1, 2, 3))


def ids(first, count):
    return "".join("001000000%06d\n" % n for n in range(first, first + count))


def stamped(*days, prefix="001"):
    """Records with the newest change of each on a day of January."""
    return "Id,SystemModstamp\n" + "".join(
        "%s000000%06d,%s\n" % (prefix, n, at(day))
        for n, day in enumerate(days) if day)


def at(day):
    return "2026-01-%02dT00:00:00.000Z" % day


def older(day, last, object_, is_, was):
    return (4, f"this snapshot is of {at(day)}, and the last one loaded was "
            f"of {at(last)}; the newest {object_} in it is of {at(is_)}, and "
            f"was of {at(was)}; .*--as-of TIME; .*--older")


AS_OF = "select value from _home where key = 'as_of'"
NEWEST = "select name, newest from _object order by name"
TASKS = {"prefix": "00T"}

CASES = {
    "a part under another header does not make old bytes the same": [
        ("load", {"Account": f"Id,X__c,Y__c\n{A},1,2\n{B},3,4\n"}, 0),
        ("load", {"Account": f"Id,Y__c,X__c\n{B},4,3\n"}, 0, "--partial"),
        ("load", {"Account": f"Id,Y__c,X__c\n{A},1,2\n{B},4,3\n"}, 0),
        ("have", "select X__c, Y__c from Account", ("2", "1"), ("3", "4")),
    ],
    "a part without a column does not make old bytes the same": [
        ("load", {"Account": f"Id,X__c\n{A},1\n{B},1\n"}, 0),
        ("load", {"Account": f"Id,Y__c\n{B},2\n"}, 0, "--partial"),
        ("load", {"Account": f"Id,Y__c\n{A},1\n{B},2\n"}, 0),
        ("have", "select X__c, Y__c from Account", ("1", "1"), ("1", "2")),
    ],
    "what an import removed is no conflict in another spelling": [
        ("load", {"Account": f"Id,Name,AnnualRevenue\n{A},x,2\n"}, 0),
        ("import", f"remove Account {A}"),
        ("load", {"Account": f'Id,AnnualRevenue,Name\n{A},2.0,"x"\n'}, 0),
        ("have", "select count(*), edited from _deleted", (1, None)),
        ("load", {"Account": f'Id,AnnualRevenue,Name\n{A},3,"x"\n'}, 1),
        ("have", "select count(edited) from _deleted", (1,)),
        ("have", "select value from _base join _field using (field) order by "
         "name", ("3",), ("x",)),
        ("load", {"Account": f'Id,AnnualRevenue,Name\n{A},3,"x"\n'}, 0),
    ],
    "a column that comes back does not undo an import": [
        ("load", {"Account": f"Id,Name,Fax\n{A},x,1\n"}, 0),
        ("load", {"Account": f"Id,Name\n{A},x\n"}, 0),
        ("import", f"update Account {A} Fax=2"),
        ("load", {"Account": f"Id,Name,Fax\n{A},x,1\n"}, 0),
        ("have", "select Fax from Account", ("2",)),
        ("load", {"Account": f"Id,Name,Fax\n{A},x,3\n"}, 0),
        ("have", "select Fax from Account", ("3",)),
    ],
    "a conflict has a number of its own": [
        ("load", {"Account": f"Id,Name\n{A},x\n"}, 0),
        ("import", f"remove Account {A}"),
        ("load", {"Account": f"Id,Name\n{A},y\n"}, 1),
        ("import", f"insert Account {B} Name=z"),
        ("have", "select edited, (select value from _home where key = "
         "'change') from _deleted", (3, 4)),
    ],
    "a conflict ends when the record is gone in the org too": [
        ("load", {"Account": f"Id,Name\n{A},x\n{B},x\n"}, 0),
        ("import", f"remove Account {A}"),
        ("load", {"Account": f"Id,Name\n{A},y\n{B},x\n"}, 1),
        ("have", "select edited from _deleted", (3,)),
        ("load", {"Account": f"Id,Name\n{B},x\n"}, 0),
        ("have", "select edited from _deleted", (None,)),
        ("have", "select count(*) from _base", (0,)),
    ],
    "a record removed and made again by imports keeps its base": [
        ("load", {"Account": f"Id,Name,Fax\n{A},x,1\n"}, 0),
        ("import", f"remove Account {A}"),
        ("import", f"insert Account {A} Name=y Fax=1"),
        ("load", {"Account": f"Id,Name,Fax\n{A},x,1\n"}, 0),
        ("have", "select Name from Account", ("y",)),
        ("load", {"Account": f"Id,Name,Fax\n{A},x,2\n"}, 0),
        ("have", "select Name, Fax from Account", ("y", "2")),
        ("have", "select count(*) from _change where origin = 0", (1,)),
        ("load", {"Account": "Id,Name,Fax\n"}, 0),
        ("have", "select origin from _deleted", (1,), (0,)),
        ("load", {"Account": f"Id,Name,Fax\n{A},x,2\n"}, 0),
        ("have", "select Name from Account", ("x",)),
    ],
    "line ends are of one kind, also in rows that are known": [
        ("load", {"Account": f"Id,Name\n{A},x\n{B},y\n"}, 0),
        ("load", {"Account": f"Id,Name\n{A},x\r\n{B},y\n"}, 3),
        ("load", {"Account": f"Id,Name\r\n{A},x\n{B},y\n"}, 3),
        ("load", {"Account": f"Id,Name\r\n{A},x\r\n{B},y"}, 0),
    ],
    "no record is null": [
        ("load", {"Account": "Id,Name\n000000000000000AAA,x\n"}, 3),
        ("load", {"Account": "Id,Name\n000000000000000,x\n"}, 3),
    ],
    "--type can be corrected, and makes a guess certain": [
        ("load", {"Account": f"Id,X__c,Y__c\n{A},TRUE,2026-01-02\n"}, 0,
         "--type", "Account.Y__c=text"),
        ("load", {"Account": f"Id,X__c,Y__c\n{A},TRUE,2026-01-02 00:00:00\n"},
         0, "--type", "Account.Y__c=date"),
        ("have", "select Y__c from Account", ("2026-01-02",)),
        ("load", {"Account": f"Id,X__c,Y__c\n{A},maybe,2026-01-02\n"}, 3,
         "--type", "Account.X__c=boolean"),
    ],
    "a type that is learned respells and changes nothing": [
        ("load", {"Account": f"Id,X__c\n{A},1\n{B},\n"}, 0),
        ("import", f"update Account {A} X__c=0"),
        ("load", {"Account": f"Id,X__c\n{A},1\n{B},\n"}, 0, "--type",
         "Account.X__c=boolean"),
        ("have", "select X__c from Account", ("false",), ("",)),
        ("have", "select value from _base", ("true",)),
        ("have", "select count(*) from _change", (1,)),
    ],
    "much that is gone is refused": [
        ("load", {"Account": "Id\n" + ids(0, 105), "Contact": "Id\n" +
                  ids(1000, 395)}, 0),
        ("load", {"Account": "Id\n" + ids(0, 83)}, 3),
        ("load", {"Account": "Id\n" + ids(0, 84)}, 0),
        ("load", {"Contact": "Id\n" + ids(1000, 371)}, 3),
        ("load", {"Contact": "Id\n" + ids(1000, 372)}, 0),
        ("load", {"Contact": "Id\n"}, 3),
        ("load", {"Contact": "Id\n"}, 0, "--partial"),
        ("have", "select count(*) from Contact", (372,)),
        ("load", {"Contact": "Id\n"}, 0, "--allow-deletes"),
        ("have", "select count(*) from Contact", (0,)),
        ("load", {"Account": "Id\n" + ids(0, 64)}, 0),
    ],
    "an older snapshot": [
        ("load", {"Account": f"Id,SystemModstamp\n{A},2026-01-02 00:00:00\n"},
         0),
        ("load", {"Account": f"Id,SystemModstamp\n{A},"
                             "2026-01-01T23:59:59.999Z\n"}, 4),
        ("load", {"Account": f"Id,SystemModstamp\n{A},"
                             "2026-01-01T23:59:59.999Z\n"}, 4, "--as-of",
         "2026-01-01T00:00:00.000Z"),
        ("load", {"Account": f"Id,SystemModstamp\n{A},"
                             "2026-01-01T23:59:59.999Z\n"}, 0, "--older"),
        ("have", "select value from _home where key = 'as_of'",
         ("2026-01-01T23:59:59.999Z",)),
    ],
    "one object alone is not older": [
        ("load", {"Account": stamped(5), "Task": stamped(1, **TASKS)}, 0),
        ("load", {"Task": stamped(1, **TASKS)}, 0),
        ("have", AS_OF, (at(5),)),
        ("load", {"Task": stamped(2, **TASKS)}, 0),
        ("have", AS_OF, (at(5),)),
        ("load", {"Task": stamped(1, **TASKS)}, older(1, 5, "Task", 1, 2)),
        ("have", NEWEST, ("Account", at(5)), ("Task", at(2))),
    ],
    "a day that changed nothing is not older": [
        ("load", {"Account": stamped(1, 5)}, 0, "--as-of", at(6)),
        ("load", {"Account": stamped(1, 5)}, 0),
        ("load", {"Account": stamped(2, 5)}, 0),
        ("have", AS_OF, (at(6),)),
        ("have", NEWEST, ("Account", at(5))),
    ],
    "a day that only deleted the newest record has to be said": [
        ("load", {"Account": stamped(1, 5)}, 0),
        ("load", {"Account": stamped(1)}, older(1, 5, "Account", 1, 5)),
        ("have", "select count(*) from Account", (2,)),
        ("load", {"Account": stamped(1)}, 0, "--as-of", at(6)),
        ("have", AS_OF, (at(6),)),
        ("have", NEWEST, ("Account", at(1))),
        ("load", {"Account": stamped(1)}, 0),
        ("load", {"Account": stamped(3)}, 0),
        ("have", AS_OF, (at(6),)),
        ("load", {"Account": stamped(1)}, older(1, 6, "Account", 1, 3)),
    ],
    "a newer object shows that what went back was deleted": [
        ("load", {"Account": stamped(1, 5), "Task": stamped(2, **TASKS)}, 0),
        ("load", {"Account": stamped(1), "Task": stamped(3, **TASKS)}, 0),
        ("have", AS_OF, (at(5),)),
        ("have", NEWEST, ("Account", at(1)), ("Task", at(3))),
        ("load", {"Account": stamped(1, 5), "Task": stamped(2, **TASKS)}, 0),
        ("load", {"Account": stamped(1), "Task": stamped(2, **TASKS)},
         older(2, 5, "Account", 1, 5)),
    ],
    "an object that is new to the home shows nothing": [
        ("load", {"Account": stamped(1, 5)}, 0),
        ("load", {"Account": stamped(1), "Task": stamped(3, **TASKS)},
         older(3, 5, "Account", 1, 5)),
        ("load", {"Task": stamped(3, **TASKS)}, 0),
    ],
    "the newest record is known though it is passed by": [
        ("load", {"Account": stamped(1, 5, 2)}, 0),
        ("load", {"Account": stamped(3, 5, 2)}, 0),
        ("have", NEWEST, ("Account", at(5))),
        ("load", {"Account": stamped(3, 5, 6)}, 0),
        ("have", AS_OF, (at(6),)),
        ("load", {"Account": stamped(3, 5, 6)}, 0),
        ("have", NEWEST, ("Account", at(6))),
        ("load", {"Account": stamped(3, 5)}, older(5, 6, "Account", 5, 6)),
    ],
    "the newest in whatever spelling": [
        ("load", {"Account": f"Id,SystemModstamp\n{A},2026-01-05 00:00:00\n"
                             f"{B},2026-01-04 00:00:00\n"}, 0),
        ("load", {"Account": f"SystemModstamp,Id\n"
                             f"2026-01-05T01:00:00.000+01:00,{A}\n"
                             f'"2026-01-04T00:00:00.000Z","{B}"\n'}, 0),
        ("have", NEWEST, ("Account", at(5))),
        ("load", {"Account": f"Id,SystemModstamp\n"
                             f"{A},2026-01-04T23:59:59.999Z\n"
                             f"{B},2026-01-04T00:00:00.000Z\n"}, 4),
    ],
    "what has no time is of none": [
        ("load", {"Account": stamped(5)}, 0),
        ("load", {"Account": "Id\n001000000000000\n"}, 0),
        ("load", {"Account": "Id,SystemModstamp\n"}, 0),
        ("have", NEWEST, ("Account", at(5))),
        ("have", AS_OF, (at(5),)),
        ("load", {"Account": stamped(4)}, older(4, 5, "Account", 4, 5)),
        ("load", {"Account": stamped(6)}, 0),
    ],
    "a part does not make the whole older": [
        ("load", {"Account": stamped(1, 5)}, 0),
        ("load", {"Account": stamped(2)}, older(2, 5, "Account", 2, 5),
         "--partial"),
        ("load", {"Account": stamped(2)}, 0, "--partial", "--as-of", at(6)),
        ("have", NEWEST, ("Account", at(5))),
        ("load", {"Account": stamped(2, 5)}, 0),
        ("load", {"Account": stamped(7)}, 0, "--partial"),
        ("have", NEWEST, ("Account", at(7))),
    ],
    "going back has to be said, and then it is from there on": [
        ("load", {"Account": stamped(5), "Task": stamped(5, **TASKS)}, 0),
        ("load", {"Account": stamped(2), "Task": stamped(3, **TASKS)},
         older(3, 5, "Account", 2, 5)),
        ("load", {"Account": stamped(2), "Task": stamped(3, **TASKS)}, 0,
         "--older"),
        ("have", AS_OF, (at(3),)),
        ("have", NEWEST, ("Account", at(2)), ("Task", at(3))),
        ("load", {"Account": stamped(4), "Task": stamped(3, **TASKS)}, 0),
        ("have", AS_OF, (at(4),)),
        ("load", {"Account": stamped(4)}, (4, f"of {at(3)}, .*--older"),
         "--as-of", at(3)),
        ("load", {"Account": stamped(4)}, 0, "--as-of", at(3), "--older"),
        ("have", AS_OF, (at(3),)),
    ],
    "a dry run and a refused one leave the times alone": [
        ("load", {"Account": stamped(5)}, 0),
        ("load", {"Account": stamped(6)}, 0, "--dry-run"),
        ("load", {"Account": stamped(6) + "x,\n"}, 3),
        ("have", NEWEST, ("Account", at(5))),
        ("have", AS_OF, (at(5),)),
    ],
}


def run(*command, stdin=None):
    return subprocess.run(command, input=stdin, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, encoding="utf-8")


def step(folder, number, what, *of):
    """What is wrong, or None."""
    home = os.path.join(folder, "home")
    if what == "load":
        snapshot = os.path.join(folder, f"s{number}")
        os.mkdir(snapshot)
        for name, text in of[0].items():
            with open(os.path.join(snapshot, name + ".csv"), "w",
                      encoding="utf-8", newline="") as f:
                f.write(text)
        done = run(PROGRAM, "-C", home, "load", snapshot, *of[2:])
        want, said = of[1] if isinstance(of[1], tuple) else (of[1], "")
        if done.returncode != want:
            return f"exit {done.returncode}, not {want}: {done.stdout}"
        if not re.search(said, done.stdout):
            return f"says {done.stdout!r}, not {said}"
    elif what == "import":
        done = run(DRIVER, home, "1", stdin="".join(l + "\n" for l in of))
        if done.returncode != 0:
            return f"import: {done.stdout}"
    elif what == "say":
        done = run(PROGRAM, "-C", home, *of[1:])
        if not re.search(of[0], done.stdout):
            return f"says {done.stdout!r}, not {of[0]}"
    else:
        db = sqlite3.connect(os.path.join(home, "org.db"))
        got = db.execute(of[0]).fetchall()
        db.close()
        if got != list(of[1:]):
            return f"{of[0]}: {got}, not {list(of[1:])}"
    return None


def main():
    passed = failed = 0
    for name, steps in CASES.items():
        folder = tempfile.mkdtemp(prefix="load_cases.")
        wrong = run(PROGRAM, "init", os.path.join(folder, "home"), "--name",
                    "Acme").returncode
        for number, what in enumerate(steps):
            if not wrong:
                wrong = step(folder, number, *what)
                number += 1
                if wrong:
                    print(f"{name}: step {number}: {wrong}")
        shutil.rmtree(folder)
        passed += not wrong
        failed += bool(wrong)
    print(f"{passed} passed, {failed} failed")
    return failed > 0


if __name__ == "__main__":
    sys.exit(main())
