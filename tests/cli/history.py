#!/usr/bin/env python3
"""The connection history end to end, judged by tools that are not ours.

Stock minisign verifies what is signed, Python's csv reads the same rows,
hashlib recomputes every chain from the CSV alone, and sqlite3 does what
somebody with the store in hand could do. Last line: N passed, N failed.
"""

import csv
import hashlib
import io
import json
import os
import pathlib
import shutil
import sqlite3
import struct
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
BUILD = ROOT / os.environ.get("BUILD", "build")
PROGRAM = str(BUILD / "orgferry")
DRIVER = str(BUILD / "tests/store/history_driver")
COLUMNS = ("Date,User,Connection,Category,Action,Object,Record,Partner Record,"
           "Field,Old Value,New Value,Origin,Message,Sequence,Hash").split(",")
CATEGORIES = ["Connection Status", "Account", "Contact", "Connection Owner",
              "Published Fields", "Email", "Error"]
ORIGINS = ["", "Manually Accepted", "Automatically Accepted",
           "Updated by Connection User"]
STATUS, ACCOUNT, CONTACT, OWNER, PUBLISHED, EMAIL, ERROR = range(7)
PREFIXES = ["=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b",
            "\uff0d", "\uff20", " ="]
TRIGGERS = ["_history_stays", "_history_is_kept", "_history_grows"]


class Tally:
    passed = failed = 0


def check(what, ok, *shown):
    if ok:
        Tally.passed += 1
    else:
        Tally.failed += 1
        print("FAILED:", what, *[str(s)[:2000] for s in shown])


def run(*words, env=None, home=None, stdin=None):
    command = [PROGRAM] + (["-C", str(home)] if home else []) + list(words)
    return subprocess.run(command, capture_output=True, text=True, input=stdin,
                          env={**os.environ, **(env or {})}, check=False)


def good(what, done):
    check(what, done.returncode == 0, done.returncode, done.stderr)
    return done


def refused(what, done, status, *words):
    check(what, done.returncode == status and done.stdout == "" and
          all(w in done.stderr for w in words),
          done.returncode, done.stdout, done.stderr)


def drive(home, *words, rows=()):
    text = "".join(str(v) + "\0" for row in rows for v in row)
    words = [os.path.abspath(w) if w.endswith(".ferry") else w for w in words]
    done = subprocess.run([DRIVER, os.path.abspath(home), *words],
                          input=text.encode(), capture_output=True, cwd=ROOT,
                          check=False)
    if done.returncode != 0:
        raise SystemExit(f"driver {words}: {done.stderr.decode()}")


def row(category, action, message="", user="Ada", origin=0, old="", new="",
        object_="", record="", partner="", field=""):
    return (user, category, origin, action, object_, record, partner, field,
            old, new, message)


def events():
    """Every category of the help page, and values that try to be rows."""
    forged = 'x"\r\n"2026-01-01T00:00:00.000Z","Eve","Globex","Account"'
    return [
        row(STATUS, "Sent"),
        row(STATUS, "Connected", user="Connection User"),
        row(ACCOUNT, "Changed", old="0012a0000000001AAA", new=""),
        row(CONTACT, "Changed", new="0032a0000000001AAA"),
        row(OWNER, "Changed", old="Ada", new="Gr\u00e4fin \u4e2d"),
        row(PUBLISHED, "Published", object_="Account", field="Name"),
        row(EMAIL, "Sent", message="To: bob@globex.example\nSubject: x"),
        row(ERROR, "Refused", "Gold is not sold", "Connection User", 1,
            object_="Account", record="0012a0000000001AAA",
            partner="0013b0000000001AAA", field="Type", new="Gold"),
        row(ERROR, "Refused", "\u202etrick\x1b[31m", "Connection User", 2),
        row(ERROR, "Refused", forged, "Connection User", 3),
        row(STATUS, "Suspended", user=forged),
        row(STATUS, "Resumed", user=",;\t' \"\" \"\r"),
    ]


