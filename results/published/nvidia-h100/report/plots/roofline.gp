set encoding utf8
set terminal svg size 900,520 dynamic enhanced font 'sans-serif,13'
set output 'roofline.svg'
data = 'roofline.csv'
title = 'Roofline'
subtitle = 'lines: measured memory bandwidth and f32 peak of each device; dashed: bandwidth of the caches, f16 peak; 2 cases'."\n".'without arithmetic are left out'
points = 299
array series[5] = ['opencl NVIDIA H100 80GB HBM3, vm', 'opencl NVIDIA H100 80GB HBM3, vm', 'peer:torch', 'vulkan NVIDIA H100 80GB HBM3, vm', 'vulkan NVIDIA H100 80GB HBM3, vm']
array colour[5] = ['#0072b2', '#cc79a7', '#56b4e9', '#009e73', '#e69f00']
show = '1 2 3 4 5'
array memory_gbps[5]
array cache_gbps[5]
array f32_gflops[5]
array f16_gflops[5]
memory_gbps[1] = 3080.84
cache_gbps[1] = 4390.17
f32_gflops[1] = 58525.2
f16_gflops[1] = 0
memory_gbps[2] = 0
cache_gbps[2] = 0
f32_gflops[2] = 0
f16_gflops[2] = 0
memory_gbps[3] = 0
cache_gbps[3] = 0
f32_gflops[3] = 0
f16_gflops[3] = 0
memory_gbps[4] = 3101.33
cache_gbps[4] = 4315.13
f32_gflops[4] = 57819.2
f16_gflops[4] = 62993.3
memory_gbps[5] = 0
cache_gbps[5] = 0
f32_gflops[5] = 0
f16_gflops[5] = 0
xmin = 0.248704663
xmax = 9006.15655
# Roofline: rate over intensity, one point per case with its interval; lines are min(bandwidth x intensity, peak) as
# measured, of memory and f32, dashed of the caches and f16.
# Before this file: terminal, output, data, title, subtitle, points, series[], colour[], show (series that have data),
# memory_gbps[], cache_gbps[], f32_gflops[], f16_gflops[] (0 = not measured), xmin, xmax.
set datafile separator comma
set title title."\n".subtitle noenhanced
if (points == 0) {
    set xrange [0:1]; set yrange [0:1]; unset tics
    plot NaN notitle
    exit
}
set logscale xy
set xlabel 'arithmetic intensity (FLOP per byte, logarithmic)' noenhanced
set ylabel 'arithmetic rate (GFLOP/s, logarithmic)' noenhanced
set grid lc rgb '#999999' lt 1 lw 0.4
set tics nomirror out
set border 3
set pointintervalbox 0
set key bottom outside center horizontal noenhanced height 0.6 samplen 2
set samples 400
least(a, b) = a < b ? a : b
roof(gbps, gflops, x) = gbps > 0 && gflops > 0 ? least(gbps * x, gflops) : NaN
slow(k) = memory_gbps[k] > 0 ? memory_gbps[k] : cache_gbps[k]
fast(k) = f16_gflops[k] > f32_gflops[k] ? f16_gflops[k] : f32_gflops[k]
do for [k in show] {
    if (f32_gflops[int(k)] > 0) {
        knee = f32_gflops[int(k)] / slow(int(k))
        if (2 * knee > xmax) { xmax = 2 * knee }
        knee = f32_gflops[int(k)] / cache_gbps[int(k)]
        if (knee / 2 < xmin) { xmin = knee / 2 }
    }
}
set xrange [xmin:xmax]
plot for [k in show] roof(slow(int(k)), f32_gflops[int(k)], x) with lines lw 2 lc rgb colour[int(k)] notitle, \
     for [k in show] roof(cache_gbps[int(k)], fast(int(k)), x) with lines dt 2 lw 1 lc rgb colour[int(k)] notitle, \
     for [k in show] data skip 1 using 7:($1 == int(k) ? $8 : NaN):9:10 \
         with yerrorbars lt 1 pt int(k) + 3 ps 0.8 lc rgb colour[int(k)] title series[int(k)]
