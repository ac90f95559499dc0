#!/usr/bin/python3
"""Two orgs, from the invitation to the last bundle: what one side has shared
is on the other, and what is wrong is refused and changes nothing.

    journey.py [--days N] [--records N] [--every N] [PATTERN]

Each case runs the real program on homes of its own. --days is for how many
days the long one lasts (5) and --records how many records it begins with
(500), --every takes each Nth point at which the program is killed (20).
PATTERN, a regular expression, picks cases by name.
"""

import argparse
import csv
import json
import os
import re
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time
import types

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "cli"))

import crash  # noqa: E402

PROGRAM = crash.PROGRAM
GENERATE = os.path.join(HERE, "..", "..", "scripts", "generate")
EQUAL = os.path.join(HERE, "equal.py")
NOT_SENT = {"Id", "CreatedById", "CreatedDate", "LastModifiedById",
            "LastModifiedDate", "SystemModstamp", "IsDeleted", "OwnerId",
            "LastViewedDate", "LastReferencedDate", "LastActivityDate"}


class Failed(Exception):
    pass


def want(truth, *said):
    if not truth:
        raise Failed(" ".join(str(s) for s in said))


def same(have, should, what):
    want(have == should, "%s: %r, and should be %r" % (what, have, should))


def account(n):
    return "001%012dAAA" % n


def contact(n):
    return "003%012dAAA" % n


def task(n):
    return "00T%012dAAA" % n


def write_day(folder, objects):
    """A snapshot: {object: [header, row, ...]}."""
    os.mkdir(folder)
    for name, rows in objects.items():
        with open(os.path.join(folder, name + ".csv"), "w",
                  newline="") as f:
            csv.writer(f).writerows(rows)


def read_table(path):
    """Records by their Id."""
    with open(path, newline="", encoding="utf-8") as f:
        return {row["Id"]: row for row in csv.DictReader(f, strict=True)}


def read_rows(folder):
    """Every record of a dump: object, and its fields by name."""
    rows = []
    for name in sorted(os.listdir(folder)):
        with open(os.path.join(folder, name), newline="",
                  encoding="utf-8") as f:
            rows += [(name, sorted(row.items())) for row in csv.DictReader(f)]
    return sorted(rows)


class World:
    """A folder with two homes, low and high, and what goes between them."""

    def __init__(self, work, connect=True, agree=True, **more):
        self.work = work
        self.count = 0
        if connect:
            self.make_homes()
            self.connect(**more)
        if agree:
            self.agree()

    def path(self, name):
        return os.path.join(self.work, name)

    def new(self, ending=""):
        self.count += 1
        return self.path("%d%s" % (self.count, ending))

    def run(self, home, *words):
        return crash.run([PROGRAM] + (["-C", self.path(home)] if home else
                                      []) + list(words))

    def must(self, home, *words, status=0):
        rc, out, err = self.run(home, *words)
        want(rc == status, "%s %s: exit status %d, %s%s" % (
            home, " ".join(words), rc, out, err))
        want(status in (0, 1) or err.startswith("orgferry: "),
             "%s: does not say why" % " ".join(words))
        return out if status in (0, 1) else err

    def make_homes(self):
        for home in ("low", "high"):
            self.must(None, "init", self.path(home), "--name",
                      home.capitalize(), "--enable")

    def fingerprint(self, home):
        return json.loads(self.must(home, "key", "show",
                                    "--json"))["fingerprint"]

    def invite(self, *more):
        inv = self.new(".ferry")
        self.must("low", "connection", "invite", "high", "--contact",
                  "Ada <ada@high.example>", "-o", inv, *more)
        return inv

    def connect(self):
        answer = self.new(".ferry")
        self.must("high", "import", self.invite())
        self.must("high", "connection", "accept", "Low", "--fingerprint",
                  self.fingerprint("low"), "-o", answer)
        self.must("low", "import", answer, "--fingerprint",
                  self.fingerprint("high"))

    def agree(self):
        self.must("low", "publish", "high", "--all")
        self.must("low", "rule", "add", "high", "--all")
        self.must("high", "subscribe", "Low", "--all", "--auto-accept",
                  "--on-delete", "delete")

    def generate(self, records, day):
        folder = self.path("day%d" % day)
        subprocess.run([GENERATE, folder, str(records), "--day", str(day)],
                       check=True)
        return folder

    def load(self, home, objects, *more):
        if isinstance(objects, dict):
            folder = self.new()
            write_day(folder, objects)
            objects = folder
        return json.loads(self.must(home, "load", objects, "--json",
                                    "--as-of", "2026-11-22T08:%02d:00.000Z" %
                                    min(self.count, 59), *more))["sum"]

    def export(self, *more, home="low", to="high"):
        file = self.new(".ferry")
        self.must(home, "export", to, "-o", file, *more)
        want(os.path.exists(file), "no bundle was made")
        return file

    def carry(self, *more):
        file = self.export(*more)
        self.must("high", "import", file)
        return file

    def back(self):
        """What high has to say to low."""
        file = self.export(home="high", to="Low")
        self.must("low", "import", file)
        return file

    def day(self, objects, *more):
        self.load("low", objects, *more)
        return self.carry()

    def dump(self, home):
        folder = self.new()
        self.must(home, "dump", folder)
        return folder

    def table(self, home, name):
        path = os.path.join(self.dump(home), name + ".csv")
        return read_table(path) if os.path.exists(path) else {}

    def ledger(self, home="high"):
        file = self.new(".csv")
        self.must(home, "ledger", "--csv", file)
        return file

    def pairs(self):
        """Which of high's ids is which of low's."""
        with open(self.ledger(), newline="") as f:
            return {row["Partner Record"]: row["Local Record"]
                    for row in csv.DictReader(f) if not row["Stop Date"]}

    def copy_of(self, name, id_):
        """High's record for one of low's, or None."""
        return self.table("high", name).get(self.pairs().get(id_))

    def equal(self):
        done = subprocess.run([sys.executable, EQUAL, self.dump("low"),
                               self.dump("high"), self.ledger()],
                              stdout=subprocess.PIPE, text=True)
        want(done.returncode == 0, "not equal:", done.stdout)

    def equal_but(self, *objects):
        low = self.dump("low")
        for name in objects:
            os.unlink(os.path.join(low, name + ".csv"))
        done = subprocess.run([sys.executable, EQUAL, low, self.dump("high"),
                               self.ledger()],
                              stdout=subprocess.PIPE, text=True)
        want(done.returncode == 0, "not equal:", done.stdout)

    def sound(self):
        for home in ("low", "high"):
            self.must(home, "check")

    def inspect(self, file):
        seal = self.path("low.seal")
        if not os.path.exists(seal):
            self.must("low", "key", "export", "--sealing", "-o", seal)
        return json.loads(self.must("high", "inspect", file, "--json",
                                    "--key", seal))

    def inbox(self):
        return json.loads(self.must("high", "inbox", "--json"))

    def state(self, home):
        """All that a home says, logically."""
        return crash.canon(self.path(home) + "/org.db")

    def files(self, home):
        """Every byte of a home, but the log of what was refused."""
        found = {}
        for where, _, names in os.walk(self.path(home)):
            for name in names:
                if name == "transfers.log":
                    continue
                with open(os.path.join(where, name), "rb") as f:
                    found[os.path.join(where, name)] = f.read()
        return found

    def refused(self, home, status, pattern, *words):
        """A command that is refused, and changes no byte of the home."""
        before = self.files(home)
        said = self.must(home, *words, status=status)
        want(re.search(pattern, said), "says %r" % said)
        want(self.files(home) == before, "%s: changed the home" %
             " ".join(words))

    def copy_home(self, home, other):
        shutil.copytree(self.path(home), self.path(other))


