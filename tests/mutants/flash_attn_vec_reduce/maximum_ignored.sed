# file: common/attend_merge.cl.h common/attend_merge.glsl common/attend_split_cpu.h
# Groups are weighted as if they had one maximum.
s/mine == m ? 1.0f : exp(mine - m)/1.0f/
s/mine == m ? 1.0 : exp(mine - m)/1.0/
s/const float e = .*;/const float e = 1 + 0 * m;/
