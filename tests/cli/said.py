#!/usr/bin/python3
"""What commands say to the person who runs them.

    said.py [PATTERN]

Each case runs the real program on the same two homes, which are connected and
agreed, and what was carried between them. PATTERN, a regular expression, picks
cases by name. Last line: N passed, N failed.
"""

import fcntl
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "flow"))

from journey import (  # noqa: E402
    PROGRAM, Failed, World, account, want, write_day)


def make(work):
    """low and high, joined; first.ferry is sealed, plain.ferry is not."""
    w = World(work, agree=False)
    w.agree()
    write_day(w.path("day1"), {"Account": [["Id", "Name"],
                                           [account(1), "Acme"]]})
    write_day(w.path("day2"), {"Account": [["Id", "Name"],
                                           [account(1), "Acme Inc."]]})
    w.must(None, "init", w.path("other"), "--name", "Other", "--enable")
    w.must("low", "load", w.path("day1"))
    w.must("low", "export", "high", "-o", w.path("first.ferry"))
    w.must("low", "load", w.path("day2"))
    w.must("low", "export", "high", "--plain", "-o", w.path("plain.ferry"))
    for home in ("low", "high", "other"):
        w.must(home, "key", "export", "-o", w.path(home + ".pub"))
        w.must(home, "key", "export", "--sealing", "-o",
               w.path(home + ".sealing"))
    os.mkdir(w.path("empty"))


def run_in(w, folder, *words, **environment):
    """Run without -C, in a folder. Exit status, output, errors."""
    done = subprocess.run([PROGRAM, *words], cwd=w.path(folder), text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          env={**os.environ, **environment}, check=False)
    return done.returncode, done.stdout, done.stderr


def says(done, status, pattern):
    """One line: on standard output where done, else on standard error."""
    rc, out, err = done
    line = out if status == 0 else err
    want(rc == status and re.search(pattern, line) and
         (status == 0 or not out and line.count("\n") == 1),
         "exit status %d and said %r, not %d and %s" % (rc, out + err, status,
                                                        pattern))


def case_read_in_home(w):
    """A sealed bundle's own home needs no --key; nothing else opens it."""
    sealed, plain = w.path("first.ferry"), w.path("plain.ferry")
    by_low = r"holds: a whole bundle \(changes\), signed by the key of Low, as"
    for file in sealed, plain:
        says(w.run("high", "verify", file), 0, by_low)
        says(run_in(w, "high", "verify", file), 0, by_low)
        says(run_in(w, "empty", "verify", file,
                    ORGFERRY_HOME=w.path("high")), 0, by_low)
        says(w.run("high", "inspect", file), 0, r"Signature +holds")
    says(run_in(w, "high", "inspect", sealed), 0, r"Signature +holds")
    says(w.run("low", "verify", plain), 0, r"signed by the home \S+low itself")
    says(run_in(w, "empty", "inspect", plain), 0, r"NOT CHECKED")
    for command in "verify", "inspect":
        says(run_in(w, "empty", command, sealed), 2,
             r"is sealed, and '.' is not a home: .*-C HOME .*ORGFERRY_HOME.*"
             r"--key PUB")
    says(run_in(w, "empty", "verify", plain), 2,
         r"verify: wants --key PUB, .*-C HOME")
    says(w.run("other", "verify", plain), 3, r"is signed by key [0-9A-F]{16}")


def case_read_with_other_key(w):
    """Which key signed it, which was given, and which file to ask for."""
    key = r"key ([0-9A-F]{16}), and the key in '\S+' is (?!\1)[0-9A-F]{16}: "
    ask = r"give --key the file of who made the bundle, which their `orgferry "
    sealed, plain = w.path("first.ferry"), w.path("plain.ferry")
    invitation = w.path("2.ferry")
    for file in plain, invitation:
        says(w.run("high", "verify", file, "--key", w.path("other.pub")), 3,
             "is signed by " + key + ask + "key export` writes$")
    says(w.run("high", "verify", sealed, "--key", w.path("other.sealing")), 3,
         "is sealed by " + key + ask + "key export --sealing` writes$")
    for file in plain, invitation:
        says(w.run("other", "verify", file), 3, r"is signed by key \S+, which "
             "is no confirmed partner's here: import their invitation or "
             "answer first")
    for home in "low", "other":
        says(w.run(home, "verify", sealed), 3, r"is sealed to key (\S+), "
             r"which is not this org's \((?!\1)\S+\): only the home that")


