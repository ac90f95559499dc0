#!/usr/bin/python3
"""Random journeys of random homes: what one side promised is on the other.

    random_journeys.py [--seeds N] [--first SEED]

Each seed is a world of two homes, sometimes three in a row: snapshots of five
small objects that refer to each other, edited at random; objects and fields
published and taken back, rules, forwards, subscriptions; bundles lost and
written again; homes restored from a copy and told everything anew. Whenever
all bundles have come, each record that is shared has one copy, equal in what
is published, and nothing else has come. A failure prints its seed and steps,
those that are not needed for it left out.
"""

import argparse
import copy
import csv
import os
import random
import shutil
import sys
import tempfile

import journey
from journey import Failed, want

# Object: key prefix, fields, and which of them are references.
OBJECTS = {
    "Account": ("001", ["Name", "Type", "ParentId", "Any__c"]),
    "Contact": ("003", ["LastName", "AccountId", "ReportsToId"]),
    "Thing__c": ("a01", ["Name", "Text__c", "When__c", "Then__c", "Late__c",
                         "Account__c", "Any__c"]),
    "Other__c": ("a02", ["Name", "Thing__c", "Self__c"]),
    "Bare__c": ("a03", []),
}
REFERS = {"ParentId": ["Account"], "AccountId": ["Account"],
          "ReportsToId": ["Contact"], "Account__c": ["Account"],
          "Thing__c": ["Thing__c"], "Self__c": ["Other__c"],
          "Any__c": ["Account", "Contact", "Thing__c"]}
TEXTS = ["", "a", "b", 'say "so", twice', "two\nlines", "crlf\r\nend", "é€",
         "+5", "-0.250", "=1+1", " blanks ", "x" * 300, "O'Neil"]
TIMES = ["", "2026-11-21T06:00:00.000Z", "2026-11-21T06:00:00.123Z",
         "1999-12-31T23:59:59.999Z", "1700-01-01T00:00:00.000Z",
         "4000-12-31T23:59:59.000Z"]


