---@meta rille
--- Made by core/tools/meta.lua: change the sources, or core/tools/meta.in.
-- luacheck: ignore 212 241 631
--- Types for editors. This file is never loaded.

---@class rille.Error
---@field code string Prisma's code (P2002, ...), VALIDATION or INTERNAL
---@field message string what was wrong, where in the arguments, and what would be right; one line
---@field kind "connection"|"validation"|"constraint"|"not_found"|"transaction"|"timeout"|"migration"|"internal"
---@field meta table details: target, model, field, path, ...
---@field sqlstate? string of the database, five letters
---@field retryable boolean whether the whole transaction may be repeated
---@field place? string "app/posts.lua:14": where the program made the call; "~" in front: the nearest line that a tail call has left

---@class rille.Diagnostic
---@field line integer from 1
---@field column integer from 1, in characters
---@field end_column integer
---@field message string
---@field file? string
---@field source_line string
---@field warning boolean

---@class (exact) rille.PoolOptions
---@field size? integer connections that may be open at most
---@field wait? integer how long a call waits for one: 5000; then P2024
---@field idle? integer how long one stays open that nobody uses
---@field max_lifetime? integer after which one is replaced

---@class (exact) rille.ConnectOptions
---@field schema? string a file, or a folder of *.prisma files; found by convention when absent
---@field schema_text? string the schema itself
---@field url? string else that of the datasource block, else DATABASE_URL
---@field pool? rille.PoolOptions the connections that all clients of the URL share
---@field replicas? string[] URLs of servers that replay what happens at `url`, for reads outside transactions; those after a write of this client see it
---@field strict_where? boolean reads refuse an empty where too
---@field omit? table<string, table<string, boolean>> fields that are left out unless selected: { user = { password = true } }
---@field keep_nulls? boolean NULL comes as rille.null instead of being absent
---@field wait? "cqueues"|"luv"|"copas"|rille.WaitFunction|rille.WaitHook calls in coroutines let the others of the scheduler go on
---@field log? string|string[]|fun(event: rille.Event) event names whose events are lines on stderr, or a function that gets all
---@field log_params? boolean false: neither log nor events have the values of statements
---@field slow_ms? integer from how many milliseconds on a statement is slow: 200
---@field n_plus_one? false|"warn"|"error"|rille.NPlusOneOptions reads that one call could have done together
---@field metrics? boolean figures by model and action in db:metrics()
---@field tags? table<string, string|number|boolean> of all statements, as a comment of sqlcommenter
---@field traceparent? string|fun(): string|nil of all calls

--- Returns when fd is ready for mode ("r", "w", "rw"), when the time is up, or earlier; without fd only the time counts.
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

--- What a handler of db:on gets; see docs/observing.md.
---@class rille.Event
---@field event "query"|"slow"|"n_plus_one"|"warn"
---@field kind "query"|"begin"|"commit"|"rollback"|"savepoint"|"release"|"rollback_to"|"warn"|"n_plus_one"
---@field sql? string
---@field params? string a Json array
---@field duration_ms? number
---@field rows? integer returned or affected
---@field model? string as the schema writes it
---@field action? string
---@field trace? string traceparent
---@field error? string code
---@field slow? boolean
---@field operation? integer
---@field transaction? integer
---@field round_trip? integer
---@field time? string ISO-8601
---@field message? string of "warn" and "n_plus_one"
---@field place? string file:line; of "n_plus_one" and of a "warn" about a call inside a transaction
---@field outer_place? string of "n_plus_one", as all below
---@field outer_model? string
---@field shape? string
---@field count? integer
---@field include? string what would have brought all with the outer call

---@class rille.PoolMetrics
---@field size integer connections that may be open at most
---@field open integer
---@field idle integer
---@field in_use integer
---@field waiting integer calls that wait for a connection
---@field connects integer connections opened since the pool was made
---@field waits integer calls that have had to wait
---@field waited_ms integer by all of them together
---@field timeouts integer calls that have waited in vain

---@class rille.ActionMetrics
---@field model? string
---@field action string
---@field operations integer
---@field errors integer
---@field duration_ms number of all together
---@field buckets integer[] how many took up to 1, 5, 10, 25, 50, 100, 250, 500, 1000, 5000 ms, and longer

---@class rille.Metrics
---@field pool rille.PoolMetrics
---@field replicas rille.PoolMetrics[] in the order of the option
---@field plans { bytes: integer, kept: integer, hits: integer, misses: integer, evictions: integer }
---@field calls { operations: integer, statements: integer, round_trips: integer }
---@field events { dropped: integer }
---@field actions rille.ActionMetrics[] empty without the option `metrics`

