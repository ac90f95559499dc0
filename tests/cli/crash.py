#!/usr/bin/python3
"""A death or an error at any call leaves the old state or the new, and the
same command again goes on.

    crash.py [--every N] [--errors] [--only NAME]

strace kills init, load, dump and key export before every write, rename,
removal, sync and creation of a file, or with --errors lets each of these
calls fail, once and for good. --every N takes each Nth point alone, and those
calls that make or take away a name, which are few, all the same. Then
come writes cut short, a file size limit, a full disk (root only) and eight
processes at once.
"""

import argparse
import concurrent.futures
import os
import re
import resource
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time

PROGRAM = os.path.abspath(os.path.join(os.environ.get("BUILD", "build"),
                                       "orgferry"))
with open(PROGRAM, "rb") as program:
    ASAN = b"__asan_init" in program.read()
SHORT = os.path.join(os.path.dirname(os.path.abspath(__file__)),
                     "short_writes.c")

# The leak checker cannot work in a process that is traced.
ENV = dict(os.environ, ASAN_OPTIONS="detect_leaks=0") if ASAN else os.environ

CHANGING = ["write", "pwrite64", "rename", "renameat", "renameat2", "unlink",
            "unlinkat", "fsync", "fdatasync", "ftruncate", "mkdir", "openat"]
NAMING = {"rename", "renameat", "renameat2", "unlink", "unlinkat", "mkdir"}
ERRORS = {
    "write": ["EIO", "ENOSPC"], "pwrite64": ["EIO", "ENOSPC"],
    "rename": ["EIO", "ENOSPC"], "renameat": ["EIO", "ENOSPC"],
    "renameat2": ["EIO", "ENOSPC"], "unlink": ["EIO"], "unlinkat": ["EIO"],
    "fsync": ["EIO"], "fdatasync": ["EIO"], "ftruncate": ["EIO"],
    "mkdir": ["ENOSPC"], "openat": ["EIO", "EMFILE"], "read": ["EIO"],
    "pread64": ["EIO"], "flock": ["ENOLCK"], "getdents64": ["EIO"],
}


def record(prefix, n):
    return "%s%012dAAA" % (prefix, n)


def table(head, rows):
    return "".join(",".join(row) + "\n" for row in [head] + rows)