def sniff(path, encoding="utf-8"):
    with open(path, newline="", encoding=encoding) as f:
        return list(csv.reader(f, strict=True))


def chains(rows):
    """The heads that the rows must have, by connection, from these alone."""
    heads = []
    for r in rows:
        if r[13] == "1":
            heads.append([r[2], 0, bytes(32)])
        h = hashlib.blake2b(heads[-1][2], digest_size=32)
        for value in r[:14]:
            data = value.encode()
            h.update(struct.pack("<Q", len(data)) + data)
        heads[-1] = [r[2], heads[-1][1] + 1, h.digest()]
        if h.hexdigest() != r[14] or int(r[13]) != heads[-1][1]:
            return None
    return [(name, n, head.hex()) for name, n, head in heads]


def comment(path):
    with open(f"{path}.minisig", encoding="ascii") as f:
        return f.read().split("\n")[2].removeprefix("trusted comment: ")


def stock(path, key):
    return subprocess.run(["minisign", "-Vm", path, "-p", key],
                          capture_output=True, text=True, check=False)


def make_home():
    good("init", run("init", "acme", "--name", "Acme"))
    good("key", run("key", "export", "-o", "acme.pub", home="acme"))
    good("key", run("key", "export", "--sealing", "-o", "acme.sealing",
                    home="acme"))
    drive("acme", "connect", "Globex", "01" * 16)
    drive("acme", "connect", "Initech", "02" * 16)
    drive("acme", "add", "Globex", rows=events())
    drive("acme", "add", "Initech", rows=events()[:3])


def whole():
    good("csv", run("history", "--csv", "all.csv", home="acme"))
    good("csv", run("history", "globex", "--csv", "globex.csv", home="acme"))
    every, one = sniff("all.csv"), sniff("globex.csv")
    check("columns", every[0] == COLUMNS and one[0] == COLUMNS, every[0])
    check("as many rows as events", len(every) == 16 and len(one) == 13)
    check("globex stands first", every[1:13] == one[1:])
    for e, r in zip(events(), one[1:]):
        want = [e[0], "Globex", CATEGORIES[e[1]], *e[3:10], ORIGINS[e[2]],
                e[10]]
        check("what went in came out", r[1:13] == want, r, want)
    heads = chains(every[1:])
    check("python computes the chains", heads is not None)
    check("comment of all", comment("all.csv") ==
          "orgferry history all connections 2 rows 15: "
          f"Globex 12 {heads[0][2]} Initech 3 {heads[1][2]}",
          comment("all.csv"))
    check("comment of one", comment("globex.csv") ==
          f"orgferry history Globex rows 12 head {heads[0][2]}")
    with open("all.csv", "rb") as f:
        data = f.read()
    text = io.StringIO(newline="")
    csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\r\n").writerows(
        every)
    check("bytes are RFC 4180's", data == text.getvalue().encode())
    for name in "all.csv", "globex.csv":
        check("stock minisign", stock(name, "acme.pub").returncode == 0)
        done = good("verify", run("history", "verify", name, "--key",
                                  "acme.pub", env={"ORGFERRY_HOME": "/none"}))
        check("says so", "holds" in done.stdout, done.stdout)
        good("with home", run("history", "verify", name, home="acme"))
        good("with the sealing key's file",
             run("history", "verify", name, "--key", "acme.sealing"))
    done = good("json", run("history", "verify", "all.csv", "--key",
                            "acme.pub", "--json"))
    check("json", json.loads(done.stdout)["connections"] ==
          [{"connection": n, "rows": k, "head": h} for n, k, h in heads])
    good("home", run("history", "verify", home="acme"))
    return every


