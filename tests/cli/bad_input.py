#!/usr/bin/python3
"""What is wrong is refused: with its exit status, a line that says why, and a
home in which no byte has changed.

    bad_input.py [PATTERN]

Each case runs the real program on a home with two objects in it. PATTERN, a
regular expression, picks cases by name.
"""

import fcntl
import hashlib
import os
import re
import shutil
import signal
import sqlite3
import stat
import subprocess
import sys
import tempfile

PROGRAM = os.path.abspath(os.path.join(os.environ.get("BUILD", "build"),
                                       "orgferry"))
with open(PROGRAM, "rb") as program:
    ASAN = b"__asan_init" in program.read()

# A refused file costs no more memory than one that is taken: the sanitizer
# itself keeps freed memory back.
MEMORY = (200 if not ASAN else 900) << 20

ROOT = os.geteuid() == 0
NOBODY = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]


def full_id(short):
    """The 18 characters of an id of 15."""
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"
    check = ""
    for part in (short[:5], short[5:10], short[10:]):
        check += letters[sum(1 << i for i, c in enumerate(part)
                             if "A" <= c <= "Z")]
    return short + check


def account(n):
    return full_id("001%012d" % n)


def contact(n):
    return full_id("003%012d" % n)


STAMP = "2026-11-22T06:00:00.000Z"


def accounts(count, stamp=STAMP, name="Acme"):
    rows = ["Id,Name,IsDeleted,SystemModstamp"]
    rows += ["%s,%s %d,false,%s" % (account(i), name, i, stamp)
             for i in range(count)]
    return "\n".join(rows) + "\n"


def contacts(count):
    rows = ["Id,LastName,AccountId,Birthdate"]
    rows += ["%s,Name %d,%s,2001-02-03" % (contact(i), i, account(i % 50))
             for i in range(count)]
    return "\n".join(rows) + "\n"


BASE = {"Account.csv": accounts(50), "Contact.csv": contacts(500)}
GOOD = accounts(50)
HEAD = "Id,Name\n"
ONE = account(90)
TWO = account(91)


