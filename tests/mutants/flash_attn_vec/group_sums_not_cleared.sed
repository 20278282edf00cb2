# file: common/attend_split_cpu.h
# The sums of an item begin with what the last one left.
s/attend_clear(t);/(void)t;/