# What stands after `orgferry -C low`, and what it says; {t} is the folder.
DONE = [
    ("enable", r"Enabled connections in this home, for good"),
    ("users add Ada", r"Added user Ada, without rights so far"),
    ("users grant Ada manage forward", r"Granted Ada: manage, forward"),
    ("users revoke Ada all", r"Revoked from Ada: all"),
    ("publish high Account.Name Account",
     r"Published to high: Account\.Name, Account, now and later"),
    ("unpublish high Account.Name", r"Unpublished from high: Account\.Name, "
     r"for good; all else is published"),
    ("unpublish high --all", r"Unpublished from high: everything"),
    ("publish high Account", r"Published to high: Account"),
    ("publish high --all", r"Published to high: everything, now and later"),
    ("rule add HIGH Account",
     r"Added a rule for high: Account, every record, now and later"),
    ("rule remove high Account",
     r"Removed the rule for high: Account; what was shared stays shared"),
    ("rule remove high --all", r"Removed the rule for high: all that is .*"),
    ("subscribe high --all --auto-accept --on-delete delete",
     r"Subscribed to high: everything; new records come in by themselves, "
     r"and a copy goes when its original is deleted"),
    ("subscribe high --all --none", r"Unsubscribed from high: everything; "
     r"what was subscribed by name stays"),
    ("subscribe high X__c --to Y__c", r"Subscribed to high: X__c, into Y__c; "
     r"new records wait until accepted, and a copy stays when its original is "
     r"deleted"),
    ("unsubscribe high X__c Case", r"Unsubscribed from high: X__c, Case"),
    ("connection invite third --contact A<a@b.example> -o {t}/i.ferry",
     r"Invited third: wrote the invitation to \S+/i\.ferry\n"
     r"Carry it to A<a@b\.example>, who runs, in their own home:\n"
     r"  orgferry import 'i\.ferry'"),
]


def case_done(w):
    """A line in the past tense; JSON under --json; nothing under --quiet."""
    before = w.path("before")
    shutil.copytree(w.path("low"), before)
    for line, pattern in DONE:
        words = [word.format(t=w.work) for word in line.split()]
        rc, out, err = w.run("low", *words)
        want(rc == 0 and not err and re.fullmatch(pattern + r"\n", out),
             "%s: %d, %r" % (line, rc, out + err))
        if words[0] == "connection":
            os.unlink(words[-1])
        rc, js, err = w.run("before", "--json", *words)
        told = json.loads(js)
        want(rc == 0 and not err and list(told) in (["done"], ["done", "next"])
             and "\n".join(told.values()) + "\n" == out, line, js, err)
    os.unlink(w.path("i.ferry"))
    shutil.rmtree(w.path("low"))
    w.must(None, "init", w.path("low"), "--name", "Low", "--quiet")
    w.must("low", "load", w.path("day1"), "--quiet")
    for line, _ in DONE:
        words = [word.format(t=w.work) for word in line.split()]
        if "high" not in line.lower():
            rc, out, err = w.run("low", "--quiet", *words)
            want((rc, out, err) == (0, "", ""), line, rc, out, err)


