set encoding utf8
set terminal svg size 702,550 dynamic enhanced font 'sans-serif,13'
set output 'tiles-89fd93590d.svg'
data = 'tiles-89fd93590d.csv'
title = 'Time of flash_attn_prefill_f16_d256 over tiles'
subtitle = 'batch=1 n_heads=16 n_kv_heads=8 seq_len_q=2048 seq_len_k=2048 q_offset=0 scale=0.0625'."\n".'mask=none do_causal=true has_blk=false mask_fill=window window=48 narrow_q=true'
points = 6
array panel_title[4] = ['opencl NVIDIA H100 80GB HBM3, vm, tiled', 'vulkan NVIDIA H100 80GB HBM3, vm, tiled', 'vulkan NVIDIA H100 80GB HBM3, vm, coopmat', 'vulkan NVIDIA H100 80GB HBM3, vm, coopmat_nv']
panels = 4
x_name = 'BK'
array x_value[2] = ['16', '32']
x_count = 2
y_name = 'BQ'
array y_value[3] = ['32', '64', '128']
y_count = 3
columns = 3
lines = 2
# Tile heat map: one panel per device, colour and number = time; the best tile framed, skipped and failed (x) tiles marked.
# Before this file: terminal, output, data, title, subtitle, points, panels, panel_title[], lines, columns, x_name, x_value[],
# x_count, y_name, y_value[], y_count.
set datafile separator comma
# Viridis, dark to bright.
set palette defined (0 '#440154', 1 '#482878', 2 '#3e4989', 3 '#31688e', 4 '#26828e', 5 '#1f9e89', 6 '#35b779', 7 '#6ece58', \
                     8 '#b5de2b', 9 '#fde725')
set style fill solid 1 noborder
if (points == 0) {
    set title title."\n".subtitle noenhanced
    set xrange [0:1]; set yrange [0:1]; unset tics
    plot NaN notitle
    exit
}
shown(ns) = ns < 1e3 ? sprintf('%.3g ns', ns) : ns < 1e6 ? sprintf('%.3g µs', ns / 1e3) : sprintf('%.3g ms', ns / 1e6)
set multiplot layout lines, columns title title."\n".subtitle."\n"."bright: fast, dark: 4 times the panel's best or slower; framed: the best" noenhanced
set xrange [-0.5:x_count - 0.5]
set yrange [-0.5:y_count - 0.5]
set xlabel x_name.' (elements)' noenhanced
set ylabel y_name.' (elements)' noenhanced
set tics nomirror out scale 0.4
set xtics ('' 0)
set ytics ('' 0)
do for [i = 1:x_count] { set xtics add (x_value[i] i - 1) }
do for [i = 1:y_count] { set ytics add (y_value[i] i - 1) }
# Colour: times the best, logarithmic, reversed so that fast is bright.
set logscale cb
set cbrange [4:1]
set palette negative
unset colorbox
ok(k, status) = k == panel && status eq 'PASS'
failed(status) = status ne 'PASS' && status ne 'SKIP'
# Texts, as an empty column would drop the row.
label(status, ns) = status eq 'PASS' ? shown(real(ns)) : status eq 'SKIP' ? 'skip' : status
# Black on bright cells, white on dark ones.
ink(status, times) = status eq 'PASS' ? (real(times) < 2 ? 0x010101 : 0xffffff) : status eq 'SKIP' ? 0x808080 : 0xc03030
do for [panel = 1:panels] {
    set title panel_title[panel] noenhanced
    plot data skip 1 using (ok($1, strcol(8)) ? $6 : NaN):7:($6 - 0.5):($6 + 0.5):($7 - 0.5):($7 + 0.5):($11 > 4 ? 4 : $11) \
             with boxxyerror fc palette notitle, \
         data skip 1 using ($1 == panel && $12 == 1 ? $6 : NaN):7:($6 - 0.48):($6 + 0.48):($7 - 0.48):($7 + 0.48) \
             with boxxyerror lc rgb '#d55e00' lw 4 fs empty border notitle, \
         data skip 1 using ($1 == panel && failed(strcol(8)) ? $6 : NaN):7 with points pt 2 ps 2.5 lw 4 lc rgb '#c03030' notitle, \
         data skip 1 using ($1 == panel ? $6 : NaN):($7 - (failed(strcol(8)) ? 0.33 : 0)):(label(strcol(8), strcol(10))): \
                 (ink(strcol(8), strcol(11))) with labels font ',10' tc rgb variable notitle
}
unset multiplot
