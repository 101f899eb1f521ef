-- Writes the page and the Lua table of error codes from the one list of them, core/src/base/error_codes.def.
--
--   lua5.4 core/tools/errors.lua > docs/errors.md
--   lua5.4 core/tools/errors.lua --lua > lua/rille/codes.lua
--   lua5.4 core/tools/errors.lua --check       fails when one of them is not up to date, or a code that the core raises has no text; for `make lint`
--
-- Code, kind and title come from that list. The texts are here. Runs from the root of the repository.

local TABLE = "core/src/base/error_codes.def"

-- met: when the code is raised. todo: what to do. meta: its keys in e.meta. This version does not raise a code without a text.
local WORDS = {
  INTERNAL = {
    met = "There is a bug in rille itself, or it ran out of memory.",
    todo = "Report it with the call that led to it.",
  },
  VALIDATION = {
    met = "An argument is wrong: an unknown model, method, argument, field or operator, a value of the wrong type, a string that is not UTF-8, a `where` "
      .. "without a unique key, an empty `where` of `delete_many`. Nothing was sent.",
    todo = "Fix the call. The message begins with the path of what is wrong, and often suggests the nearest name.",
    meta = "path model field suggestion models",
  },
  INPUT = {
    met = "A value that is to be written breaks a rule in the doc comments of its field, such as `/// @length 3..200` ([input.md](input.md#rules)). "
      .. "Or `paginate` got a page that is no integer, or a token that is not its own ([pages.md](pages.md)): `e.meta.status` is 400. Nothing was sent.",
    todo = "Show the message to whoever typed the value, or fix the value. The message begins with the path; what follows is for people.",
    meta = "path model field rule status",
  },
  P1000 = {
    met = "PostgreSQL refused the user or the password.",
    todo = "Check the user and password of the URL. Write characters such as `@` and `/` in a password as `%40` and `%2F`.",
  },
  P1001 = {
    met = "No server answered at the host and port of the URL, in all attempts within `connect_timeout`. If there were several attempts, "
      .. "`meta.attempts` counts them.",
    todo = "Check the host and port, the network, and whether the server runs. For a server that sleeps, raise `connect_timeout` in the URL.",
  },
  P1002 = {
    met = "The host was found, but connecting took longer than `connect_timeout` of the URL. Or another session held an advisory lock during all of "
      .. "`wait`, or the lock of migrations during all of `lock_wait`.",
    todo = "Raise `connect_timeout`, or find out why the server is slow. For a lock: raise `wait` or `lock_wait`, or find out what holds it so long.",
  },
  P1003 = {
    met = "The PostgreSQL database does not exist. Or the SQLite file cannot be opened or created, or is not an SQLite database.",
    todo = "`rille.push` creates a missing PostgreSQL database. For SQLite, check the path: its folder must exist. A relative path starts at "
      .. "the working directory.",
  },
  P1008 = {
    met = "An answer took longer than `socket_timeout` of the URL, a call longer than the `timeout` of `db:with`, or the commit of a transaction "
      .. "longer than its `timeout`. Or the server cancelled the statement "
      .. "(`statement_timeout`). Or an SQLite database stayed locked by another connection (then `e.retryable` is true). "
      .. "With `inside_transaction`, the call was made on `db` inside `db:transaction` and waited for that transaction.",
    todo = "Hold locks for a shorter time, or raise the limit. Inside a transaction use `tx`. A write may still have happened: check before you repeat it.",
    meta = "inside_transaction",
  },
  P1009 = {
    met = "`CREATE DATABASE` of `rille.push` failed because another session created a database of that name in the meantime.",
    todo = "Push again.",
  },
  P1010 = {
    met = "The user may not read or write the table or database. Or the SQLite file may not be read or written.",
    todo = "Grant the privilege, or correct the owner and mode of the file.",
  },
  P1011 = {
    met = "The TLS connection failed: the certificate is not trusted, the server requires TLS and the URL refuses it, or the other way round.",
    todo = "Check `sslmode`, `sslrootcert` and `sslaccept` of the URL.",
  },
  P1012 = {
    met = "The schema was not found, cannot be read, has errors, or is for another provider than the URL.",
    todo = "Fix the schema. The message has the first error and the number of the others; `rille.validate(text)` returns all of them.",
    meta = "file line column",
  },
  P1013 = {
    met = "There is no URL, or it has an unknown scheme or parameter, or a malformed host, port or value.",
    todo = "Write `postgresql://user:password@host:5432/database` or `file:./dev.db`. The message never contains the password.",
  },
  P1015 = {
    met = "The server, or the SQLite library, is older than rille requires.",
    todo = "Use a newer version. The message names the version that was found.",
  },
  P1016 = {
    met = "The number of placeholders of a raw statement or of `rille.sql` differs from the number of values.",
    todo = "Give one value for each `?`, or values up to the greatest `$n`. A trailing nil argument counts as a value.",
  },
  P1017 = {
    met = "The server ended or closed the connection while a statement ran. Or an operation was started before a fork. Or an "
      .. "advisory lock was lost with its connection.",
    todo = "Try again if that does no harm: the outcome of a write is unknown. rille itself repeats only what the server "
      .. "cannot have seen, and, once, a read outside a transaction whose connection was lost immediately.",
  },
  P2000 = {
    met = "A string is longer than `@db.VarChar(n)` or the like allows, or longer than SQLite's limit.",
    todo = "Shorten the value or widen the column.",
    meta = "model column",
  },
  P2002 = {
    met = "A row with the same value of a unique key already exists.",
    todo = "Tell the user which field is taken (`e.meta.target`), or use `upsert`, `connect_or_create` or `skip_duplicates`.",
    meta = "model target columns table constraint",
  },
  P2003 = {
    met = "A foreign key refers to a row that does not exist, or a row to be deleted is still referenced. SQLite does not report which relation "
      .. "it was: there are details only if the statement could break just one.",
    todo = "Create the other row first, delete the referencing rows first, or choose another `onDelete`.",
    meta = "model field_name side columns table constraint",
  },
  P2004 = {
    met = "A CHECK or exclusion constraint of the database failed.",
    todo = "The message names the constraint. Correct the value.",
    meta = "model table constraint",
  },
  P2006 = {
    met = "A value cannot be represented: a string that is not a decimal number, a division by zero, a value that JSON cannot contain.",
    todo = "Correct the value. `rille.try(rille.decimal, text)` tests a string.",
  },
  P2007 = {
    met = "The database refused a value that looked valid to rille: an invalid `inet`, `xml` or `bit`, a wrong cast.",
    todo = "Correct the value. The message has the database's message.",
    meta = "model",
  },
  P2010 = {
    met = "A statement of `query_raw`, `execute_raw` or `execute_script` failed in the database. This includes unique violations in raw SQL.",
    todo = "Read the message. `e.sqlstate` (PostgreSQL) or `e.meta.code` distinguishes the errors.",
    meta = "code table column columns constraint",
  },
  P2011 = {
    met = "The database refused a NULL that the schema allows: the database is stricter than the schema.",
    todo = "Give a value, or make schema and database match.",
    meta = "model target table column",
  },
  P2012 = {
    met = "`data` lacks a required field that has no default. Nothing was sent.",
    todo = "Give the field that the path names.",
    meta = "path model field",
  },
  P2013 = {
    met = "An argument is missing: `where` of `update`, `data` of `create_many`, a field of a compound key. Often a variable was nil. Nothing was sent.",
    todo = "Give what the path names. To mean every row in `update_many` and `delete_many`, write `where = rille.all`.",
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
    todo = "Check the key. `delete_many` skips missing rows.",
    meta = "model relation path",
  },
  P2018 = {
    met = "`connect` on the list of a one-to-many relation named a row that does not exist. For other kinds of relation, this is P2025.",
    todo = "Create the row first, or use `connect_or_create`.",
    meta = "model relation path",
  },
  P2019 = {
    met = "Arguments cannot be combined: a Json `path` without a condition, a `rille.field` of another model or type, an `order_by` of `group_by` on "
      .. "a field that is not in `by`. Nothing was sent.",
    todo = "Change the call as the message says.",
    meta = "path model field",
  },
  P2020 = {
    met = "A number or date-time is out of range: an Int beyond 32 bits, a SmallInt beyond 16, a Decimal beyond its column, a DateTime outside the years "
      .. "1 to 9999 (milliseconds given for seconds).",
    todo = "Use BigInt, another native type or other units.",
    meta = "path model field",
  },
  P2021 = {
    met = "The table of a model does not exist in the database.",
    todo = "Push the schema (`rille.push`), run the migrations, or check `@@map` and `schema` in the URL.",
    meta = "model table",
  },
  P2022 = {
    met = "A column of a model does not exist in the database.",
    todo = "Make database and schema match, or check `@map`.",
    meta = "model column",
  },
  P2023 = {
    met = "A stored value cannot be read as the type of its field: text in a number column of SQLite, a malformed date, an unknown enum value.",
    todo = "Correct the row. The message names the column.",
    meta = "model column",
  },
  P2024 = {
    met = "No connection of the pool became free within `pool.wait`. A call on `db` inside its own transaction waits for itself if the pool has one "
      .. "connection or, on SQLite, if both write (then `inside_transaction` is true). "
      .. "So do `rille.push`, `rille.backup` and similar functions inside a transaction on a database in memory.",
    todo = "Inside a transaction use `tx`. Otherwise raise `pool.size`, or find out what holds connections so long.",
    meta = "model inside_transaction",
  },
  P2025 = {
    met = "`update`, `delete`, an `_or_throw` method, or a nested write needed a row that does not exist, or that another transaction changed or "
      .. "deleted first. Or a trigger or rule of the database dropped a new row.",
    todo = "Treat it as not found. If that is not an error, use `find_unique`, `update_many`, `delete_many` or `upsert`.",
    meta = "model cause relation path",
  },
  P2026 = {
    met = "The database does not support what the call asks for: full-text `search`, `lock`, settings of the session, advisory locks "
      .. "or notifications on SQLite, a lock together with grouping, listening behind a pooler in transaction mode.",
    todo = "Do not use it on this database. The message says what to use instead.",
    meta = "path model",
  },
  P2028 = {
    met = "A transaction has expired (`timeout`), could not begin (`max_wait`), was used after its end, was used for two things at the same time, or "
      .. "the database "
      .. "refused an isolation level or a write in a read-only transaction. With `committed` in its details the transaction is committed, and a "
      .. "function of `after_commit` "
      .. "has failed: `cause` is its error. With `first_action` a statement failed before, and PostgreSQL accepts no more statements in this transaction: "
      .. "the details that begin with `first_` say which one.",
    todo = "Keep transactions short. Inside the function, use the object that it receives, and do not keep that object. Run statements that may fail in "
      .. "a savepoint, "
      .. "`tx:transaction(function(inner) ... end)`.",
    meta = "cause committed results first_code first_message first_model first_action first_place inside_transaction",
  },
  P2029 = {
    met = "A statement would need more parameters, or be larger, than the database accepts.",
    todo = "Split the call. Lists in `in` and bulk inserts are split, or sent as arrays, automatically.",
  },
  P2033 = {
    met = "A number does not fit into 64 bits. Nothing was sent.",
    todo = "Use Decimal.",
    meta = "path model field",
  },
  P2034 = {
    met = "The transaction conflicted with another one: a serialization failure, a deadlock, `nowait` on a locked row, an outdated SQLite snapshot. "
      .. "Or the schema of a PostgreSQL database changed, and the connection noticed it within the transaction. `e.retryable` is true.",
    todo = "Run the whole transaction again; `db:transaction(fn, { retries = 3 })` does that.",
  },
  P2037 = {
    met = "The server accepts no more connections.",
    todo = "Lower `pool.size`, raise the server's `max_connections`, or use a pooler.",
  },
  P2039 = {
    met = "The database answered with an error that no other code covers: a full disk, a damaged file, anything new. The message is the database's own, "
      .. "`e.sqlstate` its code.",
    todo = "Read the message.",
  },
  P3000 = {
    met = "`rille.push` could not create the database.",
    todo = "Create it by hand, or grant the user the privilege.",
  },
  P3001 = {
    met = "`rille.push` or `rille.migrate.dev` would lose rows or values, or existing rows make a step impossible. "
      .. "`e.meta.warnings` lists both, with the numbers of rows.",
    todo = "Change the rows or the schema. `accept_data_loss = true` allows the loss, `reset = true` drops everything first.",
  },
  P3005 = {
    met = "`rille.migrate.deploy` found tables in one of the project's `schemas`, but no history of migrations. Or `rille.restore` "
      .. "was called for a database that already has tables.",
    todo = "Migrations: record the migrations that the database already has with `rille.migrate.resolve { applied = name }` for each one, or use an "
      .. "empty database. "
      .. "Restore: use an empty database, or replace the contents with `force = true`.",
  },
  P3006 = {
    met = "The migrations of the folder do not apply to an empty database, in which `rille.migrate.dev` and `diff` test them. `e.meta` has `migration`, "
      .. "`line` and `statement`.",
    todo = "Correct the named migration if it has not been applied anywhere yet. Otherwise restore the migration that it needs.",
  },
  P3008 = {
    met = "`rille.migrate.resolve { applied = name }`: the history already has it as applied.",
    todo = "Nothing.",
  },
  P3009 = {
    met = "A migration started and did not finish: the database refused it, or its process was killed. `e.meta.logs` says what is known.",
    todo = "Clean up what it left. Then use `rille.migrate.resolve { rolled_back = name }` to have it applied again, or `{ applied = name }` if all of it is "
      .. "in the database. `rille.migrate.status` says which.",
  },
  P3010 = {
    met = "The name of a new migration has more than 200 characters.",
    todo = "Choose a shorter one.",
  },
  P3011 = {
    met = "`rille.migrate.resolve { rolled_back = name }`: the history does not have it.",
    todo = "Give the full name of the folder, with its time.",
  },
  P3012 = {
    met = "`rille.migrate.resolve { rolled_back = name }`: it has not failed.",
    todo = "`rille.migrate.down` undoes an applied migration.",
  },
  P3014 = {
    met = "The shadow database, in which migrations are tested, could not be created. Or `shadow_url` is the database itself.",
    todo = "Give the user the right to create databases, or name an empty database with `shadow_url`.",
  },
  P3015 = {
    met = "A migration's folder has no migration.sql, or no down.sql when it is to be undone, or it cannot be read.",
    todo = "Restore the file, or delete the folder if the migration has not been applied anywhere.",
  },
  P3017 = {
    met = "No migration of the folder has that name.",
    todo = "Give the full name of the folder, with its time.",
  },
  P3018 = {
    met = "The database refused a statement of a migration, or its migration.lua failed. `e.meta` has `migration`, `line`, `statement`, `cause` and "
      .. "`database_code`; `e.sqlstate` is the database's own code.",
    todo = "Correct the migration and resolve it, see P3009. The message in the history says what is left of it.",
  },
  P3019 = {
    met = "The folder's migration_lock.toml names another provider than the URL.",
    todo = "Use the folder that was created for this database, or start a new one.",
  },
  BACKUP = {
    met = "`rille.backup` or `rille.restore` failed: the disk is full, the file cannot be created or is damaged, `pg_dump` or `pg_restore` is missing or "
      .. "failed. Neither an incomplete file nor an incomplete database is left.",
    todo = "Read the message: it includes the message of the program that failed. `pg_dump` must not be older than the server.",
  },
  P4001 = {
    met = "`rille.pull` found no table in the database.",
    todo = "Check the database and the `schema=` parameter in the URL.",
  },
  P4002 = {
    met = "The catalog contains an impossible foreign key: one of more than 32 columns.",
    todo = "Check the database for damage.",
  },
}

