# Every row of the two tables is documented and tested.

load ../lib.bash

# The names of the rows with the given macros, one row a line.
type_names() { sed -nE "s/^($1)\\([^\"]*\"([^\"]*)\".*/\\2/p" "$SOURCE_DIR/src/types.def"; }
option_names() { sed -nE 's/^OPT\([^"]*"([^"]*)".*/\1/p' "$SOURCE_DIR/src/spec/options.def"; }

# Reads rows of names; prints those of which no name (all = 1: any name) is a
# word of the files.
unmentioned() {
	awk -v all="$1" '
		FNR == NR && FILENAME == "-" { row[++rows] = $0; next }
		{
			gsub(/\\-/, "-")
			n = split(tolower($0), word, /[^a-z0-9_.-]+/)
			for (i = 1; i <= n; i++) { sub(/\.+$/, "", word[i]); seen[word[i]] = 1 }
		}
		END {
			for (r = 1; r <= rows; r++) {
				n = split(tolower(row[r]), name, " ")
				found = 0
				for (i = 1; i <= n; i++) {
					if (name[i] in seen) found++
					else if (all) print name[i] " (" row[r] ")"
				}
				if (!all && !found) print row[r]
			}
		}' - "${@:2}"
}

nothing() {
	[ -z "$output" ] && return 0
	echo "$output"
	return 1
}

@test "the tables have rows" {
	[ "$(type_names 'ADDR|LAYER|ALIAS|LATER' | wc -l)" -gt 60 ]
	[ "$(option_names | wc -l)" -gt 300 ]
}

@test "the manual names every address, layer and synonym" {
	run unmentioned 1 "$BUILD_DIR/man/sockcat.7" < <(type_names 'ADDR|LAYER|ALIAS|LATER' | grep -vE '^(crlf|limit)$')
	nothing
}

@test "the manual names every option" {
	run unmentioned 1 "$BUILD_DIR/man/sockcat.7" < <(option_names)
	nothing
}

@test "every address and layer with code has a test" {
	run unmentioned 0 "$SOURCE_DIR"/tests/*.bats < <(type_names 'ADDR|LAYER|ALIAS' | grep -vE '^(crlf|limit)$')
	nothing
}

@test "no name stands in two rows of the same kind" {
	run bash -c "$(declare -f option_names); SOURCE_DIR='$SOURCE_DIR'; option_names | tr ' ' '\n' | tr A-Z a-z | sort | uniq -d"
	nothing
}

@test "every group of options has one row" {
	run diff <(sed -nE 's/^#define G_([A-Z0-9]+)\>.*/\1/p' "$SOURCE_DIR/src/spec/type.h" | sort) \
		<(sed -nE 's/^GROUP\(([A-Z0-9]+),.*/\1/p' "$SOURCE_DIR/src/spec/groups.def" | sort)
	nothing
}
