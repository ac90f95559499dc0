#!/usr/bin/python3
"""Rare turns of an ordinary row of bundles, after which both homes have the
same.

    edges.py [PATTERN]

Each case runs the real program on homes of its own, as in journey.py.
"""

import os
import sqlite3
import sys

import journey
from journey import World, account, same, want

HEAD = ["Id", "Name", "Type"]


def case_left_for_long(work, options):
    """A rule for what is not published, through months of days."""
    w = World(work, agree=False)
    w.load("low", {"Account": [HEAD, [account(1), "a", ""]],
                   "Case": [["Id", "Subject"], ["500000000000001AAA", "c"]]})
    for words in (["publish", "high", "--all"],
                  ["rule", "add", "high", "--all"],
                  ["forward", "high", "--object", "Case"],
                  ["unpublish", "high", "Case"]):
        w.must("low", *words)
    w.must("high", "subscribe", "Low", "--all", "--auto-accept")
    for day in range(70):
        w.must("low", "publish", "high", "Account")
        w.carry()
    db = sqlite3.connect(w.path("low/org.db"))
    top, = db.execute("select max(ledger) from _ledger").fetchone()
    db.close()
    want(top < 1000, "the ledger counts to", top)
    w.must("low", "publish", "high", "Case")
    w.carry()
    w.equal()
    w.sound()


def case_cleared_meanwhile(work, options):
    """A field that was taken back, emptied and published once more."""
    w = World(work)
    w.day({"Account": [HEAD, [account(1), "a", "x"], [account(2), "b", "y"]]})
    w.must("low", "unpublish", "high", "Account.Type")
    w.carry()
    w.day({"Account": [HEAD, [account(1), "a", ""], [account(2), "b", "y"]]})
    w.must("low", "publish", "high", "Account.Type")
    w.carry()
    w.equal()
    w.sound()


def case_type_said_late(work, options):
    """What a type spells anew is spelled so on the other side too, also what
    is emptied on the same day."""
    w = World(work)
    head = ["Id", "Name", "Late__c"]
    rows = [[account(n), str(n), late] for n, late in
            enumerate(["1", "0", "TRUE", "1"], 1)]
    w.day({"Account": [head] + rows})
    rows[3][2] = ""
    w.day({"Account": [head] + rows}, "--type", "Account.Late__c=boolean")
    same([r["Late__c"] for r in sorted(w.table("high", "Account").values(),
                                       key=lambda r: r["Name"])],
         ["true", "false", "true", ""], "the copies")
    w.equal()
    w.sound()


def case_anew_and_gone(work, options):
    """A record deleted, made again, forwarded, and deleted before the next
    bundle: what the partner knew is gone."""
    w = World(work, agree=False)
    both = {"Account": [HEAD, [account(1), "a", ""], [account(2), "b", ""]]}
    one = {"Account": [HEAD, [account(1), "a", ""]]}
    w.load("low", both)
    w.must("low", "publish", "high", "--all")
    w.must("low", "forward", "high", "--object", "Account")
    w.must("high", "subscribe", "Low", "--all", "--auto-accept",
           "--on-delete", "delete")
    w.carry()
    w.load("low", one)
    w.load("low", both)
    w.must("low", "forward", "high", account(2))
    w.load("low", one)
    w.carry()
    w.equal()
    same(len(w.table("high", "Account")), 1, "copies")
    # And one that the partner never knew is not told of.
    w.load("low", both)
    w.must("low", "forward", "high", account(2))
    w.load("low", one)
    file = w.carry()
    same(journey.told(w, file), {}, "what is told")
    w.sound()


def case_object_without_fields(work, options):
    """An object that has nothing to publish but its records."""
    w = World(work)
    w.day({"Account": [HEAD, [account(1), "a", ""]]})
    w.day({"Bare__c": [["Id"], ["a03000000000001AAA"]]})
    w.equal()
    same(len(w.table("high", "Bare__c")), 1, "copies")
    w.sound()


