#!/usr/bin/python3
"""Two homes that have lost track of each other, and a bundle with all there is
that sets them right: export --full, import --new-epoch.

    full.py [--every N] [PATTERN]

Each case runs the real program on homes of its own, as in journey.py.
"""

import csv
import os
import shutil
import sqlite3
import sys

import journey
from journey import (Killed, SMALL, World, account, contact, crash, edited,
                     same, small, told, want)


class Full(World):
    """A world that knows of full bundles."""

    def full(self, home="low", to="high"):
        return self.export("--full", home=home, to=to)

    def take(self, file, home="high"):
        return self.must(home, "import", "--new-epoch", file)

    def carry_full(self):
        file = self.full()
        self.refused("high", 4, "import --new-epoch", "import", file)
        return file, self.take(file)

    def two_ways(self):
        self.must("low", "subscribe", "high", "--all", "--auto-accept",
                  "--on-delete", "delete")
        self.must("high", "publish", "Low", "--all")
        self.must("high", "rule", "add", "Low", "--all")

    def keep(self, home):
        """As it is now, for restore()."""
        self.copy_home(home, home + ".kept")

    def restore(self, home):
        shutil.rmtree(self.path(home))
        shutil.copytree(self.path(home + ".kept"), self.path(home))

    def rows(self, home="high"):
        with open(self.ledger(home), newline="") as f:
            return list(csv.DictReader(f))

    def statuses(self, home="high"):
        return sorted(r["Status"] for r in self.rows(home))

    def waiting(self, home):
        db = sqlite3.connect(self.path(home + "/org.db"))
        count, = db.execute("select count(*) from _waiting").fetchone()
        db.close()
        return count

    def names(self, home, name="Account", field="Name"):
        return sorted(r[field] for r in self.table(home, name).values())

    def goes_on(self, objects):
        """An ordinary day, after which both have the same."""
        self.day(objects)
        self.equal()
        self.sound()


def case_fork(work, options):
    w = Full(work)
    w.day(SMALL)
    w.copy_home("low", "other")
    w.day(small(a1="Initech", a3="Of the lost home"))
    w.load("other", small(a1="Umbrella"))
    w.refused("high", 4, "forked.*export --full.*import --new-epoch",
              "import", w.export(home="other"))
    # The copy is the home from now on.
    os.rename(w.path("low"), w.path("lost"))
    os.rename(w.path("other"), w.path("low"))
    w.load("low", small(a1="Umbrella", a4="Fourth"))
    kept = w.pairs()[account(3)]
    w.carry_full()
    w.equal()
    same(w.table("high", "Account")[kept]["Name"], "Of the lost home",
         "what the new home never had")
    w.goes_on(small(a1="Hooli", a4="Fourth"))
    w.load("lost", small(a1="Tyrell"))
    w.refused("high", 4, "has left", "import", w.export(home="lost"))


def case_no_need(work, options):
    """Nothing is lost: a full bundle changes no value and makes no record."""
    w = Full(work)
    w.must("low", "load", w.generate(300, 1))
    w.carry()
    before, pairs = w.dump("high"), w.pairs()
    file, said = w.carry_full()
    want(" 0 created, 0 values updated, 0 deleted" in said, said)
    same(crash.contents(w.dump("high")), crash.contents(before), "high")
    same(w.pairs(), pairs, "the ledger")
    manifest = w.inspect(file)["manifest"]
    same((manifest["start"], manifest["previous"], manifest["place"]
          ["sequence"]), ("full", None, 1), "the manifest")
    want(manifest["published"]["rows"] > 10, "the catalog is not told")
    same({(o["creates"] == o["records"], o["updates"], o["deletes"])
          for o in manifest["objects"]}, {(True, 0, 0)}, "counts")
    w.must("low", "load", w.generate(300, 2))
    w.carry()
    w.equal()
    w.sound()


def case_first(work, options):
    """To a partner who has had nothing yet it is as good as the first."""
    w = Full(work)
    w.load("low", SMALL)
    w.must("high", "import", w.full())
    w.equal()
    w.goes_on(small(a1="Initech", a3="Third"))


