"""Compares an export of bill records with the replica it came from: `export_check.py CSV REPLICA`.

Reads the file with Python's csv, the replica with Python's sqlite3, amounts as exact decimals. Prints `same N` or what
differs.
"""
import csv
import sqlite3
import sys
from decimal import Decimal

AMOUNTS = "official discount payment cash credit coupon flexi stored_value debt writeoff".split()
TEXTS = "bill_id customer cycle status service product region resource_id usage_amount usage_unit currency".split()
replica = sqlite3.connect(f"file:{sys.argv[2]}?mode=ro", uri=True)
query = "SELECT %s, %s FROM bill_records ORDER BY key" % (
    ", ".join(f"{name}_units" for name in AMOUNTS), ", ".join(TEXTS).replace("service", "service_name"))
count = 0
with open(sys.argv[1], newline="", encoding="utf-8") as file:
    lines = csv.DictReader(file, strict=True)
    for line, row in zip(lines, replica.execute(query), strict=True):
        units = [int(Decimal(line[name]).scaleb(8)) for name in AMOUNTS]
        places = [len(line[name].partition(".")[2]) for name in AMOUNTS]
        texts = [line[name] for name in TEXTS]
        wanted = ["" if value is None else value for value in row[len(AMOUNTS):]]
        if units != list(row[:len(AMOUNTS)]) or set(places) != {8} or texts != wanted:
            sys.exit(f"line {lines.line_num} differs: {line} {row}")
        count += 1
print(f"same {count}")
