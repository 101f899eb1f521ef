--- Keyset pages: an order that identifies each row, the condition for the rows after or before one, and the tokens that name that row.
local base64 = require "rille.bytes"
local core = require "rille.core"
local errors = require "rille.errors"
local providers = require "rille.providers"

local keyset = {}

-- Bytes of a token, and of the values in it.
local TOKEN_MOST, VALUES_MOST = 8192, 4096

---@class rille.KeysetTerm
---@field field table as in core.model_facts
---@field descending boolean
---@field nulls_first boolean
---@field nullable boolean

-- ------------------------------------------------------------------------------------------------------------------------------------------ values

local INTEGER = "^%-?%d+$"
local NOT_FINITE = { inf = math.huge, ["-inf"] = -math.huge }

local function integer_text(value)
  if type(value) ~= "number" then return tostring(value) end -- a decimal, where Lua has no integer of 64 bits
  return ("%.0f"):format(value)
end
if math.type then
  function integer_text(value) return math.type(value) == "integer" and ("%d"):format(value) or tostring(value) end
end

local function integer_of(text)
  if #text > 20 or not text:find(INTEGER) then return nil end
  local value = tonumber(text)
  if math.type and math.type(value) == "integer" then return value end
  if value > -2 ^ 53 and value < 2 ^ 53 then return value end -- a greater one may be rounded
  return core.decimal(text)
end

local function float_text(value)
  if value ~= value then return "nan" end
  if value == math.huge then return "inf" end
  return value == -math.huge and "-inf" or ("%.17g"):format(value)
end

local function float_of(text)
  if NOT_FINITE[text] then return NOT_FINITE[text] end
  return #text <= 40 and text:find "^%-?[%d.]+[eE]?[+-]?%d*$" and tonumber(text) or nil
end

local function decimal_of(text)
  local ok, value = pcall(core.decimal, text)
  return ok and value or nil
end

local function same(text) return text end

local BOOLEANS = { t = true, f = false }

-- For each type that can be in a keyset: how a value is written into a token and read from it. nil: not a value of the type.
local TYPES = {
  Int = { write = integer_text, read = integer_of },
  BigInt = { write = integer_text, read = integer_of },
  Float = { write = float_text, read = float_of },
  Decimal = { write = tostring, read = decimal_of },
  String = { write = same, read = same },
  DateTime = { write = same, read = same },
  Boolean = { write = function(value) return value and "t" or "f" end, read = function(text) return BOOLEANS[text] end },
}
local ENUM = { write = same, read = same }

local function type_of(field)
  if field.list then return nil end
  if field.kind == "enum" then return ENUM end
  return field.kind == "scalar" and TYPES[field.type] or nil
end

-- ------------------------------------------------------------------------------------------------------------------------------------------- order

local function field_of(facts, name)
  for _, field in ipairs(facts.fields) do
    if field.name == name then return field end
  end
end

-- Returns whether the terms contain all fields of the key, and none of them can be NULL.
local function has_key(facts, key, terms)
  for _, name in ipairs(key.fields) do
    local found = field_of(facts, name).required
    if found then
      found = false
      for _, term in ipairs(terms) do found = found or term.field.name == name end
    end
    if not found then return false end
  end
  return true
end

-- Returns a key that no two rows share, the primary one if there is one; and whether the terms contain such a key.
local function row_key(facts, terms)
  local best
  for _, key in ipairs(facts.keys) do
    local unique = key.kind ~= "index" and key.names_row
    if unique and has_key(facts, key, terms) then return key, true end
    if unique and (key.kind == "primary" or not best) then
      local required = true
      for _, name in ipairs(key.fields) do required = required and field_of(facts, name).required end
      if required then best = key end
    end
  end
  return best, false
end

local NULLS = { first = true, last = false }

-- Reads one element of order_by. Returns a term, or nil and why it cannot be in a keyset. What is wrong in it, find_many reports.
local function term_of(facts, provider, name, how)
  local field = field_of(facts, name)
  if name == "_relevance" then return nil, "`_relevance` is no field" end
  if not field then return nil, "unknown" end
  if field.kind == "relation" then return nil, ("`%s` is a relation"):format(name) end
  if not type_of(field) then return nil, ("rows cannot be compared by `%s`, whose type is %s%s"):format(name, field.type, field.list and "[]" or "") end
  local sort, nulls = how, nil
  if type(how) == "table" then
    how = core.plain(how, "order_by")
    sort, nulls = how.sort, how.nulls
  end
  local descending = sort == "desc"
  local first = NULLS[nulls]
  if first == nil then first = descending == provider.nulls_largest end
  return { field = field, descending = descending, nulls_first = first, nullable = not field.required }
