# file: rms_norm.cl
# One row too many is written where the grid has two axes.
s|row >= p\.rows|row > p.rows|
