#!/usr/bin/env python3
"""Makes bundles, good ones and ones that break one rule, and reads them.

  reader_selftest.py              tries reader.py with all of them
  reader_selftest.py --write DIR  writes them: DIR/NAME.ferry, and
                                  DIR/index.tsv: file, ok or refused, note

The same bytes every time.  All are for a recipient who knows the sender and
whose own keys and org are those in DIR: reader.py FILE --key sender.pub
--own recipient.secret --sender-sealing sender.sealing --org $(cat
recipient.org).  A case is data: a base, the stage of its making at which it
is changed, and the change; what comes after that stage is right again, so
that every signature and hash holds but those that a case is about.
"""
import base64
import contextlib
import copy
import hashlib
import io
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import zlib

sys.dont_write_bytecode = True

import reader  # noqa: E402
import sodium  # noqa: E402
from reader import SIGNED, STATED, header, id_text, spell  # noqa: E402
from sodium import (BASE, CHACHA, ORDER, P, SALSA, SecretStream,  # noqa: E402
                    aead_code, blake, box_key, derive, ed25519_challenge,
                    ed25519_public, ed25519_scalar, little, point_add,
                    point_bytes, point_read, point_times, poly1305, stream,
                    x25519, xor)

MIB4 = 4194304
SECRET = b"orgferry secret keys 0\n"
FIXTURES = os.path.join(os.path.dirname(os.path.abspath(__file__)),
                        "..", "..", "fixtures")
MADE = "2026-11-22T06:00:00.000Z"
AS_OF = "2026-11-22T05:59:59.999Z"
NAMES1, NAMES2 = ["changes/names-%d.csv.gz" % i for i in (1, 2)]
CREATES1, CREATES2 = ["changes/Account.creates-%d.csv.gz" % i for i in (1, 2)]
ZOO = "changes/Zoo.creates-1.csv.gz"
UPDATES, UPDATES2 = ["changes/updates-%d.csv.gz" % i for i in (1, 2)]
IDS = "receipts/ids-1.csv.gz"


# Keys, signatures and boxes: what a reader does not need

class Org:
    def __init__(self, label, org):
        self.seed = blake(b"orgferry test signing " + label)
        self.sealing = blake(b"orgferry test sealing " + label)
        self.org = org
        self.scalar, self.prefix = ed25519_scalar(self.seed)
        self.public = ed25519_public(self.seed)
        self.x_public = x25519(self.sealing, (9).to_bytes(32, "little"))
        self.id = blake(self.public)[:8]

    def sign(self, message):
        n = little(hashlib.sha512(self.prefix + message).digest()) % ORDER
        r = point_bytes(point_times(n, BASE))
        h = ed25519_challenge(r, self.public, message)
        return r + ((n + h * self.scalar) % ORDER).to_bytes(32, "little")


SENDER = Org(b"sender", "00D000000000001AAA")
RECIPIENT = Org(b"recipient", "00D000000000002AAA")
OTHER = Org(b"other", "00D000000000003AAA")
KNOWN = {"key": reader.Key(SENDER.id, SENDER.public),
         "own": reader.Secret(RECIPIENT.id, b"", RECIPIENT.sealing),
         "sealing": SENDER.x_public, "org": RECIPIENT.org}


def b64(data):
    return base64.b64encode(data) + b"\n"


def public_text(org, kind=b"Ed", key_id=None):
    return (b"untrusted comment: minisign public key %s\n"
            % (key_id or id_text(org.id)).encode()
            + b64(kind + org.id + org.public))


def signature_text(org, message, comments=SIGNED, kind=b"ED", key_id=None,
                   change=lambda signature: signature):
    hashed = blake(message, 64) if kind == b"ED" else message
    signature = change(org.sign(hashed))
    over = org.sign(signature + comments[1].encode())
    return (b"untrusted comment: %s\n" % comments[0].encode()
            + b64(kind + (key_id or org.id) + signature)
            + b"trusted comment: %s\n" % comments[1].encode() + b64(over))


def sealing_text(org, comments=STATED, by=None, x_public=None):
    line = (b"orgferry sealing key: %s\n"
            % (x_public or org.x_public).hex().encode())
    return public_text(org) + line + signature_text(by or org, line, comments)


def secretbox(text, nonce, key):
    key = derive(SALSA, key, nonce[:16])
    pad = stream(SALSA, key, nonce[16:], 0, 32 + len(text))
    coded = xor(text, pad[32:])
    return poly1305(pad[:32], coded) + coded


def aead(text, nonce, key, ad):
    key = derive(CHACHA, key, nonce[:16])
    pad = stream(CHACHA, key, bytes(4) + nonce[16:], 0, 64 + len(text))
    coded = xor(text, pad[64:])
    return coded + aead_code(pad[:32], coded, ad)


def secret_text(org, nonce=bytes(24), public=None, first=SECRET, kdf=b"00",
                limits=bytes(32)):
    head = kdf + limits + org.id
    keys = org.seed + (public or org.public) + org.sealing
    return first + b64(head + nonce + aead(keys, nonce, bytes(32),
                                           first + head))


def minisign_secret(org):
    """Stock minisign's file, without a password."""
    keys = org.id + org.seed + org.public
    return (b"untrusted comment: minisign secret key\n"
            + b64(b"Ed\0\0B2" + bytes(48) + keys + blake(b"Ed" + keys)))


