set encoding utf8
set terminal svg size 900,438 dynamic enhanced font 'sans-serif,13'
set output 'samples.svg'
data = 'samples.csv'
title = 'Samples of bench_copy_u32 on opencl'
subtitle = 'bench_copy_u32 n=8192 seed=1 opencl stride GROUPS=1024 warm'
points = 887
array median_us[6]
median_us[1] = 4.78811429
array series[1] = ['A run b8f6e237 of 2026-11-21T20:08:53Z: median 4.788 µs, 95 % interval 4.675 to 4.913']
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