def listing(every):
    done = good("list", run("history", home="acme"))
    lines = done.stdout.split("\n")
    check("an event a line", len(lines) == 17 and lines[16] == "", lines)
    check("nothing drives the terminal",
          all(c == "\n" or c.isprintable() for c in done.stdout))
    done = good("list", run("history", "--json", home="acme"))
    got = [list(json.loads(line).values()) for line in done.stdout.split("\n")
           if line]
    want = [r[:13] + [int(r[13]), r[14]] for r in every[1:]]
    check("json lines", got == want)
    done = good("list", run("history", "GLOBEX", "--category", "error",
                            "--since", "2020-01-01", "--json", home="acme"))
    check("filtered", done.stdout.count("\n") == 3, done.stdout)
    refused("no such", run("history", "nobody", home="acme"), 2, "nobody")
    refused("no such", run("history", "--category", "x", home="acme"), 2)
    refused("no such", run("history", "--until", "1.1.", home="acme"), 2)
    refused("no file", run("history", "--spreadsheet", home="acme"), 2)
    refused("in use", run("history", "--csv", "all.csv", home="acme"), 2)
    pathlib.Path("sig.csv.minisig").write_text("mine", encoding="ascii")
    refused("in use", run("history", "--csv", "sig.csv", home="acme"), 2)
    check("untouched", not os.path.exists("sig.csv") and
          pathlib.Path("sig.csv.minisig").read_text(encoding="ascii") ==
          "mine")
    refused("full", run("history", "--csv", "none/x.csv", home="acme"), 5)


def selection():
    good("selection", run("history", "Globex", "--category", "Error",
                          "--until", "3000-01-01", "--csv", "sel.csv",
                          home="acme"))
    check("comment", comment("sel.csv") == "orgferry history selection rows 3 "
          "connection Globex until 3000-01-01 category Error",
          comment("sel.csv"))
    check("rows", len(sniff("sel.csv")) == 4)
    check("stock minisign", stock("sel.csv", "acme.pub").returncode == 0)
    done = good("verify", run("history", "verify", "sel.csv", "--key",
                              "acme.pub"))
    check("says so", "selection" in done.stdout and
          "none changed" not in done.stdout, done.stdout)
    # A selection cannot be passed off as the whole, nor the reverse.
    for data, signature in ("sel.csv", "globex.csv"), ("globex.csv",
                                                       "sel.csv"):
        shutil.copy(data, "mixed.csv")
        shutil.copy(f"{signature}.minisig", "mixed.csv.minisig")
        refused("mixed", run("history", "verify", "mixed.csv", "--key",
                             "acme.pub"), 3)


def spreadsheet():
    """12 prefixes, each before a text, a number and nothing."""
    drive("acme", "connect", "Sheets", "03" * 16)
    values = [p + rest for p in PREFIXES
              for rest in ("1+1|' /C calc'!A0", "", "12.50", "1e5", "1,5")]
    values += ["plain", "1", "", "'=1", "a=1", "\u00a0@x", "\ufeff-x",
               " -5", "-", "--1", "+-1", "-1.", "+49 89", "-.5"]
    numbers = {"+12.50", "-12.50", "+1e5", "-1e5", " -5"}
    text = {"plain", "1", "", "'=1", "a=1"}
    drive("acme", "add", "Sheets",
          rows=[row(ERROR, "Refused", v, user="Ada", old=v) for v in values])
    good("copy", run("history", "sheets", "--csv", "copy.csv",
                     "--spreadsheet", home="acme"))
    check("not signed", not os.path.exists("copy.csv.minisig"))
    with open("copy.csv", "rb") as f:
        check("BOM", f.read(3) == b"\xef\xbb\xbf")
    got = sniff("copy.csv", "utf-8-sig")
    check("marked", got[0] == COLUMNS + ["Spreadsheet Copy"], got[0])
    check("rows", len(got) == len(values) + 1)
    for value, r in zip(values, got[1:]):
        kept = value in numbers or value in text
        want = value if kept else "'" + value
        check(f"defused {value!r}", r[9] == want and r[12] == want and
              r[15] == ("" if kept else "changed"), r)
        check("the rest as it is", r[2] == "Sheets" and len(r[14]) == 64)
    for r in got[1:]:
        for value in r:
            bare = value.lstrip(" \u00a0\u3000\ufeff")
            danger = bare[:1] in set("=+-@\t\r\n\uff1d\uff0b\uff0d\uff20")
            check("nothing live", not danger or not bare or value in numbers,
                  value)
    shutil.copy("globex.csv.minisig", "copy.csv.minisig")
    refused("copy", run("history", "verify", "copy.csv", "--key", "acme.pub"),
            3, "copy for spreadsheet")
    good("exact", run("history", "sheets", "--csv", "exact.csv", home="acme"))
    check("exact", [r[12] for r in sniff("exact.csv")[1:]] == values)
    good("exact", run("history", "verify", "exact.csv", "--key", "acme.pub"))


