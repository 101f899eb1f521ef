---@meta
--- Written by core/tools/meta.lua: change the sources, or core/tools/meta.in.
-- luacheck: ignore 212 241 631
--- Types for editors: caching, SQL, decimals, JSON, schemas, migrations, backups. This file is never loaded.

--- How a read is cached. Times are in seconds, and may have fractions.
---@class (exact) rille.Cached
---@field ttl number how long the answer may be given
---@field stale? number how long afterwards the old answer may be given while one caller renews it: 0
---@field tags? string[] for db:revalidate_tag
---@field auto? boolean false: writes do not make it stale, only `ttl` and `tags` do

---@class rille.Sql
local Sql = {}

--- Returns the same statement with the models that it reads or writes, for the cache. Without this it reads or writes everything. Call it on the whole
--- statement: that of a part is not known of the whole.
---@param ... string models
---@return rille.Sql
function Sql:touches(...) end

---@class rille.Decimal
---@operator add(rille.Decimal|number|string): rille.Decimal
---@operator sub(rille.Decimal|number|string): rille.Decimal
---@operator mul(rille.Decimal|number|string): rille.Decimal
---@operator div(rille.Decimal|number|string): rille.Decimal
---@operator unm: rille.Decimal
---@operator concat(rille.Decimal|number|string): string
local Decimal = {}

--- Rounds half away from zero to n digits after the point (0).
---@param n? integer
---@return rille.Decimal
function Decimal:round(n) end

--- Returns a string with exactly n digits after the point; without n the same as tostring.
---@param n? integer
---@return string
function Decimal:format(n) end

--- Returns the nearest float of a fraction; an integer exactly, as a float or an integer. Errors: P2020 (an integer that no number of this Lua has exactly,
--- or too large).
---@return number
function Decimal:tonumber() end

---@class (exact) rille.JsonOptions
---@field model? string|userdata|table the value is a row of it, or rows: keys in the order of the schema, Bytes as base64
---@field bigint? "number"|"string" "string": BigInt fields, and integers beyond 2^53, as strings
---@field pretty? boolean one line per value

---@class (exact) rille.PushOptions
---@field schema? string a file or a folder; by default found by convention
---@field schema_text? string the schema itself
---@field url? string by default that of the schema, or DATABASE_URL
---@field reset? boolean drops everything first
---@field accept_data_loss? boolean allows steps that lose rows or values

---@class (exact) rille.BackupOptions
---@field file string the name of the backup file
---@field url? string by default that of the schema, or DATABASE_URL
---@field schema? string has the URL, if `url` is missing
---@field schema_text? string the schema itself
---@field overwrite? boolean the file may exist

---@class (exact) rille.RestoreOptions
---@field file string the name of the backup file
---@field url? string by default that of the schema, or DATABASE_URL
---@field schema? string has the URL, if `url` is missing
---@field schema_text? string the schema itself
---@field force? boolean allows a database that has tables

---@class (exact) rille.GenerateOptions
---@field schema? string a file or a folder; by default found by convention
---@field schema_text? string the schema itself
---@field url? string the database that a schema without a datasource is for
---@field output? string the file of types; by default rille.types.lua next to the schema
---@field types? boolean false: writes no types
---@field prefix? string the prefix of the names of types, and the name of the type of the client: "db"
---@field extension? string a file that returns an extension, or a list of them: the types are those of the extended client
---@field erd? string a diagram: a file that ends in .svg (drawn by Graphviz) or .dot
---@field mermaid? string a file for a Mermaid erDiagram

---@class (exact) rille.SeedOptions
---@field db rille.ClientMethods the client that creates the rows
---@field seed? integer|string 1
---@field batch? integer rows per statement: 500
---@field progress? boolean|"lines"|fun(model: string, done: integer, total: integer) a bar on a terminal; false: none; "lines": a line a model

---@class (exact) rille.MigrateOptions
---@field schema? string a file or a folder; by default found by convention
---@field schema_text? string the schema itself
---@field url? string by default that of the schema, or DATABASE_URL
---@field migrations? string the folder; by default `migrations` next to the schema
---@field lock_wait? integer milliseconds to wait for another process that migrates: 10000; then P1002

---@class (exact) rille.ResolveOptions: rille.MigrateOptions
---@field applied? string the name of a migration whose changes are already in the database
---@field rolled_back? string the name of a failed migration that is to be applied again

