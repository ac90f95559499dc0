"""The peers of scripts/bench: other tools put to the same work.

A peer compares the NEW snapshot with the state that the sender keeps of the
OLD one and writes one compressed file, `bundle`, of what changed; the other
side, which has its copy of the old, makes the new of it. Each is two pieces of
shell, run in a folder of the peer's own. To sign the bundle, with minisign, and
to verify it is timed with them; so is whatever the sender has to do to have
the new state ready for the next day. A peer whose state is the old snapshot
itself has nothing to do: it keeps the new one.
"""

import dataclasses
import os
import shutil
import subprocess
import sys

from bench_measure import (CORES, ROOT, Failed, Run, copied, fresh, missing,
                           settled)

# `each`, `apart` run a program on every file, a file a core; @ is its name.
SHELL = r"""
set -euo pipefail
each() { (cd "$NEW" && ls) | xargs -P "$CORES" -I @ "$@"; }
pack() { tar -c -C parts . | "$@" >bundle; }
unpack() { mkdir parts; "$@" <bundle | tar -x -C parts; }
sign() { minisign -S -s "$KEYS/key" -m bundle -x bundle.minisig; }
verify() { minisign -Vq -p "$KEYS/key.pub" -m bundle -x bundle.minisig; }

# A database of a folder of CSV files, with nothing that could slow it down.
tables() {
	local file table
	echo 'pragma journal_mode = off; pragma synchronous = off;'
	echo 'pragma cache_size = -400000;'
	for file in "$1"/*.csv; do
		table=$(basename "$file" .csv)
		echo "create table \"$table\" ($(head -n 1 "$file" |
			sed 's/"Id"/"Id" text not null primary key/'));"
		echo ".import --csv --skip 1 \"$file\" $table"
	done
}
database() { rm -f "$2"; tables "$1" | sqlite3 "$2"; }

# The folder of CSV files of a database.
rows() {
	local table
	mkdir -p "$2"
	for table in $(sqlite3 "$1" 'select name from sqlite_schema
		where type = "table"'); do
		sqlite3 -csv -header "$1" "select * from \"$table\"" \
			>"$2/$table.csv"
	done
}

# bzip2 is best for a day's changes and very slow for a whole snapshot.
squeeze() {
	if [ "$(stat -c %s "$1")" -lt 16000000 ]; then
		bzip2 -9c "$1" >bundle
	else
		zstd -q -3 -T0 "$1" -o bundle
	fi
}
unsqueeze() { bzip2 -dc bundle 2>bzip2.log || zstd -dqc bundle; }
"""

# What both sides have before the bundle, by its name; made once for each OLD,
# and copied before each turn to `state`, the sender's, and `copy`, the other's.
BASES = {
    "csv": 'cp "$OLD"/*.csv .',
    "sqlite": 'database "$OLD" db',
    "signatures": 'each rdiff -b 512 signature "$OLD/@" @.sig',
    "git": """
        git init -q -b main . && cp "$OLD"/*.csv . && git add -A
        git commit -q -m old && git tag old""",
}


@dataclasses.dataclass(frozen=True)
class Peer:
    name: str
    words: str
    tools: tuple
    out: str
    back: str
    base: str = ""
    dump: str = 'mv copy dump'


SQLITE = 'rows copy/db dump'
PATCH = 'zstd -q --long=31 --patch-from="$OLD/@"'

PEERS = [
    Peer("xdelta3", "`xdelta3 -1`, a file a core",
         ("xdelta3", "gzip"),
         'mkdir parts; each xdelta3 -e -q -1 -S none -B 268435456 '
         '-s "$OLD/@" "$NEW/@" parts/@; pack gzip -6',
         'unpack gzip -dc; each xdelta3 -d -q -B 268435456 -s "$OLD/@" '
         'parts/@ copy/@'),
    Peer("zstd-patch", "`zstd -3 --patch-from`, a file a core",
         ("zstd", "gzip"),
         f'mkdir parts; each {PATCH} -3 "$NEW/@" -o parts/@; pack gzip -6',
         f'unpack gzip -dc; each {PATCH} -d parts/@ -o copy/@'),
    Peer("rdiff", "`rdiff -b 512`, a file a core; `zstd -3`",
         ("rdiff", "zstd"),
         'mkdir parts; each rdiff delta state/@.sig "$NEW/@" parts/@; '
         'pack zstd -q -3 -T0; '
         'each rdiff -f -b 512 signature "$NEW/@" state/@.sig',
         'unpack zstd -dq; each rdiff patch "$OLD/@" parts/@ copy/@',
         "signatures"),
    # -I: that an export is of another minute does not tell whether it changed.
    Peer("rsync", "`rsync --write-batch`; `zstd -3`",
         ("rsync", "zstd"),
         'rsync -rtI --no-whole-file -B 1024 --write-batch=batch "$NEW/" '
         'state/; zstd -q -3 -T0 <batch >bundle',
         'zstd -dq <bundle >batch; rsync -rtI --read-batch=batch copy/',
         "csv"),
    Peer("sqldiff-bzip2", "`sqlite3` `.import`, `sqldiff`; `bzip2 -9`",
         ("sqlite3", "sqldiff", "bzip2"),
         'database "$NEW" new; sqldiff --primarykey state/db new | '
         'bzip2 -9 >bundle; mv new state/db',
         '(echo "begin;"; bzip2 -dc bundle; echo "commit;") | '
         'sqlite3 -bail copy/db',
         "sqlite", SQLITE),
    Peer("sqldiff-gzip", "`sqlite3` `.import`, `sqldiff`; `gzip -6`",
         ("sqlite3", "sqldiff", "gzip"),
         'database "$NEW" new; sqldiff --primarykey state/db new | '
         'gzip -6 >bundle; mv new state/db',
         '(echo "begin;"; gzip -dc bundle; echo "commit;") | '
         'sqlite3 -bail copy/db',
         "sqlite", SQLITE),
    Peer("session", "`sqlite3` `.import`, SQLite's sessions; `bzip2 -9`, "
         "of much `zstd -3`",
         ("sqlite3", "bzip2", "zstd"),
         'database "$NEW" new; "$PYTHON" "$SCRIPTS/bench_session.py" diff '
         'state/db new patchset; squeeze patchset; mv new state/db',
         'unsqueeze >patchset; "$PYTHON" "$SCRIPTS/bench_session.py" apply '
         'copy/db patchset',
         "sqlite", SQLITE),
    Peer("dict", "Python: a `dict` of rows by key; `gzip -6`",
         ("gzip",),
         'mkdir parts; "$PYTHON" "$SCRIPTS/bench_rows.py" changes "$OLD" '
         '"$NEW" parts; pack gzip -6',
         'unpack gzip -dc; "$PYTHON" "$SCRIPTS/bench_rows.py" apply "$OLD" '
         'parts copy'),
    Peer("git", "`git commit`, `git bundle`",
         ("git",),
         'git -C state --work-tree="$NEW" add -A; '
         'git -C state commit -q --allow-empty -m new; '
         'git -C state -c pack.window=2 bundle create -q ../bundle old..main',
         'git -C copy bundle verify -q ../bundle; '
         'git -C copy fetch -q ../bundle main; '
         'git -C copy checkout -q -f FETCH_HEAD',
         "git"),
    Peer("pigz", "`pigz -6` of everything",
         ("pigz",),
         'tar -c -C "$NEW" . | pigz -6 >bundle',
         'pigz -dc <bundle | tar -x -C copy'),
    Peer("zstd", "`zstd -3 -T2` of everything",
         ("zstd",),
         'tar -c -C "$NEW" . | zstd -q -3 -T2 >bundle',
         'zstd -dq <bundle | tar -x -C copy'),
]