def case_lost_track(work, options):
    """Restored from before its first bundle, and all it has is new."""
    w = Full(work)
    w.keep("low")
    w.day(SMALL)
    w.restore("low")
    w.load("low", small(a3="Third"))
    w.carry_full()
    w.goes_on(small(a1="Initech"))


def case_again_and_full(work, options):
    w = Full(work)
    first = w.day(SMALL)
    w.refused("low", 2, "--full and --again", "export", "high", "--full",
              "--again", "1")
    # The flag makes no difference to what is in order.
    w.load("low", small(a1="Initech"))
    w.take(w.export())
    w.equal()
    w.refused("high", 0, "already imported", "import", "--new-epoch", first)


def case_twice(work, options):
    w = Full(work)
    w.day(SMALL)
    w.load("low", small(a1="Initech"))
    one, _ = w.carry_full()
    w.refused("high", 0, "already imported", "import", one)
    w.refused("high", 0, "already imported", "import", "--new-epoch", one)
    w.load("low", small(a1="Umbrella"))
    older = w.full()
    w.load("low", small(a1="Hooli"))
    newer = w.full()
    w.load("low", small(a1="Tyrell"))
    second = w.export()
    w.refused("high", 4, "whose first bundle, the full one, has not come",
              "import", second)
    w.take(newer)
    w.refused("high", 4, "newest snapshot", "import", "--new-epoch", older)
    w.refused("high", 0, "already imported", "import", "--new-epoch", one)
    w.must("high", "import", second)
    w.equal()
    w.goes_on(small(a2="Wayne"))


def case_lost_bundle(work, options):
    """One that never came, and whose file in sent/ is gone."""
    w = Full(work)
    w.day(small(a3="Third"))
    w.load("low", small(a1="Initech", a4="Fourth"))
    before = set(os.listdir(w.path("low/sent")))
    w.export()
    for name in set(os.listdir(w.path("low/sent"))) - before:
        os.unlink(w.path("low/sent/" + name))
    w.refused("low", 4, "not in sent/", "export", "high", "--again", "2")
    w.load("low", small(a2="Hooli", a4="Fourth"))
    w.refused("high", 4, "--again 2.*export --full", "import", w.export())
    w.carry_full()
    w.goes_on(small(a2="Wayne", a4="Fourth"))


def receiver_restored(work, two_ways):
    w = Full(work)
    if two_ways:
        w.two_ways()
        w.load("high", {"Contact": [["Id", "LastName"],
                                    [contact(1), "Ada"]]})
    w.day(small(a3="Third"))
    w.back()
    w.keep("high")
    ids = w.pairs()
    w.day(small(a1="Initech", a2="Hooli", a4="Fourth"))
    if two_ways:
        w.load("high", {"Contact": [["Id", "LastName"],
                                    [contact(1), "Ada"],
                                    [contact(2), "Bob"]]})
        w.back()
    w.day(small(a1="Umbrella", a2="Hooli", a4="Fourth", a5="Fifth"))
    w.restore("high")
    w.load("low", {"Account": edited(w.table("low", "Account"), account(5),
                                     Name="Fifth, edited")})
    w.refused("high", 4, "bundle 2 has not come.*--again 2", "import",
              w.export())
    return w, ids


def case_receiver_restored(work, options):
    w, ids = receiver_restored(work, False)
    w.carry_full()
    w.equal()
    same(w.pairs()[account(1)], ids[account(1)], "a record's id here")
    same(w.names("high"), ["Fifth, edited", "Fourth", "Hooli", "Umbrella"],
         "high")
    w.goes_on(small(a1="Wayne", a2="Hooli", a4="Fourth", a5="Fifth"))


