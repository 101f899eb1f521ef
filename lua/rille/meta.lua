---@meta rille
--- Written by core/tools/meta.lua: change the sources, or core/tools/meta.in.
-- luacheck: ignore 212 241 631
--- Types for editors. This file is never loaded.

---@class rille.Error
---@field code string Prisma's code (P2002, ...), VALIDATION or INTERNAL
---@field message string the path, what is wrong, what is expected; one line
---@field kind "connection"|"validation"|"constraint"|"not_found"|"transaction"|"timeout"|"migration"|"internal"
---@field meta table details: target, model, field, path, ...
---@field sqlstate? string of the database, five characters
---@field retryable boolean the whole transaction may be retried
---@field place? string the line of the call: of warnings, N+1 events and faults

---@class rille.Diagnostic
---@field line integer from 1
---@field column integer from 1, in characters
---@field end_column integer
---@field message string
---@field file? string
---@field source_line string
---@field warning boolean

---@class (exact) rille.PoolOptions
---@field size? integer maximum number of open connections
---@field wait? integer how long a call waits for a connection: 5000; then P2024
---@field idle? integer how long an unused connection stays open
---@field max_lifetime? integer age at which a connection is replaced

---@class (exact) rille.CacheOptions
---@field store? string "memory", of this process; or the URL of a Redis server, which processes share
---@field max_bytes? integer all that is kept, with what belongs to it: 64 MiB; the largest of all clients counts
---@field max_entry? integer an answer with more bytes is not kept: 1 MiB
---@field listen_url? string where to listen for writes of others, if `url` is that of a pooler
---@field prefix? string of keys in a store that others use too

---@class (exact) rille.ConnectOptions
---@field schema? string a file, or a folder of *.prisma files; by default found by convention
---@field schema_text? string the schema itself
---@field url? string by default that of the datasource block, or DATABASE_URL
---@field pool? rille.PoolOptions the pool that all clients of the URL share
---@field replicas? string[] URLs of servers that follow the one of `url`, for reads outside transactions; reads after a write of this client see it
---@field strict_where? boolean reads reject an empty `where` too
---@field omit? table<string, table<string, boolean>> fields that are left out unless selected: { user = { password = true } }
---@field keep_nulls? boolean NULL is returned as rille.null instead of being absent
---@field wait? "cqueues"|"luv"|"copas"|rille.WaitFunction|rille.WaitHook while a call in a coroutine waits, other coroutines run
---@field log? string|string[]|fun(event: rille.Event) names of events that become lines on stderr, or a function that receives all events
---@field log_params? boolean false: log and events contain no values of statements
---@field slow_ms? integer milliseconds from which on a statement is slow: 200
---@field cache? boolean|rille.CacheOptions reads may ask the cache of this process, with `cache = { ttl = 60 }`
---@field development? boolean strict rows and warnings; by default true if the environment has RILLE_ENV=development
---@field n_plus_one? false|"warn"|"error"|rille.NPlusOneOptions reads that one call could have done together
---@field metrics? boolean metrics by model and action in db:metrics()
---@field tags? table<string, string|number|boolean> added to all statements as a comment of sqlcommenter
---@field traceparent? string|fun(): string|nil the traceparent of all calls
---@field messages? table<string, string>|fun(fault: rille.InputFault): string|nil messages of `input`, by code, or a function that returns one

--- Returns when fd is ready for mode ("r", "w", "rw"), when the time is up, or earlier. Without fd it waits for the time only.
---@alias rille.WaitFunction fun(fd?: integer, mode?: "r"|"w"|"rw", seconds?: number)

---@class (exact) rille.WaitHook
---@field wait rille.WaitFunction returns when the descriptor is ready, or earlier
---@field forget? fun(fd: integer) called before a descriptor may be closed
---@field ready? fun(): boolean whether the running code may wait in this way
---@field wake? fun(co: thread) ends the wait of a coroutine that waits for a time only

---@class (exact) rille.NPlusOneOptions
---@field report? "warn"|"error" "warn"
---@field more_than? integer calls: 10
---@field within? integer milliseconds: 1000
---@field scope? fun(): any what distinguishes one request from the next; nil outside of a request

