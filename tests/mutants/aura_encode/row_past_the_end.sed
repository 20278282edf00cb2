# file: aura_encode.cl
# Rows past the last are written.  The Vulkan device drops the writes: not for the .comp file.
s/i < n \* words/i < ROWS * words/
