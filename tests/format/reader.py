#!/usr/bin/env python3
"""A second reader of bundles, written from FORMAT.md alone.

  reader.py FILE [--key PUB] [--own SECRETKEYS] [--sender-sealing SEALINGKEY]
            [--org ID] [--minisign]

Prints all that a bundle says as one JSON document.  Exit 0: the file keeps
every rule.  Exit 3: it breaks one, named in one line on standard error.
Exit 2: it could not be tried (a file or a key is missing, a wrong usage).

The document: "manifest"; "hash", of manifest.json; "trust", "known" (the key
was given) or "first" (it is the bundle's own); "sealed"; "fingerprint", of
the sender's key; and "members", in their order: {"member", "rows"} of a
table, a row a record, its columns' names first, {"member", "size", "hash"} of
sender.pub and parts. Names and updates are told whole, however they are spelled.

Only the standard library, and sodium.py beside this file.
"""
import argparse
import base64
import binascii
import hashlib
import json
import os
import re
import subprocess
import sys
import tempfile
import zlib
from bisect import bisect_left
from collections import namedtuple
from itertools import accumulate
from datetime import date

from sodium import (SecretStream, aead_open, blake, box_open, box_seal_open,
                    ed25519_public, ed25519_sound, ed25519_verify, little,
                    x25519_sound)

MANIFEST_BYTES = 4194304
MANIFEST_VALUES = 200000
SIGNATURE_BYTES = 10240
SENDER_BYTES = 2048
INFLATED = 4194304
STORED = 4259840
MEMBERS = 16384
OBJECTS = 4096
NOTICES = 256
TEXT_BYTES = 1200
STATEMENT_BYTES = 16384
COLUMNS = 5000
RECORDS = 65536
PART = 4194304
PARTS = 25000
INTEGER = 9007199254740991
PASSES, MEMORY = 4, 1 << 30
CHUNK = 65536

ZERO_HASH = "0" * 64
GZIP = bytes.fromhex("1f8b0800000000000003")
MAGIC = b"orgferry sealed 0\n"
SIGNED = ("signature of an orgferry manifest", "orgferry manifest")
STATED = ("signature of an orgferry sealing key", "orgferry sealing key")


class Refused(Exception):
    """The file breaks a rule."""


class Unable(Exception):
    """The file cannot be tried with what this reader was given."""


def must(holds, rule):
    if not holds:
        raise Refused(rule)


# Sections 2 and 8: keys and signatures

Key = namedtuple("Key", "id public")
Secret = namedtuple("Secret", "id signing sealing")


def id_text(key_id):
    return "%016X" % little(key_id)


def fingerprint(key):
    digest = blake(b"Ed" + key.id + key.public, 40)
    return " ".join("%05d" % (int.from_bytes(digest[i:i + 5], "big") % 100000)
                    for i in range(0, 40, 5))


def lines(data, count, what):
    """Exactly `count` lines, each ended by LF."""
    must(data.isascii() and data.endswith(b"\n")
         and data.count(b"\n") == count,
         "%s: must be %d lines, each ended by LF" % (what, count))
    return data.decode("ascii").split("\n")[:-1]


def unbase64(line, size, what):
    try:
        data = base64.b64decode(line, validate=True)
    except (ValueError, binascii.Error):
        raise Refused("%s: no base64" % what) from None
    must(base64.b64encode(data).decode() == line,
         "%s: base64 in another spelling" % what)
    must(len(data) == size, "%s: must be %d bytes" % (what, size))
    return data


def read_public(data, what, any_comment=False):
    comment, line = lines(data, 2, what)
    data = unbase64(line, 42, what)
    must(data[:2] == b"Ed", "%s: must be of the kind Ed" % what)
    key = Key(data[2:10], data[10:])
    right = "untrusted comment: minisign public key " + id_text(key.id)
    must(comment == right or any_comment
         and re.fullmatch("untrusted comment: [ -~]*", comment),
         "%s: comment must be: %s" % (what, right))
    must(ed25519_sound(key.public), "%s: no sound Ed25519 key" % what)
    return key


def check_signature(text, key, message, comments, what):
    first, second, third, fourth = lines(text, 4, what)
    must(first == "untrusted comment: " + comments[0],
         "%s: wrong untrusted comment" % what)
    must(third == "trusted comment: " + comments[1],
         "%s: wrong trusted comment" % what)
    data, over = unbase64(second, 74, what), unbase64(fourth, 64, what)
    must(data[:2] == b"ED", "%s: must be of the kind ED" % what)
    must(data[2:10] == key.id,
         "%s: by the key %s, not by the sender's %s"
         % (what, id_text(data[2:10]), id_text(key.id)))
    must(ed25519_verify(key.public, blake(message, 64), data[10:]),
         "%s: the signature does not hold" % what)
    must(ed25519_verify(key.public, data[10:] + comments[1].encode(), over),
         "%s: the signature of the comment does not hold" % what)