def identifier(prefix, n):
    """An id of lower and upper case; a few end in wrong characters."""
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"
    short = prefix + "%09d" % (n // 4) + ("aaA", "AAa", "aAb", "00Z")[n % 4]
    check = "".join(letters[sum(1 << i for i in range(5)
                                if short[at + i].isupper())]
                    for at in (0, 5, 10))
    return short + ("AAZ" if n % 13 == 12 else check)


class Model:
    """What there is to know of low and of what it said."""

    def __init__(self):
        self.records = {o: {} for o in OBJECTS}
        self.there = set()       # objects that a load has told of
        self.all = False         # published, but for the exceptions
        self.no = set()          # (object, field), field None: the object
        self.published = {}      # object: its fields
        self.rules = set()
        self.shared = set()      # ids
        self.late = False        # whether Late__c is known to be a boolean

    def fields(self, name):
        """The fields of an object that are published, or None."""
        if self.all and (name, None) not in self.no:
            return {f for f in OBJECTS[name][1] if (name, f) not in self.no}
        return {f for f in self.published[name] if (name, f) not in
                self.no} if name in self.published else None

    def apply_rules(self):
        for name in self.there:
            if self.fields(name) is not None and \
                    (name in self.rules or "" in self.rules):
                self.shared |= set(self.records[name])

    def alive(self):
        return {i for rows in self.records.values() for i in rows}


class Journey(journey.World):
    def __init__(self, work, seed, templates):
        super().__init__(work, connect=False, agree=False)
        self.rnd = random.Random(seed)
        self.model = Model()
        self.kept = {}
        self.told = set()        # (object, field) that a bundle may have told
        self.pending = []        # bundles on their way
        self.minute = 0
        self.taken = {}          # what high takes: object: True or False
        self.deletes = True      # copies go when the originals do, always
        self.one_way = self.rnd.random() < .2
        self.three = self.rnd.random() < .25
        self.anew = False        # whether the third home needs a full bundle
        shutil.copytree(templates[self.one_way], work, dirs_exist_ok=True)
        if self.rnd.random() < .5:
            self.must("high", "subscribe", "Low", "--all", "--on-delete",
                      "delete", *self.rnd.choice([[], ["--auto-accept"]]))
            self.taken = dict.fromkeys(OBJECTS, True)

    # What low's org does.

    def value(self, name, field):
        rnd = self.rnd
        if field in REFERS:
            kind = rnd.choice(REFERS[field])
            ids = sorted(self.model.records[kind])
            dice = rnd.random()
            if dice < .3 or not ids:
                return ""
            if dice < .35:
                return identifier("005", 8)  # of an object that is not there
            if dice < .4:
                return identifier(OBJECTS[kind][0], rnd.randrange(40))
            return rnd.choice(ids)
        if field in ("When__c", "Then__c"):
            return rnd.choice(TIMES)
        if field == "Late__c":
            return rnd.choice(["", "true", "false"] if self.model.late else
                              ["", "1", "0", "TRUE", "false"])
        return rnd.choice(TEXTS)

    def edit(self):
        """Some records are created, changed, deleted, created again."""
        rnd, records = self.rnd, self.model.records
        name = rnd.choice(list(OBJECTS))
        rows = records[name]
        for _ in range(rnd.choice([1, 2, 3, 5, 14])):
            ids, dice = sorted(rows), rnd.random()
            if dice < .45 or not ids:
                n = rnd.randrange(40)
                rows.setdefault(identifier(OBJECTS[name][0], n), {})
                for field in OBJECTS[name][1]:
                    rows[identifier(OBJECTS[name][0], n)][field] = \
                        self.value(name, field)
            elif dice < .85 and OBJECTS[name][1]:
                field = rnd.choice(OBJECTS[name][1])
                rows[rnd.choice(ids)][field] = self.value(name, field)
            else:
                gone = rnd.choice(ids)
                del rows[gone]

    def do_day(self):
        for _ in range(self.rnd.choice([1, 2, 4])):
            self.edit()
        self.load_low()

    def load_low(self, *more):
        m, folder = self.model, self.new()
        self.minute += 1
        stamp = "2026-11-22T%02d:%02d:00.%03dZ" % (
            self.minute // 60, self.minute % 60, self.rnd.choice([0, 7]))
        names = [o for o in OBJECTS if o in m.there or m.records[o]] or \
            ["Account"]
        m.there |= set(names)
        journey.write_day(folder, {
            o: [["Id"] + OBJECTS[o][1] + ["LastModifiedDate"]] +
               [[i] + [row[f] for f in OBJECTS[o][1]] +
                [stamp if len(i + o) % 3 else ""]
                for i, row in sorted(m.records[o].items())]
            for o in names})
        self.must("low", "load", folder, "--allow-deletes", "--quiet",
                  "--as-of", stamp, *more)
        m.shared &= m.alive()

    def do_learn(self):
        """The type of a field is said late."""
        m = self.model
        if "Thing__c" in m.there and not m.late:
            m.late = True
            for row in m.records["Thing__c"].values():
                row["Late__c"] = {"1": "true", "0": "false",
                                  "TRUE": "true"}.get(row["Late__c"],
                                                      row["Late__c"])
            self.load_low("--type", "Thing__c.Late__c=boolean")

    def do_back(self):
        """A day that brings back what was before."""
        if self.rnd.random() < .5 or "day" not in self.kept:
            self.kept["day"] = copy.deepcopy(self.model.records)
        elif not self.model.late:
            self.model.records = copy.deepcopy(self.kept["day"])
            self.load_low()

    # What low says.

    def do_publish(self):
        m, rnd = self.model, self.rnd
        if rnd.random() < .25:
            self.must("low", "publish", "high", "--all")
            m.all = True
            return
        name = rnd.choice(list(OBJECTS))
        if name not in m.there:
            return
        if rnd.random() < .5 or not OBJECTS[name][1]:
            self.must("low", "publish", "high", name)
            if (name, None) in m.no:
                m.no = {n for n in m.no if n[0] != name}
            m.published[name] = set(OBJECTS[name][1])
        else:
            field = rnd.choice(OBJECTS[name][1])
            self.must("low", "publish", "high", name + "." + field)
            if (name, None) in m.no:
                m.no |= {(name, f) for f in OBJECTS[name][1]}
            m.published.setdefault(name, set()).add(field)
            m.no -= {(name, field), (name, None)}

    def do_unpublish(self):
        m, rnd = self.model, self.rnd
        name = rnd.choice(list(OBJECTS))
        if name not in m.there or m.fields(name) is None:
            return
        if rnd.random() < .5 or not OBJECTS[name][1]:
            self.must("low", "unpublish", "high", name)
            m.published.pop(name, None)
            m.no = {n for n in m.no if n[0] != name} | {(name, None)}
        else:
            field = rnd.choice(OBJECTS[name][1])
            self.must("low", "unpublish", "high", name + "." + field)
            m.no.add((name, field))
            if name in m.published:
                m.published[name].discard(field)

    def do_rule(self):
        m, rnd = self.model, self.rnd
        name = rnd.choice([""] + list(OBJECTS))
        word = name or "--all"
        if name in m.rules and rnd.random() < .5:
            self.must("low", "rule", "remove", "high", word)
            m.rules.discard(name)
        elif not name or name in m.there:
            self.must("low", "rule", "add", "high", word)
            m.rules.add(name)

    def do_forward(self):
        m, rnd = self.model, self.rnd
        name = rnd.choice(list(OBJECTS))
        ids = sorted(m.records[name])
        if m.fields(name) is None or name not in m.there or not ids:
            return
        if rnd.random() < .5:
            self.must("low", "forward", "high", "--object", name)
            m.shared |= set(ids)
        else:
            id_ = rnd.choice(ids)
            self.must("low", "forward", "high", id_)
            m.shared.add(id_)

    # What high says.

    def do_take(self):
        rnd = self.rnd
        name = rnd.choice(list(OBJECTS))
        if rnd.random() < .25:
            self.must("high", "unsubscribe", "Low", name)
            self.taken[name] = False
            self.deletes = False
            return
        words = ["--on-delete", "delete"]
        if rnd.random() < .5:
            words.append("--auto-accept")
        self.must("high", "subscribe", "Low", name, *words)
        self.taken[name] = True

    # What goes between.

    def say(self, *more):
        m, file = self.model, self.new(".ferry")
        plain = ["--plain"] if self.rnd.random() < .3 else []
        m.apply_rules()
        for name in m.there:
            self.told |= {(name, f) for f in m.fields(name) or ()}
        said = self.must("low", "export", "high", "-o", file, *plain, *more)
        if os.path.exists(file):
            number = said.split("bundle ")[1].split(":")[0]
            self.pending.append((file, number, more))

    def do_export(self):
        self.say()
        if self.pending and self.rnd.random() < .2:  # lost, and said again
            _, number, more = self.pending.pop()
            file = self.new(".ferry")
            self.must("low", "export", "high", "--again", number, "-o",
                      file)
            self.pending.append((file, number, more))

    def do_import(self, count=None):
        while self.pending and count != 0:
            file, _, more = self.pending.pop(0)
            self.must("high", "import", file,
                      *(["--new-epoch"] if more else []))
            if self.rnd.random() < .2:
                self.must("high", "import", file)
            count = count - 1 if count else None

    def do_some(self):
        self.do_import(1)

    def do_accept(self):
        self.must("high", "accept", "Low", "--all")

    def do_answer(self, *more):
        """What high has to say of low's records."""
        file = self.new(".ferry")
        if self.one_way:
            return
        self.must("high", "export", "Low", "-o", file, *more)
        if os.path.exists(file):
            self.must("low", "import", file,
                      *(["--new-epoch"] if more else []))

    def do_keep(self):
        for home in ("low", "high"):
            shutil.rmtree(self.path(home + ".kept"), ignore_errors=True)
            self.copy_home(home, home + ".kept")
        self.kept["home"] = copy.deepcopy((self.model, self.taken))

    def do_restore(self):
        """One home is lost, and taken back from a copy."""
        if "home" not in self.kept:
            return
        home = self.rnd.choice(["low", "high"])
        self.do_import()
        model, taken = copy.deepcopy(self.kept["home"])
        shutil.rmtree(self.path(home))
        shutil.copytree(self.path(home + ".kept"), self.path(home))
        if home == "low":
            model.records, model.there = self.model.records, self.model.there
            model.late = self.model.late
            self.model = model
            self.load_low(*(["--type", "Thing__c.Late__c=boolean"]
                            if model.late else []))
        else:
            self.taken = taken
        self.deletes = False  # what came in between may stay
        self.anew = True
        # The one whose home is whole says it first.
        if home == "low":
            self.do_answer("--full")
        self.say("--full")
        self.do_import()
        if home == "high":
            self.do_answer("--full")
        del self.kept["home"]

    # What must hold.

    def ledger_rows(self):
        with open(self.ledger("high"), newline="", encoding="utf-8") as f:
            return [row for row in csv.DictReader(f, strict=True)
                    if row["Connection"] == "Low"]

    def do_check(self):
        m = self.model
        self.say()
        self.do_import()
        self.do_accept()
        rows = self.ledger_rows()
        active, stopped = {}, set()
        for row in rows:
            if row["Stop Date"]:
                stopped.add(row["Local Record"])
            else:
                want(row["Partner Record"] not in active, "two copies of",
                     row["Partner Record"])
                active[row["Partner Record"]] = row["Local Record"]
        alive = m.alive()
        for id_ in active:
            want(id_ in alive, id_, "is Active there and gone here")
            want(id_ in m.shared, id_, "has come and is not shared")
        for name in OBJECTS:
            self.check_object(name, self.table("low", name),
                              self.table("high", name), active, stopped)
        for home in ("low", "high"):
            self.must(home, "check")
        if self.three:
            self.do_third(check=True)

    def check_object(self, name, rows, copies, active, stopped):
        m = self.model
        fields = m.fields(name) if name in m.there else None
        mine = {active[i] for i in m.records[name] if i in active}
        want(rows.keys() == m.records[name].keys(), name, "was not loaded")
        for id_, copied in copies.items():
            want(not self.deletes or id_ in mine, name, id_, "is left over")
            for field, value in copied.items():
                want(field == "Id" or not value or (name, field) in self.told,
                     name, id_, field, "was never published")
        if fields is None or not self.taken.get(name):
            return
        for id_ in sorted(m.shared & set(m.records[name])):
            copied = copies.get(active.get(id_))
            want(copied is not None, name, id_, "has no copy")
            for field in sorted(fields):
                self.check_value(name, id_, field, rows[id_].get(field, ""),
                                 copied.get(field, ""), active, stopped)

    def check_value(self, name, id_, field, value, have, active, stopped):
        m = self.model
        if field in REFERS and value in active:
            value = active[value]
        elif field in REFERS and value and value[:3] != "005":
            if value in m.alive() and value not in m.shared:
                want(have == "" or have in stopped or have == value, name, id_,
                     field, "is", have)
            return  # gone, or not to be had
        want(have == value, name, id_, field, "is %r, and should be %r" % (
            have, value))

    def do_third(self, check=False):
        """High's home hands on all that it has."""
        if not self.three:
            return
        file, anew, self.anew = self.new(".ferry"), self.anew, False
        self.must("high", "export", "top", "-o", file,
                  *(["--full"] if anew else []))
        if os.path.exists(file):
            self.must("top", "import", file,
                      *(["--new-epoch"] if anew else []))
        if not check:
            return
        done = journey.subprocess.run(
            [sys.executable, journey.EQUAL, self.dump("high"),
             self.dump("top"), self.ledger("top")],
            stdout=journey.subprocess.PIPE, text=True)
        want(done.returncode == 0, "top is not as high:", done.stdout)


STEPS = (["day"] * 8 + ["publish"] * 4 + ["unpublish", "rule", "rule",
         "rule", "forward", "forward", "take", "take", "take", "export",
         "export", "export", "some", "import", "accept", "answer", "keep",
         "restore", "third", "check", "back", "learn"])


def connect(world, inviter, other, *more):
    """As World.connect(), of any two homes."""
    inv, answer = world.new(".ferry"), world.new(".ferry")
    world.must(inviter, "connection", "invite", other, "--contact",
               "Ada <ada@%s.example>" % other, "-o", inv, *more)
    world.must(other, "import", inv)
    world.must(other, "connection", "accept", inviter.capitalize(),
               "--fingerprint", world.fingerprint(inviter),
               *([] if more else ["-o", answer]))
    if not more:
        world.must(inviter, "import", answer, "--fingerprint",
                   world.fingerprint(other))


def make_template(work, one_way):
    world = journey.World(work, connect=False, agree=False)
    world.make_homes()
    world.must(None, "init", world.path("top"), "--name", "Top", "--enable")
    key = world.path("key")
    world.must("high", "key", "export", "--sealing", "-o", key)
    connect(world, "low", "high",
            *(["--one-way", "--to-key", key] if one_way else []))
    connect(world, "high", "top")
    world.must("high", "publish", "top", "--all")
    world.must("high", "rule", "add", "top", "--all")
    world.must("top", "subscribe", "High", "--all", "--auto-accept",
               "--on-delete", "delete")
    for name in os.listdir(work):
        if name not in ("low", "high", "top"):
            os.unlink(world.path(name))


def plan(seed):
    rnd = random.Random(seed)
    steps = ["day"] + rnd.choices(STEPS, k=rnd.choice([8, 16, 30]))
    return [(n, step) for n, step in enumerate(steps + ["check"])]


def play(seed, steps, templates):
    """None, or what went wrong. A step's chances are its own."""
    with tempfile.TemporaryDirectory() as work:
        world = Journey(work, seed, templates)
        for n, step in steps:
            world.rnd = random.Random("%d %d" % (seed, n))
            try:
                getattr(world, "do_" + step)()
            except Failed as e:
                return "step %d, %s: %s" % (n, step, e)
    return None


def shrink(seed, steps, templates):
    """Without the steps that are not needed to fail."""
    size = len(steps)
    while size:
        at = 0
        while at < len(steps):
            fewer = steps[:at] + steps[at + size:]
            if fewer and play(seed, fewer, templates):
                steps = fewer
            else:
                at += size
        size //= 2
    return steps


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--first", type=int, default=1)
    options = parser.parse_args()
    failed = 0
    with tempfile.TemporaryDirectory() as work:
        templates = []
        for one_way in (False, True):
            templates.append(os.path.join(work, str(int(one_way))))
            os.mkdir(templates[-1])
            make_template(templates[-1], one_way)
        for seed in range(options.first, options.first + options.seeds):
            steps = plan(seed)
            said = play(seed, steps, templates)
            if said:
                failed += 1
                steps = shrink(seed, steps, templates)
                print("FAILED  seed %d: %s" % (
                    seed, play(seed, steps, templates)))
                print("        %s" % " ".join("%d:%s" % s for s in steps),
                      flush=True)
    print("%d passed, %d failed" % (options.seeds - failed, failed))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
