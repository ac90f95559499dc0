#!/usr/bin/python3
"""load and what it leaves behind, against a model of dictionaries.

    load_model.py [COUNT [SEED]]

COUNT random orgs of a few objects each live through some ten steps: loads of
what was edited, in any spelling that Salesforce's tools have; parts; older
snapshots; imports; the old snapshot again after them; one that has caught up;
one with a third value; a dump and its load. After each step the model says
what the store holds, what is logged, deleted and kept as base, what was
counted and what a dump writes.
"""

import collections
import copy
import datetime
import decimal
import json
import os
import random
import re
import shutil
import sqlite3
import string
import subprocess
import sys
import tempfile
import time
from urllib.parse import unquote_to_bytes

BUILD = os.environ.get("BUILD", "build")
PROGRAM = os.path.join(BUILD, "orgferry")
DRIVER = os.path.join(BUILD, "tests/store/store_driver")

# ---- values ---------------------------------------------------------------

NULL_ID = "000000000000000AAA"
MOMENT = re.compile(r"(\d{4}-\d\d-\d\d)([T ])(\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?"
                    r"(Z|[+-]\d\d:?\d\d)?")
NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,3})?")
NUMBERS = ("number", "currency", "percent")


def check_characters(id15):
    alphabet = string.ascii_uppercase + "012345"
    return "".join(alphabet[sum(id15[g + i].isupper() << i for i in range(5))]
                   for g in (0, 5, 10))


def looks_like_id(s):
    return len(s) in (15, 18) and s.isascii() and s.isalnum()


def read_date(s):
    try:
        return datetime.date.fromisoformat(s) if len(s) == 10 else None
    except ValueError:
        return None


def read_moment(s):
    """(the moment in UTC, whether it says its zone and a T) or None."""
    m = MOMENT.fullmatch(s)
    if not m:
        return None
    try:
        at = datetime.datetime.fromisoformat(m[1] + "T" + m[3])
    except ValueError:
        return None
    at += datetime.timedelta(milliseconds=int(((m[4] or "") + "000")[:3]))
    if m[5] and m[5] != "Z":
        minutes = int(m[5][1:3]) * 60 + int(m[5][-2:])
        at -= datetime.timedelta(minutes=minutes if m[5][0] == "+"
                                 else -minutes)
    return at, bool(m[5]) and m[2] == "T"


