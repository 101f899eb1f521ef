/* What is known of PostgreSQL without its driver. */
#include "driver/facts_row.h"

static const char *const schemes[] = {"postgresql", "postgres", NULL};

const rl_facts rl_facts_postgres = {
    .schemes = schemes,
    .examples = "postgresql://user@host:5432/database, postgres://...",
    .first_url = "postgresql://postgres:postgres@localhost:5432/app",
    .library = "libpq",
    .server = true,
};
