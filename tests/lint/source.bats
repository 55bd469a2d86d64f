# How the source is laid out, checked by reading it: the order of the folders, what
# may not be called, lengths.  DESIGN.md and CONTRIBUTING.md say why.

load ../lib.bash

setup() {
	lib_setup
	cd "$SOURCE_DIR" || return 1
}

# Nothing printed means that all is well.
nothing() {
	local found

	found=$("$@") || :
	[ -z "$found" ] && return 0
	echo "$found"
	return 1
}

sources() { find src -name '*.c' | sort; }
headers() { find src -name '*.h' | sort; }
both() { find src -name '*.[ch]' | sort; }
bench_sources() { find tests/bench/load -name '*.[ch]' | sort; }	# of the bench: measured as the rest is

# Code alone: comments and the insides of strings blanked, line numbers kept.
code() {
	awk '
	{
		out = ""
		for (i = 1; i <= length($0); i++) {
			c = substr($0, i, 1); two = substr($0, i, 2)
			if (comment) {
				if (two == "*/") { comment = 0; i++ }
			} else if (two == "/*") {
				comment = 1; i++
			} else if (two == "//" && quote == "") {
				break
			} else if (quote != "") {
				if (c == "\\") i++
				else if (c == quote) { quote = ""; out = out c }
			} else {
				if (c == "\"" || c == "\047") quote = c
				out = out c
			}
		}
		quote = ""
		print FILENAME ":" FNR ": " out
	}' "$1"
}

# Which folders a file in the given one may include from.
may_include() {
	case $1 in
	base) echo base ;;
	loop) echo base loop ;;
	spec) echo base spec ;;
	proto) echo base proto ;;
	report) echo base report ;;
	endpoint) echo base loop spec endpoint ;;
	addr) echo base loop spec endpoint proto addr ;;
	layer) echo base loop spec endpoint proto layer ;;
	relay) echo base loop spec endpoint report relay ;;
	*) echo base loop spec proto report endpoint relay cli top ;;
	esac
}

