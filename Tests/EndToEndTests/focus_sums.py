"""Sums a FOCUS 1.0 file per sub-account and cycle with exact decimals, each value rounded half-even to 10^-8 a line.

Independent of the importer: prints `SUBACCOUNT<tab>CYCLE<tab>BILLED<tab>LIST` lines in order, then `rounded N`, then
the residual (kept minus exact) of both columns.
"""
import csv
import sys
from decimal import Decimal, ROUND_HALF_EVEN, getcontext

getcontext().prec = 60
PLACE = Decimal("0.00000001")
sums = {}
rounded = 0
residual = {"BilledCost": Decimal(0), "ListCost": Decimal(0)}
with open(sys.argv[1], newline="", encoding="utf-8") as file:
    for line in csv.DictReader(file):
        key = (line["SubAccountId"], line["BillingPeriodStart"][:7])
        row = sums.setdefault(key, [Decimal(0), Decimal(0)])
        for index, column in enumerate(("BilledCost", "ListCost")):
            exact = Decimal(line[column])
            kept = exact.quantize(PLACE, rounding=ROUND_HALF_EVEN)
            rounded += kept != exact
            residual[column] += kept - exact
            row[index] += kept
for (account, cycle), (billed, list_price) in sorted(sums.items()):
    print(f"{account}\t{cycle}\t{billed:.8f}\t{list_price:.8f}")
print(f"rounded {rounded}")
print(f"residual {residual['BilledCost']:.18f} {residual['ListCost']:.18f}")
