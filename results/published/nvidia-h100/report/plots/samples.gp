set encoding utf8
set terminal svg size 900,438 dynamic enhanced font 'sans-serif,13'
set output 'samples.svg'
data = 'samples.csv'
title = 'Samples of bench_spin_u32 on opencl NVIDIA H100 80GB HBM3, vm'
subtitle = 'bench_spin_u32 items=64 steps=0 seed=1 opencl auto warm'
points = 1263
array median_us[6]
median_us[1] = 5.8432
array series[1] = ['A run 72ed260d of 2026-11-21T23:08:56Z: median 5.843 µs, 95 % interval 5.294 to 6.787']
array colour[1] = ['#0072b2']
nseries = 1
# Distribution of samples: the share of samples at or below a time, one step curve per run; dashed lines are the medians.
# Before this file: terminal, output, data, title, subtitle, points, series[], colour[], nseries, median_us[].
set datafile separator comma
set title title."\n".subtitle noenhanced
if (points == 0) {
    set xrange [0:1]; set yrange [0:1]; unset tics
    plot NaN notitle
    exit
}
set xlabel 'time of a launch (µs); dashed: median over the rounds' noenhanced
set ylabel 'share of the samples (%)' noenhanced
set yrange [0:102]
set grid lc rgb '#999999' lt 1 lw 0.4
set tics nomirror out
set border 3
set key bottom outside center vertical maxrows 6 noenhanced height 0.6 samplen 2 Left reverse
do for [k = 1:nseries] {
    set arrow k from median_us[k], graph 0 to median_us[k], graph 0.98 nohead dt 2 lw 1.5 lc rgb colour[k]
}
plot for [k = 1:nseries] data skip 1 using ($1 == k ? $3 / 1e3 : NaN):($4 * 100) with steps lw 2 lc rgb colour[k] title series[k]
