/* Runs a fuzz target over the inputs of tests/fuzz/corpus/TARGET that were written by hand or have found something,
 * without libFuzzer: one test each.  A failure ends it, as it does while fuzzing. */
#include <assert.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t n);

static size_t read_input(const char *name, unsigned char **data)
{
    enum { MOST = 1 << 16 };
    char path[512];
    snprintf(path, sizeof path, "tests/fuzz/corpus/%s/%s", FUZZ_TARGET, name);
    unsigned char *room = malloc(MOST);
    FILE *f = fopen(path, "rb");
    assert(f && room);
    const size_t n = fread(room, 1, MOST, f);
    fclose(f);
    *data = realloc(room, n ? n : 1);                /* of its very length, for ASan to see reads beyond */
    assert(*data);
    return n;
}

int main(void)
{
    struct dirent **entry;
    int done = 0;
    const int n = scandir("tests/fuzz/corpus/" FUZZ_TARGET, &entry, NULL, alphasort);
    assert(n > 0);
    for (int i = 0; i < n; i++) {
        unsigned char *data;
        if (entry[i]->d_name[0] != '.') {
            const size_t bytes = read_input(entry[i]->d_name, &data);
            LLVMFuzzerTestOneInput(data, bytes);
            free(data);
            printf("ok %d - %s\n", ++done, entry[i]->d_name);
            fflush(stdout);
        }
        free(entry[i]);
    }
    free(entry);
    printf("1..%d\n", done);
    return done == 0;
}
