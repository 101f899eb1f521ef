---@meta
--- Written by core/tools/meta.lua: change the sources, or core/tools/meta.in.
-- luacheck: ignore 212 241 631
--- Types for editors: models, their methods and arguments. This file is never loaded.

---@class rille.CacheFigures
---@field hits integer
---@field misses integer
---@field stale_hits integer old answers that were given while another caller renewed them
---@field waits integer calls that waited for the answer of another one
---@field kept integer answers that were put into the cache
---@field refused integer answers that were not, because something had been written, or they were too long
---@field entries integer
---@field bytes integer
---@field evictions integer

---@class rille.CacheMetrics: rille.CacheFigures
---@field by table<string, rille.CacheFigures> by model, by `key` of db:cached and by path of db:page; at most 1,000

---@class (exact) rille.CachedOptions
---@field key string the name of the value; with the arguments it identifies the value
---@field ttl number seconds for which the value is given at most
---@field stale? number seconds after `ttl` in which the old value is given while one caller renews it: 0
---@field tags? string[]|fun(...): string[] for db:revalidate_tag; or a function of the arguments
---@field auto? boolean false: writes do not make it stale, only `ttl` and `tags` do

---@class (exact) rille.CachedPageOptions
---@field ttl number seconds for which the page is given at most
---@field stale? number seconds after `ttl` in which the old page is given while one caller renews it: 0
---@field tags? string[] for db:revalidate_tag
---@field vary? table what else decides the page: one is kept for each combination
---@field auto? boolean false: writes do not make it stale, only `ttl`, `tags` and its path do

---@class (exact) rille.WithOptions
---@field tags? table<string, string|number|boolean> added to those of the client
---@field traceparent? string|fun(): string|nil of its calls
---@field primary? boolean reads do not go to a replica
---@field session? table<string, string|number|boolean> settings of the session that hold in each transaction; calls outside become one
---@field timeout? integer milliseconds after which a call outside a transaction is cancelled (P1008)
---@field scope? table<string, table> conditions, by model, on all rows that calls of this client reach; `*` is every model
---@field except? string[] models to which `*` of the scope does not apply, since they lack its fields
---@field unscoped? boolean raw SQL, which sees all rows, is allowed although the client has a scope
---@field messages? table<string, string>|fun(fault: rille.InputFault): string|nil messages of `input`, before those of the client

---@class (exact) rille.LockOptions
---@field wait? integer milliseconds to try, then P1002: 10000
---@field try? boolean does not wait: returns false without calling the function, or true and its results
---@field shared? boolean others may share the lock

---@class (exact) rille.BatchOptions
---@field transaction? boolean true: always all or none; false: no transaction, even if some of them write
---@field max_wait? integer as in db:transaction
---@field timeout? integer as in db:transaction
---@field isolation_level? rille.IsolationLevel as in db:transaction
---@field retries? integer as in db:transaction
---@field read_only? boolean as in db:transaction

---@class (exact) rille.ListenOptions
---@field timeout? integer milliseconds without a notification after which listening ends
---@field on_listen? fun(again: boolean) called when listening has begun; again: after a lost connection, when notifications may have been missed

---@class rille.Shown
---@field select? table
---@field include? table
---@field omit? table
---@field relation_load_strategy? "join"|"query"

---@class rille.FindUnique: rille.Shown
---@field where table
---@field lock? rille.Lock where the database can lock rows
---@field as? "json" the result is JSON text, a string
---@field bigint? "number"|"string" in JSON
---@field cache? rille.Cached the answer may come from the cache

---@class rille.Find: rille.Shown
---@field where? table
---@field order_by? table
---@field cursor? table
---@field take? integer negative: from the end
---@field skip? integer
---@field distinct? string|string[]
---@field lock? rille.Lock where the database can lock rows
---@field as? "json" the result is JSON text, a string
---@field bigint? "number"|"string" in JSON
---@field cache? rille.Cached the answer may come from the cache

