-- The page and the Lua table of error codes, made from the one table of them, core/src/base/error_codes.def.
--
--   lua5.4 core/tools/errors.lua > docs/errors.md
--   lua5.4 core/tools/errors.lua --lua > lua/rille/codes.lua
--
-- Code, kind and title come from the table; what a caller should know beside them stands here. Runs from the root of the repository.

local TABLE = "core/src/base/error_codes.def"

-- met: how a caller meets it. todo: what to do. meta: keys of e.meta that belong to it. No text: this version never raises it.
local WORDS = {
  INTERNAL = {
    met = "A fault in rille itself, or memory is short.",
    todo = "Report it with the call that led to it.",
  },
  VALIDATION = {
    met = "An argument is wrong: an unknown model, method, argument, field or operator, a value of the wrong type, text that is not UTF-8, a `where` "
      .. "without a unique key, an empty `where` of `delete_many`. Nothing was sent.",
    todo = "Mend the call. The message begins with the path of what is wrong, and often names what is nearest to it.",
    meta = "path model field suggestion models",
  },
  P1000 = {
    met = "PostgreSQL refused user or password.",
    todo = "Look at user and password of the URL; letters such as `@` and `/` in a password are written `%40` and `%2F`.",
  },
  P1001 = {
    met = "Nobody answered at host and port of the URL in all attempts within `connect_timeout`; `meta.attempts` counts them when there were several.",
    todo = "Look at host and port, at the network, and whether the server runs. Raise `connect_timeout` in the URL for a server that sleeps.",
  },
  P1002 = {
    met = "The host was found, but connecting took longer than `connect_timeout` of the URL; or somebody else had an advisory lock for the whole of "
      .. "`wait`, or the lock of migrations for the whole of `lock_wait`.",
    todo = "Raise `connect_timeout`, or find out why the server is slow. For a lock: raise `wait` or `lock_wait`, or see what holds it for long.",
  },
  P1003 = {
    met = "The PostgreSQL database does not exist; or the SQLite file cannot be opened or made, or is no SQLite database.",
    todo = "`rille.push` makes a PostgreSQL database that is missing. For SQLite look at the path: its folder must exist. A relative path counts from "
      .. "the working directory.",
  },
  P1008 = {
    met = "An answer took longer than `socket_timeout` of the URL, a call longer than the `timeout` of `db:with`, the commit of a transaction "
      .. "longer than its `timeout` again, the server cancelled the statement "
      .. "(`statement_timeout`), or an SQLite database stayed locked by another connection (then `e.retryable` is true). "
      .. "With `inside_transaction` the call was made on `db` inside `db:transaction`, and waited for what that holds.",
    todo = "Shorten what holds locks, or raise the limit. Inside a transaction use `tx`. A write may have happened all the same: look before you repeat it.",
    meta = "inside_transaction",
  },
  P1009 = {
    met = "A `CREATE DATABASE` of `rille.push` met a database of that name, made by somebody else in the meantime.",
    todo = "Push again.",
  },
  P1010 = {
    met = "The user may not read or write the table or database; or the SQLite file may not be read or written.",
    todo = "Grant the right, or mend the owner and mode of the file.",
  },
  P1011 = {
    met = "No TLS connection came about: the certificate is not trusted, the server wants TLS and the URL refuses it, or the other way round.",
    todo = "Look at `sslmode`, `sslrootcert` and `sslaccept` of the URL.",
  },
  P1012 = {
    met = "The schema was not found, cannot be read, has faults, or is for another provider than the URL.",
    todo = "Mend the schema. The message has the first fault and the number of the others; `rille.validate(text)` returns all of them.",
    meta = "file line column",
  },
  P1013 = {
    met = "There is no URL, or it has an unknown scheme or parameter, or a malformed host, port or value.",
    todo = "Write `postgresql://user:password@host:5432/database` or `file:./dev.db`. The message never repeats the password.",
  },
  P1015 = {
    met = "The server, or the SQLite library, is older than what rille needs.",
    todo = "Use a newer one; the message names the version that was found.",
  },
  P1016 = {
    met = "A raw statement or `rille.sql` has another number of placeholders than values.",
    todo = "Give one value for each `?`, or values up to the greatest `$n`. A trailing nil argument counts as a value.",
  },
  P1017 = {
    met = "The server went away or closed the connection while a statement ran, or an operation was begun before a fork; or an "
      .. "advisory lock was lost with its connection.",
    todo = "Try again when that does no harm: a write may or may not have happened. rille itself sends again only what the server "
      .. "cannot have seen, and, once, a read outside a transaction whose connection was lost at once.",
  },
  P2000 = {
    met = "A text is longer than `@db.VarChar(n)` or the like allows, or longer than SQLite's limit.",
    todo = "Shorten the value or widen the column.",
    meta = "model column",
  },
  P2002 = {
    met = "A row with the same value of a unique key is there already.",
    todo = "Tell the user which field is taken (`e.meta.target`), or use `upsert`, `connect_or_create` or `skip_duplicates`.",
    meta = "model target columns table constraint",
  },
  P2003 = {
    met = "A foreign key points to a row that is not there, or a row that others point to was to be deleted. SQLite does not say which relation "
      .. "it was: details are there when the statement could break only one.",
    todo = "Make the other row first, delete the dependent rows first, or choose another `onDelete`.",
    meta = "model field_name columns table constraint",
  },
  P2004 = {
    met = "A CHECK or exclusion constraint of the database failed.",
    todo = "The message names the constraint; mend the value.",
    meta = "model table constraint",
  },
  P2006 = {
    met = "A value cannot be carried: a text that is no decimal number, a division by zero, a Json value that cannot be written.",
    todo = "Mend the value. `rille.try(rille.decimal, text)` tests a text.",
  },
  P2007 = {
    met = "The database refused a value that looked right to rille: an invalid `inet`, `xml` or `bit`, a wrong cast.",
    todo = "Mend the value; the message has the database's words.",
    meta = "model",
  },
  P2010 = {
    met = "A statement of `query_raw`, `execute_raw` or `execute_script` failed in the database. Also a unique violation in raw SQL is this.",
    todo = "Read the message. `e.sqlstate` (PostgreSQL) or `e.meta.code` tells errors apart.",
    meta = "code table column columns constraint",
  },
  P2011 = {
    met = "The database refused a NULL, though the schema allows it: the database is stricter than the schema.",
    todo = "Give a value, or bring schema and database together.",
    meta = "model target table column",
  },
  P2012 = {
    met = "`data` lacks a required field that has no default. Nothing was sent.",
    todo = "Give the field named by the path.",
    meta = "path model field",
  },
  P2013 = {
    met = "An argument is missing: `where` of `update`, `data` of `create_many`, a part of a compound key. Often a variable was nil. Nothing was sent.",
    todo = "Give what the path names. To mean every row in `update_many` and `delete_many` write `where = rille.all`.",
    meta = "path model field",
  },
  P2014 = {
    met = "The write would leave a row without a relation that its model requires: `disconnect` or `set` on a required relation, replacing the "
      .. "other side of a one-to-one relation, or with `relationMode = \"prisma\"` deleting a row that others need.",
    todo = "Delete or reconnect the dependent row instead, or make the relation optional.",
    meta = "model relation path",
  },
  P2017 = {
    met = "A nested `delete` of a list named a row that does not belong to this parent.",
    todo = "Look at the key; `delete_many` passes over rows that are not there.",
    meta = "model relation path",
  },
  P2018 = {
    met = "`connect` on the list of a one-to-many relation named a row that is not there. Other kinds of relation: P2025.",
    todo = "Make it first, or use `connect_or_create`.",
    meta = "model relation path",
  },
  P2019 = {
    met = "Arguments do not go together: a Json `path` without a condition, a `rille.field` of another model or type, an `order_by` of `group_by` on "
      .. "a field that is not in `by`. Nothing was sent.",
    todo = "Mend the call as the message says.",
    meta = "path model field",
  },
  P2020 = {
    met = "A number or time does not fit: an Int beyond 32 bits, a SmallInt beyond 16, a Decimal beyond its column, a DateTime beyond the years "
      .. "1 to 9999 (milliseconds given for seconds).",
    todo = "Use BigInt, another native type or other units.",
    meta = "path model field",
  },
  P2021 = {
    met = "The table of a model is not in the database.",
    todo = "Push the schema (`rille.push`), run the migrations, or look at `@@map` and at `schema` in the URL.",
    meta = "model table",
  },
  P2022 = {
    met = "A column of a model is not in the database.",
    todo = "Bring database and schema together, or look at `@map`.",
    meta = "model column",
  },
  P2023 = {
    met = "A stored value cannot be read as the field's type: a text in a number column of SQLite, a malformed date, an unknown enum value.",
    todo = "Mend the row; the message names the column.",
    meta = "model column",
  },
  P2024 = {
    met = "No connection of the pool came free within `pool.wait`. A call on `db` inside its own transaction waits for itself when the pool has one "
      .. "connection or, on SQLite, when both write (then `inside_transaction` is true). "
      .. "So do `rille.push`, `rille.backup` and their like inside a transaction on a database in memory.",
    todo = "Inside a transaction use `tx`. Else raise `pool.size`, or find what holds connections for long.",
    meta = "model inside_transaction",
  },
  P2025 = {
    met = "`update`, `delete`, an `_or_throw` method, or a nested write needed a row that is not there, or that another transaction has changed or "
      .. "deleted first. Also: a trigger or rule of the database has dropped a new row.",
    todo = "Treat it as not found; where it is no error use `find_unique`, `update_many`, `delete_many` or `upsert`.",
    meta = "model cause relation path",
  },
  P2026 = {
    met = "The database cannot do what the call asks: full-text `search`, `lock`, settings of the session, advisory locks "
      .. "or notifications on SQLite, a lock together with grouping, listening behind a pooler in transaction mode.",
    todo = "Leave it out on this database; the message says what serves instead.",
    meta = "path model",
  },
  P2028 = {
    met = "A transaction has expired (`timeout`), could not begin (`max_wait`), was used after its end, does two things at once, or the database "
      .. "refused an isolation level or a write in a read-only one. With `committed` in its details it is committed, and a function of `after_commit` "
      .. "has failed: `cause` is its error. With `first_action` a statement has failed before, and PostgreSQL takes nothing more of the transaction: "
      .. "the details that begin with `first_` say which.",
    todo = "Keep transactions short. Inside use the object that the function receives and do not keep it. Run what may fail in a savepoint, "
      .. "`tx:transaction(function(inner) ... end)`.",
    meta = "cause committed results first_code first_message first_model first_action first_place inside_transaction",
  },
  P2029 = {
    met = "A statement would need more parameters, or be larger, than the database takes.",
    todo = "Split the call. Lists in `in` and bulk inserts are split or sent as arrays anyway.",
  },
  P2033 = {
    met = "A number does not fit into 64 bits. Nothing was sent.",
    todo = "Use Decimal.",
    meta = "path model field",
  },
  P2034 = {
    met = "The transaction met another one: a serialization failure, a deadlock, `nowait` on a locked row, an SQLite snapshot that is too old. "
      .. "Or the schema of a PostgreSQL database has changed under a connection, which finds out within the transaction. `e.retryable` is true.",
    todo = "Run the whole transaction again: `db:transaction(fn, { retries = 3 })` does.",
  },
  P2037 = {
    met = "The server takes no more connections.",
    todo = "Lower `pool.size`, raise the server's `max_connections`, or put a pooler in between.",
  },
  P2039 = {
    met = "The database answered with an error that no other code covers: disk full, file damaged, anything new. The message is the database's own, "
      .. "`e.sqlstate` its code.",
    todo = "Read the message.",
  },
  P3000 = {
    met = "`rille.push` was to make the database and could not.",
    todo = "Make it by hand, or give the user the right to.",
  },
  P3001 = {
    met = "`rille.push` or `rille.migrate.dev` would lose rows or values, or the rows that are there make a step impossible. "
      .. "`e.meta.warnings` lists both, with their number.",
    todo = "Change the rows or the schema; `accept_data_loss = true` allows the loss, `reset = true` drops everything first.",
  },
  P3005 = {
    met = "`rille.migrate.deploy` found tables in one of the project's `schemas`, but no history of migrations; or `rille.restore` "
      .. "was to fill a database that has tables already.",
    todo = "Migrations: record the migrations that the database has already: `rille.migrate.resolve { applied = name }` for each. Or use an empty database. "
      .. "Restore: use an empty database, or replace what is there with `force = true`.",
  },
  P3006 = {
    met = "The migrations of the folder do not apply to an empty database, in which `rille.migrate.dev` and `diff` try them. `e.meta` has `migration`, "
      .. "`line` and `statement`.",
    todo = "Correct the migration that is named, if it is applied nowhere yet; else restore the one that it needs.",
  },
  P3008 = {
    met = "`rille.migrate.resolve { applied = name }`: the history has it as applied already.",
    todo = "Nothing.",
  },
  P3009 = {
    met = "A migration began and did not finish: the database refused it, or its process was killed. `e.meta.logs` says what is known.",
    todo = "Put right what it left, then `rille.migrate.resolve { rolled_back = name }` to have it applied again, or `{ applied = name }` when all of it is "
      .. "there. `rille.migrate.status` says which.",
  },
  P3010 = {
    met = "The name of a new migration has more than 200 characters.",
    todo = "Choose a shorter one.",
  },
  P3011 = {
    met = "`rille.migrate.resolve { rolled_back = name }`: the history does not have it.",
    todo = "Give the whole name of the folder, with its time.",
  },
  P3012 = {
    met = "`rille.migrate.resolve { rolled_back = name }`: it has not failed.",
    todo = "`rille.migrate.down` takes an applied migration back.",
  },
  P3014 = {
    met = "The shadow database, in which migrations are tried, could not be created; or `shadow_url` is the database itself.",
    todo = "Give the user the right to create databases, or name an empty database with `shadow_url`.",
  },
  P3015 = {
    met = "A migration's folder lacks migration.sql, or down.sql when it is to be taken back; or it cannot be read.",
    todo = "Restore the file, or delete the folder of a migration that is applied nowhere.",
  },
  P3017 = {
    met = "No migration of the folder has that name.",
    todo = "Give the whole name of the folder, with its time.",
  },
  P3018 = {
    met = "The database refused a statement of a migration, or its migration.lua failed. `e.meta` has `migration`, `line`, `statement`, `cause` and "
      .. "`database_code`, `e.sqlstate` the database's own code.",
    todo = "Correct the migration and resolve it, see P3009. What is left of it, the message in the history says.",
  },
  P3019 = {
    met = "The folder's migration_lock.toml names another kind of database than the URL.",
    todo = "Use the folder that was made for this database, or begin a new one.",
  },
  BACKUP = {
    met = "`rille.backup` or `rille.restore` failed: the disk is full, the file cannot be made or is damaged, `pg_dump` or `pg_restore` is missing or "
      .. "refused. Neither half a file nor half a database is left.",
    todo = "Read the message: it has the words of the program that failed. `pg_dump` must not be older than the server.",
  },
  P4001 = {
    met = "`rille.pull` found no table in the database.",
    todo = "Look at the URL: database and `schema=` parameter.",
  },
  P4002 = {
    met = "The catalogue told of a foreign key that cannot be: one of more than 32 columns.",
    todo = "Check the database for damage.",
  },
}

