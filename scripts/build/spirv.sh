#!/bin/sh
# Compiles every shader that the op tables name and prints the C file that embeds them.  Usage: spirv.sh LISTER OUTDIR
# Lines of the list: "<source>.comp <defines>", which is also the key at run time.  Only what is out of date is compiled.
# Sources that require an extension of `optional` are embedded empty, and SKIP at run time, where glslc does not know it.
set -eu
lister=$1 out=$2
GLSLC=${GLSLC:-glslc}
export GLSLC
mkdir -p "$out"
"$lister" list --shaders > "$out/list"
newest=$(find kernels -name '*.glsl' -o -name '*.def' -o -path 'kernels/common/*.h' | xargs ls -t | head -n 1)
optional='GL_KHR_cooperative_matrix GL_EXT_bfloat16'
missing='^$ '                        # pattern of the lines that require what glslc does not know; at first of no line
for extension in $optional; do
    printf '#version 450\n#extension %s : require\nvoid main() {}\n' "$extension" > "$out/probe.comp"
    "$GLSLC" --target-env=vulkan1.1 -o "$out/probe.spv" "$out/probe.comp" 2> /dev/null ||
        missing="$missing|^#extension $extension : require"
done
: > "$out/empty.spv"
: > "$out/todo"
: > "$out/table"
while read -r src defines; do
    spv=$out/$(basename "$src" .comp)$(printf '%s' "$defines" | sed 's/-D[A-Za-z0-9_]*=/_/g; s/ //g').spv
    if grep -Eq "$missing" "$src"; then
        spv=$out/empty.spv
    elif [ ! -e "$spv" ] || [ "$src" -nt "$spv" ] || [ "$newest" -nt "$spv" ]; then
        echo "$src $spv $defines" >> "$out/todo"
    fi
    printf '%s %s\t%s\n' "$src" "$defines" "$spv" >> "$out/table"
done < "$out/list"
# shellcheck disable=SC2016
xargs -r -P "$(nproc)" -L 1 sh -c 'src=$0 spv=$1; shift; "$GLSLC" --target-env=vulkan1.1 -I. -fshader-stage=compute "$@" -o "$spv" "$src"' < "$out/todo"
scripts/build/embed.sh embedded_spirv embedded_spirv embedded_spirv_count < "$out/table"