def read_sealing(data, what):
    """A sealing key file: the key to sign with, and the one to seal to."""
    must(data.count(b"\n") == 7, "%s: must be 7 lines" % what)
    ends = [i + 1 for i, byte in enumerate(data) if byte == 10]
    key = read_public(data[:ends[1]], what)
    line = data[ends[1]:ends[2]]
    match = re.fullmatch(rb"orgferry sealing key: ([0-9a-f]{64})\n", line)
    must(match, "%s: third line" % what)
    check_signature(data[ends[2]:], key, line, STATED, what)
    sealing = bytes.fromhex(match[1].decode())
    must(x25519_sound(sealing), "%s: no sound X25519 key" % what)
    return key, sealing


def read_secret(data, what):
    first, second = lines(data, 2, what)
    must(first == "orgferry secret keys 0", "%s: first line" % what)
    data = unbase64(second, 178, what)
    if data[:2] == b"A2":
        passes, memory = little(data[18:26]), little(data[26:34])
        must(1 <= passes <= PASSES and 0 < memory <= MEMORY
             and memory % 1024 == 0, "%s: the limits of Argon2id" % what)
        raise Unable("%s: needs Argon2, which this reader has not" % what)
    must(data[:2] == b"00", "%s: kdf must be 00 or A2" % what)
    must(not any(data[2:34] + data[42:66]),
         "%s: salt, limits and nonce must be zero" % what)
    keys = aead_open(data[66:], data[42:66], bytes(32),
                     first.encode() + b"\n" + data[:42])
    must(keys, "%s: the keys do not open" % what)
    must(keys[32:64] == ed25519_public(keys[:32]),
         "%s: the public key is not the seed's" % what)
    return Secret(data[34:42], keys[:64], keys[64:])


# Section 1: the archive

class Source:
    """The bytes of a file, one piece after the other."""

    def __init__(self, pieces):
        self.pieces, self.held, self.at = pieces, b"", 0

    def peek(self, size):
        have = len(self.held) - self.at
        if have < size:
            got = [self.held[self.at:]]
            while have < size and (piece := next(self.pieces, None)):
                got.append(piece)
                have += len(piece)
            self.held, self.at = b"".join(got), 0
        return self.held[self.at:self.at + size]

    def take(self, size, what):
        data = self.peek(size)
        must(len(data) == size, "%s: the file ends here" % what)
        self.at += size
        return data


def pieces_of(file):
    return iter(lambda: file.read(1 << 20), b"")


def header(name, size):
    head = bytearray(512)
    for offset, text in ((0, name), (100, b"0000644"), (108, b"0000000"),
                         (116, b"0000000"), (124, b"%011o" % size),
                         (136, b"00000000000"), (148, b" " * 8), (156, b"0"),
                         (257, b"ustar\00000"), (329, b"0000000"),
                         (337, b"0000000")):
        head[offset:offset + len(text)] = text
    head[148:156] = b"%06o\0 " % sum(head)
    return bytes(head)


def next_member(source, expected, most):
    """The body of the next member; None if the name is not the expected."""
    head = source.peek(512)
    must(len(head) == 512, "section 1: the file ends before %s" % expected)
    must(any(head), "section 1: the archive ends before %s" % expected)
    name = head[:100].split(b"\0")[0]
    must(len(name) <= 99 and name.isascii(),
         "section 1: a name must be at most 99 bytes of ASCII")
    must(re.fullmatch(rb"[0-7]{11}\0", head[124:136]),
         "section 1: %s: the size must be 11 octal digits" % ascii(name))
    size = int(head[124:135], 8)
    must(head == header(name, size),
         "section 1: %s: the header is not the one of its name and size"
         % ascii(name))
    if name.decode() != expected:
        return None
    must(size <= most, "section 10: %s: longer than %d" % (expected, most))
    source.take(512, expected)
    body = source.take(size, "section 1: %s" % expected)
    must(not any(source.take(-size % 512, "section 1: %s" % expected)),
         "section 1: %s: the padding must be zero" % expected)
    return body


def need_member(source, expected, most):
    body = next_member(source, expected, most)
    must(body is not None, "section 1: the next member must be %s" % expected)
    return body


# Section 7: the envelope

def open_envelope(source, own, sender, sealing):
    """The pieces of the bundle within, checked as they are taken."""
    envelope = source.take(178, "section 7: envelope")
    must(envelope[18:26] == sender.id, "section 7: from another sender")
    must(envelope[26:34] == own.id, "section 7: for another recipient")
    lock = box_seal_open(envelope[34:154], own.sealing)
    must(lock, "section 7: the lock does not open")
    key = box_open(lock[24:], lock[:24], sealing, own.sealing)
    must(key, "section 7: the lock is not by the sender")
    secret = SecretStream(key, envelope[154:])
    while True:
        chunk = source.peek(CHUNK + 17)
        last = len(source.peek(CHUNK + 18)) == len(chunk)
        must(len(chunk) > 17, "section 7: the file ends in a chunk")
        pulled = secret.pull(source.take(len(chunk), "chunk"), envelope)
        must(pulled, "section 7: a chunk does not open")
        tag, text = pulled
        must(tag in (0, 3), "section 7: another tag: %d" % tag)
        must((tag == 3) == last, "section 7: FINAL must be the last chunk")
        yield text
        if last:
            return


