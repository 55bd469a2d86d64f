# bash completion for sockcat.  The program itself knows what may follow; where it
# says nothing, a file name belongs, and bash knows those.
# shellcheck shell=bash

_sockcat() {
	local line=${COMP_LINE:0:COMP_POINT} word kept candidate
	local -a words

	read -ra words <<<"$line"
	[[ $line == *[[:blank:]] ]] && words+=("")
	word=${words[${#words[@]} - 1]}
	kept=${word%"${word##*[:=@]}"}	# bash takes what follows these for the word
	COMPREPLY=()
	while IFS=$'\t' read -r candidate _; do
		COMPREPLY+=("${candidate#"$kept"}")
		[[ $candidate == *[:=+.] ]] && compopt -o nospace 2>/dev/null
	done < <("${1/#\~/$HOME}" --complete "${words[@]:1}" 2>/dev/null)
	return 0
}

complete -o bashdefault -o default -F _sockcat sockcat