def edits():
    with open("globex.csv", "rb") as f:
        data = f.read()
    cases = {
        "LF for CRLF": data.replace(b"\r\n", b"\n"),
        "a byte more": data + b"\r\n",
        "a BOM": b"\xef\xbb\xbf" + data,
        "unquoted": data.replace(b'"Ada"', b"Ada"),
        "no header": data.split(b"\r\n", 1)[1],
        "empty": b"",
        "header alone": data.split(b"\r\n", 1)[0] + b"\r\n",
        "column gone": data.replace(b',"Hash"', b"", 1),
        "not UTF-8": data.replace(b"Gold", b"G\xffld"),
        "case of a Hash": data.replace(data[-67:-3], data[-67:-3].upper()),
    }
    for what, text in cases.items():
        pathlib.Path("edit.csv").write_bytes(text)
        shutil.copy("globex.csv.minisig", "edit.csv.minisig")
        refused(what, run("history", "verify", "edit.csv", "--key",
                          "acme.pub"), 3, "edit.csv")
    pathlib.Path("edit.csv").write_bytes(data.replace(b"Gold is", b"Lead is"))
    refused("changed", run("history", "verify", "edit.csv", "--key",
                           "acme.pub"), 3, "'Globex', row '8'")
    os.unlink("edit.csv.minisig")
    pathlib.Path("edit.csv").write_bytes(data)
    refused("unsigned", run("history", "verify", "edit.csv", "--key",
                            "acme.pub"), 3, "signature")
    good("init", run("init", "other", "--name", "Other"))
    good("key", run("key", "export", "-o", "other.pub", home="other"))
    refused("other key", run("history", "verify", "globex.csv", "--key",
                             "other.pub"), 3)
    refused("other home", run("history", "verify", "globex.csv",
                              home="other"), 3)
    refused("key without file", run("history", "verify", "--key", "acme.pub",
                                    home="acme"), 2)
    refused("no home", run("history", "verify", home="none"), 2)


def empty():
    good("empty", run("history", "--csv", "none.csv", home="other"))
    good("empty", run("history", "verify", "none.csv", "--key", "other.pub"))
    drive("other", "connect", "A b", "04" * 16)
    good("empty", run("history", "a B", "--csv", "ab.csv", home="other"))
    check("comment", comment("ab.csv") == "orgferry history a%20B rows 0 head "
          + "0" * 64, comment("ab.csv"))
    good("empty", run("history", "verify", "ab.csv", "--key", "other.pub"))


def sql(*statements):
    db = sqlite3.connect("acme/org.db", isolation_level=None)
    try:
        for statement in statements:
            db.execute(statement)
    finally:
        db.close()


