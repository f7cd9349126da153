#!/usr/bin/env bash
set -euo pipefail
source "$(dirname "$0")/lib/common.sh"
url=$1 wanted=$2
found=$(curl -fsS "$url/version" | jq -r .version) || fail "no answer from $url"
[[ $found == "$wanted" ]] || fail "version is $found, not $wanted"
echo "OK   $url runs $found"
