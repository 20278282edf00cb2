# file: rms_norm.cl rms_norm.comp rms_norm_subgroup.comp rms_norm_cpu_body.h
# eps is added to the sum, not to the mean.
s|(part\[0\] / \(.*\)(p\.dim) + p\.eps)|((part[0] + p.eps) / \1(p.dim))|
s|(part\[0\] / (float)p\.dim + p\.eps)|((part[0] + p.eps) / (float)p.dim)|
s|(sum / float(p\.dim) + p\.eps)|((sum + p.eps) / float(p.dim))|
s|\(sum_squares(.*)\) / (float)p->dim + p->eps|(\1 + p->eps) / (float)p->dim|
