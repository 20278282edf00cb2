# file: common/attend_split_cpu.h
# An item of several groups leaves out the chunks of its last one.
s/own < g + n ? chunk :/own < g + n - (n > 1) ? chunk :/
