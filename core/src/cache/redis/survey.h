/* Counts what a server has under a prefix, or removes its answers: a few hundred keys per command, so others hardly
 * wait. It asks even if the server is left alone for a while, and says why it fails. */
#ifndef RL_CACHE_REDIS_SURVEY_H
#define RL_CACHE_REDIS_SURVEY_H

#include "cache/redis/remote.h"

typedef struct rl_survey_figures {
  int64_t entries, bytes; /* answers, and the bytes of their keys, dependencies and values */
  int64_t stamps, marks;  /* names, and writes of them that are under way or unknown */
  int64_t computing;      /* answers that somebody computes */
  int64_t outdated;       /* keys from before the server was started again */
  int64_t removed;
  int64_t memory, max_memory; /* of the whole server; -1: not known. max_memory 0: no limit */
  bool partial;               /* there are too many keys, not all were seen */
} rl_survey_figures;

typedef enum rl_survey_stage {
  RL_SURVEY_TAKE,
  RL_SURVEY_CONNECT,
  RL_SURVEY_PAY,    /* what is owed is on its way */
  RL_SURVEY_SCAN,   /* a part of the keys is awaited */
  RL_SURVEY_MEMORY, /* the server's memory is awaited */
  RL_SURVEY_OVER
} rl_survey_stage;

typedef struct rl_survey {
  rl_survey_stage stage;
  rl_remote *remote; /* retained */
  rl_link *link;     /* owned while it is used */
  bool clears;
  int64_t until_ms;  /* of the current command */
  int64_t giveup_ms; /* no further part is asked for afterwards */
  uint64_t debt;     /* what is being paid */
  char cursor[24];
  rl_survey_figures figures;
} rl_survey;

/* clears: makes everything stale first, for all databases under the prefix, then removes the answers. Until the server
 * has been told, this process uses nothing from it. */
void rl_survey_begin(rl_survey *s, rl_remote *r, bool clears);
/* AGAIN: wait, then call again. DONE: figures. P1001: the server cannot be reached, or has refused. */
rille_status rl_survey_next(rl_survey *s, rl_wait *wait, rl_error *err);
void rl_survey_end(rl_survey *s); /* any time; idempotent */

#endif