def case_receiver_restored_both(work, options):
    """Its own bundles fork, too: it says everything anew as well."""
    w, ids = receiver_restored(work, True)
    # The org has the contact that the old copy of its home has not.
    w.load("high", {"Contact": [["Id", "LastName"], [contact(1), "Ada"],
                                [contact(2), "Bob"]]})
    w.carry_full()
    same(len(w.table("high", "Contact")), 2, "contacts in high")
    mine = [r for r in w.rows() if r["Local Record"] == contact(2)]
    same([r["Status"] for r in mine], ["Active (sent)"], "its own again")
    theirs = w.table("low", "Contact")
    want(mine[0]["Partner Record"] in theirs, "not linked to its copy", mine)
    w.refused("low", 4, "forked or restored.*--full", "import",
              w.export(home="high", to="Low"))
    file = w.full(home="high", to="Low")
    w.refused("low", 4, "--new-epoch", "import", file)
    w.take(file, home="low")
    same(w.table("low", "Contact").keys(), theirs.keys(), "contacts in low")
    same({r["Status"] for r in w.rows("low") if not r["Stop Date"]},
         {"Active (sent)", "Active (received)"}, "statuses in low")
    # Both directions go on, with what each has named.
    w.day(small(a1="Wayne", a2="Hooli", a4="Fourth", a5="Fifth"))
    same(w.names("high"), ["Fifth", "Fourth", "Hooli", "Wayne"], "high")
    w.load("high", {"Contact": [["Id", "LastName"], [contact(1), "Ada L."]]})
    w.back()
    same(w.names("low", "Contact", "LastName"), ["Ada L."], "low")
    w.sound()


def case_own_record_lost(work, options):
    """What this org had shared, and its home lost, comes back as it was."""
    w = Full(work)
    w.two_ways()
    w.day(SMALL)
    w.keep("high")
    day = {"Contact": [["Id", "LastName"], [contact(1), "Ada"]]}
    w.load("high", day)
    w.back()
    w.restore("high")
    w.carry_full()
    same(w.names("high", "Contact", "Id"), [contact(1)], "high's contacts")
    same([r["Status"] for r in w.rows() if r["Object"] == "Contact"],
         ["Active (sent)"], "its own again")
    # The org's snapshot knows it again.
    sums = w.load("high", day)
    same((sums["created"], sums["values"]), (0, 0), "new in the snapshot")
    day["Contact"][1][1] = "Lovelace"
    w.load("high", day)
    w.must("low", "import", "--new-epoch", w.full(home="high", to="Low"))
    same(w.names("low", "Contact", "LastName"), ["Lovelace"], "low")
    w.equal()
    w.sound()


def case_own_record_unknown(work, options):
    """A partner who names records of ours that were never published to it
    gets no hold of them."""
    w = Full(work)
    w.two_ways()
    w.keep("high")
    w.load("high", {"Contact": [["Id", "LastName"], [contact(1), "Ada"]]})
    w.back()
    w.restore("high")
    w.must("high", "unpublish", "Low", "--all")
    w.load("high", {"Contact": [["Id", "LastName"], [contact(1), "Bob"]]})
    w.load("low", SMALL)
    file = w.full()
    w.refused("high", 3, "this org's own record.*--new-epoch", "import", file)
    w.take(file)
    same(w.table("high", "Contact")[contact(1)]["LastName"], "Bob", "ours")
    same(len(w.table("high", "Contact")), 2, "theirs is another")
    w.sound()


def case_sender_restored(work, options):
    w = Full(work)
    w.day(small(a3="Third", a4="Fourth"))
    w.keep("low")
    back = [w.back()]
    w.day(small(a1="Initech", a2="Hooli", a4="Fourth", a5="Fifth"))
    back.append(w.back())
    w.day(small(a1="Umbrella", a2="Hooli", a5="Fifth"))
    ids = w.pairs()
    w.restore("low")
    w.must("low", "import", *back)  # which speak of records not here yet
    w.load("low", small(a1="Umbrella", a2="Wayne", a5="Fifth"))
    w.refused("high", 4, "other content.*--full", "import", w.export())
    w.carry_full()
    w.equal()
    same(w.pairs(), ids, "ids here")
    same(w.names("high"), ["Fifth", "Umbrella", "Wayne"], "high")
    # What high took while low was not itself is told anew.
    w.back()
    same(w.statuses("low").count("Active (sent)"), 3, "low's ledger")
    w.goes_on(small(a1="Umbrella", a6="Sixth"))


