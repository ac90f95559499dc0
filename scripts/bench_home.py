"""orgferry's part in scripts/bench: homes, and what is done in them."""

import shutil
import subprocess
import sys

from bench_measure import BUILD, ROOT, Failed, Run, copied, fresh, settled

PROGRAM = BUILD / "orgferry"
EQUAL = ROOT / "tests/flow/equal.py"
CONTACT = "Ada <ada@high.example>"


class Pair:
    """A folder with two homes, low and high, and what goes between them."""

    def __init__(self, folder):
        self.folder = folder

    def run(self, home, *words):
        return Run(PROGRAM, "-C", self.folder / home, *words)

    def fingerprint(self, home):
        said = self.run(home, "key", "show").words
        return " ".join(said[said.index("Fingerprint") + 1:][:8])

    def agreed(self):
        """Two new homes, connected, that share everything from low to high."""
        fresh(self.folder)
        invitation = self.folder / "invitation.ferry"
        answer = self.folder / "answer.ferry"
        for home in ("low", "high"):
            Run(PROGRAM, "init", self.folder / home, "--name", home,
                "--enable")
        self.run("low", "connection", "invite", "High", "--contact", CONTACT,
                 "-o", invitation)
        self.run("high", "import", invitation, "--as", "Low")
        self.run("high", "connection", "accept", "Low", "--fingerprint",
                 self.fingerprint("low"), "-o", answer)
        self.run("low", "import", answer, "--fingerprint",
                 self.fingerprint("high"))
        self.run("low", "publish", "High", "--all")
        self.run("low", "rule", "add", "High", "--all")
        self.run("high", "subscribe", "Low", "--all", "--auto-accept",
                 "--on-delete", "delete")
        return self

    def copy_of(self, other):
        settled(copied(other.folder, self.folder))
        return self

    def load(self, snapshot):
        return self.run("low", "load", snapshot, "--quiet")

    def export(self, name="day.ferry"):
        return self.run("low", "export", "High", "-o", self.folder / name)

    def take(self, name="day.ferry"):
        return self.run("high", "import", self.folder / name)

    def dump(self, home):
        shutil.rmtree(self.folder / "dump", ignore_errors=True)
        return self.run(home, "dump", self.folder / "dump")

    def carry(self, snapshot):
        self.load(snapshot)
        self.export("first.ferry")
        self.take("first.ferry")
        return self

    def equal(self, snapshot):
        """The high side must have what the snapshot says, record by record."""
        self.dump("high")
        ledger = self.folder / "ledger.csv"
        ledger.unlink(missing_ok=True)
        self.run("high", "ledger", "--csv", ledger)
        found = subprocess.run(
            [sys.executable, EQUAL, snapshot, self.folder / "dump", ledger],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            check=False)
        if found.returncode:
            raise Failed(found.stdout.strip().splitlines()[0][:200])

    def remove(self):
        shutil.rmtree(self.folder, ignore_errors=True)


class Turns:
    """orgferry at one work, in the manner of a peer's turns."""

    def __init__(self, base, work, folder):
        self.base = base
        self.work = work
        self.pair = Pair(folder / "orgferry")
        self.bundle = self.pair.folder / "day.ferry"

    def begin(self):
        self.pair.copy_of(self.base)

    def out(self):
        return [self.pair.load(self.work.new), self.pair.export()]

    def between(self):
        """The bundle's size; none is written where there is nothing to say."""
        settled(self.pair.folder)
        return self.bundle.stat().st_size if self.bundle.exists() else None

    def back(self):
        return self.pair.take() if self.bundle.exists() else None

    def check(self):
        self.pair.equal(self.work.new)

    def end(self):
        self.pair.remove()
