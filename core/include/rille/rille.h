/* rille: data access for PostgreSQL and SQLite. This header is all of the public interface. */
#ifndef RILLE_RILLE_H
#define RILLE_RILLE_H

#include <rille/backup.h>
#include <rille/cache.h>
#include <rille/client.h>
#include <rille/dev.h>
#include <rille/error.h>
#include <rille/events.h>
#include <rille/input.h>
#include <rille/listen.h>
#include <rille/lock.h>
#include <rille/migrate.h>
#include <rille/model.h>
#include <rille/migrations.h>
#include <rille/op.h>
#include <rille/provider.h>
#include <rille/schema.h>
#include <rille/sql.h>
#include <rille/tape.h>
#include <rille/tx.h>
#include <rille/types.h>
#include <rille/url.h>
#include <rille/validate.h>
#include <rille/value.h>
#include <rille/version.h>

#endif