--- What a handler of db:on receives; see docs/observing.md.
---@class rille.Event
---@field event "query"|"slow"|"n_plus_one"|"warn"|"fault"|"cache"
---@field kind "query"|"begin"|"commit"|"rollback"|"savepoint"|"release"|"rollback_to"|"warn"|"n_plus_one"|"fault"|"cache"
---@field answer? "hit"|"stale"|"wait"|"miss" of the cache
---@field label? string of a cached function that has asked the cache
---@field status? integer of a fault
---@field cause? any of a fault: the error itself
---@field sql? string
---@field params? string a JSON array
---@field duration_ms? number
---@field rows? integer returned or affected
---@field model? string as in the schema
---@field action? string
---@field trace? string traceparent
---@field error? string code
---@field slow? boolean
---@field operation? integer
---@field transaction? integer
---@field round_trip? integer
---@field time? string ISO-8601
---@field message? string of "warn" and "n_plus_one"
---@field place? string the line of the call: of warnings, N+1 events and faults
---@field outer_place? string of "n_plus_one", as all below
---@field outer_model? string
---@field shape? string
---@field count? integer
---@field include? string the include of the outer call that would have read all rows

---@class rille.PoolMetrics
---@field size integer maximum number of open connections
---@field open integer
---@field idle integer
---@field in_use integer
---@field waiting integer calls that wait for a connection
---@field connects integer connections opened since the pool was created
---@field waits integer calls that had to wait
---@field waited_ms integer total of these calls
---@field timeouts integer calls that got no connection in time

---@class rille.ActionMetrics
---@field model? string
---@field action string
---@field operations integer
---@field errors integer
---@field duration_ms number total
---@field buckets integer[] calls that took up to 1, 5, 10, 25, 50, 100, 250, 500, 1000, 5000 ms, and longer

---@class rille.Metrics
---@field pool rille.PoolMetrics
---@field replicas rille.PoolMetrics[] in the order of the option
---@field plans { bytes: integer, kept: integer, hits: integer, misses: integer, evictions: integer }
---@field calls { operations: integer, statements: integer, round_trips: integer }
---@field events { dropped: integer }
---@field actions rille.ActionMetrics[] empty without the option `metrics`
---@field cache rille.CacheMetrics|nil of all clients of the database in this process

---@class rille.Notification
---@field channel string
---@field payload string "" if there is none
---@field pid integer of the session that sent it

---@alias rille.IsolationLevel "read_uncommitted"|"read_committed"|"repeatable_read"|"serializable"|"read uncommitted"|"read committed"|"repeatable read"

---@class (exact) rille.TransactionOptions
---@field max_wait? integer milliseconds in which it must begin: 2000
---@field timeout? integer milliseconds in which it must end: 5000
---@field isolation_level? rille.IsolationLevel by default that of the database
---@field retries? integer how often it is retried after an error with `retryable`: 0
---@field read_only? boolean writes are P2028
---@field after_commit? fun() called after the commit
---@field after_rollback? fun() called after a rollback; with retries, after each attempt

--- The methods of a client. `rille generate` writes a class with these and the models of the schema.
---@class rille.ClientMethods
local Client = {}

--- Models are fields: db.user, db.User; db.blog_post, db.blogPost, db.BlogPost.
---@class rille.Client: rille.ClientMethods
---@field [string] rille.Model

--- Closes the client. May be called twice. The pool is closed with the last client of the process that uses it.
function Client:close() end

--- The same as close.
function Client:disconnect() end

--- Returns metrics of the pool, of the pools of the replicas, of the plan cache, of the calls that have ended (operations, statements without BEGIN and
--- COMMIT, round_trips) and of events; with `metrics = true` in rille.connect also of each action of each model. "prometheus": the same as text.
---@param format? "prometheus"
---@return rille.Metrics|string
function Client:metrics(format) end

--- Returns what the schema says: its models with fields, keys, rules and comments, and its enums, as new tables in the order of the schema. With the name
--- of a model only that.
---@param name? string
---@return rille.SchemaInfo
---@overload fun(self: rille.Client, name: string): rille.ModelInfo
function Client:schema(name) end