---@class rille.Create: rille.Shown
---@field data? table
---@field as? "json" the result is JSON text, a string
---@field bigint? "number"|"string" in JSON

---@class rille.CreateMany
---@field data table|table[]
---@field skip_duplicates? boolean

---@class rille.CreateManyAndReturn: rille.Shown
---@field data table|table[]
---@field skip_duplicates? boolean
---@field as? "json" the result is JSON text, a string
---@field bigint? "number"|"string" in JSON

---@class rille.Update: rille.Shown
---@field where table
---@field data table
---@field as? "json" the result is JSON text, a string
---@field bigint? "number"|"string" in JSON

---@class rille.UpdateMany
---@field where? table|rille.Null rille.all means every row
---@field data table|table[] a list: different values per row, which the fields of `on` identify
---@field limit? integer
---@field on? string|string[]

---@class rille.UpdateManyAndReturn: rille.Shown
---@field where? table|rille.Null rille.all means every row
---@field data table|table[] a list: different values per row, which the fields of `on` identify
---@field limit? integer
---@field on? string|string[]
---@field as? "json" the result is JSON text, a string
---@field bigint? "number"|"string" in JSON

---@class rille.Upsert: rille.Shown
---@field where table
---@field create table
---@field update table
---@field as? "json" the result is JSON text, a string
---@field bigint? "number"|"string" in JSON

---@class rille.UpsertMany
---@field data table|table[]
---@field update? string[]|"all"
---@field on string|string[]

---@class rille.Delete: rille.Shown
---@field where table
---@field as? "json" the result is JSON text, a string
---@field bigint? "number"|"string" in JSON

---@class rille.DeleteMany
---@field where? table|rille.Null rille.all means every row
---@field limit? integer

---@class rille.CountArgs
---@field where? table
---@field select? table
---@field order_by? table
---@field cursor? table
---@field take? integer negative: from the end
---@field skip? integer
---@field as? "json" the result is JSON text, a string
---@field bigint? "number"|"string" in JSON
---@field cache? rille.Cached the answer may come from the cache

---@class rille.Aggregate
---@field where? table
---@field order_by? table
---@field cursor? table
---@field take? integer negative: from the end
---@field skip? integer
---@field _count? boolean|table
---@field _sum? table
---@field _avg? table
---@field _min? table
---@field _max? table
---@field as? "json" the result is JSON text, a string
---@field bigint? "number"|"string" in JSON
---@field cache? rille.Cached the answer may come from the cache

---@class rille.GroupBy
---@field where? table
---@field order_by? table
---@field take? integer negative: from the end
---@field skip? integer
---@field by string|table
---@field having? table
---@field _count? boolean|table
---@field _sum? table
---@field _avg? table
---@field _min? table
---@field _max? table
---@field as? "json" the result is JSON text, a string
---@field bigint? "number"|"string" in JSON
---@field cache? rille.Cached the answer may come from the cache

---@class rille.Exists
---@field where? table
---@field as? "json" the result is JSON text, a string
---@field bigint? "number"|"string" in JSON
---@field cache? rille.Cached the answer may come from the cache

---@class rille.Each: rille.Find
---@field batch? integer rows per batch

---@class (exact) rille.ValidateOptions
---@field mode? "create"|"update" "create"; "update": nothing is required

---@class rille.Problem
---@field field string the path in the data, such as `posts.create[2].title`
---@field code string of the error that the write would raise
---@field message string for the person at a form, without the path
---@field rule? string the rule that the value breaks, such as `length`

---@class rille.SchemaInfo
---@field provider string
---@field models rille.ModelInfo[]
---@field enums rille.EnumInfo[]

---@class rille.ModelInfo
---@field name string as written
---@field snake string
---@field camel string
---@field table string in the database
---@field schema? string @@schema
---@field doc? string
---@field view? true
---@field touches? string[] the models that `@touches` names
---@field fields rille.FieldInfo[]
---@field keys rille.KeyInfo[]