def api_moment(at):
    return at.strftime("%Y-%m-%dT%H:%M:%S.") + "%03dZ" % (at.microsecond
                                                          // 1000)


def respell(kind, s):
    """The API dialect's spelling, or None where it is no such value."""
    if s == "":
        return s
    if kind in ("id", "reference"):
        if s in (NULL_ID, NULL_ID[:15]):
            return ""
        if not looks_like_id(s):
            return None
        return s if len(s) == 18 else s + check_characters(s)
    if kind == "ids":  # they look so, and nothing more is known
        return "" if s == NULL_ID else s if looks_like_id(s) else None
    if kind in NUMBERS:
        return s if NUMBER.fullmatch(s) else None
    if kind == "boolean":
        return {"true": "true", "false": "false", "1": "true",
                "0": "false"}.get(s.lower())
    if kind == "date":
        moment = read_moment(s)
        if moment and moment[0].time() == datetime.time(0):
            return s[:10]
        return s if read_date(s) else None
    if kind == "datetime":
        moment = read_moment(s)
        return api_moment(moment[0]) if moment else None
    return s


def equal(kind, a, b):
    if a == b or not a or not b:
        return a == b
    if kind in NUMBERS:
        return decimal.Decimal(a) == decimal.Decimal(b)
    if kind in ("id", "reference"):
        return a[:15] == b[:15]
    if kind == "multipicklist":
        return set(filter(None, a.split(";"))) == \
            set(filter(None, b.split(";")))
    return False


def guess(values):
    """What a column of unknown type can only be, from a file that has it."""
    values = [v for v in values if v]
    if not values:
        return None
    if all(v.lower() in ("true", "false") for v in values):
        return "boolean"
    if all(read_date(v) for v in values):
        return "date"
    if all((read_moment(v) or (0, False))[1] for v in values):
        return "datetime"
    if all(looks_like_id(v) for v in values):
        return "ids"
    return None


# What Salesforce's own objects are made of.
STANDARD = {
    "*": {"Id": "id", "Name": "text", "OwnerId": "reference",
          "CreatedDate": "datetime", "SystemModstamp": "datetime",
          "IsDeleted": "boolean", "LastActivityDate": "date"},
    "Account": {"AnnualRevenue": "currency", "IsPartner": "boolean",
                "NumberOfEmployees": "number", "ParentId": "reference",
                "Industry": "picklist", "Description": "textarea"},
    "Contact": {"AccountId": "reference", "Birthdate": "date",
                "DoNotCall": "boolean", "Description": "textarea",
                "ReportsToId": "reference", "Email": "email"},
    "Opportunity": {"Amount": "currency", "Probability": "percent",
                    "CloseDate": "date", "AccountId": "reference",
                    "IsPrivate": "boolean", "StageName": "picklist"},
    "AccountContactRelation": {"Roles": "multipicklist",
                               "AccountId": "reference",
                               "IsActive": "boolean"},
    "Thing__c": {},
}
PREFIX = {"Account": "001", "Contact": "003", "Opportunity": "006",
          "AccountContactRelation": "07k", "Thing__c": "a0B"}
# Custom fields, and what is really in them.
CUSTOM = {"Text__c": "text", "Flag__c": "boolean", "Day__c": "date",
          "When__c": "datetime", "Parent__c": "reference",
          "Any__c": "reference", "Foreign_Id": "foreign",
          "Word__c": "word", "Size__c": "number", "Odd__c": "mixed"}


def known_type(obj, field):
    for of in (obj.lower(), "*"):
        for standard, fields in STANDARD.items():
            for name, kind in fields.items():
                if (standard.lower(), name.lower()) == (of, field.lower()):
                    return kind
    return None


# ---- the model ------------------------------------------------------------

class Field:
    def __init__(self, name, kind, said):
        self.name, self.kind, self.said = name, kind, said
        self.position = None


class Object:
    def __init__(self, name):
        self.name, self.header = name, None
        self.fields = {"id": Field("Id", "id", True)}
        self.records = {}  # id of 15 characters: [row, {field: value}]
        self.loaded = {}   # row: the header and bytes last loaded
        self.removed = {}  # by imports, not confirmed: id: row

    def field(self, name):
        key = name.lower()
        if key not in self.fields:
            kind = known_type(self.name, name)
            self.fields[key] = Field(name, kind, kind is not None)
            for _, values in self.records.values():
                values[key] = ""
        return key


class Home:
    def __init__(self):
        self.objects = {}
        self.changes, self.base, self.deleted = {}, {}, {}
        self.number, self.rows, self.as_of = 0, 1, ""
        self.newest = {}  # of each object: SystemModstamp last loaded


class Refused(Exception):
    pass


SEEN = collections.Counter()  # branches
COUNTS = ("rows", "unchanged", "created", "updated", "values", "deleted",
          "kept", "arrived", "conflicts")


class Write:
    """One transaction of one origin."""

    def __init__(self, home, origin):
        self.home, self.origin, self.logged = home, origin, False
        self.number = home.number + 1

    def end(self):
        if self.logged:
            self.home.number = self.number

    def insert(self, o, id18, values):
        row, self.home.rows = self.home.rows, self.home.rows + 1
        record = {key: values.get(key, "") for key in o.fields}
        record["id"] = id18
        o.records[id18[:15]] = [row, record]
        self.logged = True
        was = o.removed.pop(id18[:15], None)
        if was is not None:  # what the snapshot said is its base again
            SEEN["removed by an import, and made again by one"] += 1
            o.loaded[row] = o.loaded.pop(was)
            self.home.deleted[was][4] = 0
            for at in [at for at in self.home.base if at[0] == was]:
                self.home.base[row, at[1]] = self.home.base.pop(at)
        return row

    def update(self, o, id15, values):
        row, record = o.records[id15]
        for key, value in values.items():
            if self.origin and row in o.loaded:
                if (row, key) in self.home.base:
                    SEEN["a second import keeps the base"] += 1
                elif o.fields[key].position is None:
                    SEEN["an import of a field not in the snapshot"] += 1
                else:
                    SEEN["a first import sets the base"] += 1
                self.home.base.setdefault((row, key), record[key])
            elif self.origin:
                SEEN["an import of what no load has seen"] += 1
            record[key] = value
            self.home.changes[row, key] = (self.number, self.origin)
            self.logged = True

    def remove(self, o, id15):
        row, record = o.records.pop(id15)
        if self.origin and row in o.loaded:
            SEEN["an import removes what a load brought"] += 1
            for key, value in record.items():
                if key != "id":
                    self.home.base.setdefault((row, key), value)
            o.removed[id15] = row
        else:
            SEEN["an import removes what no load has seen"] += \
                self.origin != 0
            self.confirm(o, row)
        self.home.deleted[row] = [o.name, record["id"], self.number,
                                  self.origin, 0]
        for at in [at for at in self.home.changes if at[0] == row]:
            del self.home.changes[at]
        self.logged = True

    def confirm(self, o, row):
        o.loaded.pop(row, None)
        for at in [at for at in self.home.base if at[0] == row]:
            del self.home.base[at]


class Intake:
    """One file of a snapshot into its object."""

    def __init__(self, write, file, partial):
        home = write.home
        self.write, self.home, self.file = write, home, file
        self.count = dict.fromkeys(COUNTS, 0)
        key = file.object.lower()
        self.o = o = home.objects.setdefault(key, Object(file.object))
        self.fresh = o.header is None
        self.learned = self.fresh
        self.column, self.guessing = [], {}
        for name in file.names:
            new = name.lower() not in o.fields
            self.column.append(o.field(name))
            if (new or self.fresh) and not o.fields[self.column[-1]].said:
                self.guessing[self.column[-1]] = []
        for key, field in o.fields.items():
            field.position = self.column.index(key) \
                if key in self.column else None
        o.header = file.header
        for raw, values in file.rows:
            self.take(raw, values)
        if not partial:
            self.take_gone()
        self.settle()

    def take(self, raw, values):
        o, bytes_ = self.o, (self.file.header, raw)
        self.count["rows"] += 1
        id15 = values[self.column.index("id")][:15]
        here, removed = o.records.get(id15), o.removed.get(id15)
        row = here[0] if here else removed
        if row in o.loaded and o.loaded[row] == bytes_:
            self.count["unchanged"] += 1
            if removed:
                SEEN["removed, and the same bytes"] += 1
            elif any((row, key) in self.home.base for key in o.fields):
                SEEN["a base, and the same bytes"] += 1
            return
        new = {}
        for key, value in zip(self.column, values):
            field = o.fields[key]
            if key in self.guessing:
                self.guessing[key].append(value)
            new[key] = respell(field.kind, value)
            if new[key] is None and field.said:
                raise Refused(3)
            if new[key] is None:
                SEEN["a guessed type that did not hold"] += 1
                new[key], field.kind = value, None
        if here:
            self.compare(here, new)
        elif removed:
            self.take_removed(removed, new)
        else:
            id18 = new["id"]
            row = self.write.insert(o, id18, new)
            self.count["created"] += 1
        o.loaded[row] = bytes_

    def compare(self, here, new):
        row, record = here
        changed = {}
        for key, now in new.items():
            if key == "id":
                continue
            kind, had = self.o.fields[key].kind, record[key]
            base = self.home.base.get((row, key))
            if base is not None:
                if equal(kind, now, had):
                    SEEN["base: it arrived"] += 1
                    self.count["arrived"] += 1
                elif equal(kind, now, base):
                    SEEN["base: the org has not caught up"] += 1
                    self.count["kept"] += 1
                    continue
                else:
                    SEEN["base: an edit of the org's own"] += 1
                    changed[key] = now
                del self.home.base[row, key]
            elif not equal(kind, now, had):
                changed[key] = now
        if row not in self.o.loaded:
            SEEN["no load had seen it: " +
                 ("other" if changed else "the same")] += 1
        elif not changed:
            SEEN["other bytes of the same values"] += 1
        self.count["updated"] += bool(changed)
        self.count["values"] += len(changed)
        self.write.update(self.o, record["id"][:15], changed)

    def take_removed(self, row, new):
        edited = False
        for key, now in new.items():
            base = self.home.base.get((row, key), "")
            if key != "id" and not equal(self.o.fields[key].kind, now, base):
                self.home.base[row, key] = now
                edited = True
        if not edited:
            SEEN["removed, and spelled in another way"] += 1
            return
        SEEN["removed, and edited in the org"] += 1
        self.count["conflicts"] += 1
        self.home.deleted[row][4] = self.write.number
        self.write.logged = True

    def take_gone(self):
        o = self.o
        at = self.column.index("id")
        there = {values[at][:15] for _, values in self.file.rows}
        loaded = [i for i, (row, _) in o.records.items() if row in o.loaded]
        gone = [i for i in loaded if i not in there]
        SEEN["an import's record is not gone"] += \
            any(i not in there for i in o.records.keys() - set(loaded))
        if len(gone) > 20 and len(gone) * 5 > len(loaded):
            raise Refused(3)
        for id15 in gone:
            row = o.records[id15][0]
            SEEN["gone with a base"] += \
                any((row, key) in self.home.base for key in o.fields)
            self.write.remove(o, id15)
            self.count["deleted"] += 1
        for id15 in [i for i in o.removed if i not in there]:
            SEEN["removed, and it arrived"] += 1
            row = o.removed.pop(id15)
            self.write.confirm(o, row)
            self.home.deleted[row][4] = 0
            self.count["arrived"] += 1

    def settle(self):
        for key, values in self.guessing.items():
            kind = guess(values)
            self.learned |= kind == "ids"
            if kind:
                retype(self.home, self.o, key, kind)


def retype(home, o, key, kind):
    """Learning a type respells and makes no change."""
    o.fields[key].kind = kind
    rows = {row for row, _ in o.records.values()} | set(o.removed.values())
    for _, values in o.records.values():
        spelled = respell(kind, values[key])
        values[key] = values[key] if spelled is None else spelled
    for row, of in home.base:
        if row in rows and of == key:
            spelled = respell(kind, home.base[row, of])
            if spelled is not None:
                home.base[row, of] = spelled


def infer_references(home):
    ids = {i for o in home.objects.values() for i in o.records}
    for o in home.objects.values():
        for key, field in o.fields.items():
            if field.kind == "ids" and not field.said and \
                    field.name.endswith(("Id", "__c")) and \
                    any(values[key][:15] in ids
                        for _, values in o.records.values()):
                SEEN["a column found to be a reference"] += 1
                retype(home, o, key, "reference")


def newest_stamp(file):
    names = [n.lower() for n in file.names]
    if "systemmodstamp" not in names:
        return ""
    at = names.index("systemmodstamp")
    return max((respell("datetime", values[at]) or ""
                for _, values in file.rows), default="")


def model_age(home, files, partial, older):
    """What the snapshot's times are for the home."""
    behind = ahead = False
    newest = ""
    for file in files:
        name, stamp = file.object.lower(), newest_stamp(file)
        newest, last = max(newest, stamp), home.newest.get(name, "")
        if stamp:
            behind |= stamp < last
            ahead |= "" < last < stamp
            home.newest[name] = max(stamp, last) if partial else stamp
    if newest and newest < home.as_of and not older:
        if behind and not ahead:
            raise Refused(4)
        SEEN["behind the home's as-of, and not older"] += 1
        return
    home.as_of = newest or home.as_of


def model_load(home, files, partial=False, older=False):
    """(exit status, counts by file, the home that comes of it)."""
    before, home = home, copy.deepcopy(home)
    was_loaded = sum(len(o.loaded) for o in home.objects.values())
    write, counts, learned = Write(home, 0), {}, False
    try:
        for file in sorted(files, key=lambda f: f.object.lower()):
            intake = Intake(write, file, partial)
            counts[file.object] = intake.count
            learned |= intake.learned
        gone = sum(c["deleted"] for c in counts.values())
        if gone > 20 and gone * 20 > was_loaded:
            raise Refused(3)
        model_age(home, files, partial, older)
    except Refused as refused:
        return refused.args[0], None, before
    if learned:
        infer_references(home)
    write.end()
    conflicts = sum(c["conflicts"] for c in counts.values())
    return int(conflicts > 0), counts, home


# ---- an org, and how its exports are spelled ------------------------------

TEXTS = ["", "", "Acme", "B", " ", "  ", 'in 5" pipe', '"', "a,b", "l1\nl2",
         "l1\r\nl2", "\u00e9\u20ac", "\U0001f44d", "'=1", "#N/A", "0", "x\ty",
         "\ufeffx", "\\", "null", "a;b"]
WORDS = ["", "congratulations", "recommendations", "characteristics",
         "000000000000000"]
MIXED = ["", "true", "2026-01-02", "a0B", "7", "2026-01-02T03:04:05.000Z",
         "congratulations"]
NUMBERS_TOLD = ["", "0", "7", "7.0", "-3.50", "1e2", "100", "139000000",
                "0.10", "123456789012345678.25"]


def new_id(prefix):
    id15 = prefix + "".join(random.choices(string.ascii_letters +
                                           string.digits, k=12))
    return id15 + check_characters(id15)


class Org:
    """What the org itself holds; every value in the API's own spelling."""

    def __init__(self):
        self.clock = datetime.datetime(2026, 1, 1)
        self.objects = {}
        names = random.sample(list(PREFIX), random.randint(2, 4))
        for name in names:
            fields = random.sample(list(STANDARD["*"])[1:4] +
                                   list(STANDARD[name]) + list(CUSTOM),
                                   random.randint(2, 7))
            fields += ["SystemModstamp"] * (random.random() < 0.7)
            self.objects[name] = {"fields": fields, "records": {}}
        for name in names:
            for _ in range(random.randint(0, 12)):
                self.create(name)

    def kind(self, name, field):
        return known_type(name, field) or CUSTOM.get(field, "text")

    def value(self, name, field):
        kind = self.kind(name, field)
        if kind in NUMBERS:
            return random.choice(NUMBERS_TOLD)
        if kind == "boolean":
            return random.choice(["true", "false"])
        if kind == "date":
            return random.choice(["", "2026-02-28", "2024-02-29",
                                  "1901-12-31"])
        if kind == "datetime":
            at = datetime.datetime(2025, 12, 31, 23, 30) + \
                datetime.timedelta(minutes=random.randrange(90),
                                   milliseconds=random.choice([0, 0, 7]))
            return random.choice(["", api_moment(at)])
        if kind == "reference":
            ids = [i for o in self.objects.values() for i in o["records"]]
            if field == "Parent__c":
                ids = list(self.objects[name]["records"])
            return random.choice(ids + ["", new_id("005")])
        if kind == "foreign":
            return random.choice(["", new_id("012")])
        if kind == "multipicklist":
            return ";".join(random.sample(["A", "B", "C d"],
                                          random.randrange(4)))
        return random.choice({"word": WORDS, "mixed": MIXED}.get(kind, TEXTS))

    def touch(self, record):
        self.clock += datetime.timedelta(seconds=61)
        if "SystemModstamp" in record:
            record["SystemModstamp"] = api_moment(self.clock)

    def create(self, name):
        o = self.objects[name]
        record = {f: self.value(name, f) for f in o["fields"]}
        self.touch(record)
        o["records"][new_id(PREFIX[name])] = record

    def edit(self):
        """A day's work."""
        for _ in range(random.randint(0, 6)):
            name = random.choice(list(self.objects))
            o = self.objects[name]
            ids = list(o["records"])
            how = random.random()
            if how < 0.2 or not ids:
                self.create(name)
            elif how < 0.32:
                del o["records"][random.choice(ids)]
            elif how < 0.37 and len(o["fields"]) < 9:
                self.add_field(name)
            elif how < 0.4 and len(o["fields"]) > 1:
                gone = random.choice(o["fields"])
                o["fields"].remove(gone)
                for record in o["records"].values():
                    del record[gone]
            else:
                record = o["records"][random.choice(ids)]
                field = random.choice(o["fields"])
                if field != "SystemModstamp":
                    record[field] = self.value(name, field)
                self.touch(record)

    def add_field(self, name):
        o = self.objects[name]
        new = [f for f in list(STANDARD[name]) + list(CUSTOM)
               if f not in o["fields"]]
        if new:
            field = random.choice(new)
            o["fields"].append(field)
            for record in o["records"].values():
                record[field] = self.value(name, field)


def odd_spelling(obj, field, value):
    """Another spelling of a value that some tool of Salesforce's writes."""
    said = known_type(obj, field)
    kind = said or CUSTOM.get(field)
    if kind == "boolean":
        weekly = [str(int(value == "true"))] if said and value else []
        return random.choice([value, value.upper(), value.title()] + weekly)
    if kind in ("reference", "foreign") and value:
        return random.choice([value, value[:15]])
    if kind == "reference":
        return random.choice(["", NULL_ID])
    if kind == "datetime" and value:
        at = read_moment(value)[0]
        east = at + datetime.timedelta(hours=1)
        spelled = [value, value[:-1] + "+0000",
                   api_moment(east)[:-1] + "+01:00"]
        if value.endswith(".000Z"):
            spelled.append(value[:-5] + "Z")
        if said and value.endswith(".000Z"):
            spelled.append(value[:10] + " " + value[11:19])
        return random.choice(spelled)
    if kind == "date" and value and said:
        return random.choice([value, value + " 00:00:00"])
    if kind in NUMBERS and value and said:
        return random.choice([value, "+" + value.lstrip("+")
                              if value[0] != "-" else value])
    if kind == "multipicklist":
        return ";".join(reversed(value.split(";")))
    return value


class File:
    """One CSV: header, raw rows and what their values are."""

    def __init__(self, obj, names, rows, style):
        self.object, self.names, self.style = obj, names, style
        self.header = self.line(names)
        self.rows = [(self.line(row), row) for row in rows]

    def line(self, values):
        return ",".join('"' + v.replace('"', '""') + '"'
                        if self.style["all"] or any(c in v for c in ',"\r\n')
                        else v for v in values).encode()

    def write(self, folder, name=None):
        end = b"\r\n" if self.style["crlf"] else b"\n"
        text = end.join([self.header] + [raw for raw, _ in self.rows])
        text = (b"\xef\xbb\xbf" if self.style["bom"] else b"") + text
        text += b"" if self.style["cut"] else end
        with open(os.path.join(folder, name or self.object + ".csv"),
                  "wb") as out:
            out.write(text)


def new_style():
    style = {name: random.random() < 0.35
             for name in ("all", "crlf", "bom", "cut", "odd", "shuffle",
                          "columns", "case", "upper")}
    style["upper"] = style["upper"] and random.random() < 0.3
    return style


PLAIN = dict.fromkeys(new_style(), False)


def export(org, name, style, some=False):
    """An object as a tool of that style exports it."""
    fields = list(org.objects[name]["fields"])
    if style["columns"]:
        random.shuffle(fields)
        if random.random() < 0.4:
            del fields[-1]
    at = random.randrange(len(fields) + 1) if style["columns"] else 0
    names = fields[:at] + ["Id"] + fields[at:]
    rows = []
    for id18, record in org.objects[name]["records"].items():
        if some and random.random() < 0.5:
            continue
        odd = style["odd"] and random.random() < 0.7
        row = []
        for field in names:
            value = id18 if field == "Id" else record[field]
            if odd and field == "Id":
                value = random.choice([id18, id18[:15]])
            elif odd:
                value = odd_spelling(name, field, value)
            row.append(value)
        rows.append(row)
    if style["shuffle"]:
        random.shuffle(rows)
    if style["case"]:
        names = [random.choice([n, n.upper(), n.lower()]) for n in names]
    return File(name.upper() if style["upper"] else name, names, rows, style)


# ---- one life -------------------------------------------------------------

class Wrong(Exception):
    pass


def named(o, values):
    return {o.fields[key].name: value for key, value in values.items()}


class Life:
    def __init__(self, folder):
        self.folder, self.steps = folder, []
        self.path = os.path.join(folder, "home")
        self.run(PROGRAM, "init", self.path, "--name", "Acme")
        self.home, self.org = Home(), Org()
        self.styles = {name: dict(PLAIN) for name in self.org.objects}
        self.snapshots, self.made = [], 0
        self.checks = 0

    def run(self, *command, stdin=b"", status=(0,)):
        done = subprocess.run(command, input=stdin, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE)
        if done.returncode not in status:
            raise Wrong(f"{command[1:]}: exit {done.returncode}, "
                        f"{done.stderr.decode(errors='replace')}")
        return done.stdout

    def write(self, files):
        self.made += 1
        folder = os.path.join(self.folder, f"s{self.made}")
        os.mkdir(folder)
        for file in files:
            file.write(folder)
        return folder

    def load(self, files, folder=None, partial=False, older=False,
             dry=False):
        folder = folder or self.write(files)
        status, counts, after = model_load(self.home, files, partial, older)
        told = self.run(PROGRAM, "-C", self.path, "--json", "load", folder,
                        *["--partial"] * partial, *["--older"] * older,
                        *["--dry-run"] * dry, status=(status,))
        if counts is not None:
            said = json.loads(told)["objects"]
            self.same("counts", {k: {c: v[c] for c in COUNTS}
                                 for k, v in said.items()}, counts)
        if not dry:
            self.home = after
        self.check()
        if status == 4 and not older:
            SEEN["an older snapshot, refused"] += 1
            if random.random() < 0.6:
                self.steps.append("... with --older")
                SEEN["an older snapshot, taken"] += 1
                self.load(files, folder, partial, True)
        return status

    # What the store says, and the model.

    def same(self, what, got, want):
        self.checks += 1
        if got != want:
            raise Wrong(f"{what}:\n    got:  {got}\n    want: {want}")

    def check(self, log=None):
        db = sqlite3.connect(os.path.join(self.path, "org.db"))
        self.same("newest", {name.lower(): newest for name, newest in
                             db.execute("select name, newest from _object "
                                        "where newest <> ''")},
                  self.home.newest)
        self.same("as of", db.execute("select value from _home where key = "
                                      "'as_of'").fetchall(),
                  [(self.home.as_of,)] if self.home.as_of else [])
        for key, o in self.home.objects.items():
            names = ", ".join(f'"{f.name}"' for f in o.fields.values())
            got = db.execute(f'select _row, {names} from "{o.name}" '
                             "order by _row").fetchall()
            want = sorted((row, *(v[k] for k in o.fields))
                          for row, v in o.records.values())
            self.same(key, got, want)
        db.close()
        self.check_log(log or self.run(DRIVER, self.path))

    def check_log(self, log):
        home, got, want = self.home, set(), set()
        for line in log.decode().splitlines():
            words = line.split(" ")
            got.add(tuple(words[:4] + [unquote_to_bytes(w).decode()
                                       for w in words[4:]]))
        where = {row: (o, v["id"]) for o in home.objects.values()
                 for row, v in o.records.values()}
        removed = {row: (home.objects[d[0].lower()], d[1])
                   for row, d in home.deleted.items()}
        where.update(removed)
        want.add(("number", str(home.number)))
        for row, d in home.deleted.items():
            want.add(("deleted", d[0], d[1], *map(str, d[2:])))
        for (row, key), at in home.changes.items():
            o, id18 = where[row]
            want.add(("change", o.name, id18, o.fields[key].name,
                      *map(str, at)))
        for (row, key), value in home.base.items():
            o, id18 = where[row]
            want.add(("base", o.name, id18, o.fields[key].name, value))
        for o in home.objects.values():
            for row in o.loaded:
                want.add(("loaded", o.name, where[row][1]))
        self.same("log", sorted(got - want), sorted(want - got))

    # The steps.

    def export(self, restyle=0.3, some=False, missing=0.1):
        files = []
        for name in self.org.objects:
            if random.random() < restyle:
                self.styles[name] = new_style()
            if random.random() >= missing:
                files.append(export(self.org, name, self.styles[name], some))
        return files or [export(self.org, name, self.styles[name], some)]

    def load_edited(self):
        self.org.edit()
        files = self.export()
        if self.load(files) < 2:
            self.snapshots.append(files)

    def load_restyled(self):
        self.load(self.export(restyle=0.9, missing=0))

    def load_again(self):
        if self.snapshots:
            self.load(self.snapshots[-1])

    def load_partial(self):
        self.org.edit()
        self.load(self.export(some=True), partial=True)

    def load_older(self):
        if len(self.snapshots) > 1:
            self.load(random.choice(self.snapshots[:-1]))

    def load_dry(self):
        self.org.edit()
        self.load(self.export(), dry=True)

    def load_bad(self):
        """One bad row, and nothing is loaded."""
        files = [f for f in self.export(missing=0) if f.rows]
        if not files:
            return
        file = random.choice(files)
        raw, values = random.choice(file.rows)
        names = [n.lower() for n in file.names]
        spoiled = {
            "ragged": raw + b",x", "id": None, "open": raw + b',"',
            "twice": raw, "no id": None,
        }
        how = random.choice(list(spoiled))
        if spoiled[how] is None:
            values = list(values)
            values[names.index("id")] = "" if how == "no id" else "001x"
            spoiled[how] = file.line(values)
        folder = self.write(files)
        file.rows.append((spoiled[how], values))
        file.write(folder)
        self.steps.append(how)
        self.run(PROGRAM, "-C", self.path, "load", folder, status=(3,))
        SEEN["a bad row: " + how] += 1
        self.check()

    def load_dump(self):
        folder = os.path.join(self.folder, f"d{self.made}")
        self.made += 1
        self.run(PROGRAM, "-C", self.path, "dump", folder)
        files = []
        for o in self.home.objects.values():
            keys = sorted(o.fields, key=lambda k: (
                o.fields[k].position is None, o.fields[k].position or 0))
            rows = [[v[k] for k in keys] for _, v in
                    sorted(o.records.values(), key=lambda r: r[0])]
            style = dict(PLAIN, all=True)
            file = File(o.name, [o.fields[k].name for k in keys], rows, style)
            files.append(file)
            want = b"".join(raw + b"\n" for raw in
                            [file.header] + [raw for raw, _ in file.rows])
            with open(os.path.join(folder, o.name + ".csv"), "rb") as f:
                self.same("dump of " + o.name, f.read(), want)
        if not files:
            return
        before = self.home
        self.load(files, folder)
        self.same("changes by a dump", self.home.changes, before.changes)
        self.same("deletes by a dump", self.home.deleted.keys(),
                  before.deleted.keys())

    def import_some(self):
        write, lines = Write(self.home, random.choice([1, 2])), []
        objects = [o for o in self.home.objects.values() if o.header]
        for _ in range(random.randint(1, 5)):
            o = random.choice(objects) if objects else None
            how = random.random()
            if o is None:
                return
            name = next(n for n in PREFIX if n.lower() == o.name.lower())
            if how < 0.25 or not o.records:
                again = [i for i in o.removed]
                id18 = new_id(PREFIX[name])
                if again and random.random() < 0.6:
                    id15 = random.choice(again)
                    id18 = self.home.deleted[o.removed[id15]][1]
                values = self.imported(o, name, 0.7)
                lines.append(("insert", o.name, id18, named(o, values)))
                write.insert(o, id18, values)
                continue
            unseen = [i for i, r in o.records.items() if r[0] not in o.loaded]
            id15 = random.choice(unseen if unseen and random.random() < 0.3
                                 else list(o.records))
            row, record = o.records[id15]
            if how < 0.4:
                lines.append(("remove", o.name, record["id"], {}))
                write.remove(o, id15)
                continue
            values = self.imported(o, name, 0.4)
            lines.append(("update", o.name, record["id"], named(o, values)))
            write.update(o, id15, {
                key: v for key, v in values.items()
                if not equal(o.fields[key].kind, record[key], v)})
        write.end()
        text = "".join(" ".join([what, obj, id18] + [
            f"{name}=" + "".join(f"%{b:02x}" for b in v.encode())
            for name, v in values.items()]) + "\n"
            for what, obj, id18, values in lines)
        self.check(self.run(DRIVER, self.path, str(write.origin),
                            stdin=text.encode()))

    def imported(self, o, name, share):
        values = {}
        if random.random() < 0.04:
            values[o.field("Extra__c")] = random.choice(TEXTS)
        for key, field in o.fields.items():
            if key in ("id", "extra__c") or random.random() > share:
                continue
            real = next((f for f in [*STANDARD[name], *STANDARD["*"], *CUSTOM]
                         if f.lower() == key), "Text__c")
            value = self.org.value(name, real)
            fits = respell(field.kind, value)
            values[key] = value if fits is None else fits
            if fits is None and field.kind:
                del values[key]
        return values

    def import_and_again(self):
        """An import, and then the snapshot from before it."""
        self.import_some()
        if self.snapshots:
            self.load(self.snapshots[-1])

    def org_of(self, o):
        return next((n for n in self.org.objects
                     if n.lower() == o.name.lower()), None)

    def catch_up(self, third=False):
        """The org takes over what imports wrote, or edits just that."""
        for (row, key) in list(self.home.base):
            for o in self.home.objects.values():
                name = self.org_of(o)
                here = [v for r, v in o.records.values() if r == row]
                gone = [i for i, r in o.removed.items() if r == row]
                if not name or random.random() < 0.3:
                    continue
                records = self.org.objects[name]["records"]
                if here and here[0]["id"] in records:
                    record = records[here[0]["id"]]
                    for field in record:
                        if field.lower() == key:
                            record[field] = self.org.value(name, field) \
                                if third else here[0][key]
                            self.org.touch(record)
                elif gone and not third:
                    for id18 in [i for i in records if i[:15] == gone[0]]:
                        del records[id18]
        for o in self.home.objects.values():
            name = self.org_of(o)
            for row, values in o.records.values():
                if name and row not in o.loaded and random.random() < 0.5:
                    self.org.objects[name]["records"].setdefault(
                        values["id"], {
                            f: values.get(f.lower(), "")
                            if random.random() < 0.8 else
                            self.org.value(name, f)
                            for f in self.org.objects[name]["fields"]})
        files = self.export(missing=0)
        if self.load(files) < 2:
            self.snapshots.append(files)

    def third_value(self):
        self.catch_up(third=True)

    def live(self):
        steps = {
            self.load_edited: 6, self.load_restyled: 2, self.load_again: 1,
            self.load_partial: 2, self.load_older: 1, self.load_dry: 0.5,
            self.load_bad: 1, self.load_dump: 1, self.import_some: 4,
            self.import_and_again: 2, self.catch_up: 2, self.third_value: 2,
        }
        self.load_edited()
        for _ in range(random.randint(5, 12)):
            step = random.choices(list(steps), list(steps.values()))[0]
            self.steps.append(step.__name__)
            step()
        self.steps.append("load_dump")
        self.load_dump()


BRANCHES = [
    "a first import sets the base", "a second import keeps the base",
    "an import of a field not in the snapshot",
    "an import of what no load has seen", "a base, and the same bytes",
    "base: the org has not caught up", "base: it arrived",
    "base: an edit of the org's own", "gone with a base",
    "no load had seen it: other", "no load had seen it: the same",
    "an import's record is not gone", "other bytes of the same values",
    "an import removes what a load brought",
    "an import removes what no load has seen", "removed, and the same bytes",
    "removed, and spelled in another way", "removed, and edited in the org",
    "removed, and it arrived", "removed by an import, and made again by one",
    "an older snapshot, refused", "an older snapshot, taken",
    "a column found to be a reference", "a guessed type that did not hold",
    "a bad row: ragged", "a bad row: id", "a bad row: open",
    "a bad row: twice", "a bad row: no id",
]


def main():
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 40
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else 20261122
    shm = "/dev/shm" if os.path.isdir("/dev/shm") else None
    passed, failed, began = 0, 0, time.time()
    for i in range(count):
        random.seed(f"{seed}.{i}")
        folder = tempfile.mkdtemp(prefix="load_model.", dir=shm)
        life = None
        try:
            life = Life(folder)
            life.live()
            passed += life.checks
        except Wrong as wrong:
            failed += 1
            passed += life.checks if life else 0
            print(f"{i} of seed {seed}: {' '.join(life.steps)}: {wrong}")
        if os.environ.get("KEEP") and failed:
            print(folder)
            break
        shutil.rmtree(folder)
    print(f"load against its model: {count} orgs, seed {seed}, "
          f"{time.time() - began:.0f} s")
    for name in BRANCHES:
        print(f"{SEEN[name]:8} {name}")
        if SEEN[name] == 0 and count >= 40:
            print("    never: the generator is not what it was")
            failed += 1
    print(f"{passed} passed, {failed} failed")
    return failed > 0


if __name__ == "__main__":
    sys.exit(main())
