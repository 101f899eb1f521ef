---@meta
--- Made by core/tools/meta.lua: change the sources, or core/tools/meta.in.
-- luacheck: ignore 212 241 631
--- Types for editors: decimals, Json, schemas, migrations, backups. Never loaded, as meta.lua.

---@class rille.Decimal
---@operator add(rille.Decimal|number|string): rille.Decimal
---@operator sub(rille.Decimal|number|string): rille.Decimal
---@operator mul(rille.Decimal|number|string): rille.Decimal
---@operator div(rille.Decimal|number|string): rille.Decimal
---@operator unm: rille.Decimal
---@operator concat(rille.Decimal|number|string): string
local Decimal = {}

--- Rounded half away from zero to n digits after the point (0).
---@param n? integer
---@return rille.Decimal
function Decimal:round(n) end

--- Text with exactly n digits after the point; without n as tostring gives it.
---@param n? integer
---@return string
function Decimal:format(n) end

--- The nearest float of a fraction; a whole number exactly, as a float or an integer. Errors: P2020 (no number of this Lua has all its digits, or it is too
--- large).
---@return number
function Decimal:tonumber() end

---@class (exact) rille.JsonOptions
---@field model? string|userdata|table the value is a row of it, or rows: keys in the schema's order, Bytes as base64
---@field bigint? "number"|"string" "string": BigInt fields, and integers beyond 2^53, as strings
---@field pretty? boolean one line per value

---@class (exact) rille.PushOptions
---@field schema? string a file or a folder; found by convention when absent
---@field schema_text? string the schema itself
---@field url? string else that of the schema, else DATABASE_URL
---@field reset? boolean drops everything first
---@field accept_data_loss? boolean also what loses rows or values

---@class (exact) rille.BackupOptions
---@field file string the name of the backup's file
---@field url? string else that of the schema, else DATABASE_URL
---@field schema? string where the URL is found, when it is not given
---@field schema_text? string the schema itself
---@field overwrite? boolean the file may be there already

---@class (exact) rille.RestoreOptions
---@field file string the name of the backup's file
---@field url? string else that of the schema, else DATABASE_URL
---@field schema? string where the URL is found, when it is not given
---@field schema_text? string the schema itself
---@field force? boolean also into a database that has tables

---@class (exact) rille.GenerateOptions
---@field schema? string a file or a folder; found by convention when absent
---@field schema_text? string the schema itself
---@field url? string of the database that a schema without a datasource is for
---@field output? string the file of types: rille.types.lua beside the schema
---@field types? boolean false: no types
---@field prefix? string what names of types begin with, and the name of the client's: "db"
---@field erd? string a picture: a file that ends in .svg (by Graphviz) or .dot
---@field mermaid? string a file for a Mermaid erDiagram

---@class (exact) rille.SeedOptions
---@field db rille.ClientMethods the client that creates the rows
---@field seed? integer|string 1
---@field batch? integer rows per statement: 500
---@field progress? boolean|"lines"|fun(model: string, done: integer, total: integer) a bar on a terminal; false: none; "lines": a line a model

---@class (exact) rille.MigrateOptions
---@field schema? string a file or a folder; found by convention when absent
---@field schema_text? string the schema itself
---@field url? string else that of the schema, else DATABASE_URL
---@field migrations? string the folder: `migrations` beside the schema
---@field lock_wait? integer milliseconds to wait for another runner: 10000; then P1002

---@class (exact) rille.ResolveOptions: rille.MigrateOptions
---@field applied? string the name of a migration whose work is there
---@field rolled_back? string the name of one that is to be applied again

---@class (exact) rille.DownOptions: rille.MigrateOptions
---@field steps? integer how many: 1
---@field to? string the name of the one that stays the last

---@class (exact) rille.DevOptions: rille.MigrateOptions
---@field name? string of the migration; else it is asked for, or made of what changes
---@field shadow_url? string an empty database of the server to try migrations in; without it one is created and dropped
---@field create_only? boolean writes the migration, to be edited, and does not apply it
---@field accept_data_loss? boolean applies also what loses rows or values
---@field data? boolean with a migration.lua; not applied either
---@field down? boolean false: no down.sql
---@field ask? fun(question: rille.Question): any asked whatever a person must decide

---@class (exact) rille.DiffOptions
---@field from rille.DiffSource what the database is like
---@field to rille.DiffSource what it is to be like
---@field script? boolean SQL text instead of steps
---@field url? string the database that the schemas are for; nothing is asked of it