# Section 3: the manifest

ID = "[0-9A-Za-z]{18}"
API = "[A-Za-z][0-9A-Za-z_]{0,69}"
HASH = "[0-9a-f]{64}"
NUMBER = "[1-9][0-9]*"
NAME = "[ia]:" + ID
POLICIES = ("newest", "inviter", "accepter", "hold")


def is_instant(text):
    match = re.fullmatch(r"([0-9]{4})-([0-9]{2})-([0-9]{2})T([01][0-9]|2[0-3])"
                         r":[0-5][0-9]:[0-5][0-9]\.[0-9]{3}Z", text)
    try:
        return (match is not None
                and 1700 <= date(*map(int, match.groups()[:3])).year <= 4000)
    except ValueError:
        return False


def integer(value, at, low=0):
    must(type(value) is int and low <= value <= INTEGER,
         "section 3: %s: must be an integer from %d to 2^53-1" % (at, low))


def boolean(value, at):
    must(type(value) is bool, "section 3: %s: must be true or false" % at)


def one_of(*choices):
    def check(value, at):
        must(any(type(value) is type(c) and value == c for c in choices),
             "section 3: %s: must be one of %s" % (at, json.dumps(choices)))
    return check


def spelled(pattern, what):
    def check(value, at):
        must(type(value) is str and re.fullmatch(pattern, value),
             "section 3: %s: must be %s" % (at, what))
    return check


def instant(value, at):
    must(type(value) is str and is_instant(value),
         "section 3: %s: must be an instant" % at)


def text(low):
    def check(value, at):
        must(type(value) is str and not re.search("[\0-\x1f\x7f-\x9f]", value)
             and low <= len(value.encode()) <= TEXT_BYTES,
             "section 3: %s: must be a text of %d to %d bytes"
             % (at, low, TEXT_BYTES))
    return check


def maybe(check):
    return lambda value, at: value is None or check(value, at)


def record(*fields):
    def check(value, at):
        must(type(value) is dict and list(value) == [f[0] for f in fields],
             "section 3: %s: must have the keys %s"
             % (at, ", ".join(f[0] for f in fields)))
        for key, inner in fields:
            inner(value[key], at + "." + key)
    return check


def array_of(check, most):
    def each(value, at):
        must(type(value) is list and len(value) <= most,
             "section 3: %s: must be an array of at most %d" % (at, most))
        for i, item in enumerate(value):
            check(item, "%s[%d]" % (at, i))
    return each


ident = spelled(ID, "an id")
key_id = spelled("[0-9A-F]{16}", "a key id")
hash_text = spelled(HASH, "a hash")
api_name = spelled(API, "an API name")


def sealing_key(value, at):
    hash_text(value, at)
    must(x25519_sound(bytes.fromhex(value)),
         "section 8: %s: no sound X25519 key" % at)


def sequence(value, at):
    integer(value, at, 1)


place = record(("epoch", spelled("[0-9a-f]{32}", "32 hex digits")),
               ("sequence", sequence))


def start(value, at):
    if value not in (None, "first", "full"):
        place(value, at)


def statement(value, at):
    must(type(value) is str and len(value.encode()) <= STATEMENT_BYTES,
         "section 3: %s: must be a string of at most %d bytes"
         % (at, STATEMENT_BYTES))
    read_sealing(value.encode(), "section 8: " + at)


def notice(value, at):
    word = value.get("notice") if type(value) is dict else None
    fields = [("notice", one_of("cancel", "deactivate", "suspend", "resume",
                                "policy", "rotate"))]
    if word == "policy":
        fields.append(("policy", one_of(*POLICIES)))
    elif word == "rotate":
        fields.append(("statement", statement))
    record(*fields)(value, at)


def manifest_of(kind):
    """The keys of a manifest of this kind, in their order."""
    invitation, answer = kind == "invitation", kind == "answer"
    told, changes = kind in ("notice", "changes"), kind == "changes"
    sealing = (("sealing", sealing_key),)
    fields = (
        (True, "format", one_of(0)),
        (True, "kind", one_of(kind)),
        (True, "connection", spelled("[0-9a-f]{32}", "32 hex digits")),
        (True, "from", record(("org", ident), ("name", text(1)),
                              ("sandbox", boolean), ("key", key_id),
                              *(() if told else sealing))),
        (True, "to", maybe(record(("org", maybe(ident)), ("key", key_id)))),
        (True, "made", instant),
        (not changes, "revision", integer),
        (invitation, "type", one_of("standard", "replication")),
        (invitation, "one_way", boolean),
        (invitation, "policy", one_of(*POLICIES)),
        (invitation, "contact", record(("name", text(0)),
                                       ("mail", text(0)))),
        (answer, "answer", one_of("Accepted", "Rejected")),
        (answer, "invitation", hash_text),
        (told, "place", maybe(place)),
        (told, "previous", maybe(hash_text)),
        (told, "start", start),
        (told, "seen", maybe(place)),
        (told, "history", record(("rows", integer), ("head", hash_text))),
        (told, "notices", array_of(notice, NOTICES)),
        (changes, "more", boolean),
        (changes, "as_of", maybe(instant)),
        (kind != "notice", "published", record(("revision", integer),
                                               ("rows", maybe(integer)))),
        (changes, "objects", array_of(record(
            ("name", api_name), ("creates", integer), ("updates", integer),
            ("deletes", integer), ("records", integer), ("sum", hash_text)),
            OBJECTS)),
        (True, "members", array_of(record(
            ("name", text(1)), ("stored", integer), ("size", integer),
            ("hash", hash_text)), MEMBERS)))
    return record(*(f[1:] for f in fields if f[0]))


