/* What is known of SQLite without its driver. */
#include "driver/facts_row.h"

static const char *const schemes[] = {"file", "sqlite", NULL};

const rl_facts rl_facts_sqlite = {
    .schemes = schemes,
    .examples = "file:./dev.db or sqlite::memory:",
    .first_url = "file:./dev.db",
    .memory_url = "sqlite::memory:",
    .library = "sqlite",
    .file_based = true,
};