local KINDS = {
  INTERNAL = "internal", CONNECTION = "connection", VALIDATION = "validation", CONSTRAINT = "constraint", NOT_FOUND = "not_found",
  TRANSACTION = "transaction", TIMEOUT = "timeout", MIGRATION = "migration",
}

local META = {
  { "path", "where in the arguments, such as `where.posts.some.title`" },
  { "model", "the model; for an unknown one the name that was used" },
  { "field", "the field, as in the schema" },
  { "suggestion", "the nearest right name" },
  { "models", "list: the models that there are" },
  { "warnings", "list: what a push would lose, or cannot do, with the number of rows" },
  { "target", "list: the fields of the constraint" },
  { "field_name", "the relation field that holds the foreign key" },
  { "relation", "the name of the relation" },
  { "cause", "what was not found, in words" },
  { "columns", "list: the columns that the database named" },
  { "table", "the table that the database named" },
  { "column", "the column that the database named; of P1012 the position in the line, a number" },
  { "constraint", "the constraint that the database named" },
  { "schema", "the schema of PostgreSQL that holds the table" },
  { "code", "of a raw statement: the SQLSTATE, or the number of SQLite's extended code" },
  { "statement", "the statement of `rille.push` or of a migration that failed" },
  { "migration", "the name of the migration" },
  { "reasons", "list: why `rille.migrate.dev` wants the database reset" },
  { "logs", "what the history says of a failed migration" },
  { "database_code", "of a failed migration: the code that the database's error has elsewhere" },
  { "file", "the schema's file" },
  { "line", "the line in it, or in the script of a migration, a number" },
  { "batch_index", "the number of the failed call in `db:batch`" },
}

