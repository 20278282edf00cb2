set encoding utf8
set terminal svg size 900,298 dynamic enhanced font 'sans-serif,13'
set output 'speed-sdpa_decode.svg'
data = 'speed-sdpa_decode.csv'
title = 'Time of sdpa_decode by device'
subtitle = 'n_heads=32 n_kv_heads=8 head_dim=128 scale=0.0625; fastest impl and tile of each device'
points = 4
array series[5] = ['opencl NVIDIA H100 80GB HBM3, vm', 'opencl NVIDIA H100 80GB HBM3, vm', 'peer:torch', 'vulkan NVIDIA H100 80GB HBM3, vm', 'vulkan NVIDIA H100 80GB HBM3, vm']
array colour[5] = ['#0072b2', '#cc79a7', '#56b4e9', '#009e73', '#e69f00']
show = '2 5'
array row_label[2] = ['kv_seq_len=1024 kv_capacity=1024', 'kv_seq_len=4096 kv_capacity=4096']
rows = 2
xmin = 10
# Time by device: one bar per problem and device with its interval, logarithmic, shorter is better.
# Before this file: set terminal and output, data (CSV file), title, subtitle, points (rows of data), rows (problems),
# row_label[], xmin (us), series[] and colour[] (devices, from 1), show (numbers of the devices that have data, as words).
set datafile separator comma
set title title."\n".subtitle noenhanced
if (points == 0) {
    set xrange [0:1]; set yrange [0:1]; unset tics
    plot NaN notitle
    exit
}
set logscale x
set xlabel 'median time of a launch with its 95 % interval (µs, logarithmic; shorter is better)' noenhanced
set xrange [xmin:*]
set yrange [rows - 0.45:-0.55]
set grid xtics lc rgb '#999999' lt 1 lw 0.4
set tics nomirror out
set border 3
set pointintervalbox 0
set key bottom outside center horizontal noenhanced height 0.6 samplen 2
set bars 0.5
set ytics noenhanced ('' 0)
do for [i = 1:rows] { set ytics add (row_label[i] i - 1) }
nshow = words(show)
width = 0.8 / nshow
rank(k) = sum [i = 1:nshow] (int(word(show, i)) <= int(k))
place(row, k) = row - 0.4 + width * (rank(k) - 0.5)
plot for [k in show] data skip 1 using (xmin):($3 == int(k) ? place($1, k) : NaN):(xmin):($7 / 1e3): \
         (place($1, k) - width * 0.42):(place($1, k) + width * 0.42) \
         with boxxyerror lc rgb colour[int(k)] fs solid 0.8 noborder title series[int(k)], \
     for [k in show] data skip 1 using ($7 / 1e3):($3 == int(k) ? place($1, k) : NaN):($8 / 1e3):($9 / 1e3) \
         with xerrorbars lt -1 lw 1 pt 7 ps 0.2 notitle
