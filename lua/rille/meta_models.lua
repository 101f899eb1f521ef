---@meta
--- Made by core/tools/meta.lua: change the sources, or core/tools/meta.in.
-- luacheck: ignore 212 241 631
--- Types for editors: models, their methods and what these take. Never loaded, as meta.lua.

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

--- Iterates over the rows that find_many would give: `for row in db.user:each{ where = ... } do`. They are read in batches of `batch` (500) rows,
--- each with its relations, so memory stays constant whatever the number of rows. All batches show the database as it was at the first: the
--- loop holds a connection with a read-only transaction until it ends; within a transaction it uses that one, which may do other things meanwhile.
--- On SQLite, in memory or in a transaction that is not read_only, all rows are read at the start instead, since writes share the connection.
---@param args? table as of find_many, and `batch`
---@return fun(): table|nil
function Model:each(args) end

--- Checks a data table as create would, without sending anything.
---@param data table
---@return true|nil ok
---@return { field: string, code: string, message: string }[]|nil problems all that is wrong, `field` with the path in data
function Model:validate(data) end

--- What a call would do, without doing it: its statements with the database's plan for each, the steps, the round trips. A write is not run either.
--- `tostring` of it reads well.
---@param args table `action` (default "find_many"), and the arguments of that method
---@return rille.Explanation
function Model:explain(args) end
