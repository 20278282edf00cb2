set encoding utf8
set terminal svg size 900,1820 dynamic enhanced font 'sans-serif,13'
set output 'errors.svg'
data = 'errors.csv'
title = 'Error by entry and device'
subtitle = 'worst of all cases; at or below 0.01: bit equal or nearly so'
points = 71
array series[5] = ['opencl NVIDIA H100 80GB HBM3, vm', 'opencl NVIDIA H100 80GB HBM3, vm', 'peer:torch', 'vulkan NVIDIA H100 80GB HBM3, vm', 'vulkan NVIDIA H100 80GB HBM3, vm']
array colour[5] = ['#0072b2', '#cc79a7', '#56b4e9', '#009e73', '#e69f00']
show = '1 2 4 5'
array row_label[33] = ['bench_spin_u32', 'rms_norm_f32', 'rms_norm_bf16', 'flash_attn_prefill_f16_d256', 'flash_attn_prefill_f16_d128', 'flash_attn_prefill_bf16_d128', 'flash_attn_prefill_f16_d64', 'flash_attn_prefill_bf16_d256', 'flash_attn_vec_f16kv_dk256', 'flash_attn_vec_f16kv_dk128', 'flash_attn_vec_reduce_dk128', 'flash_attn_vec_reduce_dk256', 'scale_mask_softmax_f32', 'sdpa_bf16', 'flash_attn_prefill_f16_d256_boolmask', 'flash_attn_prefill_f16_d512', 'flash_attn_prefill_f16_d512_boolmask', 'flash_attn_vec_reduce_tq_hb_undo_dk256', 'fwht_sign_undo_f32_d256', 'merge_undo', 'flash_attn_vec_reduce_tq_hb_undo_dk512', 'flash_attn_vec_reduce_dk512', 'fwht_sign_undo_f32_d512', 'flash_attn_prefill_llamacpp_bf16_d512', 'flash_attn_vec_tq_hb_dk256', 'fwht_sign_premult_f32_d256', 'flash_attn_vec_dk256', 'aura_flash_p1_kb4_vb2_d256', 'aura_flash_pass2_d256', 'aura_flash_p1_kb4_vb4_d128', 'aura_flash_pass2_d128', 'sdpa_decode', 'gated_delta_net_recompute_wu_bf16']
rows = 33
# Error in sigma per entry point: the largest error (filled) and the root mean square (hollow) of each device against
# their gates.  Before this file: terminal, output, data, title, subtitle, points, rows, row_label[], series[], colour[],
# show (series that have data).
set datafile separator comma
set title title."\n".subtitle noenhanced
if (points == 0) {
    set xrange [0:1]; set yrange [0:1]; unset tics
    plot NaN notitle
    exit
}
least = 0.01
shown(x) = x < least ? least : x > 1e6 ? 1e6 : x
stats data skip 1 using 6 nooutput
set logscale x
set xlabel "error in its own standard deviations (σ, logarithmic)\nfilled: the largest (gate 8, line); hollow: the root mean square (gate 1, dashed)" noenhanced
set xrange [least * 0.8:(STATS_max < 20 ? 20 : shown(STATS_max) * 3)]
set yrange [rows - 0.5:-0.5]
set grid xtics lc rgb '#999999' lt 1 lw 0.4
set tics nomirror out
set border 3
set key bottom outside center horizontal noenhanced height 0.6 samplen 2
set ytics noenhanced ('' 0)
do for [i = 1:rows] { set ytics add (row_label[i] i - 1) }
set arrow 1 from 1, graph 0 to 1, graph 1 nohead dt 2 lw 1.5 lc rgb '#808080'
set arrow 2 from 8, graph 0 to 8, graph 1 nohead lc rgb '#c03030' lw 1.5
nshow = words(show)
width = 0.7 / nshow
rank(k) = sum [i = 1:nshow] (int(word(show, i)) <= int(k))
place(row, k) = row - 0.35 + width * (rank(k) - 0.5)
plot for [k in show] data skip 1 using (shown($6)):($3 == int(k) ? place($1, k) : NaN) \
         with points pt 7 ps 0.8 lc rgb colour[int(k)] title series[int(k)], \
     for [k in show] data skip 1 using (shown($5)):($3 == int(k) ? place($1, k) : NaN) \
         with points pt 6 ps 0.8 lc rgb colour[int(k)] notitle