DAY_1 = {
    "Account.csv": table(["Id", "Name", "ParentId"], [
        [record("001", i), "Acme %d" % i, record("001", i // 2)]
        for i in range(30)]),
    "Contact.csv": table(["Id", "LastName", "AccountId", "Birthdate"], [
        [record("003", i), "Name %d" % i, record("001", i), "2001-02-03"]
        for i in range(20)]),
}
DAY_2 = {
    "Account.csv": table(["Id", "Name", "ParentId"], [
        [record("001", i), "Acme %d" % (i % 7), record("001", i // 2)]
        for i in range(3, 40)]),
    "Contact.csv": table(["Id", "LastName", "AccountId", "Level__c"], [
        [record("003", i), "Name %d" % i, record("001", i + 5), str(i % 3)]
        for i in range(18)]),
    "Invoice__c.csv": table(["Id", "Paid__c", "Account__c"], [
        [record("a01", i), "true", record("001", i + 3)] for i in range(20)]),
}


def write_snapshot(folder, files):
    os.mkdir(folder)
    for name, text in files.items():
        with open(os.path.join(folder, name), "w") as f:
            f.write(text)


def canon(path):
    """What a store says, but for times and what is drawn at random."""
    db = sqlite3.connect("file:%s?mode=ro" % path, uri=True)
    try:
        said = []
        for kind, name, sql in sorted(db.execute(
                "select type, name, sql from sqlite_master "
                "where sql is not null")):
            said.append(sql)
            if kind != "table":
                continue
            columns = [c[1] for c in db.execute(
                'pragma table_info("%s")' % name) if c[1] != "time"]
            rows = db.execute('select %s from "%s"' % (
                ", ".join('"%s"' % c for c in columns), name))
            said += sorted(repr(row) for row in rows
                           if row[0] != "print_key")
        return "\n".join(said)
    finally:
        db.close()


def listing(folder):
    found = []
    for where, _, files in os.walk(folder):
        found.append(os.path.relpath(where, folder) + "/")
        found += [os.path.relpath(os.path.join(where, f), folder)
                  for f in files]
    return sorted(f for f in found if f != "home/lock")


def contents(folder):
    found = {}
    if os.path.isdir(folder):
        for name in os.listdir(folder):
            with open(os.path.join(folder, name), "rb") as f:
                found[name] = f.read()
    return found


def run(words, **kw):
    done = subprocess.run(words, stdin=subprocess.DEVNULL, env=ENV,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          errors="backslashreplace", **kw)
    return done.returncode, done.stdout, done.stderr


def orgferry(work, line, **kw):
    return run([PROGRAM] + [w.format(w=work) for w in line.split()], **kw)


def must(work, line):
    rc, _, err = orgferry(work, line)
    if rc != 0:
        sys.exit("%s: exit status %d, %s" % (line, rc, err))


def is_cold(work, name):
    """A journal that was done with, and only its name could not be removed."""
    with open(os.path.join(work, name), "rb") as f:
        return not any(f.read(28))


class Journey:
    """One command, from a folder as it was to the folder as it must be."""

    # What the same command says of itself once it is done.
    DONE = "is a home already|is not empty|is there already"

    def __init__(self, name, line, base):
        self.name, self.line, self.base = name, line, base
        self.points = self.count()
        work = self.fresh()
        self.old = self.look(work)
        must(work, line)
        self.new = self.look(work)
        self.made = contents(work + "/dump")
        shutil.rmtree(work)
        if self.old == self.new:
            sys.exit("%s: changes nothing" % name)

    def fresh(self, where=None):
        work = tempfile.mkdtemp(prefix="crash.", dir=where)
        for name in os.listdir(self.base):
            shutil.copytree(os.path.join(self.base, name),
                            os.path.join(work, name))
        return work

    def words(self, work):
        return [w.format(w=work) for w in self.line.split()]

    def look(self, work):
        """All that a journey changes, comparable."""
        db = work + "/home/org.db"
        with_key = os.path.exists(work + "/home/keys/org.key")
        pub = work + "/pub"
        return (canon(db) if with_key else None,
                contents(work + "/dump") or None,
                open(pub, "rb").read() if os.path.exists(pub) else None)

    def count(self):
        """Every call of an undisturbed run, as (name, number of it)."""
        work = self.fresh()
        log = work + "/calls"
        rc, _, err = run(["strace", "-f", "-o", log, "-e",
                          "trace=" + ",".join(ERRORS), PROGRAM] +
                         self.words(work))
        if rc != 0:
            sys.exit("%s: exit status %d, %s" % (self.name, rc, err))
        seen, points, ours = {}, [], False
        with open(log) as f:
            for call in f:
                m = re.match(r"\d+ +(\w+)\(", call)
                if not m:
                    continue
                name = m[1]
                seen[name] = seen.get(name, 0) + 1
                # The loader's own work comes before ours.
                ours |= work in call
                if ours:
                    points.append((name, seen[name],
                                   name != "openat" or "O_CREAT" in call))
        shutil.rmtree(work)
        return points

    def sound(self, work, problems):
        """What came of it, "old" or "new"; the rest goes to problems."""
        rc, _, err = orgferry(work, "-C {w}/home check")
        finished = os.path.exists(work + "/home/keys/org.key")
        if rc != 0 and (finished or self.name != "init" or
                        "is not a home" not in err):
            problems.append("check: exit status %d, %s" % (rc, err))
            return "broken"
        now = self.look(work)
        if self.name == "dump":
            return self.sound_dump(now, work, problems)
        if now == self.new:
            return "new"
        if now != self.old:
            problems.append("neither the old state nor the new")
        return "old"

    def sound_dump(self, now, work, problems):
        if now[0] != self.old[0]:
            problems.append("the home changed")
        if now[1] == self.made:
            return "new"
        files = {k: v for k, v in (now[1] or {}).items()
                 if not k.endswith(".part")}
        if files and "UNFINISHED" not in files:
            problems.append("half a dump that does not say so")
        for name, data in files.items():
            if name != "UNFINISHED" and self.made.get(name) != data:
                problems.append("%s is not whole" % name)
        return "old"

    def again(self, work, state, problems):
        """The same command once more ends where it would have ended."""
        rc, _, err = orgferry(work, self.line)
        done = state == "new" and rc == 2 and re.search(self.DONE, err)
        if not done and (rc != 0 or err):
            problems.append("again: exit status %d, %s" % (rc, err))
        if orgferry(work, "-C {w}/home check")[0] != 0:
            problems.append("again: check does not pass")
        if self.look(work) != self.new:
            problems.append("again: another state")
        left = [name for name in listing(work) if name.endswith(".part") or
                name.endswith("-journal") and not is_cold(work, name)]
        if self.name == "key export":
            left = [name for name in left if not name.startswith(".pub.")]
        if left:
            problems.append("again: left behind %s" % left)


def trace(journey, work, fault):
    return run(["strace", "-f", "-qq", "-o", "/dev/null", "-e",
                "trace=" + fault.split(":")[0], "-e", "inject=" + fault,
                PROGRAM] + journey.words(work))


def one_line(err):
    """What is wrong with an error's words."""
    if not re.fullmatch(r"orgferry: [^\0-\x1f\x7f]+\n", err):
        return ["not one clear line: %r" % err]
    return []


def verdict(journey, work, rc, err, problems, mute=False):
    """After an error: 5 and one line, or 0 and the new state."""
    state = journey.sound(work, problems)
    if rc == 5:
        problems += [] if mute and not err else one_line(err)
    elif rc != 0 or err:
        problems.append("exit status %d, %s" % (rc, err))
    elif state != "new":
        problems.append("success, and the state is the old one")
    journey.again(work, state, problems)
    return "%d %s" % (rc, state)


def try_fault(journey, fault, where):
    work, problems = journey.fresh(where), []
    rc, _, err = trace(journey, work, fault)
    if "signal=KILL" in fault:
        if rc not in (-signal.SIGKILL, 128 + signal.SIGKILL):
            problems.append("was not killed: exit status %d, %s" % (rc, err))
        state = journey.sound(work, problems)
        journey.again(work, state, problems)
        came = "killed " + state
    else:
        # Where writing fails for good, so does saying it.
        mute = re.match(r"write:.*\+$", fault)
        came = verdict(journey, work, rc, err, problems, mute)
    shutil.rmtree(work)
    return came, problems


class Score:
    def __init__(self):
        self.passed = self.failed = self.skipped = 0

    def add(self, name, problems):
        self.passed += not problems
        self.failed += bool(problems)
        if problems and self.failed <= 20:
            print("FAILED %s:\n    %s" % (name, "\n    ".join(problems)))

    def skip(self, name, why):
        self.skipped += 1
        print("%-12s skipped: %s" % (name, why))


def faults_of(journey, errors):
    if not errors:
        return ["%s:signal=KILL:when=%d" % (name, n)
                for name, n, changes in journey.points
                if name in CHANGING and changes]
    return ["%s:error=%s:when=%d%s" % (name, error, n, more)
            for name, n, _ in journey.points for error in ERRORS[name]
            for more in ("", "+")]


def every_point(journey, options, where, score):
    began, came = time.time(), {}
    faults = faults_of(journey, options.errors)
    total = len(faults)
    faults = [fault for n, fault in enumerate(faults)
              if n % options.every == 0 or fault.split(":")[0] in NAMING]
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        for fault, (what, problems) in zip(faults, pool.map(
                lambda f: try_fault(journey, f, where), faults)):
            came[what] = came.get(what, 0) + 1
            score.add("%s, %s" % (journey.name, fault), problems)
    print("%-12s %4d of %4d points, %3.0f s: %s" % (
        journey.name, len(faults), total, time.time() - began,
        ", ".join("%d %s" % (n, what) for what, n in sorted(came.items()))))


def short_writes(journeys, where, score):
    """Every write does half or is interrupted, and nothing comes of it."""
    if ASAN or not shutil.which("cc"):
        score.skip("short writes", "wants cc and a plain build")
        return
    library = where + "/short.so"
    subprocess.run(["cc", "-O1", "-shared", "-fPIC", "-o", library, SHORT],
                   check=True)
    for journey in journeys:
        work, problems = journey.fresh(where), []
        rc, _, err = run(["env", "LD_PRELOAD=" + library, PROGRAM] +
                         journey.words(work))
        if rc != 0 or err:
            problems.append("exit status %d, %s" % (rc, err))
        if journey.sound(work, problems) != "new":
            problems.append("the state is not the new one")
        score.add("short writes, " + journey.name, problems)
        shutil.rmtree(work)
    print("%-12s %d commands" % ("short writes", len(journeys)))


def size_limit(journeys, options, where, score):
    """A limit on the size of files: short writes, then EFBIG."""
    came = {}
    for journey in journeys:
        for limit in range(0, 200 << 10, 1024 * options.every):
            work, problems = journey.fresh(where), []

            def limited():
                resource.setrlimit(resource.RLIMIT_FSIZE,
                                   (limit, resource.RLIM_INFINITY))
            rc, _, err = orgferry(work, journey.line, preexec_fn=limited)
            what = verdict(journey, work, rc, err, problems)
            came[what] = came.get(what, 0) + 1
            score.add("%s, files of at most %d bytes" % (journey.name, limit),
                      problems)
            shutil.rmtree(work)
    print("%-12s %s" % ("size limit", ", ".join(
        "%d %s" % (n, what) for what, n in sorted(came.items()))))


def full_disk(journeys, options, where, score):
    disk = where + "/disk"
    os.mkdir(disk)
    mount = ["mount", "-t", "tmpfs", "-o", "size=4k", "tmpfs", disk]
    if os.geteuid() != 0 or run(mount)[0] != 0:
        score.skip("full disk", "wants root and mount")
        return
    run(["umount", disk])
    came = {}
    for journey in journeys:
        for size in range(4, 400, 4 * options.every):
            run(["mount", "-t", "tmpfs", "-o", "size=%dk" % size, "tmpfs",
                 disk])
            problems, work = [], None
            try:
                work = journey.fresh(disk)
            except (OSError, shutil.Error):
                pass  # what was there before does not fit
            if work:
                rc, _, err = orgferry(work, journey.line)
                if rc == 5 and not re.search("full|No space", err):
                    problems.append("does not say that the disk is full: " +
                                    err)
                run(["mount", "-o", "remount,size=8m", disk])
                what = verdict(journey, work, rc, err, problems)
                came[what] = came.get(what, 0) + 1
                score.add("%s, disk of %d KiB" % (journey.name, size),
                          problems)
            run(["umount", disk])
    print("%-12s %s" % ("full disk", ", ".join(
        "%d %s" % (n, what) for what, n in sorted(came.items()))))


IN_USE = "another orgferry is at work in this home"


def start(work, line):
    return subprocess.Popen([PROGRAM] + [w.format(w=work)
                                         for w in line.split()],
                            stdin=subprocess.DEVNULL, env=ENV,
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                            text=True)


def at_once(where, score):
    """Eight make one home, then eight load into it."""
    came = {}
    for turn in range(10):
        work, problems = tempfile.mkdtemp(prefix="eight.", dir=where), []
        for i in range(8):
            write_snapshot("%s/s%d" % (work, i), {
                "Obj%d__c.csv" % i: table(["Id", "Name"], [
                    [record("a%02d" % i, n), "x"] for n in range(200)])})
        made = [start(work, "init {w}/home --name Acme") for _ in range(8)]
        made = [(p.communicate()[1], p.returncode) for p in made]
        for err, rc in made:
            if rc != 0 and not (rc == 2 and "is a home already" in err or
                                rc == 5 and IN_USE in err or
                                rc == 5 and "File exists" in err):
                problems.append("init: exit status %d, %s" % (rc, err))
        if sum(rc == 0 for _, rc in made) != 1:
            problems.append("%d made one home" % sum(
                rc == 0 for _, rc in made))
        loads = [start(work, "-C {w}/home load {w}/s%d" % i)
                 for i in range(8)]
        want = {}
        for i, p in enumerate(loads):
            err = p.communicate()[1]
            came[p.returncode] = came.get(p.returncode, 0) + 1
            if p.returncode == 0:
                want["Obj%d__c" % i] = 200
            elif p.returncode != 5 or IN_USE not in err:
                problems.append("load: exit status %d, %s" % (p.returncode,
                                                             err))
        if not want:
            problems.append("none could load")
        if orgferry(work, "-C {w}/home check")[0] != 0:
            problems.append("check does not pass")
        db = sqlite3.connect(work + "/home/org.db")
        have = {name: db.execute('select count(*) from "%s"' %
                                 name).fetchone()[0]
                for name, in db.execute("select name from sqlite_master where "
                                        "type = 'table' and name like 'Obj%'")}
        db.close()
        if have != want:
            problems.append("loaded %s, and there is %s" % (want, have))
        score.add("eight at once, turn %d" % turn, problems)
        shutil.rmtree(work)
    print("%-12s %d loads done, %d told that the home is in use" % (
        "eight", came.get(0, 0), came.get(5, 0)))


def make_journeys(where):
    days = where + "/days"
    os.mkdir(days)
    write_snapshot(days + "/1", DAY_1)
    write_snapshot(days + "/2", DAY_2)
    bases = [where + "/base%d" % i for i in range(4)]
    for base in bases[:2]:
        os.mkdir(base)
    must(bases[1], "init {w}/home --name Acme --org-id 00D000000000001")
    shutil.copytree(bases[1], bases[2])
    must(bases[2], "-C {w}/home load --quiet %s/1" % days)
    shutil.copytree(bases[2], bases[3])
    must(bases[3], "-C {w}/home load --quiet %s/2" % days)
    return [
        Journey("init", "init {w}/home --name Acme --org-id 00D000000000001",
                bases[0]),
        Journey("load day 1", "-C {w}/home load %s/1" % days, bases[1]),
        Journey("load day 2", "-C {w}/home load %s/2" % days, bases[2]),
        Journey("dump", "-C {w}/home dump {w}/dump", bases[3]),
        Journey("key export", "-C {w}/home key export -o {w}/pub", bases[1]),
    ]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--every", type=int, default=1, metavar="N")
    parser.add_argument("--errors", action="store_true")
    parser.add_argument("--only", default="", metavar="NAME")
    options = parser.parse_args()
    score = Score()
    memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    with tempfile.TemporaryDirectory(dir=memory) as where:
        if not shutil.which("strace"):
            sys.exit("crash.py: wants strace")
        journeys = [j for j in make_journeys(where)
                    if options.only in j.name]
        for journey in journeys:
            every_point(journey, options, where, score)
        if options.errors:
            short_writes(journeys, where, score)
            size_limit(journeys, options, where, score)
            full_disk(journeys, options, where, score)
        else:
            at_once(where, score)
    if score.skipped:
        print("%d skipped" % score.skipped)
    print("%d passed, %d failed" % (score.passed, score.failed))
    return score.failed > 0


if __name__ == "__main__":
    sys.exit(main())