def changes_between(old, new):
    """What a bundle has to carry: {object: [creates, updates, deletes]}."""
    found = {}
    for name in sorted(os.listdir(new)):
        before = read_table(os.path.join(old, name))
        after = read_table(os.path.join(new, name))
        edited = sum(any(before[i][f] != row[f] for f in row
                         if f not in NOT_SENT)
                     for i, row in after.items() if i in before)
        counts = [len(after.keys() - before.keys()), edited,
                  len(before.keys() - after.keys())]
        if any(counts):
            found[name[:-4]] = counts
    return found


def told(world, file):
    return {o["name"]: [o["creates"], o["updates"], o["deletes"]]
            for o in world.inspect(file)["manifest"]["objects"]}


def case_two_days(work, options):
    w = World(work)
    days = [w.generate(2000, day) for day in (1, 2)]
    w.must("low", "load", days[0])
    w.carry()
    w.equal()
    old = w.dump("high")
    pairs = w.pairs()
    w.must("low", "load", days[1])
    second = w.carry()
    w.equal()
    should = changes_between(*days)
    same(told(w, second), should, "the second bundle's counts")
    for name in should:
        gone = (read_table(days[0] + "/%s.csv" % name).keys() -
                read_table(days[1] + "/%s.csv" % name).keys())
        there = w.table("high", name)
        want(not any(pairs[i] in there for i in gone), name,
             "has what was deleted")
    w.sound()
    return old


def case_own_dump(work, options):
    """A receiver's own dump, loaded, is nothing new; an old one neither."""
    w = World(work)
    w.must("low", "load", w.generate(2000, 1))
    w.carry()
    dump = w.dump("high")
    sums = json.loads(w.must("high", "load", dump, "--json"))["sum"]
    changed = {k: v for k, v in sums.items()
               if k not in ("rows", "unchanged") and v}
    same(changed, {}, "what its own dump changed")
    w.must("low", "load", w.generate(2000, 2))
    w.carry()
    w.equal()
    sums = json.loads(w.must("high", "load", dump, "--json", "--older"))
    w.equal()
    w.sound()


def case_days(work, options):
    w = World(work)
    last = None
    for day in range(1, options.days + 1):
        folder = w.generate(options.records, day)
        w.must("low", "load", folder)
        file = w.carry()
        w.equal()
        if last:
            same(told(w, file), changes_between(last, folder),
                 "day %d" % day)
        last = folder
    w.sound()


SMALL = {"Account": [["Id", "Name", "ParentId"],
                     [account(1), "Acme", ""],
                     [account(2), "Globex", account(1)]]}


def small(**names):
    """SMALL with other names, of records 1 to 9: small(a1="Initech")."""
    rows = [["Id", "Name", "ParentId"]]
    for n in range(1, 10):
        if n < 3 or "a%d" % n in names:
            name = names.get("a%d" % n, SMALL["Account"][n][1]
                             if n < 3 else "")
            if name is not None:
                rows.append([account(n), name, account(1) if n == 2 else ""])
    return {"Account": rows}


def case_order_again(work, options):
    w = World(work)
    first = w.day(SMALL)
    w.refused("high", 0, "already imported", "import", first)
    second = w.day(small(a1="Initech"))
    w.refused("high", 0, "already imported", "import", first)
    w.refused("high", 0, "already imported", "import", second)
    w.equal()
    again = w.path("again.ferry")
    for n, file in ((1, first), (2, second)):
        w.must("low", "export", "high", "--again", str(n), "-o", again)
        with open(again, "rb") as a, open(file, "rb") as b:
            want(a.read() == b.read(), "bundle %d is another now" % n)
        os.unlink(again)
    w.refused("low", 4, "the last one was 2", "export", "high", "--again",
              "3", "-o", again)
    want(not os.path.exists(again), "a file for bundle 3")


