#!/usr/bin/python3
"""Prove that one home holds what another sent it.

    equal.py SOURCE_DUMP COPY_DUMP COPY_LEDGER.csv [--ignore FIELD,...]

From the two homes' dumps and the copy's `ledger --csv`, sharing no code with
the program: every record of the source has exactly one copy, equal in every
field that the copy's object has (but ids and audit fields), references mapped
through the ledger, foreign ones as they are; and nothing else is Active.
"""
import csv
import os
import sys

AUDIT = {"Id", "CreatedById", "CreatedDate", "LastModifiedById",
         "LastModifiedDate", "SystemModstamp", "IsDeleted", "LastViewedDate",
         "LastReferencedDate", "LastActivityDate", "OwnerId",
         "ConnectionReceivedId", "ConnectionSentId", "MasterRecordId",
         "PhotoUrl"}


def read_dump(folder):
    objects = {}
    for name in sorted(os.listdir(folder)):
        with open(os.path.join(folder, name), newline="",
                  encoding="utf-8") as f:
            rows = csv.reader(f, strict=True)
            header = next(rows)
            at = [h.lower() for h in header].index("id")
            objects[name[:-4].lower()] = (
                header, {row[at]: row for row in rows})
    return objects


def main():
    args = [a for a in sys.argv[1:] if not a.startswith("--")]
    source, copy = read_dump(args[0]), read_dump(args[1])
    faults, compared, values = [], 0, 0
    to_copy = {}
    with open(args[2], newline="", encoding="utf-8") as f:
        for row in csv.DictReader(f, strict=True):
            # One that this side sent, and no receipt has come for, has none.
            if not row["Stop Date"] and row["Partner Record"]:
                if row["Partner Record"] in to_copy:
                    faults.append(f"two copies of {row['Partner Record']}")
                to_copy[row["Partner Record"]] = row["Local Record"]
    known = {i for _, rows in source.values() for i in rows}
    prefixes = {i[:3] for i in known}
    for name, (header, rows) in source.items():
        if name not in copy:
            if rows:
                faults.append(f"{name}: is not there")
            continue
        their_header, their_rows = copy[name]
        at = {h.lower(): i for i, h in enumerate(their_header)}
        for id_, row in rows.items():
            mine = their_rows.get(to_copy.get(id_))
            if mine is None:
                faults.append(f"{name} {id_}: has no copy")
                continue
            compared += 1
            for field, value in zip(header, row):
                if field in AUDIT or field.lower() not in at:
                    continue
                want = value
                if len(value) == 18 and value in to_copy:
                    want = to_copy[value]
                elif len(value) == 18 and value[:3] in prefixes and \
                        value.isalnum() and value not in known:
                    want = None  # a target that is gone here
                values += 1
                if want is not None and mine[at[field.lower()]] != want:
                    faults.append(f"{name} {id_} {field}: {value!r} is "
                                  f"{mine[at[field.lower()]]!r}")
    extra = set(to_copy) - known
    for id_ in sorted(extra)[:10]:
        faults.append(f"{id_}: is Active there and gone here")
    for fault in faults[:20]:
        print(fault)
    print(f"{compared} records, {values} values compared")
    print(f"{1 if not faults else 0} passed, {len(faults)} failed")
    return 1 if faults else 0


sys.exit(main())
