#!/usr/bin/env bash
# Installing, running from another folder, uninstalling; and what set-up says when it may not install.
. tests/cli/tap.sh
root=$PWD

make -s install DESTDIR="$W/root" PREFIX=/usr > "$W/out" 2> "$W/err"
result "make install"
# The installed program needs nothing of the source tree.
(cd "$W" && mkdir run && cd run &&
 "$W/root/usr/bin/mlxbench" run "$W/root/usr/share/mlxbench/suites/smoke.yaml" --op rms_norm --check-only > "$W/out" 2> "$W/err" &&
 test -s results/mlxbench.db)
result "the installed program runs an installed suite from another folder"
cmp -s "$root/suites/flash_attn.yaml" "$W/root/usr/share/mlxbench/suites/flash_attn.yaml" && test -s "$W/root/usr/share/doc/mlxbench/README.md"
result "suites and documents are installed"
for f in man/man1/mlxbench.1 bash-completion/completions/mlxbench zsh/site-functions/_mlxbench \
    fish/vendor_completions.d/mlxbench.fish mlxbench/gnuplot/speed.gp mlxbench/peers/torch_peer.py doc/mlxbench/json.md; do test -s "$W/root/usr/share/$f" || break; done
result "manual page, completions, gnuplot templates and peers are installed"
(cd "$W/run" && "$W/root/usr/bin/mlxbench" report --out page > "$W/out" 2> "$W/err" && test -s page/index.html && test -s page/plots/errors.svg)
result "the installed program finds its templates"
make -s uninstall DESTDIR="$W/root" PREFIX=/usr > "$W/out" 2> "$W/err" && [ -z "$(find "$W/root" -type f -o -type l)" ]
result "make uninstall leaves no file"

# Set-up with one package missing and no way to become root: one exact command, nothing installed.
mkdir "$W/bin"
printf '#!/bin/sh\ncase "$*" in *valgrind*) exit 1 ;; esac\necho installed\n' > "$W/bin/dpkg-query"
printf '#!/bin/sh\necho 1000\n' > "$W/bin/id"
printf '#!/bin/sh\necho "apt-get $*" >> "%s/apt"\n' "$W" > "$W/bin/apt-get"
chmod +x "$W/bin/"*
! PATH="$W/bin:/nonexistent" /bin/sh scripts/setup.sh > "$W/out" 2> "$W/err" < /dev/null &&
    grep -q '&& sudo apt-get install -y --no-install-recommends valgrind$' "$W/err" && [ ! -e "$W/apt" ]
result "set-up without rights names the exact command"
printf '#!/bin/sh\necho 0\n' > "$W/bin/id"
PATH="$W/bin:/usr/bin:/bin" /bin/sh scripts/setup.sh > "$W/out" 2> "$W/err" < /dev/null && grep -q 'install.*valgrind' "$W/apt" && ! grep -q glslc "$W/apt"
result "set-up as root installs what is missing and only that"
printf '#!/bin/sh\necho installed\n' > "$W/bin/dpkg-query"
rm -f "$W/apt"
PATH="$W/bin:/usr/bin:/bin" /bin/sh scripts/setup.sh > "$W/out" 2> "$W/err" < /dev/null && [ ! -e "$W/apt" ] && [ ! -s "$W/out" ]
result "set-up does nothing when all is there"
finish
