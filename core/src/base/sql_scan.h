/* SQL as tokens, cut where the database itself cuts: the one place that knows quotes, comments, dollar quotes, names
 * and placeholders. Cutting scripts, numbering placeholders and reading catalogues are users of it.
 *
 * The tokens of a text follow each other without a gap and cover all of it. Nothing is allocated: a token borrows from
 * the text. What the database would refuse is cut somehow, and stays in the text for the database to say so. */
#ifndef RL_BASE_SQL_SCAN_H
#define RL_BASE_SQL_SCAN_H

#include "base/provider.h"

typedef enum rl_sql_kind {
  RL_SQL_END, /* of the text; empty */
  RL_SQL_SPACE,
  RL_SQL_COMMENT,
  RL_SQL_WORD,     /* a keyword, or a name without quotes */
  RL_SQL_NAME,     /* a name in quotes. SQLite may take "x" for a string */
  RL_SQL_STRING,   /* a constant in quotes of any kind, with the letter before them: '', E'', X'', $$ */
  RL_SQL_NUMBER,   /* with the letters that follow at once, which no database takes */
  RL_SQL_QUESTION, /* one `?`: a placeholder without a number. On PostgreSQL it may belong to an operator */
  RL_SQL_NUMBERED, /* $1 on every database, ?1 on SQLite */
  RL_SQL_NAMED,    /* SQLite: :name, @name, $name */
  RL_SQL_SIGN      /* one byte of anything else */
} rl_sql_kind;

typedef struct rl_sql_token {
  rl_sql_kind kind;
  bool open;       /* a string, name or comment that the text ends within */
  uint32_t number; /* of a NUMBERED one; RL_SQL_NUMBER_MAX when it is greater */
  rl_str text;
} rl_sql_token;

#define RL_SQL_NUMBER_MAX 1000000u

/* What has a body of statements of its own. */
typedef struct rl_sql_bodies {
  const char *kinds[2]; /* CREATE of them may have one, */
  const char *atomic;   /* from BEGIN on, or from this word behind BEGIN */
  bool parentheses;     /* statements may stand in parentheses: those of a rule */
} rl_sql_bodies;

/* What sets one database's SQL apart. */
typedef struct rl_sql_rules {
  char mark;               /* before the number of a placeholder, as the driver wants it */
  const char *line_ends;   /* the bytes that end a -- comment */
  bool nested_comments;    /* a comment may contain comments */
  bool open_comments;      /* the end of the text closes a comment; else it is an error */
  bool dollar_quotes;      /* $tag$ ... $tag$ */
  bool string_prefixes;    /* E'...' with backslashes and the parts that continue it on other lines, B'', N'', U&'' */
  bool question_operators; /* `?` may belong to an operator; else it is always a placeholder, also as in ?1 */
  bool named_placeholders; /* :x, @x and $x */
  bool odd_names;          /* `x` and [x] */
  bool blank_marks;        /* a byte order mark is white space */
  rl_sql_bodies bodies;
} rl_sql_rules;

extern const rl_sql_rules rl_sql_rules_postgres, rl_sql_rules_sqlite;

const rl_sql_rules *rl_sql_rules_of(rl_provider provider);

typedef struct rl_sql_scan {
  const rl_sql_rules *rules;
  const char *at, *end;
  bool continues, new_line; /* an E'' has just ended; and there was an end of line since */
} rl_sql_scan;

/* provider: a database of providers.def. */
void rl_sql_scan_init(rl_sql_scan *s, rl_str sql, rl_provider provider);
rl_sql_token rl_sql_next(rl_sql_scan *s);
/* Passes over white space and comments, but for a comment that is an error because it does not end. */
rl_sql_token rl_sql_next_solid(rl_sql_scan *s);

static inline bool rl_sql_is_blank(const rl_sql_scan *s, rl_sql_token t) {
  return t.kind == RL_SQL_SPACE || (t.kind == RL_SQL_COMMENT && (!t.open || s->rules->open_comments));
}
static inline bool rl_sql_is_sign(rl_sql_token t, char sign) {
  return t.kind == RL_SQL_SIGN && *t.text.p == sign;
}
/* A WORD in capitals or not; `upper` in capitals. */
bool rl_sql_is_word(rl_sql_token t, const char *upper);
/* Whether the byte may stand within a name without quotes. */
bool rl_sql_is_name_byte(char c);

/* Lines from 1, and columns in characters from 1: of a place in a text that is read from its beginning to its end. */
typedef struct rl_sql_place {
  const char *at;
  uint32_t line, column;
} rl_sql_place;
void rl_sql_place_move(rl_sql_place *p, const char *to); /* never backwards */

#endif
