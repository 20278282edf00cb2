# file: aura_value_cpu_body.h
# Every part reads the first coordinates.
s/ + part \* w->table.bits//