def case_sender_restored_old(work, options):
    """Without its newest snapshot it would make the copy older."""
    w = Full(work)
    w.day(SMALL)
    w.keep("low")
    w.day(small(a1="Initech"))
    w.restore("low")
    w.refused("high", 4, "load its newest snapshot", "import", "--new-epoch",
              w.full())
    w.load("low", small(a1="Initech", a3="Third"))
    w.carry_full()
    w.goes_on(small(a2="Hooli"))


def case_sender_restored_both(work, options):
    """What the partner had named since is said anew by the partner."""
    w = Full(work)
    w.two_ways()
    w.day(SMALL)
    w.keep("low")
    w.load("high", {"Contact": [["Id", "LastName"], [contact(1), "Ada"]]})
    w.back()
    w.day(small(a1="Initech"))
    w.restore("low")
    w.load("low", small(a1="Initech", a3="Third"))
    w.carry_full()
    # Low does not know the contact any more; it is high's, and stays.
    same([r["Status"] for r in w.rows()
          if r["Local Record"] == contact(1)], ["Active (sent)"], "high's")
    w.load("high", {"Contact": [["Id", "LastName"], [contact(1), "Bob"]]})
    w.refused("low", 4, "bundle 1 has not come", "import",
              w.export(home="high", to="Low"))
    w.must("low", "import", w.full(home="high", to="Low"))
    same(w.names("low", "Contact", "LastName"), ["Bob"], "low")
    w.day(small(a1="Initech", a2="Hooli"))
    w.equal()
    same(w.names("high"), ["Hooli", "Initech"], "high")
    w.sound()


def case_deletes(work, options):
    """What is gone is said again, and done as the subscription says."""
    for way in ("delete", "keep"):
        sub = os.path.join(work, way)
        os.mkdir(sub)
        w = Full(sub)
        w.must("high", "subscribe", "Low", "--all", "--auto-accept",
               "--on-delete", way)
        w.day(small(a3="Third", a4="Fourth"))
        w.keep("high")
        w.day(small(a4="Fourth"))  # told of, and high forgets it
        w.restore("high")
        w.load("low", small())  # not told of yet
        file, said = w.carry_full()
        same(told(w, file), {"Account": [2, 0, 2]}, "counts")
        want(" 2 deleted" in said, said)
        same(len(w.table("high", "Account")), 2 if way == "delete" else 4,
             "accounts with on-delete " + way)
        same(w.statuses(), ["Active (received)"] * 2 +
             ["Inactive (deleted)"] * 2, "statuses")
        w.goes_on(small(a1="Initech"))


def case_not_named(work, options):
    """What a full bundle does not name is shared no more, and stays; what
    waits and is not named waits no more."""
    w = Full(work, agree=False)
    w.load("low", small(a3="Third") | {
        "Contact": [["Id", "LastName", "AccountId"],
                    [contact(1), "Ada", account(1)],
                    [contact(2), "Bob", account(2)]]})
    w.must("low", "publish", "high", "Account", "Contact")
    w.must("high", "subscribe", "Low", "Account", "--auto-accept")
    w.must("low", "forward", "high", account(1), contact(1))
    w.carry()
    w.keep("low")
    w.must("low", "forward", "high", account(2), account(3), contact(2))
    w.carry()
    same(len(w.inbox()), 2, "inbox")
    w.restore("low")
    w.must("low", "forward", "high", account(3))
    w.load("low", small(a1="Initech", a3="Third"))
    _, said = w.carry_full()
    want("1 records are shared no more; they stay here" in said, said)
    same(len(w.inbox()), 1, "inbox")
    same(w.names("high"), ["Globex", "Initech", "Third"], "high")
    same(w.statuses(), ["Active (received)"] * 2 + ["Inactive"], "statuses")
    # Shared once more, it is the same record again.
    kept = {r["Name"]: i for i, r in w.table("high", "Account").items()}
    w.must("low", "forward", "high", account(2))
    w.load("low", small(a1="Initech", a2="Hooli", a3="Third"))
    w.carry()
    same(w.pairs()[account(2)], kept["Globex"], "its copy")
    same(w.names("high"), ["Hooli", "Initech", "Third"], "high, again")
    # The contacts, subscribed to, are those named.
    w.must("high", "subscribe", "Low", "Contact", "--auto-accept")
    same(len(w.table("high", "Contact")), 1, "contacts")
    w.sound()


