--- Raw SQL: fragments that carry their values, and the methods that run them.
local core = require "rille.core"
local client = require "rille.client"
local errors = require "rille.errors"

local methods = client.methods
local raw = {}

local Fragment = { __name = "rille.Sql" }
Fragment.__index = Fragment

local function is_fragment(value) return type(value) == "table" and getmetatable(value) == Fragment end

-- Fragments are a list of texts with one value between each two: texts[1] values[1] texts[2] ...
local function new(texts, values, count) return setmetatable({ texts = texts, values = values, count = count }, Fragment) end

-- What a placeholder may not be looked for in: quoted text and comments. Each is a pattern that is anchored where it is tried.
local OPAQUE = { ["'"] = "^'[^']*'", ['"'] = '^"[^"]*"', ["`"] = "^`[^`]*`", ["-"] = "^%-%-[^\n]*", ["/"] = "^/%*.-%*/" }

-- End of the opaque piece that begins at i, or nil.
local function opaque_end(text, i)
  local first = text:sub(i, i)
  if first == "$" then
    local tag = text:match("^%$[%a_]*[%w_]*%$", i)
    local _, stop
    if tag then _, stop = text:find(tag, i + #tag, true) end
    return stop
  end
  local pattern = OPAQUE[first]
  if not pattern then return nil end
  local _, stop = text:find(pattern, i)
  return stop
end

-- Cuts a text at its question marks; `??` is one that is no placeholder.
local function cut(text)
  local pieces, piece, i = {}, {}, 1
  while i <= #text do
    local stop = opaque_end(text, i)
    if stop then
      piece[#piece + 1] = text:sub(i, stop)
    elseif text:sub(i, i + 1) == "??" then
      piece[#piece + 1] = "?"
      stop = i + 1
    elseif text:sub(i, i) == "?" then
      pieces[#pieces + 1] = table.concat(piece)
      piece, stop = {}, i
    else
      stop = (text:find("['\"`%-/%$%?]", i + 1) or #text + 1) - 1
      piece[#piece + 1] = text:sub(i, stop)
    end
    i = stop + 1
  end
  pieces[#pieces + 1] = table.concat(piece)
  return pieces
end

-- Puts a value or a fragment behind what texts and values hold already.
local function append(texts, values, count, value)
  if not is_fragment(value) then
    count = count + 1
    values[count] = value
    texts[count + 1] = ""
    return count
  end
  texts[count + 1] = texts[count + 1] .. value.texts[1]
  for i = 1, value.count do
    count = count + 1
    values[count] = value.values[i]
    texts[count + 1] = value.texts[i + 1]
  end
  return count
end

--- A piece of SQL with its values: each `?` takes the next argument, a value or another fragment. `??` stands for a plain question mark.
--- Values are always sent as parameters. Errors: P1016 when there are more or fewer values than placeholders.
---@param text string
---@param ... any
---@return rille.Sql
function raw.sql(text, ...)
  if type(text) ~= "string" then errors.raise("VALIDATION", "rille.sql takes a text and its values, not a %s", type(text)) end
  local pieces, given = cut(text), select("#", ...)
  if #pieces - 1 ~= given then
    errors.raise("P1016", "rille.sql: the text has %d placeholders and %d values were given", #pieces - 1, given)
  end
  local texts, values, count = { pieces[1] }, {}, 0
  for i = 1, given do
    count = append(texts, values, count, (select(i, ...)))
    texts[count + 1] = texts[count + 1] .. pieces[i + 1]
  end
  return new(texts, values, count)
end

--- Values or fragments one after the other, for lists such as `id IN (?)`. An empty list is an error, since SQL has no empty list.
---@param list any[]
---@param separator? string SQL text between them, ", " by default; never take it from input
---@return rille.Sql
function raw.join(list, separator)
  if type(list) == "table" then list = core.plain(list, "rille.join") end
  if type(list) ~= "table" or #list == 0 then errors.raise("VALIDATION", "rille.join takes a list with at least one value") end
  local texts, values, count = { "" }, {}, 0
  for i = 1, #list do
    if i > 1 then texts[count + 1] = texts[count + 1] .. (separator or ", ") end
    count = append(texts, values, count, list[i])
  end
  return new(texts, values, count)
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
local function numbered(fragment)
  local out = { fragment.texts[1] }
  for i = 1, fragment.count do
    out[#out + 1] = "$" .. i
    out[#out + 1] = fragment.texts[i + 1]
  end
  return table.concat(out)
end
Fragment.__tostring = numbered

-- SQL, values and their number of what a raw method was given.
local function statement(method, sql, ...)
  local n = select("#", ...)
  if is_fragment(sql) then
    if n > 0 then errors.raise("VALIDATION", "%s: a rille.sql brings its own values, and no others may follow", method) end
    return numbered(sql), sql.values, sql.count
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
  return self[client.STEPS].query(scope, statement("query_raw", sql, ...))
end

--- Runs a statement and returns how many rows it has changed. Values and errors as of query_raw.
---@param sql string|rille.Sql
---@param ... any values
---@return integer affected
function methods:execute_raw(sql, ...)
  local scope = client.scope(self, "execute_raw")
  return self[client.STEPS].execute(scope, statement("execute_raw", sql, ...))
end

--- Runs several statements, separated by semicolons, without values and without rows.
---@param sql string
function methods:execute_script(sql)
  local scope = client.scope(self, "execute_script")
  if is_fragment(sql) and sql.count == 0 then sql = numbered(sql) end
  if type(sql) ~= "string" then errors.raise("VALIDATION", "execute_script takes SQL as text, not a %s", type(sql)) end
  self[client.STEPS].script(scope, sql)
end

return raw
