/* The result of a call as JSON text, written from the rows as they come. It is the text that rille.json.encode writes
 * of the same result with `model`.
 *
 * Rows come breadth-first. Those of a result without relations are written into the text directly. Otherwise each row
 * is written once, into the buffer of its node, with the place of its children. All are joined at the end. What cannot
 * be JSON is an error of the text, not of the call. It is kept, and reported when the caller asks for the text. */
#ifndef RL_RUN_DOCUMENT_H
#define RL_RUN_DOCUMENT_H

#include "run/json_cells.h"

typedef struct rl_document rl_document;

rl_document *rl_document_new(void); /* NULL when out of memory */
void rl_document_free(rl_document *d);
size_t rl_document_bytes(const rl_document *d); /* memory that it keeps */

/* Begins the text of a call. how: bits of json_cells.h. `compiled` is borrowed until the next text.
 * Errors: VALIDATION if the result has no rows. */
rille_status rl_document_begin(rl_document *d, rl_compiled *compiled, uint32_t how, rl_error *err);
/* Takes a row. again: it is the row before, now below another parent. */
void rl_document_add(rl_document *d, const rille_row *row, bool again);
void rl_document_rewind(rl_document *d); /* forgets the rows of this piece */
void rl_document_next(rl_document *d);   /* the next piece of a stream */
/* Returns the text, or the piece; last: no other follows. Borrowed until the document is used again. Errors: P2006 with
 * the path for what JSON does not have; VALIDATION for a Json field that is not JSON. */
rille_status rl_document_text(rl_document *d, bool last, rl_str *out, rl_error *err);
/* The same for the whole text, but an error is left for rl_document_text: false. */
bool rl_document_peek(rl_document *d, rl_str *out);
uint32_t rl_document_how(const rl_document *d);

#endif
