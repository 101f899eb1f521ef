---@meta rille
-- luacheck: ignore 212 241 631
--- Types for editors, and the words on what is written in C. This file is never loaded.

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

---@class rille.ConnectOptions
---@field schema? string a file, or a folder of *.prisma files; found by convention when absent
---@field schema_text? string the schema itself
---@field url? string else that of the datasource block, else DATABASE_URL
---@field pool? rille.PoolOptions
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

--- Times in milliseconds.
---@class rille.PoolOptions
---@field size? integer connections that may be open at most
---@field wait? integer how long a call waits for one: 5000; then P2024
---@field idle? integer how long one stays open that nobody uses
---@field max_lifetime? integer after which one is replaced

--- Returns when fd is ready for mode ("r", "w", "rw"), when the time is up, or earlier; without fd only the time counts.
---@alias rille.WaitFunction fun(fd?: integer, mode?: "r"|"w"|"rw", seconds?: number)

---@class rille.WaitHook
---@field wait rille.WaitFunction
---@field forget? fun(fd: integer) called before a descriptor may be closed
---@field ready? fun(): boolean whether the running code may wait so

---@class rille.NPlusOneOptions
---@field report? "warn"|"error" "warn"
---@field more_than? integer calls: 10
---@field within? integer milliseconds: 1000
---@field scope? fun(): any what tells one request from the next; nil outside of one

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

---@class rille.WithOptions
---@field tags? table<string, string|number|boolean> added to those the client has
---@field traceparent? string|fun(): string|nil of its calls
---@field primary? boolean reads do not go to a replica
---@field session? table<string, string|number|boolean> settings of PostgreSQL that hold in each transaction; calls outside become one
---@field timeout? integer milliseconds after which a call outside a transaction is cancelled (P1008)

---@class rille.LockOptions
---@field wait? integer milliseconds to try, then P1002: 10000
---@field try? boolean does not wait: false without calling the function, or true and what it returns
---@field shared? boolean together with others who share it

---@class rille.ListenOptions
---@field timeout? integer milliseconds without a notification after which it ends
---@field on_listen? fun(again: boolean) called when the channels are listened to; again: after a loss, notifications may have been missed

---@class rille.Notification
---@field channel string
---@field payload string "" when there is none
---@field pid integer of the session that has told it

---@alias rille.IsolationLevel "read_uncommitted"|"read_committed"|"repeatable_read"|"serializable"|"read uncommitted"|"read committed"|"repeatable read"

---@class rille.BatchOptions
---@field transaction? boolean true: all or none in any case; false: also when some of them write, each by itself
---@field max_wait? integer as of a transaction
---@field timeout? integer
---@field isolation_level? rille.IsolationLevel
---@field retries? integer
---@field read_only? boolean

---@class rille.TransactionOptions
---@field max_wait? integer milliseconds until it must have begun: 2000
---@field timeout? integer milliseconds until it must have ended: 5000
---@field isolation_level? rille.IsolationLevel
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

--- Runs fn in a transaction: it commits when fn returns and is rolled back when fn raises. Within a transaction it is a savepoint.
--- Errors: P2028, P2034, and what fn raises.
---@param fn fun(tx: rille.Client): ...
---@param options? rille.TransactionOptions
---@return ... what fn returns
function Client:transaction(fn, options) end

--- Of a transaction: calls fn() once the outermost one is committed. A failure of fn is raised as P2028 with meta.committed.
---@param fn fun()
function Client:after_commit(fn) end

--- Of a transaction: calls fn() once it, or one around it, is rolled back.
---@param fn fun()
function Client:after_rollback(fn) end

--- Runs fn while this program holds the lock of that key (PostgreSQL). Errors: P1002 (somebody else has it), P1017 (it was lost), P2026 (SQLite).
---@param key string|integer
---@param fn? fun(): ... may be missing in a transaction, to whose end the lock lasts
---@param options? rille.LockOptions
---@return ... what fn returns; with `try` false, or true and that
function Client:advisory_lock(key, fn, options) end

--- Tells all who listen to the channel (PostgreSQL); in a transaction when it commits.
---@param channel string
---@param payload? string at most 7999 bytes
function Client:notify(channel, payload) end

--- Calls fn for each notification until it returns false (then the result is true) or none came for `timeout` (false).
---@param channels string|string[]
---@param fn fun(n: rille.Notification): boolean|nil
---@param options? rille.ListenOptions
---@return boolean stopped
function Client:listen(channels, fn, options) end

--- The same for a generic for.
---@param channels string|string[]
---@param options? rille.ListenOptions
---@return fun(): rille.Notification|nil
function Client:notifications(channels, options) end

--- Records the calls that fn(b) makes and runs them in their order; returns their results, one value a call. All happen or none when one of
--- them writes, unless `transaction = false`.
---@param fn fun(b: rille.Client)
---@param options? rille.BatchOptions
---@return ...
function Client:batch(fn, options) end

