"""A small org that changes at random, and what it has said of itself: what
random_journeys.py holds two homes against. And the homes, joined.
"""

import os

import journey

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

    def value(self, rnd, name, field):
        if field in REFERS:
            kind = rnd.choice(REFERS[field])
            ids = sorted(self.records[kind])
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
            return rnd.choice(["", "true", "false"] if self.late else
                              ["", "1", "0", "TRUE", "false"])
        return rnd.choice(TEXTS)

    def edit(self, rnd):
        """Some records are created, changed, deleted, created again."""
        name = rnd.choice(list(OBJECTS))
        rows = self.records[name]
        for _ in range(rnd.choice([1, 2, 3, 5, 14])):
            ids, dice = sorted(rows), rnd.random()
            if dice < .45 or not ids:
                id_ = identifier(OBJECTS[name][0], rnd.randrange(40))
                rows[id_] = {f: self.value(rnd, name, f)
                             for f in OBJECTS[name][1]}
            elif dice < .85 and OBJECTS[name][1]:
                field = rnd.choice(OBJECTS[name][1])
                rows[rnd.choice(ids)][field] = self.value(rnd, name, field)
            else:
                del rows[rnd.choice(ids)]


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
