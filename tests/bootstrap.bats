# ./bootstrap on systems that lack things, with package managers that only write down
# what they were asked for.

load lib.bash

# A PATH with just the plain tools, and a source tree with a blank in its name.
setup() {
	lib_setup
	local tool

	mkdir bin "a tree"
	cp "$SOURCE_DIR/bootstrap" "$SOURCE_DIR/configure.ac" "a tree"
	for tool in sh dirname mktemp rm cat grep find id echo; do
		ln -s "$(command -v "$tool")" "bin/$tool"
	done
}

# fake NAME: a program that notes its arguments.
fake() {
	printf '#!/bin/sh\necho "%s $*" >>"%s/asked"\n%s\n' "$1" "$PWD" "${2:-}" >"bin/$1"
	chmod +x "bin/$1"
}

bare() { PATH=$PWD/bin run sh "a tree/bootstrap" "$@"; }

asks() {
	fake "$1"
	bare "$2" --no-install
	rm "bin/$1"
	echo "$output"
	[ "$status" = 1 ]
	[[ $output == *"bootstrap: missing: "* ]]
	[[ $output == *"to install with $1: $3" ]]
	! grep -v -e --prefix asked
}

@test "each package manager is asked for packages by its own names" {
	asks apt-get build "gcc libc6-dev make autoconf automake pkg-config libssl-dev"
	asks dnf build "gcc make autoconf automake pkgconf-pkg-config openssl-devel"
	asks apk build "gcc musl-dev linux-headers make autoconf automake pkgconf openssl-dev"
	asks pacman build "gcc make autoconf automake pkgconf openssl"
	asks zypper build "gcc make autoconf automake pkg-config libopenssl-devel"
	asks brew build "make autoconf automake pkgconf openssl@3"
	asks pkg build "llvm gmake autoconf automake pkgconf openssl"
}

@test "the tests need more than the program" {
	asks apt-get check "gcc libc6-dev make autoconf automake pkg-config libssl-dev bash bats libcmocka-dev openssl python3 socat procps coreutils"
	asks apk check "gcc musl-dev linux-headers make autoconf automake pkgconf openssl-dev bash bats cmocka-dev openssl python3 socat procps coreutils"
	asks pacman check "gcc make autoconf automake pkgconf openssl bash bash-bats cmocka python socat procps-ng coreutils"
}

@test "the bench wants peers, and does without those that are not to be had" {
	local tool

	for tool in cc make autoconf automake aclocal pkg-config python3; do
		printf '#!/bin/sh\n' >"bin/$tool"
		chmod +x "bin/$tool"
	done
	for tool in env ln; do
		ln -s "$(command -v "$tool")" "bin/$tool"
	done
	printf '#!/bin/sh\n: >a.out\n' >bin/cc
	touch "a tree/pkg.m4"
	printf '#!/bin/sh\necho "%s"\n' "$PWD/a tree" >bin/aclocal
	fake apt-get 'case "$*" in *socat*) exit 1 ;; *ncat*) ln -s /bin/sh '"$PWD"'/bin/ncat ;; esac'
	fake autoreconf 'exit 1'	# far enough
	bare bench
	echo "$output"
	[[ $output == *"installing what the bench compares with: socat ncat "* ]]
	[[ $output == *"left out, not installed: socat "* && $output != *"installed: socat ncat"* ]]
	grep -q 'apt-get install -y .* netcat-openbsd$' asked
	rm asked
	bare bench --no-install
	[[ $output == *"left out, not installed: socat "* ]]
	run ! grep apt-get asked
}

@test "without OpenSSL its headers are not asked for" {
	CONFIGURE_FLAGS=--without-openssl asks apt-get build "gcc libc6-dev make autoconf automake pkg-config"
}

@test "as an ordinary user the packages are installed through sudo" {
	rm bin/id
	fake id 'echo 1000'
	fake apt-get
	fake sudo
	bare build
	echo "$output"
	[ "$status" = 1 ]	# the fakes install nothing
	[[ $output == *"still missing after installing: "* ]]
	grep -qx 'sudo apt-get update' asked
	grep -q 'sudo env DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 apt-get install -y .*gcc' asked
}

@test "without sudo it says what to do" {
	rm bin/id
	fake id 'echo 1000'
	fake apt-get
	bare build
	[ "$status" = 1 ]
	[[ $output == *"there is no sudo: run as root: apt-get update"* ]]
}

@test "without a package manager it says what is missing" {
	bare build
	[ "$status" = 1 ]
	[[ $output == *"missing: cc make autoconf automake pkg-config openssl-headers"* ]]
	[[ $output == *"install the above by hand"* ]]
}

@test "unknown words are refused with the usage" {
	bare rebuild
	[ "$status" = 2 ]
	[[ $output == *"usage: ./bootstrap"* ]]
}
