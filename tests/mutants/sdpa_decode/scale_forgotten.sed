# file: sdpa_decode.cl sdpa_decode.comp sdpa_decode_cpu_body.h
s/, p.scale, t)/, 1.0f, t)/
s/, p.scale)/, 1.0)/
s/.scale = p->scale/.scale = 1/
