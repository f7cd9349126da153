import csv
import sys
from collections import Counter

with open(sys.argv[1], newline="") as f:
    rows = list(csv.DictReader(f))
for column in rows[0] if rows else []:
    print(column, Counter(row[column] for row in rows).most_common(3))
