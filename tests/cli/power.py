#!/usr/bin/python3
"""A power cut at any moment leaves the old state or the new, and what was said
to be done is done.

    power.py [--every N] [--draws N] [--only NAME]

strace writes down every write, sync and change of a name of a command. From
that, the disk is built as it may look after a cut at each of these: a file is
as it was at its last sync, and of what was written since, nothing is kept, or
all, or any part of it, sectors of 512 or 4096 bytes each for itself, and what
is lost of a file that grew may be anything; a folder's names are as they were
at its last sync, and of those changed since any may be kept. Then `check` must
pass, the state be the old or the new (the new one, once the command has said
that it is done), and the same command and the next ones go on.

--every N takes each Nth of these disks, and all at which the command has said
that it is done; --draws N makes N of them at random at
each point, beside the five that are not (4).
"""

import argparse
import concurrent.futures
import hashlib
import os
import random
import re
import shutil
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "flow"))

import crash  # noqa: E402
import full  # noqa: E402
import journey  # noqa: E402

CALLS = ("openat,open,creat,close,lseek,read,write,pwrite64,ftruncate,"
         "truncate,fsync,fdatasync,rename,renameat,renameat2,unlink,unlinkat,"
         "mkdir,mkdirat,link,linkat,symlink,rmdir,writev,pwritev,fallocate,"
         "copy_file_range,sendfile,sync_file_range,dup,dup2")
SEEDS = random.Random(20261122)


class File:
    """Bytes on the disk, and what was written since the last sync."""

    def __init__(self, data=b""):
        self.safe, self.now, self.loose = data, bytearray(data), []

    def write(self, at, data):
        put(self.now, at, data)
        self.loose.append((at, data))

    def cut(self, size):
        if size != len(self.now):
            resize(self.now, size)
            self.loose.append((size, None))

    def sync(self):
        self.safe, self.loose = bytes(self.now), []

    def after(self, choose):
        """The bytes that a power cut leaves."""
        found = bytearray(self.safe)
        for at, data in self.loose:
            kept = choose.data(at, data)
            if data is None:
                if kept:
                    resize(found, at)
            else:
                for begin, end in kept:
                    grown = at + begin - len(found)
                    if grown > 0:
                        found += choose.grown(grown)
                    put(found, at + begin, data[begin:end])
        return bytes(found)


class Folder:
    """Names on the disk, and what was changed since the last sync."""

    def __init__(self, names=None):
        self.safe, self.now, self.loose = names or {}, dict(names or {}), []

    def change(self, removed, name=None, node=None):
        change(self.now, removed, name, node)
        self.loose.append((removed, name, node))

    def sync(self):
        self.safe, self.loose = dict(self.now), []

    def after(self, choose):
        found = dict(self.safe)
        for one in self.loose:
            if choose.name():
                change(found, *one)
        return found


def put(data, at, more):
    if at > len(data):
        data += bytes(at - len(data))
    data[at:at + len(more)] = more


def resize(data, size):
    del data[size:]
    data += bytes(size - len(data))


def change(names, removed, name, node):
    names.pop(removed, None)
    if name:
        names[name] = node


class All:
    """Everything is kept."""

    def data(self, at, data):
        return True if data is None else [(0, len(data))]

    def name(self):
        return True

    def grown(self, size):
        return bytes(size)


class Nothing(All):
    def data(self, at, data):
        return []

    def name(self):
        return False


class NoNames(All):
    def name(self):
        return False


class NoData(Nothing):
    def name(self):
        return True


class Swapped(All):
    """The last thing is on the disk, and what came before it is not."""

    def __init__(self, disk):
        self.left = sum(len(f.loose) for f in disk.files()) - 1

    def data(self, at, data):
        self.left -= 1
        return All.data(self, at, data) if self.left < 0 else []