local GROUPS = {
  { "^%u", "rille's own" },
  { "^P1", "Connecting, URL and schema: P1xxx" },
  { "^P2", "Queries: P2xxx" },
  { "^P3", "Pushing and migrating: P3xxx" },
  { "^P4", "Reading a database: P4xxx" },
}

local function read_codes()
  local codes = {}
  for line in io.lines(TABLE) do
    local code, kind, title = line:match '^RL_CODE%(([%w_]+), ([%u_]+), "(.*)"%)'
    if code then codes[#codes + 1] = { code = code, kind = assert(KINDS[kind], kind), title = title } end
  end
  assert(#codes > 0, "no codes in " .. TABLE)
  return codes
end

local function group_of(code)
  for i = #GROUPS, 1, -1 do
    if code:find(GROUPS[i][1]) then return i end
  end
end

local HEAD = [[
<!-- Made by core/tools/errors.lua from core/src/base/error_codes.def: change those, then run
     lua5.4 core/tools/errors.lua > docs/errors.md -->
# Errors

rille raises tables, with `error(e, 0)`:

| field | holds |
|---|---|
| `e.code` | the code: Prisma's, or `VALIDATION` or `INTERNAL` |
| `e.kind` | `"connection"`, `"validation"`, `"constraint"`, `"not_found"`, `"transaction"`, `"timeout"`, `"migration"` or `"internal"` |
| `e.message` | what was wrong, where, and what would be right; one line |
| `e.meta` | details, see below; a table, maybe empty |
| `e.sqlstate` | PostgreSQL's five letters, when it gave some |
| `e.retryable` | true when the whole transaction may be repeated |
| `e.place` | `"app/posts.lua:14"`, the line of the call; `"~..."`: the nearest line left, see below; nil when none of yours is on the stack |

`tostring(e)` is `code: message (place)`, so a program that catches nothing says where it fell. A tail call such as `return db:transaction(...)` loses its
own line: then the place is the nearest one left, marked with `~`. LuaJIT says less of tail calls, and the mark may be missing. Passwords never appear in it.
`rille.is(e)` tells whether `e` is such an error, `rille.is(e, "P2002")` whether it is that one.
`rille.try(f, ...)` returns what `f` returns, or nil and the error; errors that are not rille's go on.

<!-- test: schema=errors -->
```prisma
model User {
  id    Int    @id
  email String @unique
}
```

```lua
local user, e = rille.try(function() return db.user:find_unique_or_throw { where = { id = 4711 } } end)
print(user, e.code, e.kind) --> nil  P2025  not_found
print(rille.is(e, "P2025"), rille.is(e, "P2002")) --> true  false
```

Some hosts lose errors that are tables (nginx, HAProxy, lighttpd, uwsgi), or die of them (Apache). `rille.handler(fn)` makes a function for them: it
returns what `fn` returns, and of any error it raises a string with text, place and traceback. Passwords in database URLs are hidden there even where
another library has written them. Coroutines may wait inside it; Lua 5.1 (not LuaJIT) needs `coxpcall` for that, and says so once.

```lua
local serve = rille.handler(function(id) return db.user:find_unique_or_throw { where = { id = id } } end)
local ok, text = pcall(serve, 4711)
print(ok, type(text), text:match "^P2025") --> false  string  P2025
```

In C, `rille_error_code` and its sisters of `<rille/error.h>` give the same.

## Details in `e.meta`

Which of them are there depends on the code and on what the database tells. All are texts, but for the lists and the numbers: `batch_index` and, of P1012,
`line` and `column`.

| key | holds |
|---|---|
]]

local function write_page(codes, out)
  out:write(HEAD)
  for _, row in ipairs(META) do out:write(("| `%s` | %s |\n"):format(row[1], row[2])) end
  local group
  for _, entry in ipairs(codes) do
    if group_of(entry.code) ~= group then
      group = group_of(entry.code)
      out:write(("\n## %s\n"):format(GROUPS[group][2]))
    end
    local words = WORDS[entry.code]
    out:write(("\n### %s\n\n%s. Kind `%s`.\n"):format(entry.code, entry.title, entry.kind))
    if not words then
      out:write("\nNot raised by this version. The code is kept, with Prisma's meaning, for what comes later.\n")
    else
      out:write(("\n- Met when: %s\n- What to do: %s\n"):format(words.met, words.todo))
      if words.meta then out:write(("- Details: %s\n"):format((words.meta:gsub("%S+", "`%0`"):gsub(" ", ", ")))) end
    end
  end
end

local function write_lua(codes, out)
  out:write("--- Error codes: what kind each is of, and its title. Made by core/tools/errors.lua from core/src/base/error_codes.def.\n")
  out:write("---@type table<string, { kind: string, title: string }>\nreturn {\n")
  for _, entry in ipairs(codes) do out:write(("  %s = { kind = %q, title = %q },\n"):format(entry.code, entry.kind, entry.title)) end
  out:write "}\n"
end

local codes = read_codes()
for code in pairs(WORDS) do
  local known = false
  for _, entry in ipairs(codes) do known = known or entry.code == code end
  assert(known, code .. " has words here but is not in " .. TABLE)
end
if arg[1] == "--lua" then write_lua(codes, io.stdout) else write_page(codes, io.stdout) end
