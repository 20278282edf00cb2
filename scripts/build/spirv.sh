#!/bin/sh
# Compiles every shader that the op tables name and prints the C file that embeds them.  Usage: spirv.sh LISTER OUTDIR
# Lines of the list: "<source>.comp <defines>", which is also the key at run time.  Only what is out of date is compiled.
# Sources that require GL_KHR_cooperative_matrix are embedded empty, and SKIP at run time, where glslc does not know it.
set -eu
lister=$1 out=$2
GLSLC=${GLSLC:-glslc}
export GLSLC
mkdir -p "$out"
"$lister" list --shaders > "$out/list"
newest=$(find kernels -name '*.glsl' -o -name '*.def' -o -path 'kernels/common/*.h' | xargs ls -t | head -n 1)
old=
printf '#version 450\n#extension GL_KHR_cooperative_matrix : require\nvoid main() {}\n' > "$out/khr.comp"
"$GLSLC" --target-env=vulkan1.1 -o "$out/khr.spv" "$out/khr.comp" 2> /dev/null || old='extension GL_KHR_cooperative_matrix : require'
: > "$out/empty.spv"
: > "$out/todo"
: > "$out/table"
while read -r src defines; do
    spv=$out/$(basename "$src" .comp)$(printf '%s' "$defines" | sed 's/-D[A-Za-z0-9_]*=/_/g; s/ //g').spv
    if [ -n "$old" ] && grep -q "$old" "$src"; then
        spv=$out/empty.spv
    elif [ ! -e "$spv" ] || [ "$src" -nt "$spv" ] || [ "$newest" -nt "$spv" ]; then
        echo "$src $spv $defines" >> "$out/todo"
    fi
    printf '%s %s\t%s\n' "$src" "$defines" "$spv" >> "$out/table"
done < "$out/list"
# shellcheck disable=SC2016
xargs -r -P "$(nproc)" -L 1 sh -c 'src=$0 spv=$1; shift; "$GLSLC" --target-env=vulkan1.1 -I. -fshader-stage=compute "$@" -o "$spv" "$src"' < "$out/todo"
scripts/build/embed.sh embedded_spirv embedded_spirv embedded_spirv_count < "$out/table"
