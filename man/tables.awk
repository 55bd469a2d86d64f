# The type table and the option table as mdoc, for sockcat(7).
#
#	awk -f man/tables.awk src/types.def src/spec/options.def
#
# A row is one line; a comment of one line in front of rows is their heading.

BEGIN {
	form["FLAG"] = ""
	form["BOOL"] = "[=0|1]"
	form["INT"] = form["UINT"] = form["INT_OPTIONAL"] = "[=N]"
	form["BYTE"] = "=N"
	form["PORT"] = "=port"
	form["SIZE"] = form["OFFSET"] = "=bytes"
	form["TIME"] = "=time"
	form["SHARE"] = "=share"
	form["SPAN"] = "=N[..N]"
	form["TEXT"] = form["SECRET"] = "=text"
	form["TEXT_OPTIONAL"] = "[=text]"
	form["MODE"] = "=mode"
	form["USER"] = "=user"
	form["GROUP"] = "=group"
	form["BYTES"] = "=data"
	form["CHAR"] = "=character"
	form["RANGE"] = "=range"
	form["FAMILY"] = "=family"
	form["ADDRESS"] = "=address"
	form["SOCKTYPE"] = "=socktype"
	form["INT_INT"] = "=N:N"
	form["INT_TEXT"] = "=N:text"
	form["INT_BYTES"] = "=N:data"
	form["INT3"] = "=N:N:N"
	form["INT2_BYTES"] = "=N:N:data"
	form["INT2_TEXT"] = "=N:N:text"
	options = 0
	open = 0
}

function text(s) {
	gsub(/\\/, "\\e", s)
	if (s ~ /^[.']/)
		s = "\\&" s
	return s
}

function close_list() {
	if (open)
		print ".El"
	open = 0
}

function open_list() {
	if (open)
		return
	if (heading != "")
		print ".Ss " heading
	print ".Bl -tag -width Ds -compact"
	open = 1
}

# "a b c" -> ".It Cm a , Cm b , Cm c" and what follows without a blank.
function item(names, rest,    n, i, name, line) {
	n = split(names, name, " ")
	line = ".It Cm " name[1] (rest == "" ? "" : " Ns Ar " text(rest))
	for (i = 2; i <= n; i++)
		line = line " , Cm " name[i]
	print line
}

function sentence(s) {
	print text(toupper(substr(s, 1, 1)) substr(s, 2)) "."
}

FNR == 1 {
	close_list()
	heading = ""
	options = FILENAME ~ /options/
	print options ? ".Sh OPTIONS" : ".Sh ADDRESS TYPES"
	if (options) {
		print "Names that mean the same stand in one line."
		print "An option whose value may be left out has it in brackets here."
	}
}

/^\/\* .*\*\/$/ {
	close_list()
	heading = $0
	sub(/^\/\* */, "", heading)
	sub(/\.? *\*\/$/, "", heading)
	next
}

/^(ADDR|LAYER|ALIAS|LATER) *\(/ {
	split($0, q, "\"")
	names = q[2]
	args = q[4]
	if (args != "")
		args = args ~ /^\[/ ? "[:" substr(args, 2) : ":" args
	open_list()
	item(names, args)
	sentence(/^ALIAS/ ? q[8] : q[6])
	if (/^ALIAS/)
		print "Stands for\n.Ql " text(q[6]) " ."
	next
}

/^OPT *\(/ {
	n = split($0, q, "\"")
	kind = q[3]
	sub(/^.*, V_/, "", kind)
	rest = kind
	sub(/,.*/, "", kind)
	open_list()
	item(q[2], form[kind])
	sentence(q[n - 1])
	if (rest ~ /LATER_ON/)
		print "Not yet available."
	if (rest ~ /IGNORED/)
		print "Accepted, without effect."
	if (rest ~ /REFUSED/)
		print "Refused: " text(q[4]) "."
}

END {
	close_list()
}