def spell(value):
    return (json.dumps(value, indent=1, ensure_ascii=False) + "\n").encode()


def values_in(value):
    if type(value) is dict:
        value = value.values()
    elif type(value) is not list:
        return 1
    return 1 + sum(map(values_in, value))


def no_number(word):
    raise ValueError(word)


def parse_manifest(data):
    try:
        manifest = json.loads(data.decode("utf-8"), parse_constant=no_number)
        right, count = spell(manifest), values_in(manifest)
    except (ValueError, RecursionError):
        raise Refused("section 3: manifest.json: no JSON") from None
    must(data == right, "section 3: manifest.json: in another spelling")
    must(type(manifest) is dict, "section 3: manifest.json: no object")
    must(count <= MANIFEST_VALUES,
         "section 10: manifest.json: more than 200000 values")
    one_of(0)(manifest.get("format"), "format")
    kind = manifest.get("kind")
    one_of("invitation", "answer", "notice", "changes")(kind, "kind")
    manifest_of(kind)(manifest, "manifest.json")
    return manifest


def check_rules(m, key, own, org):
    kind, to, at = m["kind"], m["to"], m.get("place")
    if own and to:
        must(to["key"] == id_text(own.id), "rule 1: to another key")
        must(None in (to["org"], org) or to["org"] == org,
             "rule 1: to another org")
    must(kind != "answer" or to and to["org"], "rule 1: an answer to no org")
    if kind in ("invitation", "answer"):
        must(m["revision"] >= 1, "rule 2: revision must be at least 1")
    elif kind == "changes":
        must(at, "rule 2: place must be an object")
    else:
        must((m["revision"] == 0) == (at is not None),
             "rule 2: a revision or a place")
    if kind in ("notice", "changes"):
        begun, words_said = m["start"], [n["notice"] for n in m["notices"]]
        must((begun is not None) == (at is not None and at["sequence"] == 1),
             "rule 3: start must be given exactly at sequence 1")
        must(type(begun) is not dict or begun["epoch"] != at["epoch"],
             "rule 3: start must be of another epoch")
        must((m["previous"] is not None)
             == (at is not None and begun not in ("first", "full")),
             "rule 4: previous")
        must(words_said or kind == "changes", "rule 5: a notice without one")
        for word in words_said:
            must((word == "cancel") == (at is None),
                 "rule 5: %s has no place here" % word)
            must(word != "deactivate" or kind == "notice",
                 "rule 5: deactivate in changes")
        history = m["history"]
        must((history["rows"] == 0) == (history["head"] == ZERO_HASH),
             "rule 7: history.head must be zeros exactly if rows is 0")
    names = [o["name"] for o in m.get("objects", ())]
    must(all(a < b for a, b in zip(names, names[1:])),
         "rule 6: objects must ascend by name, each once")
    for o in m.get("objects", ()):
        must(o["records"] or o["sum"] == ZERO_HASH,
             "rule 7: %s: the sum of no records must be 0" % o["name"])
    must(sum(map(records_of, m.get("objects", ()))) <= INTEGER,
         "rule 7: too many records together")
    check_members(m, names)
    published = m.get("published")
    must(not published or published["revision"]
         or published["rows"] is None,
         "rule 9: published.rows without a revision")
    must(m["from"]["key"] == id_text(key.id),
         "rule 10: from.key is not the key of the signature")


GROUPS = ("sender", "published", "names", "creates", "updates", "ids",
          "refused", "index")


def group_of(name):
    """Group, object and number of a member that a manifest may name."""
    if name == "sender.pub":
        return "sender", None, 1
    match = (re.fullmatch(r"()(published)/(%s)\.csv\.gz" % NUMBER, name)
             or re.fullmatch(r"()changes/(names|updates)-(%s)\.csv\.gz"
                             % NUMBER, name)
             or re.fullmatch(r"changes/(%s)\.(creates)-(%s)\.csv\.gz"
                             % (API, NUMBER), name)
             or re.fullmatch(r"()receipts/(ids|refused)-(%s)\.csv\.gz"
                             % NUMBER, name)
             or re.fullmatch(r"()files/(index)-(%s)\.csv\.gz" % NUMBER, name))
    must(match, "section 4: no member may be named %s" % ascii(name))
    return match[2], match[1] or None, int(match[3])