GIT = {"GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_NOSYSTEM": "1",
       "GIT_AUTHOR_NAME": "bench", "GIT_AUTHOR_EMAIL": "bench@invalid",
       "GIT_COMMITTER_NAME": "bench", "GIT_COMMITTER_EMAIL": "bench@invalid"}


def lacking(peer):
    """The tools that are not there for it."""
    tools = missing(peer.tools + ("minisign",))
    if not tools and peer.name == "session":
        there = subprocess.run([sys.executable, ROOT / "scripts"
                                / "bench_session.py", "there"], check=False,
                               stderr=subprocess.DEVNULL)
        if there.returncode:
            return None
    return tools


def same_rows(one, other):
    done = subprocess.run(
        [sys.executable, ROOT / "scripts/bench_rows.py", "same", one, other],
        stderr=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        raise Failed(done.stderr.strip().splitlines()[-1])


class Shell:
    """A folder in which pieces of shell are run, timed or not."""

    def __init__(self, folder, old=None, new=None):
        self.folder = folder
        self.environment = dict(
            os.environ, LC_ALL="C.UTF-8", CORES=str(CORES),
            PYTHON=sys.executable, SCRIPTS=str(ROOT / "scripts"),
            KEYS=str(folder.parent), OLD=str(old), NEW=str(new), **GIT)

    def run(self, text):
        with open(self.folder / "log", "wb") as log:
            try:
                return Run("bash", "-c", f"exec 2>&1\n{SHELL}\n{text}",
                           out=log, cwd=self.folder, env=self.environment)
            except Failed as failed:
                log.flush()
                said = (self.folder / "log").read_text(errors="replace")
                last = (said.strip().splitlines() or [str(failed)])[-1]
                raise Failed(last[:200]) from failed


class Turns:
    """One peer at one work: OLD is on both sides, NEW is to be."""

    def __init__(self, peer, work, folder):
        self.peer = peer
        self.work = work
        self.folder = folder / peer.name
        self.base = None
        if not (folder / "key").exists():
            Run("minisign", "-G", "-W", "-p", folder / "key.pub", "-s",
                folder / "key")
        if peer.base:
            self.base = folder / f"base-{work.old.name}-{peer.base}"
            if not self.base.exists():
                fresh(self.base)
                Shell(self.base, work.old, work.old).run(BASES[peer.base])
                (self.base / "log").unlink()

    def begin(self):
        fresh(self.folder)
        if self.base:
            copied(self.base, self.folder / "state")
            copied(self.base, self.folder / "copy")
        else:
            (self.folder / "copy").mkdir()
        self.shell = Shell(self.folder, self.work.old, self.work.new)
        settled(self.folder)

    def out(self):
        return [self.shell.run(f"{self.peer.out}\nsign")]

    def between(self):
        """Nothing but the bundle and its signature gets across."""
        shutil.rmtree(self.folder / "parts", ignore_errors=True)
        for name in ("batch", "patchset"):
            (self.folder / name).unlink(missing_ok=True)
        settled(self.folder)
        return sum((self.folder / name).stat().st_size
                   for name in ("bundle", "bundle.minisig"))

    def back(self):
        return self.shell.run(f"verify\n{self.peer.back}")

    def check(self):
        self.shell.run(self.peer.dump)
        same_rows(self.folder / "dump", self.work.new)

    def end(self):
        shutil.rmtree(self.folder)
