/* A cache that several processes share in a Redis server. It has entries, and for each name a stamp (a random number)
 * and the marks of writes under way. run asks it after the cache of the process, which still decides who computes in
 * this process and what this process is writing.
 *
 * A read:  rl_talk_ask before the first statement. COMPUTE: rl_talk_stamps before each further statement that reads
 *          other names, then rl_talk_keep with the answer, or without one.
 * A write: rl_talk_mark before COMMIT (or the single statement) is sent, rl_talk_settle when its outcome is known.
 *
 * Why it is right. An entry is kept with the stamps that were read before its statement, and only if they are the same
 * afterwards and nothing is marked; a hit compares them again. A write marks before it can be visible and sets new
 * stamps after its outcome. So between the statement and the check of a hit nothing that the entry depends on became
 * visible. Each script is one step of the server, so no write slips between its checks.
 * - Two writers: each has its own token, and a name is being written as long as it has a token. Either one's end sets a
 *   new stamp, so what was read between them is not kept.
 * - A writer that dies between mark and settle: its token counts for RL_REMOTE_MARK_MS; the first one who sees it after
 *   that drops the stamp with it, so what was kept before is never given again.
 * - A lost name (evicted, flushed): a missing stamp equals none. If a mark was lost with it, others may get the old
 *   answer until the write has settled, some milliseconds, as with notices.
 * - A server that was started again, or a replica that took over, may have old stamps: keys contain the life of the
 *   server, which each connection asks for, so everything from before counts as missing.
 * - What could not be delivered is owed. The next conversation delivers it first; until it has succeeded, this process
 *   gets nothing from the server and keeps nothing there. Other processes see the mark until it expires, or, if it was
 *   not delivered either, old answers until their ttl.
 * - A server that does not answer within the limit of its URL is left alone for a pause, and everything is a miss. */
#ifndef RL_CACHE_REDIS_REMOTE_H
#define RL_CACHE_REDIS_REMOTE_H

#include "cache/cache.h"
#include "cache/redis/link.h"
#include "cache/redis/scripts.h"

#define RL_REMOTE_MARK_MS 30000 /* how long a mark counts; also after an unknown outcome */
#define RL_REMOTE_LOCK_MS 5000  /* how long others wait for one that computes and gives no sign */

/* ------------------------------------------------------------------ the server */

typedef struct rl_remote rl_remote;

/* Returns the server of a URL and prefix in this process, with one more reference; it connects when it is asked.
 * most: bytes of an entry. VALIDATION: the URL is wrong, or this build has no Redis. Any thread may use it. */
rille_status rl_remote_open(rl_str url, rl_str prefix, size_t most, rl_remote **out, rl_error *err);
rl_remote *rl_remote_retain(rl_remote *r);
void rl_remote_release(rl_remote *r);
const char *rl_remote_display(const rl_remote *r); /* the URL for messages */
uint64_t rl_remote_number(const rl_remote *r);     /* of address, database and prefix; never 0 */

typedef struct rl_remote_figures {
  bool away;         /* it is left alone for a while */
  bool owes;         /* something could not be delivered yet */
  char problem[160]; /* of the last failure; "": none since */
} rl_remote_figures;
void rl_remote_count(rl_remote *r, rl_remote_figures *out);

/* ------------------------------------------------------------------ one computation, one write */

enum { RL_STAMP_SIZE = 32, RL_TOKEN_SIZE = 33, RL_ENTRY_DIGITS = 64 };

typedef struct rl_note {
  rl_name name;
  char stamp[RL_STAMP_SIZE];
} rl_note;

/* What a computation depends on, with the stamps of the server. Owned memory. */
typedef struct rl_remote_work {
  rl_note *notes;
  size_t count, cap;
  bool asked;      /* it has an entry and a token */
  bool spoiled;    /* it will not be kept */
  int64_t born_ms; /* when it began, or the hit did, by the server's clock; 0: unknown */
  char entry[RL_ENTRY_DIGITS + 1], token[RL_TOKEN_SIZE];
  rl_buf key;
} rl_remote_work;

void rl_remote_work_init(rl_remote_work *w);
void rl_remote_work_dispose(rl_remote_work *w);
void rl_remote_work_clear(rl_remote_work *w); /* keeps memory */
/* Adds what a hit inside a computation depends on. A value is as old as its parts. */
void rl_remote_work_add(rl_remote_work *w, const rl_remote_work *hit);

/* A write under way. */
typedef struct rl_remote_writing {
  rl_remote *remote; /* retained while it is open; NULL: no write is under way */
  rl_names names;    /* owned */
  bool marked;       /* the server knows */
  bool counted;      /* this process uses nothing until its end */
  char token[RL_TOKEN_SIZE];
} rl_remote_writing;
/* Ends a write without a conversation: the next one delivers it. */
void rl_remote_owe(rl_remote_writing *w, rl_write_outcome outcome, const rl_names *done);
/* Makes names stale that others have written (what triggers notify, revalidations, `everything` for a clear): the next
 * conversation delivers it. */