def check_members(m, objects):
    allowed = {"notice": (), "changes": GROUPS[1:]}.get(m["kind"], GROUPS[:2])
    rank, last, number = {o: i for i, o in enumerate(objects)}, (-1, -1), 0
    for member in m["members"]:
        name = member["name"]
        group, owner, n = group_of(name)
        must(group in allowed, "rule 8: %s in this kind" % name)
        must(not owner or owner in rank, "rule 8: %s: not in objects" % name)
        here = (GROUPS.index(group), rank.get(owner, -1))
        must(here >= last, "rule 8: %s: out of order" % name)
        must(n == (number + 1 if here == last else 1),
             "rule 8: %s: numbers must count from 1" % name)
        last, number = here, n
        if group == "sender":
            must(member["size"] == member["stored"],
                 "rule 9: sender.pub: size is not stored")
            must(member["size"] <= SENDER_BYTES, "rule 9: sender.pub")
        must(member["size"] <= INFLATED and member["stored"] <= STORED,
             "rule 9: %s: too long" % name)
    if "sender" in allowed:
        must(m["members"] and m["members"][0]["name"] == "sender.pub",
             "rule 8: the first member must be sender.pub")


# Sections 4 and 5: tables

def inflate(data, size, what):
    must(data[:10] == GZIP, "section 4: %s: the head of gzip" % what)
    unzip = zlib.decompressobj(-15)
    try:    # the one byte more shows a stream that would go on
        out = unzip.decompress(data[10:], size + 1)
    except zlib.error:
        raise Refused("section 4: %s: no deflate data" % what) from None
    must(len(out) <= size, "section 4: %s: longer than its size" % what)
    must(unzip.eof, "section 4: %s: the gzip stream does not end" % what)
    must(len(out) == size, "section 4: %s: shorter than its size" % what)
    tail = zlib.crc32(out).to_bytes(4, "little") + size.to_bytes(4, "little")
    must(unzip.unused_data[:8] == tail,
         "section 4: %s: CRC-32 or length" % what)
    must(len(unzip.unused_data) == 8,
         "section 4: %s: bytes after the gzip stream" % what)
    return out


PLAIN = re.compile('[^",\r\n]*')
QUOTED = re.compile('"([^"]*(?:""[^"]*)*)"')


def parse_csv(data, what, by_columns):
    most = RECORDS + 1 if by_columns else COLUMNS

    def need(holds, rule):
        must(holds, "section 5: %s, row %d: %s" % (what, len(rows) + 1, rule))

    rows, ending, at = [], None, 0
    need(b"\0" not in data, "NUL")
    need(not data.startswith(b"\xef\xbb\xbf"), "byte order mark")
    try:
        csv = data.decode("utf-8")
    except UnicodeDecodeError:
        need(False, "no UTF-8")
    need(csv, "nothing in it")
    while at < len(csv):
        row, begin = [], at
        while True:
            quoted = csv.startswith('"', at)
            match = (QUOTED if quoted else PLAIN).match(csv, at)
            need(match, "a quote is not closed")
            at = match.end()
            row.append(match[1].replace('""', '"') if quoted else match[0])
            if not csv.startswith(",", at):
                break
            at += 1
        need(at > begin, "blank line")
        if at < len(csv):
            end = "\r\n" if csv.startswith("\r\n", at) else csv[at]
            need(end in ("\n", "\r\n"),
                 "a value must end with a comma or the line")
            need(ending in (None, end), "LF and CRLF mixed")
            ending, at = end, at + len(end)
        need(len(row) <= most, "more than %d values" % most)
        need(not rows or len(row) == len(rows[0]), "not as many values")
        rows.append(row)
    if by_columns:
        must(len(rows) <= COLUMNS,
             "section 5: %s: more than %d columns" % (what, COLUMNS))
        must(len(rows) == 1 or all(any(row[1:]) for row in rows),
             "section 5: %s: a column without a value" % what)
        rows = [list(record_) for record_ in zip(*rows)]
    head = [name.encode().lower() for name in rows[0]]
    must(all(head) and len(set(head)) == len(head),
         "section 5: %s: names of columns empty or equal" % what)
    must(len(rows) > 1, "section 4: %s: has no records" % what)
    return rows


HEADERS = {
    "published": "Object,Field,Label,Type,Length,Precision,Scale,References,"
                 "Values",
    "names": "Object,Name,Change,Modified,Origin Org,Origin Record",
    "updates": "Record,Field,Value",
    "ids": "Object,Name,Id,Status",
    "refused": "Object,Name,Field,Code,Rule,Message",
    "index": "Member,Size,Hash"}
TYPES = ("id reference text textarea number currency percent boolean date "
         "datetime time picklist multipicklist email phone url base64").split()


BY_COLUMNS = ("names", "creates")
CHANGES = ("create", "update", "delete")


def fits(pattern, value, where):
    must(re.fullmatch(pattern, value),
         "section 5: %s: wrong value: %s" % (where, ascii(value[:80])))