---@class rille.FieldInfo
---@field name string
---@field kind "scalar"|"enum"|"relation"
---@field type string such as "String"; the name of the enum or model
---@field column? string in the database
---@field doc? string the documentation, with the lines of rules
---@field native? string such as "VarChar"
---@field native_args? integer[]
---@field list? true
---@field required? true
---@field is_id? true
---@field is_unique? true
---@field updated_at? true
---@field has_default? true
---@field by_database? true the database evaluates the default
---@field default_kind? "literal"|"list"|"autoincrement"|"now"|"uuid"|"cuid"|"ulid"|"nanoid"|"dbgenerated"|"sequence"
---@field default? string|number|boolean|table a literal, or a list of them; decimals, date-times, Json and bytes are strings, as written
---@field expression? string of dbgenerated and sequence
---@field values? string[] of enums
---@field rules? rille.RuleInfo
---@field target? string the model of a relation
---@field opposite? string its field on the other side
---@field relation? "one_to_one"|"one_to_many"|"many_to_many"
---@field relation_name? string
---@field holds_key? true
---@field own_fields? string[] of the foreign key, on this side
---@field other_fields? string[] on the other side
---@field on_delete? "Cascade"|"Restrict"|"NoAction"|"SetNull"|"SetDefault"
---@field on_update? "Cascade"|"Restrict"|"NoAction"|"SetNull"|"SetDefault"
---@field emulated? true relationMode = "prisma": rille performs them

---@class rille.RuleInfo
---@field length? { min?: integer, max?: integer }
---@field range? { min?: number|string, max?: number|string } strings for Decimal and DateTime, as written
---@field email? true
---@field url? true
---@field pattern? string
---@field one_of? (string|integer)[]
---@field trim? true
---@field lowercase? true
---@field message? string

---@class rille.KeyInfo
---@field kind "primary"|"unique"|"index"
---@field fields string[]
---@field client_name? string in a unique where
---@field name? string in the database
---@field names_row? true it may be used in a unique where

---@class rille.EnumInfo
---@field name string
---@field type string in the database
---@field doc? string
---@field values { name: string, value: string, doc?: string }[]

---@class (exact) rille.ExtendOptions
---@field name? string for messages
---@field model? table<string, table<string, function>> methods of models, by model; `["*"]`: of all models
---@field query? table<string, table<string, rille.QueryHook>|rille.QueryHook> functions around calls, by model and method; `["*"]`: all
---@field result? table<string, table<string, rille.ComputedField>> computed fields, by model
---@field client? table<string, function> methods of the client
---@field write? table<string, rille.WriteHooks> functions before and after each row that is written, by model

---@class (exact) rille.ComputedField
---@field needs? string[]|table<string, boolean> the fields that it is computed from; they are read if they are not selected
---@field compute fun(row: table): any returns the value

---@class (exact) rille.WriteHooks
---@field before? rille.BeforeHook called before a row is written; may change `row`, or return another one
---@field after? rille.AfterHook called with each written row, before the commit

--- A call inside a function of `query`.
---@class rille.QueryCall
---@field model string as in the schema
---@field action string the name of the method; `find_many` for `each` and `paginate` too
---@field args table a copy of the arguments, without `as` and `bigint`
---@field db rille.Client the client or transaction of the call
---@field run fun(args?: table): any makes the call, with `args` by default

---@alias rille.QueryHook fun(call: rille.QueryCall): any
---@alias rille.BeforeHook fun(row: table, tx: rille.Client, action: "create"|"update"|"delete", current: table|nil, model: string): table|nil
---@alias rille.AfterHook fun(row: table, tx: rille.Client, action: "create"|"update"|"delete", previous: table|nil, model: string)