--- Runs fn(tx) in a transaction: commits if it returns, rolls back if it raises, and raises the same error. tx has the models and methods of db. In a
--- transaction it is a savepoint. Errors: P2028 (timeout, or tx was used after its end; with meta.committed: it is committed, and a function of
--- after_commit failed), P2034 (write conflict).
---@param fn fun(tx: rille.Client): ...
---@param options? rille.TransactionOptions
---@return ... what fn returns
function Client:transaction(fn, options) end

--- Calls fn() after the outermost transaction is committed, in the order of these calls. If the transaction, or the savepoint of this call, is rolled
--- back, fn is not called. An error of fn undoes nothing: it is raised as P2028 with meta.committed, after all functions have run.
---@param fn fun()
function Client:after_commit(fn) end

--- Calls fn() after this transaction, or a savepoint or transaction around it, is rolled back.
---@param fn fun()
function Client:after_rollback(fn) end

--- Runs fn() while holding an advisory lock: no other session has a lock with this key on the database. PostgreSQL only. One connection of the pool holds the
--- lock, outside of any transaction, and releases it when fn returns, raises, or its coroutine is closed. In a transaction, and behind a pooler in
--- transaction mode, it is a lock of the transaction and lasts until its end. In a transaction fn may be nil. Errors: P1002 (another session held it for
--- the whole of `wait`), P1017 (the connection that held it was lost), P2026 on SQLite.
---@param key string|integer a string is hashed with hashtextextended(key, 0)
---@param fn fun(): ...
---@param options? rille.LockOptions
---@return ... what fn returns
function Client:advisory_lock(key, fn, options) end

--- Notifies all listeners of a channel. In a transaction, this happens when it commits. PostgreSQL only. Errors: VALIDATION (a name has 1 to 63 bytes,
--- a payload at most 7999), P2026 on SQLite.
---@param channel string
---@param payload? string
function Client:notify(channel, payload) end

--- Returns an iterator over the notifications of channels, for a generic `for`. It ends after `timeout` milliseconds without a notification; by default
--- never. The loop may be left by `break`; before Lua 5.4 its connection is then closed by the garbage collector. Otherwise like listen.
---@param channels string|string[]
---@param options? rille.ListenOptions
---@return fun(): rille.Notification|nil
function Client:notifications(channels, options) end

--- Calls fn(n) for each notification n = { channel, payload, pid } of the channels, until fn returns false or raises, or there was none for `timeout`
--- milliseconds. In a coroutine of a cooperative client it waits in the scheduler, elsewhere it blocks. It has its own connection, which the pool does
--- not count. If the connection is lost, it connects again, with pauses that grow to ten seconds. on_listen(again) is called each time listening has
--- begun: what is read from then on misses nothing; `again`: notifications may have been missed before. Errors: those of the first connection; P2026 on
--- SQLite and behind a pooler in transaction mode.
---@param channels string|string[]
---@param fn fun(n: rille.Notification): boolean|nil
---@param options? rille.ListenOptions
---@return boolean stopped true: fn returned false; false: `timeout` has passed
function Client:listen(channels, fn, options) end

--- Records the calls that fn(b) makes on the models of b, runs them as if in their order, and returns their results, one value per call. They are sent
--- together: calls that do not depend on earlier ones share a round trip, if the database allows it. The first failure ends the batch. Its error has
--- the number of the call in meta.batch_index. If one of them writes, all happen or none. `transaction = true` or any option of db:transaction asks for
--- that in any case. `transaction = false` turns it off, and then writes are sent one by one.
---@param fn fun(b: rille.Client)
---@param options? rille.BatchOptions
---@return ...
function Client:batch(fn, options) end

--- Runs a statement and returns its rows. Values replace `$1` or `?`; nil and rille.null are NULL. Errors: P2010 (with the database's message), P1016 (more
--- or fewer values than placeholders).
---@param sql string|rille.Sql
---@param ... any values
---@return table[] rows
function Client:query_raw(sql, ...) end

--- Runs a statement and returns how many rows it has changed. Values and errors as in query_raw.
---@param sql string|rille.Sql
---@param ... any values
---@return integer affected
function Client:execute_raw(sql, ...) end