class Drawn(All):
    """Each thing is kept, lost or torn by chance."""

    def __init__(self, seed):
        self.random = random.Random(seed)
        self.kept = self.random.choice((0.1, 0.5, 0.9))
        self.unit = self.random.choice((512, 4096))

    def data(self, at, data):
        if data is None or self.random.random() < 0.5:
            kept = self.random.random() < self.kept
            return All.data(self, at, data) if kept else []
        found, begin = [], 0
        while begin < len(data):
            end = min(begin + self.unit - (at + begin) % self.unit, len(data))
            if self.random.random() < self.kept:
                found.append((begin, end))
            begin = end
        return found

    def name(self):
        return self.random.random() < self.kept

    def grown(self, size):
        return self.random.choice((bytes, self.random.randbytes))(size)


class Disk:
    """A folder, and the calls that change it, one by one."""

    def __init__(self, path, syncs=True):
        self.path, self.syncs = path, syncs
        self.root = self.take(path)
        self.open = {}  # by descriptor: [node, offset, whether it appends]
        self.said = self.dirty = False

    def take(self, path):
        if not os.path.isdir(path):
            with open(path, "rb") as f:
                return File(f.read())
        return Folder({name: self.take(os.path.join(path, name))
                       for name in os.listdir(path)})

    def files(self, node=None):
        node = node or self.root
        if isinstance(node, File):
            return [node]
        return [f for one in node.now.values() for f in self.files(one)]

    def find(self, at, path):
        """The folder and the name of a path, or None outside of ours."""
        if not path.startswith("/"):
            if at == "AT_FDCWD":
                return None
            folder = self.open.get(int(at), [None])[0]
        elif os.path.dirname(path) + "/" == self.path + "/":
            folder = self.root
        elif not path.startswith(self.path + "/"):
            return None
        else:
            folder = self.root
            for part in path[len(self.path) + 1:].split("/")[:-1]:
                folder = folder.now.get(part)
        return folder and (folder, path.split("/")[-1])

    def node(self, at, path):
        if path == self.path:
            return self.root
        found = self.find(at, path)
        return found and found[0].now.get(found[1])

    def opened(self, fd, at, path, flags):
        node = self.node(at, path)
        if not node and "O_CREAT" in flags:
            where = self.find(at, path)
            if where:
                node = File()
                where[0].change(None, where[1], node)
                self.dirty = True
        if isinstance(node, File) and "O_TRUNC" in flags:
            node.cut(0)
            self.dirty = True
        self.open[fd] = [node, 0, "O_APPEND" in flags]

    def call(self, name, words, rc):
        """One call that succeeded."""
        if name == "open":
            self.opened(rc, "AT_FDCWD", text(words[0]), words[1])
        elif name == "openat":
            self.opened(rc, words[0], text(words[1]), words[2])
        elif name == "exit":
            self.said = self.dirty = True
        elif name == "close":
            self.open.pop(int(words[0]), None)
        elif name in ("mkdir", "unlink", "unlinkat", "rename", "renameat",
                      "renameat2"):
            self.name_call(name, [w if re.fullmatch(r"AT_FDCWD|-?\d+", w)
                                  else text(w) for w in words])
        elif name in ("read", "write", "pwrite64", "lseek", "ftruncate",
                      "fsync", "fdatasync"):
            self.file_call(name, words, rc)
        else:
            raise journey.Failed("%s: is not modelled" % name)

    def name_call(self, name, words):
        if not name.endswith(("at", "at2")):
            words = [w for word in words for w in ("AT_FDCWD", word)]
        where = self.find(words[0], words[1])
        if not where:
            return
        self.dirty = True
        if name == "mkdir":
            where[0].change(None, where[1], Folder())
        elif name.startswith("unlink"):
            where[0].change(where[1])
        else:
            folder, to = self.find(words[2], words[3])
            assert folder is where[0]
            folder.change(where[1], to, folder.now[where[1]])

    def file_call(self, name, words, rc):
        fd = int(words[0])
        if fd == 1 and name == "write":
            self.said = True
        of = self.open.get(fd)
        if not of or not of[0]:
            return
        node = of[0]
        if name in ("fsync", "fdatasync"):
            if self.syncs:
                node.sync()
        elif name == "ftruncate":
            node.cut(int(words[1]))
        elif name == "pwrite64":
            node.write(int(words[3]), raw(words[1])[:rc])
        elif name == "lseek":
            of[1] = rc
        elif isinstance(node, File):
            if name == "write":
                of[1] = len(node.now) if of[2] else of[1]
                node.write(of[1], raw(words[1])[:rc])
            of[1] += rc
        self.dirty = name not in ("lseek", "read")

    def after(self, choose, node=None, path="."):
        """The tree that a power cut leaves: paths, None for a folder."""
        node = node or self.root
        if isinstance(node, File):
            return {path: node.after(choose)}
        found = {path: None}
        for name, one in sorted(node.after(choose).items()):
            found.update(self.after(choose, one, path + "/" + name))
        return found


