# file: sdpa.cl sdpa.comp sdpa_cpu_body.h
# The window holds window_size keys, as that of the mask builder and of decode attention.
s/own - p.window_size :/own - p.window_size + 1 :/
s/own - p->window_size :/own - p->window_size + 1 :/
