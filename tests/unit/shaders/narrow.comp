#version 450
#extension GL_EXT_shader_16bit_storage : require
#extension GL_EXT_shader_8bit_storage : require
// h[i] = f16(b[i] / 8), b[i] = b[i] ^ 0x55: storage narrower than 32 bits, which a device has to be opened for.
layout(local_size_x = 64) in;
layout(set = 0, binding = 0) buffer B { uint8_t b[]; };
layout(set = 0, binding = 1) writeonly buffer H { float16_t h[]; };

void main()
{
    uint i = gl_GlobalInvocationID.x;
    if (i < uint(b.length())) {
        uint v = uint(b[i]);
        h[i] = float16_t(float(v) / 8.0);
        b[i] = uint8_t(v ^ 0x55u);
    }
}
