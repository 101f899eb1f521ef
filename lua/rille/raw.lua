--- Raw SQL: fragments with their values, and the methods that run them.
local core = require "rille.core"
local client = require "rille.client"
local errors = require "rille.errors"
local options = require "rille.options"

local methods = client.methods
local raw = {}

local PROVIDERS = {} -- names of the databases
for i, provider in ipairs(core.providers()) do PROVIDERS[i] = provider.name end

local Fragment = { __name = "rille.Sql" }
Fragment.__index = Fragment

local function is_fragment(value) return type(value) == "table" and getmetatable(value) == Fragment end

-- A fragment is a list of texts with one value between each two: texts[1] values[1] texts[2] ... Its database is not known yet. If the databases would
-- read its text in different ways, `by` has the texts and values for each of them, or a problem.
local function new(texts, values, count) return setmetatable({ texts = texts, values = values, count = count }, Fragment) end

-- Returns the form of a fragment for a database. Raises P1016 if it cannot be used there.
local function form_on(fragment, provider)
  local form = fragment.by and fragment.by[provider] or fragment
  if form.problem then errors.raise("P1016", "%s", form.problem) end
  return form
end

-- Returns the texts between the question marks, by database, and the list itself if it is the same for all.
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

-- Appends a value or a fragment to texts and values.
local function append(texts, values, count, value, provider)
  if not is_fragment(value) then
    count = count + 1
    values[count] = value
    texts[count + 1] = ""
    return count
  end
  local form = provider and form_on(value, provider) or value
  texts[count + 1] = texts[count + 1] .. form.texts[1]
  for i = 1, form.count do
    count = count + 1
    values[count] = form.values[i]
    texts[count + 1] = form.texts[i + 1]
  end
  return count
end

-- Returns a fragment of the pieces with the given values between them.
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

