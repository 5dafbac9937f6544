#!/usr/bin/env bash
# Write constraints.txt from pyproject.toml: every dependency of every extra, for every supported Python and platform.
# torch is added by hand, without its build suffix (the suffix names a build that only one index has) and without CUDA.
set -eu
cd "$(dirname "$0")/.."
torch=$(sed -n 's/^torch==//p' constraints.txt 2>/dev/null || true)
torch=${TORCH:-${torch:-2.13.0}}
{
    echo "# Written by 'make lock' from pyproject.toml. Exact versions that were tested together; the package itself asks for wide ranges."
    echo "torch==$torch"
    .venv/bin/uv pip compile pyproject.toml --extra dev --universal --python-version 3.11 --no-annotate --no-header --quiet |
        grep -vE '^(torch|triton|nvidia-[a-z0-9-]+|cuda-[a-z-]+)=='
} >constraints.new
mv constraints.new constraints.txt
