/* Input: what comes from outside (a decoded form, a decoded JSON body) as data for `create` and `update`.
 *
 * A list of allowed fields decides what is read. Values are cast by the schema, compared with native types and with the
 * rules of the doc comments. What is wrong is not an error: it is a fault of its field, and all faults are found.
 * Nothing is sent to a database. */
#ifndef RILLE_INPUT_H
#define RILLE_INPUT_H

#include <rille/model.h>
#include <rille/tape.h>

RILLE_BEGIN_DECLS

typedef struct rille_input rille_input;

/* For which call the data is. Of an update nothing is required. */
#define RILLE_INPUT_CREATE 0
#define RILLE_INPUT_UPDATE 1

typedef struct rille_input_options {
  uint32_t struct_size; /* sizeof(rille_input_options) */
  int32_t mode;         /* RILLE_INPUT_CREATE or RILLE_INPUT_UPDATE */
  /* What the form may say: { title = true, tags = { name = true }, author = "connect" }. Lists of names are accepted
   * too. A relation with fields takes new rows, one with "connect" existing rows, each named by a unique key. */
  rille_tape *allow;
  rille_tape *required;   /* NULL, or the fields that must be given in addition to those that the schema requires */
  int32_t report_unknown; /* 1: names that are not allowed are faults; 0: they are left out */
  uint32_t max_depth;     /* levels of tables; 0: 8 */
  uint32_t max_items;     /* elements of each list; 0: 1,000 */
  uint32_t max_fields;    /* names; 0: 1,000 */
  const char *zone;       /* of date-times without an offset: "+02:00"; NULL: UTC */
  const int32_t *offsets; /* the same for the first ones, in the order of rille_input_local: minutes east of UTC */
  uint32_t offset_count;
  uint32_t reserved; /* 0 */
} rille_input_options;

/* Reads a form. The form is one value of a tape: an object, or anything else, which is a fault. Any thread, each tape
 * by one at a time. The caller owns *out: rille_input_free. Its texts are borrowed from the tape of the form and from
 * what that borrows, so both must outlive it; the schema is kept. Errors: VALIDATION if there is no such model, or if
 * the options or a tape are wrong. */
RILLE_API rille_status rille_input_read(const struct rille_schema *s, int32_t model, rille_tape *form,
                                        const rille_input_options *options, rille_input **out, rille_error **err);
RILLE_API void rille_input_free(rille_input *i); /* NULL is fine */

/* What cannot be read, at its place in the tape of a form: a value of another library, a table that is neither a list
 * nor has only names, what is beyond a bound. text: "too_deep", "too_many", or nothing. */
#define RILLE_MARK_UNREADABLE 8

/* ------------------------------------------------------------------ the faults */

typedef struct rille_input_fault {
  uint32_t struct_size; /* set by the caller */
  int32_t own_message;  /* 1: the message is the one that the schema has in @message */
  rille_text path;      /* "title", "tags.2.name"; "base": the form as a whole */
  rille_text code;      /* "required", "too_short", ...: docs/input.md lists them */
  rille_text message;   /* for the person at the form */
  rille_text limit;     /* what the message names: a bound, a list of values; empty: none */
  rille_value value;    /* what was given, if it is a scalar; otherwise NULL */
} rille_input_fault;

RILLE_API size_t rille_input_fault_count(const rille_input *i); /* at most 1,000; 0: the data can be used */
/* Fills in a fault; its texts are borrowed from the input. Returns 0 if out of range. */
RILLE_API int rille_input_fault_get(const rille_input *i, size_t index, rille_input_fault *out);

/* ------------------------------------------------------------------ the data, if there are no faults */

/* Writes the data as one value: what is `data` of create or update. Null if there are faults. */
RILLE_API void rille_input_write(const rille_input *i, rille_tape *t);

#define RILLE_INPUT_KEY 1 /* value: its text */
#define RILLE_INPUT_VALUE 2
#define RILLE_INPUT_OPEN_OBJECT 3
#define RILLE_INPUT_CLOSE_OBJECT 4
#define RILLE_INPUT_OPEN_LIST 5
#define RILLE_INPUT_CLOSE_LIST 6
/* Returns RILLE_ROW with the next token of the data, whose value is borrowed from the input, or RILLE_DONE. One thread
 * at a time. */
RILLE_API rille_status rille_input_next(rille_input *i, int32_t *token, rille_value *value);

/* ------------------------------------------------------------------ date-times without an offset */

/* For zones whose offset depends on the day: read, look up the offset of each local date-time, and read again with
 * `offsets`. Microseconds since 1970-01-01T00:00:00, as if the date-time were UTC. */
RILLE_API size_t rille_input_local_count(const rille_input *i);
RILLE_API int64_t rille_input_local(const rille_input *i, size_t index); /* 0 if out of range */

RILLE_END_DECLS
#endif
