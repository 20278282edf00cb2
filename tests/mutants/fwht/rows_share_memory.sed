# file: fwht.cl fwht.comp
# All rows of a workgroup use the first row's local memory.
s/x + t \/ LANES \* DIM/x/
s/mine = t \/ lanes \* DIM/mine = 0u/