def case_order_skipped(work, options):
    w = World(work)
    w.day(SMALL)
    w.load("low", small(a1="Initech"))
    second = w.export()
    w.load("low", small(a1="Umbrella"))
    third = w.export()
    w.refused("high", 4, r"bundle 3, and bundle 2 has not come.*--again 2",
              "import", third)
    w.must("high", "import", second)
    w.must("high", "import", third)
    w.equal()


def case_order_first_lost(work, options):
    w = World(work)
    w.load("low", SMALL)
    first = w.export()
    w.load("low", small(a1="Initech"))
    second = w.export()
    w.refused("high", 4, "bundle 1 has not come", "import", second)
    w.must("high", "import", first, second)
    w.equal()


def case_order_fork(work, options):
    w = World(work)
    w.day(SMALL)
    w.copy_home("low", "other")
    w.day(small(a1="Initech"))
    w.load("other", small(a1="Umbrella"))
    fork = w.export(home="other")
    w.refused("high", 4, "other content.*forked", "import", fork)
    w.load("other", small(a1="Hooli"))
    w.refused("high", 4, "forked", "import", w.export(home="other"))
    w.day(small(a1="Hooli"))
    w.equal()


def case_order_older(work, options):
    """The copy of a home falls behind, and says an old number anew."""
    w = World(work)
    w.day(SMALL)
    w.copy_home("low", "other")
    for name in ("Initech", "Umbrella", "Hooli"):
        w.day(small(a1=name))
    w.load("other", small(a1="Tyrell"))
    w.refused("high", 4, "is bundle 2", "import", w.export(home="other"))
    w.equal()


def case_wrong_home(work, options):
    w = World(work)
    w.load("low", SMALL)
    file = w.export()
    plain = w.path("plain.ferry")
    w.must(None, "init", w.path("third"), "--name", "Third", "--enable")
    w.refused("third", 3, "", "import", file)
    w.refused("low", 3, "not this org.s", "import", file)
    w.must("high", "import", file)
    w.load("low", small(a1="Initech"))
    w.must("low", "export", "high", "--plain", "-o", plain)
    w.refused("third", 3, "", "import", plain)
    w.refused("low", 3, "itself", "import", plain)
    w.must("high", "import", plain)
    w.equal()