--- The rows of a statement; `?` or `$1` stand for the values. Errors: P1016 (another number of values than placeholders), P2010.
---@param sql string|rille.Sql
---@param ... any values
---@return table[] rows
function Client:query_raw(sql, ...) end

--- Runs a statement; how many rows it has changed. Errors: P1016 (another number of values than placeholders), P2010.
---@param sql string|rille.Sql
---@param ... any values
---@return integer affected
function Client:execute_raw(sql, ...) end

--- Runs any number of statements, without values. Errors: P2010.
---@param sql string
function Client:execute_script(sql) end

--- Figures of pool, plan cache, calls and events; with the option `metrics` also of each action. "prometheus": the same as text for Prometheus.
---@param format? "prometheus"
---@return rille.Metrics|string
function Client:metrics(format) end

--- Calls fn(event) for what this client and all that comes of it does from now on; returns the function that takes the handler away.
---@param name "query"|"slow"|"n_plus_one"|"warn"
---@param fn fun(event: rille.Event)
---@return fun() off
function Client:on(name, fn) end

--- A client over the same pool that differs in what the options say.
---@param options rille.WithOptions
---@return rille.Client
function Client:with(options) end

--- A client whose reads go to the primary, whatever replicas there are.
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

---@class rille.Shown
---@field select? table
---@field include? table
---@field omit? table
---@field relation_load_strategy? "join"|"query"

---@class rille.FindUnique: rille.Shown
---@field where table
---@field lock? rille.Lock PostgreSQL only

---@class rille.Find: rille.Shown
---@field where? table
---@field order_by? table
---@field cursor? table
---@field skip? integer
---@field take? integer negative: from the end
---@field distinct? string|string[]
---@field lock? rille.Lock PostgreSQL only

---@class rille.Each: rille.Find
---@field batch? integer rows read at a time

---@class rille.Create: rille.Shown
---@field data? table

---@class rille.CreateMany
---@field data table|table[]
---@field skip_duplicates? boolean

---@class rille.CreateManyAndReturn: rille.Shown
---@field data table|table[]
---@field skip_duplicates? boolean

---@class rille.Update: rille.Shown
---@field where table
---@field data table

---@class rille.UpdateMany
---@field where? table|rille.Null required unless data is a list; rille.all means every row
---@field data table|table[] a list: other values for each row, which the fields of `on` tell apart
---@field on? string|string[]
---@field limit? integer

---@class rille.UpdateManyAndReturn: rille.Shown
---@field where? table|rille.Null required unless data is a list; rille.all means every row
---@field data table|table[] a list: other values for each row, which the fields of `on` tell apart
---@field on? string|string[]
---@field limit? integer

---@class rille.Upsert: rille.Shown
---@field where table
---@field create table
---@field update table

---@class rille.Delete: rille.Shown
---@field where table

---@class rille.Model
local Model = {}

--- The row of a unique key, or nil.
---@param args rille.FindUnique
---@return table|nil
function Model:find_unique(args) end

--- The row of a unique key. Errors: P2025.
---@param args rille.FindUnique
---@return table
function Model:find_unique_or_throw(args) end

--- The first row, or nil.
---@param args? rille.Find
---@return table|nil
function Model:find_first(args) end

--- The first row. Errors: P2025.
---@param args? rille.Find
---@return table
function Model:find_first_or_throw(args) end

--- All rows that fit, an array.
---@param args? rille.Find
---@return table[]
function Model:find_many(args) end

--- Iterates over the rows that find_many would give, in constant memory: `for row in db.user:each{ where = ... } do`.
---@param args? rille.Each
---@return fun(): table|nil
function Model:each(args) end

--- Makes a row and returns it. Errors: P2002, P2003, P2011, P2012.
---@param args rille.Create
---@return table
function Model:create(args) end

--- Makes many rows at once.
---@param args rille.CreateMany
---@return { count: integer }
function Model:create_many(args) end

--- Makes many rows at once and returns them.
---@param args rille.CreateManyAndReturn
---@return table[]
function Model:create_many_and_return(args) end

--- Changes the row of a unique key and returns it. Errors: P2025.
---@param args rille.Update
---@return table
function Model:update(args) end

--- Changes all rows that fit; a missing or empty where is refused: rille.all means every row. With `on`, data is a list of rows: each names the
--- row that it changes by the fields of `on`.
---@param args rille.UpdateMany
---@return { count: integer }
function Model:update_many(args) end

--- As update_many, and returns the rows.
---@param args rille.UpdateManyAndReturn
---@return table[]
function Model:update_many_and_return(args) end

--- Changes the row of a unique key, or makes it.
---@param args rille.Upsert
---@return table
function Model:upsert(args) end