def case_unpublished(work, options):
    """What is not published is not named, until it is published again."""
    w = Full(work)
    w.day(SMALL)
    ids = w.pairs()
    w.must("low", "unpublish", "high", "Account")
    w.load("low", small(a1="Initech", a3="Third"))
    file, _ = w.carry_full()
    same(told(w, file), {}, "counts")
    same((w.names("high"), w.statuses()), (["Acme", "Globex"],
                                           ["Inactive"] * 2), "high")
    w.must("low", "publish", "high", "Account")
    w.carry()
    w.equal()
    same({i: w.pairs()[i] for i in ids}, ids, "ids here")
    w.goes_on(small(a1="Initech", a2="Hooli"))


def case_waiting_anew(work, options):
    """A record that waits, and comes anew, has the newest values alone."""
    w = Full(work, agree=False)
    w.must("low", "publish", "high", "--all")
    w.must("low", "rule", "add", "high", "--all")

    def day(phone, fax):
        return {"Account": [["Id", "Name", "Phone", "Fax"],
                            [account(1), "Acme", phone, fax]]}
    w.day(day("1", "2"))
    w.load("low", day("", "3"))
    w.carry_full()
    same(len(w.inbox()), 1, "inbox")
    w.must("high", "subscribe", "Low", "Account", "--auto-accept")
    w.equal()
    w.goes_on(day("4", ""))


def case_cleared(work, options):
    """Every published field is as the bundle has it, also an empty one."""
    w = Full(work)
    head = ["Id", "Name", "Phone", "Fax"]
    w.day({"Account": [head, [account(1), "Acme", "1", "2"]]})
    w.keep("low")
    w.day({"Account": [head, [account(1), "Acme", "1", "3"]]})
    w.restore("low")
    w.load("low", {"Account": [head, [account(1), "Acme", "", "4"]]})
    w.carry_full()
    w.goes_on({"Account": [head, [account(1), "Acme", "5", ""]]})


def case_references(work, options):
    """References among what comes anew, and one whose target is shared
    only now."""
    w = Full(work, agree=False)
    w.load("low", small(a3="Third"))
    w.must("low", "publish", "high", "Account")
    w.must("high", "subscribe", "Low", "--all", "--auto-accept")
    w.must("low", "forward", "high", account(2), account(3))
    w.carry()
    same(w.copy_of("Account", account(2))["ParentId"], "", "a parent to come")
    w.must("low", "forward", "high", account(1))
    w.load("low", {"Account": [["Id", "Name", "ParentId"],
                               [account(1), "Acme", account(3)],
                               [account(2), "Globex", account(1)],
                               [account(3), "Third", account(3)]]})
    w.carry_full()
    w.goes_on(small(a1="Initech", a3="Third"))


def case_local_deletes(work, options):
    """What high's own org has deleted does not come back."""
    w = Full(work)
    w.day(small(a3="Third", a4="Fourth"))
    pairs = w.pairs()

    rows = edited(w.table("high", "Account"), None)
    w.load("high", {"Account": rows})

    def delete(*names):
        w.load("high", {"Account": [r for r in rows if r[0] not in
                                    {pairs[account(n)] for n in names}]})
    # Only what a snapshot has had can be gone.
    delete(3)
    w.export(home="high", to="Low")  # which is lost
    delete(3, 4)  # and this low is never told
    w.load("low", small(a1="Initech", a3="Third", a4="Fourth"))
    w.carry_full()
    same(w.names("high"), ["Globex", "Initech"], "high")
    same(w.statuses(), ["Active (received)"] * 3 + ["Inactive (deleted)"],
         "statuses, one not told yet")
    w.take(w.full(home="high", to="Low"), home="low")
    same(w.statuses("low"), ["Active (sent)"] * 2 +
         ["Inactive (deleted)"] * 2, "low's statuses")
    same(len(w.table("low", "Account")), 4, "low's accounts")
    same(w.waiting("high"), 0, "values that wait")
    w.day(small(a1="Umbrella", a3="Third", a4="Fourth"))
    same(w.names("high"), ["Globex", "Umbrella"], "high, later")
    w.sound()


