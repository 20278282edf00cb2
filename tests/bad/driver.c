/* A driver for OpenCL and for Vulkan that goes wrong, as FAKE_DRIVER says, when its loader opens it. */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

__attribute__((constructor)) static void load(void)
{
    const char *how = getenv("FAKE_DRIVER");
    if (!how) return;
    if (strcmp(how, "crash") == 0) raise(SIGSEGV);
    if (strcmp(how, "abort") == 0) abort();
    if (strcmp(how, "exit") == 0) exit(0);
    while (strcmp(how, "hang") == 0) pause();
}
