--- Tables of options. Each option is declared once, as one row. The check reads the rows, and core/tools/meta.lua writes the types for editors from
--- them. So a declaration must be plain data in the source.
local core = require "rille.core"
local errors = require "rille.errors"

local options = {}

--- A row: name and kind, then doc (for editors), required, least and most (of numbers), ms = true (milliseconds), filled (not empty), one_of (of
--- words), such (an example), is (the type for editors if the kind is not enough).
---@class rille.OptionRow
---@field doc string

---@class rille.OptionTable
---@field names table<string, rille.OptionRow> its own, and those it inherits
---@field required string[]

local function a(kind) return (kind:find "^[aeio]" and "an " or "a ") .. kind end

local function fail(what, expected, value, shown)
  return errors.raise("VALIDATION", "%s: expected %s, got %s", what, expected, shown or errors.type_name(value))
end

local function fail_number(what, expected, value) return fail(what, expected, value, type(value) == "number" and tostring(value) or nil) end

--- Raises VALIDATION: `what: expected X, got Y`.
---@param what string
---@param expected string
---@param value any
---@param shown? string what to show instead of the type of the value
function options.refuse(what, expected, value, shown) return fail(what, expected, value, shown) end

--- Returns whether a value can be called: a function, or a table with __call.
---@param f any
---@return boolean
function options.is_callable(f) return type(f) == "function" or type(f) == "table" and (getmetatable(f) or {}).__call ~= nil end

-- A bound is not always an integer.
local function bound(n) return (n % 1 == 0 and "%d" or "%s"):format(n) end

-- Returns what is expected: "an integer from 1 to 10 (milliseconds)".
local function number_like(kind, row)
  local least, most = row.least, row.most
  local bounds = least and most and (" from %s to %s"):format(bound(least), bound(most)) or least and (", %s or more"):format(bound(least)) or ""
  return a(kind) .. bounds .. (row.ms and " (milliseconds)" or "")
end

local function is_between(row, n) return n >= (row.least or -math.huge) and n <= (row.most or math.huge) end

local function check_string(row, value, what)
  if type(value) ~= "string" then return fail(what, "a string", value) end
  if row.filled and (value == "" or value:find "%z") then fail(what, "a string that is not empty and contains no zero byte", value, ("%q"):format(value)) end
end

local KINDS = {
  any = function() end,
  string = check_string,
  boolean = function(_, value, what)
    if type(value) ~= "boolean" then fail(what, "a boolean", value) end
  end,
  integer = function(row, value, what)
    if type(value) == "number" and value % 1 == 0 and is_between(row, value) then return end
    fail_number(what, number_like("integer", row), value)
  end,
  number = function(row, value, what)
    if type(value) ~= "number" or not is_between(row, value) then fail_number(what, number_like("number", row), value) end
  end,
  ["function"] = function(_, value, what)
    if not options.is_callable(value) then fail(what, "a function", value) end
  end,
  table = function(row, value, what)
    if type(value) ~= "table" then fail(what, "a table" .. (row.such and ", as in " .. row.such or ""), value) end
  end,
  strings = function(row, value, what)
    if type(value) ~= "table" then return fail(what, "a list of strings" .. (row.such and ", as in " .. row.such or ""), value) end
    for key, element in pairs(core.plain(value, what)) do
      if type(key) ~= "number" then return fail(what, "a list of strings", nil, ("the key `%s`"):format(tostring(key))) end
      if type(element) ~= "string" then return fail(("%s[%s]"):format(what, tostring(key)), "a string", element) end
    end
    if row.filled and #value == 0 then fail(what, "a list of strings", nil, "an empty one") end
  end,
  word = function(row, value, what)
    for _, word in ipairs(row.one_of) do
      if value == word then return end
    end
    local last = #row.one_of
    local list = '"' .. table.concat(row.one_of, '", "', 1, last - 1) .. '" or "' .. row.one_of[last] .. '"'
    fail(what, list, value, type(value) == "string" and ('"%s"'):format(value:sub(1, 60)) or nil)
  end,
}

local declared = {}

--- Declares a table of options.
---@param class string its class for editors; "rille.B: rille.A" inherits the options of A
---@param rows rille.OptionRow[]
---@return rille.OptionTable
function options.declare(class, rows)
  local name, parent = class:match "^([%w_.]+)%s*:?%s*([%w_.]*)$"
  local names, required = {}, {}
  for key, row in pairs(parent ~= "" and declared[parent].names or {}) do names[key] = row end
  for _, row in ipairs(rows) do names[row[1]] = row end
  for key, row in pairs(names) do
    if row.required then required[#required + 1] = key end
  end
  table.sort(required)
  local own = { names = names, required = required }
  declared[name] = own
  return own
end

--- Raises if a key of a table is not in `names`. The message has the nearest name.
---@param given table
---@param names table<string, any>
---@param what string the table, for the message
function options.check_names(given, names, what)
  errors.check_plain(given, what)
  for key in pairs(given) do
    if names[key] == nil then
      local near = type(key) == "string" and errors.nearest(key, names)
      errors.raise("VALIDATION", "%s: unknown option `%s`%s", what, tostring(key), near and ("; did you mean `%s`?"):format(near) or "")
    end
  end
end

-- Returns the path to an option.
local function at(what, key) return what .. (what:find(": ", 1, true) and "." or ": ") .. key end

-- Unknown options are told before wrong values.
local function check_value(own, given, key, what)
  options.check_names(given, own.names, what)
  local row = own.names[key]
  KINDS[row[2]](row, given[key], at(what, key))
end

--- Checks a table of options against its declaration. nil is a table without options. Errors: VALIDATION, `what: option: expected X, got Y`.
---@param own rille.OptionTable
---@param given table|nil
---@param what string the method, or the method and the path to the table: "rille.connect: pool"
---@return table given, or an empty one
function options.check(own, given, what)
  if given == nil then given = {} end
  if type(given) ~= "table" then return fail(what, "a table of options", given) end
  errors.check_plain(given, what)
  for key, value in next, given do
    local row = own.names[key]
    local kind = row and row[2]
    if kind ~= type(value) or kind == "number" or row.filled then check_value(own, given, key, what) end
  end
  local required = own.required
  for i = 1, #required do
    if given[required[i]] == nil then errors.raise("VALIDATION", "%s: missing; %s", at(what, required[i]), own.names[required[i]].doc) end
  end
  return given
end

return options