---@class (exact) rille.ActionOptions
---@field authorize? fun(context: table, form: table): boolean|nil, integer? whether the call is allowed; false is status 403, or the status that is its second value
---@field input? rille.ActionInput|fun(form: table, context: table): table|nil, table? what the form may say: `model`, and the options of model:input; or a function that returns the input, or nil and messages
---@field run fun(tx: rille.Client, input: table|nil, context: table): any, table? the action itself; returns the value of the answer, or nil and messages by field: then it is rolled back, status 422
---@field transaction? boolean|rille.TransactionOptions the options of its transaction; false: it runs on the client
---@field revalidate? rille.ActionRevalidate which cached answers are stale afterwards
---@field redirect? string|fun(value: any, context: table): string a local path to go to afterwards

---@class (exact) rille.ActionRevalidate
---@field paths? string[]|fun(value: any, context: table): string[] paths of cached pages
---@field tags? string[]|fun(value: any, context: table): string[] tags of cached answers

--- What an action returns; see docs/actions.md.
---@class rille.Answer
---@field ok boolean
---@field status integer as HTTP has it
---@field value? any what `run` returned
---@field redirect? string a local path
---@field code? string
---@field errors? table<string, string> messages by field, `base` for none
---@field faults? table[] all faults of the input
---@field values? table the form, without files and omitted fields

--- The options of model:input, and the model.
---@class rille.ActionInput
---@field model string
---@field allow table
---@field [string] any

---@class (exact) rille.InputOptions
---@field allow (string|table)[]|table<string, true|"connect"|table> lists the fields that the form may give
---@field mode? "create"|"update" "create"; "update": nothing is required
---@field required? (string|table)[]|table<string, true|table> fields of `allow` that must be given, in addition to those that the schema requires
---@field unknown? "ignore"|"error" "ignore": names that are not allowed are left out; "error": they are faults
---@field zone? string|fun(local_time: string): string of date-times without an offset, such as "+02:00"; or a function that returns it for a local time; UTC by default
---@field check? fun(input: table, fault: fun(path: string, message: string, code?: string)) runs when all fields are right; each call of `fault` adds a fault
---@field messages? table<string, string>|fun(fault: rille.InputFault): string|nil replaces messages: by code, or a function that returns one
---@field depth? integer how many levels of tables the form may have; 8 by default
---@field items? integer how many elements a list may have; 1,000 by default
---@field fields? integer how many names there may be in all; 1,000 by default

---@class rille.InputFault
---@field path string such as `title` or `tags.2.name`; `base`: the form as a whole
---@field code string such as `required` or `too_short`
---@field message string for the person at the form
---@field limit? string what the message names: a bound, a list of values
---@field value? any what was given, if it is a string, a number or a boolean

---@class (exact) rille.PageOptions
---@field page? integer|string from 1; a string of a query string is converted: 1
---@field per_page? integer|string rows of a page; a string is converted: 20
---@field max_per_page? integer the largest accepted `per_page`: 100
---@field total? boolean whether all rows are counted: true, but false with `after` or `before`
---@field after? string the `next` of a page: the rows after it
---@field before? string the `previous` of a page: the rows before it

---@class rille.PaginateArgs: rille.Shown, rille.PageOptions
---@field where? table
---@field order_by? table

---@class rille.Page
---@field rows table[]
---@field page? integer nil with `after` or `before`
---@field per_page integer
---@field total? integer nil if rows were not counted
---@field pages? integer
---@field has_next boolean
---@field has_previous boolean
---@field next? string for `after`
---@field previous? string for `before`

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

--- The first matching row, or nil.
---@param args? rille.Find
---@return table|nil
function Model:find_first(args) end

--- The first matching row. Errors: P2025.
---@param args? rille.Find
---@return table
function Model:find_first_or_throw(args) end

--- All matching rows, as a list.
---@param args? rille.Find
---@return table[]
function Model:find_many(args) end

--- Creates a row and returns it. Errors: P2002, P2003, P2011, P2012.
---@param args? rille.Create
---@return table
function Model:create(args) end

--- Creates many rows together.
---@param args rille.CreateMany
---@return rille.Count
function Model:create_many(args) end

--- Creates many rows together and returns them.
---@param args rille.CreateManyAndReturn
---@return table[]
function Model:create_many_and_return(args) end

