set encoding utf8
set terminal svg size 900,456 dynamic enhanced font 'sans-serif,13'
set output 'scaling-flash_attn_vec_reduce.svg'
data = 'scaling-flash_attn_vec_reduce.csv'
title = 'Time of flash_attn_vec_reduce over nwg'
subtitle = 'fastest impl and tile; dashed: the fitted power law'
points = 20
array series[2] = ['opencl NVIDIA H100 80GB HBM3, vm: exponent 0.04', 'vulkan NVIDIA H100 80GB HBM3, vm: exponent 0.24']
array colour[2] = ['#cc79a7', '#e69f00']
nseries = 2
param = 'nwg'
# Time over a swept parameter, both logarithmic: points with intervals, dashed the power law fitted to them.
# Before this file: terminal, output, data, title, subtitle, points, param, series[], colour[], nseries.
set datafile separator comma
set title title."\n".subtitle noenhanced
if (points == 0) {
    set xrange [0:1]; set yrange [0:1]; unset tics
    plot NaN notitle
    exit
}
set logscale xy
set xlabel param.' (logarithmic)' noenhanced
set ylabel 'median time, 95 % interval (µs, logarithmic)' noenhanced
set grid lc rgb '#999999' lt 1 lw 0.4
set tics nomirror out
set border 3
set pointintervalbox 0
set key bottom outside center vertical maxrows 12 noenhanced height 0.6 samplen 2 Left reverse
stats data skip 1 using 3 nooutput
set xrange [STATS_min / 1.3:STATS_max * 1.3]
plot for [k = 1:nseries] data skip 1 using 3:($1 == k ? $8 / 1e3 : NaN) with lines dt 2 lw 1.5 lc rgb colour[k] notitle, \
     for [k = 1:nseries] data skip 1 using 3:($1 == k ? $4 / 1e3 : NaN):($5 / 1e3):($6 / 1e3):xtic(strcol(3)) \
         with yerrorbars lt 1 pt k + 3 ps 0.9 lw 1.5 lc rgb colour[k] title series[k]