def many(path, size, head, piece, tail):
    """A file too large to keep in memory here."""
    with open(path, "wb") as f:
        f.write(head)
        for _ in range(size // len(piece)):
            f.write(piece)
        f.write(tail)


def long_field(path):
    many(path, 200 << 20, b"Id,Name\n" + ONE.encode() + b",", b"x" * (1 << 20),
         b"\n")


def long_quoted(path):
    many(path, 200 << 20, b"Id,Name\n" + ONE.encode() + b",\"",
         b"x\n" * (1 << 19), b"\"\n")


def sparse_field(path):
    with open(path, "wb") as f:
        f.write(b"Id,Name\n" + ONE.encode() + b",")
        f.truncate(200 << 20)


def long_header(path):
    many(path, 200 << 20, b"Id", b"x" * (1 << 20), b"\n")


def million_columns(path):
    with open(path, "w") as f:
        f.write("Id," + ",".join("F%d" % i for i in range(1000000)) + "\n")
        f.write(ONE + "," * 1000000 + "\n")


def million_short_columns(path):
    with open(path, "w") as f:
        f.write("Id," + ",".join(["a"] * 1000000) + "\n")


def million_values(path):
    with open(path, "w") as f:
        f.write(HEAD + ONE + "," * 1000000 + "\n")


# name: files of the snapshot, words after `load`, exit status, standard error.
# A file's contents are text, bytes, or a function that makes it; None is a
# folder. {s} is the snapshot's folder, {t} the folder that all is in.
LOAD = "load {s}"
SNAPSHOTS = [
    ("no Id column", {"Account.csv": "Name\nx\n"}, LOAD, 3,
     r"'\S+/Account.csv': line 1: has no column Id"),
    ("empty Id", {"Account.csv": GOOD + ",x,,\n"}, LOAD, 3,
     r"(?s)Account.csv': line 52: has no Id\n.*1 bad row; nothing was loaded"),
    ("Id not an id", {"Account.csv": HEAD + "12,x\n"}, LOAD, 3,
     r"line 2: Id is not a record id: '12'\n.*1 bad row;"),
    ("Id of 16 characters", {"Account.csv": HEAD + ONE[:16] + ",x\n"}, LOAD, 3,
     r"line 2: Id is not a record id: '0010+90A'\n"),
    ("Id with a space", {"Account.csv": HEAD + " " + ONE[:15] + ",x\n"}, LOAD,
     3, r"line 2: Id is not a record id: ' 0010+90'\n"),
    ("Id that drives a terminal", {"Account.csv": HEAD + "\x1b[2J,x\n"}, LOAD,
     3, r"line 2: Id is not a record id: '\\u\{1b\}\[2J'\n"),
    ("Id with a quote in it", {"Account.csv": HEAD + '"0""1",x\n'}, LOAD, 3,
     "line 2: Id is not a record id: '0\"1'\n"),
    ("one id twice",
     {"Account.csv": HEAD + "%s,x\n%s,y\n%s,z\n" % (ONE, TWO, ONE)}, LOAD, 3,
     r"line 4: Id comes twice, first in line 2: '?0010+90AAA'?\n.*1 bad row;"),
    ("one id of 15 and of 18",
     {"Account.csv": HEAD + "%s,x\n%s,y\n" % (ONE[:15], ONE)}, LOAD, 3,
     r"line 3: Id comes twice, first in line 2: '?0010+90AAA'?\n.*1 bad row;"),
    ("row too short", {"Account.csv": "Id,Name,X\n%s,x\n" % ONE}, LOAD, 3,
     r"Account.csv': line 2: has 2 values, and the header 3 columns"),
    ("row too long", {"Account.csv": HEAD + ONE + ",x,y\n"}, LOAD, 3,
     r"Account.csv': line 2: has 3 values, and the header 2 columns"),
    ("row cut short at the end",
     {"Account.csv": GOOD[:-30].rsplit(",", 1)[0]}, LOAD, 3,
     r"line 51: has \d values?, and the header 4 columns"),
    ("open quote", {"Account.csv": HEAD + ONE + ',"x\n'}, LOAD, 3,
     r"line 2: .*a quote opened here is never closed"),
    ("open quote, rows after it",
     {"Account.csv": HEAD + ONE + ',"x\n' + TWO + ",y\n"}, LOAD, 3,
     r"line 2: .*a quote opened here is never closed"),
    ("quote inside", {"Account.csv": HEAD + ONE + ',x"y\n'}, LOAD, 3,
     r"line 2: column 'Name': a quote follows"),
    ("text after a quote", {"Account.csv": HEAD + ONE + ',"x"y\n'}, LOAD, 3,
     r"line 2: column 'Name': something stands between the quote"),
    ("NUL", {"Account.csv": HEAD + ONE + ",x\0y\n"}, LOAD, 3,
     r"line 2: column 'Name': 'x.*y' holds a NUL byte"),
    ("not UTF-8",
     {"Account.csv": (HEAD + ONE).encode() + b",caf\xe9\n"}, LOAD, 3,
     r"line 2: column 'Name': 'caf.*' is not UTF-8"),
    ("UTF-16", {"Account.csv": GOOD.encode("utf-16")}, LOAD, 3,
     r"Account.csv': line 1: the file is UTF-16"),
    ("UTF-16 without a mark", {"Account.csv": GOOD.encode("utf-16-le")}, LOAD,
     3, r"Account.csv': line 1: "),
    ("CR alone", {"Account.csv": GOOD.replace("\n", "\r")}, LOAD, 3,
     r"Account.csv': line 1: .*a CR alone ends"),
    ("CR alone once", {"Account.csv": HEAD + ONE + ",x\ry\n"}, LOAD, 3,
     r"line 2: .*a CR alone ends"),
    ("mixed line ends",
     {"Account.csv": HEAD + "%s,x\r\n%s,y\n" % (ONE, TWO)}, LOAD, 3,
     r"line [23]: ends in L?F?C?R?L?F?, and"),
    ("blank line", {"Account.csv": HEAD + "\n" + ONE + ",x\n"}, LOAD, 3,
     r"line 2: is blank; "),
    ("blank line at the end", {"Account.csv": GOOD + "\n"}, LOAD, 3,
     r"line 52: is blank; "),
    ("blank line first", {"Account.csv": "\n" + GOOD}, LOAD, 3,
     r"line 1: is blank; "),
    ("a field of 200 MB", {"Account.csv": long_field}, LOAD, 3,
     r"Account.csv': line 2: .*(hold|more than) 8388608 bytes"),
    ("a quoted field of 200 MB", {"Account.csv": long_quoted}, LOAD, 3,
     r"Account.csv': line 2: .*(hold|more than) 8388608 bytes"),
    ("200 MB of NUL", {"Account.csv": sparse_field}, LOAD, 3,
     r"Account.csv': line 2: .*(hold|more than) 8388608 bytes"),
    ("a header of 200 MB", {"Account.csv": long_header}, LOAD, 3,
     r"Account.csv': line 1: .*(hold|more than) 8388608 bytes"),
    ("a million columns", {"Account.csv": million_columns}, LOAD, 3,
     r"Account.csv': line 1: .*(columns|8388608 bytes)"),
    ("a million columns of one name", {"Account.csv": million_short_columns},
     LOAD, 3, r"Account.csv': line 1: .*columns"),
    ("a million values", {"Account.csv": million_values}, LOAD, 3,
     r"Account.csv': line 2: a row may have 5000 columns"),
    ("6,000 columns",
     {"Account.csv": "Id," + ",".join("F%d" % i for i in range(6000)) + "\n"},
     LOAD, 3, r"line 1: .*5000 columns|line 1: .*columns"),
    ("a folder named as a file", {"Account.csv": None}, LOAD, 3,
     r"Account.csv': is a folder, not a file"),
    ("a folder named as a file, named", {"Account.csv": None},
     "load {s}/Account.csv", 3, r"Account.csv': has no .csv file in it"),
    ("a pipe", {"Account.csv": os.mkfifo}, LOAD, 3,
     r"Account.csv': is a device or a pipe, not a file"),
    ("an empty folder", {}, LOAD, 3, r"/snapshot': has no .csv file in it"),
    ("no such folder", {}, "load {s}/none", 5,
     r"/snapshot/none': cannot open: No such file"),
    ("no such file", {}, "load {s}/Account.csv", 5,
     r"/Account.csv': cannot open: No such file"),
    ("a dangling link",
     {"Account.csv": lambda path: os.symlink("none", path)}, LOAD, 5,
     r"Account.csv': cannot open: No such file"),
    ("not a CSV file", {"Account.txt": GOOD}, "load {s}/Account.txt", 3,
     r"Account.txt': is neither a folder nor a .csv file"),
    ("an empty file", {"Account.csv": ""}, LOAD, 3,
     r"Account.csv': .*empty"),
    ("a byte order mark alone", {"Account.csv": b"\xef\xbb\xbf"}, LOAD, 3,
     r"Account.csv': .*empty"),
    ("two columns of a name", {"Account.csv": "Id,Name,name\n"}, LOAD, 3,
     r"Account.csv': line 1: column 3 is named 'name', as column 2"),
    ("a column without a name", {"Account.csv": "Id,,Name\n"}, LOAD, 3,
     r"Account.csv': line 1: column 2 has no name"),
    ("a column named as no field is", {"Account.csv": "Id,a b\n"}, LOAD, 3,
     r"Account.csv': line 1: column 'a b' is not the API name of a field"),
    ("a column named as our own", {"Account.csv": "Id,_row\n"}, LOAD, 3,
     r"Account.csv': line 1: column '_row' is not the API name of a field"),
    ("a column that is SQL",
     {"Account.csv": 'Id,"x"" text); drop table _home; --"\n'}, LOAD, 3,
     r"line 1: column 'x\" text\); drop table _home; --' is not the API name"),
    ("a file named by a number first", {"1Account.csv": GOOD}, LOAD, 3,
     r"1Account.csv': a file is named as its object, like Account.csv"),
    ("a file named with a step up", {"up.csv/x": "", "..x.csv": GOOD},
     "load {s}/..x.csv", 3, r"..x.csv': a file is named as its object"),
    ("a file named as a table of ours", {"_home.csv": GOOD}, LOAD, 3,
     r"_home.csv': a file is named as its object"),
    ("a file named as one of SQLite's", {"sqlite_master.csv": GOOD}, LOAD, 3,
     r"sqlite_master.csv': "),
    ("a file named with escapes", {"\x1b[2J.csv": GOOD}, LOAD, 3,
     r"\\u\{1b\}\[2J.csv': a file is named as its object"),
    ("a name of 200 characters", {"A" * 200 + ".csv": GOOD}, LOAD, 3,
     r"A.csv'|A…'?: a file is named as its object"),
    ("two files of an object", {"a/Account.csv": GOOD, "b/Account.csv": GOOD},
     "load {s}/a {s}/b", 3,
     r"/b/Account.csv': the object has another file, '\S+/a/Account.csv'"),
    ("two files of an object, other case",
     {"a/Account.csv": GOOD, "a/ACCOUNT.csv": GOOD}, "load {s}/a", 3,
     r"the object has another file"),
    ("values not of their type, two files",
     {"Account.csv": accounts(50).replace(",false,", ",maybe,", 2),
      "Contact.csv": contacts(500).replace("2001-02-03", "2001-02-30", 3)},
     LOAD, 3,
     r"(?s)Account.csv': line 2: IsDeleted is a boolean, which this is not: "
     r"'maybe'\n\S+Account.csv': line 3: IsDeleted .*"
     r"Contact.csv': line 2: Birthdate is a date, which this is not: "
     r"'2001-02-30'\n\S+Contact.csv': line 3: .*Contact.csv': line 4: .*"
     r"orgferry: 5 bad rows; nothing was loaded\n\Z"),
    ("101 bad rows",
     {"Account.csv": HEAD + "".join("%d,x\n" % i for i in range(150))}, LOAD,
     3, r"(?s)line 101: .*orgferry: 150 bad rows; nothing was loaded"),
    ("a second file that is no CSV",
     {"Account.csv": accounts(50, name="New"), "Contact.csv": '"'}, LOAD, 3,
     r"Contact.csv': line 1: "),
    ("a second file without Id",
     {"Account.csv": accounts(50, name="New"), "Contact.csv": "X\n"}, LOAD, 3,
     r"Contact.csv': line 1: has no column Id"),
    ("a new object, then one that is no CSV",
     {"Aaa__c.csv": HEAD + ONE + ",x\n", "Contact.csv": '"'}, LOAD, 3,
     r"Contact.csv': line 1: "),
    ("more than a fifth gone", {"Account.csv": accounts(29)}, LOAD, 3,
     r"Account.csv': 21 of 50 records are gone since the last snapshot, more "
     r"than a fifth; .*--allow-deletes; .*--partial"),
    ("all gone", {"Account.csv": HEAD}, LOAD, 3, r"50 of 50 records are gone"),
    ("5 % of all gone", {"Contact.csv": contacts(472)}, LOAD, 3,
     r"28 of the home's 550 records are gone .*5 %; .*--allow-deletes"),
    ("an older snapshot",
     {"Account.csv": accounts(50, "2026-11-21T06:00:00.000Z")}, LOAD, 4,
     r"this snapshot is of 2026-11-21T06:00:00.000Z, and the last one loaded "
     r"was of 2026-11-22T06:00:00.000Z; .*--older"),
    ("an older --as-of", {"Account.csv": GOOD},
     LOAD + " --as-of 2020-01-01T00:00:00.000Z", 4,
     r"this snapshot is of 2020"),
]

# The same without a home that changes: what follows `orgferry -C HOME`.
LINES = [
    ("--as-of that is no time", LOAD + " --as-of yesterday", 2,
     r"--as-of 'yesterday': is not a time like 2026-11-22T06:00:00.000Z"),
    ("--as-of of no day", LOAD + " --as-of 2026-02-30T00:00:00.000Z", 2,
     r"--as-of '2026-02-30T00:00:00.000Z': is not a time"),
    ("--type of no type", LOAD + " --type Account.Name=thing", 2,
     r"--type 'Account.Name=thing': is not like Object.Field=TYPE"),
    ("--type of no field", LOAD + " --type Account", 2,
     r"--type 'Account': is not like Object.Field=TYPE"),
    ("an option that load has not", LOAD + " --fast", 2,
     r"load: has no option '--fast' \(see: orgferry load --help\)"),
    ("a short option that load has not", LOAD + " -x", 2,
     r"load: has no option '-x'"),
    ("an option twice", LOAD + " --older --older", 2,
     r"load: option --older was given twice"),
    ("an option without its value", LOAD + " --as-of", 2,
     r"load: option --as-of wants TIME"),
    ("a value for an option that takes none", LOAD + " --older=yes", 2,
     r"load: option --older takes no value"),
    ("after --, a name like an option", "load -- --json", 5,
     r"'--json': cannot open: No such file"),
    ("after --, a name like help", "load -- --help", 5,
     r"'--help': cannot open: No such file"),
    ("no snapshot", "load", 2, r"load: wants the arguments SNAPSHOT"),
    ("an unknown command", "lood {s}", 2, r"lood'?: is no command"),
    ("an unknown command that drives a terminal", "\x1b[2J", 2,
     r"\\u\{1b\}\[2J'?: is no command"),
    ("an unknown second word", "users fire", 2,
     r"users'?: wants another word|users fire'?: is no command"),
    ("a first word alone", "key", 2, r"key'?: wants another word"),
    ("an unknown option before", "--fast load {s}", 2, r"no option '?--fast"),
    ("an unknown option that drives a terminal", "--\x1b[2J load {s}", 2,
     r"no option '?--\\u\{1b\}\[2J"),
    ("-C without a folder", "-C", 2, r"-C wants"),
    ("too many arguments", "check now", 2, r"check: wants no arguments"),
    ("dump without a folder", "dump", 2, r"dump: wants the arguments DIR"),
    ("dump into a folder with something in it", "dump {s}", 2,
     r"snapshot': is not empty; name a new folder"),
    ("dump onto a file", "dump {s}/Account.csv", 2,
     r"Account.csv': is (a file|not a folder)"),
    ("dump below nothing", "dump {t}/none/dump", 5,
     r"none/?\S*': cannot .*: No such file"),
    ("key export without a file", "key export", 2, r"key export: wants -o"),
    ("key export over a file", "key export -o {s}/Account.csv", 2,
     r"Account.csv': is there already; name a new file"),
    ("key export over a link", "key export -o {t}/link", 2,
     r"link': is there already and is no plain file"),
    ("key export over a folder", "key export -o {s}", 2,
     r"snapshot': is there already and is no plain file"),
    ("key export over a pipe", "key export -o {t}/pipe", 2,
     r"pipe': is there already and is no plain file"),
    ("key export over a device", "key export -o /dev/null", 2,
     r"'/dev/null': is there already and is no plain file"),
    ("key export onto a folder's name", "key export -o {t}/none/", 2,
     r"none/': names no file"),
    ("key export below nothing", "key export -o {t}/none/pub", 5,
     r"none': cannot open the folder: No such file"),
    ("init of this home", "init {h} --name Acme", 2,
     r"home': is a home already"),
    ("init in a folder with something in it", "init {s} --name Acme", 2,
     r"snapshot': is not empty; name a new folder"),
    ("init onto a file", "init {s}/Account.csv --name Acme", 2,
     r"Account.csv': is (a file|not a folder)"),
    ("init below nothing", "init {t}/none/home --name Acme", 5,
     r"none/?\S*': cannot .*: No such file"),
    ("init without a name", "init {t}/new", 2, r"init: wants --name ORG"),
    ("init with an empty name", "init {t}/new --name=", 2,
     r"--name '': an org's name has 1 to 1200 bytes"),
    ("init with a name that drives a terminal", "init {t}/new --name \x1b[2J",
     2, r"--name '\\u\{1b\}\[2J': an org's name has"),
    ("init with a name too long", "init {t}/new --name " + "x" * 1201, 2,
     r"an org's name has 1 to 1200 bytes"),
    ("init with an org id that is none", "init {t}/new --name A --org-id 00D1",
     2, r"--org-id '00D1': an org's id has 15 or 18 characters"),
    ("init with a record's id", "init {t}/new --name A --org-id " + ONE, 2,
     r"--org-id '0010+90AAA': an org's id has .* begins with 00D"),
    ("init without a folder", "init --name Acme", 2,
     r"init: wants the arguments HOME"),
    ("verify without a key", "verify {t}/garbage", 3, r"garbage': "),
    ("verify garbage", "verify {t}/garbage --key {t}/acme.pub", 3,
     r"garbage': "),
    ("verify an empty file", "verify {t}/empty --key {t}/acme.pub", 3,
     r"empty': is not a bundle"),
    ("verify a folder", "verify {s} --key {t}/acme.pub", 3,
     r"snapshot': is a folder, not a file"),
    ("verify a pipe", "verify {t}/pipe --key {t}/acme.pub", 3,
     r"pipe': is a device or a pipe"),
    ("verify nothing", "verify {t}/none --key {t}/acme.pub", 5,
     r"none': cannot open: No such file"),
    ("verify zeros", "verify {t}/zeros --key {t}/acme.pub", 3, r"zeros': "),
    ("verify with a key that is none", "verify {t}/garbage --key {t}/zeros", 3,
     r"zeros': "),
    ("verify with a key that is not there",
     "verify {t}/garbage --key {t}/none",
     5, r"none': cannot open: No such file"),
    ("inspect garbage", "inspect {t}/garbage", 3, r"garbage': "),
    ("inspect an empty file", "inspect {t}/empty", 3,
     r"empty': is not a bundle"),
    ("inspect a folder", "inspect {s}", 3, r"snapshot': is a folder"),
    ("users: no such right", "users grant Ada fly", 2,
     r"'fly': is no right; there are manage, forward, accept and all"),
    ("users: no such person", "users grant Ada manage", 2, r"Ada"),
    ("users: an empty name", "users add=", 2, r"did you mean users add"),
]

# What makes a home unfit, the command line, its status, what it says. The
# home is a copy that the function spoils.


def set_version(home):
    db = sqlite3.connect(home + "/org.db")
    db.execute("pragma user_version = 99")
    db.close()


def set_application(home):
    db = sqlite3.connect(home + "/org.db")
    db.execute("pragma application_id = 7")
    db.close()


def put(name, data):
    def spoil(home):
        with open(os.path.join(home, name), "wb") as f:
            f.write(data)
    return spoil


def shorten(home):
    os.truncate(home + "/org.db", os.path.getsize(home + "/org.db") // 2)


def remove(name):
    return lambda home: os.unlink(os.path.join(home, name))


def link(name, target):
    def spoil(home):
        path = os.path.join(home, name)
        if target is None:
            os.rename(path, path + ".away")
        else:
            os.unlink(path)
        os.symlink(target or os.path.basename(path) + ".away", path)
    return spoil


def mode(name, bits):
    return lambda home: os.chmod(os.path.join(home, name), bits)


def give_away(home):
    os.chown(home + "/keys/org.key", 65534, 65534)


def spoil_rows(home):
    """Bytes of leaf pages changed where SQLite's own check looks."""
    with open(home + "/org.db", "r+b") as f:
        data = bytearray(f.read())
        for page in range(2, len(data) // 4096):
            if data[page * 4096] == 13:
                data[page * 4096 + 3:page * 4096 + 5] = b"\xff\xff"
        f.seek(0)
        f.write(data)


def row_of_nothing(home):
    db = sqlite3.connect(home + "/org.db")
    mark = (999999).to_bytes(8, "little") + bytes(40)
    db.execute("insert into _loaded select object, 999999, 0, ? "
               "from _object limit 1", (mark,))
    db.commit()
    db.close()


HOMES = [
    ("no home", shutil.rmtree, "check", 2,
     r"home': is not a home \(make one with: orgferry init HOME\)"),
    ("no store", remove("org.db"), "check", 5,
     r"org.db': cannot open: No such file"),
    ("no key", remove("keys/org.key"), "check", 2, r"home': is not a home"),
    ("a home of a newer version", set_version, "check", 5,
     r"org.db': is of version 99, and this orgferry knows 1"),
    ("a store of another program", set_application, "check", 5,
     r"org.db': is not the store of an orgferry home"),
    ("a store that is no database", put("org.db", b"hello\n" * 2000), "check",
     5,
     r"org.db': is damaged or cannot be read \(file is not a database\)"),
    ("an empty store", put("org.db", b""), "check", 5,
     r"org.db': is not the store of an orgferry home"),
    ("a store cut in half", shorten, "check", 5, r"org.db': is damaged"),
    ("a store with bad pages", spoil_rows, "check", 5, r"org.db': is damaged"),
    ("a fingerprint of no row", row_of_nothing, "check", 5,
     r"the store is damaged: what was loaded is of no record"),
    ("a store that is a link", link("org.db", None), "check", 5,
     r"org.db': is (a symbolic link|no plain file)"),
    ("a key that others may read", mode("keys/org.key", 0o644), "check", 3,
     r"keys/org.key': others may read .* chmod 600 '\S+/keys/org.key'"),
    ("a key that the group may read", mode("keys/org.key", 0o640), "check", 3,
     r"keys/org.key': others may read .* chmod 600"),
    ("a key that is a link", link("keys/org.key", None), "check", 3,
     r"keys/org.key': is a symbolic link"),
    ("a key of another user", give_away, "check", 3, r"keys/org.key': "),
    ("a key that is garbage", put("keys/org.key", b"x" * 300), "check", 3,
     r"keys/org.key': "),
    ("a key that is empty", put("keys/org.key", b""), "check", 3,
     r"keys/org.key': "),
    ("a key too long", put("keys/org.key", b"x" * 100000), "check", 3,
     r"keys/org.key': longer than the 4096 bytes"),
    ("a lock that is a link", link("lock", "/dev/null"), "check", 5,
     r"lock': cannot open the lock"),
]

# Accepted: what the words lead to, without a line on standard error.
TAKEN = [
    ("the same again", BASE, LOAD, r"Account +50 +0 +0 +0\n"),
    ("a header alone", {"Lead.csv": "Id,LastName\n"}, LOAD,
     r"Lead +0 +0 +0 +0\n"),
    ("a header alone without its line end", {"Lead.csv": "Id,LastName"}, LOAD,
     r"Lead +0 +0 +0 +0\n"),
    ("a byte order mark", {"Account.csv": "\ufeff" + GOOD}, LOAD,
     r"Account +50 +0 +0 +0\n"),
    ("CRLF", {"Account.csv": GOOD.replace("\n", "\r\n")}, LOAD,
     r"Account +50 +0 +0 +0\n"),
    ("no end at the last line", {"Account.csv": GOOD[:-1]}, LOAD,
     r"Account +50 +0 +0 +0\n"),
    ("columns in another order",
     {"Account.csv": "\n".join(",".join(r.split(",")[::-1])
                               for r in GOOD.split("\n"))}, LOAD,
     r"Account +50 +0 +0 +0\n"),
    ("an object without a file", {"Account.csv": GOOD}, LOAD,
     r"(?s)\A(?!.*Contact)"),
    ("20 gone", {"Account.csv": accounts(30)}, LOAD,
     r"Account +30 +0 +0 +20\n"),
    ("most gone, --allow-deletes", {"Account.csv": accounts(3)},
     LOAD + " --allow-deletes", r"Account +3 +0 +0 +47\n"),
    ("most missing, --partial", {"Account.csv": accounts(3)},
     LOAD + " --partial", r"Account +3 +0 +0 +0\n"),
    ("an older one, --older",
     {"Account.csv": accounts(50, "2026-11-21T06:00:00.000Z")},
     LOAD + " --older", r"As of +2026-11-21T06:00:00.000Z\n"),
    ("a dry run", {"Account.csv": accounts(60, name="New")},
     LOAD + " --dry-run",
     r"(?s)Account +60 +10 +50 +0\n.*nothing was written"),
    ("--as-of", {"Account.csv": GOOD},
     LOAD + " --as-of 2026-11-23T00:00:00.000Z",
     r"As of +2026-11-23T00:00:00.000Z"),
    ("a value that is SQL",
     {"Account.csv": HEAD + ONE + ",'); drop table _home; --\n"},
     LOAD + " --partial", r"Account +1 +1 +0 +0\n"),
]


class Bench:
    def __init__(self, folder):
        self.t = folder
        self.s = folder + "/snapshot"
        self.h = folder + "/home"
        self.master = folder + "/master"
        self.passed = self.failed = self.skipped = 0
        self.pattern = re.compile(sys.argv[1] if len(sys.argv) > 1 else "")

    def words(self, line):
        return [w.format(t=self.t, s=self.s, h=self.h)
                for w in line.split(" ")]

    def run(self, line, home=None, before=(), **kw):
        """Run a command line: exit status, output, errors, memory."""
        words = list(before) + [PROGRAM, "-C", home or self.h]
        words += self.words(line) if line != "-C" else ["-C"]
        out, err = tempfile.TemporaryFile(), tempfile.TemporaryFile()
        kw.setdefault("stdin", subprocess.DEVNULL)
        kw.setdefault("stdout", out)
        child = subprocess.Popen(words, stderr=err, **kw)
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        said = []
        for f in (out, err):
            f.seek(0)
            said.append(f.read().decode("utf-8", "backslashreplace"))
            f.close()
        return child.returncode, said[0], said[1], usage.ru_maxrss << 10

    def renew(self):
        shutil.rmtree(self.h, ignore_errors=True)
        subprocess.run(["cp", "-a", self.master, self.h], check=True)

    def snapshot(self, files):
        shutil.rmtree(self.s, ignore_errors=True)
        os.mkdir(self.s)
        for name, made in files.items():
            path = os.path.join(self.s, name)
            os.makedirs(os.path.dirname(path), exist_ok=True)
            if made is None:
                os.mkdir(path)
            elif callable(made):
                made(path)
            else:
                with open(path, "wb") as f:
                    f.write(made if isinstance(made, bytes)
                            else made.encode())

    def tell(self, name, wrong):
        if wrong:
            self.failed += 1
            print("FAILED %s:\n    %s" % (name, "\n    ".join(wrong)))
        else:
            self.passed += 1

    def skip(self, name, why):
        self.skipped += 1
        print("skipped %s: %s" % (name, why))

    def picks(self, name):
        return self.pattern.search(name) is not None

    def refused(self, name, line, status, says, spoiled=False, **kw):
        """Run what must be refused: its status, words, and no byte changed."""
        before = digest(self.h)
        rc, out, err, memory = self.run(line, **kw)
        wrong = []
        if rc != status:
            wrong.append("exit status %d, not %d" % (rc, status))
        wrong += bad_words(err, says)
        if out:
            wrong.append("said on standard output: %r" % out)
        if memory > MEMORY:
            wrong.append("%d MiB of memory" % (memory >> 20))
        after = digest(self.h)
        if before != after:
            wrong.append("the home changed: %s" % ", ".join(
                sorted(k for k in before.keys() | after.keys()
                       if before.get(k) != after.get(k))))
            self.renew()
        if os.path.lexists(self.t + "/new"):
            wrong.append("left a folder that was not there")
            shutil.rmtree(self.t + "/new")
        if wrong:
            wrong.append("standard error: %s" % err[:1000])
        self.tell(name, wrong)


def bad_words(err, says):
    """What is wrong with a refusal's words."""
    wrong = []
    lines = err.split("\n")
    if lines[-1] != "":
        wrong.append("its last line has no end")
    if not err.startswith("'") and len(lines) != 2:
        wrong.append("%d lines, not one" % (len(lines) - 1))
    if len(lines) < 2 or not lines[-2].startswith("orgferry: "):
        wrong.append("its last line does not begin with orgferry:")
    if not re.search(says, err):
        wrong.append("does not say: %s" % says)
    if re.search(r"[\0-\x09\x0b-\x1f\x7f-\x9f]", err):
        wrong.append("control characters in it")
    return wrong


def digest(home):
    """The hash of every file of a home but its lock, with kind and mode."""
    found = {}
    for folder, folders, files in os.walk(home):
        for name in folders + files:
            path = os.path.join(folder, name)
            st = os.lstat(path)
            kind = "%o" % st.st_mode
            if stat.S_ISREG(st.st_mode):
                with open(path, "rb") as f:
                    kind += " " + hashlib.sha256(f.read()).hexdigest()
            elif stat.S_ISLNK(st.st_mode):
                kind += " " + os.readlink(path)
            found[os.path.relpath(path, home)] = kind
    found.pop("lock", None)
    return found


def folder_bytes(path):
    return {name: open(os.path.join(path, name), "rb").read()
            for name in os.listdir(path)}


def close_0():
    os.close(0)


def close_1():
    os.close(1)


def close_all():
    for fd in range(3):
        os.close(fd)


def streams(bench):
    """Standard streams closed or full: told, and the work is whole."""
    full = os.open("/dev/full", os.O_WRONLY)
    for name, line, kw, status in [
            ("standard output closed", "load {s}", {"preexec_fn": close_1}, 5),
            ("standard output full", "load {s}", {"stdout": full}, 5),
            ("standard output full, check", "check", {"stdout": full}, 5),
            ("standard output full, help", "load --help", {"stdout": full}, 5),
            ("standard output closed, quiet", "--quiet load {s}",
             {"preexec_fn": close_1}, 0),
            ("standard input closed", "load {s}", {"preexec_fn": close_0}, 0),
            ("all three closed", "load {s}", {"preexec_fn": close_all}, 5),
            ("all three closed, quiet", "--quiet load {s}",
             {"preexec_fn": close_all}, 0)]:
        if not bench.picks(name):
            continue
        bench.renew()
        bench.snapshot({"Account.csv": accounts(60)})
        before = digest(bench.h)
        rc, _, err, _ = bench.run(line, **kw)
        wrong = []
        if rc != status:
            wrong.append("exit status %d, not %d" % (rc, status))
        if rc == 5 and "all" not in name:
            wrong += bad_words(err, r"cannot write to standard output")
            if "load {s}" in line and "was done" not in err:
                wrong.append("does not say that the command was done: " + err)
        after = digest(bench.h)
        changed = sorted(k for k in before if before[k] != after.get(k))
        if changed != (["org.db"] if "{s}" in line else []):
            wrong.append("files that changed: %s" % changed)
        if os.path.getsize(bench.h + "/lock") != 0:
            wrong.append("something was written into the lock")
        if bench.run("check")[0] != 0:
            wrong.append("check does not pass")
        bench.tell(name, wrong)
    if bench.picks("refused with standard output closed"):
        bench.renew()
        bench.refused("refused with standard output closed",
                      "load {s}/none.csv", 5, r"none.csv': cannot open",
                      preexec_fn=close_1)
    if bench.picks("refused with standard output full"):
        bench.refused("refused with standard output full",
                      "load {s}/none.csv", 5, r"none.csv': cannot open",
                      stdout=full)
    os.close(full)


def environments(bench):
    """Locale, time zone and umask change nothing in what is written."""
    want = None
    for name, env, mask in [
            ("as it is", {}, 0o022),
            ("Turkish", {"LC_ALL": "tr_TR.UTF-8"}, 0o022),
            ("C", {"LC_ALL": "C"}, 0o022),
            ("TZ ahead", {"TZ": "Pacific/Kiritimati"}, 0o022),
            ("TZ behind", {"TZ": "America/Los_Angeles"}, 0o022),
            ("TZ nonsense", {"TZ": "\x1b[2J"}, 0o022),
            ("umask 0", {}, 0), ("umask 077", {}, 0o077)]:
        if not bench.picks(name):
            continue
        env = dict(os.environ, **env)
        bench.snapshot({"Account.csv": GOOD.replace("Acme", "Iıİi"),
                        "INVOICE__c.csv": "Id,Is_Paid__c,At__c\n%s,1,%s\n" % (
                            full_id("a01000000000001"), STAMP)})
        home, dump = bench.t + "/other", bench.t + "/dump"
        for path in (home, dump):
            shutil.rmtree(path, ignore_errors=True)
        wrong, said = [], []

        def masked():
            os.umask(mask)
        for line in ("init {t}/other --name Acme --quiet",
                     "load {s} --json", "dump {t}/dump", "check"):
            rc, out, err, _ = bench.run(line, home, env=env, preexec_fn=masked)
            said.append(out)
            if rc != 0 or err:
                wrong.append("%s: exit status %d, %s" % (line, rc, err))
        got = (said, folder_bytes(dump))
        want = want or got
        if got != want:
            wrong.append("not what is written elsewhere")
        for path, bits in (("", 0o700), ("keys", 0o700), ("sent", 0o700),
                           ("keys/org.key", 0o600), ("lock", 0o600)):
            st = os.stat(os.path.join(home, path))
            if stat.S_IMODE(st.st_mode) != bits:
                wrong.append("%s has mode %o" % (path or "home", st.st_mode))
        bench.tell("environment: " + name, wrong)


def snapshots(bench):
    for name, files, line, status, says in SNAPSHOTS:
        if bench.picks(name):
            bench.snapshot(files)
            bench.refused(name, line, status, says)
    bench.snapshot({"Account.csv": GOOD})
    for name, line, status, says in LINES:
        if bench.picks(name):
            bench.refused(name, line, status, says)


def homes(bench):
    bench.snapshot({"Account.csv": accounts(60)})
    for name, spoil, line, status, says in HOMES:
        if not bench.picks(name):
            continue
        if spoil is give_away and not ROOT:
            bench.skip(name, "only root can give a file away")
            continue
        bench.renew()
        spoil(bench.h)
        bench.refused(name, line, status, says)
        if name not in ("a fingerprint of no row", "a store with bad pages",
                        "a store cut in half"):
            bench.refused(name + ", load", "load {s}", status, says)
    bench.renew()


def taken(bench):
    for name, files, line, says in TAKEN:
        if not bench.picks(name):
            continue
        bench.snapshot(files)
        bench.renew()
        before = digest(bench.h)
        rc, out, err, _ = bench.run(line)
        wrong = []
        if rc != 0 or err:
            wrong.append("exit status %d, %s" % (rc, err))
        if not re.search(says, out):
            wrong.append("said: " + out)
        if "dry" in name and before != digest(bench.h):
            wrong.append("the home changed")
        if bench.run("check")[0] != 0:
            wrong.append("check does not pass")
        bench.tell(name, wrong)
    bench.renew()


def locked(bench):
    """A home in use is told, and one whose user died is not in use."""
    if bench.picks("home in use"):
        with open(bench.h + "/lock", "r+b") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            for line in ("check", "load {s}", "users list", "key show"):
                bench.refused("home in use, " + line, line, 5,
                              r"lock': another orgferry is at work in this "
                              r"home; wait for it to end")
            bench.refused("home in use, init", "init {h} --name A", 2,
                          r"home': is a home already")
    if bench.picks("lock of a dead process"):
        code = ("import fcntl,sys,time; f=open(sys.argv[1],'r+b'); "
                "fcntl.flock(f,2); print(flush=True); time.sleep(99)")
        other = subprocess.Popen([sys.executable, "-c", code,
                                  bench.h + "/lock"], stdout=subprocess.PIPE)
        other.stdout.readline()
        held = bench.run("check")[0]
        other.send_signal(signal.SIGKILL)
        other.wait()
        other.stdout.close()
        free = bench.run("check")[0]
        bench.tell("lock of a dead process", [] if (held, free) == (5, 0) else
                   ["exit status %d, then %d" % (held, free)])


def plain_user(bench):
    """What root may read and a plain user may not."""
    names = ["a file that may not be read", "a folder that may not be read",
             "a home that may not be read", "a home of another user",
             "a folder that may not be written"]
    if not any(bench.picks(n) for n in names):
        return
    if not ROOT or not shutil.which("setpriv"):
        for name in names:
            bench.skip(name, "wants root and setpriv")
        return
    bench.renew()
    bench.snapshot({"Account.csv": GOOD})
    os.chmod(bench.t, 0o755)
    own = bench.t + "/nobody"
    os.mkdir(own)
    os.chown(own, 65534, 65534)
    bench.run("init {t}/nobody/home --name N --quiet", before=NOBODY)
    home = own + "/home"
    for name, path, bits, line, where, status, says in [
            (names[0], bench.s + "/Account.csv", 0o600, "load {s}", home, 5,
             r"Account.csv': cannot open: Permission denied"),
            (names[1], bench.s, 0o700, "load {s}", home, 5,
             r"snapshot': cannot open the folder: Permission denied"),
            (names[2], bench.h, 0o700, "check", bench.h, 5,
             r"home\S*': cannot \S.*: Permission denied"),
            (names[3], bench.h, 0o777, "check", bench.h, 5,
             r"home\S*': cannot \S.*: Permission denied"),
            (names[4], bench.s, 0o755, "key export -o {s}/pub", home, 5,
             r"pub': cannot make a file in its folder: Permission denied")]:
        had = stat.S_IMODE(os.stat(path).st_mode)
        os.chmod(path, bits)
        if bench.picks(name):
            bench.refused(name, line, status, says, home=where, before=NOBODY)
        os.chmod(path, had)


def elsewhere(bench):
    """Homes reached on other ways than by their plain path."""
    bench.renew()
    for name, make in [
            ("through a link to the home",
             lambda: os.symlink(bench.h, bench.t + "/way")),
            ("through a link to the folder above",
             lambda: os.symlink(bench.t, bench.t + "/way"))]:
        if not bench.picks(name):
            continue
        make()
        path = bench.t + "/way" + ("/home" if "above" in name else "")
        rc, _, err, _ = bench.run("check", path)
        bench.tell(name, [] if rc == 0 else ["exit status %d, %s" % (rc, err)])
        os.unlink(bench.t + "/way")


def main():
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(os.path.realpath(folder))
        bench.snapshot(BASE)
        for line in ("init {h} --name Acme --quiet", "--quiet load {s}",
                     "key export -o {t}/acme.pub"):
            rc, _, err, _ = bench.run(line)
            if rc != 0:
                sys.exit("%s: exit status %d, %s" % (line, rc, err))
        os.rename(bench.h, bench.master)
        bench.renew()
        os.mkfifo(bench.t + "/pipe")
        os.symlink("none", bench.t + "/link")
        for name, data in (("garbage", b"hello, world\n" * 1000),
                           ("empty", b""), ("zeros", bytes(10240))):
            with open(os.path.join(bench.t, name), "wb") as f:
                f.write(data)
        for part in (snapshots, homes, taken, locked, plain_user, elsewhere,
                     streams, environments):
            part(bench)
        if bench.skipped:
            print("%d skipped" % bench.skipped)
        print("%d passed, %d failed" % (bench.passed, bench.failed))
        return bench.failed > 0


if __name__ == "__main__":
    sys.exit(main())
