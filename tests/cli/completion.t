#!/usr/bin/env bash
# Shell completions and the manual page know every command and option that `mlxbench help` knows.
. tests/cli/tap.sh

run 0 help
commands=$(sed -n 's/^  \([a-z]\{1,\}\) .*/\1/p' "$W/out")
[ "$(echo "$commands" | wc -w)" -ge 10 ]
result "help lists the commands"
for s in bash zsh fish; do
    run 0 completion $s && cp "$W/out" "$W/$s"
    result "completion $s"
done
bash -n "$W/bash" 2> "$W/err"
result "bash takes its script"
if command -v zsh > /dev/null; then zsh -n "$W/zsh" 2> "$W/err"; result "zsh takes its script"; else skip "zsh takes its script" "zsh is not installed"; fi
if command -v fish > /dev/null; then fish -n "$W/fish" 2> "$W/err"; result "fish takes its script"; else skip "fish takes its script" "fish is not installed"; fi
run 0 manual && cp "$W/out" "$W/man"
result "manual"
if command -v man > /dev/null; then
    man --warnings -l "$W/man" > "$W/page" 2> "$W/err" && [ ! -s "$W/err" ] && grep -q 'EXIT STATUS' "$W/page"
    result "man formats it without a warning"
else
    skip "man formats it without a warning" "man is not installed"
fi

# bash completion, asked as bash asks it.
complete_words() {
    bash -c '. "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _mlxbench; printf "%s\n" "${COMPREPLY[@]}"' - "$W/bash" "$@"
}
for c in $commands; do
    complete_words mlxbench "$c" | grep -qx -- "$c" && grep -q "'$c:" "$W/zsh" && grep -q -- "-a $c " "$W/fish" && grep -q "^.SS mlxbench $c" "$W/man"
    result "$c is everywhere"
    run 0 help "$c"
    missing=
    for o in $(sed -n 's/^  --\([a-z-]*\).*/\1/p' "$W/out"); do
        complete_words mlxbench "$c" "--$o" | grep -qx -- "--$o" || missing="$missing bash:--$o"
        sed -n "/^    $c) _arguments/,/;;\$/p" "$W/zsh" | grep -q -- "'\*--$o[=[]" || missing="$missing zsh:--$o"
        grep -E "from( [a-z]+)* $c( [a-z]+)*' -l $o( |$)" "$W/fish" > "$W/hit" || missing="$missing fish:--$o"
        sed -n "/^.SS mlxbench $c\b/,/^.S[SH]/p" "$W/man" | tr -d '\\' | grep -q -- "--$o" || missing="$missing man:--$o"
    done
    [ -z "$missing" ] || echo "# missing:$missing"
    [ -z "$missing" ]
    result "$c: every option is everywhere"
done
complete_words mlxbench plot sp | grep -qx speed
result "kinds of plot are completed"
complete_words mlxbench run --backend v | grep -qx vulkan
result "values of options are completed"
complete_words mlxbench gate --format gi | grep -qx github && [ "$(complete_words mlxbench compare --format '' | sort | uniq -d | wc -l)" -eq 0 ]
result "formats of all commands are completed, each once"
rejects "an unknown shell" "unknown shell 'tcsh'" completion tcsh
finish