def whole(value, where):
    fits("0|" + NUMBER, value, where)
    must(len(value) <= 16 and int(value) <= INTEGER,
         "section 5: %s: number too great" % where)
    return int(value)


def ascending(keys, where):
    for i, (a, b) in enumerate(zip(keys, keys[1:])):
        must(a < b, "section 5: %s: row %d must ascend, each once"
             % (where, i + 2))


def check_published(rows, count):
    must(len(rows) == count, "section 5: published: rows are not as many as "
         "published.rows")
    owners = set()
    for i, row in enumerate(rows):
        owner, field, _, kind, length, precision, scale, refers, _ = row
        where = "published, row %d" % (i + 1)
        fits(API, owner, where)
        fits("|" + API, field, where)
        must(field == "" or owner in owners,
             "section 5: %s: the row of the object must come first" % where)
        must(kind in ["", *TYPES], "section 5: %s: Type" % where)
        for value in (length, precision, scale):
            if value:
                whole(value, where)
        for name in refers.split("\n") if refers else ():
            fits(API, name, where)
        owners.add(owner)
    ascending([(r[0], r[1]) for r in rows], "published")


def records_of(thing):
    return sum(thing[change + "s"] for change in CHANGES)


def milliseconds(text):
    """Of an instant, since the day before the first of the year 1."""
    days = date(int(text[:4]), int(text[5:7]), int(text[8:10])).toordinal()
    minutes = (days * 24 + int(text[11:13])) * 60 + int(text[14:16])
    return minutes * 60000 + int(text[17:19]) * 1000 + int(text[20:23])


FIRST_MS = milliseconds("1700-01-01T00:00:00.000Z")
LAST_MS = milliseconds("4000-12-31T23:59:59.999Z")