---@class (exact) rille.WithOptions
---@field tags? table<string, string|number|boolean> added to those of the client
---@field traceparent? string|fun(): string|nil of its calls
---@field primary? boolean reads do not go to a replica
---@field session? table<string, string|number|boolean> settings of the session that hold in each transaction; calls outside become one
---@field timeout? integer milliseconds after which a call outside a transaction is cancelled (P1008)

---@class (exact) rille.LockOptions
---@field wait? integer milliseconds to try, then P1002: 10000
---@field try? boolean does not wait: false without calling the function, or true and what it returns
---@field shared? boolean together with others who share it

---@class (exact) rille.ListenOptions
---@field timeout? integer milliseconds without a notification after which it ends
---@field on_listen? fun(again: boolean) called when the channels are listened to; again: after a loss, notifications may have been missed

---@class rille.Notification
---@field channel string
---@field payload string "" when there is none
---@field pid integer of the session that has told it

---@alias rille.IsolationLevel "read_uncommitted"|"read_committed"|"repeatable_read"|"serializable"|"read uncommitted"|"read committed"|"repeatable read"

---@class (exact) rille.BatchOptions
---@field transaction? boolean true: all or none in any case; false: also when some of them write, each by itself
---@field max_wait? integer as of a transaction
---@field timeout? integer as of a transaction
---@field isolation_level? rille.IsolationLevel as of a transaction
---@field retries? integer as of a transaction
---@field read_only? boolean as of a transaction

---@class (exact) rille.TransactionOptions
---@field max_wait? integer milliseconds until it must have begun: 2000
---@field timeout? integer milliseconds until it must have ended: 5000
---@field isolation_level? rille.IsolationLevel the database's own when it is missing
---@field retries? integer how often it is repeated after an error with `retryable`: 0
---@field read_only? boolean writes are P2028
---@field after_commit? fun() called once it is committed
---@field after_rollback? fun() called once it is rolled back; with retries after each attempt

--- What a client has beside its models. The class of a client that `rille generate` makes is one of these with the models of the schema.
---@class rille.ClientMethods
local Client = {}

--- Models are fields: db.user, db.User; db.blog_post, db.blogPost, db.BlogPost.
---@class rille.Client: rille.ClientMethods
---@field [string] rille.Model

--- Closes the client; calling it again does nothing. The pool closes with the last client of the process that shares it.
function Client:close() end

--- The same as close.
function Client:disconnect() end

--- Figures of the pool, of the pools of the replicas, of the plan cache, of the calls that have ended (operations, statements without BEGIN and COMMIT,
--- round_trips) and of events; with `metrics = true` in rille.connect also of each action of each model. "prometheus": the same as text for Prometheus.
---@param format? "prometheus"
---@return rille.Metrics|string
function Client:metrics(format) end

--- Runs fn(tx) in a transaction: commits when it returns, rolls back when it raises, and raises the same error. tx has the models and methods
--- of db. Within a transaction it is a savepoint. Errors: P2028 (time is up, or tx used after its end; with meta.committed when it is committed and
--- a function of after_commit has failed), P2034 (write conflict).
---@param fn fun(tx: rille.Client): ...
---@param options? rille.TransactionOptions
---@return ... what fn returns
function Client:transaction(fn, options) end

--- Has fn() called once the outermost transaction is committed, in the order of these calls. When the transaction, or the savepoint that this is
--- called in, is rolled back, fn is forgotten. A failure of fn undoes nothing: it is raised as P2028 with meta.committed, when all have run.
---@param fn fun()
function Client:after_commit(fn) end

--- Has fn() called once this transaction, or a savepoint or transaction around it, is rolled back.
---@param fn fun()
function Client:after_rollback(fn) end

--- Runs fn() while this program alone, of all that use the key on the database, holds an advisory lock. On PostgreSQL; the lock is kept by one
--- connection of the pool, outside any transaction, and given back when fn returns, raises, or its coroutine is closed. Within a transaction, and
--- behind a pooler in transaction mode, it is the lock of a transaction and lasts as long as that; there fn may be left out. Errors: P1002 when
--- somebody else has it for the whole of `wait`, P1017 when the connection that kept it was lost meanwhile, P2026 on SQLite.
---@param key string|integer a string stands for hashtextextended(key, 0)
---@param fn fun(): ...
---@param options? rille.LockOptions
---@return ... what fn returns
function Client:advisory_lock(key, fn, options) end

--- Tells all who listen to a channel; within a transaction when it commits, and not at all when it is rolled back. On PostgreSQL.
--- Errors: VALIDATION (a name has 1 to 63 bytes, a payload at most 7999), P2026 on SQLite.
---@param channel string
---@param payload? string
function Client:notify(channel, payload) end