local KINDS = {
  INTERNAL = "internal", CONNECTION = "connection", VALIDATION = "validation", CONSTRAINT = "constraint", NOT_FOUND = "not_found",
  TRANSACTION = "transaction", TIMEOUT = "timeout", MIGRATION = "migration",
}

local META = {
  { "path", "where in the arguments, such as `where.posts.some.title`" },
  { "model", "the model; for an unknown model, the name that was used" },
  { "field", "the field, as in the schema" },
  { "rule", "the rule that the value breaks, such as `length`" },
  { "suggestion", "the nearest existing name" },
  { "models", "list: the existing models" },
  { "warnings", "list: what a push would lose or cannot do, with the number of rows" },
  { "target", "list: the fields of the constraint" },
  { "field_name", "the relation field with the foreign key" },
  { "side", "`referencing`: a written row refers to a missing one; `referenced`: a row is still referenced; absent if it could be either" },
  { "relation", "the name of the relation" },
  { "cause", "what was not found, in words" },
  { "columns", "list: the columns that the database named" },
  { "table", "the table that the database named" },
  { "column", "the column that the database named; for P1012, the position in the line, an integer" },
  { "constraint", "the constraint that the database named" },
  { "schema", "the PostgreSQL schema that contains the table" },
  { "code", "of a raw statement: the SQLSTATE, or SQLite's extended result code" },
  { "statement", "the failed statement of `rille.push` or of a migration" },
  { "migration", "the name of the migration" },
  { "reasons", "list: why `rille.migrate.dev` asks for a reset of the database" },
  { "logs", "what the history says about a failed migration" },
  { "database_code", "of a failed migration: the code that this database error has in other calls" },
  { "file", "the schema's file" },
  { "line", "the line in it, or in the script of a migration, an integer" },
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
<!-- Generated by core/tools/errors.lua from core/src/base/error_codes.def: change those, then run
     lua5.4 core/tools/errors.lua > docs/errors.md -->
# Errors

rille raises tables with `error(e, 0)`:

| field | contains |
|---|---|
| `e.code` | the code: Prisma's, or `VALIDATION`, `INPUT`, `INTERNAL` or `BACKUP` |
| `e.kind` | `"connection"`, `"validation"`, `"constraint"`, `"not_found"`, `"transaction"`, `"timeout"`, `"migration"` or `"internal"` |
| `e.message` | what was wrong, where, and what would be right; one line |
| `e.meta` | details, see below; a table, which may be empty |
| `e.sqlstate` | PostgreSQL's five-character SQLSTATE, if there is one |
| `e.retryable` | true if the whole transaction may be repeated |
| `e.place` | `"app/posts.lua:14"`, the line of the call; `"~..."`: the nearest known line, see below; nil if no code of the application is on the stack |

`tostring(e)` is `code: message (place)`, so an application that does not catch errors shows where it failed. A tail call such as
`return db:transaction(...)` loses its own line. Then the place is the nearest known line, marked with `~`. LuaJIT knows less about tail
calls, and the mark may be missing. Passwords never appear in it. `rille.is(e)` returns whether `e` is such an error, `rille.is(e, "P2002")`
whether it has that code. `rille.try(f, ...)` returns the results of `f`, or nil and the error. It does not catch other errors.

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

Some hosts lose errors that are tables (nginx, HAProxy, lighttpd, uwsgi), or crash (Apache). `rille.handler(fn)` returns a function for them. It
returns the results of `fn`, and turns any error into a string with the message, place and traceback. Passwords in database URLs are hidden in it, even if
another library has written them. Coroutines may wait inside it. Lua 5.1 (not LuaJIT) needs `coxpcall` for that, and rille says so once.

```lua
local serve = rille.handler(function(id) return db.user:find_unique_or_throw { where = { id = id } } end)
local ok, text = pcall(serve, 4711)
print(ok, type(text), text:match "^P2025") --> false  string  P2025
```

In C, `rille_error_code` and the other functions of `<rille/error.h>` return the same.

## Details in `e.meta`

Which of them exist depends on the code and on what the database reports. All are strings, except the lists and the integers: `batch_index` and, for P1012,
`line` and `column`.

| key | contains |
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
      out:write("\nNot raised by this version. The code is reserved, with Prisma's meaning.\n")
    else
      out:write(("\n- When: %s\n- What to do: %s\n"):format(words.met, words.todo))
      if words.meta then out:write(("- Details: %s\n"):format((words.meta:gsub("%S+", "`%0`"):gsub(" ", ", ")))) end
    end
  end
end

local function write_lua(codes, out)
  out:write("--- Error codes, each with its kind and title. Generated by core/tools/errors.lua from core/src/base/error_codes.def.\n")
  out:write("---@type table<string, { kind: string, title: string }>\nreturn {\n")
  for _, entry in ipairs(codes) do out:write(("  %s = { kind = %q, title = %q },\n"):format(entry.code, entry.kind, entry.title)) end
  out:write "}\n"
end

local codes = read_codes()
for code in pairs(WORDS) do
  local known = false
  for _, entry in ipairs(codes) do known = known or entry.code == code end
  assert(known, code .. " has a text here but is not in " .. TABLE)
end

local function read(path)
  local file = assert(io.open(path, "rb"))
  local text = file:read "a"
  file:close()
  return text
end

-- What `write_file` would write to a file.
local function text_of(write_file)
  local parts = {}
  write_file(codes, { write = function(_, text) parts[#parts + 1] = text end })
  return table.concat(parts)
end

local function check()
  local problems = {}
  if read "docs/errors.md" ~= text_of(write_page) then
    problems[1] = "docs/errors.md: not up to date, run lua5.4 core/tools/errors.lua > docs/errors.md"
  end
  if read "lua/rille/codes.lua" ~= text_of(write_lua) then
    problems[#problems + 1] = "lua/rille/codes.lua: not up to date, run lua5.4 core/tools/errors.lua --lua > lua/rille/codes.lua"
  end
  local raised = {}
  local pipe = assert(io.popen "grep -rhoE '\\bRL_[A-Z0-9]+\\b' core/src --include='*.c' --include='*.h'")
  for name in pipe:lines() do raised[name:sub(4)] = true end
  pipe:close()
  for _, entry in ipairs(codes) do
    if raised[entry.code] and not WORDS[entry.code] then
      problems[#problems + 1] = ("core/tools/errors.lua: %s is raised and has no text"):format(entry.code)
    end
  end
  for _, text in ipairs(problems) do print(text) end
  os.exit(#problems == 0)
end

if arg[1] == "--check" then check() end
if arg[1] == "--lua" then write_lua(codes, io.stdout) else write_page(codes, io.stdout) end