---@class (exact) rille.DownOptions: rille.MigrateOptions
---@field steps? integer number of migrations: 1
---@field to? string the name of the migration that becomes the last one

---@class (exact) rille.DevOptions: rille.MigrateOptions
---@field name? string of the migration; by default it is asked for, or built from the changes
---@field shadow_url? string an empty database of the server to try migrations in; by default one is created and dropped
---@field create_only? boolean writes the migration for editing, and does not apply it
---@field accept_data_loss? boolean allows steps that lose rows or values
---@field data? boolean writes a migration.lua too, and does not apply the migration
---@field down? boolean false: writes no down.sql
---@field ask? fun(question: rille.Question): any answers what a person must decide

---@class (exact) rille.CacheTriggersOptions
---@field schema? string a file or a folder; by default found by convention
---@field schema_text? string the schema itself
---@field url? string only its scheme counts, and only if the schema names no provider
---@field migrations? string the folder; by default `migrations` next to the schema
---@field name? string of the migration: rille_cache_triggers
---@field drop? boolean writes a migration that removes the triggers

--- What a Redis server has under a prefix.
---@class rille.CacheStoreStats
---@field entries integer answers
---@field bytes integer of answers, with their keys and what they depend on
---@field stamps integer names of tables, rows and tags that answers depend on, or depended on
---@field marks integer writes of them that are under way, or whose outcome is unknown
---@field computing integer answers that somebody computes
---@field outdated integer keys from before the server was started again
---@field removed integer keys that `clear` has removed
---@field memory? integer bytes that the whole server uses, if it says so
---@field max_memory? integer bytes that it may use; 0: no limit
---@field partial boolean there are too many keys, not all were seen

---@class (exact) rille.CacheStoreOptions
---@field store string the URL of a Redis server: redis://, rediss:// or unix://
---@field prefix? string of the keys; "rille:"

---@class rille.CacheStore
local CacheStore = {}

--- Counts what a Redis server has under a prefix, for all databases that use it. It looks at all keys of the server, a few hundred at a time, for a minute
--- at most. Blocks. Errors: VALIDATION, P1001 (the server cannot be reached, or refuses).
---@param options rille.CacheStoreOptions
---@return rille.CacheStoreStats
function CacheStore.stats(options) end

--- Makes everything that a Redis server has under a prefix stale, for all processes and all databases that use it, then removes the answers. What processes
--- keep in memory is not touched. Blocks. Errors: VALIDATION, P1001 (the server cannot be reached, or refuses; the message says whether it was told).
---@param options rille.CacheStoreOptions
---@return rille.CacheStoreStats as it was
function CacheStore.clear(options) end

---@class (exact) rille.DiffOptions
---@field from rille.DiffSource the current state
---@field to rille.DiffSource the state to reach
---@field script? boolean returns SQL text instead of steps
---@field url? string the database that the schemas are for; it is not read

---@class (exact) rille.DiffSource
---@field empty? boolean a database without tables
---@field schema? string a file or a folder
---@field schema_text? string the schema itself
---@field url? string a live database
---@field migrations? string a folder: the state after its migrations
---@field shadow_url? string an empty database of the server to replay them in

---@class (exact) rille.PullOptions
---@field url? string required unless a schema has it
---@field schema? string a schema whose names, comments and order are kept if they still fit
---@field schema_text? string the same as text
---@field schemas? string[] the schemas of the database to read, if it has schemas
---@field by_file? boolean returns the files that change, if `schema` is a folder

---@class rille.DiffStep
---@field kind string for example "create_table"
---@field subject string
---@field sql string

---@class rille.DiffWarning
---@field kind string "drop_table", "drop_column", "add_required_column", "make_required", "cast", "remake_column", "remake_required_column", "add_unique", "drop_enum_values" or "view_in_the_way"
---@field table? string
---@field column? string
---@field subject? string the enum or view
---@field items? string[] the columns of a key, or the removed values of an enum
---@field rows? integer the counted rows
---@field blocks boolean the step is not possible with these rows
---@field text string

---@class rille.DiffSteps
---@field [integer] rille.DiffStep
---@field warnings string[] what may be lost
---@field facts { changes: { kind: string, name?: string, text: string }[][], warnings: rille.DiffWarning[] } the same as tables; changes: one list per step