def absolute(value, base, where):
    """The instant that a relative time gives."""
    match = re.fullmatch(r"([+-])(0|%s)(?:\.([0-9]{3}))?" % NUMBER, value)
    must(match and len(value) <= 24 and match[3] != "000" and value != "-0",
         "section 5: %s: must be a relative time: %s"
         % (where, ascii(value[:80])))
    by = int(match[2]) * 1000 + int(match[3] or 0)
    ms = milliseconds(base) + (by if match[1] == "+" else -by)
    must(FIRST_MS <= ms <= LAST_MS, "section 5: %s: beyond the years" % where)
    days, ms = divmod(ms, 86400000)
    return "%sT%02d:%02d:%02d.%03dZ" % (
        date.fromordinal(days), ms // 3600000, ms // 60000 % 60,
        ms // 1000 % 60, ms % 1000)


def check_characters(short):
    """The three that follow from the 15 characters of an id."""
    digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"
    return "".join(digits[sum(1 << i for i in range(5)
                              if "A" <= short[at + i] <= "Z")]
                   for at in (0, 5, 10))


def whole_words(values, where):
    """Values that are spelled where they change."""
    said = ""
    for value in values:
        must(value or said, "section 5: %s: the first is empty" % where)
        must(value != said, "section 5: %s: %s again" % (where, ascii(value)))
        said = value or said
        yield said


def whole_names(values, where):
    said = None
    for value in values:
        at = "%s: %s" % (where, ascii(value[:80]))
        if len(value) == 20:
            whole_name = value
        else:
            must(len(value) == 17 or said and len(value) < 17,
                 "section 5: %s: no name, nor its end" % at)
            short = (said or "")[:17 - len(value)] + value
            must(not said or not value or value[0] != said[-len(value)],
                 "section 5: %s: begins with what is there already" % at)
            whole_name = short + check_characters(short[2:])
        fits(NAME, whole_name, where)
        must(len(value) < 20 or value[17:] != check_characters(value[2:17]),
             "section 5: %s: its last three follow from the others" % at)
        said = whole_name[:17]
        yield whole_name


def read_names(head, rows, as_of, where):
    """The records that one member names, told whole."""
    known = HEADERS["names"].split(",")
    must(head[:3] == known[:3] and head == [n for n in known if n in head]
         and ("Origin Org" in head) == ("Origin Record" in head),
         "section 5: %s: the columns of names" % where)
    columns = dict(zip(head, zip(*rows)))
    columns["Object"] = whole_words(columns["Object"], where + ", Object")
    columns["Change"] = whole_words(columns["Change"], where + ", Change")
    columns["Name"] = whole_names(columns["Name"], where)
    if as_of:
        columns["Modified"] = [v and absolute(v, as_of, where + ", Modified")
                               for v in columns.get("Modified", ())]
    blank = [""] * len(rows)
    return [list(r) for r in zip(*(columns.get(n) or blank for n in known))]


def read_updates(rows, ends, where):
    """The rows of one member of updates, told whole; ends: the greatest
    record number of each object."""
    owner = said = number = None
    for value, field, text_ in rows:
        n = whole(value, where)
        if field:
            number, before = n, (owner, said)
            owner, said = bisect_left(ends, n), field
            must(before != (owner, said),
                 "section 5: %s: Field %s again" % (where, ascii(field)))
        else:
            must(said, "section 5: %s: the first Field is empty" % where)
            must(n >= 1, "section 5: %s: not further" % where)
            number += n
            must(bisect_left(ends, number) == owner,
                 "section 5: %s: beyond the object" % where)
        yield [str(number), said, text_]


def check_names(rows, objects):
    must(len(rows) == sum(map(records_of, objects)),
         "section 5: names: not as many as the manifest counts")
    at = 0
    for o in objects:
        for change in CHANGES:
            part = rows[at:at + o[change + "s"]]
            at += len(part)
            where = "names of %s, %s" % (o["name"], change)
            must(all(r[0] == o["name"] and r[2] == change for r in part),
                 "section 5: %s: not where the manifest counts them" % where)
            ascending([r[1] for r in part], where)
            for _, _, _, modified, org, origin in part:
                must(modified == "" or is_instant(modified),
                     "section 5: %s: Modified must be empty or an instant"
                     % where)
                must((org == "") == (origin == ""),
                     "section 5: %s: Origin must be both or none" % where)
                must(org == "" or change == "create",
                     "section 5: %s: Origin is a create's alone" % where)
                fits("|" + ID, org, where)
                fits("|" + ID, origin, where)


def check_creates(rows, counts, where):
    must(len(rows) == counts["creates"],
         "section 5: %s: not as many records as creates" % where)


def check_updates(rows, objects, ends):
    keys = []
    for number, field, _ in rows:
        fits(API, field, "updates")
        n = int(number)
        i = bisect_left(ends, n)
        must(n >= 1 and i < len(ends)
             and n <= ends[i] - objects[i]["deletes"],
             "section 5: updates: Record %d is no create or update" % n)
        keys.append((i, field, n))
    ascending(keys, "updates")


def check_ids(rows):
    for owner, name, ident_, status in rows:
        fits(API, owner, "ids")
        fits(NAME, name, "ids")
        must(status in ("accepted", "rejected", "stopped", "deleted",
                        "converted"), "section 5: ids: Status")
        fits(ID if status == "accepted" else "", ident_, "ids")
    ascending([(r[0], r[1]) for r in rows], "ids")


def check_refused(rows):
    for owner, name, field, _, _, _ in rows:
        fits(API, owner, "refused")
        fits(NAME, name, "refused")
        fits("|" + API, field, "refused")


def ends_of(m):
    """The greatest record number of each object."""
    return list(accumulate(map(records_of, m.get("objects", ()))))


def check_runs(m, runs):
    published = runs.pop(("published", None), None)
    check_published(published[1:] if published else [],
                    m.get("published", {}).get("rows") or 0)
    objects = m.get("objects", ())
    check_names(runs.pop(("names", None), [0])[1:], objects)
    for o in objects:
        creates = runs.pop(("creates", o["name"]), None)
        if creates:
            check_creates(creates[1:], o, "creates of " + o["name"])
    check_updates(runs.pop(("updates", None), [0])[1:], objects, ends_of(m))
    check_ids(runs.pop(("ids", None), [0])[1:])
    check_refused(runs.pop(("refused", None), [0])[1:])


# Section 6: files

def read_parts(source, rows):
    """The parts that an index lists; they follow it in the archive."""
    bodies = []
    for name, size, digest in rows:
        match = re.fullmatch(r"files/(%s)\.(%s)" % (HASH, NUMBER), name)
        must(match, "section 6: no part may be named %s" % ascii(name[:80]))
        fits(HASH, digest, "index")
        if match[2] == "1" or not bodies:
            bodies.append((match[1], []))
        bodies[-1][1].append((match[1], int(match[2]), whole(size, "index"),
                              digest, name))
    for body, parts in bodies:
        whole_hash = hashlib.blake2b(digest_size=32)
        must(all(p[0] == body for p in parts),
             "section 6: a body must begin with part 1")
        must(len(parts) <= PARTS, "section 6: more than 25000 parts")
        must([p[1] for p in parts] == list(range(1, len(parts) + 1)),
             "section 6: the parts must count from 1: %s" % body)
        must(all(p[2] == PART for p in parts[:-1]) and parts[-1][2] <= PART
             and (parts[-1][2] or len(parts) == 1),
             "section 6: the sizes of the parts: %s" % body)
        for _, _, size, digest, name in parts:
            data = need_member(source, name, PART)
            must(len(data) == size, "section 6: %s: not its size" % name)
            must(blake(data).hex() == digest,
                 "section 6: %s: not its hash" % name)
            whole_hash.update(data)
            yield {"member": name, "size": size, "hash": digest}
        must(whole_hash.hexdigest() == body,
             "section 6: %s: the parts have another hash" % body)


# Section 9: the whole

def ask_minisign(key, manifest, signature):
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "manifest.json")
        for name, data in ((path, manifest), (path + ".minisig", signature)):
            with open(name, "wb") as file:
                file.write(data)
        public = base64.b64encode(b"Ed" + key.id + key.public).decode()
        held = subprocess.run(["minisign", "-VQ", "-H", "-P", public,
                               "-m", path], capture_output=True, check=False)
    must(held.returncode == 0 and held.stdout == b"orgferry manifest\n",
         "section 2: minisign refuses the signature")


