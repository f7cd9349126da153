#!/usr/bin/env bash
# Finds a Python that is new enough and hands over to setup_env.py, the one place that makes .venv.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

fits() {
  command -v "$1" >/dev/null 2>&1 &&
    "$1" -c 'import sys, ensurepip, venv; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' \
      >/dev/null 2>&1
}

if [ -n "${PYTHON:-}" ]; then candidates=("$PYTHON"); else
  candidates=("$here/../.venv/bin/python" python3 python3.13 python3.12 python3.11)
fi
for python in "${candidates[@]}"; do
  if fits "$python"; then exec "$python" "$here/setup_env.py" "$@"; fi
done

asked=${PYTHON:-python3}
found=$("$asked" --version 2>/dev/null || echo "not found")
echo "set-up needs Python 3.11, 3.12 or 3.13 with its venv module ($asked: $found)." \
  "Install one (Debian, Ubuntu: apt install python3-venv; macOS: brew install python@3.12)," \
  "or name one: PYTHON=/path/to/python3.12 make setup" >&2
exit 1