def raw(word):
    return bytes.fromhex(word.strip('"').replace("\\x", ""))


def text(word):
    return raw(word).decode()


def calls(log):
    """Every call that succeeded, as (name, words, what it gave)."""
    begun = {}
    with open(log) as f:
        for line in f:
            pid, line = line.split(None, 1)
            if "<unfinished ...>" in line:
                begun[pid] = line.split(" <unfinished")[0]
                continue
            m = re.match(r"<\.\.\. \w+ resumed>(.*)", line, re.S)
            line = begun.pop(pid) + m[1] if m else line
            m = re.match(r"(\w+)\((.*)\) += (\d+)", line)
            if m:
                yield m[1], m[2].split(", "), int(m[3])


def lay(tree, work):
    for path, data in tree.items():
        path = os.path.join(work, path)
        if data is None:
            os.makedirs(path, 0o700, exist_ok=True)
        else:
            with open(path, "wb") as f:
                f.write(data)
            if path.endswith(".key"):
                os.chmod(path, 0o600)


def tree_of(path):
    return Disk(path).after(All())


class Cut:
    """All disks that power cuts leave of one command."""

    def __init__(self, one, draws, syncs=True):
        self.one, self.draws, self.syncs = one, draws, syncs
        self.seen, self.points = set(), 0

    def record(self):
        """The calls of an undisturbed run, and where it ran."""
        work = self.one.fresh()
        log = work + ".calls"
        disk = Disk(work, self.syncs)
        rc, _, err = crash.run(["strace", "-f", "-xx", "-s", "100000000",
                                "-o", log, "-e", "trace=" + CALLS,
                                crash.PROGRAM] + self.one.words(work))
        journey.want(rc == 0, "exit status", rc, err)
        found = list(calls(log))
        os.unlink(log)
        return work, disk, found

    def choices(self, disk):
        yield from (All(), Nothing(), NoNames(), NoData(), Swapped(disk))
        for _ in range(self.draws):
            yield Drawn(SEEDS.random())

    def disks(self):
        """(what to call it, whether it must be the new state, tree)"""
        work, disk, found = self.record()
        for name, words, rc in found + [("exit", [], 0)]:
            disk.call(name, words, rc)
            if not disk.dirty:
                continue
            disk.dirty = False
            self.points += 1
            for n, choose in enumerate(self.choices(disk)):
                tree = disk.after(choose)
                mark = hashlib.sha256(repr(tree.items()).encode() +
                                      bytes([disk.said])).digest()
                if mark not in self.seen:
                    self.seen.add(mark)
                    yield ("after %d calls, %s %d" % (
                        self.points, type(choose).__name__, n),
                        disk.said, tree)
        real = tree_of(work)
        shutil.rmtree(work)
        journey.want(disk.after(All()) == real,
                     "the calls do not make what there is")