--- Runs several statements, separated by semicolons, without values and without rows.
---@param sql string|rille.Sql
function Client:execute_script(sql) end

--- Calls fn(event) for the events of this client and its derived clients from now on, after each call, in order. "query": each statement, also BEGIN and
--- COMMIT; "slow": the statements that took slow_ms or more; "n_plus_one": see the option n_plus_one; "warn": what should be checked; "fault": what an action
--- hides from its caller; "cache": how the cache has answered. An error in fn
--- does not affect results: it becomes a "warn" event. fn must not wait for a scheduler. Its own calls block and are not reported. See
--- docs/observing.md.
---@param name "query"|"slow"|"n_plus_one"|"warn"|"fault"|"cache"
---@param fn fun(event: rille.Event)
---@return fun() off removes the handler
function Client:on(name, fn) end

--- Returns a client over the same pool with other options. It can be used until it, or this client, is closed.
---@param options rille.WithOptions
---@return rille.Client
function Client:with(options) end

--- Returns a client whose reads go to the primary, never to replicas.
---@return rille.Client
function Client:primary() end

--- Returns a client with an extension: methods of models (`model`) and of the client (`client`), functions around calls (`query`), computed fields (`result`)
--- and functions before and after each row that is written (`write`). It has the same pool and options, and may be extended again; this client stays as it
--- is. See docs/extending.md. Errors: VALIDATION (unknown models, methods and fields, wrong types).
---@param options rille.ExtendOptions
---@return rille.Client
function Client:extend(options) end

--- Makes an action: a function of a form and a context that returns an answer. It asks authorize(context, form), reads the input, runs run(tx, input,
--- context) in a transaction, evaluates `revalidate` and `redirect`, and commits. An answer is { ok = true, value, redirect, status } or { ok = false,
--- status, code, errors, values }: `errors` has messages by field, `values` is the form without files and without fields that the client omits. From
--- status 500 on it has no details; the event "fault" has them. Errors that are not rille's are raised again after the rollback. See docs/actions.md.
---@param definition rille.ActionOptions
---@return fun(form: table|nil, context: table|nil): rille.Answer
function Client:action(definition) end

--- Makes cached answers stale that have one of these tags; on a transaction object, at its commit. On PostgreSQL, other processes are told in one round
--- trip. Errors: VALIDATION if the client has no cache.
---@param ... string tags
function Client:revalidate_tag(...) end

--- Makes cached pages stale that have one of these paths: "/posts"; "/posts/*" is all paths below it. On a transaction object, at its commit.
---@param ... string paths
function Client:revalidate_path(...) end

--- Returns a function that calls fn(...) once for each combination of arguments, and then returns what the cache has kept. The values depend on what fn
--- reads through rille: a write of it makes them stale. Arguments and values are nil, booleans, numbers, strings, decimals, rille's nulls, and tables of
--- these. In a transaction it calls fn each time. See docs/caching.md. Errors: VALIDATION (the options; a value of another type; a client without cache).
---@param fn fun(...): ...
---@param options rille.CachedOptions
---@return fun(...): ...
function Client:cached(fn, options) end

--- Returns the page of a path, which fn() makes if it is not kept. It is stale after a write of what fn has read, after db:revalidate_path of its path, or
--- of a path above it with a star, and after `ttl`. In a transaction it calls fn each time. Errors: VALIDATION.
---@param path string "/posts"
---@param fn fun(): ...
---@param options rille.CachedPageOptions
---@return any page what fn returns
function Client:page(path, fn, options) end

---@class rille.Null

--- A column on the right-hand side of a condition.
---@class rille.Field: userdata

---@alias rille.Period "year"|"month"|"week"|"day"|"hour"

---@class (exact) rille.Count
---@field count integer

---@class (exact) rille.Distinct
---@field distinct boolean

---@alias rille.LockMode "update"|"share"|"no_key_update"|"key_share"
---@alias rille.Lock rille.LockMode|{ mode: rille.LockMode, skip_locked?: boolean, nowait?: boolean }

