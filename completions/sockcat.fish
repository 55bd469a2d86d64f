# fish completion for sockcat.  The program itself knows what may follow; where it
# says nothing, a file name belongs, and fish knows those.

function __sockcat_complete
    set -l words (commandline -opc)
    set -l word (commandline -ct)
    set -l found ($words[1] --complete $words[2..-1] "$word" 2>/dev/null)

    if test (count $found) -gt 0
        printf '%s\n' $found
        return
    end
    set -l kept (string match -r -- '.*[:=]' "$word")
    for path in (__fish_complete_path (string replace -r -- '.*[:=]' '' "$word"))
        echo $kept$path
    end
end

complete -c sockcat -f -a '(__sockcat_complete)'