def case_told_again(work, options):
    """The receipt of such a delete goes with the next bundle."""
    w = Full(work)
    w.day(small(a3="Third"))
    gone = w.pairs()[account(3)]
    rows = edited(w.table("high", "Account"), None)
    w.load("high", {"Account": rows})
    w.load("high", {"Account": [r for r in rows if r[0] != gone]})
    w.export(home="high", to="Low")  # which low imports much later
    w.carry_full()
    same(w.names("high"), ["Acme", "Globex"], "high")
    second = w.export(home="high", to="Low")
    for name in sorted(os.listdir(w.path("high/sent"))):
        if name.endswith("-1.ferry"):
            w.must("low", "import", w.path("high/sent/" + name))
    w.must("low", "import", second)
    same(w.statuses("low"), ["Active (sent)"] * 2 + ["Inactive (deleted)"],
         "low")
    w.sound()


def case_one_way(work, options):
    w = Full(work, connect=False, agree=False)
    w.make_homes()
    w.must("high", "import", w.invite("--one-way"))
    w.must("high", "connection", "accept", "Low", "--fingerprint",
           w.fingerprint("low"))
    w.agree()
    w.load("low", SMALL)
    w.carry("--plain")
    w.keep("high")
    w.load("low", small(a1="Initech", a3="Third"))
    w.carry("--plain")
    w.restore("high")
    w.load("low", small(a1="Umbrella", a3="Third"))
    full = w.export("--full", "--plain")
    w.refused("high", 4, "--new-epoch", "import", full)
    w.take(full)
    w.equal()
    w.load("low", small(a1="Hooli", a4="Fourth"))
    w.carry("--plain")
    w.equal()
    w.sound()


def case_mapped(work, options):
    """Into another object, whose receipts bear the partner's names."""
    w = Full(work, agree=False)
    day = {"Invoice__c": [["Id", "Name"], ["a05%012dAAA" % 1, "I-1"]]}
    w.load("low", day)
    w.must("low", "publish", "high", "--all")
    w.must("low", "rule", "add", "high", "--all")
    w.must("high", "subscribe", "Low", "Invoice__c", "--to", "Bill__c",
           "--auto-accept")
    w.carry()
    day["Invoice__c"][1][1] = "I-2"
    w.load("low", day)
    w.carry_full()
    same(w.names("high", "Bill__c"), ["I-2"], "bills")
    w.must("high", "publish", "Low", "Bill__c")
    file = w.full(home="high", to="Low")
    w.must("low", "import", file)
    same([r["Partner Record"] for r in w.rows("low")],
         list(w.table("high", "Bill__c")), "low's ledger")
    w.sound()


def case_kept_copy(work, options):
    """A copy that was kept is the same record when it is shared again."""
    w = Full(work)
    w.must("high", "subscribe", "Low", "--all", "--auto-accept",
           "--on-delete", "keep")
    w.day(small(a3="Third"))
    kept = w.pairs()[account(3)]
    w.day(small())
    same(w.statuses().count("Inactive (deleted)"), 1, "statuses")
    w.day(small(a3="Third, again"))
    same(w.pairs()[account(3)], kept, "its copy")
    same(w.names("high"), ["Acme", "Globex", "Third, again"], "high")
    w.equal()
    w.back()
    same(set(w.statuses("low")), {"Active (sent)"}, "low")
    w.goes_on(small(a3="Fourth"))