---@class rille.MigrationStatus
---@field ok boolean no problems
---@field up_to_date boolean nothing is pending
---@field has_history boolean
---@field migrations rille.MigrationState[]
---@field problems { code: string, message: string, advice: string }[]

--- What rille.migrate.dev asks.
---@class rille.Question
---@field kind "reset"|"data_loss"|"rename"|"name"
---@field reasons? string[] of a reset
---@field warnings? string[] of data_loss
---@field what? "table"|"column"|"enum value" of a rename
---@field table? string the table or enum of a column or value
---@field from? string
---@field to? string

---@class rille.MigrationState
---@field name string
---@field state "applied"|"pending"|"failed"|"rolled_back"|"edited"|"missing"
---@field applied_at? string
---@field started_at? string
---@field logs? string
---@field checksum? string
---@field steps integer
---@field has_down boolean
---@field has_lua boolean

---@class rille.Migrate
local Migrate = {}

--- Creates a migration from the differences between the schema and the state after the folder's migrations, and applies it, after the pending ones. It
--- asks with `ask`, if given: { kind = "reset", reasons }, { kind = "data_loss", warnings }, { kind = "rename", what, table, from, to } (true means
--- yes), and { kind = "name" }. With `create_only` or `data` the migration is written for editing and not applied. Errors: VALIDATION with
--- e.meta.reasons (a reset is required), P3001 (data would be lost), P3006 (the folder cannot be applied to an empty database), P3010, P3014 (shadow
--- database), P3018, P3019.
---@param options? rille.DevOptions
---@return { applied: string[], created?: string, warnings: string[], irreversible: string[], up_to_date: boolean }
function Migrate.dev(options) end

--- Applies the pending migrations in order. Errors: P1002 (another process migrates), P3005 (the database has tables but no history), P3009 (a failed
--- migration is not resolved), P3015, P3018 (e.meta: migration, line, statement, cause), P3019.
---@param options? rille.MigrateOptions
---@return { applied: string[], already: integer }
function Migrate.deploy(options) end

--- Drops everything in the database and applies all migrations. Does not ask.
---@param options? rille.MigrateOptions
---@return { applied: string[] }
function Migrate.reset(options) end

--- Corrects the history and changes nothing else: `applied` records a migration as applied (a baseline, or a failed one that was finished by hand),
--- `rolled_back` makes a failed one pending again. Errors: P3008, P3011, P3012, P3017.
---@param options rille.ResolveOptions
function Migrate.resolve(options) end

--- Takes applied migrations back with their down.sql, the latest first, each in a transaction. `deploy` applies them again. Errors: P3009 (a failed
--- migration is not resolved), P3015 (one of them has no down.sql; nothing is done), P3017, P3018, P3019.
---@param options? rille.DownOptions
---@return { reverted: string[] }
function Migrate.down(options) end

--- Returns the state of each migration, and the problems. Changes nothing. `problems`: P3005, P3009, P3015, P3019, EDITED, MISSING.
---@param options? rille.MigrateOptions
---@return { ok: boolean, up_to_date: boolean, has_history: boolean, migrations: table[], problems: table[] }
function Migrate.status(options) end

--- Writes a migration with triggers on all tables of the schema, which tell caches what other programs write, or with `drop` one that removes them. It is
--- not applied: `deploy` and `dev` do that. Nothing is written if the folder has it already. Errors: P2026 (the database needs no triggers, or has no
--- notifications), P3010, P3015, P3019.
---@param options? rille.CacheTriggersOptions
---@return { created?: string }
function Migrate.cache_triggers(options) end

--- Returns the steps from `from` to `to`. Changes nothing.
--- Sources: { empty = true }, { schema = file or folder }, { schema_text = text }, { url = url }, { migrations = folder } (the state after them; on
--- PostgreSQL they are replayed in `shadow_url`, an empty database, or in a new one on the server of the other side). `url` is the database that the
--- schemas are for. It gives the provider if they do not, and migrations are replayed on its server; it is not read.
--- With `script`: the steps as SQL text, "" if nothing differs. Otherwise a list of { kind, subject, sql, changes }; its `warnings` say what may be
--- lost. Errors: P3006, P3014 (migrations), P1012 (schema, or the two sides are of different databases), P1xxx (database).
---@param options rille.DiffOptions
---@return string|table
function Migrate.diff(options) end