def case_flipped(work, options):
    w = World(work)
    w.load("low", SMALL)
    sealed = w.export()
    w.load("low", small(a1="Initech"))
    plain = w.export("--plain")
    for file, before in ((sealed, None), (plain, sealed)):
        if before:
            w.must("high", "import", before)
        with open(file, "rb") as f:
            whole = f.read()
        step = max(1, len(whole) // 25)
        for at in list(range(0, len(whole), step)) + [len(whole) - 1]:
            bad = w.path("bad.ferry")
            with open(bad, "wb") as f:
                f.write(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1:])
            w.refused("high", 3, "", "import", bad)
        for cut in (0, 1, 511, len(whole) // 2, len(whole) - 1):
            with open(bad, "wb") as f:
                f.write(whole[:cut])
            w.refused("high", 3, "", "import", bad)
        with open(bad, "wb") as f:
            f.write(whole + b"\0")
        w.refused("high", 3, "", "import", bad)
    w.must("high", "import", plain)
    w.equal()
    with open(w.path("high/transfers.log")) as f:
        want(len(f.readlines()) > 50, "transfers.log has not all of it")


def case_not_confirmed(work, options):
    w = World(work, connect=False, agree=False)
    w.make_homes()
    inv, answer = w.invite(), w.path("answer.ferry")
    w.refused("low", 3, "itself", "import", inv)
    w.load("low", SMALL)
    bundle = w.new(".ferry")
    rc, _, err = w.run("low", "export", "high", "-o", bundle)
    want(rc == 2 and not os.path.exists(bundle), "exports while Sent:", rc,
         err)
    w.must("high", "import", inv)
    w.refused("high", 0, "already imported", "import", inv)
    w.refused("high", 3, "fingerprint given is not", "connection", "accept",
              "Low", "--fingerprint", w.fingerprint("high"), "-o", answer)
    w.refused("high", 2, "--fingerprint", "connection", "accept", "Low",
              "-o", answer)
    want(not os.path.exists(answer), "an answer was written")
    w.must("high", "connection", "accept", "Low", "--fingerprint",
           w.fingerprint("low"), "-o", answer)
    # High may send; low knows no key of it yet.
    w.load("high", {"Contact": [["Id", "LastName"], [contact(1), "Ada"]]})
    w.must("high", "publish", "Low", "--all")
    w.must("high", "rule", "add", "Low", "--all")
    early = w.export("--plain", home="high", to="Low")
    w.refused("low", 3, "", "import", early)
    w.refused("low", 3, "fingerprint given is not", "import", answer,
              "--fingerprint", w.fingerprint("low"))
    w.refused("low", 2, "--fingerprint", "import", answer)
    w.must("low", "import", answer, "--fingerprint", w.fingerprint("high"))
    w.refused("low", 0, "already imported", "import", answer)
    w.agree()
    w.carry()
    w.equal()
    w.must("low", "subscribe", "high", "--all", "--auto-accept")
    w.must("low", "import", early)
    same(len(w.table("low", "Contact")), 1, "contacts in low")
    w.sound()


def case_export_nothing(work, options):
    w = World(work)
    w.day(SMALL)
    file = w.new(".ferry")
    before = w.state("low")
    said = w.must("low", "export", "high", "-o", file)
    want("nothing to say" in said, said)
    want(not os.path.exists(file), "a file is there")
    same(w.state("low"), before, "low")
    w.load("low", small(a1="Initech"))
    before = w.files("low")
    with open(file, "w") as f:
        f.write("mine")
    w.must("low", "export", "high", "-o", file, status=2)
    same(w.files("low"), before, "low")
    with open(file) as f:
        same(f.read(), "mine", "the file that was there")
    w.refused("low", 2, "", "export", "nobody", "-o", file)
    w.carry()
    w.equal()


def case_references(work, options):
    w = World(work, agree=False)
    user = "005%012dAAA" % 7
    w.load("low", {
        "Account": [["Id", "Name", "ParentId", "OwnerId", "Keeper__c",
                     "Backup__c"],
                    [account(1), "self", account(1), user, user,
                     account(2)],
                    [account(2), "cycle", account(3), user, "",
                     account(2)],
                    [account(3), "cycle", account(2), user, "", ""],
                    [account(4), "child", account(5), user, "", ""],
                    [account(5), "late parent", "", user, "", ""],
                    [account(6), "orphan", account(7), user, "", ""],
                    [account(7), "never", "", user, "", ""]],
        "Contact": [["Id", "LastName", "AccountId"],
                    [contact(1), "Ada", account(1)]],
        "Task": [["Id", "Subject", "WhatId", "WhoId"],
                 [task(1), "poly", account(1), contact(1)],
                 [task(2), "poly", contact(1), ""]]})
    w.must("low", "publish", "high", "Account", "Task", "Contact")
    w.must("high", "subscribe", "Low", "--all", "--auto-accept")
    w.must("low", "forward", "high", account(1), account(2), account(3),
           account(4), account(6), task(1), task(2), contact(1))
    w.carry()
    a, t = w.table("high", "Account"), w.table("high", "Task")
    p = w.pairs()

    def ref(name, field, table=a):
        return table[p[name]][field]
    same(ref(account(1), "ParentId"), p[account(1)], "to itself")
    same(ref(account(1), "Keeper__c"), user, "a foreign id")
    same(ref(account(1), "Backup__c"), p[account(2)], "another to the same")
    same(ref(account(2), "ParentId"), p[account(3)], "a cycle")
    same(ref(account(3), "ParentId"), p[account(2)], "a cycle")
    same(ref(account(4), "ParentId"), "", "a parent to come")
    same(ref(account(6), "ParentId"), "", "a parent that never comes")
    same(ref(task(1), "WhatId", t), p[account(1)], "polymorphic")
    same(ref(task(2), "WhatId", t), p[contact(1)], "polymorphic")
    same(ref(task(1), "WhoId", t), p[contact(1)], "polymorphic")
    want(account(5) not in p and account(7) not in p, "not shared")
    w.must("low", "forward", "high", account(5))
    w.carry()
    a, p = w.table("high", "Account"), w.pairs()
    same(ref(account(4), "ParentId", a), p[account(5)], "a late parent")
    same(ref(account(6), "ParentId", a), "", "a parent that never comes")
    w.sound()


def case_late_reference(work, options):
    """A column that was empty, or whose targets were not here, turns out to
    be a reference."""
    w = World(work)
    head = ["Id", "Name", "Friend__c", "Task__c", "Note__c"]
    one = [account(1), "a", "", task(1), ""]
    two = [account(2), "b", "", "", "i:" + account(1)]
    w.day({"Account": [head, one, two]})
    w.equal()
    one[2] = account(2)
    w.day({"Account": [head, one, two]})
    w.equal()
    same(w.copy_of("Account", account(1))["Friend__c"],
         w.pairs()[account(2)], "a column that was empty")
    w.day({"Task": [["Id", "Subject"], [task(1), "call"]]})
    same(w.copy_of("Account", account(1))["Task__c"], w.pairs()[task(1)],
         "a column whose target came later")
    two[2] = account(1)
    w.day({"Account": [head, one, two]})
    w.equal()
    w.sound()


def case_inbox(work, options):
    w = World(work, agree=False)
    w.must("low", "publish", "high", "--all")
    w.must("low", "rule", "add", "high", "--all")
    w.must("high", "subscribe", "Low", "Account")
    day = small(a3="Third", a4="Fourth")
    day["Contact"] = [["Id", "LastName", "AccountId"],
                      [contact(1), "Ada", account(1)]]
    w.day(day)
    same(sorted((r["Object"], r["Why"]) for r in w.inbox()),
         [("Account", "accept")] * 4 + [("Contact", "subscribe")], "inbox")
    same(w.table("high", "Account"), {}, "accounts before any is accepted")
    day["Account"][1][1] = "Initech"
    day["Account"] = [r for r in day["Account"] if r[0] != account(4)]
    w.day(day)
    same(len(w.inbox()), 4, "inbox after a delete")
    w.refused("high", 2, "", "accept", "Low", account(9))
    w.must("high", "accept", "Low", account(2))
    same(w.copy_of("Account", account(2))["ParentId"], "",
         "a parent that waits")
    w.must("high", "accept", "Low", account(3))
    day["Account"][2][2] = account(3)
    w.day(day)
    same(w.copy_of("Account", account(2))["ParentId"],
         w.pairs()[account(3)], "another parent")
    w.must("high", "accept", "Low", "--all")
    same(w.copy_of("Account", account(1))["Name"], "Initech", "a value")
    same(w.copy_of("Account", account(2))["ParentId"],
         w.pairs()[account(3)], "not the parent that it had while waiting")
    same([r["Object"] for r in w.inbox()], ["Contact"], "inbox")
    w.back()
    day["Contact"][1][1] = "Lovelace"
    w.day(day)
    w.must("high", "subscribe", "Low", "Contact")
    w.must("high", "accept", "Low", "--all")
    w.equal()
    same(w.inbox(), [], "inbox")
    same(w.copy_of("Contact", contact(1))["LastName"], "Lovelace", "name")
    w.sound()


def case_publish_fields(work, options):
    w = World(work, agree=False)
    head = ["Id", "Name", "Phone", "Fax", "Secret__c"]

    def day(phone, fax, secret):
        return {"Account": [head] + [[account(n), "Acme", phone + str(n),
                                      fax, secret] for n in (1, 2)]}
    w.load("low", day("1", "f", "no"))
    w.must("low", "publish", "high", "Account.Name", "account.phone")
    w.must("low", "rule", "add", "high", "Account")
    w.must("high", "subscribe", "Low", "--all", "--auto-accept",
           "--on-delete", "keep")
    w.carry()
    one = w.copy_of("Account", account(1))
    same((one["Name"], one["Phone"]), ("Acme", "11"), "published fields")
    want("Fax" not in one and "Secret__c" not in one, "too many fields", one)
    w.refused("low", 2, "", "publish", "high", "Account.OwnerIdd")
    w.refused("low", 2, "", "publish", "high", "Nothing")
    w.must("low", "publish", "high", "Account.Fax")
    w.carry()
    same(w.copy_of("Account", account(1))["Fax"], "f", "published later")
    w.equal()
    w.must("low", "unpublish", "high", "Account.Phone")
    w.day(day("2", "g", "no"))
    one = w.copy_of("Account", account(2))
    same((one["Phone"], one["Fax"]), ("12", "g"), "after unpublish")
    w.must("low", "publish", "high", "Account.Phone")
    w.carry()
    w.equal()
    w.must("low", "unpublish", "high", "Account")
    w.load("low", day("3", "h", "no"))
    w.must("low", "export", "high", "-o", w.new(".ferry"))
    w.must("high", "import", w.path("%d.ferry" % w.count))
    same(w.copy_of("Account", account(1))["Fax"], "g", "object unpublished")
    w.must("low", "publish", "high", "Account")
    w.carry()
    w.equal()
    same(w.copy_of("Account", account(1))["Secret__c"], "no", "all of it")
    w.sound()


def case_all_but(work, options):
    """--all, with exceptions that last, and objects that come later."""
    w = World(work)
    w.day(SMALL)
    w.load("low", {"Account": [["Id", "Name", "ParentId", "Secret__c"],
                               [account(1), "Acme", "", "no"],
                               [account(2), "Globex", account(1), "no"]],
                   "Contact": [["Id", "LastName", "AccountId"],
                               [contact(1), "Ada", account(2)]],
                   "Hidden__c": [["Id", "Name"],
                                 ["a01%012dAAA" % 1, "no"]]})
    w.must("low", "unpublish", "high", "Account.Secret__c", "Hidden__c")
    w.carry()
    want("Secret__c" not in w.copy_of("Account", account(1)), "Secret__c")
    same(w.table("high", "Hidden__c"), {}, "Hidden__c")
    same(w.copy_of("Contact", contact(1))["AccountId"],
         w.pairs()[account(2)], "a new object's reference")
    w.sound()


def case_custom(work, options):
    w = World(work, agree=False)

    def invoice(n):
        return "a05%012dAAA" % n
    day = {"Invoice__c": [["Id", "Name", "Total__c"],
                          [invoice(1), "I-1", "10"],
                          [invoice(2), "I-2", "20"]]}
    w.load("low", day)
    w.load("high", {"Bill__c": [["Id", "Name", "Amount__c"],
                                ["a07%012dAAA" % 1, "own", "1"]]})
    w.must("low", "publish", "high", "Invoice__c")
    w.must("low", "rule", "add", "high", "Invoice__c")
    w.must("high", "subscribe", "Low", "Invoice__c", "--to", "Bill__c",
           "--map", "Total__c=Amount__c", "--auto-accept", "--on-delete",
           "keep")
    w.refused("high", 2, "", "subscribe", "Low", "Invoice__c", "--to",
              "Account")
    w.carry()
    bills = w.table("high", "Bill__c")
    same(sorted((b["Name"], b["Amount__c"]) for b in bills.values()),
         [("I-1", "10"), ("I-2", "20"), ("own", "1")], "bills")
    want("Total__c" not in next(iter(bills.values())), "a field was made")
    kept = w.pairs()[invoice(2)]
    day["Invoice__c"] = day["Invoice__c"][:2]
    day["Invoice__c"][1][2] = "11"
    w.day(day)
    bills = w.table("high", "Bill__c")
    same(bills[w.pairs()[invoice(1)]]["Amount__c"], "11", "an update")
    same(bills[kept]["Name"], "I-2", "kept after a delete")
    want(invoice(2) not in w.pairs(), "the pair lives on")
    w.sound()


def case_one_way(work, options):
    w = World(work, connect=False, agree=False)
    w.make_homes()
    key = w.path("high.seal")
    w.must("high", "key", "export", "--sealing", "-o", key)
    inv = w.invite("--one-way", "--to-key", key)
    w.must("high", "import", inv)
    w.must("high", "connection", "accept", "Low", "--fingerprint",
           w.fingerprint("low"))
    w.agree()
    w.day(SMALL)
    w.equal()
    w.day(small(a1="Initech", a3="Third"))
    w.day(small(a1="Initech", a2="Hooli"))
    w.equal()
    file = w.new(".ferry")
    w.run("high", "export", "Low", "-o", file)
    want(not os.path.exists(file), "something goes back")
    w.sound()


def case_one_way_plain(work, options):
    """No key of the partner's: what goes out is plain, or not at all."""
    w = World(work, connect=False, agree=False)
    w.make_homes()
    w.must("high", "import", w.invite("--one-way"))
    w.must("high", "connection", "accept", "Low", "--fingerprint",
           w.fingerprint("low"))
    w.agree()
    w.load("low", SMALL)
    w.refused("low", 2, "--plain", "export", "high", "-o", w.path("x"))
    w.carry("--plain")
    w.equal()
    w.sound()


def case_replica(work, options):
    """A copy of everything, ids, owners and audit fields too."""
    w = World(work, connect=False, agree=False)
    w.make_homes()
    answer = w.new(".ferry")
    w.must("high", "import", w.invite("--type", "replication"))
    w.must("high", "connection", "accept", "Low", "--fingerprint",
           w.fingerprint("low"), "-o", answer)
    w.must("low", "import", answer, "--fingerprint", w.fingerprint("high"))
    for day in (1, 2):
        w.load("low", w.generate(500, day))
        w.carry()
        w.equal()
        both = [read_rows(w.dump(home)) for home in ("low", "high")]
        want(both[0] == both[1], "the replica differs on day", day)
    w.sound()


def case_back_again(work, options):
    """A record that was deleted, and undeleted, is shared once more."""
    w = World(work)
    w.day(small(a3="Third", a4="Fourth"))
    w.day(small())
    w.equal()
    w.day(small(a3="Third again", a4="Fourth"))
    w.equal()
    # Gone and back between two bundles.
    w.load("low", small(a4="Fourth"))
    w.day(small(a3="Third once more", a4="Fourth"))
    w.equal()
    same(len(w.table("high", "Account")), 4, "accounts")
    w.back()
    w.day(small(a4="Fourth"))
    w.equal()
    w.sound()


def case_late_word(work, options):
    """What waits lands when it is subscribed to, mapped or accepted."""
    w = World(work, agree=False)
    w.must("low", "publish", "high", "--all")
    w.must("low", "rule", "add", "high", "--all")
    day = small()
    day["Invoice__c"] = [["Id", "Name", "Account__c", "Total__c"],
                         ["a05%012dAAA" % 1, "I-1", account(1), "10"]]
    w.load("high", {"Bill__c": [["Id", "Name"],
                                ["a07%012dAAA" % 1, "own"]]})
    w.day(day)
    same(len(w.inbox()), 3, "inbox")
    w.must("high", "subscribe", "Low", "Account", "--auto-accept")
    w.equal_but("Invoice__c")
    same([r["Object"] for r in w.inbox()], ["Invoice__c"], "inbox")
    w.must("high", "subscribe", "Low", "Invoice__c", "--to", "Bill__c",
           "--auto-accept")
    bill = w.copy_of("Bill__c", "a05%012dAAA" % 1)
    same((bill["Name"], "Account__c" in bill), ("I-1", False), "the bill")
    w.load("high", {"Bill__c": [["Id", "Name", "Amount__c", "Account__c"],
                                ["a07%012dAAA" % 1, "own", "1", ""]]})
    w.must("high", "subscribe", "Low", "Invoice__c", "--to", "Bill__c",
           "--map", "Total__c=Amount__c", "--auto-accept")
    bill = w.copy_of("Bill__c", "a05%012dAAA" % 1)
    same(bill["Amount__c"], "10", "a value that waited for --map")
    w.back()
    w.day(day | small(a1="Initech"))
    bill = w.copy_of("Bill__c", "a05%012dAAA" % 1)
    same(bill["Account__c"], w.pairs()[account(1)],
         "a value that waited for a field")
    w.sound()


def case_values(work, options):
    """Values that are hard to carry, cleared, and of columns that come."""
    w = World(work)
    hard = ["a,b", 'say "x"', "two\nlines", "cr\r\nlf", " spaces ", "\t",
            "M\u00fcller \U0001f600", "i:" + account(1), "x:" + account(1),
            "=1+1", "\\N", "NULL", "0", "00012", "x" * 100000, "'; --",
            "false"]
    head = ["Id", "Name", "Text__c", "More__c"]
    rows = [[account(n), "A%d" % n, v, ""] for n, v in enumerate(hard)]
    w.day({"Account": [head] + rows})
    w.equal()
    turned = [[r[0], r[2][:80], hard[-n - 1], r[2]]
              for n, r in enumerate(rows)]
    w.day({"Account": [head] + turned})
    w.equal()
    w.day({"Account": [head] + [[r[0], r[1], "", ""] for r in rows]})
    w.equal()
    same({r["Text__c"] for r in w.table("high", "Account").values()}, {""},
         "cleared values")
    w.day({"Account": [head + ["New__c", "When__c", "Sum__c"]] + [
        r + ["new", "2026-11-22T06:00:00.000Z", "1.50"] for r in rows]})
    w.equal()
    same(w.copy_of("Account", account(3))["New__c"], "new", "a new column")
    # A column that is not in this snapshot is untouched.
    w.day({"Account": [["Id", "Name"]] + [[r[0], "Z"] for r in rows]})
    w.equal()
    same(w.copy_of("Account", account(3))["New__c"], "new",
         "a column left out")
    w.sound()


def edited(table, id_, **values):
    """A table as rows of a snapshot, one record with other values."""
    head = list(next(iter(table.values())))
    return [head] + [[(values.get(f, r[f]) if r["Id"] == id_ else r[f])
                      for f in head] for r in table.values()]


def case_two_ways(work, options):
    """An edit of a copy goes back, and does not come again."""
    w = World(work)
    w.must("low", "subscribe", "high", "--all", "--auto-accept",
           "--on-delete", "delete")
    w.must("high", "publish", "Low", "--all")
    w.must("high", "rule", "add", "Low", "--all")
    w.day(small(a3="Third"))
    copy = w.pairs()[account(1)]
    w.load("high", {"Account": edited(w.table("high", "Account"), copy,
                                      Name="Initech")})
    w.back()
    same(w.table("low", "Account")[account(1)]["Name"], "Initech",
         "the edit in low")
    w.equal()
    file = w.new(".ferry")
    w.must("low", "export", "high", "-o", file)
    if os.path.exists(file):
        same(told(w, file), {}, "what comes again")
        w.must("high", "import", file)
    # The org of low has not caught up; then another record is edited.
    w.day(small(a2="Hooli", a3="Third"))
    w.equal()
    same(w.table("low", "Account")[account(1)]["Name"], "Initech",
         "low, not caught up")
    # High's own record comes to low, under high's parent.
    own = "001%012dAAA" % 500
    rows = edited(w.table("high", "Account"), None)
    line = {"Id": own, "Name": "High's own", "ParentId": copy}
    w.load("high", {"Account": rows + [[line.get(f, "") for f in rows[0]]]})
    w.back()
    mine = [r for r in w.table("low", "Account").values()
            if r["Name"] == "High's own"]
    same([r["ParentId"] for r in mine], [account(1)], "high's own in low")
    # And is deleted again, as is a record of low's by high.
    w.load("high", {"Account": [r for r in rows if r[0] !=
                                w.pairs()[account(3)]]})
    w.back()
    same(sorted(r["Name"] for r in w.table("low", "Account").values()),
         ["Hooli", "Initech"], "low after high's deletes")
    w.run("low", "export", "high", "-o", w.path("last.ferry"))
    if os.path.exists(w.path("last.ferry")):
        w.must("high", "import", w.path("last.ferry"))
    same(len(w.table("high", "Account")), 2, "high after its deletes")
    w.equal()
    w.sound()


def case_all_late(work, options):
    """subscribe --all, said when the first bundles have come."""
    w = World(work, agree=False)
    w.must("low", "publish", "high", "--all")
    w.must("low", "rule", "add", "high", "--all")
    w.must("low", "load", w.generate(300, 1))
    w.carry()
    w.must("low", "load", w.generate(300, 2))
    w.carry()
    w.must("low", "load", w.generate(300, 3))
    w.carry()
    w.must("high", "subscribe", "Low", "--all", "--auto-accept",
           "--on-delete", "delete")
    w.equal()
    same(w.inbox(), [], "inbox")
    w.must("low", "load", w.generate(300, 4))
    w.carry()
    w.equal()
    w.sound()


def case_onward(work, options):
    """low to high to third: a record travels on, and so do its changes."""
    w = World(work)
    w.must(None, "init", w.path("third"), "--name", "Third", "--enable")
    w.must("high", "connection", "invite", "third", "--contact",
           "Bob <bob@third.example>", "-o", w.path("i"))
    w.must("third", "import", w.path("i"))
    w.must("third", "connection", "accept", "High", "--fingerprint",
           w.fingerprint("high"), "-o", w.path("a"))
    w.must("high", "import", w.path("a"), "--fingerprint",
           w.fingerprint("third"))
    w.must("high", "publish", "third", "--all")
    w.must("high", "rule", "add", "third", "--all")
    w.must("third", "subscribe", "High", "--all", "--auto-accept",
           "--on-delete", "delete")

    def on():
        file = w.export(home="high", to="third")
        w.must("third", "import", file)
        return sorted((r["Name"], bool(r["ParentId"]))
                      for r in w.table("third", "Account").values())
    w.day(small(a3="Third"))
    same(on(), [("Acme", False), ("Globex", True), ("Third", False)],
         "third")
    w.day(small(a1="Initech"))
    same(on(), [("Globex", True), ("Initech", False)], "third, day 2")
    w.refused("high", 3, "itself", "import", w.path("i"))
    w.sound()
    w.must("third", "check")


def case_unpublished_delete(work, options):
    """A delete goes even if its object is not published any more."""
    w = World(work, agree=False)
    w.load("low", small(a3="Third", a4="Fourth"))
    w.must("low", "publish", "high", "Account")
    w.must("low", "rule", "add", "high", "Account")
    w.must("high", "subscribe", "Low", "--all", "--auto-accept",
           "--on-delete", "delete")
    w.carry()
    w.must("low", "unpublish", "high", "Account")
    w.load("low", small(a4="Fourth"))
    w.must("low", "export", "high", "-o", w.path("u.ferry"))
    w.must("high", "import", w.path("u.ferry"))
    w.must("low", "publish", "high", "Account")
    w.day(small(a4="Fifth"))
    w.equal()
    w.sound()


def case_receipts(work, options):
    """What high accepted, low's ledger knows once a bundle has come back."""
    w = World(work)
    w.day(SMALL)
    w.back()
    theirs = w.pairs()
    with open(w.ledger("low"), newline="") as f:
        rows = list(csv.DictReader(f))
    same({r["Local Record"]: r["Partner Record"] for r in rows}, theirs,
         "low's ledger")
    same({r["Status"] for r in rows}, {"Active (sent)"}, "statuses")
    w.day(small(a2=None))
    w.equal()
    w.sound()


def logical(home):
    """A store without times and what is drawn at random."""
    said = crash.canon(home + "/org.db")
    for pattern, put in ((r"00DzzZ\w{12}", "ORG"), (r"\w{3}zzZ\w{12}", "ID"),
                         (r"b'(?:[^'\\]|\\.)*'|b\"(?:[^\"\\]|\\.)*\"", "B"),
                         (r"\d{4}-\d\d-\d\dT[\d:.]+Z", "T"),
                         (r"'[^']*\.ferry', \d+", "FILE")):
        said = re.sub(pattern, put, said)
    return "\n".join(sorted(said.split("\n")))


class Killed(crash.Journey):
    """One command of a journey, killed, and then the journey's rest."""

    def look(self, work):
        return tuple(logical(work + "/" + home) for home in ("low", "high"))

    def sound(self, work, problems):
        for home in ("low", "high"):
            rc, _, err = crash.orgferry(work, "-C {w}/%s check" % home)
            if rc != 0:
                problems.append("check: exit status %d, %s" % (rc, err))
        now = self.look(work)
        if now == self.new:
            return "new"
        if now != self.old:
            problems.append("neither the old state nor the new")
        return "old"

    def again(self, work, state, problems):
        try:
            self.go_on(work, state)
        except Failed as why:
            problems.append("going on: %s" % why)

    def go_on(self, work, state):
        w = World(work, connect=False, agree=False)
        bundle = w.path("carry/x.ferry")
        if self.name == "export":
            if os.path.exists(bundle):
                want(state == "new", "a bundle that was never made")
                w.must("low", "export", "high", "--again", "2", "-o",
                       w.path("y.ferry"))
                with open(bundle, "rb") as a, \
                        open(w.path("y.ferry"), "rb") as b:
                    want(a.read() == b.read(), "x.ferry is not whole")
            else:
                w.must("low", "export", "high", "-o", bundle,
                       *(["--again", "2"] if state == "new" else []))
            same(self.look(work)[0], self.new[0], "low, exported again")
        w.must("high", "import", bundle)
        w.equal()
        for home in ("low", "high"):
            left = [n for n in crash.listing(w.path(home))
                    if n.endswith(".part") or n.endswith("-journal") and
                    not crash.is_cold(w.path(home), n)]
            same(left, [], "left behind in %s" % home)
        same(sorted(n for n in crash.listing(w.path("low/sent"))
                    if n != "./" and not n.endswith(".ferry")), [],
             "left behind in sent/")
        w.load("low", {"Account": [["Id", "Name"], [account(3), "last"]]},
               "--allow-deletes")
        w.carry()
        w.equal()
        w.sound()


def case_swept(work, options):
    """Any command takes away what an import left that was cut short."""
    w = World(work, agree=False)
    left = w.path("high/.org.db.4711-0.part")
    with open(left, "w") as f:
        f.write("half a spool")
    w.must("high", "check")
    want(not os.path.exists(left), "is left")


def killed(work):
    """An export and an import to be disturbed."""
    days = [os.path.join(work, "day%d" % n) for n in (1, 2)]
    for n, files in enumerate((crash.DAY_1, crash.DAY_2)):
        crash.write_snapshot(days[n], files)
    before = os.path.join(work, "before")
    os.mkdir(before)
    w = World(before)
    w.must("low", "load", days[0])
    w.carry()
    w.must("low", "load", days[1], "--allow-deletes")
    for name in os.listdir(before):
        if name not in ("low", "high"):
            path = os.path.join(before, name)
            shutil.rmtree(path) if os.path.isdir(path) else os.unlink(path)
    os.mkdir(before + "/carry")
    after = os.path.join(work, "after")
    shutil.copytree(before, after)
    crash.must(after, "-C {w}/low export high -o {w}/carry/x.ferry")
    return [Killed("export", "-C {w}/low export high -o {w}/carry/x.ferry",
                   before),
            Killed("import", "-C {w}/high import {w}/carry/x.ferry", after)]


def kill(commands, work, options):
    """Each command, killed at every point."""
    if not shutil.which("strace"):
        raise Failed("wants strace")
    score = crash.Score()
    for command in commands(work):
        crash.every_point(command, types.SimpleNamespace(
            errors=False, every=options.every), work, score)
    want(score.failed == 0, "%d of the points" % score.failed)


def case_killed(work, options):
    kill(killed, work, options)


def main(cases):
    parser = argparse.ArgumentParser()
    parser.add_argument("--days", type=int, default=5, metavar="N")
    parser.add_argument("--records", type=int, default=500, metavar="N")
    parser.add_argument("--every", type=int, default=20, metavar="N")
    parser.add_argument("pattern", nargs="?", default="")
    options = parser.parse_args()
    memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    passed = failed = 0
    for name, case in list(cases.items()):
        if not name.startswith("case_") or not re.search(options.pattern,
                                                         name):
            continue
        began = time.time()
        with tempfile.TemporaryDirectory(dir=memory) as work:
            try:
                case(work, options)
                passed += 1
                print("ok     %s, %.1f s" % (name[5:], time.time() - began))
            except (Failed, OSError, KeyError, TypeError,
                    sqlite3.Error) as why:
                failed += 1
                print("FAILED %s: %s: %s" % (name[5:], type(why).__name__,
                                             why))
    print("%d passed, %d failed" % (passed, failed))
    return failed > 0


if __name__ == "__main__":
    sys.exit(main(globals()))