def case_done_connecting(w):
    """What is carried to whom, and what they run, until both are joined."""
    for home in ("low", "high"):
        shutil.rmtree(w.path(home))
    w.make_homes()
    w.must("low", "connection", "invite", "high", "--contact",
           "A <a@b.example>", "-o", w.path("i.ferry"))
    w.must("high", "import", w.path("i.ferry"))
    accept = ["connection", "accept", "low", "--fingerprint",
              w.fingerprint("low")]
    says(w.run("high", *accept, "-o", w.path("a.ferry")), 0,
         r"\AAccepted low: wrote the answer to \S+/a\.ferry\n"
         r"Carry it .*voice.*\n.*key show.*\n"
         r"  orgferry import 'a\.ferry' --fingerprint '\.\.\.'\n\Z")
    shutil.rmtree(w.path("low"))
    w.must(None, "init", w.path("low"), "--name", "Low 2", "--enable")
    w.must("low", "connection", "invite", "high", "--contact",
           "A <a@b.example>", "--one-way", "-o", w.path("o.ferry"))
    w.must("high", "import", w.path("o.ferry"), "--as", "low2")
    accept[2] = "low2"
    accept[4] = w.fingerprint("low")
    says(w.run("high", *accept, "-o", w.path("b.ferry")), 0,
         r"\AAccepted low2: it is one way, so nothing is carried back\n\Z")
    want(not os.path.exists(w.path("b.ferry")), "an answer was written")


def case_subscribed(w):
    """What the partner does not publish is told, once it has said what."""
    want("not published" not in w.must("high", "subscribe", "Low", "Case"),
         "told before a bundle has come")
    w.must("high", "import", w.path("first.ferry"))
    says(w.run("high", "subscribe", "Low", "Acount"), 0,
         r"; the partner has not published it so far$")
    want("not published" not in w.must("high", "subscribe", "Low", "account"),
         "told of one that is published")


def case_transfers(w):
    """Every bundle with the size that its file has, made or taken in."""
    w.must("high", "import", w.path("first.ferry"), w.path("plain.ferry"))
    for home in ("low", "high"):
        rows = json.loads(w.must(home, "transfers", "--json"))
        want(len(rows) == 4, rows)
        for row in rows:
            name = os.path.basename(row["File"])
            want(int(row["Bytes"]) == os.path.getsize(w.path(name)), row)


def leave(w, home, *words):
    """Run with a standard output whose reader has gone."""
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run([PROGRAM, "-C", w.path(home), *words], stdout=writer,
                          stderr=subprocess.PIPE, text=True, check=False)
    os.close(writer)
    return done.returncode, done.stderr


def case_closed_pipe(w):
    """A list ends by SIGPIPE; what changes something does all of it."""
    w.must("low", "users", "add", "Ada")
    for line in ("history", "history --json", "transfers", "connection list",
                 "connection show high", "ledger", "published high",
                 "subscribed high", "rule list", "inbox", "users list",
                 "load --help", "inspect %s" % w.path("plain.ferry")):
        want(leave(w, "low", *line.split()) == (-signal.SIGPIPE, ""),
             line, leave(w, "low", *line.split()))
    os.mkdir(w.path("manifest"))
    files = [w.path("first.ferry"), w.path("plain.ferry")]
    for home, words in [
            ("high", ["inspect", files[1], "--manifest", w.path("manifest")]),
            ("high", ["import", *files]),
            ("high", ["verify", files[1]]),
            ("high", ["check"]),
            ("low", ["load", w.path("day2")]),
            ("low", ["publish", "high", "Account"]),
            ("low", ["ledger", "--csv", w.path("ledger.csv")]),
            ("low", ["history", "--csv", w.path("history.csv")]),
            ("low", ["export", "high", "-o", w.path("third.ferry")])]:
        want(leave(w, home, *words) == (0, ""), words)
    want(len(os.listdir(w.path("manifest"))) == 2, "no manifest was written")
    for name in ("ledger.csv", "history.csv.minisig", "third.ferry"):
        want(os.path.exists(w.path(name)), name)
    says(w.run("high", "import", *files), 0,
         r"(?s)first.*already imported.*plain.*already imported")
    rc, err = leave(w, "low", "load", w.path("none"))
    want(rc == 5 and err.startswith("orgferry: "), "an error", rc, err)


