"""Loading and dumping, for scripts/bench, beside sqlite3 on the same files;
and how each of orgferry's works grows with the number of records."""

from bench_home import Pair
from bench_measure import (Snapshots, caption, fresh, left_out, mebibytes,
                           middle, missing, ratio, read_once, seconds,
                           settled, size, table, tell, versions)
from bench_peers import Shell, same_rows

LOAD = """**Loaded and dumped.** {records:,} records in five objects,
{size:.0f} MB of CSV; {measured}. `sqlite3` imports the same files with
`.import` into new tables with a primary key on Id, with journal and waiting for
the disk turned off and 400 MB of cache; it cannot tell what changed, so each
day is the whole again. Ratio: its time by ours; above 1, orgferry is faster.
What was loaded is checked against the files. {versions}."""
GROWTH = """**Growth.** Seconds, microseconds for each record of the org, and
peak MiB; {measured}. A day edits 1 % of the records, adds 0.3 % and removes
0.1 %."""


class Loads:
    """What is loaded in each round: ours, and what sqlite3 does of it."""

    def __init__(self, folder, days, with_peer):
        self.days = days
        self.with_peer = with_peer
        self.new = Pair(folder / "new").agreed()
        self.loaded = Pair(folder / "loaded").copy_of(self.new)
        self.loaded.load(days.monday())
        self.pair = Pair(folder / "pair")
        self.peer = fresh(folder / "sqlite3")

    def ways(self):
        """The work in words, the home it begins with, the day's folder."""
        return [("first load", self.new, self.days.monday()),
                ("a day's change", self.loaded, self.days.tuesday()),
                ("a day's change, shuffled", self.loaded,
                 self.days.shuffled()),
                ("nothing changed", self.loaded, self.days.same())]

    def shell(self, text, snapshot):
        settled(self.peer)
        return Shell(self.peer, new=snapshot).run(text)

    def one(self, base, snapshot, check):
        read_once(snapshot)
        self.pair.copy_of(base)
        ours = self.pair.load(snapshot)
        if check:
            self.pair.dump("low")
            same_rows(self.pair.folder / "dump", snapshot)
        theirs = None
        if self.with_peer:
            theirs = self.shell('database "$NEW" db', snapshot)
        return ours, theirs

    def dumped(self):
        """Both hold the same day here: the last that was loaded."""
        settled(self.pair.folder)
        ours = self.pair.dump("low")
        theirs = None
        if self.with_peer:
            fresh(self.peer / "dump")
            theirs = self.shell("rows db dump", None)
        return ours, theirs

    def round(self, check):
        done = {}
        for words, base, snapshot in self.ways():
            tell(f"load: {words}")
            done[words] = self.one(base, snapshot, check)
        done["dump"] = self.dumped()
        return done


def load_rows(rounds):
    for words in rounds[0]:
        ours = [done[words][0] for done in rounds]
        row = [words, seconds(middle(ours)), mebibytes(ours)]
        theirs = [done[words][1] for done in rounds]
        if theirs[0]:
            row += [seconds(middle(theirs)), mebibytes(theirs),
                    f"{ratio(ours, theirs):.2f}"]
        yield row


def load(folder, options):
    days = Snapshots(folder, options.records)
    lacking = missing(["sqlite3"])
    loads = Loads(folder / "load", days, not lacking)
    rounds = [loads.round(n == 0) for n in range(options.runs)]
    head = [":", "orgferry, s", "MiB"]
    if not lacking:
        head += ["`sqlite3`, s", "MiB", "ratio"]
    caption(LOAD, options.runs, records=options.records,
            size=size(days.monday()) / 1e6, versions=versions(["sqlite3"]))
    table(head, load_rows(rounds))
    if lacking:
        print(left_out("`sqlite3`", lacking) + "\n")
    return True


def journey(pair, days):
    """Two days from the first load to the last dump, each step timed."""
    fresh(pair.folder)
    pair.agreed()
    read_once(days.monday(), days.tuesday())
    done = {}

    def timed(words, step, *arguments):
        tell(f"growth: {days.records} records: {words}")
        settled(pair.folder)
        done[words] = step(*arguments)

    timed("first load", pair.load, days.monday())
    timed("first export", pair.export, "first.ferry")
    timed("first import", pair.take, "first.ferry")
    timed("day's load", pair.load, days.tuesday())
    timed("day's export", pair.export)
    timed("day's import", pair.take)
    timed("dump", pair.dump, "low")
    pair.remove()
    return done


def growth_cells(records, runs):
    took = middle(runs)
    return [seconds(took), f"{took / records * 1e6:.2f}", mebibytes(runs)]


def growth(folder, options):
    sizes = sorted(options.sizes)
    rounds = {n: [] for n in sizes}
    for _ in range(options.runs):
        for n in sizes:
            rounds[n].append(journey(Pair(folder / "growth"),
                                     Snapshots(folder, n)))
    caption(GROWTH, options.runs)
    head = [":"]
    for n in sizes:
        head += [f"{n:,} records: s", "µs", "MiB"]
    rows = []
    for words in rounds[sizes[0]][0]:
        row = [words]
        for n in sizes:
            row += growth_cells(n, [done[words] for done in rounds[n]])
        rows.append(row)
    table(head, rows)
    return True