end

local function elements_of(order_by)
  if order_by == nil then return {} end
  if type(order_by) ~= "table" then return { order_by } end
  order_by = core.plain(order_by, "order_by")
  if #order_by > 0 then return order_by end
  return next(order_by) ~= nil and { order_by } or {}
end

local function add_term(order, facts, provider, element)
  if type(element) ~= "table" then return end
  element = core.plain(element, "order_by")
  local name, how = next(element)
  if name == nil then return end
  local term, why = term_of(facts, provider, tostring(name), how)
  if not term then
    order.why = order.why or why
    return
  end
  for _, known in ipairs(order.terms) do
    if known.field.name == term.field.name then return end -- a repeated field decides nothing
  end
  order.terms[#order.terms + 1] = term
end

-- Adds the row's key to the order, in the direction of its last element, so an index can be read in one direction.
local function add_key(order, facts)
  local key, complete = row_key(facts, order.terms)
  if complete then return end
  if not key then
    order.why = order.why or ("%s has no key whose fields are required"):format(facts.name)
    return
  end
  local last = order.terms[#order.terms]
  local descending = order.why == nil and last ~= nil and last.descending or false
  for _, name in ipairs(key.fields) do
    local known = false
    for _, term in ipairs(order.terms) do known = known or term.field.name == name end
    local field = field_of(facts, name)
    if not known and type_of(field) then
      order.terms[#order.terms + 1] = { field = field, descending = descending, nulls_first = false, nullable = false }
      order.order_by[#order.order_by + 1] = { [name] = descending and "desc" or "asc" }
    elseif not known then
      order.why = order.why or ("rows cannot be compared by `%s` of the key, whose type is %s"):format(name, field.type)
    end
  end
end

-- A number for a text: the same in every Lua.
local function hash(text)
  local h = 5381
  for i = 1, #text do h = (h * 65599 + text:byte(i)) % 4294967291 end
  return ("%08x"):format(h)
end

--- Returns the total order of a call: order_by with the row's key at its end, its terms, and `why` it cannot be a keyset, or nil.
---@param scope userdata
---@param facts table of core.model_facts
---@param order_by any
function keyset.order(scope, facts, order_by)
  local order, provider = { terms = {}, order_by = {} }, providers.of_scope(scope)
  for i, element in ipairs(elements_of(order_by)) do
    order.order_by[i] = element
    add_term(order, facts, provider, element)
  end
  add_key(order, facts)
  local parts = { facts.name, provider.name }
  for _, term in ipairs(order.terms) do
    parts[#parts + 1] = ("%s %s %s %s"):format(term.field.name, term.field.type, term.descending and "desc" or "asc",
      term.nullable and (term.nulls_first and "first" or "last") or "")
  end
  order.hash = hash(table.concat(parts, ","))
  return order
end

-- -------------------------------------------------------------------------------------------------------------------------------------- conditions

-- The condition for a value beyond the token's, in the direction of the reading; nil: there is none.
local function beyond(term, value, backward)
  local name = term.field.name
  local upward, nulls_ahead = term.descending == backward, term.nulls_first == backward
  if value == nil then
    if nulls_ahead then return nil end
    return { [name] = { ["not"] = core.null } }
  end
  local more
  if term.field.type == "Boolean" and term.field.kind == "scalar" then
    if value ~= upward then more = { [name] = upward } end
  else
    more = { [name] = { [upward and "gt" or "lt"] = value } }
  end
  if not term.nullable or not nulls_ahead then return more end
  local null = { [name] = core.null }
  return more and { OR = { more, null } } or null
end

local function equal(term, value)
  if value == nil then return { [term.field.name] = core.null } end
  return { [term.field.name] = { equals = value } }
end

-- From the last term to the first: beyond it, or equal and beyond in what follows.
local function combine(order, values, backward, inclusive)
  local rest, all = nil, inclusive
  for i = #order.terms, 1, -1 do
    local term = order.terms[i]
    local ahead, level = beyond(term, values[i], backward), equal(term, values[i])
    if rest then level = { AND = { level, rest } } elseif not all then level = nil end
    all = false
    rest = ahead and level and { OR = { ahead, level } } or ahead or level
  end
  return rest
end

--- Returns the condition for the rows beyond a place in the order.
---@param order table of keyset.order
---@param place { values: table, inclusive: boolean }
---@param backward boolean
---@return table
function keyset.condition(order, place, backward)
  local rest = combine(order, place.values, backward, place.inclusive)
  if not rest then return { OR = {} } end -- true for no row
  local first, value = order.terms[1], place.values[1]
  local ranged = #order.terms > 1 and not first.nullable and first.field.type ~= "Boolean"
  if not ranged then return rest end
  -- implied by the rest; an index can be entered with it
  return { AND = { { [first.field.name] = { [first.descending == backward and "gte" or "lte"] = value } }, rest } }
end

-- ------------------------------------------------------------------------------------------------------------------------------------------ tokens

-- base64 for URLs, without padding.
local FOR_URLS, FROM_URLS = { ["+"] = "-", ["/"] = "_", ["="] = "" }, { ["-"] = "+", ["_"] = "/" }

local function to_text(bytes) return (base64.encode(bytes):gsub("[+/=]", FOR_URLS)) end
local function from_text(text) return not text:find "[^%w_-]" and base64.decode((text:gsub("[-_]", FROM_URLS))) or nil end

--- Returns the token of a row; nil if its values are too long for one.
---@param order table of keyset.order
---@param row table
---@param inclusive? boolean the row itself is beyond the token too
---@return string|nil
function keyset.token(order, row, inclusive)
  local parts = { order.hash, inclusive and "=" or "." }
  local size = 0
  for _, term in ipairs(order.terms) do
    local value = row[term.field.name]
    if value == nil or value == core.null then
      parts[#parts + 1] = "n"
    else
      local text = type_of(term.field).write(value)
      size = size + #text
      parts[#parts + 1] = ("%d:%s"):format(#text, text)
    end
  end
  if size > VALUES_MOST then return nil end
  local text = table.concat(parts)
  return to_text(hash(text) .. text)
end

--- Returns the token of a place of keyset.read, which includes its row.
function keyset.turn(order, place)
  local row = {}
  for i, term in ipairs(order.terms) do row[term.field.name] = place.values[i] end
  return keyset.token(order, row, not place.inclusive)
end

local function refuse(what, format, ...)
  error(errors.new("INPUT", ("paginate: %s: "):format(what) .. format:format(...), { status = 400, path = what }), 0)
end

local function broken(what) return refuse(what, "not a token of paginate; pass `next` or `previous` of a page unchanged") end

-- Returns the value at `at`, whether it was there, and where the next one is.
local function read_value(term, text, at)
  if text:sub(at, at) == "n" then return nil, term.nullable, at + 1 end
  local digits = text:match("^(%d%d?%d?%d?):", at)
  if not digits then return nil, false, at end
  local from = at + #digits + 1
  local to = from + tonumber(digits) - 1
  if to > #text then return nil, false, at end
  local value = type_of(term.field).read(text:sub(from, to))
  return value, value ~= nil, to + 1
end

--- Returns the place that a token names. Errors: INPUT with meta.status 400.
---@param order table of keyset.order
---@param token any
---@param what "after"|"before"
---@return { values: table, inclusive: boolean }
function keyset.read(order, token, what)
  if type(token) ~= "string" then refuse(what, "expected a token, got %s", errors.type_name(token)) end
  if #token > TOKEN_MOST then refuse(what, "a token has at most %d bytes, got %d", TOKEN_MOST, #token) end
  local bytes = from_text(token)
  local sum, text = (bytes or ""):match "^(%x%x%x%x%x%x%x%x)(.*)$"
  if not sum or hash(text) ~= sum then return broken(what) end
  if text:sub(1, 8) ~= order.hash then refuse(what, "the token is for another model or another order; begin again without it") end
  local mark, values, at = text:sub(9, 9), {}, 10
  for i, term in ipairs(order.terms) do
    local value, there, next_at = read_value(term, text, at)
    if not there then return broken(what) end
    values[i], at = value, next_at
  end
  if at ~= #text + 1 or (mark ~= "." and mark ~= "=") then return broken(what) end
  return { values = values, inclusive = mark == "=" }
end

--- Raises INPUT for a token whose values the model rejects.
function keyset.check(model, condition, what)
  local found = core.faults(model, { where = condition }, "find_many")
  if found then broken(what) end
end

return keyset
