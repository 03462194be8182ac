#!/usr/bin/env bash
# Compiles every template with the Bicep CLI, or az bicep, and fails on any
# warning. The CLI cannot be installed everywhere: without it this says so and
# does nothing. The tests beside it read the templates in either case.
set -euo pipefail
cd "$(dirname "$0")/../../infra"

if command -v bicep >/dev/null; then
  build() { bicep "$1" "$2" --stdout; }
elif command -v az >/dev/null && az bicep version >/dev/null 2>&1; then
  build() { az bicep "$1" --file "$2" --stdout; }
else
  echo "bicep is not installed: templates not compiled (skipped)"
  exit 0
fi

status=0
for file in *.bicep modules/*.bicep *.bicepparam; do
  command=build
  [[ $file == *.bicepparam ]] && command=build-params
  echo "bicep $command infra/$file"
  said=$(build "$command" "$file" 2>&1 >/dev/null) || status=1
  if [ -n "$said" ]; then
    printf '%s\n' "$said"
    if grep -qE ': (Warning|Error) ' <<<"$said"; then status=1; fi
  fi
done
exit "$status"
