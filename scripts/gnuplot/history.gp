# History of a case: the median of each run with its interval, oldest first, one series per device; change points are marked.
# Before this file: terminal, output, data, title, subtitle, points, runs, changes, series[], colour[], show (series that have data).
# Column 10 of the data is 1 where the level changed with that run.
set datafile separator comma
set title title."\n".subtitle noenhanced
if (points == 0) {
    set xrange [0:1]; set yrange [0:1]; unset tics
    plot NaN notitle
    exit
}
set label 1 'run: day, time (UTC), commit' at screen 0.5, 0.03 center noenhanced
set ylabel 'median time, 95 % interval (µs)' noenhanced
set grid ytics lc rgb '#999999' lt 1 lw 0.4
set tics nomirror out
set border 3
set pointintervalbox 0
set key top outside center horizontal noenhanced samplen 2
set xrange [-0.5:runs - 0.5]
set yrange [0:*]
set bmargin 10
set rmargin 12
set xtics rotate by -35 left noenhanced
every_nth = runs > 12 ? ceil(runs / 12.0) : 1
tick(i, when, commit) = int(i) % every_nth ? '' : substr(when, 6, 10).' '.substr(when, 12, 16).' '.substr(commit, 1, 7)
plot for [k in show] data skip 1 using 1:($5 == int(k) && $10 == 1 ? $7 / 1e3 : NaN) \
         with impulses dt 3 lw 2 lc rgb colour[int(k)] notitle, \
     for [k in show] data skip 1 using 1:($5 == int(k) ? $7 / 1e3 : NaN):xtic(tick($1, strcol(3), strcol(4))) \
         with lines lw 1 lc rgb colour[int(k)] notitle, \
     for [k in show] data skip 1 using 1:($5 == int(k) ? $7 / 1e3 : NaN):($8 / 1e3):($9 / 1e3) \
         with yerrorbars lt 1 pt 7 ps 0.7 lc rgb colour[int(k)] title series[int(k)], \
     for [k in show] data skip 1 using 1:($5 == int(k) && $10 == 1 ? $7 / 1e3 : NaN) \
         with points pt 4 ps 2 lw 2 lc rgb colour[int(k)] title (changes ? 'level changed' : '')