--- Updates the row of a unique key and returns it. Errors: P2025.
---@param args rille.Update
---@return table
function Model:update(args) end

--- Updates all matching rows. A missing or empty where is rejected: rille.all means every row. With `on`, data is a list of rows, and each names the row that it updates by the fields of `on`.
---@param args rille.UpdateMany
---@return rille.Count
function Model:update_many(args) end

--- Like update_many, but returns the rows.
---@param args rille.UpdateManyAndReturn
---@return table[]
function Model:update_many_and_return(args) end

--- Updates the row of a unique key, or creates it.
---@param args rille.Upsert
---@return table
function Model:upsert(args) end

--- Creates many rows, and updates those whose key `on` already exists: the fields of `update`, or all fields without it.
---@param args rille.UpsertMany
---@return rille.Count
function Model:upsert_many(args) end

--- Deletes the row of a unique key and returns it. Errors: P2025.
---@param args rille.Delete
---@return table
function Model:delete(args) end

--- Deletes all matching rows. A missing or empty where is rejected: rille.all means every row.
---@param args rille.DeleteMany
---@return rille.Count
function Model:delete_many(args) end

--- The number of matching rows. With `select`, the number of those with a value, per field.
---@param args? rille.CountArgs
---@return integer|table
function Model:count(args) end

--- Sums, averages, minimum and maximum of the matching rows.
---@param args rille.Aggregate
---@return table
function Model:aggregate(args) end

--- The same per group. Errors: P2019.
---@param args rille.GroupBy
---@return table[]
function Model:group_by(args) end

--- Whether any row matches.
---@param args? rille.Exists
---@return boolean
function Model:exists(args) end

--- Iterates over the rows that find_many would return: `for row in db.user:each{ where = ... } do`. They are read in batches of `batch` (500) rows,
--- with their relations, so memory stays constant. All batches have the state of the database at the first: until the loop ends it holds a connection
--- with a read-only transaction. In a transaction it uses that one, which may do other things meanwhile. On SQLite, in memory or in a transaction that is
--- not read_only, all rows are read at the start, because writes share the connection.
--- With `as = "json"` it returns pieces of JSON text, one per batch: together they are the text that find_many returns.
---@param args? table as in find_many, and `batch`
---@return fun(): table|nil
function Model:each(args) end

--- Checks a table of data as create would, without sending anything: types, missing fields, rules. With `mode = "update"` as update would: nothing is
--- required.
---@param data table
---@param options? rille.ValidateOptions
---@return true|nil ok
---@return rille.Problem[]|nil problems all that is wrong, at most 1,000, in order of their paths
function Model:validate(data, options) end

--- Returns what a form or a body from outside says, as data for create or update; or nil, the first message of each field, and all faults. Only the
--- fields of `allow` are read: `{ "title", tags = { "name" }, author = "connect" }`. Strings are cast by the schema, native types and rules are checked.
--- See docs/input.md. Errors: VALIDATION (the options).
---@param form any a table of rille.form, rille.json.decode or another decoder
---@param options rille.InputOptions
---@return table|nil input
---@return table<string, string>|nil errors the first message of each path; `base`: the form as a whole
---@return rille.InputFault[]|nil faults
function Model:input(form, options) end

--- Returns what a call would do, without doing it: its statements, each with the plan of the database, the steps, the round trips. Writes are not run.
--- `tostring` makes it readable.
---@param args table `action` (default "find_many"), and the arguments of that method
---@return rille.Explanation
function Model:explain(args) end

--- Returns one page of the rows that find_many would return: by number (`page`), or those `after` or `before` a token of another page. Strings of a
--- query string are converted and kept within bounds. Rows and total are one round trip, and show the same state of the database. `next` and
--- `previous` of the page are the tokens for `after` and `before`. Errors: INPUT with meta.status 400 (a page that is no integer; a token that is broken,
--- or of another order).
---@param args? rille.PaginateArgs
---@return rille.Page
function Model:paginate(args) end
