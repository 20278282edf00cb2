# file: common/attend_split_cpu.h
# Behind its last group an item goes on with the next item's first one.
s/own < g + n ? chunk :/own <= g + n ? chunk :/
