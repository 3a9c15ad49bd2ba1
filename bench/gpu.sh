#!/usr/bin/env bash
# Three models on this machine's GPU beside its CPU, from a bare machine in under eight minutes:
#
#     bench/gpu.sh FOLDER [options of `weighin run`]
#
# installs, says what of it can be used here, builds, checks that answers agree, measures pairs,
# prints the tables, and keeps the records in FOLDER. Exits with 3 if a runtime that was asked for
# could not be used; what could be measured is kept.
#
#     RUNTIMES  those that are weighed: litert,litert-gpu,keras-cpu,keras-gpu
#     MODELS    those that are weighed: the suite's own three
#     PYTHON    that makes the environment: python3
#     WHEELS    a folder of wheels to install from, where no registry can be reached
#     VENV      an environment that has everything: nothing is installed then
set -euo pipefail
[ $# -ge 1 ] && [ "${1#-}" = "$1" ] || {
    sed -n '2,/^set/s/^# \{0,1\}//p' "$0" >&2
    exit 2
}
out=$(mkdir -p "$1" && cd "$1" && pwd)
shift
cd "$(dirname "$0")/.."
asked=${RUNTIMES:-litert,litert-gpu,keras-cpu,keras-gpu}

step() {
    printf '\n== %s (%s s)\n' "$1" "$SECONDS"
}

if [ -z "${VENV:-}" ]; then
    step "install"
    VENV=$(mktemp -d)
    trap 'rm -rf "$VENV"' EXIT
    "${PYTHON:-python3}" -m venv "$VENV"
    from=()
    [ -z "${WHEELS:-}" ] || from=(--no-index --find-links "$WHEELS")
    # CUDA comes with TensorFlow's extra, so that the machine needs a driver alone
    "$VENV/bin/pip" install -q "${from[@]}" -e '.[keras]' 'tensorflow[and-cuda]'
fi
export PATH="$VENV/bin:$PATH"
export WEIGHIN_CACHE_DIR="${WEIGHIN_CACHE_DIR:-$out/cache}"

step "what can be used here"
command -v nvidia-smi >/dev/null && nvidia-smi --query-gpu=name,driver_version,memory.total --format=csv,noheader || true
usable=$(python - "$asked" <<'PYTHON'
import sys

from weighin import registry

for name in sys.argv[1].split(","):
    reason = registry.runtimes[name].available()
    print(f"{name}: {reason or 'here'}", file=sys.stderr)
    if reason is None:
        print(name)
PYTHON
)
usable=$(paste -sd, <<<"$usable")
[ -n "$usable" ] || exit 3

step "build, check, measure on $usable"
options=(--suite gpu --runtimes "$usable")
[ -z "${MODELS:-}" ] || options+=(--models "$MODELS")
code=0
weighin run "${options[@]}" "$@" -- -q --weighin-results-dir "$out" || code=$?

step "engine beside engine; float32 is computed in float32 on every one of them, not in TF32"
weighin table --by runtime "$out"/*-gpu.json

step "kept in $out"
[ "$code" -eq 0 ] || exit "$code"
[ "$usable" = "$asked" ] || exit 3
