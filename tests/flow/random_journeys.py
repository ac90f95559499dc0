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
from random_org import OBJECTS, REFERS, Model, make_template

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

    def do_day(self):
        for _ in range(self.rnd.choice([1, 2, 4])):
            self.model.edit(self.rnd)
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

    def do_check(self):
        m = self.model
        self.say()
        self.do_import()
        self.do_accept()
        active, stopped = {}, set()
        with open(self.ledger("high"), newline="", encoding="utf-8") as f:
            rows = list(csv.DictReader(f, strict=True))
        for row in rows:
            if row["Connection"] != "Low":
                continue
            if row["Stop Date"]:
                stopped.add(row["Local Record"])
            else:
                want(row["Partner Record"] not in active, "two copies of",
                     row["Partner Record"])
                active[row["Partner Record"]] = row["Local Record"]
        for id_ in active:
            want(id_ in m.alive(), id_, "is Active there and gone here")
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
                print("FAILED  seed %d: %s" % (seed, play(seed, steps,
                                                          templates)))
                print("       ", *("%d:%s" % s for s in steps), flush=True)
    print("%d passed, %d failed" % (options.seeds - failed, failed))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
