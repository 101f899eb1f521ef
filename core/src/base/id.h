/* Random and generated identifiers, like those of Prisma's default functions. Thread-safe and fork-safe: randomness
 * comes from the operating system. Each function writes a terminated string and returns its length, or 0 if the system
 * has no randomness. */
#ifndef RL_BASE_ID_H
#define RL_BASE_ID_H

#include <stdbool.h>
#include <stddef.h>

#define RL_ID_MAX 256 /* enough for every function; nanoid has at most 255 */

bool rl_random(void *p, size_t len);
size_t rl_id_uuid4(char out[RL_ID_MAX]);
size_t rl_id_uuid7(char out[RL_ID_MAX]); /* sorts by time, also within one millisecond in one process */
size_t
rl_id_cuid(char out[RL_ID_MAX]); /* version 1, 25 characters, starts with c, later ids sort later within a process */
size_t rl_id_cuid2(char out[RL_ID_MAX]);               /* 24 characters */
size_t rl_id_ulid(char out[RL_ID_MAX]);                /* monotonic within one millisecond in one process */
size_t rl_id_nanoid(char out[RL_ID_MAX], size_t size); /* URL-safe alphabet; size 2 to 255 */

#endif
