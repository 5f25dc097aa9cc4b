"""The client's side of tools/bench-kinto: SERVER RECORDS.jsonl FILE.db CHANGES. Prints load, pull and push in seconds.

Fills the server, which is not timed, then does what an offline client does: keeps all records in a table with their
timestamps, fetches what changed since, and sends changes against the timestamps that it saw.
"""

import json
import logging
import sqlite3
import sys
import time

import kinto_http

AT_ONCE = 100

# Its client tells every answer of a batch as a warning.
logging.disable(logging.WARNING)


def connect(server):
    """A client of the one collection, as soon as the server answers."""
    client = kinto_http.Client(server_url=server, auth=("person", "secret"), bucket="partner", collection="bills", retry=2)
    for _ in range(300):
        try:
            client.server_info()
            return client
        except Exception:  # not up yet, in whatever way
            time.sleep(0.1)
    sys.exit("Kinto does not answer")


def fill(client, path):
    """Creates a record for each line; names are the ids of the bills, in the form that Kinto takes."""
    client.create_bucket(id="partner")
    client.create_collection(id="bills")
    with open(path, encoding="utf-8") as lines:
        records = [{key: value for key, value in json.loads(line).items() if value is not None} for line in lines]
    for start in range(0, len(records), AT_ONCE):
        with client.batch() as batch:
            for number, record in enumerate(records[start : start + AT_ONCE], start):
                batch.create_record(id=f"bill-{number}", data=record)
    return len(records)


def apply(database, records):
    rows = ((record["id"], record["last_modified"], json.dumps(record), bool(record.get("deleted"))) for record in records)
    with database:
        database.executemany("INSERT OR REPLACE INTO bill VALUES (?, ?, ?, ?)", rows)


def timed(name, work):
    begin = time.monotonic()
    result = work()
    print(name, f"{time.monotonic() - begin:.3f}")
    return result


def main():
    server, path, file, changes = sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4])
    client, other = connect(server), connect(server)
    count = fill(other, path)
    database = sqlite3.connect(file)
    database.execute("PRAGMA journal_mode = WAL")
    database.execute("PRAGMA synchronous = NORMAL")
    database.execute("CREATE TABLE bill (id TEXT PRIMARY KEY, modified INTEGER NOT NULL, body TEXT NOT NULL, gone INTEGER NOT NULL)")

    timed("load", lambda: apply(database, client.get_records()))
    seen = database.execute("SELECT count(*), max(modified) FROM bill").fetchone()
    if seen[0] != count:
        sys.exit(f"{seen[0]} of {count} records came")

    for start in range(0, changes, AT_ONCE):
        with other.batch() as batch:
            for number in range(start, min(start + AT_ONCE, changes)):
                batch.patch_record(id=f"bill-{number}", data={"note": "changed"})
    timed("pull", lambda: apply(database, client.get_records(_since=str(seen[1]))))
    changed = database.execute("SELECT count(*) FROM bill WHERE modified > ?", (seen[1],)).fetchone()[0]
    if changed != changes:
        sys.exit(f"{changed} of {changes} changes came")

    def push():
        ids = [f"bill-{number}" for number in range(changes)]
        for start in range(0, changes, AT_ONCE):
            with client.batch() as batch:
                for name in ids[start : start + AT_ONCE]:
                    modified = database.execute("SELECT modified FROM bill WHERE id = ?", (name,)).fetchone()[0]
                    batch.patch_record(id=name, data={"note": "mine"}, if_match=modified)
            sent = zip(ids[start : start + AT_ONCE], batch.results())
            with database:
                database.executemany(
                    "UPDATE bill SET modified = ?, body = ? WHERE id = ?",
                    ((answer["data"]["last_modified"], json.dumps(answer["data"]), name) for name, answer in sent),
                )

    timed("push", push)


main()