def case_waits_anew(work, options):
    """What waits and is made again does not keep what it had before."""
    w = World(work, agree=False)
    w.must("low", "publish", "high", "--all")
    w.must("low", "rule", "add", "high", "--all")
    w.must("high", "subscribe", "Low", "--all", "--on-delete", "delete")
    rows = [[account(n), str(n), "x"] for n in range(1, 21)]
    w.day({"Account": [HEAD] + rows})
    w.load("low", {"Account": [HEAD]}, "--allow-deletes")
    w.day({"Account": [HEAD] + [[r[0], r[1], ""] for r in rows]})
    w.must("high", "accept", "Low", "--all")
    w.equal()
    w.sound()


def case_here_anew(work, options):
    """What is here and is made again with no value at all is emptied."""
    w = World(work)
    rows = [[account(n), str(n), "x"] for n in range(1, 21)]
    w.day({"Account": [HEAD] + rows})
    w.load("low", {"Account": [HEAD]}, "--allow-deletes")
    w.day({"Account": [HEAD] + [[r[0], "", ""] for r in rows]})
    w.equal()
    w.sound()


def case_receipts_once(work, options):
    """What was accepted is told once, also beside records of one's own."""
    w = World(work)
    w.must("low", "subscribe", "high", "--all", "--auto-accept")
    w.must("high", "publish", "Low", "--all")
    w.load("high", {"Case": [["Id", "Subject"], ["500000000000001AAA", "c"]]})
    w.must("high", "forward", "Low", "--object", "Case")
    w.day({"Account": [HEAD, [account(1), "a", ""]]})
    w.back()
    file = w.path("quiet.ferry")
    said = w.must("high", "export", "Low", "-o", file, "--json")
    want(not os.path.exists(file), "told twice:", said)


def case_field_after_all(work, options):
    """Under --all, one field of an object that was taken back is one."""
    w = World(work)
    w.load("low", {"Account": [HEAD, [account(1), "a", "x"]]})
    w.must("low", "unpublish", "high", "Account")
    w.must("low", "publish", "high", "Account.Name")
    w.carry()
    copied, = w.table("high", "Account").values()
    want("Type" not in copied, "Type was not published:", copied)
    w.must("low", "publish", "high", "Account")
    w.carry()
    w.equal()


def case_other_object(work, options):
    """Records stay where they are when their object goes elsewhere, and go
    on to get what is new."""
    w = World(work, agree=False)
    head = ["Id", "Name"]
    ids = ["a0%d000000000001AAA" % n for n in (1, 2)]
    w.must("low", "publish", "high", "--all")
    w.must("low", "rule", "add", "high", "--all")
    w.must("high", "subscribe", "Low", "One__c", "--auto-accept")
    w.day({"One__c": [head, [ids[0], "a"]]})
    w.must("high", "subscribe", "Low", "One__c", "--to", "Two__c",
           "--auto-accept")
    w.day({"One__c": [head, [ids[0], "b"], [ids[0][:14] + "2AAA", "c"]]})
    same([r["Name"] for r in w.table("high", "One__c").values()], ["b"],
         "the old copy")
    same([r["Name"] for r in w.table("high", "Two__c").values()], ["c"],
         "the new copy")
    w.sound()


def case_target_later(work, options):
    """A column of foreign ids gets one of this org's, whose object had a
    file from the first day."""
    w = World(work)
    head, bare = ["Id", "Name", "Any__c"], ["Id", "LastName"]
    one = [account(1), "a", "005000000000001AAA"]
    w.day({"Account": [head, one], "Contact": [bare]})
    w.day({"Account": [head, one, [account(2), "b", "003000000000001AAA"]],
           "Contact": [bare, ["003000000000001AAA", "x"]]})
    w.equal()
    w.day({"Account": [head, one, [account(2), "b", account(1)]]})
    w.equal()
    w.sound()


if __name__ == "__main__":
    sys.exit(journey.main(globals()))