def case_unsubscribed(work, options):
    """Values of a record whose object is not taken any more wait."""
    w = Full(work)
    w.day(SMALL)
    w.must("high", "unsubscribe", "Low", "Account")
    w.day(small(a1="Initech"))
    same(w.copy_of("Account", account(1))["Name"], "Acme", "the copy")
    w.load("low", small(a2="Hooli"))
    w.carry_full()
    same(w.names("high"), ["Acme", "Globex"], "the copies")
    w.must("high", "subscribe", "Low", "Account", "--auto-accept",
           "--on-delete", "delete")
    w.goes_on(small(a1="Initech", a2="Hooli", a3="Third"))
    same(len(w.table("high", "Account")), 3, "accounts")


def case_large_record(work, options):
    """A created record larger than a member, with and without others."""
    w = Full(work)
    head = ["Id", "Name"] + ["Text%d__c" % n for n in range(40)]

    def row(n, letter, size):
        return [account(n), "A%d" % n] + [
            letter * (size - len(str(k))) + str(k) for k in range(40)]
    day = {"Account": [head, row(1, "x", 131072), row(2, "y", 100),
                       row(3, '"', 60000)]}
    w.day(day)
    w.equal()
    day["Account"][1][5] = "short"
    w.day(day)
    w.equal()
    file, _ = w.carry_full()
    manifest = w.inspect(file)["manifest"]
    want(max(m["size"] for m in manifest["members"]) <= 4 << 20, "a member")
    same(told(w, file), {"Account": [3, 0, 0]}, "counts")
    w.equal()
    # One that waits has all of it, too.
    w.must("high", "unsubscribe", "Low", "Account")
    day["Account"].append(row(4, "z", 131072))
    w.day(day)
    same(len(w.inbox()), 1, "inbox")
    w.must("high", "subscribe", "Low", "Account", "--auto-accept")
    w.equal()
    w.sound()


class KilledFull(Killed):
    def go_on(self, work, state):
        w = Full(work, connect=False, agree=False)
        bundle = w.path("carry/x.ferry")
        if self.name.startswith("export"):
            whole = os.path.exists(bundle)
            want(not whole or state == "new", "a bundle that was never made")
            if not whole:
                w.must("low", "export", "high", "-o", bundle,
                       *(["--again", "1"] if state == "new" else ["--full"]))
            same(self.look(work)[0], self.new[0], "low, exported again")
            same(len(os.listdir(w.path("low/sent"))), 3, "files in sent/")
        w.take(bundle)
        w.equal()
        w.load("low", {"Account": [["Id", "Name"], [account(3), "last"]]},
               "--allow-deletes")
        w.carry()
        w.equal()
        w.sound()
        for home in ("low", "high"):
            left = [n for n in crash.listing(w.path(home))
                    if n.endswith(".part") or n.endswith("-journal") and
                    not crash.is_cold(w.path(home), n)]
            same(left, [], "left behind in %s" % home)


def killed(work):
    """An export --full and its import to be disturbed."""
    before = os.path.join(work, "before")
    os.mkdir(before)
    w = Full(before)
    for n, files in enumerate((crash.DAY_1, crash.DAY_2)):
        folder = os.path.join(work, "day%d" % n)
        crash.write_snapshot(folder, files)
        w.must("low", "load", folder, "--allow-deletes")
        if n == 0:
            w.carry()
            w.keep("high")
    w.carry()
    w.restore("high")
    for name in os.listdir(before):
        if name not in ("low", "high"):
            path = os.path.join(before, name)
            shutil.rmtree(path) if os.path.isdir(path) else os.unlink(path)
    os.mkdir(before + "/carry")
    after = os.path.join(work, "after")
    shutil.copytree(before, after)
    crash.must(after, "-C {w}/low export high --full -o {w}/carry/x.ferry")
    return [KilledFull("export --full", "-C {w}/low export high --full "
                       "-o {w}/carry/x.ferry", before),
            KilledFull("import --new-epoch", "-C {w}/high import "
                       "--new-epoch {w}/carry/x.ferry", after)]


def case_killed(work, options):
    journey.kill(killed, work, options)


if __name__ == "__main__":
    sys.exit(journey.main(globals()))
