# The README's pictures are drawn from real runs.

bats_require_minimum_version 1.5.0
load lib.bash

drawn() { sed -n 's/^pictures=(\(.*\))$/\1/p' "$SOURCE_DIR/docs/pictures/draw" | tr ' ' '\n' | sort; }

@test "the README shows each picture that is drawn, and no other" {
	diff <(drawn) <(sed -n 's|.*(docs/pictures/\(.*\)\.svg).*|\1|p' "$SOURCE_DIR/README.md" | sort)
	for name in $(drawn); do
		[ -s "$SOURCE_DIR/docs/pictures/$name.svg" ]
	done
}

@test "the picture of a hexdump is drawn, and is XML" {
	need script python3
	PICTURES=. "$SOURCE_DIR/docs/pictures/draw" hexdump
	python3 -c 'import xml.dom.minidom as x; x.parse("hexdump.svg")'
	grep -q '|GET / HTTP/1.0..|\|>GET / HTTP/1.0\.\.<' hexdump.svg
	grep -q '> caf' hexdump.svg
}

# svg: what is drawn of a screen, one span a line: x, colour, text.
svg() {
	need python3
	printf %b "$1" | python3 "$SOURCE_DIR/docs/pictures/svg.py" title |
		sed -nE 's|^<text x="([0-9]*).*fill="(#[0-9a-f]*)".*>(.*)</text>|\1 \2 \3|p'
}

@test "a picture has colours, carriage returns and what XML would mistake" {
	[ "$(svg 'one\rTWO\n\033[31ma<b\033[0m&\033[1mc\n')" = '16 #d5dae3 TWO
16 #ec7078 a&lt;b
41 #d5dae3 &amp;
49 #d5dae3 c' ]
	[ "$(svg 'long line\r\033[Kshort')" = '16 #d5dae3 short' ]
}