--- An iterator of the notifications of channels, for a generic for: it ends when none came for `timeout` milliseconds, and without that never. The
--- loop may be left by `break`; in Lua before 5.4 its connection then ends with the next collection of garbage. See listen for the rest.
---@param channels string|string[]
---@param options? rille.ListenOptions
---@return fun(): rille.Notification|nil
function Client:notifications(channels, options) end

--- Calls fn(n) for each notification n = { channel, payload, pid } of the channels, until fn returns false or raises, or none came for
--- `timeout` milliseconds. In a coroutine of a cooperative client it waits in the scheduler, elsewhere it blocks. It has a connection of its own,
--- which the pool does not count; after a loss it connects again, with pauses that grow to ten seconds, and listens anew. on_listen(again) is
--- called each time when the channels are listened to: what is read from then on misses nothing; `again` says that notifications may have been
--- missed before. Errors: those of connecting for the first time; P2026 on SQLite and behind a pooler in transaction mode.
---@param channels string|string[]
---@param fn fun(n: rille.Notification): boolean|nil
---@param options? rille.ListenOptions
---@return boolean stopped true: fn returned false; false: the time was up
function Client:listen(channels, fn, options) end

--- Records the calls that fn(b) makes on b's models, runs them as if in their order, and returns their results, one value a call. They go to the
--- database together: what does not depend on a call before shares a round trip, where the database allows it. The first that fails ends the
--- batch; its error has the number of the call in meta.batch_index. All happen or none when one of them writes; `transaction = true` or any option
--- of db:transaction asks for it in any case, `transaction = false` forgoes it, and then writes go one by one.
---@param fn fun(b: rille.Client)
---@param options? rille.BatchOptions
---@return ...
function Client:batch(fn, options) end

--- Runs a statement and returns its rows. Values replace `$1` or `?`; nil and rille.null are NULL. Errors: P2010, with the database's words; P1016
--- when there are more or fewer values than placeholders.
---@param sql string|rille.Sql
---@param ... any values
---@return table[] rows
function Client:query_raw(sql, ...) end

--- Runs a statement and returns how many rows it has changed. Values and errors as of query_raw.
---@param sql string|rille.Sql
---@param ... any values
---@return integer affected
function Client:execute_raw(sql, ...) end

--- Runs several statements, separated by semicolons, without values and without rows.
---@param sql string
function Client:execute_script(sql) end

--- Calls fn(event) for what this client, and all that is derived from it, does from now on: right after the call that it is about, in the order of
--- what happened. "query": each statement and each command of a transaction; "slow": the statements that took slow_ms or more; "n_plus_one": see
--- the option n_plus_one; "warn": what somebody should look at. An error in fn costs nobody a result: it becomes a "warn" event. fn must not wait
--- for a scheduler; what it does with the database blocks, and is told to no handler. See docs/observing.md.
---@param name "query"|"slow"|"n_plus_one"|"warn"
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

---@class rille.Sql

---@class rille.Null

--- A column on the right-hand side of a filter.
---@class rille.Field: userdata

---@alias rille.Period "year"|"month"|"week"|"day"|"hour"

---@class (exact) rille.Count
---@field count integer

---@class (exact) rille.Distinct
---@field distinct boolean

---@alias rille.LockMode "update"|"share"|"no_key_update"|"key_share"
---@alias rille.Lock rille.LockMode|{ mode: rille.LockMode, skip_locked?: boolean, nowait?: boolean }

---@class rille
---@field null rille.Null SQL NULL in data and filters; null in Json
---@field json_null rille.Null the Json value null
---@field db_null rille.Null SQL NULL of a Json column
---@field any_null rille.Null either, in filters
---@field all rille.Null every row, as the where of update_many and delete_many
---@field version string of rille, "0.1.0"
---@field migrate rille.Migrate migrations on Prisma's folder and history: docs/migrations.md
---@field empty rille.Sql nothing, for a part of a statement that is left out
local rille = {}

--- Opens a client. Nothing is sent yet: the first call connects. Errors: P1012 (schema), P1013 (URL), VALIDATION (options).
---@param options? rille.ConnectOptions
---@return rille.Client
function rille.connect(options) end

--- Brings a database into the form of a schema; it is created when it does not exist. Schema and URL are found as rille.connect finds
--- them. Errors: P1012 (schema), P1xxx (database), P3001 (rows or values would be lost, e.meta.warnings says which: `accept_data_loss`
--- allows it; or rows forbid a step; `reset` drops everything first).
---@param options? rille.PushOptions
function rille.push(options) end

