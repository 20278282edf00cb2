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
