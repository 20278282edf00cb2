/* What parent and worker send each other through their channel (worker.c). */
#ifndef MXB_NOTE_H
#define MXB_NOTE_H
#include "harness/job.h"

struct note {
    uint64_t build;                  /* of mlxbench */
    uint64_t serial;                 /* 1, 2, ...; the answer has its question's */
    struct job *job;                 /* NULL = close the device and end */
};

/* Is a message of `bytes` the answer to that question?  A kernel may have written it: only what its length covers is
 * looked at. */
static inline bool note_answers(const struct note *message, size_t bytes, const struct note *asked)
{
    return bytes == sizeof(*message) && message->build == asked->build && message->serial == asked->serial &&
           message->job == asked->job;
}
#endif
