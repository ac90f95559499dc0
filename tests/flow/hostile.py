#!/usr/bin/python3
"""A partner with its true key who means harm: bundles that are well-formed,
and what they may do to the home that takes them in.

    hostile.py [PATTERN]

Low's home makes an ordinary bundle; its rows are replaced, and it is signed
with low's own key. High, which shares records of its own with low, keeps
them, and its memory.
"""

import copy
import json
import os
import re
import resource
import subprocess
import sys
import tarfile

import journey
from journey import World, account, same, want

sys.path.insert(0, os.path.join(journey.HERE, "..", "format"))

import reader  # noqa: E402
import reader_selftest as forge  # noqa: E402

AS_OF = "2026-11-22T09:00:00.000Z"
MOST = 100 << 20  # bytes of memory that import may have
NAMES, UPDATES = "changes/names-1.csv.gz", "changes/updates-1.csv.gz"


class Hostile(World):
    def __init__(self, work, full=False):
        super().__init__(work, agree=False)
        self.must("high", "publish", "Low", "--all")
        self.must("high", "subscribe", "Low", "--all", "--auto-accept",
                  "--on-delete", "delete")
        self.must("low", "publish", "high", "--all")
        self.load("high", {
            "Account": [["Id", "Name", "OwnerId"],
                        [account(1), "secret", "005000000000001AAA"],
                        [account(2), "shared", "005000000000001AAA"]],
            "Case": [["Id", "Subject"], ["500000000000001AAA", "mine"]]})
        self.must("high", "forward", "Low", account(2))
        self.back()
        with open(self.path("low/keys/org.key"), "rb") as f:
            secret = reader.read_secret(f.read(), "low's key")
        self.org = forge.Org(b"", "")
        self.org.seed, self.org.id = secret.signing[:32], secret.id
        self.org.scalar, self.org.prefix = forge.ed25519_scalar(self.org.seed)
        self.org.public = forge.ed25519_public(self.org.seed)
        self.load("low", {"Account": [["Id", "Name"]]})
        file = self.export("--plain", *(["--full"] if full else []))
        with tarfile.open(file) as tar:
            self.manifest = json.load(tar.extractfile("manifest.json"))
        self.before = [self.table("high", o) for o in ("Account", "Case")]

    def bundle(self, objects, members, published=()):
        """objects: name: (creates, updates, deletes, names)."""
        m = copy.deepcopy(self.manifest)
        members = [list(member) for member in members]
        m["as_of"] = AS_OF
        m["objects"] = [forge.thing(name, *what[:3], *what[3])
                        for name, what in objects.items()]
        m["published"]["rows"] = len(published) or None
        if published:
            m["published"]["revision"] += 1
            members.insert(0, ["published/1.csv.gz",
                               forge.table("published", *published)])
        for member in members:
            member.append(forge.gzip(member[1]))
        m["members"] = [{"name": n, "stored": len(z), "size": len(t),
                         "hash": forge.blake(z).hex()} for n, t, z in members]
        text = reader.spell(m)
        text = text if isinstance(text, bytes) else text.encode()
        file = self.new(".ferry")
        with open(file, "wb") as f:
            f.write(forge.archive_of(
                [["manifest.json", text],
                 ["manifest.json.minisig",
                  forge.signature_text(self.org, text)]] +
                [[n, z] for n, t, z in members]))
        return file

    def take(self, file, *more):
        """How it ended, what was said, and that memory was bounded."""
        done = subprocess.Popen(
            [journey.PROGRAM, "-C", self.path("high"), "import", file, *more],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        said = done.stdout.read()
        _, status, used = os.wait4(done.pid, 0)
        done.returncode = os.waitstatus_to_exitcode(status)
        want(done.returncode in (0, 3, 4) or "no key prefix is left" in said,
             "import ends with", done.returncode, said)
        want(journey.crash.ASAN or used.ru_maxrss * 1024 < MOST,
             "import took %d KiB" % used.ru_maxrss)
        self.must("high", "check")
        return done.returncode, said

    def harmless(self):
        for o, was in zip(("Account", "Case"), self.before):
            now = self.table("high", o)
            for id_, row in was.items():
                have = now.get(id_, {})
                same({f: have.get(f) for f in row}, row, "%s %s" % (o, id_))

    def refuse(self, file, pattern, *more):
        status, said = self.take(file, *more)
        want(status == 3 and re.search(pattern, said), status, said)
        self.harmless()

    def row(self, object, name, change, modified=""):
        return "|".join([object, name, change, modified, "", ""])

    def names(self, *rows):
        return [NAMES, forge.names(AS_OF, *rows)]


CATALOG = ("Account||||||||", "Account|Name||text|||||",
           "Account|OwnerId||reference|||||", "Account|When__c||datetime|||||")


def case_names_of_ours(work, options):
    """A create by the name of a record of high's own."""
    w = Hostile(work)
    name = "a:" + account(1)
    file = w.bundle({"Account": (1, 0, 0, [name])},
                    [w.names(w.row("Account", name, "create")),
                     [UPDATES, forge.table("updates", "1|Name|taken")]],
                    CATALOG)
    w.refuse(file, "a:%s.*this org's own" % account(1))


def case_full_names_of_ours(work, options):
    """And a bundle with all there is that comes first, and unasked."""
    w = Hostile(work, full=True)
    name = "a:" + account(1)
    file = w.bundle({"Account": (1, 0, 0, [name])},
                    [w.names(w.row("Account", name, "create")),
                     [UPDATES, forge.table("updates", "1|Name|taken")]],
                    CATALOG)
    w.refuse(file, "this org's own.*--new-epoch")


def case_never_named(work, options):
    """Updates and deletes of what was never shared."""
    w = Hostile(work)
    mine, never = "a:" + account(1), "i:" + account(9)
    file = w.bundle({"Account": (0, 2, 1, [])}, [
        w.names(w.row("Account", mine, "update"),
                w.row("Account", never, "update"),
                w.row("Account", "i:" + account(8), "delete")),
        [UPDATES, forge.table("updates", "1|Name|taken", "+1|Name|x")
         .replace(b"+1,Name", b"1,")]], CATALOG)
    same(w.take(file)[0], 0, "status")
    w.harmless()
    same(len(w.table("high", "Account")), 2, "accounts")


def case_owner(work, options):
    """Who owns a shared record is each org's own word."""
    w = Hostile(work)
    file = w.bundle({"Account": (0, 1, 0, [])}, [
        w.names(w.row("Account", "a:" + account(2), "update")),
        [UPDATES, forge.table("updates", "1|OwnerId|x:005000000000666AAA")]],
        CATALOG)
    same(w.take(file)[0], 0, "status")
    w.harmless()


def case_receipts(work, options):
    """Receipts are of the receiver's records alone."""
    w = Hostile(work)
    name = "i:" + account(5)
    file = w.bundle({"Account": (1, 0, 0, [name])}, [
        w.names(w.row("Account", name, "create")),
        ["receipts/ids-1.csv.gz", forge.table(
            "ids", "Account|%s|001000000000666AAA|accepted" % name)]], CATALOG)
    same(w.take(file)[0], 0, "status")
    same(sorted(w.pairs()), sorted(["", account(5)]), "the ledger")
    w.harmless()


def case_time_overflow(work, options):
    """Times that are no times any more lie in no field."""
    w = Hostile(work)
    name = "i:" + account(5)
    for time in ("+9223372036854775807", "-99999999999999", "+0.5"):
        file = w.bundle({"Account": (1, 0, 0, [name])}, [
            w.names(w.row("Account", name, "create", AS_OF)),
            [UPDATES, forge.table("updates", "1|When__c|" + time)]], CATALOG)
        w.copy_home("high", "kept")
        w.take(file)
        for row in w.table("high", "Account").values():
            want(not row.get("When__c") or row["When__c"][4] == "-", row)
        w.harmless()
        journey.shutil.rmtree(w.path("high"))
        os.rename(w.path("kept"), w.path("high"))


def case_odd_objects(work, options):
    """Objects and fields that are called as what is not theirs."""
    for object in ("sqlite_x", "_ledger", "Id", "temp", "sqlite_master"):
        w = Hostile(journey.tempfile.mkdtemp(dir=work))
        name = "i:" + account(5)
        file = w.bundle({object: (1, 0, 0, [name])}, [
            w.names(w.row(object, name, "create")),
            [UPDATES, forge.table("updates", "1|Name|x")]],
            ["%s||||||||" % object, object + "|ConnectionReceivedId|||||||",
             object + "|Id|||||||", object + "|Name|||||||"])
        w.take(file)
        w.harmless()
    for fields in (["_row"], ["rowid"], ["Name", "NAME"]):
        w = Hostile(journey.tempfile.mkdtemp(dir=work))
        file = w.bundle({"New__c": (1, 0, 0, [name])}, [
            w.names(w.row("New__c", name, "create")),
            [UPDATES, forge.table("updates", "1|%s|77" % fields[0])]],
            ["New__c||||||||"] + ["New__c|%s|||||||" % f
                                  for f in sorted(fields)])
        w.take(file)
        w.harmless()


def case_large(work, options):
    """Values, records, objects and columns up to their limits."""
    w = Hostile(work)
    many = ["i:001%012dAAA" % n for n in range(65536)]
    file = w.bundle({"Account": (65536, 0, 0, many)}, [
        w.names(*(w.row("Account", n, "create") for n in many)),
        ["changes/Account.creates-1.csv.gz",
         b"Name" + b"," * 65536 + b"\n"]], CATALOG)
    w.copy_home("high", "kept")
    same(w.take(file)[0], 0, "65,536 records")
    journey.shutil.rmtree(w.path("high"))
    w.copy_home("kept", "high")
    objects = ["O%d__c" % n for n in range(1000, 1800)]
    file = w.bundle({o: (1, 0, 0, ["i:%015dAAA" % i])
                     for i, o in enumerate(objects)}, [
        w.names(*(w.row(o, "i:%015dAAA" % i, "create")
                  for i, o in enumerate(objects)))],
        [o + "||||||||" for o in objects])
    w.take(file)
    journey.shutil.rmtree(w.path("high"))
    w.copy_home("kept", "high")
    name = "i:" + account(5)
    file = w.bundle({"New__c": (1, 0, 0, [name])}, [
        w.names(w.row("New__c", name, "create")),
        [UPDATES, forge.table("updates", "1|Text__c|" + "x" * 4194200)]],
        ["New__c||||||||"] + sorted(
            ["New__c|F%d__c|||||||" % n for n in range(1000, 1900)] +
            ["New__c|Text__c|||||||"]))
    w.take(file)
    w.harmless()


if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    sys.exit(journey.main(globals()))
