# file: sdpa.cl sdpa.comp sdpa_cpu_body.h
# The window holds one key too many.
s/own - p.window_size :/own - min(own, p.window_size + 1) :/
s/own - p->window_size :/(own > p->window_size ? own - p->window_size - 1 : 0) :/