def seal(plain, org=SENDER, to=RECIPIENT, sender_id=None, to_id=None,
         magic=reader.MAGIC, sizes=None, tags=None, ad=None, sealing=None):
    """The envelope; `sizes` and `tags` of the chunks to have them wrong."""
    once = blake(b"once" + plain)
    once_public = x25519(once, (9).to_bytes(32, "little"))
    key, nonce = blake(b"key" + plain), blake(b"nonce" + plain, 24)
    head = blake(b"header" + plain, 24)
    lock = nonce + secretbox(key, nonce, box_key(
        to.x_public, sealing or org.sealing))
    lock = once_public + secretbox(
        lock, blake(once_public + to.x_public, 24), box_key(to.x_public, once))
    front = magic + (sender_id or org.id) + (to_id or to.id) + lock + head
    sizes = sizes or [65536] * ((len(plain) - 1) // 65536) \
        + [(len(plain) - 1) % 65536 + 1]
    tags = tags or [0] * (len(sizes) - 1) + [3]
    secret, at, out = SecretStream(key, head), 0, [front]
    for size, tag in zip(sizes, tags):
        first, text, code = secret.apply(plain[at:at + size], tag, False,
                                         front if ad is None else ad)
        out.append(bytes([first]) + text + code)
        at += size
    return b"".join(out)


# Bundles: a base gives a manifest without members, and the members' contents

def deflate(data, level=6):
    packer = zlib.compressobj(level, zlib.DEFLATED, -15)
    return packer.compress(data) + packer.flush()


def gzip(data, head=reader.GZIP, body=None):
    return (head + (deflate(data) if body is None else body)
            + zlib.crc32(data).to_bytes(4, "little")
            + len(data).to_bytes(4, "little"))


def csv(*rows):
    def value(v):
        quoted = any(c in v for c in ',"\r\n') or rows and len(rows[0]) == 1
        return '"%s"' % v.replace('"', '""') if quoted else v
    return "".join(",".join(map(value, row)) + "\n" for row in rows).encode()


def table(group, *rows):
    return csv(reader.HEADERS[group].split(","), *(r.split("|") for r in rows))


def columns_of(*columns):
    """A table by columns: each with its name, without those of no value."""
    return csv(*(c for c in columns if any(c[1:])))


def names(as_of, *rows):
    """Records, told whole, as a member of names spells them."""
    short, said = [], ["", "", ""]
    for row in rows:
        row = row.split("|")
        full, row[1] = row[1], row[1][:17]
        same = len(os.path.commonprefix([row[1], said[1]]))
        now = row[:3]
        row[0], row[2] = (v if v != b else "" for v, b in
                          ((row[0], said[0]), (row[2], said[2])))
        row[1] = (row[1][same:] if full[17:] ==
                  reader.check_characters(full[2:17]) else full)
        row[3] = row[3] and seconds(row[3], as_of)
        said = now
        short.append(row)
    head = reader.HEADERS["names"].split(",")
    return columns_of(*zip(head, *short))


def seconds(instant, base):
    by = reader.milliseconds(instant) - reader.milliseconds(base)
    return "%s%d%s" % ("-" if by < 0 else "+", abs(by) // 1000,
                       ".%03d" % (abs(by) % 1000) if by % 1000 else "")


def name(side, n, prefix="001"):
    return "%s:%s%012dAAA" % (side, prefix, n)


def sum_of(*names):
    total = sum(int(blake(n.encode()).hex(), 16) for n in names) % 2**256
    return "%064x" % total


def sides(kind):
    told = kind in ("notice", "changes")
    key = {} if told else {"sealing": SENDER.x_public.hex()}
    return {"format": 0, "kind": kind,
            "connection": blake(b"connection", 16).hex(),
            "from": {"org": SENDER.org, "name": 'Zoë "Z" \\ Söhne',
                     "sandbox": False, "key": id_text(SENDER.id), **key},
            "to": {"org": RECIPIENT.org, "key": id_text(RECIPIENT.id)},
            "made": MADE}


EPOCH, EPOCH_BEFORE = blake(b"epoch", 16).hex(), blake(b"before", 16).hex()
EARLIER = blake(b"an earlier manifest").hex()


def told(sequence=2, start=None, previous=EARLIER):
    return {"place": {"epoch": EPOCH, "sequence": sequence},
            "previous": previous, "start": start,
            "seen": {"epoch": EPOCH_BEFORE, "sequence": 9},
            "history": {"rows": 12, "head": blake(b"history").hex()},
            "notices": []}


PUBLISHED = ("Account||Account||||||", "Account|Industry|Industry|picklist|40"
             "||||Ships\nTrains", "Account|Name|Name|text|255||||",
             "Account|ParentId|Parent|reference|18|||Account|",
             "Contact||Contact||||||", "Contact|LastName|Last Name||||||")


def published():
    return [["published/1.csv.gz", table("published", *PUBLISHED[:2])],
            ["published/2.csv.gz", table("published", *PUBLISHED[2:])]]


def invitation():
    m = sides("invitation")
    m.update(revision=1, type="standard", one_way=False, policy="newest",
             contact={"name": "Ann", "mail": "ann@example.com"},
             published={"revision": 1, "rows": 6})
    return m, [["sender.pub", public_text(SENDER)]] + published()


def answer():
    m = sides("answer")
    m.update(revision=1, answer="Accepted", invitation=EARLIER,
             published={"revision": 3, "rows": 6})
    return m, [["sender.pub", public_text(SENDER)]] + published()


def notice():
    m = sides("notice")
    m.update(revision=0, **told())
    m["notices"] = [{"notice": "policy", "policy": "hold"},
                    {"notice": "deactivate"}]
    return m, []


def cancel():
    m = sides("notice")
    m.update(revision=4, **told())
    m.update(place=None, previous=None, seen=None, notices=[
        {"notice": "cancel"}], history={"rows": 0, "head": "0" * 64})
    return m, []


def thing(api, creates, updates, deletes, *names):
    return {"name": api, "creates": creates, "updates": updates,
            "deletes": deletes, "records": len(names), "sum": sum_of(*names)}


def parts_of(body):
    digest = blake(body).hex()
    return [["files/%s.%d" % (digest, i // MIB4 + 1), body[i:i + MIB4]]
            for i in range(0, len(body) or 1, MIB4)]


def index(number, *bodies):
    """An index and the parts that it lists."""
    parts = [part for body in bodies for part in parts_of(body)]
    rows = ["%s|%d|%s" % (n, len(data), blake(data).hex())
            for n, data in parts]
    return [["files/index-%d.csv.gz" % number, table("index", *rows)]] + parts


def bare(**told_with):
    m = sides("changes")
    m.update(more=False, as_of=None, published={"revision": 3, "rows": None},
             objects=[], **told(**told_with))
    order = list(sides("changes")) + list(told()) + [
        "more", "as_of", "published", "objects"]
    return {key: m[key] for key in order}, []


def changes():
    """Every group of members."""
    m, _ = bare()
    m["notices"] = [{"notice": "suspend"}, {"notice": "resume"},
                    {"notice": "policy", "policy": "newest"},
                    {"notice": "rotate",
                     "statement": sealing_text(OTHER).decode()}]
    m["as_of"], m["published"]["rows"] = AS_OF, 6
    m["objects"] = [
        thing("Account", 2, 1, 1, name("i", 1), name("i", 2), name("a", 7)),
        thing("Contact", 1, 0, 0, name("i", 1, "003")),
        thing("Zebra", 0, 0, 0, name("i", 1, "a00")),
        thing("Zoo", 1, 0, 0, name("i", 1, "a01"))]
    origin = "00D000000000009AAA|001000000000077AAA"
    return m, published() + [
        [NAMES1, names(
            AS_OF, "Account|%s|create|||" % name("i", 1),
            "Account|%s|create|2026-11-22T05:00:00.000Z|" % name("i", 2)
            + origin)],
        [NAMES2, names(
            AS_OF, "Account|%s|update|2026-11-22T05:00:00.001Z||"
            % name("a", 7), "Account|%s|delete|||" % name("i", 0),
            "Contact|%s|create|||" % name("i", 1, "003"),
            "Zoo|%s|create|||" % name("i", 1, "a01"))],
        [CREATES1, csv(["Name", 'A "quoted", name'])],
        [CREATES2, csv(["Name", "Two\r\nlines"], ["ParentId", name("i", 1)],
                       ["Industry", "Trains"])],
        [ZOO, csv(["Name", ""])],
        [UPDATES, table(
            "updates", "1|Industry|Ships", "2||",
            "3|ParentId|x:001000000000055AAA")],
        [UPDATES2, table("updates", "5|LastName|Zoë")],
        ["receipts/ids-1.csv.gz", table(
            "ids", "Account|%s|001000000000100AAA|accepted" % name("a", 1),
            "Account|%s||rejected" % name("a", 2),
            "Contact|%s||converted" % name("a", 1, "003"))],
        ["receipts/refused-1.csv.gz", table(
            "refused", "Account|%s|Name|REQUIRED||A \"rule\"" % name("a", 2),
            "Account|%s||OTHER|R1|" % name("a", 2))]
    ] + index(1, b"hello, world", b"") + index(2, b"one more body")


def undated():
    """No snapshot was loaded: times stand in full."""
    m, members = changes()
    m["as_of"] = None
    for member in members:
        if member[0] == NAMES1:
            member[1] = sub(b"-3599.999", b"2026-11-22T05:00:00.000Z")(
                member[1])
        elif member[0] == NAMES2:
            member[1] = sub(b"-3599.998", b"2026-11-22T05:00:00.001Z")(
                member[1])
    return m, members


def many():
    """Records enough for numbers of two digits; nothing published here."""
    m, _ = bare(sequence=1, start="first", previous=None)
    all_names = [name("i", i) for i in range(12)]
    m["objects"] = [thing("Account", 12, 0, 0, *all_names)]
    return m, [
        [NAMES1, names(None, *("Account|%s|create|||" % n
                               for n in all_names))],
        [CREATES1, csv(["Name", *(str(i) if i else "" for i in range(12))])],
        [UPDATES, table("updates", "2|Name|two", "8||ten")]]


def many_kinds():
    m, _ = bare()
    m["objects"] = [thing("Account", 0, 1, 1, name("i", 1))]
    return m, [[NAMES1, b"Object,Account,\nName,i:001000000000001,\n"
                b"Change,update,delete\n"]]


def most_records(count):
    """So many records, all named in one member."""
    def base():
        m, _ = bare()
        m["objects"] = [{**thing("Account", 0, 0, count), "records": count,
                         "sum": EARLIER}]
        return m, [[NAMES1, names(None, *(
            "Account|%s|delete|||" % name("i", i) for i in range(count)))]]
    return base


def first():
    return bare(sequence=1, start="first", previous=None)


def full():
    return bare(sequence=1, start="full", previous=None)


def epoch():
    return bare(sequence=1, start={"epoch": EPOCH_BEFORE, "sequence": 41})


def large():
    """A body of 4 MiB and one byte, and one of 4 MiB."""
    m, _ = bare()
    return m, index(1, bytes(MIB4) + b"!", bytes(MIB4))


def medium():
    """More than one chunk when it is sealed."""
    m, _ = bare()
    return m, index(1, b"chunk " * 20000)


def receipts(count):
    def base():
        m, _ = bare()
        return m, [["receipts/refused-%d.csv.gz" % (i + 1), table(
            "refused", "Account|%s||||" % name("a", i))]
            for i in range(count)]
    return base


def long_names():
    """Members with the longest names, for a manifest that is too long."""
    m, _ = bare()
    all_names = [name("i", i) for i in range(16383)]
    owner = "A%069d" % 0
    m["objects"] = [thing(owner, 16383, 0, 0, *all_names)] + [
        thing("B%069d" % i, 0, 0, 0) for i in range(4095)]
    return m, [[NAMES1, names(None, *("%s|%s|create|||" % (owner, n)
                                      for n in all_names))]] + [
        ["changes/%s.creates-%d.csv.gz" % (owner, i + 1), b"F,1\n"]
        for i in range(16383)]


def many_objects(base, count):
    def more():
        m, members = base()
        m["objects"] = [thing("A%069d" % i, 0, 0, 0) for i in range(count)]
        return m, members
    return more


def archive_of(members, end=1024):
    return b"".join(header(n.encode(), len(data)) + data
                    + bytes(-len(data) % 512)
                    for n, data in members) + bytes(end)


def make(base, stage=None, change=None):
    """The bundle.  A change gets what a stage has and gives it back; None
    means that it changed it in place.  The stages:
    contents   [[name, content], ...], of all members that are listed
    stored     [[name, body, size], ...], of the same
    manifest   the values
    spelling   the bytes of manifest.json
    signature  (the bytes of manifest.json.minisig, those of manifest.json)
    members    [[name, body], ...], of all
    archive    the bytes of the plain bundle
    """
    def step(at, have):
        if stage != at:
            return have
        got = change(have)
        return have if got is None else got

    manifest, contents = copy.deepcopy(base())
    contents = step("contents", contents)
    stored = step("stored", [
        [n, gzip(data) if n.endswith(".gz") else data, len(data)]
        for n, data in contents])
    manifest["members"] = [
        {"name": n, "stored": len(data), "size": size,
         "hash": blake(data).hex()}
        for n, data, size in stored
        if not n.startswith("files/") or n.startswith("files/index")]
    raw = step("spelling", spell(step("manifest", manifest)))
    signature = step("signature", (signature_text(SENDER, raw), raw))[0]
    members = step("members", [
        ["manifest.json", raw], ["manifest.json.minisig", signature]]
        + [[n, data] for n, data, _ in stored])
    return step("archive", archive_of(members))


# Changes

def put(path, value):
    def change(have):
        *outer, last = [int(k) if k.isdigit() else k for k in path.split(".")]
        for key in outer:
            have = have[key]
        have[last] = value(have[last]) if callable(value) else value
    return change


def drop(path):
    def change(have):
        *outer, last = path.split(".")
        for key in outer:
            have = have[key]
        del have[last]
    return change


def to_front(path, key):
    """The keys of an object in another order."""
    def change(have):
        for k in path.split(".") if path else ():
            have = have[k]
        rest = dict(have)
        have.clear()
        have[key] = rest.pop(key)
        have.update(rest)
    return change


def sub(old, new):
    def change(have):
        assert have.count(old) == 1, (old, have.count(old))
        return have.replace(old, new)
    return change


def sub_signature(old, new):
    return lambda have: (sub(old, new)(have[0]), have[1])


def signed(*args, **more):
    """The signature in another way."""
    return lambda have: (signature_text(args[0], have[1], *args[1:], **more),)


def of(member, change):
    """A change to the content or body of one member."""
    def inner(have):
        entry = next(e for e in have if e[0] == member)
        entry[1] = change(entry[1])
    return inner


def edit(member, old, new):
    return of(member, sub(old.encode(), new if isinstance(new, bytes)
                              else new.encode()))


def renamed(old, new):
    def change(have):
        next(e for e in have if e[0] == old)[0] = new
    return change


def swapped(a, b):
    def change(have):
        names = [e[0] for e in have]
        i, j = names.index(a), names.index(b)
        have[i], have[j] = have[j], have[i]
    return change


def without(*names):
    return lambda have: [e for e in have if e[0] not in names]


def added(member, content, after=None):
    def change(have):
        at = [e[0] for e in have].index(after) + 1 if after else len(have)
        have.insert(at, [member, content])
    return change


def both(*changes_):
    def change(have):
        for one in changes_:
            got = one(have)
            have = have if got is None else got
        return have
    return change


def head_patch(offset, data, fix=True):
    """The archive with its first header changed, its sum made right."""
    def change(have):
        head = bytearray(have[:512])
        head[offset:offset + len(data)] = data
        if fix:
            head[148:156] = b" " * 8
            head[148:156] = b"%06o\0 " % sum(head)
        return bytes(head) + have[512:]
    return change


def sealed(**how):
    return lambda have: seal(have, **how)


def then_sealed(change):
    return lambda have: change(seal(have))


def flip(at):
    return lambda have: (have[:at] + bytes([have[at] ^ 1])
                         + have[at + 1 or len(have):])


def exact_plain():
    """A bundle of exactly two chunks."""
    m, _ = bare()
    spare = 131072 - len(make(lambda: (m, index(1, b""))))
    # Multiples of 512: the manifest and the index grow by a few bytes only.
    for size in range(spare, 0, -256):
        plain = make(lambda: (m, index(1, b"c" * size)))
        if len(plain) == 131072:
            return plain
    raise AssertionError


def low_order_signed(_):
    """A signature that a lax verification takes for any message."""
    org = Org(b"low", SENDER.org)
    org.public = (1).to_bytes(32, "little")
    org.id = blake(org.public)[:8]
    org.sign = lambda message: (point_bytes(point_times(5, BASE))
                                + (5).to_bytes(32, "little"))
    m, contents = invitation()
    m["from"]["key"] = id_text(org.id)
    contents[0][1] = public_text(org)
    return make(lambda: (m, contents), "signature", signed(org))


def mixed_order_signed(_):
    """A key with a part of order 2: who multiplies by the cofactor and who
    does not differ over its signatures."""
    org = Org(b"mixed", SENDER.org)
    org.public = point_bytes(point_add(point_read(org.public),
                                       (0, P - 1, 1, 0)))
    org.id = blake(org.public)[:8]
    sign, prefix = org.sign, org.prefix

    def sign_even(message):
        for i in range(64):
            org.prefix = prefix + bytes([i])
            signature = sign(message)
            if ed25519_challenge(signature[:32], org.public, message) % 2 == 0:
                return signature
        raise AssertionError

    org.sign = sign_even
    m, contents = invitation()
    m["from"]["key"] = id_text(org.id)
    contents[0][1] = public_text(org)
    return make(lambda: (m, contents), "signature", signed(org))


def by_other(base):
    def change(_):
        m, contents = base()
        m["from"]["key"] = id_text(OTHER.id)
        for entry in contents:
            if entry[0] == "sender.pub":
                entry[1] = public_text(OTHER)
        return make(lambda: (m, contents), "signature", signed(OTHER))
    return change


def with_sum(signature):
    s = little(signature[32:]) + ORDER
    return signature[:32] + s.to_bytes(32, "little")


def relabelled(text):
    lines = text.split(b"\n")
    lines[1] = base64.b64encode(b"Ed" + base64.b64decode(lines[1])[2:])
    return b"\n".join(lines)


def swap_last(text):
    lines = text.split(b"\n")
    lines[3] = b64(SENDER.sign(b"orgferry manifest"))[:-1]
    return b"\n".join(lines)


def sealed_empty_last(_):
    """All in full chunks, and then one that holds nothing."""
    return seal(exact_plain(), sizes=[65536, 65536, 0])


def table_of(size):
    """A table of receipts of exactly so many bytes."""
    rows = table("refused", *("Account|%s||||" % name("a", i)
                              for i in range(1000)))
    row = b"Account,%s,,,," % name("a", 1000).encode()
    return rows + row + b"m" * (size - len(rows) - len(row) - 1) + b"\n"


def empty_blocks(have):
    """A gzip stream that is longer than stored may be."""
    data = table("refused", "Account|%s||||" % name("a", 1))
    body = b"\0\0\0\xff\xff" * 860000 + deflate(data)
    have.append(["receipts/refused-1.csv.gz", gzip(data, body=body),
                 len(data)])


def early_cut(have):
    """Parts of a body cut one byte too early."""
    whole = bytes(MIB4) + b"!"
    parts = [["files/%s.%d" % (blake(whole).hex(), i + 1), data]
             for i, data in enumerate((whole[:MIB4 - 1], whole[MIB4 - 1:]))]
    rows = ["%s|%d|%s" % (n, len(d), blake(d).hex()) for n, d in parts]
    have[:] = [["files/index-1.csv.gz", table("index", *rows)]] + parts


def empty_last(have):
    """A full part, and an empty one behind it."""
    whole = bytes(MIB4)
    parts = [["files/%s.%d" % (blake(whole).hex(), i + 1), data]
             for i, data in enumerate((whole, b""))]
    rows = ["%s|%d|%s" % (n, len(d), blake(d).hex()) for n, d in parts]
    have[:] = [["files/index-1.csv.gz", table("index", *rows)]] + parts


def one_part_too_long(have):
    body = bytes(MIB4 + 1)
    digest = blake(body).hex()
    part = "files/%s.1" % digest
    have[:] = [["files/index-1.csv.gz", table(
        "index", "%s|%d|%s" % (part, len(body), digest))], [part, body]]


def parted(have):
    """The parts of one body in two indexes."""
    lines = have[0][1].split(b"\n")
    have[0][1] = b"\n".join(lines[:2]) + b"\n"
    rest = b"\n".join(lines[:1] + lines[2:])
    have.insert(2, ["files/index-2.csv.gz", rest])


def parts_swapped(have):
    """The two parts of one body in the other order, in index and archive."""
    lines = have[0][1].split(b"\n")
    lines[1], lines[2] = lines[2], lines[1]
    have[0][1] = b"\n".join(lines)
    have[1], have[2] = have[2], have[1]


def recount(number, index_name="files/index-1.csv.gz"):
    """The first part of an index under another number."""
    def change(have):
        at = [e[0] for e in have].index(index_name)
        old = have[at + 1][0]
        new = old[:-1] + number
        have[at][1] = have[at][1].replace(old.encode(), new.encode())
        have[at + 1][0] = new
    return change


def other_body(have):
    """A name that is not the hash of the body."""
    at = [e[0] for e in have].index("files/index-2.csv.gz")
    old = have[at + 1][0]
    new = "files/%s.1" % blake(b"another body").hex()
    have[at][1] = have[at][1].replace(old.encode(), new.encode())
    have[at + 1][0] = new


def columns(count):
    def change(have):
        rows = (["F%d" % i] + ["v"] * 12 for i in range(count))
        return [e if e[0] != CREATES1 else [e[0], csv(*rows)]
                for e in have if e[0] != UPDATES]
    return change


def each_row(more):
    """One more value in each row of a table by columns; more: those values."""
    return lambda data: b"".join(
        line + b"," + value.encode() + b"\n"
        for line, value in zip(data.splitlines(), more))


def statement(text):
    return put("notices.3.statement", text)


REFUSED, INDEX1 = "receipts/refused-1.csv.gz", "files/index-1.csv.gz"
PUB1, PUB2 = "published/1.csv.gz", "published/2.csv.gz"
HELLO = "files/%s.1" % blake(b"hello, world").hex()
LEGACY = {"kind": b"Ed"}
GOOD_ROW = "Account,%s,,rejected\n" % name("a", 2)

OK = [
    ("invitation", invitation, None, None, "an invitation"),
    ("answer", answer, None, None, "an answer"),
    ("notice", notice, None, None, "a notice after acceptance"),
    ("notice-cancel", cancel, None, None, "an invitation cancelled"),
    ("changes", changes, None, None, "every group of members"),
    ("changes-bare", bare, None, None, "changes of nothing"),
    ("changes-first", first, None, None, "start is first"),
    ("changes-full", full, None, None, "start is full"),
    ("changes-epoch", epoch, None, None, "start is a place"),
    ("changes-many", many, None, None, "numbers in the order of numbers"),
    ("changes-large", large, None, None, "bodies of 4 MiB + 1 and of 4 MiB"),
    ("to-null", changes, "manifest", put("to", None), "to is null"),
    ("to-no-org", changes, "manifest", put("to.org", None), "to.org is null"),
    ("answer-rejected", answer, "manifest", both(
        put("answer", "Rejected")), "a rejection"),
    ("invitation-replication", invitation, "manifest", both(
        put("type", "replication"), put("one_way", True),
        put("contact", {"name": "", "mail": ""}), put("to", None)),
     "one way, with an empty contact, to nobody yet"),
    ("integer-greatest", changes, "manifest",
     put("history.rows", 9007199254740991), "2^53-1"),
    ("text-1200", changes, "manifest", put("from.name", "ö" * 600),
     "a text of 1,200 bytes"),
    ("text-any", changes, "manifest", put(
        "from.name", "\u00a0/\u2028'<&>\ufeff\ufffd\U0001f6a2"),
     "characters that some writers escape"),
    ("instants", changes, "manifest", both(
        put("made", "1700-01-01T00:00:00.000Z"),
        put("as_of", "4000-12-31T23:59:59.999Z")), "the edges of instants"),
    ("instant-leap", changes, "manifest", put(
        "made", "2000-02-29T00:00:00.000Z"), "a leap day"),
    ("notices-256", bare, "manifest", put(
        "notices", [{"notice": "suspend"}] * 256), "256 notices"),
    ("objects-4096", many_objects(bare, 4096), None, None, "4,096 objects"),
    ("members-16384", receipts(16384), None, None, "16,384 members"),
    ("member-longest", bare, "contents", added(REFUSED, table_of(MIB4)),
     "a member of 4,194,304 bytes"),
    ("columns-5000", many, "contents", columns(5000), "5,000 columns"),
    ("csv-no-last-lf", changes, "contents", of(IDS, lambda d: d[:-1]),
     "the last row ended by the end of the member"),
    ("csv-all-quoted", changes, "contents", edit(
        IDS, GOOD_ROW, '"Account","%s","","rejected"\n' % name("a", 2)),
     "any value may stand in quotes"),
    ("csv-crlf", changes, "contents", both(
        of(IDS, lambda d: d.replace(b"\n", b"\r\n")),
        of(INDEX1, lambda d: d.replace(b"\n", b"\r\n")[:-2])),
     "CRLF throughout a member"),
    ("csv-bom-inside", changes, "contents", edit(
        UPDATES, "Ships", "\ufeffShips"), "U+FEFF in a value"),
    ("published-nothing", bare, "manifest", put("published.rows", 0),
     "nothing is published any more"),
    ("published-never", bare, "manifest", put("published.revision", 0),
     "nothing was published yet"),
    ("names-in-two", changes, "contents", edit(
        NAMES2, name("i", 0)[:17], name("i", 1)[:17]),
     "one record created and deleted: the importer's to judge"),
    ("names-twice-over", many_kinds, None, None,
     "a name and nothing of it again: one record updated and deleted"),
    ("names-odd", changes, "contents", edit(
        NAMES2, name("i", 0)[:17], name("i", 0)[:17] + "ZZZ"),
     "a name with other check characters"),
    ("names-undated", undated, None, None, "as_of is null, times in full"),
    ("names-as-of", changes, "contents", edit(NAMES2, "-3599.998", "+0"),
     "modified at as_of"),
    ("names-after", changes, "contents", edit(NAMES2, "-3599.998", "+0.050"),
     "modified after as_of"),
    ("names-half", changes, "contents", edit(NAMES2, "-3599.998", "-0.998"),
     "modified less than a second before as_of"),
    ("names-65536", most_records(65536), None, None,
     "65,536 records in a member"),
    ("creates-columns", changes, "contents", of(CREATES2, lambda d: csv(
        ["Phone", "1"])), "members of one run with other columns"),
    ("creates-empty", many, "contents", of(CREATES1, lambda d:
                                           b"Name,,,,,,,,,,,,\n"),
     "no value at all, and a column that counts the records"),
    ("creates-relative", changes, "contents", edit(
        CREATES2, "Trains", "-3600"), "a relative time: the importer's"),
    ("updates-same-field", changes, "contents", both(
        edit(UPDATES, "3,ParentId", "3,LastName"), lambda have: [
            e for e in have if e[0] != UPDATES2], of(
                UPDATES, lambda d: d + b"5,LastName,Zoe\n")),
     "the same field of two objects"),
    ("creates-field", changes, "contents",
        edit(CREATES2, "Industry", "Nobody__c"),
     "a field that is not published: the importer's to judge"),
    ("creates-reference", changes, "contents", edit(
        CREATES2, name("i", 1), name("i", 1)[2:]),
     "a reference that is a bare id: the importer's to judge"),
    ("updates-reference", changes, "contents", edit(
        UPDATES, "x:0010", "y:0010"),
     "a reference of another kind: the importer's to judge"),
    ("body-twice", bare, "contents", lambda have: have.extend(
        index(1, b"twice", b"twice") + index(2, b"twice")),
     "a body listed more than once"),
    ("gzip-stored", changes, "stored", of(IDS, lambda d: gzip(
        zlib.decompress(d, 31), body=deflate(zlib.decompress(d, 31), 0))),
     "deflate without compression"),
    ("sealed", changes, "archive", sealed(), "sealed in one chunk"),
    ("sealed-chunks", medium, "archive", sealed(), "sealed in some chunks"),
    ("sealed-notice", notice, "archive", sealed(), "a notice, sealed"),
    ("sealed-full-chunk", bare, "archive", lambda _: seal(exact_plain()),
     "the last chunk is full"),
    ("sealed-large", large, "archive", sealed(), "sealed, parts of 4 MiB"),
]

MANIFEST = [
    ("key-order", changes, to_front("", "made"), "keys in another order"),
    ("key-order-inner", changes, to_front("place", "sequence"),
     "keys of an object within in another order"),
    ("key-unknown", changes, put("extra", 1), "an unknown key"),
    ("key-unknown-inner", changes, put("history.extra", 1),
     "an unknown key within"),
    ("key-missing", changes, drop("seen"), "a missing key"),
    ("key-missing-inner", changes, drop("from.sandbox"),
     "a missing key within"),
    ("key-of-other-kind", notice, put("objects", []),
     "a key of another kind at the end"),
    ("sealing-in-changes", changes, put(
        "from.sealing", SENDER.x_public.hex()), "from.sealing in changes"),
    ("integer-float", changes, put("history.rows", 1.0), "1.0"),
    ("integer-2-53", changes, put("history.rows", 2**53), "2^53"),
    ("integer-huge", changes, put("history.rows", 10**400), "10^400"),
    ("integer-negative", changes, put("history.rows", -1), "-1"),
    ("integer-text", changes, put("history.rows", "12"), "an integer as text"),
    ("integer-boolean", changes, put("history.rows", True),
     "true for an integer"),
    ("boolean-integer", changes, put("more", 0), "0 for a boolean"),
    ("null-published", changes, put("published", None),
     "null where it cannot be"),
    ("format-1", changes, put("format", 1), "another format"),
    ("format-false", changes, put("format", False), "false for 0"),
    ("kind-unknown", notice, put("kind", "letter"), "an unknown kind"),
    ("connection-upper", changes, put("connection", lambda v: "A" + v[1:]),
     "upper-case hex"),
    ("connection-short", changes, put("connection", lambda v: v[1:]),
     "31 hex digits"),
    ("key-id-lower", changes, put("to.key", str.lower), "lower-case key id"),
    ("hash-upper", changes, put("previous", str.upper), "upper-case hash"),
    ("org-15", changes, put("from.org", "00D000000000001"),
     "an id of 15 characters"),
    ("org-sign", changes, put("from.org", "00D00000000000-AAA"),
     "an id with another character"),
    ("text-empty", changes, put("from.name", ""), "an empty from.name"),
    ("text-1201", changes, put("from.name", "ö" * 600 + "o"),
     "a text of 1,201 bytes"),
    ("text-c1", changes, put("from.name", "a\u0085b"), "U+0085 in a text"),
    ("text-del", changes, put("from.name", "a\u007fb"), "U+007F in a text"),
    ("text-newline", changes, put("from.name", "a\nb"), "LF in a text"),
    ("made-no-day", changes, put("made", "2026-02-29T06:00:00.000Z"),
     "no such day"),
    ("made-no-hour", changes, put("made", "2026-11-22T24:00:00.000Z"),
     "no such hour"),
    ("made-leap-second", changes, put("made", "2016-12-31T23:59:60.000Z"),
     "second 60"),
    ("made-no-fraction", changes, put("made", "2026-11-22T06:00:00Z"),
     "an instant without milliseconds"),
    ("made-offset", changes, put("made", "2026-11-22T06:00:00.000+0000"),
     "an instant in another spelling"),
    ("made-1699", changes, put("made", "1699-12-31T23:59:59.999Z"), "1699"),
    ("made-4001", changes, put("made", "4001-01-01T00:00:00.000Z"), "4001"),
    ("type-unknown", invitation, put("type", "special"), "an unknown type"),
    ("policy-unknown", invitation, put("policy", "oldest"),
     "an unknown policy"),
    ("answer-lower", answer, put("answer", "accepted"), "another answer"),
    ("start-unknown", first, put("start", "again"), "an unknown start"),
    ("head-upper", changes, put("history.head", lambda v: "AB" + v[2:]),
     "an upper-case hash"),
    ("head-none", bare, put("history.rows", 0),
     "history.head is not zeros, with no rows"),
    ("head-zeros", bare, put("history.head", "0" * 64),
     "history.head is zeros, with rows"),
    ("sum-none", changes, put("objects.2", {**thing("Zebra", 0, 0, 0),
                                            "sum": EARLIER}),
     "the sum of no records is not zeros"),
    ("rule-1-key", changes, put("to.key", id_text(OTHER.id)),
     "to another key"),
    ("rule-1-org", changes, put("to.org", OTHER.org), "to another org"),
    ("rule-1-answer-null", answer, put("to", None), "an answer to null"),
    ("rule-1-answer-org", answer, put("to.org", None),
     "an answer to no org"),
    ("rule-2-invitation", invitation, put("revision", 0),
     "an invitation of revision 0"),
    ("rule-2-answer", answer, put("revision", 0), "an answer of revision 0"),
    ("rule-2-changes", bare, both(put("place", None),
                                  put("previous", None)),
     "changes without a place"),
    ("rule-2-neither", cancel, put("revision", 0),
     "a notice with neither revision nor place"),
    ("rule-2-both", notice, put("revision", 1),
     "a notice with revision and place"),
    ("rule-3-sequence-0", changes, put("place.sequence", 0), "sequence 0"),
    ("rule-3-seen-0", changes, put("seen.sequence", 0), "seen sequence 0"),
    ("rule-3-start-0", epoch, put("start.sequence", 0), "start sequence 0"),
    ("rule-3-start-null", epoch, put("start", None), "sequence 1, no start"),
    ("rule-3-start-late", changes, put(
        "start", {"epoch": EPOCH_BEFORE, "sequence": 4}),
     "a start at sequence 2"),
    ("rule-3-start-no-place", cancel, put("start", "first"),
     "a start without a place"),
    ("rule-3-start-same", epoch, put("start.epoch", EPOCH),
     "a start of the epoch that begins"),
    ("rule-4-null", changes, put("previous", None), "no previous"),
    ("rule-4-epoch", epoch, put("previous", None),
     "no previous after another epoch"),
    ("rule-4-first", first, put("previous", EARLIER), "previous of first"),
    ("rule-4-full", full, put("previous", EARLIER), "previous of full"),
    ("rule-4-no-place", cancel, put("previous", EARLIER),
     "previous without a place"),
    ("rule-5-none", notice, put("notices", []), "a notice without one"),
    ("rule-5-cancel", notice, put("notices.1.notice", "cancel"),
     "cancel after acceptance"),
    ("rule-5-cancel-changes", changes, put("notices.0.notice", "cancel"),
     "cancel in changes"),
    ("rule-5-suspend", cancel, put("notices.0.notice", "suspend"),
     "suspend without a place"),
    ("rule-5-deactivate", changes, put("notices.0.notice", "deactivate"),
     "deactivate in changes"),
    ("notice-unknown", changes, put("notices.0.notice", "greet"),
     "an unknown notice"),
    ("notice-policy-missing", changes, put("notices.2", {"notice": "policy"}),
     "policy without its key"),
    ("notice-policy-unknown", changes, put("notices.2.policy", "oldest"),
     "policy with another word"),
    ("notice-key-more", changes, put("notices.0.policy", "hold"),
     "a key that suspend has not"),
    ("notices-257", bare, put("notices", [{"notice": "suspend"}] * 257),
     "257 notices"),
    ("statement-signature", changes, statement(
        sealing_text(OTHER, by=SENDER).decode()),
     "a statement signed by another key"),
    ("statement-comment", changes, statement(
        sealing_text(OTHER, comments=SIGNED).decode()),
     "a statement with the comments of a manifest"),
    ("statement-short", changes, statement(lambda v: v[:-1]),
     "a statement without its last LF"),
    ("statement-long", changes, statement(lambda v: v + "\n" * 16384),
     "a statement of more than 16,384 bytes"),
    ("statement-sealing", changes, statement(
        sealing_text(OTHER, x_public=bytes(32)).decode()),
     "a statement of a sealing key of low order"),
    ("statement-spelling", changes, statement(
        sealing_text(OTHER, x_public=(2**255 - 19 + 9).to_bytes(
            32, "little")).decode()),
     "a statement of a sealing key in another spelling"),
    ("statement-comment-key", changes, statement(
        lambda v: v.replace("minisign public key", "some public key")),
     "a statement whose first comment is another"),
    ("sealing-low", invitation, put("from.sealing", "0" * 64),
     "a sealing key of low order"),
    ("sealing-spelling", invitation, put(
        "from.sealing", (2**255 - 18).to_bytes(32, "little").hex()),
     "a sealing key in another spelling"),
    ("rule-6-order", changes, put("objects", lambda v: v[:1] + v[:0:-1]),
     "objects in another order"),
    ("rule-6-twice", changes, put("objects", lambda v: v + v[-1:]),
     "an object twice"),
    ("object-name", changes, put("objects.2.name", "Zebra-Crossing"),
     "no API name"),
    ("object-name-71", changes, put("objects.2.name", "Z" * 71),
     "an API name of 71 bytes"),
    ("object-sum-short", changes, put("objects.2.sum", lambda v: v[1:]),
     "a sum of 63 digits"),
    ("rule-8-object", changes, put("objects", lambda v: [
        {**v[0], "name": "Abacus"}, *v[1:]]),
     "changes of an object that is not in objects"),
    ("rule-9-rows", changes, put("published.revision", 0),
     "published.rows without a revision"),
    ("rule-9-rows-0", bare, put("published", {"revision": 0, "rows": 0}),
     "published.rows of 0 without a revision"),
    ("published-rows-null", changes, put("published.rows", None),
     "published members where all is as it was"),
    ("published-rows-0", changes, put("published.rows", 0),
     "published members where nothing is published any more"),
    ("rule-10", changes, put("from.key", id_text(OTHER.id)),
     "from.key of another key"),
    ("published-rows-more", changes, put("published.rows", 7),
     "published.rows one more than the rows"),
    ("published-rows-less", changes, put("published.rows", 5),
     "published.rows one less than the rows"),
    ("count-creates", changes, put("objects.0.creates", 3),
     "creates one more than the rows"),
    ("count-updates", changes, put("objects.0.updates", 0),
     "updates one less than the rows"),
    ("count-deletes", changes, put("objects.0.deletes", 2),
     "deletes one more than the rows"),
    ("count-no-names", changes, put("objects.2.deletes", 1),
     "a delete of an object without names"),
    ("rule-7-together", changes, put("objects.2.deletes", 9007199254740990),
     "more records together than a number may count"),
    ("count-no-members", bare, put("objects", [thing("Account", 0, 0, 1)]),
     "a delete and no members at all"),
    ("published-no-members", bare, put("published.rows", 1),
     "a row of published and no members at all"),
    ("member-size-more", changes, put("members.2.size", lambda v: v + 1),
     "size one more than the inflated bytes"),
    ("member-size-less", changes, put("members.2.size", lambda v: v - 1),
     "size one less than the inflated bytes"),
    ("member-stored", changes, put("members.2.stored", lambda v: v + 1),
     "stored one more than the body"),
    ("member-hash", changes, put("members.2.hash", EARLIER),
     "another hash than the body's"),
    ("member-not-there", changes, put("members", lambda v: v + [
        {**v[-1], "name": "files/index-3.csv.gz"}]),
     "a member that the archive has not"),
    ("members-null", notice, put("members", None), "members is null"),
    ("sender-size", invitation, put("members.0.size", lambda v: v + 1),
     "size of sender.pub is not stored"),
]

SPELLING = [
    ("key-twice", sub(b' "format": 0,\n', b' "format": 0,\n "format": 0,\n'),
     "a key twice"),
    ("escape-letter", sub(b'"changes"', b'"\\u0063hanges"'),
     "an escape that need not be"),
    ("escape-slash", sub(b'"published/1.csv.gz"', b'"published\\/1.csv.gz"'),
     "an escaped slash"),
    ("escape-umlaut", sub("Söhne".encode(), b"S\\u00f6hne"),
     "an escaped letter beyond ASCII"),
    ("number-exponent", sub(b'"rows": 12', b'"rows": 12e0'), "12e0"),
    ("number-zeros", sub(b'"rows": 12', b'"rows": 012'), "012"),
    ("number-minus-0", sub(b'"format": 0', b'"format": -0'), "-0"),
    ("indent-two", lambda raw: raw.replace(b"\n ", b"\n  "),
     "a blank of indentation too many"),
    ("indent-tab", lambda raw: raw.replace(b"\n ", b"\n\t"), "a tab"),
    ("one-line", lambda raw: json.dumps(
        json.loads(raw), ensure_ascii=False).encode() + b"\n", "one line"),
    ("no-lf", lambda raw: raw[:-1], "no LF at the end"),
    ("two-lf", lambda raw: raw + b"\n", "an LF too many"),
    ("crlf", lambda raw: raw.replace(b"\n", b"\r\n"), "CRLF"),
    ("bom", lambda raw: b"\xef\xbb\xbf" + raw, "a byte order mark"),
    ("nul", lambda raw: raw + b"\0", "NUL at the end"),
    ("blank-line-end", sub(b'"format": 0,', b'"format": 0, '),
     "a blank at the end of a line"),
    ("array", lambda raw: json.dumps([json.loads(raw)], indent=1,
                                     ensure_ascii=False).encode() + b"\n",
     "an array round it"),
    ("nan", sub(b'"rows": 12', b'"rows": NaN'), "NaN"),
    ("deep", sub(b'"more": false', b'"more": ' + b"[" * 99999), "very deep"),
    ("comma", sub(b'"format": 0,', b'"format": 0,,'), "a comma too many"),
    ("empty", lambda raw: b"", "an empty manifest"),
    ("latin-1", sub("Söhne".encode(), "Söhne".encode("latin-1")),
     "no UTF-8"),
    ("surrogate", sub("ö".encode(), b"\xed\xa0\x80"), "a surrogate in UTF-8"),
    ("surrogate-escaped", sub("ö".encode(), b"\\ud800"),
     "half a pair of escapes"),
    ("overlong", sub(b"\\\\", b"\\\\\xc0\xaf"), "overlong UTF-8"),
]

SIGNATURE = [
    ("legacy", signed(SENDER, **LEGACY), "minisign's legacy form"),
    ("legacy-hashed", lambda have: (relabelled(have[0]),),
     "Ed in the place of ED"),
    ("other-key", signed(OTHER, key_id=SENDER.id),
     "by another key under the sender's key id"),
    ("other-sender", signed(OTHER), "by another key"),
    ("key-id", signed(SENDER, key_id=OTHER.id),
     "by the sender under another key id"),
    ("untrusted", signed(SENDER, ("signature from minisign", SIGNED[1])),
     "another untrusted comment"),
    ("trusted", signed(SENDER, (SIGNED[0], "timestamp:1")),
     "another trusted comment, signed"),
    ("trusted-sealing", signed(SENDER, STATED),
     "the comments of a sealing key"),
    ("trusted-forged", sub_signature(
        b"trusted comment: orgferry manifest\n",
        b"trusted comment: orgferry manifest \n"),
     "a blank behind the trusted comment"),
    ("other-message", lambda have: (signature_text(SENDER, have[1] + b"\n"),),
     "of other bytes"),
    ("s-plus-l", signed(SENDER, change=with_sum), "s is not below L"),
    ("first-only", lambda have: (swap_last(have[0]),),
     "the second signature is of another text"),
    ("crlf", lambda have: (have[0].replace(b"\n", b"\r\n"),), "CRLF"),
    ("no-lf", lambda have: (have[0][:-1],), "no LF at the end"),
    ("line-more", lambda have: (have[0] + b"\n",), "an empty line more"),
    ("bytes-less", lambda have: (b"\n".join(
        have[0].split(b"\n")[:3] + [b64(bytes(63))]),),
     "a second signature of 63 bytes"),
    ("padding", lambda have: (have[0].replace(b"==\n", b"\n"),),
     "base64 without padding"),
    ("trailing-bits", lambda have: (have[0].replace(
        have[0][-4:], bytes([have[0][-4] + 1]) + have[0][-3:]),),
     "base64 with trailing bits"),
    ("blank", sub_signature(b"\ntrusted", b" \ntrusted"),
     "a blank behind the base64"),
    ("url-alphabet", lambda have: (have[0].replace(b"/", b"_").replace(
        b"+", b"-"),), "base64 of another alphabet"),
    ("long", lambda have: (have[0] + b"x" * 10240,),
     "more than 10,240 bytes"),
    ("none", lambda have: (b"",), "an empty signature"),
]

HEADERS = [
    ("mode", 100, b"0000755", "another mode"),
    ("owner", 108, b"0001750", "an owner"),
    ("group", 116, b"0001750", "a group"),
    ("size-blank", 124, b" ", "the size with a blank"),
    ("size-binary", 124, b"\x80\0\0\0\0\0\0\0\0\0", "the size in binary"),
    ("mtime", 136, b"00000000001", "a time"),
    ("type-nul", 156, b"\0", "type NUL"),
    ("type-directory", 156, b"5", "a directory"),
    ("type-link", 156, b"1", "a link"),
    ("link", 157, b"x", "a link's name"),
    ("gnu", 257, b"ustar  \0", "GNU's magic"),
    ("owner-name", 265, b"root", "an owner's name"),
    ("group-name", 297, b"root", "a group's name"),
    ("device", 329, bytes(8), "no device number"),
    ("prefix", 345, b"x", "a prefix"),
    ("rest", 511, b"x", "the last byte"),
    ("name-behind-nul", 99, b"x", "a byte behind the name's NUL"),
]


ARCHIVE = [
    ("sum-wrong", head_patch(148, b"000000", False), "the sum of a header"),
    ("sum-spelling", lambda a: a[:154] + b" \0" + a[156:],
     "a blank and NUL behind the sum"),
    ("byte-behind", lambda a: a + b"\0", "a byte behind the end"),
    ("text-behind", lambda a: a + b"hello\n", "bytes behind the end"),
    ("block-behind", lambda a: a + bytes(512), "three blocks of zeros"),
    ("record-10240", lambda a: a + bytes(-len(a) % 10240),
     "blocks of zeros up to GNU tar's record"),
    ("one-block", lambda a: a[:-512], "one block of zeros"),
    ("no-end", lambda a: a[:-1024], "no block of zeros"),
    ("end-short", lambda a: a[:-1], "1,023 zeros"),
    ("end-not-zero", lambda a: a[:-1] + b"\1", "an end that is not zero"),
    ("cut-in-body", lambda a: a[:700], "the file ends in the manifest"),
    ("cut-in-header", lambda a: a[:300], "the file ends in a header"),
    ("nothing", lambda a: b"", "an empty file"),
    ("zeros", lambda a: bytes(1024), "an archive without members"),
    ("padding", lambda a: a[:-1025] + b"\1" + a[-1024:],
     "the last padding is not zero"),
    ("byte-before", lambda a: b"\0" + a, "a byte before the archive"),
    ("compressed", gzip, "the whole bundle in gzip"),
]

MEMBERS = [
    ("signature-first", swapped("manifest.json", "manifest.json.minisig"),
     "the signature before the manifest"),
    ("swapped", swapped(NAMES1, NAMES2), "two members in the other order"),
    ("missing", without(IDS), "a member is missing"),
    ("twice", lambda m: m[:3] + m[2:], "a member twice"),
    ("more", added("extra", b""), "a member more at the end"),
    ("more-inside", added("README", b"hello", PUB2), "a member more inside"),
    ("dot-slash", lambda m: [["./" + n, d] for n, d in m], "./ before names"),
    ("name", renamed(IDS, "receipts/ids-2.csv.gz"),
     "another name than the manifest's"),
    ("part-missing", without(HELLO), "a part is missing"),
    ("part-late", lambda m: [e for e in m if e[0] != HELLO]
     + [e for e in m if e[0] == HELLO], "a part at the end"),
    ("part-before-index", swapped(INDEX1, HELLO), "a part before its index"),
    ("part-unlisted", added("files/%s.1" % EARLIER, b"", HELLO),
     "a part that no index lists"),
    ("body-changed", of(IDS, flip(20)), "a bit of a body"),
    ("part-changed", of(HELLO, flip(3)), "a bit of a part"),
    ("body-longer", of(IDS, lambda d: d + b"\0"), "a byte more in a body"),
]

STORED = [
    ("gzip-byte-behind", of(IDS, lambda d: d + b"\0"),
     "a byte behind the gzip stream"),
    ("gzip-two", of(IDS, lambda d: d + gzip(b"")), "two gzip streams"),
    ("gzip-time", of(IDS, lambda d: d[:4] + b"\1" + d[5:]),
     "a time in the head"),
    ("gzip-best", of(IDS, lambda d: d[:8] + b"\2" + d[9:]),
     "XFL of gzip -9"),
    ("gzip-os", of(IDS, lambda d: d[:9] + b"\xff" + d[10:]), "another OS"),
    ("gzip-name", of(IDS, lambda d: d[:3] + b"\x08" + d[4:10] + b"x\0"
                     + d[10:]), "a name in the head"),
    ("gzip-crc", of(IDS, flip(-8)), "another CRC-32"),
    ("gzip-length", of(IDS, flip(-4)), "another length"),
    ("gzip-no-end", of(IDS, lambda d: d[:-9]), "the stream does not end"),
    ("gzip-no-trailer", of(IDS, lambda d: d[:-8]), "no CRC-32 and length"),
    ("gzip-garbage", of(IDS, lambda d: d[:10] + b"\xff" + d[11:]),
     "no deflate data"),
    ("gzip-none", of(IDS, lambda d: zlib.decompress(d, 31)),
     "not compressed at all"),
    ("gzip-empty", of(IDS, lambda d: b""), "an empty body"),
    ("gzip-zlib", of(IDS, lambda d: zlib.compress(zlib.decompress(d, 31))),
     "a zlib stream"),
]

RULE_8 = [
    ("groups", changes, swapped(PUB2, NAMES1), "groups in another order"),
    ("objects", changes, swapped(CREATES1, ZOO),
     "objects in another order"),
    ("objects-first", changes, lambda have: have.insert(4, have.pop(6)),
     "objects in another order, each numbered right"),
    ("names-of-object", changes, renamed(
        NAMES1, "changes/Account.names-1.csv.gz"), "names of one object"),
    ("updates-of-object", changes, renamed(
        UPDATES, "changes/Account.updates-1.csv.gz"),
     "updates of one object"),
    ("creates-of-none", changes, renamed(ZOO, "changes/creates-1.csv.gz"),
     "creates of no object"),
    ("updates-early", changes, swapped(CREATES2, UPDATES),
     "updates before creates"),
    ("numbers", changes, swapped(NAMES1, NAMES2),
     "numbers in another order"),
    ("gap", changes, renamed(PUB2, "published/3.csv.gz"), "a gap"),
    ("from-0", bare, added("receipts/refused-0.csv.gz", table(
        "refused", "Account|%s||||" % name("a", 1))), "from 0"),
    ("from-2", bare, added("receipts/refused-2.csv.gz", table(
        "refused", "Account|%s||||" % name("a", 1))), "from 2"),
    ("zero", changes, renamed(PUB2, "published/02.csv.gz"),
     "a leading zero"),
    ("twice", changes, renamed(PUB2, PUB1), "a number twice"),
    ("unknown", changes, added("notes/1.csv.gz", b"a\n"),
     "a name of no group"),
    ("path", changes, renamed(PUB1, "published/../published/1.csv.gz"),
     "a path in a name"),
    ("part", bare, added("files/index-%s.1" % EARLIER, b""),
     "a part in the manifest"),
    ("no-sender", invitation, without("sender.pub"), "no sender.pub"),
    ("sender-late", answer, swapped("sender.pub", PUB2),
     "sender.pub is not the third"),
    ("sender-in-changes", changes, lambda have: have.insert(
        0, ["sender.pub", public_text(SENDER)]), "sender.pub in changes"),
    ("names-in-answer", answer, added(IDS, table("ids")),
     "receipts in an answer"),
    ("member-in-notice", notice, lambda have: have.extend(published()),
     "published in a notice"),
]

SENDER_PUB = [
    ("other", public_text(OTHER), "the key of another"),
    ("comment-id", public_text(SENDER, key_id=id_text(OTHER.id)),
     "the comment has another key id"),
    ("comment-lower", public_text(SENDER, key_id=id_text(SENDER.id).lower()),
     "the comment in lower case"),
    ("kind", public_text(SENDER, kind=b"ED"), "of the kind ED"),
    ("crlf", public_text(SENDER).replace(b"\n", b"\r\n"), "CRLF"),
    ("line-more", public_text(SENDER) + b"\n", "a line more"),
    ("no-lf", public_text(SENDER)[:-1], "no LF at the end"),
    ("long", public_text(SENDER) + b"x" * 2048, "more than 2,048 bytes"),
]

ROWS = [
    # section 5, the dialect
    ("csv-bom", changes, of(IDS, lambda d: b"\xef\xbb\xbf" + d),
     "a byte order mark"),
    ("csv-nul", changes, edit(REFUSED, "OTHER", "O\0THER"), "NUL"),
    ("csv-utf-8", changes, edit(REFUSED, "OTHER", b"OTH\xe9R"), "no UTF-8"),
    ("csv-overlong", changes, edit(REFUSED, "OTHER", b"\xc0\xaf"),
     "overlong UTF-8"),
    ("csv-surrogate", changes, edit(REFUSED, "OTHER", b"\xed\xa0\x80"),
     "a surrogate"),
    ("csv-beyond", changes, edit(REFUSED, "OTHER", b"\xf4\x90\x80\x80"),
     "beyond U+10FFFF"),
    ("csv-cr", changes, edit(REFUSED, "OTHER", "OTH\rER"),
     "CR outside quotes"),
    ("csv-cr-ends", changes, of(IDS, lambda d: d.replace(b"\n", b"\r")),
     "CR for LF"),
    ("csv-mixed", changes, edit(IDS, GOOD_ROW, GOOD_ROW[:-1] + "\r\n"),
     "CRLF and LF in one member"),
    ("csv-ragged-more", changes, edit(IDS, ",rejected", ",rejected,"),
     "a value too many"),
    ("csv-ragged-less", changes, edit(IDS, ",,rejected", ",rejected"),
     "a value too few"),
    ("csv-open", changes, edit(IDS, "converted\n", '"converted'),
     "a quote is not closed"),
    ("csv-behind-quote", changes, edit(IDS, "rejected", '"rejected" '),
     "a blank behind a closing quote"),
    ("csv-quote-inside", changes, edit(REFUSED, "OTHER", 'OT"HER'),
     "a quote inside an unquoted value"),
    ("csv-blank-first", changes, of(IDS, lambda d: b"\n" + d),
     "a blank line before the header"),
    ("csv-blank", changes, edit(IDS, GOOD_ROW, GOOD_ROW + "\n"),
     "a blank line"),
    ("csv-blank-last", changes, of(IDS, lambda d: d + b"\n"),
     "a blank line at the end"),
    ("csv-blank-columns", many, of(CREATES1, lambda d: d + b"\n"),
     "a blank line behind the columns"),
    ("csv-nothing", changes, of(IDS, lambda d: b""), "a member of 0 bytes"),
    ("csv-no-header", changes, edit(IDS, "Object,Name,Id,Status\n", ""),
     "no header"),
    ("csv-head-order", changes, of(IDS, lambda d: csv(
        *([r[1], r[0], *r[2:]] for r in (
            line.split(",") for line in d.decode().splitlines())))),
     "the columns in another order"),
    ("csv-head-case", changes, edit(IDS, "Status", "status"),
     "the header in another case"),
    ("csv-head-empty", many, edit(CREATES1, "Name,", ","),
     "an empty name of a column"),
    ("csv-head-twice", many, of(CREATES1, lambda d: d + d.upper()),
     "names of columns that differ in case alone"),
    ("csv-column-again", changes, of(CREATES2, lambda d: d + d),
     "a column twice"),
    ("csv-no-head-again", many, both(
        edit(UPDATES, "8,,ten\n", ""),
        added(UPDATES2, b"10,Name,ten\n")),
     "a piece without the header line"),
    ("columns-5001", many, columns(5001), "5,001 columns"),
    # published
    ("published-order", changes, of(PUB2, lambda d: table(
        "published", *PUBLISHED[3:1:-1], *PUBLISHED[4:])),
     "fields in another order"),
    ("published-pieces", changes, both(
        of(PUB1, lambda d: table("published", *PUBLISHED[4:])),
        of(PUB2, lambda d: table("published", *PUBLISHED[:4]))),
     "ascending in every piece, not in the run"),
    ("published-twice", changes, of(PUB2, lambda d: table(
        "published", *PUBLISHED[2:5], PUBLISHED[4])), "a row twice"),
    ("published-no-object", changes, of(PUB2, lambda d: table(
        "published", *PUBLISHED[2:4], "Case||Case||||||",
        PUBLISHED[5]).replace(b"Case", b"Bill")),
     "a field without the row of its object"),
    ("published-type", changes, edit(PUB2, ",reference,", ",lookup,"),
     "an unknown type"),
    ("published-length", changes, edit(PUB2, ",255,", ",-255,"),
     "a negative length"),
    ("published-length-great", changes, edit(PUB2, ",255,",
                                             ",9007199254740992,"),
     "a length of 2^53"),
    ("published-field", changes, edit(PUB2, ",ParentId,", ",Parent Id,"),
     "no API name"),
    ("published-references", changes, edit(PUB2, ",18,,,Account,",
                                           ",18,,,Account Contact,"),
     "references that are no names"),
    ("published-row-more", changes, of(PUB2, lambda d: table(
        "published", *PUBLISHED[2:], "Contact|Phone||||||||"[:-1])),
     "a row more than published.rows"),
    ("published-missing", changes, without(PUB1, PUB2),
     "no published members, with published.rows"),
    # names
    ("names-order", many, edit(NAMES1, ",4,5,", ",5,4,"),
     "in another order"),
    ("names-twice", many, edit(NAMES1, ",4,5,", ",4,,"), "a name twice"),
    ("names-origin-update", changes, of(NAMES2, lambda d: d + (
        b"Origin Org,00D000000000009AAA,,,\n"
        b"Origin Record,001000000000077AAA,,,\n")),
     "an update with an origin"),
    ("names-origin-delete", changes, of(NAMES2, lambda d: d + (
        b"Origin Org,,00D000000000009AAA,,\n"
        b"Origin Record,,001000000000077AAA,,\n")),
     "a delete with an origin"),
    ("names-no-records", many, lambda have: have.insert(
        1, [NAMES2, b"Object\nName\nChange\n"]),
     "a piece of a run without records"),
    ("names-nothing", many, of(NAMES1, lambda d: b""), "a names of 0 bytes"),
    ("names-missing", changes, without(NAMES1, NAMES2), "no names run"),
    ("names-half-missing", changes, without(NAMES2),
     "names of some of the records"),
    ("names-groups", changes, both(
        edit(NAMES2, "Change,update,delete", "Change,delete,update"),
        edit(NAMES2, name("a", 7)[:17] + "," + name("i", 0)[:17],
             name("i", 0)[:17] + "," + name("a", 7)[:17])),
     "a delete before an update"),
    ("names-change", changes, edit(NAMES2, "update", "upsert"),
     "an unknown change"),
    ("names-change-other", changes, edit(NAMES2, "update", "create"),
     "another change than the manifest counts"),
    ("names-change-again", changes, edit(NAMES1, "create,", "create,create"),
     "a change said again"),
    ("names-change-none", changes, edit(NAMES1, "create,", ","),
     "no change at all"),
    ("names-change-first", changes, edit(NAMES2, "update,", ","),
     "the first change of the second member left out"),
    ("names-object-other", changes, edit(NAMES2, "Account,,Contact",
                                         "Account,Contact,"),
     "another object than the manifest counts"),
    ("names-object-unknown", changes, edit(NAMES2, "Contact", "Contract"),
     "an object that the manifest has not"),
    ("names-object-again", changes, edit(NAMES1, "Account,",
                                         "Account,Account"),
     "an object said again"),
    ("names-object-first", changes, edit(NAMES2, "Account,,", ",,"),
     "the first object of the second member left out"),
    ("names-name", changes, edit(NAMES2, "a:0010", "x:0010"), "x: as a name"),
    ("names-name-first", changes, edit(NAMES2, "a:0010", "0010"),
     "the first name of the second member not whole"),
    ("names-name-16", changes, edit(NAMES2, name("a", 7)[:17],
                                    name("a", 7)[:16]),
     "a first name of 16 characters"),
    ("names-name-18", changes, edit(NAMES2, name("a", 7)[:17],
                                    name("a", 7)[:17] + "A"),
     "a name of 18 characters"),
    ("names-name-20", changes, edit(NAMES2, name("a", 7)[:17],
                                    name("a", 7)),
     "a name with the check characters that follow from it"),
    ("names-name-21", changes, edit(NAMES2, name("a", 7)[:17],
                                    name("a", 7) + "B"),
     "a name of 21 characters"),
    ("names-name-sign", changes, edit(NAMES2, name("a", 7)[:17],
                                      name("a", 7)[:14] + "-07"),
     "a name that is no id"),
    ("names-tail-long", changes, edit(NAMES1, "001,2\n", "001,02\n"),
     "an end that begins one character early"),
    ("names-tail-whole", changes, edit(NAMES1, "001,2\n",
                                       "001,%s\n" % name("i", 2)[:17]),
     "a whole name that differs in its last character"),
    ("names-tail-sign", changes, edit(NAMES1, "001,2\n", "001,-\n"),
     "an end that makes no id"),
    ("names-tail-side", changes, edit(NAMES2, "3000000000001",
                                      "-003000000000001"),
     "an end that makes no name"),
    ("names-modified", changes, edit(NAMES2, "-3599.998",
                                     "2026-11-22T05:00:00.001Z"),
     "a time in full, with as_of"),
    ("names-modified-null", undated, edit(
        NAMES2, "2026-11-22T05:00:00.001Z", "-3599.998"),
     "a relative time, and as_of is null"),
    ("names-modified-none", undated, edit(
        NAMES2, "05:00:00.001Z", "05:00:00Z"), "Modified is no instant"),
    ("names-modified-sign", changes, edit(NAMES2, "-3599.998", "3599.998"),
     "a relative time without a sign"),
    ("names-modified-zero", changes, edit(NAMES2, "-3599.998", "-03599.998"),
     "a leading zero"),
    ("names-modified-tenths", changes, edit(NAMES2, "-3599.998", "-3599.9"),
     "milliseconds of one digit"),
    ("names-modified-000", changes, edit(NAMES2, "-3599.998", "-3599.000"),
     "milliseconds of 000"),
    ("names-modified-micro", changes, edit(NAMES2, "-3599.998",
                                           "-3599.9980"),
     "milliseconds of four digits"),
    ("names-modified-minus-0", changes, edit(NAMES2, "-3599.998", "-0"),
     "-0"),
    ("names-modified-blank", changes, edit(NAMES2, "-3599.998", "- 3599"),
     "a blank behind the sign"),
    ("names-modified-only-sign", changes, edit(NAMES2, "-3599.998", "+"),
     "a sign alone"),
    ("names-modified-point", changes, edit(NAMES2, "-3599.998", "-.998"),
     "no seconds before the point"),
    ("names-modified-early", changes, edit(NAMES2, "-3599.998",
                                           "-10400000000"),
     "before 1700"),
    ("names-modified-late", changes, edit(NAMES2, "-3599.998",
                                          "+99999999999"), "after 4000"),
    ("names-modified-huge", changes, edit(NAMES2, "-3599.998",
                                          "+" + "9" * 40), "10^40 seconds"),
    ("names-modified-empty", many, of(
        NAMES1, lambda d: d + b"Modified,,,,,,,,,,,,\n"),
     "a Modified without a value"),
    ("names-columns-order", many, of(NAMES1, lambda d: b"".join(
        d.splitlines(True)[i] for i in (0, 2, 1))),
     "columns in another order"),
    ("names-columns-less", many, of(NAMES1, lambda d: b"".join(
        d.splitlines(True)[:2])), "no Change"),
    ("names-columns-more", many, of(
        NAMES1, lambda d: d + b"Deleted,x,,,,,,,,,,,\n"),
     "an unknown column"),
    ("names-columns-twice", many, of(
        NAMES1, lambda d: d + d.splitlines(True)[2]), "a column twice"),
    ("names-columns-one", changes, of(NAMES1, lambda d: b"".join(
        d.splitlines(True)[:5])), "Origin Org without Origin Record"),
    ("names-columns-other", changes, of(NAMES1, lambda d: b"".join(
        d.splitlines(True)[i] for i in (0, 1, 2, 3, 5))),
     "Origin Record without Origin Org"),
    ("names-ragged-more", changes, edit(NAMES1, "create,", "create,,"),
     "a value too many in a column"),
    ("names-ragged-less", changes, edit(NAMES1, "Modified,,", "Modified,"),
     "a value too few in a column"),
    ("names-origin-one", changes, edit(NAMES1, "Record,,001000000000077AAA",
                                       "Record,001000000000077AAA,"),
     "one origin of two, twice"),
    ("names-origin-id", changes, edit(NAMES1, "001000000000077AAA",
                                      "001000000000077"),
     "an origin that is no id"),
    ("names-origin-org", changes, edit(NAMES1, "00D000000000009AAA",
                                       "00D000000000009"),
     "an origin of no org's id"),
    ("names-record-more", changes, of(NAMES2, each_row((
        "", "2", "", ""))), "a record more than the manifest counts"),
    ("names-65537", most_records(65537), lambda have: None,
     "65,537 records in a member"),
    # creates and updates
    ("creates-more", changes, of(CREATES2, lambda d: csv(
        ["Name", "Two", "Three"])), "a record more than creates"),
    ("creates-less", changes, without(CREATES2), "a record less than creates"),
    ("creates-no-records", many, lambda have: have.insert(
        2, [CREATES2, b"Name\n"]),
     "a last piece of creates without records"),
    ("creates-no-value", changes, of(
        CREATES1, lambda d: d + b"Industry,\n"), "a column without a value"),
    ("creates-no-value-first", changes, of(
        CREATES2, lambda d: b"Phone,\n" + d),
     "a first column without a value"),
    ("creates-no-value-two", many, of(
        CREATES1, lambda d: b"Name,,,,,,,,,,,,\nType,,,,,,,,,,,,\n"),
     "two columns without a value"),
    ("creates-ragged", changes, edit(CREATES2, "Industry,Trains",
                                     "Industry,Trains,Ships"),
     "columns of unlike length"),
    ("updates-no-rows", many, of(UPDATES, lambda d: table("updates")),
     "a table of updates without rows"),
    ("index-no-rows", bare, added("files/index-1.csv.gz", table("index")),
     "an index without rows"),
    ("creates-no-api-name", many, edit(CREATES1, "Name", "The Name"),
     "a field that is no API name"),
    ("updates-again", changes, edit(UPDATES, "2,,\n", "3,Industry,\n"),
     "a field said again"),
    ("updates-further-0", changes, edit(UPDATES, "2,,\n", "0,,\n"),
     "no further"),
    ("updates-further-minus", changes, edit(UPDATES, "2,,\n", "-1,,\n"),
     "back"),
    ("updates-further-zero", changes, edit(UPDATES, "2,,\n", "02,,\n"),
     "a leading zero"),
    ("updates-further-delete", changes, edit(UPDATES, "2,,\n", "3,,\n"),
     "further, to a delete"),
    ("updates-further-object", changes, edit(UPDATES, "2,,\n", "4,,\n"),
     "further, to another object"),
    ("updates-further-beyond", changes, edit(UPDATES, "2,,\n", "40,,\n"),
     "further than there are records"),
    ("updates-order", many, both(
        edit(UPDATES, "2,Name,two\n8,,ten\n", "10,Name,ten\n"),
        added(UPDATES2, table("updates", "2|Name|two"))),
     "records in another order, in two members"),
    ("updates-order-further", many, added(UPDATES2, table(
        "updates", "5|Name|five")),
     "a record before that of the last row of the member before"),
    ("updates-order-fields", changes, edit(
        UPDATES, "3,ParentId,x:", "3,Active__c,x:"),
     "fields in another order"),
    ("updates-order-objects", changes, both(
        edit(UPDATES, "1,Industry,Ships\n2,,\n", "5,Industry,Ships\n")),
     "objects in another order"),
    ("updates-twice", many, both(
        edit(UPDATES, "2,Name,two\n8,,ten\n", "10,Name,ten\n"),
        added(UPDATES2, table("updates", "10|Name|ten"))),
     "a field of a record twice, in two members"),
    ("updates-0", changes, edit(UPDATES, "1,Ind", "0,Ind"), "Record 0"),
    ("updates-delete", changes, edit(UPDATES, "3,Par", "4,Par"),
     "Record is a delete"),
    ("updates-beyond", changes, edit(UPDATES2, "5,Last", "7,Last"),
     "Record beyond the names"),
    ("updates-no-number", changes, edit(UPDATES, "1,Ind", "one,Ind"),
     "Record is no number"),
    ("updates-field", changes, edit(UPDATES, "3,ParentId,x:", "3,Par-Id,x:"),
     "Field is no API name"),
    ("updates-field-empty", changes, edit(UPDATES, "1,Industry,", "1,,"),
     "the first Field is empty"),
    ("updates-field-member", many, both(
        edit(UPDATES, "8,,ten\n", ""),
        added(UPDATES2, table("updates", "8||ten"))),
     "the first Field of the second member is empty"),
    # receipts
    ("ids-status", changes, edit(IDS, "rejected", "Rejected"),
     "an unknown status"),
    ("ids-no-id", changes, edit(IDS, "001000000000100AAA", ""),
     "accepted without an id"),
    ("ids-id", changes, edit(IDS, ",,rejected", ",001000000000100AAA,rejected"
                             ), "rejected with an id"),
    ("ids-order", changes, edit(IDS, "Contact", "AAA"),
     "objects in another order"),
    ("ids-twice", changes, edit(IDS, GOOD_ROW, GOOD_ROW * 2), "a row twice"),
    ("ids-object", changes, edit(IDS, "Contact", "Con tact"),
     "Object is no API name"),
    ("ids-name", changes, edit(IDS, GOOD_ROW, GOOD_ROW.replace("a:", "a-")),
     "Name is no record's name"),
    ("refused-object", changes, edit(
        REFUSED, "Account,%s,Name" % name("a", 2),
        ",%s,Name" % name("a", 2)), "Object is empty"),
    ("refused-name", changes, edit(
        REFUSED, name("a", 2) + ",Name", name("a", 2)[2:] + ",Name"),
     "Name is no record's name"),
    ("refused-field", changes, edit(REFUSED, ",Name,REQ", ",The Name,REQ"),
     "Field is no API name"),
    # section 6
    ("part-hash", changes, edit(INDEX1, "12," + blake(b"hello, world").hex(),
                                "12," + EARLIER), "another hash of a part"),
    ("part-hash-upper", changes, edit(
        INDEX1, "12," + blake(b"hello, world").hex(),
        "12," + blake(b"hello, world").hex().upper()),
     "an upper-case hash of a part"),
    ("part-size", changes, edit(INDEX1, ".1,12,", ".1,11,"),
     "another size of a part"),
    ("part-body", changes, other_body, "a body under another hash"),
    ("part-from-2", changes, recount("2"), "a body that begins with part 2"),
    ("part-from-0", changes, recount("0"), "a body that begins with part 0"),
    ("part-zero", changes, recount("01"), "a leading zero"),
    ("part-gap", large, lambda have: both(
        edit(INDEX1, have[2][0], have[2][0][:-1] + "3"),
        renamed(have[2][0], have[2][0][:-1] + "3"))(have), "a gap"),
    ("part-early", large, early_cut, "the first part has one byte less"),
    ("part-empty-last", large, empty_last, "an empty part behind a full one"),
    ("part-long", large, one_part_too_long, "one part of 4 MiB + 1"),
    ("part-order", large, parts_swapped, "parts of a body in another order"),
    ("part-two-indexes", large, parted, "parts of a body in two indexes"),
    ("part-cut-short", large, lambda have: [
        [have[0][0], b"\n".join(have[0][1].split(b"\n")[:2]) + b"\n"],
        have[1]], "the last part of a body is missing from index and archive"),
    # rule 9
    ("rule-9-size", bare, added(REFUSED, table_of(MIB4 + 1)),
     "a member of 4,194,305 bytes"),
]

SEALED = [
    ("magic", sealed(magic=b"orgferry sealed 1\n"), "another number"),
    ("sender", sealed(sender_id=OTHER.id), "another sender's key id"),
    ("recipient", sealed(to_id=OTHER.id), "another recipient's key id"),
    ("for-other", sealed(to=OTHER, to_id=RECIPIENT.id),
     "a lock for another key"),
    ("by-other", sealed(sealing=OTHER.sealing),
     "a lock by another sealing key"),
    ("lock-outer", then_sealed(flip(100)), "a bit of the lock"),
    ("lock-once", then_sealed(flip(34)), "a bit of the key of the lock"),
    ("header", then_sealed(flip(160)), "a bit of the stream's header"),
    ("chunk", then_sealed(flip(70000)), "a bit of the second chunk"),
    ("code", then_sealed(flip(-1)), "a bit of the last code"),
    ("tag", then_sealed(flip(178)), "a bit of the first tag"),
    ("byte-behind", then_sealed(lambda d: d + b"\0"), "a byte behind"),
    ("cut", then_sealed(lambda d: d[:178 + 65553]), "the last chunk missing"),
    ("cut-all", then_sealed(lambda d: d[:178]), "no chunk at all"),
    ("cut-head", then_sealed(lambda d: d[:100]), "cut in the lock"),
    ("cut-byte", then_sealed(lambda d: d[:-1]), "a byte less"),
    ("swapped", then_sealed(lambda d: d[:178] + d[65731:131284]
                            + d[178:65731] + d[131284:]),
     "two chunks in the other order"),
    ("no-ad", sealed(ad=b""), "no additional data"),
    ("short-chunk", lambda d: seal(d, sizes=[
        65535, 65536, len(d) - 131071]), "a first chunk that is shorter"),
    ("empty-last", sealed_empty_last, "an empty chunk at the end"),
    ("no-final", sealed(tags=[0, 0]), "no chunk under FINAL"),
    ("final-early", sealed(tags=[3, 3]), "FINAL before the last chunk"),
    ("push", sealed(tags=[1, 3]), "the tag PUSH"),
    ("rekey-last", sealed(tags=[0, 2]), "the tag REKEY at the end"),
    ("twice", lambda d: seal(seal(d)), "sealed twice"),
    ("gzip", lambda d: gzip(seal(d)), "in gzip"),
    ("byte-within", lambda d: seal(d + b"\0"),
     "a byte behind the archive within"),
]

SEALED_OTHERS = [
    ("invitation", invitation, sealed(), "an invitation, sealed"),
    ("answer", answer, sealed(), "an answer, sealed"),
    ("to-null", lambda: with_to(None), sealed(), "to is null"),
    ("to-other", lambda: with_to({"org": None, "key": id_text(OTHER.id)}),
     sealed(), "to another within than on the envelope"),
    ("by-other-sender", changes, lambda d: seal(by_other(changes)(d)),
     "signed within by another than the envelope says"),
]


def with_to(to):
    m, contents = changes()
    m["to"] = to
    return m, contents


def cases():
    """(name, bytes, "ok" or "refused", note) of every case."""
    for case, base, stage, change, note in OK:
        yield case, make(base, stage, change), "ok", note

    def refused(prefix, section, table_, stage, base=None):
        for case, *more in table_:
            at = base or more[0]
            yield (prefix + case, make(at, stage, more[-2]), "refused",
                   "%s: %s" % (section, more[-1]))

    yield from refused("manifest-", "section 3", MANIFEST, "manifest")
    yield from refused("spelling-", "section 3", SPELLING, "spelling",
                       changes)
    yield from refused("signature-", "section 2", SIGNATURE, "signature",
                       changes)
    for case, offset, data, note in HEADERS:
        yield ("header-" + case, make(changes, "archive",
                                      head_patch(offset, data)),
               "refused", "section 1: " + note)
    yield from refused("archive-", "section 1", ARCHIVE, "archive", changes)
    yield from refused("member-", "section 1", MEMBERS, "members", changes)
    yield from refused("", "section 4", STORED, "stored", changes)
    yield ("rule-9-stored", make(bare, "stored", empty_blocks), "refused",
           "section 3: stored is more than 4,259,840")
    yield from refused("rule-8-", "section 3", RULE_8, "contents")
    for case, data, note in SENDER_PUB:
        yield ("sender-pub-" + case, make(invitation, "contents", of(
            "sender.pub", lambda _, d=data: d)), "refused",
            "section 2: sender.pub: " + note)
    yield ("low-order", low_order_signed(None), "refused",
           "section 2: sender.pub: a key of low order")
    yield ("mixed-order", mixed_order_signed(None), "refused",
           "section 8: sender.pub: a key with a part of low order")
    yield ("unknown-invitation", by_other(invitation)(None), "refused",
           "section 2: by another than the known sender")
    yield ("unknown-changes", by_other(changes)(None), "refused",
           "section 2: by an unknown key")
    yield from refused("", "sections 5, 6, 3", ROWS, "contents")
    yield ("objects-4097", make(many_objects(bare, 4097)), "refused",
           "section 10: 4,097 objects")
    yield ("members-16385", make(receipts(16385)), "refused",
           "section 10: 16,385 members")
    yield ("manifest-long", make(long_names), "refused",
           "section 10: a manifest of more than 4,194,304 bytes")
    yield from refused("sealed-", "section 7", SEALED, "archive", medium)
    yield from refused("sealed-", "section 7", SEALED_OTHERS, "archive")


KEY_FILES = {"sender.pub": public_text(SENDER),
             "sender.sealing": sealing_text(SENDER),
             "sender.secret": secret_text(SENDER),
             "sender.minisign": minisign_secret(SENDER),
             "recipient.pub": public_text(RECIPIENT),
             "recipient.sealing": sealing_text(RECIPIENT),
             "recipient.secret": secret_text(RECIPIENT),
             "recipient.org": RECIPIENT.org.encode() + b"\n"}


def write(folder, data_of):
    os.makedirs(folder, exist_ok=True)
    for file, data in data_of:
        with open(os.path.join(folder, file), "wb") as out:
            out.write(data)


def write_all(folder):
    write(folder, KEY_FILES.items())
    with open(os.path.join(folder, "index.tsv"), "w",
              encoding="utf-8") as listing:
        for case, data, expected, note in cases():
            write(folder, [(case + ".ferry", data)])
            listing.write("%s.ferry\t%s\t%s\n" % (case, expected, note))


# The test itself

PASSED, FAILED = [], []


def check(holds, what, more=""):
    (PASSED if holds else FAILED).append(what)
    if not holds:
        print("FAILED: %s %s" % (what, more))


def run(*arguments):
    """reader.py's main: exit code, bytes on stdout, text on stderr."""
    out, errors = io.TextIOWrapper(io.BytesIO()), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(errors):
        code = reader.main(list(arguments))
    return code, out.buffer.getvalue(), errors.getvalue()


def one_line(text):
    return text.endswith("\n") and text.count("\n") == 1 and len(text) < 500


def try_cases(folder, known):
    seen = set()
    path = os.path.join(folder, "case.ferry")
    for case, data, expected, note in cases():
        check(case not in seen, case + ": its name is the only one")
        seen.add(case)
        write(folder, [("case.ferry", data)])
        try:
            code, out, errors = run(path, *known)
        except Exception as error:
            check(False, case, "%s: %r" % (note, error))
            continue
        if os.environ.get("VERBOSE"):
            print("%s\t%s\t%s" % (case, note, errors.strip()))
        if expected == "ok":
            check(code == 0 and errors == "" and json.loads(out),
                  case, errors)
        else:
            check(code == 3 and out == b"" and one_line(errors),
                  case, "%s: exit %d %s" % (note, code, errors))
    check(len(seen) >= 60, "cases enough")


def attempt(data, **known):
    try:
        return reader.read(io.BytesIO(data), **known)
    except reader.Refused as error:
        return str(error)


def try_trust():
    said = attempt(make(invitation))
    check(isinstance(said, dict) and said["trust"] == "first",
          "an invitation from nobody known", said)
    said = attempt(make(answer), **KNOWN)
    check(isinstance(said, dict) and said["trust"] == "known",
          "an answer from somebody known", said)
    check("unknown key" in str(attempt(make(changes))),
          "changes from nobody known")
    check("sound" in str(attempt(low_order_signed(None))),
          "a key of low order, from nobody known")
    for case, data, note in SENDER_PUB:
        said = attempt(make(invitation, "contents", of(
            "sender.pub", lambda _: data)))
        check(isinstance(said, str), "sender.pub-%s, first" % case, said)
    check("sound" in str(attempt(mixed_order_signed(None))),
          "a key of mixed order, from nobody known")
    said = attempt(by_other(invitation)(None))
    check(isinstance(said, dict) and said["trust"] == "first",
          "an invitation by another, from nobody known", said)


def try_values():
    said = attempt(make(changes), **KNOWN)
    members = {e["member"]: e for e in said["members"]}
    check(members[CREATES1]["rows"] == [["Name"], ['A "quoted", name']],
          "values of a create")
    check(members[NAMES2]["rows"][1:] == [
        ["Account", name("a", 7), "update", "2026-11-22T05:00:00.001Z", "",
         ""], ["Account", name("i", 0), "delete", "", "", ""],
        ["Contact", name("i", 1, "003"), "create", "", "", ""],
        ["Zoo", name("i", 1, "a01"), "create", "", "", ""]], "names, whole")
    check(members[UPDATES]["rows"][1:] == [
        ["1", "Industry", "Ships"], ["3", "Industry", ""],
        ["3", "ParentId", "x:001000000000055AAA"]], "updates, whole")
    check(members[CREATES2]["rows"][1][0] == "Two\r\nlines",
          "a value with a line end")
    check(members[HELLO] == {"member": HELLO, "size": 12,
                             "hash": blake(b"hello, world").hex()}, "a part")
    check([e["member"] for e in said["members"]]
          == [e[0] for e in changes()[1]], "the members' order")
    crlf = attempt(make(changes, "contents", of(
        CREATES2, lambda d: d.replace(b"\r", b"").replace(b"\n", b"\r\n"))),
        **KNOWN)
    check(crlf["members"][-8:] == said["members"][-8:], "CRLF throughout")
    check(said["fingerprint"].count(" ") == 7, "a fingerprint")
    check(said == {**attempt(seal(make(changes)), **KNOWN), "sealed": False},
          "the same values when it was sealed")


def try_every_byte():
    """A plain or sealed bundle has no byte that is free to change."""
    dice = random.Random(8)
    for what, data in (("plain", make(changes)), ("invitation",
                       make(invitation)), ("sealed", seal(make(changes)))):
        for at in sorted(dice.sample(range(len(data)), 120)):
            bad = bytearray(data)
            bad[at] ^= 1 << dice.randrange(8)
            said = attempt(bytes(bad), **KNOWN)
            check(isinstance(said, str), "%s: byte %d" % (what, at))
        for at in sorted(dice.sample(range(len(data)), 40)):
            check(isinstance(attempt(data[:at], **KNOWN), str),
                  "%s: cut at %d" % (what, at))


def try_any_table():
    """Tables with random bytes in them are read or refused, no more."""
    dice = random.Random(5)
    for n in range(150):
        def change(have):
            tables = [e for e in have if e[0].endswith(".gz")]
            entry = dice.choice(tables)
            data = bytearray(entry[1])
            data[dice.randrange(len(data))] = dice.choice(
                b'\0\r\n",0Ai\x80\xff')
            entry[1] = bytes(data)
        said = attempt(make(changes, "contents", change), **KNOWN)
        check(isinstance(said, (str, dict)), "any table %d" % n)


def try_vectors():
    """RFC 8032, 7.1, test 2; the others were made by libsodium 1.0.18."""
    public = bytes.fromhex(
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c")
    signature = bytes.fromhex(
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
        "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00")
    check(sodium.ed25519_verify(public, b"\x72", signature), "Ed25519")
    check(not sodium.ed25519_verify(public, b"\x73", signature),
          "Ed25519 of another message")
    secret = bytes(range(32))
    public = x25519(secret, (9).to_bytes(32, "little"))
    check(public.hex() == "8f40c5adb68f25624ae5b214ea767a6e"
          "c94d829d3d7b5e1ad1ba6f3e2138285f", "X25519")
    check(sodium.box_seal_open(bytes.fromhex(
        "c3644cce954d8da5e753f9b5012fef2cd4730aaaf56b37b3bdb3777b7f31d278"
        "7f49395f16bfbd7a97f1fd48448db45d042b0a0ef43ccb27"), secret)
        == b"orgferry", "crypto_box_seal")
    check(sodium.box_open(bytes.fromhex(
        "99a6cd9247f5f95a1470096b45358fd5840a613c4898a009"), bytes(range(24)),
        public, secret) == b"orgferry", "crypto_box_easy")
    check(sodium.box_key(bytes(32), secret) is None,
          "X25519 with a key of low order")
    pull = SecretStream(secret, bytes.fromhex(
        "5fc5d92af39d2d266c260c113b42078bf5135906a3379721")).pull
    check(pull(bytes.fromhex(
        "ea666d8bbbfea8652336606a87793e6eaf493254c0990eadd0e884b32a32eb1b"
        "4bca862ca3f4f6e37e2aa3f1"), b"data")
        == (0, b"a first chunk of the stream"), "crypto_secretstream")
    check(pull(bytes.fromhex("da3cd819ab6c9be01e45015f773ba700cffdb89740edac"
                             "97ee"), b"data") == (3, b"the last"),
          "crypto_secretstream, the last")


def try_fixtures():
    """Key files that the program wrote."""
    def fixture(file):
        with open(os.path.join(FIXTURES, "keys", file), "rb") as opened:
            return opened.read()

    for org in ("acme", "globex"):
        secret = reader.read_secret(fixture(org + ".key"), org)
        key, sealing = reader.read_sealing(fixture(org + ".sealing"), org)
        check(key == reader.read_public(fixture(org + ".pub"), org)
              and key == (secret.id, secret.signing[32:])
              and sealing == x25519(secret.sealing,
                                    (9).to_bytes(32, "little")),
              "fixtures: the keys of " + org)
    try:
        reader.read_secret(fixture("locked.key"), "locked")
        check(False, "fixtures: locked keys")
    except reader.Unable:
        check(True, "fixtures: locked keys")


def stock(folder, *command, given=b""):
    return subprocess.run(command, cwd=folder, input=given, check=True,
                          capture_output=True).stdout


def try_stock(folder):
    """An invitation made by the tools alone is the one made here."""
    missing = [tool for tool in ("tar", "gzip", "b2sum", "jq", "minisign")
               if not shutil.which(tool)]
    if missing:
        print("not tried, for want of %s: stock tools" % ", ".join(missing))
        return
    manifest, contents = invitation()
    listed = []
    for member, data in contents:
        os.makedirs(os.path.dirname(os.path.join(folder, member)),
                    exist_ok=True)
        body = (stock(folder, "gzip", "-n", "-c", given=data)
                if member.endswith(".gz") else data)
        write(folder, [(member, body)])
        digest = stock(folder, "b2sum", "-l", "256", member).split()[0]
        listed.append([member, body])
        manifest.setdefault("members", []).append(
            {"name": member, "stored": len(body), "size": len(data),
             "hash": digest.decode()})
    raw = stock(folder, "jq", "--indent", "1", ".",
                given=json.dumps(manifest).encode())
    check(raw == spell(manifest), "jq spells a manifest so")
    write(folder, [("manifest.json", raw),
                   ("minisign.key", minisign_secret(SENDER))])
    stock(folder, "minisign", "-S", "-H", "-W", "-s", "minisign.key", "-m",
          "manifest.json", "-c", SIGNED[0], "-t", SIGNED[1], given=b"\n\n")
    with open(os.path.join(folder, "manifest.json.minisig"), "rb") as file:
        signature = file.read()
    check(signature == signature_text(SENDER, raw), "minisign signs so")
    order = ["manifest.json", "manifest.json.minisig"] + [
        e[0] for e in listed]
    stock(folder, "tar", "--format=ustar", "--owner=0", "--group=0",
          "--numeric-owner", "--mtime=@0", "--mode=644", "-b1", "-cf",
          "stock.ferry", *order)
    path = os.path.join(folder, "stock.ferry")
    with open(path, "rb") as file:
        check(file.read() == archive_of(
            [["manifest.json", raw], ["manifest.json.minisig", signature]]
            + listed), "tar writes an archive so")
    code, _, errors = run(path, "--minisign")
    check(code == 0, "an invitation made by stock tools", errors)
    for case, base, stage, change, _ in OK:
        if stage in (None, "manifest") and case != "changes-large":
            file = make(base, stage, change)
            raw = file[512:512 + int(file[124:135], 8)]
            check(stock(folder, "jq", "--indent", "1", ".", given=raw) == raw,
                  case + ": jq spells its manifest so")


def try_command(folder, known):
    """As a command: codes, one line, no traceback."""
    path = os.path.join(folder, "case.ferry")
    for what, data, want, given in (
            ("ok", make(changes), 0, known),
            ("sealed", seal(make(changes)), 0, known),
            ("refused", make(changes)[:-1], 3, known),
            ("no key", make(changes), 3, []),
            ("sealed, no keys", seal(make(changes)), 2, []),
            ("no such file", None, 2, ["--key", "/nonexistent"])):
        write(folder, [("case.ferry", data or b"")])
        got = subprocess.run([sys.executable, "-B", reader.__file__, path,
                              *given], capture_output=True, check=False)
        check(got.returncode == want and
              (got.stderr == b"" if want == 0
               else one_line(got.stderr.decode())),
              "as a command: " + what, got)
    def keys(data):
        return SECRET + b64(data)

    own = base64.b64decode(secret_text(SENDER).split(b"\n")[1])
    argon = b"A2" + own[2:18] + (1).to_bytes(8, "little")
    wider = b"orgferry secret keys 1\n"
    for what, data, want in (
            ("A2", keys(argon + (65536).to_bytes(8, "little") + own[34:]), 2),
            ("A2, too much memory", keys(
                argon + (2**30 + 1024).to_bytes(8, "little") + own[34:]), 3),
            ("A2, odd memory", keys(
                argon + (65537).to_bytes(8, "little") + own[34:]), 3),
            ("A2, too many passes", keys(
                b"A2" + own[2:18] + (5).to_bytes(8, "little")
                + (65536).to_bytes(8, "little") + own[34:]), 3),
            ("none", b"", 3),
            ("another number", secret_text(SENDER, first=wider), 3),
            ("another kdf", secret_text(SENDER, kdf=b"B2"), 3),
            ("a salt", secret_text(SENDER, limits=b"\1" + bytes(31)), 3),
            ("a nonce", secret_text(SENDER, nonce=b"\1" + bytes(23)), 3),
            ("another key id", keys(own[:34] + b"\0" + own[35:]), 3),
            ("another public key", secret_text(
                SENDER, public=OTHER.public), 3),
            ("a byte less", keys(own[:-1]), 3),
            ("a bit", keys(own[:-20] + bytes([own[-20] ^ 1]) + own[-19:]),
             3)):
        write(folder, [("own", data)])
        code, out, errors = run(path, "--own", os.path.join(folder, "own"))
        check(code == want and out == b"" and one_line(errors),
              "secret key file: " + what, errors)
    for what, data in (
            ("by another", sealing_text(SENDER, by=OTHER)),
            ("comment", sealing_text(SENDER, comments=SIGNED)),
            ("line more", sealing_text(SENDER) + b"\n"),
            ("upper case", sealing_text(SENDER).replace(
                SENDER.x_public.hex().encode(),
                SENDER.x_public.hex().upper().encode())),
            ("of another key", sealing_text(OTHER)),
            ("none", b"")):
        write(folder, [("sealing", data)])
        code, out, errors = run(path, "--sender-sealing",
                                os.path.join(folder, "sealing"), *known[2:4])
        check(code == 3 and out == b"" and one_line(errors),
              "sealing key file: " + what, errors)


def main(arguments):
    if len(arguments) == 2 and arguments[0] == "--write":
        write_all(arguments[1])
        return 0
    if arguments:
        print("usage: reader_selftest.py [--write DIR]", file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory() as folder:
        write(folder, KEY_FILES.items())
        known = ["--org", RECIPIENT.org]
        for option, file in (("--key", "sender.pub"),
                             ("--own", "recipient.secret"),
                             ("--sender-sealing", "sender.sealing")):
            known += [option, os.path.join(folder, file)]
        try_vectors()
        try_fixtures()
        try_cases(folder, known)
        try_trust()
        try_values()
        try_every_byte()
        try_any_table()
        try_stock(folder)
        try_command(folder, known)
    print("%d passed, %d failed" % (len(PASSED), len(FAILED)))
    return 1 if FAILED else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