def read(file, key=None, own=None, sealing=None, org=None, minisign=False):
    """All that the bundle in an open file says; Refused if it breaks a rule.
    What is known: the sender's Key and X25519 key, the own Secret and org."""
    source, sealed = Source(pieces_of(file)), None
    if source.peek(18) == MAGIC:
        if not (key and own and sealing):
            raise Unable("sealed: needs --own and --sender-sealing")
        sealed = source.peek(34)[18:]
        source = Source(open_envelope(source, own, key, sealing))
    raw = need_member(source, "manifest.json", MANIFEST_BYTES)
    signature = need_member(source, "manifest.json.minisig", SIGNATURE_BYTES)
    trust, sender = "known" if key else "first", None
    if not key:
        sender = next_member(source, "sender.pub", SENDER_BYTES)
        must(sender is not None, "section 2: signed by an unknown key")
        key = read_public(sender, "section 2: sender.pub")
    check_signature(signature, key, raw, SIGNED,
                    "section 2: manifest.json.minisig")
    if minisign:
        ask_minisign(key, raw, signature)
    m = parse_manifest(raw)
    check_rules(m, key, own, org)
    if sealed:
        must(m["kind"] not in ("invitation", "answer"),
             "section 7: never round an invitation or an answer")
        must(m["to"] and m["to"]["key"] == id_text(sealed[8:])
             and m["from"]["key"] == id_text(sealed[:8]),
             "section 7: the manifest names other keys than the envelope")
    members, runs = [], {}
    for member in m["members"]:
        name, (group, owner, _) = member["name"], group_of(member["name"])
        if group == "sender" and sender is not None:
            data = sender
        else:
            data = need_member(source, name, STORED)
        must(len(data) == member["stored"],
             "section 9: %s: not as long as the manifest says" % name)
        must(blake(data).hex() == member["hash"],
             "section 9: %s: not the hash of the manifest" % name)
        if group == "sender":
            must(read_public(data, "section 2: sender.pub") == key,
                 "section 2: sender.pub is not the sender's key")
            members.append({"member": name, "size": len(data),
                            "hash": member["hash"]})
            continue
        rows = parse_csv(inflate(data, member["size"], name), name,
                         group in BY_COLUMNS)
        if group == "names":
            rows = [HEADERS[group].split(","),
                    *read_names(rows[0], rows[1:], m["as_of"], name)]
        elif group == "creates":
            for field in rows[0]:
                fits(API, field, name)
        else:
            must(rows[0] == HEADERS[group].split(","),
                 "section 5: %s: header" % name)
        if group == "updates":
            rows[1:] = read_updates(rows[1:], ends_of(m), name)
        run = runs.setdefault((group, owner), rows[:1])
        run.extend(rows[1:])
        members.append({"member": name, "rows": rows})
        if group == "index":
            members.extend(read_parts(source, rows[1:]))
    must(source.peek(1025) == bytes(1024),
         "section 1: the archive must end with 1024 zero bytes")
    check_runs(m, runs)
    return {"manifest": m, "hash": blake(raw).hex(), "trust": trust,
            "sealed": sealed is not None, "fingerprint": fingerprint(key),
            "members": members}


def load(path, parse, *more):
    with open(path, "rb") as file:
        return parse(file.read(1 << 20), path, *more)


def main(arguments=None):
    parser = argparse.ArgumentParser(description="Reads a bundle.")
    parser.add_argument("file")
    parser.add_argument("--key", metavar="PUB", help="the sender's key")
    parser.add_argument("--own", metavar="FILE", help="own secret key file")
    parser.add_argument("--sender-sealing", metavar="FILE",
                        help="the sender's sealing key file")
    parser.add_argument("--org", metavar="ID", help="own org, for rule 1")
    parser.add_argument("--minisign", action="store_true",
                        help="ask minisign too")
    given = parser.parse_args(arguments)
    key = own = sealing = None
    try:
        if given.key:
            key = load(given.key, read_public, True)
        if given.own:
            own = load(given.own, read_secret)
        if given.sender_sealing:
            stated, sealing = load(given.sender_sealing, read_sealing)
            must(key in (None, stated), "the sealing key is of another key")
            key = stated
        with open(given.file, "rb") as file:
            said = read(file, key, own, sealing, given.org, given.minisign)
        out = json.dumps(said, ensure_ascii=False, separators=(",", ":"))
        sys.stdout.buffer.write(out.encode() + b"\n")
        sys.stdout.buffer.flush()
        return 0
    except (Refused, Unable, OSError) as error:
        line = str(error).encode("ascii", "backslashreplace").decode()
        print(line.replace("\n", " "), file=sys.stderr)
        return 3 if isinstance(error, Refused) else 2


if __name__ == "__main__":
    sys.exit(main())
