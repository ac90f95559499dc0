"""The journey of scripts/bench: a day's change from one side to the other."""

import dataclasses
import pathlib

import bench_home
import bench_peers
from bench_measure import (Failed, Snapshots, bytes_in_words, caption,
                           left_out, mebibytes, middle, ratio, read_once,
                           seconds, size, table, tell, versions)

CAPTION = """**A day's change, from the export of one org to the copy of the
other.** {records:,} records in five objects, {size:.0f} MB of CSV; in a day 1 %
are edited, 0.3 % new, 0.1 % removed; {measured}. Out: compare the new snapshot
with what was sent, write one compressed file, sign it (ours: `load` and
`export`). In: verify it and apply it to the copy. Ratio: the peer's time by
ours, round by round; above 1, orgferry is faster. MiB: the largest process of
the step. What each tool makes in its first round is checked against the new
snapshot. orgferry carries what `publish --all` publishes, which is not
{unpublished}; the peers carry every column. orgferry waits for the disk, and so does `sqlite3` when it takes in; the
others do not. {versions}."""


@dataclasses.dataclass(frozen=True)
class Work:
    words: str
    old: pathlib.Path
    new: pathlib.Path


@dataclasses.dataclass
class Result:
    """A tool at a work: its runs by round, and what is wrong with it."""
    words: str
    steps: list = dataclasses.field(default_factory=list)
    out: list = dataclasses.field(default_factory=list)
    back: list = dataclasses.field(default_factory=list)
    bundle: int = None
    wrong: str = ""


def works(days):
    return [
        Work("A day's change", days.monday(), days.tuesday()),
        Work("The same, shuffled", days.monday(), days.shuffled()),
        Work("Nothing changed", days.monday(), days.same()),
        Work("The first time: everything", days.empty(), days.monday()),
    ]


def turn(turns, result, first):
    """One tool's round; what it made is checked in its first."""
    turns.begin()
    steps = turns.out()
    result.bundle = turns.between()
    back = turns.back()
    if first:
        turns.check()
    turns.end()
    result.steps.append(steps)
    result.out.append(steps[0].then(steps[1]) if steps[1:] else steps[0])
    result.back.append(back)


def rounds(work, ways, runs):
    """Ways by name: turns, words. All of them in turn, again and again."""
    read_once(work.old, work.new)
    results = {name: Result(words) for name, (_, words) in ways.items()}
    for n in range(runs):
        for name, (turns, _) in ways.items():
            if results[name].wrong:
                continue
            tell(f"day: {work.words}: round {n + 1}: {name}")
            try:
                turn(turns, results[name], n == 0)
            except Failed as failed:
                results[name].wrong = str(failed)
    return results


def cells(mine, ours, enough):
    """Seconds of a step, and the ratio to ours of the same round."""
    if not enough or None in mine:
        return ["–", "", ""]
    by = ""
    if ours and ours is not mine and None not in ours:
        by = f"{ratio(ours, mine):.2f}"
    return [seconds(middle(mine)), by, mebibytes(mine)]


def rows_of(work, results):
    ours = results["orgferry"]
    yield [f"**{work.words}**"] + [""] * 7
    for result in results.values():
        enough = not result.wrong
        out = cells(result.out, ours.out, enough)
        back = cells(result.back, ours.back, enough)
        bundle = "–" if result.bundle is None or not enough else \
            bytes_in_words(result.bundle)
        yield [result.words, *out, *back, bundle]
        if result is ours and enough:
            for n, step in enumerate(("its `load`", "its `export`")):
                part = [steps[n] for steps in result.steps]
                yield [step, *cells(part, part, True), "", "", "", ""]


def chosen(names):
    """The peers that are wanted and there; a line on each that is not there."""
    peers, lines = [], []
    for peer in bench_peers.PEERS:
        if names is not None and peer.name not in names:
            continue
        tools = bench_peers.lacking(peer)
        if tools is None:
            lines.append(f"Left out: {peer.words}, for the SQLite library "
                         "here has no sessions.")
        elif tools:
            lines.append(left_out(peer.words, tools))
        else:
            peers.append(peer)
    return peers, lines


def columns(folder):
    """(object, column) of each file of a folder."""
    return {(f.stem, name) for f in folder.glob("*.csv")
            for name in f.open(encoding="utf-8").readline().strip()
            .replace('"', "").split(",")}


def bases(days, folder):
    """Homes before the first day and after it, and what is not published."""
    empty = bench_home.Pair(folder / "home-first").agreed()
    carried = bench_home.Pair(folder / "home-next").copy_of(empty)
    carried.carry(days.monday())
    carried.dump("high")
    left = columns(days.monday()) - columns(carried.folder / "dump")
    return empty, carried, sorted({name for _, name in left})


def part(folder, options):
    days = Snapshots(folder, options.records)
    peers, lines = chosen(options.peers)
    work_folder = folder / "day"
    work_folder.mkdir()
    tell("day: two homes, and the first bundle")
    empty, carried, unpublished = bases(days, work_folder)
    rows, wrong = [], []
    for work in works(days):
        base = empty if work.old == days.empty() else carried
        ways = {"orgferry": (bench_home.Turns(base, work, work_folder),
                             "**orgferry**")}
        for peer in peers:
            ways[peer.name] = (bench_peers.Turns(peer, work, work_folder),
                               peer.words)
        results = rounds(work, ways, options.runs)
        rows += rows_of(work, results)
        wrong += [f"WRONG: {work.words}: {name}: {result.wrong}"
                  for name, result in results.items() if result.wrong]
    tools = {t for p in peers for t in p.tools} | {"minisign"}
    caption(CAPTION, options.runs, records=options.records,
            size=size(days.monday()) / 1e6, versions=versions(tools),
            unpublished=", ".join(unpublished))
    table([":", "out, s", "ratio", "MiB", "in, s", "ratio", "MiB", "bundle"],
          rows)
    for line in lines + ["DuckDB is left out: Debian has no package of it."]:
        print(line)
    for line in wrong:
        print(line)
    print()
    return not wrong