class Two(journey.Killed):
    """An import of two bundles, each a transaction of its own, which is to be
    found whole if the other one was not reached."""

    def __init__(self, line, base):
        middle = tempfile.mkdtemp(prefix="middle.")
        shutil.copytree(base, middle, dirs_exist_ok=True)
        crash.must(middle, " ".join(line.split()[:-1]))
        self.middle = self.look(middle)
        super().__init__("import of two", line, base)

    def sound(self, work, problems):
        mine = []
        state = super().sound(work, mine)
        if mine and self.look(work) == self.middle:
            mine.remove("neither the old state nor the new")
            state = "middle"
        problems += mine
        return state

    def go_on(self, work, state):
        crash.must(work, "-C {w}/high import {w}/carry/x.ferry")
        shutil.copy(work + "/carry/y.ferry", work + "/carry/x.ferry")
        super().go_on(work, state)


def two(work):
    """A receiver whose two bundles wait in carry/."""
    base = os.path.join(work, "base")
    os.mkdir(base)
    w = journey.World(base)
    os.mkdir(base + "/carry")
    for n, files in enumerate((crash.DAY_1, crash.DAY_2)):
        folder = os.path.join(work, "day%d" % n)
        crash.write_snapshot(folder, files)
        w.must("low", "load", folder, "--allow-deletes")
        w.must("low", "export", "high", "-o", w.path("carry/%s.ferry" %
                                                      "xy"[n]))
    for name in os.listdir(base):
        if os.path.isfile(w.path(name)):
            os.unlink(w.path(name))
    return [Two("-C {w}/high import {w}/carry/x.ferry {w}/carry/y.ferry",
                base)]


def wrote(one, work):
    """What an export is to make, its last word."""
    return os.path.exists(one.words(work)[-1])


def try_disk(one, disk, where):
    name, said, tree = disk
    work, problems = tempfile.mkdtemp(prefix="power.", dir=where), []
    lay(tree, work)
    state = one.sound(work, problems)
    if said and state != "new":
        problems.append("was said to be done, and is not")
    if said and "export" in one.line and not wrote(one, work):
        problems.append("was said to be written, and is lost")
    one.again(work, state, problems)
    shutil.rmtree(work)
    return name, state + (", said" if said else ""), problems


def every_disk(one, options, where, score):
    began, came = time.time(), {}
    cut, total, tried = Cut(one, options.draws), 0, 0
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        tasks = []
        for disk in cut.disks():
            total += 1
            if (total - 1) % options.every == 0 or disk[1]:
                tasks.append(pool.submit(try_disk, one, disk, where))
            while len(tasks) > 8:
                tried += report(one, tasks.pop(0), came, score)
        while tasks:
            tried += report(one, tasks.pop(0), came, score)
    print("%-19s %4d of %5d disks at %3d points, %3.0f s: %s" % (
        one.name, tried, total, cut.points, time.time() - began,
        ", ".join("%d %s" % (n, what) for what, n in sorted(came.items()))))


def report(one, task, came, score):
    name, state, problems = task.result()
    came[state] = came.get(state, 0) + 1
    score.add("%s, %s" % (one.name, name), problems)
    return 1


def teeth(one, where, score):
    """Where no sync is one, what was said to be done is lost."""
    bad = 0
    for disk in Cut(one, 0, syncs=False).disks():
        if disk[1]:
            bad += bool(try_disk(one, disk, where)[2])
    score.add("without syncs", [] if bad else ["nothing is lost"])
    print("%-19s %d disks bad" % ("without syncs", bad))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--every", type=int, default=1, metavar="N")
    parser.add_argument("--draws", type=int, default=4, metavar="N")
    parser.add_argument("--only", default="", metavar="NAME")
    options = parser.parse_args()
    score = crash.Score()
    if not shutil.which("strace"):
        sys.exit("power.py: wants strace")
    memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    with tempfile.TemporaryDirectory(dir=memory) as where:
        tempfile.tempdir = where
        ones = crash.make_journeys(where)
        for make in (journey.killed, full.killed, two):
            ones += make(tempfile.mkdtemp())
        for one in ones:
            if options.only in one.name:
                every_disk(one, options, where, score)
        teeth(ones[1], where, score)
    print("%d passed, %d failed" % (score.passed, score.failed))
    return score.failed > 0


if __name__ == "__main__":
    sys.exit(main())