--- Checks a schema.
---@param text string
---@return true|nil ok
---@return rille.Diagnostic[]|nil diagnostics all faults, with line and column
function rille.validate(text) end

--- Formats a schema as Prisma does. Errors: P1012.
---@param text string
---@return string
function rille.format(text) end

--- Whether something is an error of rille; with a code, whether it is that one.
---@param e any
---@param code? string such as "P2002"
---@return boolean
function rille.is(e, code) end

--- Calls f(...) and returns what it returns; or nil and the error when rille raised one. Other errors go on.
---@param f function
---@param ... any
---@return ...
function rille.try(f, ...) end

--- A function for hosts that lose error tables (nginx, HAProxy, Apache): as fn, but what it raises becomes a string with place and traceback.
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
---   gives the seconds east of UTC at a moment, and what %Z is there
---@return string
function rille.date(value, format, zone) end

--- A piece of SQL with its values: each `?` takes the next argument, a value or another fragment. `??` stands for a plain question mark.
--- Values are always sent as parameters. Errors: P1016 when there are more or fewer values than placeholders.
---@param text string
---@param ... any
---@return rille.Sql
function rille.sql(text, ...) end

--- Values or fragments one after the other, for lists such as `id IN (?)`. An empty list is an error, since SQL has no empty list.
---@param list any[]
---@param separator? string SQL text between them, ", " by default; never take it from input
---@return rille.Sql
function rille.join(list, separator) end

--- SQL text as it is, without any check: never of anything that came from outside.
---@param text string
---@return rille.Sql
function rille.raw(text) end

--- An event as one readable line.
---@param event rille.Event
---@return string
function rille.log_line(event) end

--- The schema of a live database, as text. Names, comments and order of `schema` or `schema_text` are kept where they still fit.
--- On PostgreSQL `schemas` are the database schemas to read, for example { "public", "audit" }; without it, those that the known schema
--- names, else the connection's own. With `by_file` the schema is a folder, and the result a list of the files that change: models stay in
--- their files, what is new goes to introspected.prisma. Errors: P1xxx (database), P4001 (it has no table).
---@param options rille.PullOptions
---@return string|{ file: string, text: string }[]
function rille.pull(options) end

--- An exact decimal of a text, a number or a decimal. Errors: P2006 (no decimal, not finite), VALIDATION (another type).
---@param x string|number|rille.Decimal
---@return rille.Decimal
function rille.decimal(x) end

--- Marks a table as a Json array, also when it is empty. The table itself is returned.
---@param t? table
---@return table
function rille.array(t) end

--- Marks a table as a Json object, also when it is empty. The table itself is returned.
---@param t? table
---@return table
function rille.object(t) end

--- A column on the right-hand side of a filter.
---@param model string
---@param field string
---@return rille.Field
function rille.field(model, field) end

--- Seconds since 1970 of an ISO-8601 text: an integer when they are whole, else a float. Errors: VALIDATION.
---@param iso string
---@return number
function rille.time(iso) end

--- Files made of a schema: types for editors, pictures.
---@type { run: (fun(options?: rille.GenerateOptions): { files: string[] }), refresh: (fun(options?: rille.GenerateOptions): { files: string[] }) }
rille.generate = {}

--- Invented data that follows from a seed, and factories by model: docs/seed.md.
rille.seed = require "rille.seed"

--- Copies a database into a file while others go on reading and writing; the copy is as the database was at one moment. SQLite: a database file.
--- PostgreSQL: what `pg_dump` (which must be in PATH) writes in its custom format. The file is there when it is complete, or not at all.
--- URL and schema are found as rille.connect finds them. Errors: VALIDATION (the file is there already), P1xxx (database), BACKUP (disk full,
--- pg_dump is missing or failed: with its own words).
---@param options rille.BackupOptions
---@return string file its name
function rille.backup(options) end

--- Puts a backup into a database, all or nothing; the database is made when it is missing. One that has tables is refused unless `force` is true:
--- then SQLite's is replaced as a whole, and of PostgreSQL's what the backup has is replaced and what it has not stays. Nobody else may have an
--- SQLite database open. Errors: VALIDATION (no backup, or one of another kind of database), P3005 (not empty), P1008 (in use), P1xxx (database),
--- BACKUP (damaged, disk full, pg_restore is missing or failed: with its own words).
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

--- The value of a Json text: arrays encode as arrays, null is rille.null. Its tables are marked as decoded: pass them to `input`, or as the value of a
--- Json field; other places of a call refuse them. `rille.trust` gives a copy without the mark. Errors: VALIDATION.
---@param text string
---@return any
function rille.json.decode(text) end

return rille
