#!/usr/bin/env bash
# Installs the libraries of every consumer, beside it.
set -Eeuo pipefail
cd "$(dirname "$0")"

for consumer in */; do
  (
    cd "$consumer"
    [ ! -e package-lock.json ] || npm ci
    [ ! -e requirements.txt ] || { python3 -m venv .venv && .venv/bin/pip install --quiet --requirement requirements.txt; }
  )
done
