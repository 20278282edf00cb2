# file: aura_encode.cl aura_encode.comp
# Rows of a group that is not full are left out.
s/const uint n = min((uint)ROWS, p.rows - row0);/const uint n = p.rows - row0 < ROWS ? 0u : ROWS;/; s/const uint n = min(ROWS, p.rows - row0);/const uint n = p.rows - row0 < ROWS ? 0u : ROWS;/
