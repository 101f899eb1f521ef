/* Texts that are addresses. Private to the input room. */
#ifndef RL_INPUT_ADDRESSES_H
#define RL_INPUT_ADDRESSES_H

#include "base/str.h"

/* An address such as ada@example.com: a local part of at most 64 bytes in the form that HTML's <input type=email>
 * takes, without dots at its ends or next to each other, and a domain with a dot in it. Letters beyond ASCII are taken
 * in both. */
bool rl_is_email(rl_str s);
/* An absolute http or https URL: a host, maybe a user, a port, a path, a query and a fragment, without white space. */
bool rl_is_url(rl_str s);

#endif
