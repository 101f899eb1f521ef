/* Each database's part of migrations: its statements, and the steps that only it takes. Strings are static. Functions
 * that write SQL append it to `sql`. */
#ifndef RL_MIGRATE_PROVIDER_H
#define RL_MIGRATE_PROVIDER_H

#include "migrate/structure/describe.h"

typedef struct rl_migrate_part {
  /* structure; see describe.h */
  rille_status (*describe)(rl_session *s, const rl_str *namespaces, size_t count, rl_db *out, rl_error *err);
  rille_status (*normalize)(rl_session *s, rl_db *wanted, const rl_db *live, rl_error *err);
  const rl_db_known_type *(*known_type)(rl_str type, size_t *len); /* see rl_db_known_type_of */
  const char *(*family)(rl_str type);                              /* see rl_db_family; NULL: types are exact */
  bool hides_computed;         /* Prisma does not see generated columns, so a schema has none */
  const char *automatic_index; /* prefix of the names of indexes that the database created; NULL: it creates none */
  /* Two halves of a statement, each before the name of a table as a literal: gives the first table the counter of the
   * second. NULL: a rebuilt table keeps its counter. */
  const char *keep_count[2];
  const char *script_keys_off, *script_keys_on; /* around rebuilt tables in a script; NULL: none */
  /* databases */
  const char *admin_database; /* to connect to while another is created; NULL: opening creates a database */
  rl_str backup_head;         /* the first bytes of a backup's file; at most 16 */
  const char *backup_title;   /* what a backup's file is */
  const char *(*contents)(const rl_conn_options *o); /* a query for the name of one table or view */
  /* the history: printf formats of the table's name, quoted */
  const char *create_history_sql, *read_history;
  void (*write_has_history)(rl_buf *sql, rl_str table);
  void (*write_has_tables)(rl_buf *sql, const rl_str *namespaces, size_t count); /* other than the history's */
  /* a run */
  const char *settings; /* a query: the schema of unqualified names, then three settings; NULL: it has neither */
  void (*restore)(rl_session *s, const rl_str *settings, rl_error *ignored); /* restores the session after a script */
  bool script_timeouts;     /* it has SET lock_timeout and statement_timeout */
  bool sends_whole_scripts; /* scripts with their own transactions; otherwise one statement at a time */
  const char *count_broken; /* a query for the number of rows that break a foreign key; NULL: keys are always checked */
  const char *first_broken; /* a query for the table and parent of one such row; NULL: keys are always checked */
  const char *try_lock, *release_lock; /* the lock of a run; NULL: a file next to the database */
  const char *lock_name;               /* for messages */
  /* Writes statements for triggers on all tables of a structure, which send the notices of run/foreign.h; drop: those
   * that remove them. NULL: the database has no notifications. */
  void (*write_cache_triggers)(rl_buf *sql, const rl_db *wanted, bool drop);
  const char *lock_switch; /* the environment variable that turns it off; NULL: none */
} rl_migrate_part;

extern const rl_migrate_part rl_migrate_part_postgres, rl_migrate_part_sqlite;

const rl_migrate_part *rl_migrate_part_of(rl_provider provider);

#endif
