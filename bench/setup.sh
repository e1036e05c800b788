#!/bin/sh
# Makes the Python environment of the peers, .cache/bench/venv, unless it is there and holds what requirements.txt says.
# PYTHON names another interpreter than python3.
set -eu
cd "$(dirname "$0")/.."

venv=.cache/bench/venv
want=bench/requirements.txt
stamp=$venv/requirements.txt
if cmp -s "$want" "$stamp"; then
	exit 0
fi

python=${PYTHON:-python3}
if ! "$python" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
	echo "bench: the peers need Python 3.11 or newer with venv: apt install python3 python3-venv, brew install python, or python.org/downloads; then PYTHON=/path/to/python3 bench/setup.sh" >&2
	exit 1
fi

echo "bench: installing the peers into $venv, some 2.3 GB" >&2
mkdir -p .cache/bench
# One that is there is kept, for what has not changed.
"$venv/bin/python" -c '' 2>/dev/null || "$python" -m venv --clear "$venv"
"$venv/bin/python" -m pip install --quiet --disable-pip-version-check --prefer-binary -r "$want" >&2
"$venv/bin/python" -m pip check >&2
cp "$want" "$stamp"
