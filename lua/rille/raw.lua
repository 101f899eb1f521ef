--- Raw SQL: fragments that carry their values, and the methods that run them.
local core = require "rille.core"
local client = require "rille.client"
local errors = require "rille.errors"

local methods = client.methods
local raw = {}

local PROVIDERS = {} -- names of the databases
for i, provider in ipairs(core.providers()) do PROVIDERS[i] = provider.name end

local Fragment = { __name = "rille.Sql" }
Fragment.__index = Fragment

local function is_fragment(value) return type(value) == "table" and getmetatable(value) == Fragment end

-- A fragment is a list of texts with one value between each two: texts[1] values[1] texts[2] ... Which database reads it is not known yet. Where the
-- databases would read its text in different ways, `by` has the texts and values for each of them, or a fault.
local function new(texts, values, count) return setmetatable({ texts = texts, values = values, count = count }, Fragment) end

-- What a fragment is on a database; one that cannot be used there is P1016.
local function on(fragment, provider)
  local form = fragment.by and fragment.by[provider] or fragment
  if form.fault then errors.raise("P1016", "%s", form.fault) end
  return form
end

-- The pieces of a text between its question marks, for each database, and whether they are the same for all.
local function cut(text)
  local first, alike, pieces = nil, true, {}
  for i, provider in ipairs(PROVIDERS) do
    local own = core.sql_cut(text, provider)
    first = first or own
    alike = alike and #own == #first
    for k = 1, alike and i > 1 and #own or 0 do alike = alike and own[k] == first[k] end
    pieces[provider] = own
  end
  return pieces, alike and first
end

-- Puts a value or a fragment behind what texts and values hold already.
local function append(texts, values, count, value, provider)
  if not is_fragment(value) then
    count = count + 1
    values[count] = value
    texts[count + 1] = ""
    return count
  end
  local form = provider and on(value, provider) or value
  texts[count + 1] = texts[count + 1] .. form.texts[1]
  for i = 1, form.count do
    count = count + 1
    values[count] = form.values[i]
    texts[count + 1] = form.texts[i + 1]
  end
  return count
end

-- Texts and values of what was given, each behind one of the pieces.
local function compose(pieces, given, n, provider)
  local texts, values, count = { pieces[1] }, {}, 0
  for i = 1, n do
    count = append(texts, values, count, given[i], provider)
    texts[count + 1] = texts[count + 1] .. pieces[i + 1]
  end
  return new(texts, values, count)
end

local function has_forms(given, n)
  for i = 1, n do
    if is_fragment(given[i]) and given[i].by then return true end
  end
  return false
end

