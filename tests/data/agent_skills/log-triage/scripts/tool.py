import re
import sys


def load(path):
    with open(path) as f:
        return f.read().splitlines()


def main(*paths):
    for path in paths:
        for line in load(path):
            if re.search("ERROR|FATAL", line):
                print(line)


main(*sys.argv[1:])