def witnesses():
    """What the partner has, against a tail cut by who owns the store."""
    drive("acme", "bundle", "Initech", "early.ferry")
    drive("acme", "add", "Initech", rows=events()[3:6])
    drive("acme", "bundle", "Initech", "late.ferry")
    drive("acme", "bundle", "Initech", "sealed.ferry", "sealed")
    drive("acme", "bundle", "Globex", "globex.ferry")
    good("init", run("init", "globex", "--name", "Globex"))
    shutil.copy(ROOT / "fixtures/keys/globex.key", "globex/keys/org.key")
    os.chmod("globex/keys/org.key", 0o600)
    os.mkdir("manifest")
    good("manifest", run("inspect", "sealed.ferry", "--key", "acme.sealing",
                         "--manifest", "manifest", home="globex"))
    given = ["--witness", "early.ferry", "--witness", "late.ferry",
             "--witness", "manifest/manifest.json"]
    good("csv", run("history", "initech", "--csv", "now.csv", home="acme"))
    good("csv", run("history", "--csv", "now-all.csv", home="acme"))
    done = good("home", run("history", "verify", *given, "--witness",
                            "globex.ferry", home="acme"))
    check("each is told", done.stdout.count("is as it says") == 4, done.stdout)
    good("file", run("history", "verify", "now.csv", "--key", "acme.pub",
                     *given))
    good("file", run("history", "verify", "now-all.csv", "--key", "acme.pub",
                     "--witness", "globex.ferry", *given))
    good("sealed, at its recipient",
         run("history", "verify", "now.csv", "--key", "acme.sealing",
             "--witness", "sealed.ferry", home="globex"))
    refused("sealed, at its sender",
            run("history", "verify", "--witness", "sealed.ferry",
                home="acme"), 3, "sealed")
    refused("another's", run("history", "verify", "now.csv", "--key",
                             "acme.pub", "--witness", "globex.ferry"), 3)
    refused("other signer", run("history", "verify", "--witness",
                                "late.ferry", home="other"), 3)
    refused("selection", run("history", "verify", "sel.csv", "--key",
                             "acme.pub", "--witness", "late.ferry"), 2)
    refused("an option twice", run("history", "verify", "now.csv", "--key",
                                   "acme.pub", "--key", "acme.pub"), 2)
    shutil.copytree("acme", "kept")
    sql(*[f"drop trigger {t}" for t in TRIGGERS],
        "delete from _history where sequence > 4 and connection = 2")
    good("a cut tail holds alone", run("history", "verify", home="acme"))
    good("early", run("history", "verify", "--witness", "early.ferry",
                      home="acme"))
    refused("late", run("history", "verify", *given, home="acme"), 3,
            "'Initech'", "6 rows", "tail was cut")
    drive("acme", "add", "Initech", rows=events()[4:8])
    good("continued", run("history", "initech", "--csv", "forged.csv",
                          home="acme"))
    good("holds alone", run("history", "verify", "forged.csv", "--key",
                            "acme.pub"))
    for witness in "late.ferry", "manifest/manifest.json":
        refused("home", run("history", "verify", "--witness", witness,
                            home="acme"), 3, "row 6", "cut and continued")
        refused("file", run("history", "verify", "forged.csv", "--key",
                            "acme.pub", "--witness", witness), 3,
                "cut and continued")
    with open("manifest/manifest.json", "rb") as f:
        text = f.read()
    pathlib.Path("manifest/manifest.json").write_bytes(
        text.replace(b'"rows": 6', b'"rows": 5'))
    refused("forged witness", run("history", "verify", "now.csv", "--key",
                                  "acme.pub", "--witness",
                                  "manifest/manifest.json"), 3)


def renamed():
    shutil.rmtree("acme")
    os.rename("kept", "acme")
    sql("update _connection set name = 'Initech GmbH' where connection = 2")
    drive("acme", "add", "Initech GmbH", rows=[row(OWNER, "Changed")])
    good("csv", run("history", "--csv", "renamed.csv", home="acme"))
    rows = [r for r in sniff("renamed.csv")[1:] if r[2].startswith("Ini")]
    check("each row has its time's name",
          {r[2] for r in rows} == {"Initech", "Initech GmbH"} and
          rows[0][2] == "Initech" and rows[-1][2] == "Initech GmbH")
    check("one chain", [c[0] for c in chains(rows)] == ["Initech GmbH"])
    good("verify", run("history", "verify", "renamed.csv", "--key",
                       "acme.pub"))


def main():
    with tempfile.TemporaryDirectory(prefix="orgferry-test-") as folder:
        os.chdir(folder)
        make_home()
        every = whole()
        listing(every)
        selection()
        spreadsheet()
        edits()
        empty()
        witnesses()
        renamed()
        os.chdir("/")
    print(f"{Tally.passed} passed, {Tally.failed} failed")
    return 1 if Tally.failed else 0


if __name__ == "__main__":
    sys.exit(main())
