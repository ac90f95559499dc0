#!/usr/bin/env python3
"""SQLite's session extension, called in its library, for scripts/bench.

    bench_session.py diff OLD.db NEW.db OUT   the patchset from old to new
    bench_session.py apply DB PATCHSET        in one transaction
    bench_session.py there                    fail where the library has none

sqlite3's shell records sessions, but neither compares two databases nor
applies a patchset; the work itself is the library's, in C, either way.
"""

import ctypes
import sys

LIB = ctypes.CDLL("libsqlite3.so.0")
POINTER = ctypes.c_void_p
STOP = ctypes.CFUNCTYPE(ctypes.c_int, POINTER, ctypes.c_int, POINTER)
SQLITE_CHANGESET_ABORT = 2
ROW = ctypes.CFUNCTYPE(ctypes.c_int, POINTER, ctypes.c_int,
                       ctypes.POINTER(ctypes.c_char_p),
                       ctypes.POINTER(ctypes.c_char_p))


def must(code):
    if code:
        LIB.sqlite3_errstr.restype = ctypes.c_char_p
        sys.exit(f"SQLite: {LIB.sqlite3_errstr(code).decode()}")


def opened(path):
    db = POINTER()
    must(LIB.sqlite3_open(path.encode(), ctypes.byref(db)))
    return db


def tables(db):
    names = []

    @ROW
    def keep(_, __, values, ___):
        names.append(values[0])
        return 0
    must(LIB.sqlite3_exec(db, b"select name from sqlite_schema "
                          b"where type = 'table'", keep, None, None))
    return names


def diff(old, new, out):
    db = opened(new)
    quoted = old.replace("'", "''")
    must(LIB.sqlite3_exec(db, f"attach '{quoted}' as old".encode(), None,
                          None, None))
    session = POINTER()
    must(LIB.sqlite3session_create(db, b"main", ctypes.byref(session)))
    for name in tables(db):
        must(LIB.sqlite3session_attach(session, name))
        must(LIB.sqlite3session_diff(session, b"old", name, None))
    length, data = ctypes.c_int(), POINTER()
    must(LIB.sqlite3session_patchset(session, ctypes.byref(length),
                                     ctypes.byref(data)))
    with open(out, "wb") as file:
        if length.value:
            file.write((ctypes.c_char * length.value).from_address(data.value))
    LIB.sqlite3session_delete(session)
    must(LIB.sqlite3_close(db))


def apply(path, patchset):
    db = opened(path)
    with open(patchset, "rb") as file:
        data = file.read()
    stop = STOP(lambda _, __, ___: SQLITE_CHANGESET_ABORT)
    must(LIB.sqlite3changeset_apply(db, len(data), data, None, stop, None))
    must(LIB.sqlite3_close(db))


def there():
    sys.exit(not hasattr(LIB, "sqlite3session_diff"))


if __name__ == "__main__":
    {"diff": diff, "apply": apply, "there": there}[sys.argv[1]](*sys.argv[2:])
