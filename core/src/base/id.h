/* Random and generated identifiers, as Prisma's default functions make them. Thread-safe and fork-safe:
 * randomness comes from the operating system. Each function writes a terminated text and returns its length, 0 when the
 * system gave no randomness. */
#ifndef RL_BASE_ID_H
#define RL_BASE_ID_H

#include <stdbool.h>
#include <stddef.h>

#define RL_ID_MAX 256 /* room that suffices for every function; nanoid is at most 255 */

bool rl_random(void *p, size_t len);
size_t rl_id_uuid4(char out[RL_ID_MAX]);
size_t rl_id_uuid7(char out[RL_ID_MAX]); /* sorts by time, also within one millisecond in one process */
size_t
rl_id_cuid(char out[RL_ID_MAX]); /* version 1, 25 characters, starts with c, later ids sort later within a process */
size_t rl_id_cuid2(char out[RL_ID_MAX]);               /* 24 characters */
size_t rl_id_ulid(char out[RL_ID_MAX]);                /* monotonic within one millisecond in one process */
size_t rl_id_nanoid(char out[RL_ID_MAX], size_t size); /* URL-safe alphabet; size 2 to 255 */

#endif