local function fault_of(pieces, n)
  if #pieces - 1 == n then return nil end
  return ("rille.sql: the text has %d placeholders and %d values were given"):format(#pieces - 1, n)
end

local function compose_on(provider, pieces, given, n)
  local fault = fault_of(pieces, n)
  if fault then return { fault = fault } end
  local ok, form = pcall(compose, pieces, given, n, provider)
  if ok then return form end
  return errors.is_error(form) and { fault = form.message } or error(form, 0)
end

-- One form for each database. A fault of one of them shows where the fragment is used there; a fault of all, at once.
local function compose_forms(pieces, given, n)
  local by, good, fault = {}, nil, nil
  for _, provider in ipairs(PROVIDERS) do
    local form = compose_on(provider, pieces[provider], given, n)
    by[provider] = form
    good, fault = good or not form.fault and form, fault or form.fault
  end
  if not good then errors.raise("P1016", "%s", fault) end
  return setmetatable({ by = by, texts = good.texts, values = good.values, count = good.count }, Fragment)
end

--- A piece of SQL with its values: each `?` takes the next argument, a value or another fragment. `??` stands for a plain question mark.
--- Values are always sent as parameters. Errors: P1016 when there are more or fewer values than placeholders.
---@param text string
---@param ... any
---@return rille.Sql
function raw.sql(text, ...)
  if type(text) ~= "string" then errors.raise("VALIDATION", "rille.sql takes a text and its values, not a %s", type(text)) end
  local given, n = { ... }, select("#", ...)
  local pieces, same = cut(text)
  if not same or has_forms(given, n) then return compose_forms(pieces, given, n) end
  local fault = fault_of(same, n)
  if fault then errors.raise("P1016", "%s", fault) end
  return compose(same, given, n)
end

--- Values or fragments one after the other, for lists such as `id IN (?)`. An empty list is an error, since SQL has no empty list.
---@param list any[]
---@param separator? string SQL text between them, ", " by default; never take it from input
---@return rille.Sql
function raw.join(list, separator)
  if type(list) == "table" then list = core.plain(list, "rille.join") end
  if type(list) ~= "table" or #list == 0 then errors.raise("VALIDATION", "rille.join takes a list with at least one value") end
  local n, pieces = #list, { "" }
  for i = 2, n do pieces[i] = separator or ", " end
  pieces[n + 1] = ""
  if not has_forms(list, n) then return compose(pieces, list, n) end
  local same = setmetatable({}, { __index = function() return pieces end })
  return compose_forms(same, list, n)
end

--- SQL text as it is, without any check: never of anything that came from outside.
---@param text string
---@return rille.Sql
function raw.raw(text)
  if type(text) ~= "string" then errors.raise("VALIDATION", "rille.raw takes a text, not a %s", type(text)) end
  return new({ text }, {}, 0)
end

--- A fragment of nothing, for a part that is left out.
---@type rille.Sql
raw.empty = new({ "" }, {}, 0)

-- The text with $1, $2, ... in the places of the values.
local function numbered(form) return core.sql_numbered(form.texts, form.count) end
Fragment.__tostring = numbered

-- SQL, values, their number, and whether placeholders are numbered, of what a raw method of a scope was given.
local function statement(scope, method, sql, ...)
  local n = select("#", ...)
  if is_fragment(sql) then
    if n > 0 then errors.raise("VALIDATION", "%s: a rille.sql brings its own values, and no others may follow", method) end
    local form = on(sql, core.provider(scope))
    return numbered(form), form.values, form.count, true
  end
  if type(sql) ~= "string" then errors.raise("VALIDATION", "%s takes SQL as text or rille.sql, not a %s", method, type(sql)) end
  for i = 1, n do
    if is_fragment((select(i, ...))) then
      errors.raise("VALIDATION", "%s: a fragment among the values; write %s(rille.sql(text, ...))", method, method)
    end
  end
  return sql, { ... }, n
end

raw.statement = statement

--- Runs a statement and returns its rows. Values replace `$1` or `?`; nil and rille.null are NULL. Errors: P2010, with the database's words; P1016
--- when there are more or fewer values than placeholders.
---@param sql string|rille.Sql
---@param ... any values
---@return table[] rows
function methods:query_raw(sql, ...)
  local scope = client.scope(self, "query_raw")
  return self[client.STEPS].query(scope, statement(scope, "query_raw", sql, ...))
end

--- Runs a statement and returns how many rows it has changed. Values and errors as of query_raw.
---@param sql string|rille.Sql
---@param ... any values
---@return integer affected
function methods:execute_raw(sql, ...)
  local scope = client.scope(self, "execute_raw")
  return self[client.STEPS].execute(scope, statement(scope, "execute_raw", sql, ...))
end

--- Runs several statements, separated by semicolons, without values and without rows.
---@param sql string
function methods:execute_script(sql)
  local scope = client.scope(self, "execute_script")
  if is_fragment(sql) then
    local form = on(sql, core.provider(scope))
    if form.count == 0 then sql = numbered(form) end
  end
  if type(sql) ~= "string" then errors.raise("VALIDATION", "execute_script takes SQL as text, not a %s", type(sql)) end
  self[client.STEPS].script(scope, sql)
end

return raw