void rl_remote_owe_names(rl_remote *r, const rl_names *names, bool unknown);

/* ------------------------------------------------------------------ conversations */

typedef enum rl_remote_answer {
  RL_REMOTE_NONE,      /* the server has not answered, or cannot be used now: compute, and keep nothing there */
  RL_REMOTE_HIT,       /* talk->bytes, and what it depends on in talk->work */
  RL_REMOTE_STALE_HIT, /* the same, older than its ttl, while another process renews it */
  RL_REMOTE_COMPUTE,   /* the caller computes, and ends it with rl_talk_keep */
  RL_REMOTE_DONE       /* of the other conversations: the server has done it */
} rl_remote_answer;

typedef enum rl_talk_stage {
  RL_TALK_IDLE,
  RL_TALK_LINK,    /* taking a connection */
  RL_TALK_CONNECT, /* it connects, if it is new */
  RL_TALK_ANSWER,
  RL_TALK_PAUSE, /* another process computes */
  RL_TALK_OVER
} rl_talk_stage;

/* A conversation: begun by one of the functions below, continued by rl_talk_next until it is over. One at a time. */
typedef struct rl_talk {
  rl_talk_stage stage;
  rl_remote *remote; /* retained */
  rl_link *link;     /* owned while it is used */
  rl_script script;
  int64_t until_ms; /* of this conversation */
  int64_t limit_ms; /* the caller's: as long it waits for another process */
  int64_t pause_ms, pause_until_ms;
  rl_buf args;
  size_t arg_count;
  size_t wanted;                /* stamps: the notes from here on */
  int replies;                  /* that are still to come */
  bool pays, whole, lacks_text; /* pays: what is owed was sent in front. whole: scripts are sent as text */
  bool peeks, refuses;          /* refuses: the entry that the server has */
  int64_t ttl_ms, life_ms;
  const rl_names *names;
  uint64_t debt;             /* what is paid: the number of what was owed last */
  rl_remote_work *work;      /* borrowed */
  rl_remote_writing *writes; /* borrowed */
  rl_write_outcome outcome;
  const rl_names *done;
  /* when it is over */
  rl_remote_answer answer;
  rl_str bytes;   /* of a hit: valid until rl_talk_end */
  int64_t age_ms; /* of a hit */
} rl_talk;

void rl_talk_init(rl_talk *t);
void rl_talk_dispose(rl_talk *t); /* also ends it */

typedef struct rl_remote_question {
  rl_str key; /* everything that decides the answer, in every process */
  int64_t ttl_ms, stale_ms;
  bool peeks;            /* another caller of this process computes: only a hit is of use */
  int64_t limit_ms;      /* how long to wait for another process; INT64_MAX: as long as it computes */
  const rl_names *names; /* what is known to be read */
} rl_remote_question;
/* work: empty. All of these begin a conversation; work, writes and names live until it has ended. */
void rl_talk_ask(rl_talk *t, rl_remote *r, const rl_remote_question *q, rl_remote_work *work);
/* Before a statement: notes the names that are not noted yet. DONE, or the work is spoiled. */
void rl_talk_stamps(rl_talk *t, rl_remote *r, const rl_names *names, rl_remote_work *work);
/* Ends a computation. bytes.p NULL: there is no answer to keep. final: from now on it depends on these only, if what
 * was noted holds; NULL: on what was noted. DONE: it was kept. */
void rl_talk_keep(rl_talk *t, rl_remote *r, rl_remote_work *work, rl_str bytes, int64_t life_ms, const rl_names *final);
/* Opens a write. Whatever the answer is, the write goes on, and is ended once by one of the next two. */
void rl_talk_mark(rl_talk *t, rl_remote *r, rl_remote_writing *w, const rl_names *names);
/* done: what is stale now; NULL: the names of the mark. If it fails, or ends early, it is owed. */
void rl_talk_settle(rl_talk *t, rl_remote_writing *w, rl_write_outcome outcome, const rl_names *done);

/* Sends a keep or a settle without waiting for the answer: nothing has to be waited for, because until the server has
 * done it, others see the mark or find no entry. Returns false if that is not possible now: continue with rl_talk_next,
 * or end it. */
bool rl_talk_post(rl_talk *t);
/* AGAIN: wait, then call again. DONE: it is over, and t->answer says how; *wait stays as it is. It never fails. */
rille_status rl_talk_next(rl_talk *t, rl_wait *wait);
void rl_talk_end(rl_talk *t); /* any time; idempotent */

#endif