---@class rille
---@field null rille.Null NULL in data and conditions; null in JSON
---@field json_null rille.Null JSON null in a Json column
---@field db_null rille.Null NULL of a Json column
---@field any_null rille.Null both, in conditions
---@field all rille.Null every row, as the `where` of update_many and delete_many
---@field version string of rille, "0.1.0"
---@field cache rille.CacheStore the server that processes share: docs/command.md
---@field migrate rille.Migrate migrations with Prisma's folder and history: docs/migrations.md
---@field empty rille.Sql the empty fragment, for a part of a statement that is left out
local rille = {}

--- Opens a client. The first call connects. Errors: P1012 (schema), P1013 (URL), VALIDATION (options).
---@param options? rille.ConnectOptions
---@return rille.Client
function rille.connect(options) end

--- Makes a database match a schema. A missing database is created. Schema and URL are found as for rille.connect. Errors: P1012 (schema),
--- P1xxx (database), P3001 (rows or values would be lost, see e.meta.warnings; `accept_data_loss` allows it. Or rows prevent a step; `reset`
--- drops everything first).
---@param options? rille.PushOptions
function rille.push(options) end

--- Checks a schema.
---@param text string
---@return true|nil ok
---@return rille.Diagnostic[]|nil diagnostics all errors, with line and column
function rille.validate(text) end

--- Formats a schema as Prisma does. Errors: P1012.
---@param text string
---@return string
function rille.format(text) end

--- Returns whether a value is an error of rille; with a code, whether it has that code.
---@param e any
---@param code? string for example "P2002"
---@return boolean
function rille.is(e, code) end

--- Calls f(...) and returns its results, or nil and the error if rille raised one. Other errors are raised again.
---@param f function
---@param ... any
---@return ...
function rille.try(f, ...) end

--- Wraps a function for hosts that lose error tables (nginx, HAProxy, Apache): an error becomes a string with place and traceback.
---@param fn fun(...): ...
---@return fun(...): ...
function rille.handler(fn) end

---@class (exact) rille.FormOptions
---@field body? integer how many bytes a body without files may have; 1 MiB by default
---@field body_with_files? integer how many bytes a body with files may have; 8 MiB by default
---@field fields? integer how many fields there may be in all; 1,000 by default
---@field depth? integer how many levels `a[b][c]`, or JSON, may have; 8 by default
---@field items? integer how many elements a list may have; 1,000 by default

--- Decodes the body of a request, or a query string, into a table of strings, lists and tables: `tags[0][name]=lua` becomes
--- { tags = { { name = "lua" } } }, a name that is sent twice a list, a name without `=` an empty string, and a file
--- { name, type, content }. The table is marked as decoded: pass it to `input`, not to other methods. Errors: INPUT, with e.meta.status 413 (more than
--- a bound allows), 400 (malformed) or 415 (another content type); `rille.status` returns that number.
---@param body string|nil nil is an empty form
---@param content_type? string "application/x-www-form-urlencoded" by default; "multipart/form-data; boundary=..." and "application/json" too
---@param bounds? rille.FormOptions
---@return table
function rille.form(body, content_type, bounds) end

--- Returns a deep copy of a table that is not marked as decoded, so that every method accepts it. Whoever sent the body can then write conditions,
--- operators and nested writes. Use it only for what you have checked, and never for what a visitor sends: that is what `input` is for.
---@generic T
---@param value T
---@return T
function rille.trust(value) end

--- Returns the HTTP status for an error: 422 for what a form can correct, 404, 409, 503 if the database cannot be reached in time, 504 if it does not
--- answer in time, and 500 for every other error, also for errors that are not rille's.
---@param e any
---@return integer
function rille.status(e) end

--- Ends the action that is running: it is rolled back, and its answer has this status and these messages.
---@param status 401|403|404|409|422
---@param messages? string|table<string, string> by field; a string is for the whole form
function rille.fail(status, messages) end

---@class (exact) rille.CsvWriteOptions
---@field columns? string[] the columns and their order; by default those of the rows
---@field model? rille.Model a model, as in db.post: columns in the order of the schema, Bytes as base64
---@field header? boolean false: no line with the names of the columns
---@field separator? string ","
---@field newline? string "\r\n"