---@class (exact) rille.DiffSource
---@field empty? boolean a database without tables
---@field schema? string a file or a folder
---@field schema_text? string the schema itself
---@field url? string a live database
---@field migrations? string a folder: what its migrations come to
---@field shadow_url? string an empty database of the server to replay them in

---@class (exact) rille.PullOptions
---@field url? string needed unless a schema tells it
---@field schema? string a schema whose names, comments and order are kept where they still fit
---@field schema_text? string the same as text
---@field schemas? string[] those of the database to read, where it has schemas
---@field by_file? boolean of a `schema` that is a folder: the files that change

---@class rille.DiffStep
---@field kind string such as "create_table"
---@field subject string
---@field sql string

---@class rille.DiffWarning
---@field kind string "drop_table", "drop_column", "add_required_column", "make_required", "cast", "remake_column", "remake_required_column", "add_unique", "drop_enum_values" or "view_in_the_way"
---@field table? string
---@field column? string
---@field subject? string the enum or view
---@field items? string[] the columns of a key, or the values of an enum that go
---@field rows? integer what was counted
---@field blocks boolean the step is not possible with such rows
---@field text string

---@class rille.DiffSteps
---@field [integer] rille.DiffStep
---@field warnings string[] what may be lost
---@field facts { changes: { kind: string, name?: string, text: string }[][], warnings: rille.DiffWarning[] } the same for programs; changes: one list for each step

---@class rille.MigrationStatus
---@field ok boolean nothing is wrong
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

--- Makes a migration of what the schema has and the folder's migrations do not come to, and applies it; before that, what is pending. It asks
--- through `ask`, when it is given: { kind = "reset", reasons }, { kind = "data_loss", warnings }, { kind = "rename", what, table, from, to }
--- (each answered with true or not) and { kind = "name" }. With `create_only` or `data` the migration is written, to be edited, and not applied.
--- Errors: VALIDATION with e.meta.reasons (a reset is needed), P3001 (data would be lost), P3006 (the folder does not apply to an empty
--- database), P3010, P3014 (shadow database), P3018, P3019.
---@param options? rille.DevOptions
---@return { applied: string[], created?: string, warnings: string[], irreversible: string[], up_to_date: boolean }
function Migrate.dev(options) end

--- Applies the migrations that the database does not have yet, in order. Errors: P1002 (another runner), P3005 (a database with tables, but
--- without a history), P3009 (a failed migration is not resolved), P3015, P3018 (e.meta: migration, line, statement, cause), P3019.
---@param options? rille.MigrateOptions
---@return { applied: string[], already: integer }
function Migrate.deploy(options) end

--- Drops everything in the database and applies all migrations. It does not ask.
---@param options? rille.MigrateOptions
---@return { applied: string[] }
function Migrate.reset(options) end

--- Puts the history right, without a change to anything else: `applied` records a migration as applied (a baseline, or a failed one whose rest
--- was done by hand), `rolled_back` has a failed one applied again. Errors: P3008, P3011, P3012, P3017.
---@param options rille.ResolveOptions
function Migrate.resolve(options) end

--- Takes applied migrations back by their down.sql, the latest first, each in a transaction; `deploy` applies them again. `to` names the one
--- that stays the last. Errors: P3009 (a failed migration is not resolved), P3015 (one of them has no down.sql: nothing is done), P3017,
--- P3018, P3019.
---@param options? rille.DownOptions
---@return { reverted: string[] }
function Migrate.down(options) end

--- The state of each migration, and what is wrong. Nothing is changed. `problems`: P3005, P3009, P3015, P3019, EDITED, MISSING.
---@param options? rille.MigrateOptions
---@return { ok: boolean, up_to_date: boolean, has_history: boolean, migrations: table[], problems: table[] }
function Migrate.status(options) end

--- What it takes to bring a database of the form `from` into the form `to`. Nothing is changed anywhere.
--- Sources: { empty = true }, { schema = file or folder }, { schema_text = text }, { url = url }, { migrations = folder } (what they come to; on
--- PostgreSQL with `shadow_url`, an empty database for that, or beside the other side's). `url` is the database that the schemas are for: it
--- tells the kind where they do not, and migrations are replayed beside it; nothing is asked of it.
--- With `script`: the steps as SQL text, "" when nothing differs. Else a list of { kind, subject, sql, changes }; `warnings` in it says what may be
--- lost. Errors: P3006, P3014 (migrations), P1012 (schema, or the sides are of different databases), P1xxx (database).
---@param options rille.DiffOptions
---@return string|table
function Migrate.diff(options) end