--- Makes many rows, and changes those whose key `on` is there already: the fields of `update`, or all ("all", also when it is missing).
---@param args { data: table[], on: string|string[], update?: string[]|"all" }
---@return { count: integer }
function Model:upsert_many(args) end

--- Deletes the row of a unique key and returns it. Errors: P2025.
---@param args rille.Delete
---@return table
function Model:delete(args) end

--- Deletes all rows that fit; a missing or empty where is refused: rille.all means every row.
---@param args { where: table|rille.Null, limit?: integer }
---@return { count: integer }
function Model:delete_many(args) end

--- How many rows fit; with `select`, how many of them have a value in each field.
---@param args? { where?: table, cursor?: table, skip?: integer, take?: integer, order_by?: table, select?: table }
---@return integer|table
function Model:count(args) end

--- Sums, averages, least and greatest of the rows that fit.
---@param args { where?: table, order_by?: table, cursor?: table, skip?: integer, take?: integer, _count?: any, _sum?: table, _avg?: table, _min?: table, _max?: table }
---@return table
function Model:aggregate(args) end

--- The same by groups. Errors: P2019.
---@param args { by: string|string[], where?: table, having?: table, order_by?: table, skip?: integer, take?: integer, _count?: any, _sum?: table, _avg?: table, _min?: table, _max?: table }
---@return table[]
function Model:group_by(args) end

--- Whether any row fits.
---@param args? { where?: table }
---@return boolean
function Model:exists(args) end

--- Checks a data table as create would, without sending anything.
---@param data table
---@return true|nil ok
---@return { field: string, code: string, message: string }[]|nil faults
function Model:validate(data) end

--- What a call would do, without doing it; tostring of it reads well.
---@param args table `action` (default "find_many"), and the arguments of that method
---@return rille.Explanation
function Model:explain(args) end

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

--- The time now, as rows have it: ISO-8601, UTC, to the millisecond.
---@return string
function rille.now() end

--- The time that lies a span before now: `createdAt = { gte = rille.ago{ days = 7 } }`. Negative numbers reach into the future.
---@param span { weeks?: number, days?: number, hours?: number, minutes?: number, seconds?: number }
---@return string
function rille.ago(span) end

--- A moment as text, in the words of C's strftime: `rille.date(row.createdAt, "%d.%m.%Y %H:%M")`. Errors: VALIDATION.
---@param value string|number ISO-8601 as rows have it, or seconds since 1970
---@param format? string "%Y-%m-%dT%H:%M:%SZ" when it is missing
---@param zone? string|fun(seconds: integer): integer, string? UTC when it is missing; "+02:00"; "local"; or what gives the seconds east of UTC and a name
---@return string
function rille.date(value, format, zone) end

--- A piece of SQL with its values: each `?` takes a value or another piece; `??` is a question mark. Errors: P1016.
---@param text string
---@param ... any
---@return rille.Sql
function rille.sql(text, ...) end

--- Values or pieces one after the other, as in `id IN (?)`. An empty list is an error.
---@param list any[]
---@param separator? string ", " by default; never from outside
---@return rille.Sql
function rille.join(list, separator) end

--- SQL text as it is: never of anything from outside.
---@param text string
---@return rille.Sql
function rille.raw(text) end

--- An event as the log writes it, one line.
---@param event rille.Event
---@return string
function rille.log_line(event) end

--- Brings a database into the form of a schema; it is made when it is missing. Errors: P1012, P1xxx, P3001 (e.meta.warnings: what would be lost).
---@param options? rille.PushOptions
function rille.push(options) end

--- The schema of a live database, as text. Errors: P1xxx, P4001 (it has no table).
---@param options rille.PullOptions
---@return string
function rille.pull(options) end

--- Checks a schema.
---@param text string
---@return true|nil ok
---@return rille.Diagnostic[]|nil diagnostics all faults, with line and column
function rille.validate(text) end

--- Formats a schema as Prisma does. Errors: P1012.
---@param text string
---@return string
function rille.format(text) end

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

--- Copies a database into a file while others go on writing. Errors: VALIDATION (the file is there already), P1xxx, BACKUP.
---@param options rille.BackupOptions
---@return string file
function rille.backup(options) end

--- Puts a backup into a database, all or nothing. Errors: VALIDATION (no backup), P3005 (not empty, and not force), P1008 (in use), P1xxx, BACKUP.
---@param options rille.RestoreOptions
function rille.restore(options) end

rille.json = {}

--- Json text of a value, keys sorted, decimals as texts. Errors: P2006 (NaN, text that is not UTF-8), VALIDATION (a function, a list with other keys).
---@param value any
---@param options? rille.JsonOptions
---@return string
function rille.json.encode(value, options) end

--- The value of a Json text: arrays carry rille.array's metatable, null is rille.null. Errors: VALIDATION.
---@param text string
---@return any
function rille.json.decode(text) end

return rille
