--- Errors of the face: making them, telling them apart, and the nearest name to a wrong one.
local core = require "rille.core"
local codes = require "rille.codes"
local meanings = require "rille.meanings"

local errors = {}

local metatable = core.error_metatable

--- How the sources of rille's chunks begin, for those that are loaded from a text.
errors.home = core.set_home() or ""

--- Returns what it is given. `return pass(f())` is no tail call of f: the function that does so stays on the stack, and with it the line that it was
--- called from.
function errors.pass(...) return ... end
local pass = errors.pass

--- Functions that programs call, by their names, in a table: as they are, but errors in them know the line of the call, whatever they call themselves
--- as the last thing.
---@param functions table<string, any>
function errors.entries(functions)
  for name, f in pairs(functions) do
    if type(f) == "function" then
      core.entries[name] = true
      functions[name] = function(...) return pass(f(...)) end
    end
  end
  return functions
end

--- Makes an error, without raising it.
---@param code string
---@param message string
---@param meta? table
---@return rille.Error
function errors.new(code, message, meta)
  local e = { code = code, message = core.message(message), kind = codes[code].kind, retryable = false, meta = meta or {}, place = core.place() }
  return setmetatable(e, metatable)
end

--- Raises an error with a formatted message.
---@param code string
---@param format string
function errors.raise(code, format, ...)
  error(errors.new(code, format:format(...)), 0)
end

--- Whether something is an error of rille.
---@param e any
---@return boolean
function errors.is_error(e)
  return type(e) == "table" and getmetatable(e) == metatable
end

-- How many letters must change, come or go to make b of a.
local function distance(a, b)
  local row = {}
  for j = 0, #b do row[j] = j end
  for i = 1, #a do
    local diagonal = row[0]
    row[0] = i
    for j = 1, #b do
      local cost = a:byte(i) == b:byte(j) and 0 or 1
      diagonal, row[j] = row[j], math.min(row[j] + 1, row[j - 1] + 1, diagonal + cost)
    end
  end
  return row[#b]
end

--- The name among the keys of a table that is meant by a wrong one (query for query_raw), else the one that is nearest to it in letters, or nil when
--- none is near.
---@param wrong string
---@param names table<string, any>
---@return string|nil
function errors.nearest(wrong, names)
  local meant = meanings.of(wrong, names)
  if meant then return meant end
  local best, best_distance
  local written, most = wrong:lower(), math.max(2, math.floor(#wrong / 3))
  for name in pairs(names) do
    if math.abs(#name - #wrong) <= most then -- so a text without end costs nothing
      local d = distance(written, name:lower())
      if d <= most and (not best or d < best_distance or d == best_distance and name < best) then best, best_distance = name, d end
    end
  end
  return best
end

--- Raises when a table of options has keys that pairs, in some Lua, would not give: it answers by metamethods.
---@param given table
---@param what string what the table is, for the message
function errors.check_plain(given, what)
  if core.plain(given, what) ~= given then errors.raise("VALIDATION", "%s: a plain table is wanted, without __pairs and __len in its metatable", what) end
end

return errors
