#!/usr/bin/env bash
# Says what is missing on this machine for a target of the Makefile, and fails:
#   dev/need.sh TARGET go|node|func
set -euo pipefail
cd "$(dirname "$0")/.."
target=$1

# fail WHAT FOUND WHERE
fail() {
	echo "make $target needs $1 (found ${2:-none}): $3" >&2
	exit 1
}

# older VERSION THAN: compares two versions by their first two numbers.
older() {
	local a b c d
	IFS=. read -r a b _ <<<"$1.0"
	IFS=. read -r c d _ <<<"$2.0"
	[ "$a" -lt "$c" ] || { [ "$a" -eq "$c" ] && [ "$b" -lt "$d" ]; }
}

# version TEXT: the first version in a text, as numbers.
version() { sed -nE 's/[^0-9]*([0-9]+\.[0-9]+).*/\1/p' <<<"$1" | head -n 1; }

case $2 in
go)
	wanted=$(version "$(grep '^go ' go.mod)")
	command -v go >/dev/null || fail "Go $wanted" none https://go.dev/dl
	# Outside the repository, and without the change to the release that go.mod asks for.
	found=$(version "$(cd / && GOTOOLCHAIN=local go version)")
	if older "${found:-0}" "$wanted"; then
		# From 1.21 on, go fetches the release that go.mod asks for, unless it is kept from that.
		if older "${found:-0}" 1.21 || [ "$(cd / && go env GOTOOLCHAIN)" != auto ]; then
			fail "Go $wanted" "$found" https://go.dev/dl
		fi
		echo "Go $found is installed; it fetches Go $wanted first, once."
	fi
	;;
node)
	command -v node >/dev/null || fail "Node 20 with npm" none https://nodejs.org
	found=$(version "$(node --version)")
	older "${found:-0}" 20 && fail "Node 20 with npm" "$found" https://nodejs.org
	command -v npm >/dev/null || fail "Node 20 with npm" "Node $found without npm" https://nodejs.org
	;;
func)
	command -v func >/dev/null || fail "Azure Functions Core Tools 4" none \
		"https://learn.microsoft.com/azure/azure-functions/functions-run-local; make up runs the same without them"
	;;
esac
