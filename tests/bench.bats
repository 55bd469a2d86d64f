# The bench in its smallest form: that it measures what it says, and notices damage.  How
# fast anything is, no test says.

load lib.bash

setup() {
	lib_setup
	need python3
	[ -x "$BUILD_DIR/tests/bench/load/load" ] || skip "the bench needs Linux"
}

# bench ARGUMENT...: short runs, results in ./out
bench() {
	run -0 timeout 120 "$TESTS_DIR/bench/run" --rounds 1 --secs 0.02 --out out --peers none "$@"
	echo "$output"
}

# fake NAME SUFFIX: a relay with socat's command line; the target's address gets this suffix
fake() {
	printf '#!/bin/sh\nexec "$SOCKCAT" "$1" "$2%s"\n' "$2" >"$1"
	chmod +x "$1"
}

# cell CASE NAME COLUMN: what the table of the case has in the row of that name
cell() {
	awk -F ' *[|] *' -v case="## $1" -v name="$2" -v column="$(($3 + 2))" '
		/^## / { here = $0 == case }
		here && $2 == name { print $column }' out/table.md
}

@test "each case that needs only sockcat is measured, in a table and a picture" {
	local cases

	cases='tcp-bulk-1 unix-bulk-1 send-file recv-pipe pingpong-64 connrate-32 udp-window udp-oneway start-version start-oneshot'
	bench --only "$cases"
	[[ $output != *FAILED* ]]
	for name in $cases; do
		[[ $(cell "$name" sockcat 1) =~ ^[0-9.]+$ ]]
		grep -q ">$name: sockcat" out/plot.svg || grep -q "| \`$name\` |" out/table.md
	done
	python3 -c 'import json, xml.dom.minidom as x; x.parse("out/plot.svg"); json.load(open("out/results.json"))'
	! command -v xmllint >/dev/null || xmllint --noout out/plot.svg
}

@test "peers that are there stand beside it, with the ratio to the best of them" {
	need socat
	bench --peers socat --only 'tcp-bulk-1 pingpong-64'
	[[ $(cell tcp-bulk-1 socat 1) =~ ^[0-9.]+$ ]]
	grep -q '>tcp-bulk-1: sockcat .*×<' out/plot.svg
	grep -q '>pingpong-64: socat 1×<' out/plot.svg
}

@test "TLS is measured" {
	need_tls
	need openssl
	bench --only 'tls-in-bulk-1 tls-out-bulk-1 tls-in-connrate-16'
	[[ $(cell tls-in-bulk-1 sockcat 1) =~ ^[0-9.]+$ ]]
	[[ $(cell tls-out-bulk-1 sockcat 1) =~ ^[0-9.]+$ ]]
	[[ $(cell tls-in-connrate-16 sockcat 1) =~ ^[0-9.]+$ ]]
}

@test "a relay that damages bytes is said to have failed, and has no figures" {
	fake spoils ,corrupt=0.001%
	bench --contender "spoils:socat=$PWD/spoils" --only 'tcp-bulk-1 unix-bulk-1'
	[[ $output == *'`tcp-bulk-1`, spoils: FAILED'* ]]
	[[ $output == *'`unix-bulk-1`, spoils: FAILED'* ]]
	[ -z "$(cell tcp-bulk-1 spoils 1)" ]
	[[ $(cell tcp-bulk-1 sockcat 1) =~ ^[0-9.]+$ ]]
}

@test "one damaged byte in a round trip or a datagram is enough" {
	fake spoils ,corrupt=1%
	bench --contender "spoils:socat=$PWD/spoils" --only 'pingpong-64 connrate-32 udp-window udp-oneway start-oneshot'
	for name in pingpong-64 connrate-32 udp-window udp-oneway; do
		[[ $output == *"\`$name\`, spoils: FAILED"* ]]
		[ -z "$(cell "$name" spoils 1)" ]
	done
}

@test "a relay that loses the end is said to have failed" {
	printf '#!/bin/sh\nexec "$SOCKCAT" "$1",readbytes=1000000 "$2"\n' >loses
	chmod +x loses
	bench --contender "loses:socat=$PWD/loses" --only tcp-bulk-1
	[[ $output == *'`tcp-bulk-1`, loses: FAILED'* ]]
}

@test "a relay that does not start is said to have failed" {
	printf '#!/bin/sh\necho no way >&2\nexit 1\n' >ends
	chmod +x ends
	bench --contender "ends:socat=$PWD/ends" --only tcp-bulk-1
	[[ $output == *'`tcp-bulk-1`, ends: FAILED'*'no way'* ]]
}

@test "without a network and a control group of its own it measures all the same" {
	bench --plain-loopback --cpus none --only 'tcp-bulk-1 idle-1000'
	[[ $output != *FAILED* ]]
	[[ $(cell tcp-bulk-1 sockcat 2) =~ ^[0-9.]+$ ]]
}

@test "what is measured again can be shown again, and goes into a page" {
	bench --only pingpong-64
	cp -r out first
	run -0 "$TESTS_DIR/bench/run" --from first/results.json --out out
	diff first/table.md out/table.md
	printf 'before\n<!-- x: begin -->\nold\n<!-- x: end -->\nafter\n' >page
	run -0 python3 -c "
import sys
sys.dont_write_bytecode = True
sys.path.insert(0, '$TESTS_DIR/bench')
import report
report.into_page('page', 'x', 'new\n')"
	[ "$(cat page)" = "$(printf 'before\n<!-- x: begin -->\nnew\n<!-- x: end -->\nafter')" ]
}

@test "docs/performance.md has a row and a dot for each case" {
	for name in $("$TESTS_DIR/bench/run" --list | sed -n '/^$/,$!s/ .*//p'); do
		grep -q "^| \`$name\` |" "$SOURCE_DIR/docs/performance.md"
	done
	[ -s "$SOURCE_DIR/docs/performance.svg" ]
}

@test "how cost grows is measured, in tables and a picture, and shown in docs/scale.md" {
	run -0 timeout 120 "$TESTS_DIR/bench/scale" --rounds 1 --secs 0.01 --out out --only sizes,flows
	echo "$output"
	[[ $output != *FAILED* ]]
	grep -Eq '^[|] 65536 [|] [0-9.]+ [|]' out/scale.md
	grep -q '>sockcat: .* at 1000<' out/scale.svg
	python3 -c 'import xml.dom.minidom as x; x.parse("out/scale.svg")'
	for name in 'by idle sessions beside' 'by connections' 'by flows' 'by bytes'; do
		grep -q "^\*\*.*\*\* $name" "$SOURCE_DIR/docs/scale.md"
	done
	[ -s "$SOURCE_DIR/docs/scale.svg" ]
}