wrong_includes() {
	local file folder line target

	for file in $(both); do
		folder=$(dirname "${file#src/}")
		while IFS= read -r line; do
			target=${line#*\"}
			target=${target%%\"*}
			case $target in
			*/*) target=${target%%/*} ;;
			*.def | config.h) continue ;;
			*) target=top ;;
			esac
			case " $(may_include "$folder") " in
			*" $target "*) ;;
			*) echo "$file: ${line%%:*}: may not include from $target" ;;
			esac
		done < <(grep -n '^[[:space:]]*#[[:space:]]*include[[:space:]]*"' "$file" | grep -v '\.def"')
	done
}

@test "includes go only downward along the figure in DESIGN.md" {
	nothing wrong_includes
}

lonely_headers() {
	local header

	for header in $(headers); do
		"${CC:-cc}" -std=c17 -D_GNU_SOURCE -Wall -Wextra -fsyntax-only -I src \
			-include "$BUILD_DIR/config.h" -x c "$header" 2>&1 |
			grep -v 'pragma once in main file' | head -n 5
	done
}

@test "each header compiles alone" {
	need "${CC:-cc}"
	nothing lonely_headers
}

unlisted_sources() {
	local file

	for file in $(both) $(bench_sources) tests/unit/*.c tests/fuzz/*.c tests/*.c; do
		[ -f "$file" ] || continue
		grep -Eq "(^|[[:space:]])${file//./\\.}([[:space:]]|\$)" Makefile.am ||
			echo "$file is not in Makefile.am"
	done
}

@test "each source file is in Makefile.am" {
	nothing unlisted_sources
}

# banned REGEX [EXCEPT...]: calls of these functions, outside the named files.
banned() {
	local regex=$1 file
	shift
	for file in $(sources); do
		case " $* " in
		*" $file "*) continue ;;
		esac
		code "$file" | grep -E "(^|[^A-Za-z0-9_.>])($regex)[[:space:]]*\\("
	done
}

@test "no unbounded or locale-bound string functions" {
	nothing banned 'strcpy|strcat|stpcpy|sprintf|vsprintf|gets|strtok|atoi|atol|atoll|atof|scanf|sscanf|tmpnam|tempnam|mktemp'
}

@test "allocation only in base/mem.c" {
	nothing banned 'malloc|calloc|realloc|free|strdup|strndup|asprintf|vasprintf|alloca|reallocarray' src/base/mem.c
}

@test "nothing sleeps, and no shell is run but by exec" {
	# But for the wait for another's lock file, before there is a loop.
	nothing banned 'sleep|usleep|nanosleep|select|popen' src/process.c
	nothing banned 'system' src/addr/exec.c
}

@test "only main ends the program" {
	nothing banned 'exit|abort' src/main.c
}

structs_with_typedef() { for file in $(both); do code "$file" | grep -E '\btypedef[[:space:]]+(const[[:space:]]+)?(struct|union)\b[^(]*;'; done; }

@test "no struct hides behind a typedef" {
	nothing structs_with_typedef
}

misplaced_conditions() {
	local file

	for file in $(sources); do
		case $file in
		src/base/platform.c|src/loop/epoll.c|src/loop/kqueue.c|src/table.c) continue ;;
		esac
		code "$file" | grep -E '^[^ ]+ [[:space:]]*#[[:space:]]*(if|ifdef|ifndef)\b' |
			grep -v 'HAVE_CONFIG_H' || :
	done
}

@test "at most two #if in a thousand lines, outside the files that are about systems" {
	local found lines

	found=$(misplaced_conditions)
	lines=$(sources | xargs cat | wc -l)
	echo "$found"
	[ "$(grep -c . <<<"$found")" -le $((lines / 500)) ]
}

# A message stays in one piece, so that it can be found: lines that are just a
# string may be longer.
wide_lines() {
	local file

	for file in $(both) $(bench_sources); do
		expand -t 8 "$file" | awk -v file="$file" '
			{ gsub(/[\200-\277]/, "") }
			length($0) > 90 && !/^ *"/ { print file ":" NR ": " length($0) " columns" }'
		grep -nE '[[:space:]]+$' "$file" | sed "s|^|$file: blanks at the end: |"
	done
}

@test "lines have at most 90 columns and no blanks at the end" {
	nothing wide_lines
}

# "length file:line" of each function, from its { to its }.
function_lengths() {
	{ sources; bench_sources; } | xargs awk '
		/^\{/ { start = FNR }
		/^\}/ && start { print FNR - start + 1, FILENAME ":" start; start = 0 }'
}

@test "no function is longer than 70 lines" {
	local lengths n

	lengths=$(function_lengths | sort -n)
	n=$(wc -l <<<"$lengths")
	echo "# $n functions, median $(sed -n "$((n / 2 + 1))p" <<<"$lengths" | cut -d ' ' -f 1)," \
		"90th percentile $(sed -n "$((n * 9 / 10 + 1))p" <<<"$lengths" | cut -d ' ' -f 1)," \
		"longest $(tail -n 1 <<<"$lengths")"
	nothing grep -E '^(7[1-9]|[89][0-9]|[0-9]{3,}) ' <<<"$lengths"
}

long_files() { { sources; bench_sources; find tests/bench -name '*.py'; } | xargs wc -l | awk '$2 != "total" && $1 > 600'; }

@test "no source file is longer than 600 lines" {
	nothing long_files
}

unguarded() {
	local header want

	for header in $(headers); do
		want=SOCKCAT_$(tr 'a-z/.' 'A-Z__' <<<"${header#src/}")
		grep -q "^#ifndef $want\$" "$header" || echo "$header: no guard $want"
	done
}

@test "each header has a guard named after it" {
	nothing unguarded
}

without_purpose() {
	for file in $(both) $(bench_sources); do
		head -n 1 "$file" | grep -q '^/\* ' || echo "$file does not begin with its purpose"
	done
}

@test "each source file begins with its purpose" {
	nothing without_purpose
}

strangers() {
	local file stem

	for file in $(headers); do
		stem=$(basename "$file" .h)
		[ -e "${file%.h}.c" ] || continue
		grep -l "\"${file#src/}\"" "${file%.h}.c" >/dev/null || echo "${file%.h}.c does not include its own $stem.h"
	done
}

@test "each source file includes its own header" {
	nothing strangers
}
