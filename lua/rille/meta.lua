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
---@field pool? { size?: integer, wait?: integer, idle?: integer, max_lifetime?: integer } times in milliseconds
---@field strict_where? boolean reads refuse an empty where too
---@field omit? table<string, table<string, boolean>> fields that are left out unless selected: { user = { password = true } }
---@field keep_nulls? boolean NULL comes as rille.null instead of being absent

--- Models are fields: db.user, db.User; db.blog_post, db.blogPost, db.BlogPost.
---@class rille.Client
---@field [string] rille.Model

---@class rille.Sql

---@class rille.Null

---@class rille.Model
local Model = {}

--- The row of a unique key, or nil.
---@param args { where: table, select?: table, include?: table, omit?: table }
---@return table|nil
function Model:find_unique(args) end

--- The row of a unique key. Errors: P2025.
---@param args { where: table, select?: table, include?: table, omit?: table }
---@return table
function Model:find_unique_or_throw(args) end

--- The first row, or nil.
---@param args? { where?: table, order_by?: table, cursor?: table, skip?: integer, take?: integer, distinct?: string[], select?: table, include?: table, omit?: table }
---@return table|nil
function Model:find_first(args) end

--- The first row. Errors: P2025.
---@param args? { where?: table, order_by?: table, cursor?: table, skip?: integer, take?: integer, distinct?: string[], select?: table, include?: table, omit?: table }
---@return table
function Model:find_first_or_throw(args) end

--- All rows that fit, an array.
---@param args? { where?: table, order_by?: table, cursor?: table, skip?: integer, take?: integer, distinct?: string[], select?: table, include?: table, omit?: table }
---@return table[]
function Model:find_many(args) end

--- Makes a row and returns it. Errors: P2002, P2003, P2011, P2012.
---@param args { data: table, select?: table, include?: table, omit?: table }
---@return table
function Model:create(args) end

--- Makes many rows at once.
---@param args { data: table[], skip_duplicates?: boolean }
---@return { count: integer }
function Model:create_many(args) end

--- Makes many rows at once and returns them.
---@param args { data: table[], skip_duplicates?: boolean, select?: table, omit?: table }
---@return table[]
function Model:create_many_and_return(args) end

--- Changes the row of a unique key and returns it. Errors: P2025.
---@param args { where: table, data: table, select?: table, include?: table, omit?: table }
---@return table
function Model:update(args) end

--- Changes all rows that fit; a missing or empty where is refused: rille.all means every row.
---@param args { where: table|rille.Null, data: table, limit?: integer }
---@return { count: integer }
function Model:update_many(args) end

--- As update_many, and returns the rows.
---@param args { where: table|rille.Null, data: table, limit?: integer, select?: table, omit?: table }
---@return table[]
function Model:update_many_and_return(args) end

--- Changes the row of a unique key, or makes it.
---@param args { where: table, create: table, update: table, select?: table, include?: table, omit?: table }
---@return table
function Model:upsert(args) end

--- Makes many rows, and changes those whose key `on` is there already.
---@param args { data: table[], on: string[], update: string[]|"all" }
---@return { count: integer }
function Model:upsert_many(args) end

--- Deletes the row of a unique key and returns it. Errors: P2025.
---@param args { where: table, select?: table, include?: table, omit?: table }
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

--- The same by groups.
---@param args { by: string[], where?: table, having?: table, order_by?: table, skip?: integer, take?: integer, _count?: any, _sum?: table, _avg?: table, _min?: table, _max?: table }
---@return table[]
function Model:group_by(args) end

--- Whether any row fits.
---@param args? { where?: table }
---@return boolean
function Model:exists(args) end

---@class rille.Decimal
---@operator add(rille.Decimal|number|string): rille.Decimal
---@operator sub(rille.Decimal|number|string): rille.Decimal
---@operator mul(rille.Decimal|number|string): rille.Decimal
---@operator div(rille.Decimal|number|string): rille.Decimal
---@operator unm: rille.Decimal
local Decimal = {}

--- Rounded half away from zero to n digits after the point (0).
---@param n? integer
---@return rille.Decimal
function Decimal:round(n) end

--- Text with exactly n digits after the point; without n as tostring gives it.
---@param n? integer
---@return string
function Decimal:format(n) end

--- The nearest float.
---@return number
function Decimal:tonumber() end

---@class rille
---@field null rille.Null SQL NULL in data and filters; null in Json
---@field json_null rille.Null the Json value null
---@field db_null rille.Null SQL NULL of a Json column
---@field any_null rille.Null either, in filters
---@field all rille.Null every row, as the where of update_many and delete_many
---@field version string
---@field empty rille.Sql
local rille = {}

--- An exact decimal of a text, a number or a decimal. Errors: VALIDATION.
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
---@return userdata
function rille.field(model, field) end

--- Seconds since 1970 of an ISO-8601 text: an integer when they are whole, else a float. Errors: VALIDATION.
---@param iso string
---@return number
function rille.time(iso) end

rille.json = {}

--- Json text of a value. Errors: VALIDATION.
---@param value any
---@return string
function rille.json.encode(value) end

--- The value of a Json text: arrays carry rille.array's metatable, null is rille.null. Errors: VALIDATION.
---@param text string
---@return any
function rille.json.decode(text) end

return rille