---@class (exact) rille.CsvReadOptions
---@field columns? string[] the names of the columns, for text without a header
---@field model? rille.Model a model, as in db.post: cells become values of its fields
---@field header? boolean false: rows are lists of cells
---@field separator? string ","
---@field max_row? integer bytes of the longest row: 16 MiB

rille.csv = {}

--- Returns rows as CSV. Numbers and decimals are exact, date-times as in rows, tables are JSON. Errors: VALIDATION, P2006 (a table that cannot be JSON).
---@param rows table[]
---@param options? rille.CsvWriteOptions
---@return string
function rille.csv.encode(rows, options) end

--- Returns a function that writes one row to a file or a function, and the header before the first one. Columns are those of `columns`, or all of
--- `model`.
---@param target file*|fun(text: string)
---@param options rille.CsvWriteOptions
---@return fun(row: table)
function rille.csv.writer(target, options) end

--- Iterates over the rows of a file, or of a function that returns pieces of text (nil at the end): `for row, line in rille.csv.read(file) do`.
--- Memory is bounded by the longest row. Rows are tables by the names of the header; NULL is rille.null. Errors: INPUT with meta.line (not CSV; a cell
--- that is no value of its field).
---@param source file*|fun(): string|nil
---@param options? rille.CsvReadOptions
---@return fun(): table|nil, integer the row, and the line where it begins
function rille.csv.read(source, options) end

--- Returns the rows of a text, and the names of its columns. As in csv.read.
---@param text string
---@param options? rille.CsvReadOptions
---@return table[] rows
---@return string[]|nil columns
function rille.csv.decode(text, options) end

---@class (exact) rille.InspectOptions
---@field rows? boolean false: rows in Lua's syntax too
---@field max_cell? integer characters of the longest cell: 40
---@field paint? fun(text: string): string for the line with the names of the columns: adds colours

--- Returns a value as text for people: a list of rows as a table with columns and the number of rows, anything else in Lua's syntax, keys sorted. Cycles, and
--- what is nested more than 50 levels deep, become `{...}`.
---@param value any
---@param options? rille.InspectOptions
---@return string
function rille.inspect(value, options) end

--- Returns a function that reports how many of `total` are done, on stderr. By default (or with true) it is a bar on a terminal, and nothing elsewhere;
--- false: nothing; "lines": one line when it is complete; a function: it is called with (label, done, total).
---@param label string
---@param total integer|nil nil: unknown; then there is a number instead of a bar
---@param mode? boolean|"lines"|fun(label: string, done: integer, total: integer|nil)
---@return fun(done: integer)
function rille.progress(label, total, mode) end

--- Returns the current time as in rows: ISO-8601, UTC, in milliseconds.
---@return string
function rille.now() end

--- Returns the time a span before now, as in `createdAt = { gte = rille.ago{ days = 7 } }`. Negative numbers give times in the future.
---@param span { weeks?: number, days?: number, hours?: number, minutes?: number, seconds?: number }
---@return string
function rille.ago(span) end

--- Formats a date-time with a format of C's strftime: rille.date(row.createdAt, "%d.%m.%Y %H:%M").
---@param value string|number ISO-8601 as in rows, or seconds since 1970; fractions of a second are ignored
---@param format? string "%Y-%m-%dT%H:%M:%SZ" by default
---@param zone? string|fun(seconds: integer): integer, string? UTC when it is missing; "+02:00"; "local", the zone of the machine; or a function that
---   returns the seconds east of UTC at that time, and the text for %Z
---@return string
function rille.date(value, format, zone) end

--- Calls fn(...) and returns what it returns. Inside, a read of a model that has run already gives the same rows again, each time as new tables, until
--- something is written. Coroutines that fn starts are not part of it, and transactions are not either. Works without a cache.
---@param fn fun(...): ...
---@param ... any
---@return ...
function rille.request(fn, ...) end

--- Returns a fragment of SQL with its values: each `?` takes the next argument, a value or another fragment. `??` is a plain question mark. Values are
--- always sent as parameters. Errors: P1016 (more or fewer values than placeholders).
---@param text string
---@param ... any
---@return rille.Sql
function rille.sql(text, ...) end

