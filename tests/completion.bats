# Completion: what the program proposes, and what bash makes of it.

bats_require_minimum_version 1.5.0
load lib.bash

# offers WORD WORDS...: the last of WORDS can become WORD.
offers() {
	local want=$1
	shift
	"$SOCKCAT" --complete "$@" | cut -f 1 >offered
	grep -Fxq -e "$want" offered || { cat offered; echo "no $want"; return 1; }
}

withholds() { ! offers "$@" >/dev/null; }

@test "addresses are offered by their beginning, with the mark that follows" {
	offers tcp-listen: tcp-l
	offers tcp: t
	offers pty p
	offers stdio st
	withholds udp: t
}

@test "layers are offered with a plus, and addresses behind it" {
	need_tls
	offers tls+ tl
	offers tls+tcp-listen: tls+tcp
	offers hexdump+tls+tcp: hexdump+tls+t
}

@test "case does not matter" {
	offers tcp-listen: TCP-L
}

@test "options that fit the stack are offered" {
	offers tcp-listen:80,fork tcp-listen:80,fo
	offers tcp-listen:80,reuseaddr= tcp-listen:80,reuse
	offers tls+tcp:h:443,verify tls+tcp:h:443,ver
	offers tls:h:443,cafile= tls:h:443,caf
	withholds tcp:h:443,cafile= tcp:h:443,caf
	offers pty,link= pty,li
	withholds tcp:h:80,link= tcp:h:80,li
	offers -,raw -,ra
}

@test "options that every address takes are offered everywhere" {
	offers tcp:h:80,crnl tcp:h:80,cr
	offers exec:ls,chdir= exec:ls,chd
}

@test "up. and down. are offered, and behind them what has directions" {
	offers tcp:h:80,up. tcp:h:80,u
	offers tcp:h:80,down. tcp:h:80,
	offers tcp:h:80,up.rate= tcp:h:80,up.r
	offers tcp:h:80,nodelay,UP.rate= tcp:h:80,nodelay,UP.
	withholds tcp:h:80,up.nodelay tcp:h:80,up.no
	withholds tcp:h:80,up.latency= tcp:h:80,up.la
	offers shape+tcp:h:80,down.latency= shape+tcp:h:80,down.la
	withholds shape+tcp:h:80,up.seed= shape+tcp:h:80,up.se
	withholds tcp:h:80,up.down. tcp:h:80,up.d
}

@test "options of a member that is named are offered, too" {
	offers shape+shape+tcp:h:80,shape2.up. shape+shape+tcp:h:80,shape2.u
	offers shape+shape+tcp:h:80,shape2.up.rate= shape+shape+tcp:h:80,shape2.up.ra
	offers shape+shape+tcp:h:80,shape2.seed= shape+shape+tcp:h:80,shape2.se
	offers tcp:h:80,tcp.pf=ip6 tcp:h:80,tcp.pf=
}

@test "with nothing typed each option is offered once" {
	"$SOCKCAT" --complete tcp-listen:80, | cut -f 1 | sort | uniq -d >twice
	[ ! -s twice ]
	offers tcp-listen:80,fork tcp-listen:80,
}

@test "values are offered where they are known" {
	offers tcp-listen:80,pf=ip6 tcp-listen:80,pf=
	offers tcp-listen:80,fork=0 tcp-listen:80,fork=
	offers tls:h:1,min-version=TLS1.3 tls:h:1,min-version=
}

@test "a comma in quotes begins no option" {
	withholds "exec:'a,fork" "exec:'a,fo"
	offers "exec:'a,b',pty" "exec:'a,b',pt"
}

@test "the second half of a dual address begins anew" {
	offers 'stdin!!tcp:' 'stdin!!t'
	offers 'stdin!!tcp:h:1,nodelay' 'stdin!!tcp:h:1,nodel'
}

@test "flags are offered by both names" {
	offers --statistics --stat
	offers --lock= --lo
	offers -u -
	offers -lf -l
	withholds -u --
}

@test "values of flags are offered, attached and apart" {
	offers --dialect=socat --dialect=
	offers --log-syslog=local3 --log-syslog=lo
	offers exit-codes --help ''
	offers tcp-listen --help tcp-l
	offers off -T ''
}

@test "nothing is offered where a file name belongs" {
	run -0 sockcat --complete open:/et
	[ -z "$output" ]
	run -0 sockcat --complete /et
	[ -z "$output" ]
	run -0 sockcat --complete -r ''
	[ -z "$output" ]
	run -0 sockcat --complete tls:h:443,cafile=ca
	[ -z "$output" ]
}

@test "each candidate comes with a few words about it" {
	run -0 sockcat --complete tcp-lis
	[[ $output == tcp-listen:$'\t'?* ]]
}

@test "no candidate is offered twice" {
	"$SOCKCAT" --complete '' | sort | uniq -d >twice
	[ ! -s twice ]
}

# in_bash LINE: what COMPREPLY holds after TAB at the end of the line.
in_bash() {
	bash --norc -c '
		PATH=$1:$PATH
		source "$2"
		COMP_LINE=$3 COMP_POINT=${#3}
		_sockcat sockcat
		printf "%s\n" "${COMPREPLY[@]}"
	' - "$(dirname "$SOCKCAT")" "$SOURCE_DIR/completions/sockcat.bash" "$1"
}

@test "bash gets the part of the word that it takes for the word" {
	run -0 in_bash 'sockcat tcp-lis'
	[ "$output" = tcp-listen: ]
	run -0 in_bash 'sockcat - tcp-listen:80,max-c'
	[ "$output" = 80,max-children= ]
	run -0 in_bash 'sockcat - tcp-listen:80,up.ra'
	[ "$output" = 80,up.rate= ]
	run -0 in_bash 'sockcat tcp-listen:80,pf=ip'
	[ "${lines[0]}" = ip4 ]
	run -0 in_bash 'sockcat --stat'
	[ "$output" = --statistics ]
	run -0 in_bash 'sockcat --help exit'
	[ "$output" = exit-codes ]
	run -0 in_bash 'sockcat open:/etc/pass'
	[ -z "$output" ]
}

@test "bash has sockcat's completion registered with files as the way out" {
	run -0 bash --norc -c 'source "$1"; complete -p sockcat' - "$SOURCE_DIR/completions/sockcat.bash"
	[[ $output == *'-o default'*'-F _sockcat sockcat'* ]]
}

@test "zsh and fish can read their files" {
	command -v zsh fish >/dev/null || command -v zsh >/dev/null || command -v fish >/dev/null ||
		skip "neither zsh nor fish is installed"
	! command -v zsh >/dev/null || zsh -n "$SOURCE_DIR/completions/_sockcat"
	! command -v fish >/dev/null || fish -n "$SOURCE_DIR/completions/sockcat.fish"
}

@test "fish offers what the program offers" {
	need fish
	mkdir -p home
	HOME=$PWD/home PATH=$(dirname "$SOCKCAT"):$PATH run -0 fish --no-config -c \
		'source $argv[1]; complete -C "sockcat tcp-lis"' "$SOURCE_DIR/completions/sockcat.fish"
	[[ $output == tcp-listen:* ]]
}