def case_killed_export(w):
    """The next export to a name sweeps what a killed one left beside it."""
    left = [w.path(".third.ferry.%d-0.part" % n) for n in (1, 2)]
    for path in left:
        shutil.copy(w.path("first.ferry"), path)
    with open(left[1], "rb") as writer:
        fcntl.flock(writer, fcntl.LOCK_EX)
        w.must("low", "export", "high", "--again", "1", "-o",
               w.path("third.ferry"))
        want([os.path.exists(p) for p in left] == [False, True], "swept")
    w.must("low", "export", "high", "--again", "1", "-o", w.path("4.ferry"))
    want(os.path.exists(left[1]), "another name's was swept")


# What stands after `orgferry`, and what the error says.
WRONG = [
    ("lod x", r"lod': is no command; did you mean load \("),
    ("connection lst", r"connection lst': is no command; did you mean "
     r"connection list \("),
    ("connection", r"connection: wants another word: invite, accept, list, "
     r"show \("),
    ("sail", r"sail: is no command \(see"),
    ("connection show hihg", r"no connection 'hihg'; did you mean 'high'$"),
    ("connection show nobody", r"no connection 'nobody' \(see: orgferry "),
    ("export nobody", r"there is no connection 'nobody'"),
    ("publish high Acount", r"'Acount': .* no such object; did you mean "
     r"Account$"),
    ("unpublish high Case", r"'Case': .* no such object; load a snapshot"),
    ("publish high Account.Nmae", r"Account: has no field 'Nmae'"),
    ("forward high --object Acount", r"did you mean Account$"),
    ("rule add high Acount", r"did you mean Account$"),
    ("rule add high Case", r"'Case': the home has no such object; load a "),
    ("rule remove high Account", r"no such rule \(see: orgferry rule list"),
    ("rule list hgh", r"no connection 'hgh'; did you mean 'high'$"),
    ("inbox nobody", r"there is no connection 'nobody'"),
    ("transfers nobody", r"there is no connection 'nobody'"),
    ("ledger nobody", r"there is no connection 'nobody'"),
    ("ledger nobody --csv {t}/l.csv", r"there is no connection 'nobody'"),
    ("accept high 42", r"'42': no such record waits \(see: orgferry inbox"),
    ("connection invite x -o {t}/i.ferry", r"wants --contact 'NAME <MAIL>'"),
    ("connection invite high --contact A<a@b.example> -o {t}/i.ferry",
     r"a connection 'high' already; "),
    ("check -C", r"check: has no option '-C'"),
]


def case_wrong(w):
    """An error names what was meant, or where to look, in one line."""
    for line, pattern in WRONG:
        rc, out, err = w.run("low", *line.format(t=w.work).split())
        want(rc == 2 and not out and re.search(pattern, err) and
             err.count("\n") == 1, line, rc, out, err)
    want(not os.path.exists(w.path("l.csv")), "a ledger of nobody's")
    says(run_in(w, "empty", "ledger", "-C", w.path("low"), "--user", "Ada"), 0,
         r"\AConnection")
    invitation = w.path("x.ferry")
    w.must("low", "connection", "invite", "third", "--contact",
           "A <a@b.example>", "-o", invitation)
    says(w.run("low", "export", "third"), 2, r"'third' is Sent, not Accepted; "
         r"import the partner's answer first")
    w.must("other", "import", invitation)
    says(w.run("other", "export", "Low"), 2, r"'Low' is Received, not "
         r"Accepted; accept it first")


def main():
    pattern = sys.argv[1] if len(sys.argv) > 1 else ""
    passed = failed = 0
    with tempfile.TemporaryDirectory(prefix="said.") as folder:
        made = os.path.join(folder, "made")
        os.mkdir(made)
        make(made)
        for name, case in list(globals().items()):
            if not name.startswith("case_") or not re.search(pattern, name):
                continue
            work = os.path.join(folder, name)
            shutil.copytree(made, work)
            try:
                case(World(work, connect=False, agree=False))
                passed += 1
            except (Failed, OSError) as why:
                failed += 1
                print("FAILED %s: %s" % (name[5:], why))
    print("%d passed, %d failed" % (passed, failed))
    return failed > 0


if __name__ == "__main__":
    sys.exit(main())