--- Returns a fragment of values or fragments one after the other, for lists like `id IN (?)`. An empty list is an error, because SQL has none.
---@param list any[]
---@param separator? string SQL text between them, ", " by default; never take it from input
---@return rille.Sql
function rille.join(list, separator) end

--- Returns SQL text as a fragment, without any check: never use it for input.
---@param text string
---@return rille.Sql
function rille.raw(text) end

--- Returns an event as one readable line.
---@param event rille.Event
---@return string
function rille.log_line(event) end

--- Returns the schema of a live database as text. Names, comments and order of `schema` or `schema_text` are kept if they still fit.
--- On PostgreSQL `schemas` are the database schemas to read, for example { "public", "audit" }; by default those that the known schema names, or the
--- one of the connection. With `by_file` the schema is a folder, and the result a list of the files that change: models stay in their files, new ones
--- go to introspected.prisma. Errors: P1xxx (database), P4001 (it has no table).
---@param options rille.PullOptions
---@return string|{ file: string, text: string }[]
function rille.pull(options) end

--- Returns an exact decimal from a string, a number or a decimal. Errors: P2006 (not a decimal, not finite), VALIDATION (another type).
---@param x string|number|rille.Decimal
---@return rille.Decimal
function rille.decimal(x) end

--- Marks a table as a JSON array, also if it is empty. Returns the table.
---@param t? table
---@return table
function rille.array(t) end

--- Marks a table as a JSON object, also if it is empty. Returns the table.
---@param t? table
---@return table
function rille.object(t) end

--- A column on the right-hand side of a condition.
---@param model string
---@param field string
---@return rille.Field
function rille.field(model, field) end

--- Returns the seconds since 1970 of an ISO 8601 string: an integer if possible, otherwise a float. Errors: VALIDATION.
---@param iso string
---@return number
function rille.time(iso) end

--- Files from a schema: types for editors, diagrams.
---@type { run: (fun(options?: rille.GenerateOptions): { files: string[] }), refresh: (fun(options?: rille.GenerateOptions): { files: string[] }) }
rille.generate = {}

--- Generated data that depends on a seed, and factories by model: docs/seed.md.
rille.seed = require "rille.seed"

--- Copies a database to a file while other sessions read and write. The copy has the state at one point in time. SQLite: a database file.
--- PostgreSQL: what `pg_dump` (which must be in PATH) writes in its custom format. The file exists only when it is complete.
--- URL and schema are found as for rille.connect. Errors: VALIDATION (the file exists), P1xxx (database), BACKUP (disk full, pg_dump is missing or
--- failed, with its message).
---@param options rille.BackupOptions
---@return string file the name of the file
function rille.backup(options) end

--- Restores a backup to a database, all or nothing. A missing database is created. One that has tables is rejected unless `force` is true: then an
--- SQLite database is replaced as a whole, and of a PostgreSQL database only what the backup contains. No other process may have an SQLite database
--- open. Errors: VALIDATION (not a backup, or of another kind of database), P3005 (not empty), P1008 (in use), P1xxx (database), BACKUP (damaged,
--- disk full, pg_restore is missing or failed, with its message).
---@param options rille.RestoreOptions
function rille.restore(options) end

rille.json = {}

--- Returns a value as JSON text. Keys are sorted; decimals are strings, integers exact, `rille.null` is null, an empty list from rille is `[]`. With
--- `model`, the value is a row of that model, a list of rows, or a table that contains them: keys come in the order of the schema, in relations too,
--- and Bytes are base64. Errors, with the path: P2006 (not UTF-8, not finite), VALIDATION (a function, a list with other keys).
---@param value any
---@param options? rille.JsonOptions
---@return string
function rille.json.encode(value, options) end

--- Returns the value of a JSON text: arrays have the metatable of rille.array, null is rille.null. Its tables are marked as decoded: pass them to `input`,
--- or as the value of a Json field; elsewhere a call rejects them. `rille.trust` returns a copy without the mark. Errors: VALIDATION.
---@param text string
---@return any
function rille.json.decode(text) end

return rille
