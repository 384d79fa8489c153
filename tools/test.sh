#!/usr/bin/env bash
# Usage: tools/test.sh NAME go test FLAGS...
#
# Runs the given `go test` in every module that has tests; with a NAME, runs the
# test of that name (or its subtest, as TestName/Case), verbosely, in the
# packages that have it. Called by `make test`.
set -euo pipefail

name=$1
shift

# The root comes last, so that its summary ends the output. A module that fails
# does not keep the next from being tested.
status=0
for module in test/controlplane .; do
	if [[ -z $name ]]; then
		(cd "$module" && "$@" ./...) || status=$?
		continue
	fi
	# Only the packages that have the test are compiled and linked.
	packages=$(cd "$module" && find . -path ./test/controlplane -prune -o -name '*_test.go' -print0 |
		{ xargs -0r grep -lE "^func (${name%%/*})\(" || true; } | xargs -r -n1 dirname | sort -u)
	if [[ -n $packages ]]; then
		found=yes
		# Every level of the name is matched whole.
		(cd "$module" && "$@" -v -run "^(${name//\//)\$/^(})\$" $packages) || status=$?
	fi
done

if [[ -n $name && -z ${found-} ]]; then
	echo "no test is called ${name%%/*}" >&2
	exit 1
fi
exit "$status"