local function problem_of(pieces, n)
  if #pieces - 1 == n then return nil end
  return ("rille.sql: expected %d values, one per placeholder, got %d"):format(#pieces - 1, n)
end

local function compose_on(provider, pieces, given, n)
  local problem = problem_of(pieces, n)
  if problem then return { problem = problem } end
  local ok, form = pcall(compose, pieces, given, n, provider)
  if ok then return form end
  return errors.is_error(form) and { problem = form.message } or error(form, 0)
end

-- Returns a fragment with one form per database. A problem of one database is raised where the fragment is used there, a problem of all immediately.
local function compose_forms(pieces, given, n)
  local by, good, problem = {}, nil, nil
  for _, provider in ipairs(PROVIDERS) do
    local form = compose_on(provider, pieces[provider], given, n)
    by[provider] = form
    good, problem = good or not form.problem and form, problem or form.problem
  end
  if not good then errors.raise("P1016", "%s", problem) end
  return setmetatable({ by = by, texts = good.texts, values = good.values, count = good.count }, Fragment)
end

--- Returns a fragment of SQL with its values: each `?` takes the next argument, a value or another fragment. `??` is a plain question mark. Values are
--- always sent as parameters. Errors: P1016 (more or fewer values than placeholders).
---@param text string
---@param ... any
---@return rille.Sql
function raw.sql(text, ...)
  if type(text) ~= "string" then options.refuse("rille.sql", "SQL text", text) end
  local given, n = { ... }, select("#", ...)
  local pieces, same = cut(text)
  if not same or has_forms(given, n) then return compose_forms(pieces, given, n) end
  local problem = problem_of(same, n)
  if problem then errors.raise("P1016", "%s", problem) end
  return compose(same, given, n)
end

--- Returns the same statement with the models that it reads or writes, for the cache. Without this it reads or writes everything. Call it on the whole
--- statement: that of a part is not known of the whole.
---@param ... string models
---@return rille.Sql
function Fragment:touches(...)
  if not is_fragment(self) then errors.raise("VALIDATION", 'touches: call it with a colon, as in rille.sql(text, ...):touches("post")') end
  local names, n = { ... }, select("#", ...)
  if n == 0 then options.refuse("touches", "one or more models", nil) end
  for i = 1, n do
    if type(names[i]) ~= "string" then options.refuse(("touches: model %d"):format(i), "the name of a model", names[i]) end
  end
  return setmetatable({ by = self.by, texts = self.texts, values = self.values, count = self.count, touched = names }, Fragment)
end

-- Returns the models that a fragment touches, or nil. Raises if there is no such model.
local function models_of(scope, fragment)
  if not fragment.touched then return nil end
  local models = {}
  for i, name in ipairs(fragment.touched) do
    local model, near = core.model(scope, name)
    if not model then errors.raise("VALIDATION", "touches: the schema has no model `%s`%s", name, near and ("; did you mean `%s`?"):format(near) or "") end
    models[i] = model
  end
  return models
end

--- Returns a fragment of values or fragments one after the other, for lists like `id IN (?)`. An empty list is an error, because SQL has none.
---@param list any[]
---@param separator? string SQL text between them, ", " by default; never take it from input
---@return rille.Sql
function raw.join(list, separator)
  if type(list) == "table" then list = core.plain(list, "rille.join") end
  if type(list) ~= "table" or #list == 0 then
    options.refuse("rille.join", "a list with at least one value", list, type(list) == "table" and "an empty table" or nil)
  end
  local n, pieces = #list, { "" }
  for i = 2, n do pieces[i] = separator or ", " end
  pieces[n + 1] = ""
  if not has_forms(list, n) then return compose(pieces, list, n) end
  local same = setmetatable({}, { __index = function() return pieces end })
  return compose_forms(same, list, n)
end

--- Returns SQL text as a fragment, without any check: never use it for input.
---@param text string
---@return rille.Sql
function raw.raw(text)
  if type(text) ~= "string" then options.refuse("rille.raw", "SQL text", text) end
  return new({ text }, {}, 0)
end

--- The empty fragment, for a part that is left out.
---@type rille.Sql
raw.empty = new({ "" }, {}, 0)

-- Returns the text with $1, $2, ... instead of the values.
local function numbered(form) return core.sql_numbered(form.texts, form.count) end
Fragment.__tostring = numbered

-- Returns SQL, values, their number, whether placeholders are numbered, and the models that it touches or nil, from the arguments of a raw method.
local function statement(scope, method, sql, ...)
  local n = select("#", ...)
  if is_fragment(sql) then
    if n > 0 then errors.raise("VALIDATION", "%s: a fragment of rille.sql has its own values, so no others can follow", method) end
    local form = form_on(sql, core.provider(scope))
    return numbered(form), form.values, form.count, true, models_of(scope, sql)
  end
  if type(sql) ~= "string" then options.refuse(method, "SQL text or a fragment of rille.sql", sql) end
  for i = 1, n do
    if is_fragment((select(i, ...))) then
      errors.raise("VALIDATION", "%s: a fragment cannot be a value; write %s(rille.sql(text, ...))", method, method)
    end
  end
  return sql, { ... }, n
end

raw.statement = statement

--- Runs a statement and returns its rows. Values replace `$1` or `?`; nil and rille.null are NULL. Errors: P2010 (with the database's message), P1016 (more
--- or fewer values than placeholders).
---@param sql string|rille.Sql
---@param ... any values
---@return table[] rows
function methods:query_raw(sql, ...)
  local scope = client.scope(self, "query_raw")
  return self[client.SHARED].steps.query(scope, statement(scope, "query_raw", sql, ...))
end

--- Runs a statement and returns how many rows it has changed. Values and errors as in query_raw.
---@param sql string|rille.Sql
---@param ... any values
---@return integer affected
function methods:execute_raw(sql, ...)
  local scope = client.scope(self, "execute_raw")
  return self[client.SHARED].steps.execute(scope, statement(scope, "execute_raw", sql, ...))
end

--- Runs several statements, separated by semicolons, without values and without rows.
---@param sql string|rille.Sql
function methods:execute_script(sql)
  local scope = client.scope(self, "execute_script")
  local models
  if is_fragment(sql) then
    models = models_of(scope, sql)
    local form = form_on(sql, core.provider(scope))
    if form.count == 0 then sql = numbered(form) end
  end
  if type(sql) ~= "string" then options.refuse("execute_script", "SQL text", sql) end
  self[client.SHARED].steps.script(scope, sql, models)
end

return raw
